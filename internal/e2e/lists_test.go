package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner"
)

// Whether a value is in a list that a client binds is asked of the source, and the answer
// is that of one DuckDB: with elements that the column has and others, with doubles and
// NULL among them or none at all, for a column of every type that is compared, in texts
// that a source's collation would take for others.
func TestListsAtSources(t *testing.T) {
	const seed = 23
	l := newLab(t)
	maria := l.fillMaria(t, seed)
	paths := []string{pgSource, liteSource, duckSource}
	for _, source := range paths {
		table := maria
		table.Path = []string{source, "wide"}
		switch source {
		case liteSource: // which has one length of whole numbers
			table.Columns = slices.Clone(maria.Columns)
			table.Columns[1].Type = catalog.Type{Kind: catalog.Int64}
		case pgSource:
			table.Columns = append(slices.Clone(maria.Columns), catalog.Column{Name: "tz", Type: catalog.Type{Kind: catalog.TimestampTZ}}, catalog.Column{Name: "u", Type: catalog.Type{Kind: catalog.UUID}}, catalog.Column{Name: "raw", Type: catalog.Type{Kind: catalog.Blob}})
			table.Rows = nil
			for i, row := range maria.Rows {
				table.Rows = append(table.Rows, append(slices.Clone(row), int64(i%5)*3_600_000_000, fmt.Sprintf("00000000-0000-0000-0000-00000000000%d", i%5), []byte{0, 255, byte(i % 3)}))
			}
		}
		l.fill(t, load{source: source, tables: []oracle.Table{table}})
	}
	l.start(t)
	coin := rand.New(rand.NewPCG(seed, 1))
	drawn := map[catalog.Kind][]string{
		catalog.Int32: {"-7", "0", "1", "42", "300", "2147483647"}, catalog.Int64: {"-7", "0", "1", "42", "300", "9007199254740993"},
		catalog.Decimal: {"-12.50", "0", "0.01", "12.50", "99.99", "0.00"}, catalog.Text: {"", " ", "a", "A", "a ", "é", "ss", "ß", "张三", "张三 ", "🙂", `"`, `\`, "NULL", "市"},
		catalog.Date: {"2024-02-29", "1999-01-01"}, catalog.Timestamp: {"2024-02-29 00:00:00", "2024-02-29 00:00:00.000001"},
		catalog.TimestampTZ: {"1970-01-01 01:00:00Z", "1970-01-01T10:00:00+08:00", "2000-01-01 00:00:00.5Z"},
		catalog.Blob:        {`\x00\xff\x01`, `\x00\xff\x02`, `a"\x5c`, ""},
		catalog.UUID:        {"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-00000000000A"},
	}
	lists := func(k catalog.Kind) [][]*string {
		out := [][]*string{{}, {nil}}
		for range 2 {
			var list []*string
			for range 1 + coin.IntN(3) {
				list = append(list, &drawn[k][coin.IntN(len(drawn[k]))])
			}
			out = append(out, list)
		}
		return append(out, append(out[3], nil))
	}
	asked := 0
	for _, path := range append(paths, mariaSource) {
		r, ok := l.snapshot.Resolve([]string{path, "wide"})
		if !ok {
			t.Fatal(path)
		}
		for _, c := range r.Columns {
			if drawn[c.Type.Kind] == nil {
				t.Fatalf("no elements for a %s", c.Type.DuckDB())
			}
			column, of := catalog.QuoteIdent(c.Name), c.Type.DuckDB()
			sent := path != liteSource || c.Type.Kind != catalog.Decimal && c.Type.Kind != catalog.Timestamp // as of an IN
			for _, items := range lists(c.Type.Kind) {
				for _, form := range []string{
					"SELECT id FROM T WHERE C = ANY($1::E[])", "SELECT id FROM T WHERE NOT C = ANY($1::E[])", "SELECT count(*) FROM T WHERE C <> ALL($1::E[])",
					"SELECT id FROM T WHERE (C = ANY($1::E[]) OR id = 4) AND id < 300", "SELECT id FROM T WHERE list_contains($1::E[], C)",
					"SELECT id, C = ANY($1::E[]) AS x FROM T WHERE id < 50", "SELECT count(*) FROM T WHERE C IN (SELECT unnest($1::E[]))",
				} {
					text := strings.NewReplacer("FROM T", "FROM "+path+".wide", "C ", column+" ", "C)", column+")", "E[]", of+"[]").Replace(form)
					asked += l.listed(t, text, c.Type, items, sent && !strings.HasPrefix(form, "SELECT id, "))
				}
			}
		}
	}
	for _, form := range []string{"raw = $1", "raw <> $1", "raw IN ($1, '\\x00')"} {
		s, err := l.planner.Prepare(t.Context(), "SELECT count(*) FROM pgx.wide WHERE "+form, l.snapshot, planner.Options{})
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := s.Params[0].Value(`\x00\xff\x01`)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Plan(t.Context(), []catalog.Value{bytes})
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.run(t.Context(), plan)
		want := map[string]string{"raw <> $1": "[[133]]"}[form]
		if want == "" {
			want = "[[67]]"
		}
		if err != nil || fmt.Sprint(got.Rows) != want || !plan.Straight || !strings.Contains(plan.Streams[0].SQL, `"raw"`) {
			t.Errorf("%s: %v %v\n%s", form, got.Rows, err, plan.Explain().Text())
		}
	}
	if asked < 300 {
		t.Errorf("only %d statements ask an IN", asked)
	}
}

// listed runs a statement whose parameter is a list, with all rules and without the one,
// and gives 1 where the source was asked an IN.
func (l *lab) listed(t *testing.T, text string, of catalog.Type, items []*string, filters bool) int {
	t.Helper()
	asked := 0
	var want oracle.Result
	for i, p := range []*planner.Planner{l.planner, l.planner.Without("list_membership")} {
		var o planner.Options
		if len(items)%2 == 0 { // as drivers do that know the type
			o.Declared = func(string) catalog.Type { return catalog.ListOf(of) }
		}
		s, err := p.Prepare(t.Context(), text, l.snapshot, o)
		if err != nil {
			t.Fatalf("%s: %v (%s)", text, err, errs.From(err).Detail)
		}
		value, err := s.Params[0].ListValue(items)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		written := value.V.(string)
		if i == 0 {
			if want, err = l.reference.Query(t.Context(), strings.ReplaceAll(text, "$1", "'"+strings.ReplaceAll(written, "'", "''")+"'")); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		plan, err := s.Plan(t.Context(), []catalog.Value{value})
		if err != nil {
			t.Fatalf("%s: %v (%s)", text, err, errs.From(err).Detail)
		}
		if plan.Fallback != "" {
			t.Errorf("%s: runs by the fallback: %s", text, plan.Fallback)
		}
		got, err := l.run(t.Context(), plan)
		if err == nil {
			err = oracle.Compare(want, got, oracle.Order{})
		}
		if err != nil {
			t.Errorf("%s with %s: %v (%s)\n%s", text, written, err, errs.From(err).Detail, plan.Explain().Text())
		}
		if p != l.planner || !filters {
			continue
		}
		values := slices.DeleteFunc(slices.Clone(items), func(item *string) bool { return item == nil })
		if sql := plan.Streams[0].SQL; strings.Contains(sql, " IN (") {
			asked = 1
		} else if len(values) > 0 && len(values) == len(items) {
			t.Errorf("%s with %s: the source is asked %s", text, written, sql)
		}
	}
	return asked
}
