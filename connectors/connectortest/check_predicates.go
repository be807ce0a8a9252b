package connectortest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/planner/dialect"
)

var comparisons = []dialect.Op{dialect.Eq, dialect.Ne, dialect.Lt, dialect.Le, dialect.Gt, dialect.Ge}

// constants says whether catalog.Value can hold a constant of this type.
func constants(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Interval, catalog.List, catalog.Struct, catalog.Map, catalog.HugeInt,
		catalog.TimestampS, catalog.TimestampMS, catalog.TimestampNS:
		return false
	}
	return true
}

// predicatesOf gives every operator on a column with every value of its type,
// values that the engine cannot store included.
func predicatesOf(c catalog.Column) []dialect.Predicate {
	out := []dialect.Predicate{{Column: c, Op: dialect.IsNull}, {Column: c, Op: dialect.NotNull}}
	if !constants(c.Type) {
		return out
	}
	var values []catalog.Value
	for _, v := range ValuesOf(c.Type) {
		values = append(values, catalog.Value{Type: c.Type, V: v})
	}
	if c.Type.Kind == catalog.Text {
		values = append(values, catalog.Value{Type: c.Type, V: "absent"}, catalog.Value{Type: c.Type, V: "a\x00b"})
	}
	for _, v := range values {
		for _, op := range comparisons {
			out = append(out, dialect.Predicate{Column: c, Op: op, Values: []catalog.Value{v}})
		}
		out = append(out, dialect.Predicate{Column: c, Op: dialect.In, Values: []catalog.Value{v}})
	}
	return append(out,
		dialect.Predicate{Column: c, Op: dialect.In, Values: values[:2]},
		dialect.Predicate{Column: c, Op: dialect.In, Values: values})
}

// checkPredicates sends every predicate that the dialect would send and compares
// the rows with those that the naive evaluator keeps.
func checkPredicates(tb testing.TB, h Harness) {
	model := everything(tb, h)
	f := load(tb, h, 1, model)
	t := f.table("", model.Name)
	conn := f.acquire()
	defer conn.Release()
	rows := slices.Collect(model.Rows)
	for i, m := range model.Columns {
		c := f.column(t, m.Name)
		tally := map[string]int{}
		for _, p := range predicatesOf(c) {
			verdict := f.onePredicate(conn, t, p, rows, i)
			tally[fmt.Sprintf("%s %s", p.Op, verdict)]++
		}
		parts := []string{}
		for _, name := range slices.Sorted(maps.Keys(tally)) {
			parts = append(parts, fmt.Sprintf("%s: %d", name, tally[name]))
		}
		tb.Logf("%s: %s", c.Type, strings.Join(parts, ", "))
	}
}

func (f *fixture) onePredicate(conn connectors.Conn, t *catalog.Table, p dialect.Predicate, rows [][]any, at int) dialect.Verdict {
	f.Helper()
	verdict, reason := f.sql.Verdict(p)
	if verdict != dialect.Exact && reason == "" {
		f.Errorf("%s on %s: %s without a reason", p.Op, p.Column.Type, verdict)
	}
	if verdict == dialect.None {
		return verdict
	}
	got := map[int64]bool{}
	for _, row := range f.rows(conn, f.fragment(t, []catalog.Column{f.column(t, "n")}, p)) {
		n := row[0].(int64)
		if got[n] {
			f.Errorf("%s: row %d comes twice", describe(p), n)
		}
		got[n] = true
	}
	for _, row := range rows {
		n := row[0].(int64)
		keep := keeps(p, row[at])
		switch {
		case keep && !got[n]:
			f.Errorf("%s is called %s and loses the row that holds %s", describe(p), verdict, show(row[at]))
		case !keep && got[n] && verdict == dialect.Exact:
			f.Errorf("%s is called exact and keeps the row that holds %s", describe(p), show(row[at]))
		}
	}
	return verdict
}

// checkPredicatePairs sends two predicates on two columns together: both must
// hold, and values must reach their own placeholders.
func checkPredicatePairs(tb testing.TB, h Harness) {
	model := everything(tb, h)
	f := load(tb, h, 1, model)
	t := f.table("", model.Name)
	conn := f.acquire()
	defer conn.Release()
	rows := slices.Collect(model.Rows)
	n := f.column(t, "n")
	low := dialect.Predicate{Column: n, Op: dialect.Gt, Values: []catalog.Value{{Type: n.Type, V: int64(3)}}}
	if v, _ := f.sql.Verdict(low); v != dialect.Exact {
		without(tb, "pairs of predicates: a range of whole numbers is not exact")
		return
	}
	for i, m := range model.Columns {
		c := f.column(t, m.Name)
		ps := predicatesOf(c)
		for _, p := range []dialect.Predicate{ps[0], ps[1], ps[len(ps)-1], ps[len(ps)-2], ps[len(ps)/2]} {
			verdict, _ := f.sql.Verdict(p)
			if verdict == dialect.None {
				continue
			}
			for _, pair := range [][]dialect.Predicate{{low, p}, {p, low}} {
				got := map[int64]bool{}
				for _, row := range f.rows(conn, f.fragment(t, []catalog.Column{c, n}, pair...)) {
					got[row[1].(int64)] = true
				}
				for _, row := range rows {
					number := row[0].(int64)
					keep := keeps(low, number) && keeps(p, row[i])
					if keep && !got[number] || !keep && got[number] && verdict == dialect.Exact {
						f.Errorf("%s together with n > 3: row %d is kept: %t, want %t", describe(p), number, got[number], keep)
					}
				}
			}
		}
	}
}

func describe(p dialect.Predicate) string {
	values := make([]string, 0, 3)
	for i, v := range p.Values {
		if i == 3 {
			values = append(values, "...")
			break
		}
		values = append(values, show(v.V))
	}
	return fmt.Sprintf("%s %s %s", p.Column.Type, p.Op, strings.Join(values, ", "))
}
