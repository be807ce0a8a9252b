package connectortest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
)

func checkDescribe(tb testing.TB, h Harness) {
	base := residents()
	tables := []Table{base, {Name: "nothing", Columns: base.Columns[1:2], Rows: slices.Values([][]any(nil))}}
	if h.Features.Views {
		tables = append(tables, Table{Name: "视图", Columns: base.Columns, ViewOf: base.Name})
	} else {
		without(tb, "views")
	}
	const other = `另一 "schema".x`
	schemas := hasSchemas(tb, h)
	if schemas {
		twin := numbered(base.Name, 3, 20) // the same name in another schema
		twin.Schema = other
		tables = append(tables, twin)
	} else {
		without(tb, "schemas")
	}
	f := load(tb, h, 1, tables...)
	if len(f.tables) != len(tables) {
		names := make([]string, len(f.tables))
		for i, t := range f.tables {
			names[i] = t.ID.String()
		}
		tb.Errorf("Describe lists %d tables, want %d: %q", len(f.tables), len(tables), names)
	}
	for _, want := range tables {
		f.described(want, f.table(want.Schema, want.Name))
	}
	if schemas {
		conn := f.acquire()
		t := f.table(other, base.Name)
		if got := f.rows(conn, f.fragment(t, t.Columns)); len(got) != 3 {
			tb.Errorf("table %s of another schema gives %d rows, want 3", t.ID, len(got))
		}
		conn.Release()
	}
	again, err := f.src.Describe(f.ctx)
	if err != nil {
		tb.Fatalf("Describe again: %s", explain(err))
	}
	if diff := cmp.Diff(f.tables, again); diff != "" {
		tb.Errorf("two calls of Describe differ:\n%s", diff)
	}
}

// residents is a table with everything that Describe can tell. Its key is in an
// order other than the columns'.
func residents() Table {
	t := numbered("居民", 100, 20)
	t.Comment, t.Columns[1].Comment = "人口基本信息", "it's a comment; with \"marks\""
	t.Columns = append(t.Columns, Column{Name: "必填", Type: int64Type, NotNull: true}, Column{Name: "选填", Type: int64Type})
	t.Key = []string{"filling", "n"}
	t.Unique = [][]string{{"选填", "n"}}
	rows := t.Rows
	t.Rows = func(yield func([]any) bool) {
		for row := range rows {
			if !yield(append(slices.Clone(row), row[0], nil)) {
				return
			}
		}
	}
	return t
}

func hasSchemas(tb testing.TB, h Harness) bool {
	src, err := h.Open(tb.Context(), named(h.Load(tb, []Table{numbered("one", 1, 1)}), tb))
	if err != nil {
		tb.Fatalf("open: %s", explain(err))
	}
	defer src.Close()
	return src.Capabilities().Schemas
}

// described compares what Describe says of a table with what was asked of Load.
func (f *fixture) described(want Table, got *catalog.Table) {
	f.Helper()
	feature := f.h.Features
	if got.View != (want.ViewOf != "") {
		f.Errorf("%s: View is %t", got.ID, got.View)
	}
	if len(got.Columns) != len(want.Columns) {
		f.Fatalf("%s: %d columns, want %d", got.ID, len(got.Columns), len(want.Columns))
	}
	for i, c := range want.Columns {
		g := got.Columns[i]
		if g.SourceName != c.Name || g.Name != c.Name {
			f.Errorf("%s: column %d is %q (%q at the source), want %q", got.ID, i, g.Name, g.SourceName, c.Name)
		}
		if !g.Type.Equal(c.Type) {
			f.Errorf("%s: column %q is %q, want %q", got.ID, c.Name, g.Type, c.Type)
		}
		if g.SourceType == "" {
			f.Errorf("%s: column %q has no SourceType", got.ID, c.Name)
		}
		if want.ViewOf == "" && feature.NotNull && g.NotNull != c.NotNull && !slices.Contains(want.Key, c.Name) {
			f.Errorf("%s: column %q: NotNull is %t", got.ID, c.Name, g.NotNull)
		}
		if want.ViewOf == "" && feature.Comments && g.Comment != c.Comment {
			f.Errorf("%s: column %q has the comment %q, want %q", got.ID, c.Name, g.Comment, c.Comment)
		}
	}
	if want.ViewOf != "" {
		return
	}
	if feature.Keys && !slices.Equal(got.PrimaryKey, want.Key) {
		f.Errorf("%s: PrimaryKey is %q, want %q", got.ID, got.PrimaryKey, want.Key)
	}
	if feature.Unique && !slices.EqualFunc(got.Unique, want.Unique, slices.Equal) {
		f.Errorf("%s: Unique is %q, want %q", got.ID, got.Unique, want.Unique)
	}
	if feature.Comments && got.Comment != want.Comment {
		f.Errorf("%s: the comment is %q, want %q", got.ID, got.Comment, want.Comment)
	}
	rows := int64(0)
	for range want.Rows {
		rows++
	}
	// An estimate is right within a factor of two; nobody knows about nothing.
	if got.Rows < -1 || (feature.RowEstimates && rows > 0 && (got.Rows < rows/2 || got.Rows > rows*2)) {
		f.Errorf("%s: Rows is %d of %d", got.ID, got.Rows, rows)
	}
}

// hardNames go wrong in one engine or another. Column names and table names.
var hardNames = []string{
	"人口 基本信息", `say "hi"`, "it's", "a.b", "with space", " leading", "trailing ", "UPPER", "select", "semi;colon", "--", "/*", "?", "$1", ":x", "@x",
	"100%", `back\slash`, "tab\there", "new\nline", "[bracket]", "`tick`", "\U0001f600", "e\u0301", "ÄÖ", "rowid", "NULL", "*", "ſ",
}

// checkNames loads a table for each hard name, with all of them as columns.
func checkNames(tb testing.TB, h Harness) {
	columns := []Column{{Name: "n", Type: int64Type}}
	row := []any{int64(0)}
	var names []string
	for _, name := range hardNames {
		if h.NameStorable != nil && !h.NameStorable(name) {
			without(tb, "the name "+name)
			continue
		}
		names = append(names, name)
		columns = append(columns, Column{Name: name, Type: textType})
		row = append(row, "value of "+name)
	}
	if h.Features.CaseNames {
		for _, name := range []string{"Straße", "straße", "STRAßE", "straße_2"} {
			columns = append(columns, Column{Name: name, Type: textType})
			row = append(row, "value of "+name)
		}
	} else {
		without(tb, "columns that differ only in case")
	}
	var tables []Table
	for _, name := range names {
		tables = append(tables, Table{Name: name, Columns: columns, Rows: slices.Values([][]any{row})})
	}
	if h.Features.CaseTables {
		for i, name := range []string{"Case", "case", "CASE"} {
			tables = append(tables, numbered(name, i+1, 5))
		}
	} else {
		without(tb, "tables that differ only in case")
	}
	f := load(tb, h, 1, tables...)
	conn := f.acquire()
	defer conn.Release()
	for _, want := range tables {
		t := f.table("", want.Name)
		f.uniqueNames(t)
		rows := f.rows(conn, f.fragment(t, t.Columns))
		i := 0
		for wantRow := range want.Rows {
			if i < len(rows) && !slices.Equal(rows[i], wantRow) && len(wantRow) == len(columns) {
				f.Errorf("table %q: the columns' values are not their own:\n got %q\nwant %q", want.Name, rows[i], wantRow)
			}
			i++
		}
		if len(rows) != i {
			f.Errorf("table %q gives %d rows, want %d", want.Name, len(rows), i)
		}
	}
}

// uniqueNames checks that columns are named as the catalogue's rule says.
func (f *fixture) uniqueNames(t *catalog.Table) {
	f.Helper()
	source := make([]string, len(t.Columns))
	seen := map[string]bool{}
	for i, c := range t.Columns {
		source[i] = c.SourceName
		if key := strings.ToLower(c.Name); seen[key] {
			f.Errorf("table %q: the name %q stands twice when case is ignored", t.ID.Name, c.Name)
		} else {
			seen[key] = true
		}
	}
	for i, name := range catalog.PublishNames(source) {
		if t.Columns[i].Name != name {
			f.Errorf("table %q: column %q is named %q, want %q (catalog.PublishNames)", t.ID.Name, source[i], t.Columns[i].Name, name)
		}
	}
}
