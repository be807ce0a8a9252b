package connectortest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// checkTypes runs the connector's type table: what each source type is described
// as, and what each sample arrives as.
func checkTypes(tb testing.TB, h Harness) {
	if len(h.Rows) == 0 {
		tb.Fatal("harness: no type rows")
	}
	plan := planTypes(tb, h.Rows)
	tables := make([]TypeTable, len(plan))
	for i, p := range plan {
		tables[i] = p.table
	}
	f := open(tb, h, h.LoadTypes(tb, tables), 1)
	for _, p := range plan {
		sub(tb, p.row.Source, func(tb testing.TB) {
			g := *f
			g.TB = tb
			g.typeRow(p)
		})
	}
}

// typePlan is one table of LoadTypes: all good samples of a row, or one bad one.
type typePlan struct {
	row     TypeRow
	samples []Sample
	table   TypeTable
}

func planTypes(tb testing.TB, rows []TypeRow) []typePlan {
	var plan []typePlan
	for i, row := range rows {
		ddl := row.DDL
		if ddl == "" {
			ddl = row.Source
		}
		if row.Rule == "" || (row.Type.Readable() && len(row.Samples) == 0) {
			tb.Errorf("harness: type row %s has no rule or no sample", row.Source)
		}
		good := typePlan{row: row, table: TypeTable{Name: fmt.Sprintf("t%d", i), DDL: ddl}}
		for k, s := range row.Samples {
			if s.Err == "" {
				good.samples = append(good.samples, s)
				good.table.Literals = append(good.table.Literals, s.SQL)
				continue
			}
			bad := TypeTable{Name: fmt.Sprintf("t%d_bad%d", i, k), DDL: ddl, Literals: []string{s.SQL}}
			plan = append(plan, typePlan{row: row, samples: []Sample{s}, table: bad})
		}
		if len(good.samples) > 0 || len(row.Samples) == 0 {
			plan = append(plan, good)
		}
	}
	return plan
}

func (f *fixture) typeRow(p typePlan) {
	f.Helper()
	t := f.table("", p.table.Name)
	n, v := f.column(t, "n"), f.column(t, "v")
	if !v.Type.Equal(p.row.Type) {
		f.Fatalf("a column of %s is described as %q, want %q", p.table.DDL, v.Type, p.row.Type)
	}
	if v.SourceType == "" {
		f.Errorf("a column of %s is described without its SourceType", p.table.DDL)
	}
	conn := f.acquire()
	defer conn.Release()
	if !v.Type.Readable() {
		f.unreadable(conn, p, t, n, v)
		return
	}
	frag := f.fragment(t, []catalog.Column{n, v})
	if p.samples[0].Err != "" {
		s := p.samples[0]
		stream, err := conn.Scan(f.ctx, frag)
		var rows [][]any
		if err == nil {
			rows, err = f.drain(stream, frag)
			stream.Release()
		}
		if err == nil {
			f.Fatalf("%s in a column of %s must be an error and is read as %s", s.SQL, p.table.DDL, show(rows[0][1]))
		}
		wantError(f, s.SQL+" in a column of "+p.table.DDL, err, s.Err)
		f.namesCell(err, t.ID.Name, s)
		return
	}
	rows := f.rows(conn, frag)
	if len(rows) != len(p.samples) {
		f.Fatalf("%d rows, want %d", len(rows), len(p.samples))
	}
	for _, row := range rows {
		s := p.samples[row[0].(int64)]
		if !same(v.Type, row[1], s.Want) {
			f.Errorf("%s in a column of %s is read as %s, want %s", s.SQL, p.table.DDL, show(row[1]), show(s.Want))
		}
	}
}

// unreadable checks a column without a type: it is named, the others can be
// read, and asking for it is an error.
func (f *fixture) unreadable(conn connectors.Conn, p typePlan, t *catalog.Table, n, v catalog.Column) {
	f.Helper()
	if got := f.rows(conn, f.fragment(t, []catalog.Column{n})); len(got) != len(p.table.Literals) {
		f.Errorf("%d rows beside an unreadable column, want %d", len(got), len(p.table.Literals))
	}
	frag := f.fragment(t, []catalog.Column{n})
	frag.Columns = []catalog.Column{v}
	var stream connectors.Stream
	var err error
	if panicked := safego.Call(func() error { stream, err = conn.Scan(f.ctx, frag); return nil }); panicked != nil {
		f.Fatalf("Scan of an unreadable column: %v (catalog.ArrowSchema must not see one)", panicked)
	}
	if err == nil {
		stream.Release()
		f.Errorf("a column of %s cannot be read and Scan takes it", p.table.DDL)
		return
	}
	if e := errs.From(err); e.Code != errs.NotSupported || !strings.Contains(e.Error(), v.Name) {
		f.Errorf("Scan of an unreadable column: want code %q and the column's name: %s", errs.NotSupported, explain(err))
	}
}

// namesCell checks that an error about a value names where it lies and not what it is.
func (f *fixture) namesCell(err error, table string, s Sample) {
	f.Helper()
	e := errs.From(err)
	if e.Code != errs.ValueUnreadable {
		return
	}
	for _, lang := range []string{"en", "zh-CN"} {
		text := e.Text(lang)
		for _, name := range []string{table, "v"} {
			if !strings.Contains(text, name) {
				f.Errorf("the text in %s does not name %q: %s", lang, name, text)
			}
		}
		if bare := strings.Trim(s.SQL, "'"); len(bare) > 3 && (strings.Contains(text, bare) || strings.Contains(e.Detail, bare)) {
			f.Errorf("the error holds the value %s: %s", s.SQL, explain(err))
		}
	}
}
