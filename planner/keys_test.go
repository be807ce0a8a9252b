package planner_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

// changed is a snapshot with some resources changed.
type changed struct {
	policy.Snapshot
	name   string
	change func(r *policy.Resource)
}

func (c changed) Identity() string { return fmt.Sprintf("%s changed %p", c.Snapshot.Identity(), &c) }

func (c changed) Resolve(path []string) (*policy.Resource, bool) {
	r, ok := c.Snapshot.Resolve(path)
	if !ok || r.Name() != c.name {
		return r, ok
	}
	own := *r
	own.Keys = maps.Clone(r.Keys)
	c.change(&own)
	return &own, true
}

func planKeys(t *testing.T, p *planner.Planner, snapshot policy.Snapshot, sql string) *planner.Plan {
	t.Helper()
	s, err := p.Prepare(t.Context(), sql, snapshot, planner.Options{})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	plan, err := s.Plan(t.Context(), nil)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if plan.Fallback != "" {
		t.Fatalf("%s: runs by the fallback: %s", sql, plan.Fallback)
	}
	return plan
}

// waits lists the streams that wait, such as "lineitem by p_partkey of part".
func waits(p *planner.Plan) string {
	e := p.Explain()
	reads := func(s planner.ExplainedStream) string {
		names := strings.Join(s.Reads, "+")
		return strings.NewReplacer("tpch.", "", "s.", "").Replace(names)
	}
	var out []string
	for _, s := range e.Streams {
		if s.Keys != nil {
			by := e.Streams[s.Keys.Stream-1]
			if by.Source != s.Keys.Source {
				return "the source of the keys is another"
			}
			out = append(out, reads(s)+" by "+s.Keys.Column+" of "+reads(by))
		}
	}
	return strings.Join(out, ", ")
}

// Whatever the sizes: keys are sent where a row without a partner does not matter,
// through what looks at each row alone, and nowhere else.
func TestKeysWhereTheyAreRight(t *testing.T) {
	w := plantest.Fixed(t)
	eager := w.Planner().Eager(100)
	const both = "lineitem by p_partkey of part"
	for sql, want := range map[string]string{
		"SELECT l_orderkey, p_name FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey":                    both,
		"SELECT l_orderkey, p_name FROM tpch.part, tpch.lineitem WHERE p_partkey = l_partkey":                     both,
		"SELECT l_orderkey, p_name FROM tpch.part LEFT JOIN tpch.lineitem ON l_partkey = p_partkey":               both,
		"SELECT l_orderkey, p_name FROM tpch.lineitem LEFT JOIN tpch.part ON l_partkey = p_partkey":               "part by l_partkey of lineitem",
		"SELECT l_orderkey, p_name FROM tpch.lineitem RIGHT JOIN tpch.part ON l_partkey = p_partkey":              both,
		"SELECT l_orderkey, p_name FROM tpch.part FULL JOIN tpch.lineitem ON l_partkey = p_partkey":               "",
		"SELECT l_orderkey FROM tpch.lineitem WHERE l_partkey IN (SELECT p_partkey FROM tpch.part)":               both,
		"SELECT p_name FROM tpch.part WHERE p_partkey IN (SELECT l_partkey FROM tpch.lineitem)":                   both,
		"SELECT p_name FROM tpch.part WHERE NOT EXISTS (SELECT 1 FROM tpch.lineitem WHERE l_partkey = p_partkey)": both,
		"SELECT l_tax FROM tpch.lineitem WHERE NOT EXISTS (SELECT 1 FROM tpch.part WHERE l_partkey = p_partkey)":  "part by l_partkey of lineitem",
		"SELECT l_tax FROM tpch.lineitem WHERE l_partkey NOT IN (SELECT p_partkey FROM tpch.part)":                "",
		"SELECT l_tax FROM tpch.lineitem WHERE l_partkey IN (SELECT p_partkey FROM tpch.part) OR l_tax > 1":       "",
		"SELECT p_name, (SELECT l_tax FROM tpch.lineitem WHERE l_partkey = p_partkey) FROM tpch.part":             both,
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey IS NOT DISTINCT FROM p_partkey":              "",
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey < p_partkey":                                 "",
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey + 1 = p_partkey":                             "part by l_partkey of lineitem"[:0],
		"SELECT l_tax FROM tpch.part LEFT JOIN tpch.lineitem ON l_partkey = p_partkey AND random() < 0.5":         "",
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey AND length(p_name) < l_tax":      both,
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey OR l_tax = p_retailprice":        "",
		"SELECT count(*) FROM tpch.part, tpch.lineitem WHERE l_tax = p_retailprice":                               "lineitem by p_retailprice of part",
		"SELECT count(*) FROM s.w JOIN s.t ON w.f = t.f":                                                          "", // floating point
		"SELECT count(*) FROM s.w JOIN s.u ON w.c = u.c":                                                          "u by c of w",
		"SELECT count(*) FROM s.w JOIN s.u ON w.d = u.d":                                                          "u by d of w",
		"SELECT count(*) FROM s.w JOIN s.u ON w.g = u.g":                                                          "u by g of w",
		"SELECT count(*) FROM s.w JOIN s.u ON w.a = u.b":                                                          "u by a of w", // INTEGER and BIGINT
		"SELECT count(*) FROM s.w JOIN s.u ON w.b = u.a":                                                          "u by b of w",
		"SELECT count(*) FROM s.w JOIN s.u ON w.e = u.b":                                                          "u by e of w", // DECIMAL and BIGINT
		"SELECT count(*) FROM s.w JOIN s.u ON w.f = u.b":                                                          "",            // DOUBLE and BIGINT
		"SELECT count(*) FROM s.w JOIN s.u ON w.c = CAST(u.a AS VARCHAR)":                                         "",
		"SELECT count(*) FROM s.w JOIN s.u ON TRY_CAST(w.b AS INTEGER) = u.a":                                     "",
		// What stands between a stream that waits and the join.
		"SELECT count(*) FROM s.w JOIN (SELECT b FROM s.u WHERE length(c) > 1) u ON w.b = u.b":                                                                  "u by b of w",
		"SELECT count(*) FROM s.w JOIN (SELECT b FROM s.u WHERE random() > 0.5) u ON w.b = u.b":                                                                 "w by b of u", // keys may be too many
		"SELECT count(*) FROM s.w JOIN (SELECT b, random() AS r FROM s.u) u ON w.b = u.b WHERE r > 0":                                                           "w by b of u",
		"SELECT count(*) FROM s.w JOIN (SELECT u.b FROM s.u LEFT JOIN (SELECT length(c) AS x FROM s.t) t ON u.b = t.x AND u.f + t.x > random()) u ON w.b = u.b": "w by b of u",
		"SELECT count(*) FROM s.w JOIN (SELECT b FROM s.u WHERE length(c) > 1 LIMIT 3) u ON w.b = u.b":                                                          "w by b of u",
		"SELECT count(*) FROM s.w JOIN (SELECT b FROM s.u WHERE length(c) > 1 ORDER BY f LIMIT 3) u ON w.b = u.b":                                               "w by b of u",
		"SELECT count(x) FROM s.w JOIN (SELECT b, string_agg(c) AS x FROM s.u GROUP BY b) u ON w.b = u.b":                                                       "u by b of w",
		"SELECT count(*) FROM s.w JOIN (SELECT max(b) + 0 AS b, string_agg(c) AS x FROM s.u GROUP BY a) u ON w.b = u.b":                                         "",
		"SELECT count(x) FROM s.w JOIN (SELECT b, string_agg(c) AS x FROM s.u GROUP BY ROLLUP (b)) u ON w.b = u.b":                                              "w by b of u",
		"SELECT sum(n) FROM s.w JOIN (SELECT b, row_number() OVER (ORDER BY a) AS n FROM s.u) u ON w.b = u.b":                                                   "w by b of u",
		"SELECT sum(n) FROM s.w JOIN (SELECT b, row_number() OVER (PARTITION BY b ORDER BY a) AS n FROM s.u) u ON w.b = u.b":                                    "u by b of w",
		"SELECT count(*) FROM s.w JOIN (SELECT b FROM s.u UNION ALL SELECT strlen(c) FROM s.t) u ON w.b = u.b":                                                  "u by b of w",
		"SELECT count(x) FROM s.w JOIN (SELECT u.b, x FROM s.u LEFT JOIN (SELECT b, string_agg(c) AS x FROM s.t GROUP BY b) t ON t.b = u.b) u ON w.b = u.b":     "u by b of w, t by b of u",
		"SELECT count(x) FROM s.w JOIN (SELECT t.b, x FROM s.u LEFT JOIN (SELECT b, string_agg(c) AS x FROM s.t GROUP BY b) t ON t.b = u.b) u ON w.b = u.b":     "u by b of t, t by b of w", // an inner join by now
	} {
		if got := waits(planKeys(t, eager, w.Snapshot(), sql)); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	if got := waits(planKeys(t, eager.Without(planner.KeysRule), w.Snapshot(), "SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey")); got != "" {
		t.Errorf("left out: %q", got)
	}
}

// Keys are sent where that pays by the estimates.
func TestKeysWhereTheyPay(t *testing.T) {
	w := plantest.Fixed(t)
	const both = "lineitem by p_partkey of part"
	for sql, want := range map[string]string{
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey":                                                                                                    "", // all keys
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey WHERE p_brand = 'b'":                                                                                "", // 20,000 keys
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey WHERE p_brand = 'b' AND p_type = 't'":                                                               both,
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey WHERE p_partkey = 7":                                                                                "", // the other one is asked for 7 too
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey WHERE p_partkey IN (7, 8)":                                                                          "",
		"SELECT l_tax FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey WHERE length(p_brand) = 3":                                                                          "", // the filter is here
		"SELECT c_name FROM tpch.nation JOIN tpch.customer ON c_nationkey = n_nationkey":                                                                                             "", // all nations
		"SELECT c_name FROM tpch.nation JOIN tpch.customer ON c_nationkey = n_nationkey WHERE n_name = 'CHINA'":                                                                      "customer by n_nationkey of nation",
		"SELECT u.c FROM s.w JOIN s.u ON w.b = u.b WHERE w.c = 'x'":                                                                                                                  "u by b of w",
		"SELECT t.c FROM s.w JOIN s.t ON w.b = t.b WHERE w.c = 'x'":                                                                                                                  "", // a thousand rows are read as fast
		"SELECT v.c FROM s.w JOIN s.v ON w.b = v.b WHERE w.c = 'x'":                                                                                                                  "", // how many rows is not known
		"SELECT v.c FROM (SELECT b FROM s.w LIMIT 3) w JOIN s.v ON w.b = v.b":                                                                                                        "v by b of w",
		"SELECT v.c FROM tpch.supplier JOIN s.v ON s_suppkey = v.b WHERE s_suppkey = 3 OR s_name = 'x'":                                                                              "",
		"SELECT o_clerk FROM tpch.supplier JOIN tpch.orders ON s_suppkey = o_custkey WHERE s_name = 'x'":                                                                             "orders by s_suppkey of supplier",
		"SELECT c_name FROM tpch.part JOIN tpch.customer ON p_partkey = c_custkey WHERE p_brand = 'b' AND p_type = 't' AND c_mktsegment = 'm'":                                       "", // 2,000 keys, 15,000 rows
		"SELECT s_name FROM tpch.part JOIN tpch.lineitem ON l_partkey = p_partkey JOIN tpch.supplier ON s_suppkey = l_suppkey WHERE p_brand = 'b' AND p_type = 't' AND p_name = 'n'": "lineitem by p_partkey of part",
	} {
		if got := waits(planKeys(t, w.Planner(), w.Snapshot(), sql)); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

// No value travels without leave, none that is masked, and none is compared where a
// comparison with a hidden row could fail.
func TestKeysAndPolicy(t *testing.T) {
	w := plantest.Fixed(t)
	eager := w.Planner().Eager(100)
	hides := &policy.Guard{RowFilter: "a > 1"}
	masks := &policy.Guard{Masks: map[string]string{"c": "d"}}
	for _, c := range []struct {
		sql, name string
		change    func(r *policy.Resource)
		want      string
	}{
		{"SELECT u.c FROM s.w JOIN s.u ON w.b = u.b", "s.w", func(r *policy.Resource) {}, "u by b of w"},
		{"SELECT u.c FROM s.w JOIN s.u ON w.b = u.b", "s.w", func(r *policy.Resource) { r.Keys = nil }, "w by b of u"},
		{"SELECT u.c FROM s.w LEFT JOIN s.u ON w.b = u.b", "s.w", func(r *policy.Resource) { r.Keys = nil }, ""},
		{"SELECT u.c FROM s.w LEFT JOIN s.u ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Keys = nil }, "u by b of w"},
		{"SELECT u.c FROM s.w LEFT JOIN s.u ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Guard = hides }, "u by b of w"},
		{"SELECT u.c FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.w", func(r *policy.Resource) { r.Guard = hides }, ""},
		{"SELECT u.c FROM s.w LEFT JOIN s.u ON w.b = u.b", "s.w", func(r *policy.Resource) { r.Guard = &policy.Guard{RowFilter: "c = 'x'"} }, "u by b of w"},
		{"SELECT u.c FROM s.w LEFT JOIN s.u ON w.b = u.b", "s.w", func(r *policy.Resource) { r.Guard = &policy.Guard{RowFilter: "length(c) = 1"} }, ""},
		{"SELECT w.c FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Guard = hides }, "w by b of u"},
		{"SELECT w.b FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Guard = masks; r.Columns = typedAs(r.Columns, "c", "d") }, "w by b of u"},
		{"SELECT w.b FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Guard = &policy.Guard{Masks: map[string]string{"b": "b"}} }, ""},
		{"SELECT w.b FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { delete(r.Keys, "b") }, ""},
		{"SELECT w.b FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Keys = map[string][]string{"b": {"Q"}} }, ""},
		{"SELECT w.b FROM s.u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Keys = map[string][]string{"b": {"*"}} }, "w by b of u"},
		{"SELECT w.b FROM (SELECT b FROM s.u WHERE c = 'x') u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Keys = map[string][]string{"b": {"*"}} }, "w by b of u"},
		{"SELECT w.b FROM (SELECT b FROM s.u GROUP BY b) u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { delete(r.Keys, "b") }, ""},
		// What is read beside it in the same stream must be allowed to go there as well.
		{"SELECT w.b FROM (SELECT u.b FROM s.u JOIN s.t ON t.a = u.a) u LEFT JOIN s.w ON w.b = u.b", "s.t", func(r *policy.Resource) {}, "w by b of u+t"},
		{"SELECT w.b FROM (SELECT u.b FROM s.u JOIN s.t ON t.a = u.a) u LEFT JOIN s.w ON w.b = u.b", "s.t", func(r *policy.Resource) { delete(r.Keys, "a") }, ""},
		{"SELECT w.b FROM (SELECT u.b FROM s.u JOIN s.t ON t.a = u.a) u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { delete(r.Keys, "a") }, "w by b of u+t"},
		{"SELECT w.b FROM (SELECT max(b) AS b FROM s.u GROUP BY c) u LEFT JOIN s.w ON w.b = u.b", "s.u", func(r *policy.Resource) { delete(r.Keys, "b") }, ""},
		{"SELECT u.b FROM s.w LEFT JOIN s.u ON w.b = u.b", "s.u", func(r *policy.Resource) { r.Guard = masks; r.Columns = typedAs(r.Columns, "c", "d") }, ""},
	} {
		snapshot := changed{w.Snapshot(), c.name, c.change}
		if got := waits(planKeys(t, eager, snapshot, c.sql)); got != c.want {
			t.Errorf("%s, %s changed: %q, want %q", c.sql, c.name, got, c.want)
		}
	}
	// How many rows policy hides must not show in whether keys are sent.
	sql := "SELECT u.c FROM s.w JOIN s.u ON w.b = u.b WHERE w.c = 'x'"
	hidden := changed{w.Snapshot(), "s.u", func(r *policy.Resource) { r.Guard = hides }}
	if got := waits(planKeys(t, w.Planner(), w.Snapshot(), sql)); got == "" {
		t.Error("nothing hidden, and no keys")
	}
	if got := waits(planKeys(t, w.Planner(), hidden, sql)); got != "" {
		t.Errorf("beside hidden rows: %q", got)
	}
	if (&policy.Resource{}).KeyMayTravel("a", &policy.Resource{}) {
		t.Error("keys travel by default")
	}
}

func typedAs(columns []catalog.Column, name, like string) []catalog.Column {
	out := append([]catalog.Column{}, columns...)
	for i := range out {
		for _, c := range columns {
			if out[i].Name == name && c.Name == like {
				out[i].Type = c.Type
			}
		}
	}
	return out
}

// The list stands as deep as a condition of the statement would.
func TestKeysInTheText(t *testing.T) {
	w := plantest.Fixed(t)
	eager := w.Planner().Eager(100)
	number := func(k catalog.Kind, n ...int64) []catalog.Value {
		var out []catalog.Value
		for _, x := range n {
			out = append(out, catalog.Value{Type: catalog.Type{Kind: k}, V: x})
		}
		return out
	}
	for _, c := range []struct {
		sql  string
		keys []catalog.Value
		want string // of the text that waits; or the reason
	}{
		{
			"SELECT u.f, w.f FROM s.w JOIN s.u ON w.b = u.b WHERE u.a > 3", number(catalog.Int64, 5, 6),
			`SELECT "t1"."b" AS "c3", "t1"."f" AS "c5" FROM "s"."u" AS "t1" WHERE ("t1"."b" IN ($1::bigint, $2::bigint)) AND ("t1"."a" > $3::integer)`,
		}, {
			"SELECT u.n, w.f FROM s.w JOIN (SELECT b, count(*) AS n FROM s.u GROUP BY b HAVING count(*) > 1) u ON w.b = u.b", number(catalog.Int64, 5),
			`GROUP BY`,
		}, {
			"SELECT u.f, w.f FROM s.w LEFT JOIN (SELECT * FROM s.u ORDER BY a LIMIT 5) u ON w.b = u.b", number(catalog.Int64, 5),
			`LIMIT $1::bigint) AS "q1" WHERE ("q1"."c`,
		}, {
			"SELECT u.f, w.f FROM s.w JOIN s.u ON w.b = u.a", number(catalog.Int64, 1<<31), "the value has another type than the column",
		},
	} {
		plan := planKeys(t, eager, w.Snapshot(), c.sql)
		found := false
		for _, s := range plan.Streams {
			if s.Keyed == nil {
				continue
			}
			found = true
			if !s.Keyed.By.Columns[s.Keyed.Column].Type.Equal(c.keys[0].Type) {
				t.Errorf("%s: column %d of %v", c.sql, s.Keyed.Column, s.Keyed.By.Columns)
			}
			before := s.SQL
			with, why := s.WithKeys(c.keys)
			text := why
			if with != nil {
				text = with.SQL
				if len(with.Values) != len(s.Values)+len(c.keys) {
					t.Errorf("%s: %d values", c.sql, len(with.Values))
				}
			}
			if !strings.Contains(text, c.want) {
				t.Errorf("%s:\n%s", c.sql, text)
			}
			if s.SQL != before {
				t.Errorf("%s: the plan has changed", c.sql)
			}
		}
		if !found {
			t.Errorf("%s: nothing waits", c.sql)
		}
	}
}
