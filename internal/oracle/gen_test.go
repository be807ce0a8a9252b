package oracle

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	seedFlag  = flag.Uint64("oracle.seed", 20240229, "seed of generated tables and statements")
	countFlag = flag.Uint64("oracle.statements", 5000, "generated statements that this package's test binds")
	everyFlag = flag.Uint64("oracle.every", 8, "of these, one in so many is run")
)

func testTables(seed uint64) []Table {
	all := TestTables(seed, PostgreSQL, "pgx")
	all = append(all, TestTables(seed, SQLite, "lite")...)
	return append(all, TestTables(seed, DuckDB, "duck", "main")...)
}

func loadedReference(t testing.TB, tables []Table, settings ...string) *Reference {
	t.Helper()
	r, err := NewReference(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, table := range tables {
		if err := r.Load(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// shuffled gives the same tables with their rows in another order.
func shuffled(tables []Table, seed uint64) []Table {
	r := rand.New(rand.NewPCG(seed, 1))
	out := slices.Clone(tables)
	for i := range out {
		out[i].Rows = slices.Clone(out[i].Rows)
		r.Shuffle(len(out[i].Rows), func(a, b int) { out[i].Rows[a], out[i].Rows[b] = out[i].Rows[b], out[i].Rows[a] })
	}
	return out
}

// Nearly all statements bind and run, most find something, their results have the
// types that the generator believes, and they are what Order says they are: a
// database with the rows in another order, other threads and no optimizer for the
// join order gives an equal answer.
func TestGeneratedStatements(t *testing.T) {
	t.Logf("seed %d (-oracle.seed)", *seedFlag)
	tables := testTables(*seedFlag)
	reference := loadedReference(t, tables, "SET threads = 1")
	other := loadedReference(t, shuffled(tables, *seedFlag), "SET threads = 4", "SET preserve_insertion_order = false", "SET disabled_optimizers = 'join_order,build_side_probe_side,top_n,"+wrongInDuckDB+"'")
	g := NewGenerator(*seedFlag, tables)
	ran, failed, empty := 0, 0, 0
	pairs := map[Pair]bool{}
	for n := range *countFlag {
		s := g.Statement(n)
		for _, p := range s.Pairs {
			pairs[p] = true
		}
		if n%*everyFlag != 0 {
			if err := reference.Bind(t.Context(), s.SQL); err != nil {
				failed++
				t.Logf("statement %d: %.300v\n%s", n, err, s.SQL)
			}
			continue
		}
		ran++
		want, err := reference.Query(t.Context(), s.Unlimited)
		if err != nil {
			failed++
			t.Logf("statement %d: %.300v\n%s", n, err, s.SQL)
			continue
		}
		if len(want.Rows) == 0 {
			empty++
		}
		for i, c := range s.columns {
			if got := want.Schema.Field(i).Type; !sameType(c.typ.Arrow(), got) {
				t.Errorf("statement %d: column %d is %s, the generator says %s: %s", n, i+1, got, c.typ, s.SQL)
			}
		}
		got, err := other.Query(t.Context(), s.SQL)
		if err != nil { // without some optimizers DuckDB meets other defects of its own
			failed++
			t.Logf("statement %d, other settings: %.300v\n%s", n, err, s.SQL)
			continue
		}
		if err := Compare(want, got, s.Order); err != nil {
			t.Errorf("statement %d: %v\n%s", n, err, s.SQL)
		}
	}
	t.Logf("%d statements, %d run: %d failed, %d empty, %d pairs", *countFlag, ran, failed, empty, len(pairs))
	if failed*100 > int(*countFlag) {
		t.Errorf("%d of %d statements failed", failed, *countFlag)
	}
	if empty*2 > ran {
		t.Errorf("%d of %d statements found nothing", empty, ran)
	}
	checkConstructs(t, pairs)
}

// checkConstructs makes sure that what the generator promises occurs, and on how
// many types the plain comparisons do.
func checkConstructs(t *testing.T, pairs map[Pair]bool) {
	t.Helper()
	types := map[string]int{}
	for p := range pairs {
		types[p.Construct]++
	}
	for _, c := range strings.Fields(`
		select case coalesce cast function condition derived values limit offset limit_inner order order_total not
		join_inner join_left join_right join_full join_semi join_anti join_cross join_self join_theta join_not_distinct
		group_by rollup cube grouping_sets having count count_distinct sum avg min max bool_aggregate string_agg list arg_min aggregate_filter
		like not_like ilike like_escape starts_with filter_lower filter_length filter_regexp filter_extract filter_columns filter_expression
		distinct union union_all except except_all intersect intersect_all
		in_subquery not_in_subquery exists not_exists scalar_subquery filter_scalar_subquery correlated quantified
		row_number rank ntile lag first_value window_min window_count window_sum window_partition qualify
		cte_once cte_twice cte_recursive`) {
		if types[c] == 0 {
			t.Errorf("no statement has %s", c)
		}
	}
	for _, c := range strings.Fields("filter_eq filter_ne filter_lt filter_le filter_gt filter_ge in_list not_in_list between is_null not_null join_inner group_by order min max in_subquery") {
		if types[c] < 12 {
			t.Errorf("%s occurs with %d types", c, types[c])
		}
	}
}

func TestGenerationIsRepeatable(t *testing.T) {
	a, b := NewGenerator(7, testTables(7)), NewGenerator(7, testTables(7))
	b.Statement(3)
	seen := map[string]bool{}
	for n := range uint64(50) {
		x, y := a.Statement(n), b.Statement(n)
		if x.SQL != y.SQL || cmp.Diff(x.Pairs, y.Pairs) != "" {
			t.Fatalf("statement %d: %s\n%s", n, x.SQL, y.SQL)
		}
		seen[x.SQL] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d different statements of 50", len(seen))
	}
	if x := NewGenerator(8, testTables(7)).Statement(0); x.SQL == a.Statement(0).SQL {
		t.Error("the seed makes no difference")
	}
}
