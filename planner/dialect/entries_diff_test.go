//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// TestEntries: whatever an exact entry computes, the source computes as DuckDB: of all
// pairs of edge values the same values, of the type that DuckDB binds, and an error for
// the same rows.
func TestEntries(t *testing.T) {
	for _, engine := range []string{"postgres", "mysql", "sqlite", "duckdb"} {
		t.Run(engine, func(t *testing.T) {
			w := edgeWorld(t, engine)
			l := &entryLab{world: w, engine: engine, b: newBuilder(w.tables)}
			l.scan = l.b.scan("edges")
			for _, e := range dialect.Entries(w.dialect) {
				if e.Verdict != dialect.Exact || e.Text == "" && (len(e.Args) == 0 || len(e.Args[0]) > len(elsewhere)+10 || e.Any || e.Names == "NOT" || e.Names == "CASE") {
					continue // the trees have the parts of SQL that are of no type
				}
				for _, name := range strings.Split(e.Names, ", ") {
					if e.Text == "" {
						l.part(t, e, name)
					} else {
						l.entry(t, e, name)
					}
				}
			}
			t.Run("cases", l.cases)
			t.Run("within", l.within)
			t.Run("nested", l.nested)
			t.Run("unread", l.unread)
		})
	}
}

type entryLab struct {
	*world
	engine string
	b      *builder
	scan   *ir.Scan
	seen   int
}

// constantsFor are the arguments of which an entry asks that they are constant, by what
// it says of them.
var constantsFor = map[string][]int64{
	"a constant divisor other than 0 and -1":                                     {1, 2, -2, 3, 7, 127, -128},
	"a constant place from 1 on and a constant length, each up to 1,000,000,000": {1, 2, 3, 1_000_000_000},
	"a constant length up to 1,000,000,000":                                      {0, 1, 2, 1_000_000_000},
	"a constant number of places from 0 to 38":                                   {0, 1, 2, 3, 38},
}

// entry tries all that an entry takes.
func (l *entryLab) entry(t *testing.T, e dialect.Entry, name string) {
	t.Run(fmt.Sprintf("%s(%v) %s", name, e.Args, e.To), func(t *testing.T) {
		l.seen = 0
		for _, args := range l.arguments(t, e) {
			for _, x := range l.calls(t, e, name, args) {
				l.try(t, e.NeverFails, x)
			}
		}
		if l.seen == 0 {
			t.Error("no arguments: the entry is not tried")
		}
	})
}

// arguments gives the lists of arguments that an entry is tried with.
func (l *entryLab) arguments(t *testing.T, e dialect.Entry) [][]ir.Expr {
	kinds := e.Args
	if e.Any {
		kinds = []dialect.Kinds{e.Args[0], e.Args[0], e.Args[0]}
	}
	var out [][]ir.Expr
	if strings.Contains(e.Only, "so small") {
		small := func(name string) ir.Expr {
			return &ir.Func{Name: "%", List: []ir.Expr{col(l.scan, name), number(1000)}, Typ: whole}
		}
		return [][]ir.Expr{{small("a_l"), small("b_l")}, {small("a_l"), number(7)}}
	}
	for _, edge := range edgesOf[l.engine] {
		if !slices.Contains(kinds[0], edge.kind) {
			continue
		}
		a := col(l.scan, "a_"+edge.name)
		lists := [][]ir.Expr{{a}}
		for i, k := range kinds[1:] {
			var next [][]ir.Expr
			for _, list := range lists {
				for _, x := range l.argument(t, e, edge, k, i+1) {
					next = append(next, append(slices.Clone(list), x))
				}
			}
			lists = next
		}
		out = append(out, lists...)
		if e.Any {
			out = append(out, []ir.Expr{a, col(l.scan, "b_"+edge.name)})
		}
	}
	for _, k := range kinds[0] {
		if !slices.ContainsFunc(edgesOf[l.engine], func(e edge) bool { return e.kind == k }) {
			t.Errorf("no values of %s", catalog.Type{Kind: k}.DuckDB())
		}
	}
	return out
}

func (l *entryLab) argument(t *testing.T, e dialect.Entry, first edge, k dialect.Kinds, at int) []ir.Expr {
	if values, ok := constantsFor[e.Only]; ok {
		typ := kind(catalog.Int64)
		switch {
		case len(k) > 1 && e.Args[0].String() == k.String(): // the type of the first argument
			typ = kind(first.kind)
		case len(k) > 1:
			typ = kind(catalog.Int32)
		}
		var out []ir.Expr
		for _, v := range values {
			out = append(out, &ir.Const{Value: catalog.Value{Type: typ, V: v}})
		}
		return out
	}
	if e.Only != "" && !strings.Contains(e.Only, "digits") && !strings.Contains(e.Only, "PostgreSQL's first day") && !strings.Contains(e.Only, "so small") {
		t.Fatalf("no arguments are known for %q", e.Only)
	}
	b := col(l.scan, "b_"+first.name)
	out := []ir.Expr{b}
	switch {
	case first.kind == catalog.Decimal && !e.Any:
		for _, other := range edgesOf[l.engine] {
			if other.kind == catalog.Decimal && other.name != first.name {
				out = append(out, col(l.scan, "b_"+other.name))
			}
		}
		one := catalog.DecimalOf(16, 2)
		out = append(out, &ir.Const{Value: catalog.Value{Type: one, V: "1.00"}})
	case first.kind == catalog.Text && at == 2:
		out = []ir.Expr{col(l.scan, "a_"+first.name), lit(b, "中"), lit(b, "")}
	case first.kind == catalog.Text:
		out = append(out, lit(b, "a"), lit(b, "中"))
	}
	return out
}

// castTargets are the types that casts are tried to.
var castTargets = []catalog.Type{
	kind(catalog.Int8), kind(catalog.Int16), kind(catalog.Int32), kind(catalog.Int64), kind(catalog.Text), kind(catalog.Date), kind(catalog.Timestamp),
	catalog.DecimalOf(5, 0), catalog.DecimalOf(5, 2), catalog.DecimalOf(10, 1), catalog.DecimalOf(14, 1), catalog.DecimalOf(18, 2), catalog.DecimalOf(20, 4), catalog.DecimalOf(38, 0), catalog.DecimalOf(38, 6),
}

// calls makes what an entry stands for, with the types that DuckDB binds.
func (l *entryLab) calls(t *testing.T, e dialect.Entry, name string, args []ir.Expr) []ir.Expr {
	switch name {
	case "CAST":
		var out []ir.Expr
		for _, to := range castTargets {
			if slices.Contains(e.To, to.Kind) && !to.Equal(args[0].Type()) {
				out = append(out, &ir.Cast{Arg: args[0], Typ: to})
			}
		}
		return out
	case "COALESCE":
		return []ir.Expr{&ir.Coalesce{List: args}}
	}
	if (name == "+" || name == "-") && len(args) == 2 && args[0].Type().Scale != args[1].Type().Scale {
		return nil // DuckDB gives them as many places first, by a cast
	}
	f := &ir.Func{Name: name, List: args}
	if function, word, ok := strings.Cut(name, " "); ok {
		f.Name, f.List = function, append([]ir.Expr{lit(&ir.Ref{Typ: text}, word)}, args...)
	}
	typ, ok := l.bound(t, f)
	if !ok {
		return nil
	}
	f.Typ = typ
	if !slices.Contains(e.To, typ.Kind) && e.To != nil {
		return nil
	}
	out := []ir.Expr{f}
	if strings.Contains("+-*", name) && len(args) == 2 && typ.Kind == catalog.Decimal {
		wide := *f // as DuckDB binds it: arguments of the result's width
		wide.List = nil
		for _, a := range args {
			scale := a.Type().Scale
			if name != "*" {
				scale = typ.Scale
			}
			wide.List = append(wide.List, &ir.Cast{Arg: a, Typ: catalog.DecimalOf(typ.Precision, scale)})
		}
		out = append(out, &wide)
	}
	return out
}

var decimalName = regexp.MustCompile(`^DECIMAL\((\d+),(\d+)\)$`)

// bound gives the type that DuckDB binds an expression with; false where it binds none.
func (l *entryLab) bound(t *testing.T, e ir.Expr) (catalog.Type, bool) {
	t.Helper()
	rows, err := l.ask(t, "SELECT column_type FROM (DESCRIBE SELECT "+naiveExpr(e)+" AS x FROM ("+naive(l.only(e))+"))")
	if err != nil || len(rows) == 0 {
		return catalog.Type{}, false
	}
	return typeNamed(fmt.Sprint(rows[0][0]))
}

func typeNamed(name string) (catalog.Type, bool) {
	if m := decimalName.FindStringSubmatch(name); m != nil {
		p, _ := strconv.Atoi(m[1])
		s, _ := strconv.Atoi(m[2])
		return catalog.DecimalOf(int32(p), int32(s)), true
	}
	for k := catalog.Bool; k < catalog.Null; k++ {
		if k != catalog.Decimal && k != catalog.List && k != catalog.Struct && k != catalog.Map && kind(k).DuckDB() == name {
			return kind(k), true
		}
	}
	return catalog.Type{}, false
}

// ask runs a statement in the DuckDB.
func (l *entryLab) ask(t *testing.T, sql string) ([][]any, error) {
	stmt, err := l.local.Prepare(t.Context(), sql)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	r, err := stmt.Stream(t.Context(), nil, duck.StreamOptions{Alloc: l.alloc, Rows: 1000, Bytes: 1 << 20})
	if err != nil {
		return nil, err
	}
	defer r.Release()
	return cells(r)
}

// failing gives the rows for which DuckDB cannot compute e. Of a nested expression it
// does not look for those row by row.
func (l *entryLab) failing(t *testing.T, e ir.Expr, nested bool) ([]any, bool) {
	t.Helper()
	scan := l.only(e)
	sql := "SELECT c1 FROM (" + naive(scan) + ") WHERE TRY(CASE WHEN " + naiveExpr(e) + " IS NULL THEN 1 ELSE 2 END) IS NULL ORDER BY 1"
	rows, err := l.ask(t, sql)
	if err != nil { // there are errors that TRY lets pass
		if nested {
			return nil, false
		}
		rows = nil
		for _, r := range l.rows(t) {
			if _, err := l.ask(t, fmt.Sprintf("SELECT %s FROM (%s) WHERE c1 = %v", naiveExpr(e), naive(scan), r[0])); err != nil {
				rows = append(rows, r)
			}
		}
	}
	var out []any
	for _, r := range rows {
		out = append(out, r[0])
	}
	return out, true
}

// only gives the scan of no more columns than e reads, and the key.
func (l *entryLab) only(e ir.Expr) *ir.Scan {
	s, read := *l.scan, ir.RefsOf(e)
	s.Columns = nil
	for i, c := range l.scan.Columns {
		if i == 0 || read[c.ID] {
			s.Columns = append(s.Columns, c)
		}
	}
	return &s
}

// try compares e over all rows, as a key of groups, which may fail, and if it never
// fails as a column and in conditions.
func (l *entryLab) try(t *testing.T, neverFails bool, e ir.Expr) {
	t.Helper()
	l.seen++
	bad, ok := l.failing(t, e, strings.HasSuffix(t.Name(), "/nested"))
	if !ok {
		return
	}
	if neverFails && len(bad) > 0 {
		t.Errorf("%s: never fails, and fails for row %v", ir.ExprText(e, ir.Exactly), bad[0])
		return
	}
	scan := l.only(e)
	key := col(scan, "id")
	var good ir.Node = scan
	if len(bad) > 0 {
		if len(bad) == len(l.rows(t)) { // date_trunc of the greatest date of a column's statistics
			return
		}
		out := in(key, bad...)
		out.Negated = true
		good = ir.Where(scan, out)
	}
	tree := func(n ir.Node) ir.Node { return l.grouped(n, e) }
	if ok, why := exact(l.dialect, tree(good)); !ok {
		if e.Type().Kind == catalog.Int8 || e.Type().Kind == catalog.Int16 || e.Type().Kind == catalog.Int32 {
			tree = func(n ir.Node) ir.Node { return l.b.group(n, []ir.Expr{key}, agg("sum", e)) }
			ok, why = exact(l.dialect, tree(good))
		}
		if !ok {
			if !strings.Contains(why, "only with") && !strings.Contains(why, "say nothing") {
				t.Errorf("%s is not sent: %s", ir.ExprText(e, ir.Exactly), why)
			}
			l.seen--
			return
		}
	}
	l.check(t, tree(good))
	for i, k := range bad {
		if i >= 4 && i < len(bad)-2 {
			continue
		}
		n := tree(ir.Where(scan, eq(key, lit(key, k))))
		if rows, s, err := l.answer(t.Context(), n); err == nil {
			t.Errorf("row %v: %s is an error here, and %v at the source: %s %v", k, ir.ExprText(e, ir.Exactly), rows, s.SQL, s.Values)
		}
	}
	if neverFails {
		l.steady(t, e)
	}
}

func (l *entryLab) rows(t *testing.T) [][]any {
	rows, err := l.ask(t, naive(l.b.project(l.scan, false, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (l *entryLab) grouped(n ir.Node, e ir.Expr) ir.Node {
	g := l.b.group(n, []ir.Expr{col(l.scan, "id")})
	g.Groups = append(g.Groups, ir.Assign{Column: l.b.plan.NewColumn("x", e.Type()), Expr: e})
	return g
}

// steady compares what never fails as a column that is handed on and as a condition.
func (l *entryLab) steady(t *testing.T, e ir.Expr) {
	t.Helper()
	scan := l.only(e)
	p := l.b.project(scan, false, 0)
	p.Cols = append(p.Cols, ir.Assign{Column: l.b.plan.NewColumn("x", e.Type()), Expr: e})
	if ok, _ := exact(l.dialect, p); ok {
		l.check(t, p)
	}
	values, err := l.ask(t, "SELECT DISTINCT "+naiveExpr(e)+" AS x FROM ("+naive(scan)+") WHERE x IS NOT NULL ORDER BY 1 LIMIT 3")
	if err != nil {
		t.Fatal(err)
	}
	ids := l.b.project(scan, false, 0)
	sent := 0
	for _, r := range values {
		v, ok := constantOf(e.Type(), r[0])
		if !ok {
			continue
		}
		for _, op := range []ir.CompareOp{ir.Eq, ir.Lt} {
			cond := cmpr(op, e, lit(e, v))
			if verdict, _ := l.dialect.Condition(cond, dialect.Places(scan)); verdict == dialect.Exact {
				sent++
				l.check(t, ids.With([]ir.Node{ir.Where(scan, cond)}))
				l.check(t, ids.With([]ir.Node{ir.Where(scan, not(cond))}))
			}
		}
	}
	if sent == 0 && len(values) > 0 {
		t.Errorf("%s: no condition is sent", ir.ExprText(e, ir.Exactly))
	}
}

// constantOf gives a cell as a constant.
func constantOf(t catalog.Type, cell any) (any, bool) {
	switch v := cell.(type) {
	case int64:
		return v, true
	case string:
		return v, t.Kind == catalog.Text || t.Kind == catalog.Decimal
	}
	return nil, false
}

// cases tries CASE over each type, with conditions that are NULL and with values that
// may fail where they are not due.
func (l *entryLab) cases(t *testing.T) {
	for _, edge := range edgesOf[l.engine] {
		a, b := col(l.scan, "a_"+edge.name), col(l.scan, "b_"+edge.name)
		whole := col(l.scan, "a_l")
		for _, when := range []ir.Expr{cmpr(ir.Gt, whole, lit(whole, int64(0))), null(whole), cmpr(ir.Eq, a, b), not(cmpr(ir.Lt, whole, lit(whole, int64(7))))} {
			for _, other := range []ir.Expr{b, lit(a, nil)} {
				l.try(t, true, &ir.Case{When: []ir.Expr{when}, Then: []ir.Expr{a}, Else: other, Typ: a.Typ})
			}
		}
	}
	if l.seen == 0 {
		t.Error("no CASE is tried")
	}
	a, b := col(l.scan, "a_l"), col(l.scan, "b_l")
	small := and(cmpr(ir.Lt, a, lit(a, int64(100))), cmpr(ir.Gt, a, lit(a, int64(-100))), cmpr(ir.Lt, b, lit(b, int64(100))), cmpr(ir.Gt, b, lit(b, int64(-100))))
	product := &ir.Func{Name: "*", List: []ir.Expr{a, b}, Typ: a.Typ}
	if l.engine != "sqlite" {
		l.try(t, false, &ir.Case{When: []ir.Expr{small}, Then: []ir.Expr{product}, Else: lit(a, int64(0)), Typ: a.Typ})
		l.try(t, false, &ir.Case{When: []ir.Expr{not(small)}, Then: []ir.Expr{product}, Else: lit(a, int64(0)), Typ: a.Typ})
	}
}

// within tries a sum that does not fit where another value hides it: the source must
// find that itself, because what comes of it fits again.
func (l *entryLab) within(t *testing.T) {
	a, b := col(l.scan, "a_total"), col(l.scan, "b_total")
	sum := &ir.Func{Name: "+", List: []ir.Expr{a, b}, Typ: a.Typ}
	back := &ir.Func{Name: "-", List: []ir.Expr{sum, b}, Typ: a.Typ}
	if bad, ok := l.failing(t, sum, false); !ok || len(bad) == 0 {
		t.Fatal("no sum is too large")
	}
	l.try(t, false, back)
}

// unread tries columns that have a value of their own, which is sent, and that nobody reads.
func (l *entryLab) unread(t *testing.T) {
	one := func() ir.Node {
		p := l.b.project(l.only(col(l.scan, "a_l")), false)
		a := col(l.scan, "a_l")
		p.Cols = append(p.Cols, ir.Assign{Column: l.b.plan.NewColumn("x", a.Typ), Expr: lit(a, int64(7))})
		return p
	}
	for _, n := range []ir.Node{one(), l.b.project(one(), true, 0)} {
		if ok, _ := exact(l.dialect, n); !ok {
			continue
		}
		l.check(t, l.b.group(n, nil, agg("count_star")))
		l.seen++
	}
	if l.seen == 0 {
		t.Fatal("no constant is sent")
	}
	other := l.b.scan("edges", "id")
	for _, k := range []ir.JoinKind{ir.Semi, ir.Anti} {
		right := one().(*ir.Project)
		key := right.Input.(*ir.Scan).Columns[0]
		right.Cols = append(right.Cols, ir.Assign{Column: key.Column, Expr: key.Ref()})
		n := &ir.Join{Kind: k, Left: other, Right: right, On: []ir.Expr{eq(col(other, "id"), key.Ref())}}
		if ok, _ := exact(l.dialect, n); ok {
			l.check(t, n)
		}
	}
	// Above an order there is no place for a level, and nothing is sent.
	sorted := one().(*ir.Project)
	key := sorted.Input.(*ir.Scan).Columns[0]
	sorted.Cols = append(sorted.Cols, ir.Assign{Column: key.Column, Expr: key.Ref()})
	n := &ir.Project{Input: &ir.Sort{Input: sorted, Keys: []ir.Key{{Expr: key.Ref()}}}, Cols: []ir.Assign{{Column: key.Column, Expr: key.Ref()}}}
	if s, err := l.dialect.Statement(n); err == nil {
		t.Errorf("%d values for %s", len(s.Values), s.SQL)
	}
}

// nested tries entries within entries.
func (l *entryLab) nested(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	var exacts []dialect.Entry
	for _, e := range dialect.Entries(l.dialect) {
		if e.Verdict == dialect.Exact && e.Text != "" {
			exacts = append(exacts, e)
		}
	}
	sent := 0
	for range 120 {
		e := l.random(t, r, exacts, 2)
		if e == nil {
			continue
		}
		if ok, _ := exact(l.dialect, l.grouped(l.scan, e)); !ok {
			continue
		}
		sent++
		l.try(t, false, e)
	}
	t.Logf("%d expressions", sent)
	if sent < 60 {
		t.Errorf("only %d expressions were sent", sent)
	}
}

func (l *entryLab) random(t *testing.T, r *rand.Rand, exacts []dialect.Entry, depth int) ir.Expr {
	e := exacts[r.IntN(len(exacts))]
	lists := l.arguments(t, e)
	if len(lists) == 0 {
		return nil
	}
	args := slices.Clone(lists[r.IntN(len(lists))])
	for i, a := range args {
		if _, ok := a.(*ir.Ref); !ok || depth == 0 || r.IntN(3) == 0 {
			continue
		}
		for range 4 {
			inner := l.random(t, r, exacts, depth-1)
			if inner != nil && inner.Type().Equal(a.Type()) {
				args[i] = inner
				break
			}
		}
	}
	names := strings.Split(e.Names, ", ")
	calls := l.calls(t, e, names[r.IntN(len(names))], args)
	if len(calls) == 0 {
		return nil
	}
	return calls[r.IntN(len(calls))]
}
