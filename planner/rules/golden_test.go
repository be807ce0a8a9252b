package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/residual"
	"github.com/lianji/lianji/planner/rules"
)

// A case of a rule's golden is a statement over the fixed schema:
//
//	rule expect=<rule>      the rule of the file fires; expect=(a,b) names further ones
//	rule expect-not=<rule>  it does not, and stands in the way of nothing
//	     disable=<rule>     left out of the list
//	     params=(1,x)       values of the parameters: the late rules run as well
//	     late               the late rules run although there are no parameters
//	     ordered            the rows are compared in their order
//	     barrier            every scan stands below a Barrier with a row filter
//
// It prints the tree before and after the first time that the file's rule fires, or
// the tree as it was left to it, the last tree where late rules ran, and all rules
// that fired. Where it fires, the
// statement, the tree before, the tree after and the last tree are run over the
// rows of plantest.DDL and must give the same.
func TestGoldens(t *testing.T) {
	db := data(t)
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "rule" {
				d.Fatalf(t, "unknown command %s", d.Cmd)
			}
			return golden(t, db, filepath.Base(path), d)
		})
	})
}

func listed(d *datadriven.TestData, key string) []string {
	arg, ok := d.Arg(key)
	if !ok {
		return nil
	}
	return arg.Vals
}

func golden(t *testing.T, db *oracle.Reference, rule string, d *datadriven.TestData) string {
	t.Helper()
	w := &watch{rule: rule, plan: plantest.Logical(t, d.Input).Clone(), off: map[string]bool{}}
	for _, name := range listed(d, "disable") {
		w.off[name] = true
	}
	if d.HasArg("barrier") {
		w.plan.Root = governed(w.plan.Root)
	}
	bound := w.plan.Root
	w.run(t, false)
	if params := listed(d, "params"); params != nil || d.HasArg("late") {
		w.plan.Root = given(t, w.plan.Root, params)
		bound = given(t, bound, params)
		w.run(t, true)
	}

	var out strings.Builder
	expect, not := listed(d, "expect"), listed(d, "expect-not")
	if slices.Contains(expect, rule) == slices.Contains(not, rule) {
		d.Fatalf(t, "expect or expect-not must name %s", rule)
	}
	for _, name := range expect {
		if !slices.Contains(w.fired, name) {
			t.Errorf("%s: %s does not fire", d.Pos, name)
		}
	}
	for _, name := range not {
		if slices.Contains(w.fired, name) {
			t.Errorf("%s: %s fires", d.Pos, name)
		}
	}
	if w.last == nil {
		d.Fatalf(t, "%s is not in the list", rule)
	}
	if w.before == nil {
		fmt.Fprintf(&out, "%s", ir.Text(w.last, ir.Exactly))
	} else {
		fmt.Fprintf(&out, "before\n%safter\n%s", indented(w.before), indented(w.after))
		order := oracle.Order{Total: d.HasArg("ordered")}
		want := answer(t, db, bound)
		for _, root := range []ir.Node{w.before, w.after, w.plan.Root} {
			if err := oracle.Compare(want, answer(t, db, given(t, root, listed(d, "params"))), order); err != nil {
				t.Errorf("%s: %v\n%s", d.Pos, err, ir.Text(root, ir.Exactly))
			}
		}
		if len(listed(d, "params")) == 0 && !d.HasArg("barrier") {
			if err := oracle.Compare(want, renamed(query(t, db, d.Input)), order); err != nil {
				t.Errorf("%s: the statement itself: %v", d.Pos, err)
			}
		}
		fmt.Fprintf(&out, "rows: %d\n", len(want.Rows))
	}
	if d.HasArg("params") || d.HasArg("late") {
		fmt.Fprintf(&out, "in the end\n%s", indented(w.plan.Root))
	}
	if w.fired == nil {
		w.fired = []string{"none"}
	}
	fmt.Fprintf(&out, "fired: %s\n", strings.Join(w.fired, ", "))
	return out.String()
}

// watch runs rules one at a time and keeps the trees around the first time that
// its rule fires.
type watch struct {
	rule                string
	plan                *ir.Plan
	off                 map[string]bool
	before, after, last ir.Node // last: what the rule was given when it did nothing
	fired               []string
}

func (w *watch) run(t *testing.T, late bool) {
	t.Helper()
	c := &rules.Context{Plan: w.plan, Dialect: plantest.Dialect}
	again := true
	for rounds := 0; again && rounds < 12; rounds++ {
		again = false
		for _, r := range rules.List() {
			if r.Late == late && !r.Last {
				again = w.one(t, c, r) && late || again
			}
		}
	}
	for _, r := range rules.List() {
		if late && r.Last {
			w.one(t, c, r)
		}
	}
}

// one runs one rule, and reports whether it fired.
func (w *watch) one(t *testing.T, c *rules.Context, r rules.Rule) bool {
	t.Helper()
	before := w.plan.Root
	fired, err := rules.RunEarly(c, []rules.Rule{{Name: r.Name, Apply: r.Apply}}, w.off)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(w.fired, r.Name) {
		w.fired = append(w.fired, fired...)
	}
	if r.Name == w.rule && w.before == nil {
		w.last = before
		if len(fired) > 0 {
			w.before, w.after = before, w.plan.Root
		}
	}
	return len(fired) > 0
}

// given puts values in the place of parameters.
func given(t *testing.T, root ir.Node, params []string) ir.Node {
	t.Helper()
	if len(params) == 0 {
		return root
	}
	return ir.Transform(root, func(n ir.Node) ir.Node {
		return n.MapExprs(func(e ir.Expr) ir.Expr {
			return ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
				p, ok := x.(*ir.Param)
				if !ok {
					return x
				}
				v, ok := ir.CastValue(catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: params[p.Number-1]}, p.Typ)
				if !ok {
					t.Fatalf("parameter %d as %s", p.Number, p.Typ)
				}
				return &ir.Const{Value: v}
			})
		})
	})
}

// governed puts a border of policy over every scan, with a row filter below it: the
// first column that is a whole number is more than 1.
func governed(root ir.Node) ir.Node {
	return ir.Transform(root, func(n ir.Node) ir.Node {
		s, ok := n.(*ir.Scan)
		if !ok {
			return n
		}
		for _, c := range s.Output() {
			if c.Type.Kind == catalog.Int32 {
				one := &ir.Const{Value: catalog.Value{Type: c.Type, V: int64(1)}}
				return &ir.Barrier{Input: ir.Where(s, &ir.Compare{Op: ir.Gt, Left: c.Ref(), Right: one})}
			}
		}
		return &ir.Barrier{Input: s}
	})
}

func indented(n ir.Node) string {
	return regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(ir.Text(n, ir.Exactly), "  $1")
}

// answer runs a tree, with all its borders open, in one DuckDB.
func answer(t *testing.T, db *oracle.Reference, root ir.Node) oracle.Result {
	t.Helper()
	open := ir.Transform(root, func(n ir.Node) ir.Node {
		switch n := n.(type) {
		case *ir.Barrier:
			return n.Input
		case *ir.Remote:
			return n.Input
		}
		return n
	})
	names := make([]string, len(root.Output()))
	for i := range names {
		names[i] = "c" + strconv.Itoa(i+1)
	}
	text, err := residual.Write(open, names, tables)
	if err != nil {
		t.Fatalf("%v\n%s", err, ir.Text(root, ir.Exactly))
	}
	return renamed(query(t, db, text))
}

// tables gives the rows of a scan of the fixed schema.
func tables(n ir.Node) (string, bool) {
	s, ok := n.(*ir.Scan)
	if !ok {
		return "", false
	}
	items := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		items[i] = catalog.QuoteIdent(c.Base.Name) + " AS " + catalog.QuoteIdent(residual.Name(c.ID))
	}
	return "(SELECT " + strings.Join(items, ", ") + " FROM " + s.Resource + ")", true
}

func query(t *testing.T, db *oracle.Reference, text string) oracle.Result {
	t.Helper()
	res, err := db.Query(t.Context(), text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return res
}

func data(t *testing.T) *oracle.Reference {
	t.Helper()
	db, err := oracle.NewReference(t.Context(), append([]string{"SET threads = 1"}, plantest.DDL()...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Every rule has a file of its name with a comment that shows its two trees, says
// why it is sound and when it must not fire, and a golden with both kinds of cases;
// and there is no golden without its rule.
func TestEveryRuleIsShown(t *testing.T) {
	var names []string
	for _, r := range rules.List() {
		if slices.Contains(names, r.Name) {
			continue
		}
		names = append(names, r.Name)
		source, err := os.ReadFile(r.Name + ".go")
		if err != nil {
			t.Errorf("rule %s has no file of its name", r.Name)
			continue
		}
		comment := docOf(string(source), r.Name)
		for _, part := range []string{"->", "ound", "must not"} {
			if !strings.Contains(comment, part) {
				t.Errorf("rule %s: its comment has no %q", r.Name, part)
			}
		}
		raw, err := os.ReadFile(filepath.Join("testdata", r.Name))
		if err != nil {
			t.Errorf("rule %s has no golden", r.Name)
			continue
		}
		for _, key := range []string{"expect", "expect-not"} {
			if !regexp.MustCompile(`(?m)^rule.* ` + key + `=\(?([a-z_]+, ?)*` + r.Name + `\b`).Match(raw) {
				t.Errorf("rule %s: its golden has no case with %s=%s", r.Name, key, r.Name)
			}
		}
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("golden %s is of no rule in the list", f.Name())
		}
	}
}

// docOf gives the comment over the rule's declaration.
func docOf(source, rule string) string {
	word := regexp.MustCompile(`(?m)^((?://.*\n)+)(?:var|func) (\w+)`)
	for _, m := range word.FindAllStringSubmatch(source, -1) {
		if strings.EqualFold(m[2], strings.ReplaceAll(rule, "_", "")) {
			return m[1]
		}
	}
	return ""
}
