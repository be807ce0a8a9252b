package planner

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
)

func items(texts ...string) []*string {
	out := make([]*string, len(texts))
	for i, text := range texts {
		if text != null {
			out[i] = &text
		}
	}
	return out
}

const null = "\x00"

// A list is in DuckDB what its elements are one by one, whatever stands in them.
func TestListValues(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{MemoryBytes: 64 << 20, TimeZone: "Asia/Shanghai"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func(p Param, list []*string) string {
		t.Helper()
		v, err := p.ListValue(list)
		if err != nil {
			t.Errorf("%s: %v", p.List.DuckDB(), err)
			return ""
		}
		got, err := conn.QueryText(t.Context(), "SELECT to_json(CAST(CAST($1 AS VARCHAR) AS "+p.List.DuckDB()+"))::VARCHAR", v)
		if err != nil {
			t.Errorf("%s: %v", p.List.DuckDB(), err)
		}
		return got
	}
	of := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	param := func(t catalog.Type) Param {
		return Param{Name: "1", Type: of(catalog.Text), Cast: t.DuckDB() + "[]", List: catalog.ListOf(t)}
	}
	for _, c := range []struct {
		t    catalog.Type
		in   []*string
		want string
	}{
		{of(catalog.Int32), items("1", null, "-2147483648"), "[1,null,-2147483648]"},
		{of(catalog.Uint64), items("18446744073709551615"), "[18446744073709551615]"},
		{of(catalog.Text), items(), "[]"},
		{of(catalog.Text), items(null, "NULL", "null", "", " a "), `[null,"NULL","null",""," a "]`},
		{of(catalog.Bool), items("t", "0", null), "[true,false,null]"},
		{of(catalog.Float64), items("1.5", "-1e300", "25e-2", null), "[1.5,-1e300,0.25,null]"},
		{catalog.DecimalOf(12, 2), items("1.2", "-0.05", null), "[1.2,-0.05,null]"},
		{of(catalog.Date), items("2024-02-29"), `["2024-02-29"]`},
		{of(catalog.Time), items("23:59:59.5"), `["23:59:59.5"]`},
		{of(catalog.Timestamp), items("2024-01-02T03:04:05.000001"), `["2024-01-02 03:04:05.000001"]`},
		{of(catalog.TimestampTZ), items("2024-01-02 03:04:05Z"), `["2024-01-02 11:04:05+08"]`},
		{of(catalog.Blob), items(`\x00\xff"\x5c`, null, ""), `["\\x00\\xFF\\x22\\x5C",null,""]`},
		{of(catalog.UUID), items("123E4567-e89b-12d3-a456-426614174000"), `["123e4567-e89b-12d3-a456-426614174000"]`},
	} {
		if got := read(param(c.t), c.in); got != c.want {
			t.Errorf("%s: %s, want %s", c.t.DuckDB(), got, c.want)
		}
	}
	if v, err := param(of(catalog.Float64)).ListValue(items("NaN", "Infinity", "-Infinity")); err != nil || v.V != `["nan", "Inf", "-Inf"]` {
		t.Errorf("%v %v", v, err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("ab\"'\\,[]{}():= \n\tNULnul中$")
	for range 300 {
		want := make([]string, random.IntN(5))
		for i := range want {
			for range random.IntN(7) {
				want[i] += string(letters[random.IntN(len(letters))])
			}
			if random.IntN(9) == 0 {
				want[i] = null
			}
		}
		var got []*string
		if err := json.Unmarshal([]byte(read(param(of(catalog.Text)), items(want...))), &got); err != nil {
			t.Fatal(err)
		}
		for i, w := range items(want...) {
			if len(got) != len(want) || (got[i] == nil) != (w == nil) || w != nil && *w != *got[i] {
				t.Fatalf("%q became another list", want)
			}
		}
	}
	for _, c := range []struct {
		t  catalog.Type
		in []*string
		id string
	}{
		{of(catalog.Int32), items("1", "secret"), "parameter_value"}, {of(catalog.Int16), items("40000"), "parameter_value"}, {catalog.DecimalOf(4, 2), items("1.255"), "parameter_value"},
		{catalog.ListOf(of(catalog.Int32)), items("secret"), "parameter_list_nested"}, {catalog.Type{Kind: catalog.Struct}, items("secret"), "parameter_list_nested"}, {of(catalog.JSON), items("{}"), "parameter_list_json"},
		{of(catalog.Blob), items(`secret\x0`), "parameter_value"},
	} {
		_, err := param(c.t).ListValue(c.in)
		if e := errs.From(err); e == nil || e.ID != c.id || strings.Contains(e.Text("en")+e.Detail, "secret") {
			t.Errorf("%s: %v", c.t.DuckDB(), err)
		}
	}
	if _, err := (Param{Name: "1", Type: of(catalog.Int32)}).ListValue(items("1")); errs.From(err).ID != "parameter_value" {
		t.Errorf("a list for a number: %v", err)
	}
}

// A parameter that is declared as a list is one, where its place takes it.
func TestDeclaredLists(t *testing.T) {
	p := newPlanner(t)
	text, short := catalog.ListOf(catalog.Type{Kind: catalog.Text}), catalog.ListOf(catalog.Type{Kind: catalog.Int16})
	for _, c := range []struct {
		sql      string
		declared catalog.Type
		want     catalog.Type
	}{
		{"SELECT a FROM g.t WHERE a = ANY($1)", short, short},
		{"SELECT a FROM g.t WHERE v = ANY($1)", text, text},
		{"SELECT $1", short, short},
		{"SELECT a FROM g.t WHERE a = ANY($1)", text, catalog.ListOf(catalog.Type{Kind: catalog.Int64})}, // as it is found without
		{"SELECT a FROM g.t WHERE d = ANY($1)", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.Date})},
		{"SELECT a FROM g.t WHERE f <> ALL($1)", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.Float64})},
		{"SELECT a FROM g.t WHERE ts = ANY($1)", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.Timestamp})},
		{"SELECT a FROM g.t WHERE NOT (tz = ANY($1))", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.TimestampTZ})},
		{"SELECT a::DECIMAL(8,2) = ANY($1) FROM g.t", catalog.Type{}, catalog.ListOf(catalog.DecimalOf(8, 2))},
		{"SELECT a FROM g.t WHERE list_contains($1, f)", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.Float64})},
		{"SELECT a FROM g.t WHERE u = ANY($1)", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.UUID})},
		{"SELECT a FROM g.t WHERE a = ANY($1::INT[])", catalog.Type{}, catalog.ListOf(catalog.Type{Kind: catalog.Int32})},
	} {
		s, err := p.Prepare(t.Context(), c.sql, testTables(), Options{Declared: func(string) catalog.Type { return c.declared }})
		if err != nil {
			t.Errorf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			continue
		}
		if q := s.Params[0]; !q.Told().Equal(c.want) || q.Type.Kind != catalog.Text || q.Cast != c.want.DuckDB() {
			t.Errorf("%s: %+v, want %s", c.sql, q, c.want.DuckDB())
		}
	}
}
