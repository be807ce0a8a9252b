package planner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/policy"
)

// guards puts a guard before every table of another snapshot.
type guards struct {
	policy.Snapshot
	guard *policy.Guard
}

func (g guards) Identity() string { return fmt.Sprintf("%s, %+v", g.Snapshot.Identity(), *g.guard) }

func (g guards) Resolve(path []string) (*policy.Resource, bool) {
	r, ok := g.Snapshot.Resolve(path)
	if !ok {
		return nil, false
	}
	guarded := *r
	guarded.Guard = g.guard
	guarded.Columns = append([]catalog.Column{}, r.Columns...)
	for i, c := range guarded.Columns {
		if _, ok := g.guard.Masks[c.Name]; ok {
			guarded.Columns[i].Type = catalog.Type{Kind: catalog.Text}
		}
	}
	return &guarded, true
}

// A row filter and a mask survive every rule: each case shows the tree after all of
// them, what each source is asked, and the text that the residual is. Below a barrier
// stands nothing of the statement but what cannot fail.
func TestGuardsInPlans(t *testing.T) {
	datadriven.RunTest(t, "testdata/guards", func(t *testing.T, d *datadriven.TestData) string {
		guard := &policy.Guard{Masks: map[string]string{}}
		sql := d.Input
		world := plantest.Fixed(t)
		for strings.HasPrefix(sql, "filter ") || strings.HasPrefix(sql, "mask ") || strings.HasPrefix(sql, "lookup ") {
			line, rest, _ := strings.Cut(sql, "\n")
			kind, text, _ := strings.Cut(line, " ")
			switch kind {
			case "filter":
				guard.RowFilter = text
			case "lookup":
				guard.Lookups = map[string]*policy.Resource{text: lookupIn(t, world, text)}
			default:
				name, expression, _ := strings.Cut(text, " ")
				guard.Masks[name] = expression
			}
			sql = rest
		}
		p, snapshot := world.Planner(), guards{world.Snapshot(), guard}
		if d.Cmd == "text" {
			p = p.ByText()
		}
		s, err := p.Prepare(t.Context(), sql, snapshot, planner.Options{})
		if err != nil {
			t.Fatalf("%s: %v (%s)", d.Input, err, errs.From(err).Detail)
		}
		plan, err := s.Plan(t.Context(), nil)
		if err != nil {
			t.Fatalf("%s: %v (%s)", d.Input, err, errs.From(err).Detail)
		}
		return shown(plan)
	})
}

// lookupIn gives a table of the schema s as one that row filters look values up in.
func lookupIn(t *testing.T, world *plantest.World, name string) *policy.Resource {
	t.Helper()
	r, ok := world.Snapshot().Resolve([]string{"s", name})
	if !ok {
		t.Fatalf("no table s.%s", name)
	}
	table := *r
	table.Guard = nil
	return &table
}

// shown prints a plan with everything that runs.
func shown(p *planner.Plan) string {
	var b strings.Builder
	if tree := p.Tree(); tree != nil {
		b.WriteString(ir.Text(tree, ir.Exactly))
	} else {
		b.WriteString("by text: " + p.Fallback + "\n")
	}
	var streams func(list []*planner.Stream, indent string)
	streams = func(list []*planner.Stream, indent string) {
		for i, s := range list {
			if s.Stage != nil {
				fmt.Fprintf(&b, "%sstream %d is a stage: %s\n", indent, i+1, s.Stage.Text)
				streams(s.Stage.Streams, indent+"  ")
				continue
			}
			fmt.Fprintf(&b, "%sstream %d at %s: %s %v\n", indent, i+1, s.Source, s.SQL, valuesOf(s.Values))
		}
	}
	streams(p.Streams, "")
	if p.Straight {
		b.WriteString("straight\n")
	} else {
		b.WriteString("here: " + p.Text + "\n")
	}
	return b.String()
}

func valuesOf(values []catalog.Value) []any {
	var out []any
	for _, v := range values {
		out = append(out, v.V)
	}
	return out
}
