package dialect

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func keyRange(n int) []catalog.Value {
	out := make([]catalog.Value, n)
	for i := range out {
		out[i] = catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: int64(i)}
	}
	return out
}

// A server is sent ten thousand keys in lists that it takes, the others a thousand.
func TestKeysAreListed(t *testing.T) {
	whole := catalog.Type{Kind: catalog.Int64}
	base := catalog.Column{Name: "k", SourceName: "k", Type: whole, SourceType: "BIGINT"}
	at := Columns{1: {Base: &base, Table: &catalog.Table{}}}
	arg := &ir.Ref{ID: 1, Name: "k", Typ: whole}
	for _, d := range []Dialect{postgres{}, mysql{}, sqlite{}, duckDB{}} {
		server := d.Name() == "postgres" || d.Name() == "mysql"
		base.SourceType = "BIGINT"
		if d.Name() == "mysql" {
			base.SourceType = "bigint"
		}
		for _, n := range []int{1, 1000, 1001, 10_000, 10_001} {
			cond, verdict, reason := Keys(d, arg, keyRange(n), at)
			if sent := n <= 1000 || server && n <= 10_000; sent != (verdict == Exact) {
				t.Errorf("%s, %d keys: %s %s", d.Name(), n, verdict, reason)
				continue
			}
			values, lists := 0, 0
			if cond != nil {
				ir.WalkExpr(cond, func(e ir.Expr) {
					switch e := e.(type) {
					case *ir.In:
						lists++
						if len(e.List) > 1000 {
							t.Errorf("%s: a list of %d", d.Name(), len(e.List))
						}
					case *ir.Const:
						values++
					}
				})
				if values != n || lists != (n+999)/1000 {
					t.Errorf("%s, %d keys: %d in %d lists", d.Name(), n, values, lists)
				}
			}
		}
	}
}

// SQLite looks rows up where an index serves; elsewhere all of them are read as fast.
func TestSearches(t *testing.T) {
	whole, text := catalog.Type{Kind: catalog.Int64}, catalog.Type{Kind: catalog.Text}
	binary := catalog.Collation{Name: "BINARY", Binary: true}
	table := &catalog.Table{PrimaryKey: []string{"id"}, Unique: [][]string{{"code", "n"}}}
	for _, c := range []struct {
		column catalog.Column
		want   bool
	}{
		{catalog.Column{Name: "id", Type: whole, SourceType: "INTEGER PRIMARY KEY"}, true},
		{catalog.Column{Name: "id", Type: whole, SourceType: "BIGINT"}, false},
		{catalog.Column{Name: "id", Type: whole, SourceType: "INTEGER (STRICT)"}, true},
		{catalog.Column{Name: "n", Type: whole, SourceType: "INTEGER (STRICT)"}, false},
		{catalog.Column{Name: "code", Type: text, SourceType: "TEXT", Collation: binary}, true},
		{catalog.Column{Name: "code", Type: text, SourceType: "TEXT", Collation: catalog.Collation{Name: "NOCASE"}}, false},
	} {
		at := Columns{1: {Base: &c.column, Table: table}}
		arg := &ir.Ref{ID: 1, Name: c.column.Name, Typ: c.column.Type}
		if got := Searches(sqlite{}, arg, at); got != c.want {
			t.Errorf("%+v: %t", c.column, got)
		}
		if !Searches(postgres{}, arg, at) {
			t.Error("PostgreSQL looks up any column")
		}
	}
	if Searches(sqlite{}, &ir.Ref{ID: 2, Typ: whole}, Columns{2: {}}) {
		t.Error("a computed column is looked up")
	}
}
