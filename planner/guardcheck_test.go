package planner_test

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

// A guard is applied only where each of its expressions has a value on every row, over
// the resource's own columns, of the type that the resource shows.
func TestCheckGuard(t *testing.T) {
	world := plantest.Fixed(t)
	narrow, cut := *lookupIn(t, world, "u"), *lookupIn(t, world, "u").Table
	cut.Columns = cut.Columns[:3]
	narrow.Path, narrow.Table, narrow.Columns = []string{"s", "narrow"}, &cut, cut.Columns
	text := catalog.Type{Kind: catalog.Text}
	for _, c := range []struct {
		filter, mask string // of the column c, which is text
		of           catalog.Type
		want         bool
	}{
		{filter: "c IN ('A', 'Z') AND b > 3 OR c IS NULL", want: true},
		{filter: "c LIKE '和%' AND NOT (a = 1)", want: true},
		{filter: "c = '和平区' OR c <> CAST(NULL AS VARCHAR)", want: true},
		{filter: "CASE WHEN a > 1 THEN c = 'x' ELSE b = 2 END", want: true},
		{filter: "CASE WHEN c = 'x' THEN true WHEN a IS NULL THEN false ELSE b = -77 END", want: true},
		{filter: "CASE WHEN c = 'x' THEN CAST('y' AS INTEGER) = 1 ELSE true END"},
		{filter: "length(c) = 18 AND substring(c, 1, 6) = '210102'", want: true},
		{filter: `a IN (SELECT a FROM "_lianji_lookup"."u")`, want: true},
		{filter: `a NOT IN (SELECT a FROM "_lianji_lookup"."u" WHERE b > 3 AND a IS NOT NULL) OR c = 'x'`, want: true},
		{mask: `CASE WHEN a IN (SELECT a FROM "_lianji_lookup"."u") THEN c ELSE '*' END`, of: text, want: true},
		{mask: "substring(c, 1, 1) || '**'", of: text, want: true},
		{mask: "CASE WHEN a = 1 THEN c ELSE '*' END", of: text, want: true},
		{mask: "CAST(NULL AS VARCHAR)", of: text, want: true},
		{mask: "CAST(a AS VARCHAR) || CAST(d AS VARCHAR) || CAST(e AS VARCHAR)", of: text, want: true},
		{mask: "CAST(f AS VARCHAR)", of: text},
		// What may fail on some row would tell of it.
		{filter: "CAST(c AS INTEGER) > 0"},
		{filter: "a / b > 1 AND a + b > 2"},
		{filter: "a + 1 > 2"},
		{filter: "chr(a) = 'A'"},
		{filter: "regexp_matches(c, c)"},
		{filter: "substring(c, a, 1) = 'x'"},
		{filter: "substring(c, 9999999999, 1) = 'x'"},
		{filter: "strptime(c, '%Y') IS NOT NULL"},
		{filter: "c LIKE c ESCAPE a::varchar"},
		{mask: "repeat(c, 100)", of: text},
		{mask: "error('x')", of: text},
		// A lookup may hang on no row of the resource, and can fail neither.
		{filter: `a IN (SELECT a FROM "_lianji_lookup"."narrow" WHERE g IS NULL)`}, // g is the resource's
		{filter: `a IN (SELECT c FROM "_lianji_lookup"."u")`},
		{filter: `a IN (SELECT a FROM "_lianji_lookup"."u" WHERE a / b > 1)`},
		{filter: `a IN (SELECT max(a) FROM "_lianji_lookup"."u")`},
		{filter: `a IN (SELECT a FROM "_lianji_lookup"."u" ORDER BY b LIMIT 1)`},
		{filter: `a IN (SELECT a FROM "_lianji_lookup"."u" UNION SELECT 1)`},
		{filter: `a IN (SELECT a FROM "_lianji_lookup"."nosuch")`},
		{filter: `a IN (SELECT u.a FROM "_lianji_lookup"."u", s.t)`},
		{filter: `EXISTS (SELECT 1 FROM "_lianji_lookup"."u")`},
		{filter: `a = (SELECT a FROM "_lianji_lookup"."u")`},
		{filter: `a < ANY (SELECT a FROM "_lianji_lookup"."u")`},
		// What looks elsewhere.
		{filter: "c IN (SELECT c FROM s.t)"},
		{filter: "EXISTS (SELECT 1 FROM s.u)"},
		{filter: "nosuch = 1"},
		{filter: "c = current_setting('threads')"},
		{filter: "c = current_user"},
		{filter: "c = getvariable('x')"},
		{filter: "random() > 0.5"},
		{filter: "a > $1"},
		{mask: "(SELECT max(c) FROM s.t)", of: text},
		{mask: "max(c)", of: text},
		{mask: "lag(c) OVER ()", of: text},
		// What is no condition, or of another type.
		{filter: "c"},
		{mask: "a", of: text},
		{mask: "c", of: catalog.Type{Kind: catalog.Int64}},
		{mask: "c, a", of: text},
		// What would leave its place.
		{filter: "true) ORDER BY (c"}, {filter: "true) LIMIT (1"}, {filter: "true) GROUP BY (c"}, {filter: "true) UNION SELECT * FROM s.t WHERE (true"},
		{filter: "true); SELECT (1"}, {filter: "true) AND (SELECT true"}, {filter: ""},
		{mask: "c) AS x, (c", of: text}, {mask: "c) FROM s.t WHERE (true", of: text},
	} {
		r, ok := world.Snapshot().Resolve([]string{"s", "t"})
		if !ok {
			t.Fatal("no table s.t")
		}
		guarded := *r
		guarded.Guard = &policy.Guard{RowFilter: c.filter, Masks: map[string]string{}, Lookups: map[string]*policy.Resource{"u": lookupIn(t, world, "u"), "narrow": &narrow}}
		guarded.Columns = append([]catalog.Column{}, r.Columns...)
		if c.mask != "" {
			for i := range guarded.Columns {
				if guarded.Columns[i].Name == "c" {
					guarded.Guard.Masks["c"], guarded.Columns[i].Type = c.mask, c.of
				}
			}
		}
		err := world.Planner().CheckGuard(t.Context(), &guarded)
		if want := c.want || (c.filter == "" && c.mask == ""); (err == nil) != want {
			t.Errorf("filter %q, mask %q: %v, want %v", c.filter, c.mask, err, want)
		}
	}
}

// A guard is looked at over the table as it is now, not as it was under the same name.
func TestCheckGuardOfAChangedTable(t *testing.T) {
	world := plantest.Fixed(t)
	p := world.Planner()
	r, ok := world.Snapshot().Resolve([]string{"s", "t"})
	if !ok {
		t.Fatal("no table s.t")
	}
	check := func(of catalog.Kind) error {
		guarded, table := *r, *r.Table
		table.Columns = append([]catalog.Column{}, table.Columns...)
		for i := range table.Columns {
			if table.Columns[i].Name == "c" {
				table.Columns[i].Type = catalog.Type{Kind: of}
			}
		}
		guarded.Table, guarded.Columns = &table, table.Columns[:1] // what the filter reads is not shown
		guarded.Guard = &policy.Guard{RowFilter: "c = 'x'"}
		return p.CheckGuard(t.Context(), &guarded)
	}
	for _, c := range []struct {
		of   catalog.Kind
		want bool
	}{{catalog.Text, true}, {catalog.Int32, false}, {catalog.Text, true}} {
		if err := check(c.of); (err == nil) != c.want {
			t.Errorf("of type %s: %v", catalog.Type{Kind: c.of}, err)
		}
	}
}
