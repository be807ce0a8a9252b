package dialect

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
)

var (
	pgInt    = catalog.Column{Name: "id", SourceName: "id", Type: catalog.Type{Kind: catalog.Int32}, SourceType: "integer"}
	pgC      = catalog.Column{Name: "xm", SourceName: "xm", Type: catalog.Type{Kind: catalog.Text}, SourceType: "text", Collation: catalog.Collation{Name: "C", Binary: true}}
	pgZh     = catalog.Column{Name: "mc", SourceName: "MC", Type: catalog.Type{Kind: catalog.Text}, SourceType: "character varying(20)", Collation: catalog.Collation{Name: "zh_CN.UTF-8"}}
	pgChar   = catalog.Column{Name: "xb", SourceName: "xb", Type: catalog.Type{Kind: catalog.Text}, SourceType: "character(4)", Collation: catalog.Collation{Name: "C", Binary: true}}
	pgEnum   = catalog.Column{Name: "zt", SourceName: "zt", Type: catalog.Type{Kind: catalog.Text}, SourceType: "public.mood", Collation: catalog.Collation{Name: "zh_CN.UTF-8"}}
	pgLatin  = catalog.Column{Name: "l", SourceName: "l", Type: catalog.Type{Kind: catalog.Text}, SourceType: "text"}
	pgTable  = &catalog.Table{ID: catalog.TableID{Schema: "公安", Name: `人"口`}}
	pgDomArr = catalog.Column{Name: "a", SourceName: "a", Type: catalog.ListOf(catalog.Type{Kind: catalog.Int32}), SourceType: "public.posint[]"}
)

func text(s ...string) (values []catalog.Value) {
	for _, x := range s {
		values = append(values, catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: x})
	}
	return values
}

func number(k catalog.Kind, v any) []catalog.Value {
	return []catalog.Value{{Type: catalog.Type{Kind: k}, V: v}}
}

func TestPostgresScan(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []catalog.Column
		preds   []Predicate
		want    string
		values  int
	}{
		{"columns only", []catalog.Column{pgInt, pgC}, nil,
			`SELECT "id", "xm" FROM "公安"."人""口"`, 0},
		{"an index's equality", []catalog.Column{pgInt}, []Predicate{{pgInt, Eq, number(catalog.Int32, int64(7))}},
			`SELECT "id" FROM "公安"."人""口" WHERE "id" = $1::integer`, 1},
		{"text compared by bytes at the source", []catalog.Column{pgC}, []Predicate{{pgC, Ge, text("张")}, {pgC, In, text("a", "b")}},
			`SELECT "xm" FROM "公安"."人""口" WHERE "xm" >= $1::text AND "xm" IN ($2::text, $3::text)`, 3},
		{"another collation: the index's word and the bytes'", []catalog.Column{pgZh}, []Predicate{{pgZh, Eq, text("x")}, {pgZh, Lt, text("y")}},
			`SELECT "MC" FROM "公安"."人""口" WHERE ("MC" = $1::text AND "MC" COLLATE "C" = $1::text) AND "MC" COLLATE "C" < $2::text`, 2},
		{"pad spaces", []catalog.Column{pgChar}, []Predicate{{pgChar, Eq, text("x ")}, {pgChar, Ne, text("y")}},
			`SELECT "xb" FROM "公安"."人""口" WHERE ("xb" = $1::text::bpchar AND "xb"::text COLLATE "C" = $1::text) AND "xb"::text COLLATE "C" <> $2::text`, 2},
		{"read as text, compared as read", []catalog.Column{pgEnum}, []Predicate{{pgEnum, In, text("a", "b")}, {pgEnum, NotNull, nil}},
			`SELECT "zt"::text FROM "公安"."人""口" WHERE "zt"::text COLLATE "C" IN ($1::text, $2::text) AND "zt"::text IS NOT NULL`, 2},
		{"an array of a domain", []catalog.Column{pgDomArr}, []Predicate{{pgDomArr, IsNull, nil}},
			`SELECT "a"::integer[] FROM "公安"."人""口" WHERE "a"::integer[] IS NULL`, 0},
	} {
		sql, values := postgres{}.Scan(pgTable, c.columns, c.preds)
		if d := cmp.Diff(c.want, sql); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if len(values) != c.values {
			t.Errorf("%s: %d values, want %d", c.name, len(values), c.values)
		}
	}
}

// What is cast and what is not: a cast that is missing would be a type mismatch
// at the scan, one too many costs time at the source.
func TestPostgresCasts(t *testing.T) {
	for spelling, cast := range map[string]bool{
		"text": false, "name": false, "bpchar": false, "character varying": false, "character varying(5)": false, "character(5)": false,
		`"char"`: true, "inet": true, "bit(3)": true, "numeric": true, "money": true, "public.mood": true, "public.text": true, "xml": true, "int4range": true,
	} {
		c := catalog.Column{SourceName: "c", Type: catalog.Type{Kind: catalog.Text}, SourceType: spelling}
		if got := (postgres{}).asRead(`"c"`, c) == `"c"::text`; got != cast {
			t.Errorf("%s: cast %v, want %v", spelling, got, cast)
		}
		if strings.HasPrefix(spelling, `"`) {
			continue
		}
		c.Type, c.SourceType = catalog.ListOf(c.Type), spelling+"[]"
		if got := (postgres{}).asRead(`"c"`, c) == `"c"::text[]`; got != cast {
			t.Errorf("%s: cast %v, want %v", c.SourceType, got, cast)
		}
	}
}

func TestPostgresVerdicts(t *testing.T) {
	interval := catalog.Column{SourceName: "i", Type: catalog.Type{Kind: catalog.Interval}, SourceType: "interval"}
	json := catalog.Column{SourceName: "j", Type: catalog.Type{Kind: catalog.JSON}, SourceType: "jsonb"}
	list := catalog.Column{SourceName: "l", Type: catalog.ListOf(catalog.Type{Kind: catalog.Int32}), SourceType: "integer[]"}
	oid := catalog.Column{SourceName: "o", Type: catalog.Type{Kind: catalog.Uint32}, SourceType: "oid"}
	date := catalog.Column{SourceName: "d", Type: catalog.Type{Kind: catalog.Date}, SourceType: "date"}
	stamp := catalog.Column{SourceName: "s", Type: catalog.Type{Kind: catalog.TimestampTZ}, SourceType: "timestamp with time zone"}
	float := catalog.Column{SourceName: "f", Type: catalog.Type{Kind: catalog.Float64}, SourceType: "double precision"}
	money := catalog.Column{SourceName: "m", Type: catalog.DecimalOf(10, 2), SourceType: "numeric(10,2)"}
	uuid := catalog.Column{SourceName: "u", Type: catalog.Type{Kind: catalog.UUID}, SourceType: "uuid"}
	amount := func(s string) []catalog.Value { return []catalog.Value{{Type: money.Type, V: s}} }
	for _, c := range []struct {
		name string
		p    Predicate
		want Verdict
	}{
		{"the zero predicate", Predicate{}, None},
		{"no operator", Predicate{pgInt, 0, number(catalog.Int32, int64(1))}, None},
		{"an operator beyond the list", Predicate{pgInt, NotNull + 1, number(catalog.Int32, int64(1))}, None},
		{"no value", Predicate{pgInt, Eq, nil}, None},
		{"two values", Predicate{pgInt, Lt, append(number(catalog.Int32, int64(1)), number(catalog.Int32, int64(2))...)}, None},
		{"a NULL", Predicate{pgInt, Eq, number(catalog.Int32, nil)}, None},
		{"another type's value", Predicate{pgInt, Eq, number(catalog.Int64, int64(1))}, None},
		{"an int", Predicate{pgInt, Lt, number(catalog.Int32, int64(math.MinInt32))}, Exact},
		{"an int too large", Predicate{pgInt, Lt, number(catalog.Int32, int64(math.MaxInt32+1))}, None},
		{"an endless list", Predicate{pgC, In, text(make([]string, maxPostgresIn+1)...)}, None},
		{"a long list", Predicate{pgC, In, text(make([]string, maxPostgresIn)...)}, Exact},
		{"text by bytes", Predicate{pgC, Gt, text("张")}, Exact},
		{"text with NUL", Predicate{pgC, Eq, text("a\x00")}, None},
		{"text that is not UTF-8", Predicate{pgC, Ne, text("\xff")}, None},
		{"text, another collation", Predicate{pgZh, Gt, text("张")}, Exact},
		{"text, unknown encoding", Predicate{pgLatin, Eq, text("张")}, None},
		{"ASCII, unknown encoding", Predicate{pgLatin, Eq, text("zhang~")}, Exact},
		{"first beyond ASCII, unknown encoding", Predicate{pgLatin, Eq, text("\u0080")}, None},
		{"char", Predicate{pgChar, Eq, text("x ")}, Exact},
		{"enum", Predicate{pgEnum, Eq, text("x")}, Exact},
		{"interval", Predicate{interval, Eq, number(catalog.Interval, int64(1))}, None},
		{"interval null", Predicate{interval, IsNull, nil}, Exact},
		{"json", Predicate{json, Eq, number(catalog.JSON, "1")}, None},
		{"list", Predicate{list, Eq, []catalog.Value{{Type: list.Type}}}, None},
		{"list not null", Predicate{list, NotNull, nil}, Exact},
		{"oid", Predicate{oid, Eq, number(catalog.Uint32, uint64(1))}, None},
		{"unreadable", Predicate{catalog.Column{SourceName: "x"}, IsNull, nil}, None},
		{"first date", Predicate{date, Ge, number(catalog.Date, int64(minPostgresDate))}, Exact},
		{"before the first date", Predicate{date, Ge, number(catalog.Date, int64(minPostgresDate-1))}, None},
		{"last date", Predicate{date, Ge, number(catalog.Date, int64(maxPostgresDate))}, Exact},
		{"DuckDB's infinite date", Predicate{date, Lt, number(catalog.Date, int64(math.MaxInt32))}, None},
		{"DuckDB's infinite time stamp", Predicate{stamp, Lt, number(catalog.TimestampTZ, int64(math.MaxInt64))}, None},
		{"DuckDB's negative infinity", Predicate{stamp, Lt, number(catalog.TimestampTZ, int64(-math.MaxInt64))}, None},
		{"NaN", Predicate{float, Lt, number(catalog.Float64, math.NaN())}, Exact},
		{"decimal", Predicate{money, Le, amount("-12.50")}, Exact},
		{"NaN for a decimal", Predicate{money, Le, amount("NaN")}, None},
		{"exponent", Predicate{money, Le, amount("1e3")}, None},
		{"uuid", Predicate{uuid, Eq, number(catalog.UUID, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11")}, Exact},
		{"uuid in braces", Predicate{uuid, Eq, number(catalog.UUID, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}")}, None},
	} {
		got, reason := postgres{}.Verdict(c.p)
		if got != c.want || (reason == "") != (got == Exact) {
			t.Errorf("%s: %s (%q), want %s", c.name, got, reason, c.want)
		}
	}
}

// FuzzPostgresIdentifiers: whatever a source's names hold, outside of quotes a
// statement has nothing of them, and no value is ever in it.
func FuzzPostgresIdentifiers(f *testing.F) {
	f.Add("public", "t", "c", "v")
	f.Add(`a"b`, `"; DROP TABLE x; --`, `c"`, `'`)
	f.Add("", "$1", "a.b", "\\")
	f.Fuzz(func(t *testing.T, schema, table, column, value string) {
		col := pgZh
		col.SourceName = column
		sql, values := postgres{}.Scan(&catalog.Table{ID: catalog.TableID{Schema: schema, Name: table}},
			[]catalog.Column{col}, []Predicate{{col, Eq, text(value)}})
		if len(values) != 1 || values[0].V != value {
			t.Fatalf("the value was changed: %v", values)
		}
		var names []string
		var outside strings.Builder
		for rest := sql; rest != ""; {
			if rest[0] != '"' {
				outside.WriteByte(rest[0])
				rest = rest[1:]
				continue
			}
			name := ""
			for rest = rest[1:]; ; {
				i := strings.IndexByte(rest, '"')
				if i < 0 {
					t.Fatalf("an open quote: %s", sql)
				}
				name, rest = name+rest[:i], rest[i+1:]
				if !strings.HasPrefix(rest, `"`) {
					break
				}
				name, rest = name+`"`, rest[1:]
			}
			names = append(names, name)
		}
		if d := cmp.Diff([]string{column, schema, table, column, column, "C"}, names); d != "" {
			t.Errorf("names (-want +got):\n%s", d)
		}
		if want := "SELECT  FROM . WHERE ( = $1::text AND  COLLATE  = $1::text)"; outside.String() != want {
			t.Errorf("outside of quotes: %s", outside.String())
		}
	})
}
