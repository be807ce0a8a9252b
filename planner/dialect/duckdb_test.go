package dialect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
)

func duckColumn(name, sourceType string, t catalog.Type) catalog.Column {
	return catalog.Column{Name: name, SourceName: name, Type: t, SourceType: sourceType, Collation: catalog.Collation{Binary: true}}
}

var (
	duckText  = duckColumn("姓名", "VARCHAR", catalog.Type{Kind: catalog.Text})
	duckInt   = duckColumn(`a"b`, "INTEGER", catalog.Type{Kind: catalog.Int32})
	duckUnion = duckColumn("u", "UNION(n INTEGER, s VARCHAR)", catalog.Type{Kind: catalog.Text})
	duckTable = &catalog.Table{ID: catalog.TableID{Schema: "main", Name: `人"口`}}
)

func TestDuckDBScan(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []catalog.Column
		preds   []Predicate
		want    string
		values  int
	}{
		{"columns only", []catalog.Column{duckText, duckInt}, nil, `SELECT "姓名", "a""b" FROM "main"."人""口"`, 0},
		{"the name here differs from the source's", []catalog.Column{{Name: "x_2", SourceName: "X", Type: duckInt.Type, SourceType: "INTEGER"}}, nil, `SELECT "X" FROM "main"."人""口"`, 0},
		{"predicates", []catalog.Column{duckText}, []Predicate{{duckInt, Ge, number(catalog.Int32, int64(7))}, {duckText, In, text("a", "b")}, {duckText, NotNull, nil}},
			`SELECT "姓名" FROM "main"."人""口" WHERE "a""b" >= CAST($1 AS INTEGER) AND "姓名" IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR)) AND "姓名" IS NOT NULL`, 3},
		{"read as text", []catalog.Column{duckUnion}, nil, `SELECT CAST("u" AS VARCHAR) AS "u" FROM "main"."人""口"`, 0},
		{"a part is read as text", []catalog.Column{duckColumn("l", "STRUCT(u UNION(x INTEGER))[]", catalog.ListOf(catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "u", Type: catalog.Type{Kind: catalog.Text}}}}))}, nil,
			`SELECT CAST("l" AS STRUCT("u" VARCHAR)[]) AS "l" FROM "main"."人""口"`, 0},
		{"a column without a type is named as it is", []catalog.Column{{Name: "n", SourceName: "n", SourceType: "UNION(x INTEGER)"}}, nil, `SELECT "n" FROM "main"."人""口"`, 0},
	} {
		sql, values := duckDB{}.Scan(duckTable, c.columns, c.preds)
		if d := cmp.Diff(c.want, sql); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if len(values) != c.values {
			t.Errorf("%s: %d values, want %d", c.name, len(values), c.values)
		}
	}
}

func TestDuckDBCasts(t *testing.T) {
	for spelling, cast := range map[string]bool{
		"VARCHAR": false, "ENUM('UNION', 'VARIANT')": false, "ENUM('it''s', 'UNION')": false, `STRUCT("UNION" INTEGER)`: false, `STRUCT("a ""UNION" INTEGER)`: false,
		"BIT": false, "TIME WITH TIME ZONE": false, "INTEGER[3]": false, "MAP(VARCHAR, INTEGER)": false, "UHUGEINT": false, "TIMESTAMP_NS": false,
		"UNION(a INTEGER)": true, "UNION(a INTEGER)[]": true, "VARIANT": true, "GEOMETRY": true, "GEOMETRY('EPSG:4326')": true, "BIGNUM": true, "TIME_NS": true,
		"MAP(VARCHAR, VARIANT)": true, `STRUCT("x y" TIME_NS)`: true, `"NULL"`: true,
	} {
		if got := duckDBCast(duckColumn("c", spelling, catalog.Type{Kind: catalog.Text})); got != cast {
			t.Errorf("%s: cast %v, want %v", spelling, got, cast)
		}
	}
}

func TestDuckDBVerdict(t *testing.T) {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	folded := duckText
	folded.Collation = catalog.Collation{Name: "nocase"}
	money := catalog.DecimalOf(10, 2)
	decimal := []catalog.Value{{Type: money, V: "1.50"}}
	for _, c := range []struct {
		name string
		p    Predicate
		want Verdict
	}{
		{"text by code point", Predicate{duckText, Lt, text("张")}, Exact},
		{"text with another collation", Predicate{folded, Eq, text("a")}, None},
		{"text with another collation, no comparison", Predicate{folded, IsNull, nil}, Exact},
		{"text that is not UTF-8", Predicate{duckText, Eq, text("\xff")}, None},
		{"an enum, which compares by its order", Predicate{duckColumn("e", "ENUM('b', 'a')", kind(catalog.Text)), Lt, text("b")}, None},
		{"an enum without a value", Predicate{duckColumn("e", "ENUM('b', 'a')", kind(catalog.Text)), NotNull, nil}, Exact},
		{"bits", Predicate{duckColumn("b", "BIT", kind(catalog.Text)), Eq, text("01")}, None},
		{"a time with a zone", Predicate{duckColumn("z", "TIME WITH TIME ZONE", kind(catalog.Text)), Eq, text("10:00:00+08")}, None},
		{"a union", Predicate{duckUnion, Eq, text("3")}, None},
		{"a union's NULL is the text NULL", Predicate{duckUnion, IsNull, nil}, None},
		{"JSON", Predicate{duckColumn("j", "JSON", kind(catalog.JSON)), Eq, []catalog.Value{{Type: kind(catalog.JSON), V: "1"}}}, None},
		{"a list", Predicate{duckColumn("l", "INTEGER[]", catalog.ListOf(kind(catalog.Int32))), Eq, number(catalog.Int32, int64(1))}, None},
		{"a list that is NULL", Predicate{duckColumn("l", "INTEGER[]", catalog.ListOf(kind(catalog.Int32))), IsNull, nil}, Exact},
		{"a double, NaN included", Predicate{duckColumn("d", "DOUBLE", kind(catalog.Float64)), Gt, number(catalog.Float64, 1.5)}, Exact},
		{"a decimal", Predicate{duckColumn("m", "DECIMAL(10,2)", money), In, decimal}, Exact},
		{"a decimal of another scale", Predicate{duckColumn("m", "DECIMAL(10,3)", catalog.DecimalOf(10, 3)), Eq, decimal}, None},
		{"a UUID", Predicate{duckColumn("i", "UUID", kind(catalog.UUID)), Ge, []catalog.Value{{Type: kind(catalog.UUID), V: "550e8400-e29b-41d4-a716-446655440000"}}}, Exact},
		{"a value of another type", Predicate{duckInt, Eq, number(catalog.Int64, int64(7))}, None},
		{"a value of another Go type", Predicate{duckInt, Eq, number(catalog.Int32, "7")}, None},
		{"no value", Predicate{duckInt, Eq, nil}, None},
		{"an empty list", Predicate{duckInt, In, nil}, None},
		{"the zero operator", Predicate{duckInt, 0, number(catalog.Int32, int64(7))}, None},
		{"a column without a type", Predicate{catalog.Column{Name: "x", SourceName: "x"}, IsNull, nil}, None},
	} {
		got, reason := duckDB{}.Verdict(c.p)
		if got != c.want || (got == Exact) != (reason == "") {
			t.Errorf("%s: %s (%q), want %s", c.name, got, reason, c.want)
		}
	}
}

// No name and no value can end the quotes that it stands in, and no value stands
// in the text at all.
func FuzzDuckDBScan(f *testing.F) {
	f.Add(`a"; DROP TABLE t; --`, `x" OR 1=1`, "'; --")
	f.Add("a\x00b", "$1", `\"`)
	f.Add("", `""`, "$1")
	f.Fuzz(func(t *testing.T, schema, name, value string) {
		column := duckColumn(name, "VARCHAR", catalog.Type{Kind: catalog.Text})
		table := &catalog.Table{ID: catalog.TableID{Schema: schema, Name: name}}
		sql, values := duckDB{}.Scan(table, []catalog.Column{column}, []Predicate{{column, Eq, text(value)}, {column, In, text(value, value)}})
		// What is left when quoted names are taken out, by a reader that only knows that
		// a doubled quote is part of a name.
		rest, inside := "", false
		for i := 0; i < len(sql); i++ {
			switch {
			case sql[i] == '"' && inside && i+1 < len(sql) && sql[i+1] == '"':
				i++
			case sql[i] == '"':
				inside = !inside
				if !inside {
					rest += "N"
				}
			case !inside:
				rest += string(sql[i])
			}
		}
		const want = "SELECT N FROM N.N WHERE N = CAST($1 AS VARCHAR) AND N IN (CAST($2 AS VARCHAR), CAST($3 AS VARCHAR))"
		if rest != want || inside {
			t.Errorf("a name left its quotes: %s", sql)
		}
		if strings.Count(sql, "$") != 3+strings.Count(schema+name+name+name+name, "$") || len(values) != 3 || values[2].V != value {
			t.Errorf("values: %v in %s", values, sql)
		}
	})
}
