// Package rules holds the planner's rules, one in a file, and the order in which
// they run. A rule gives another tree with the same answer; after each, Run checks
// that the tree is whole, that its output is the same, and that it reads no base
// column that the statement did not read when it was bound.
package rules

import (
	"fmt"

	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// Rule makes a tree cheaper without changing its answer.
type Rule struct {
	Name string // of its file
	// Late rules look at parameters' values: they run for every execution, the others
	// when the statement is prepared.
	Late  bool
	Apply func(c *Context) (ir.Node, error)
}

// Context is what a rule sees. It gives the new root, or c.Plan.Root when it has
// nothing to do; the plan itself is changed by Run alone.
type Context struct {
	Plan *ir.Plan
	// Dialect gives a source's dialect, nil for one to which nothing can be sent.
	// Early rules do not use it.
	Dialect func(source string) dialect.Dialect
}

// Run applies rules to the plan in their order, leaving out those that are off. It
// gives the names of the rules that changed something.
func Run(c *Context, list []Rule, off map[string]bool) ([]string, error) {
	allowed, output := ir.Reads(c.Plan.Root), c.Plan.Root.Output()
	var fired []string
	for _, r := range list {
		if off[r.Name] {
			continue
		}
		root, err := r.Apply(c)
		if err != nil {
			return fired, fmt.Errorf("rule %s: %w", r.Name, err)
		}
		if root == c.Plan.Root {
			continue
		}
		fired = append(fired, r.Name)
		c.Plan.Root = root
		if err := check(root, output, allowed); err != nil {
			return fired, fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	return fired, nil
}

func check(root ir.Node, output []ir.Column, allowed map[ir.Base]bool) error {
	if err := ir.Check(root); err != nil {
		return err
	}
	now := root.Output()
	if len(now) != len(output) {
		return fmt.Errorf("%d columns became %d", len(output), len(now))
	}
	for i := range now {
		if !now[i].Type.Equal(output[i].Type) {
			return fmt.Errorf("column %d was a %s and became a %s", i+1, output[i].Type, now[i].Type)
		}
	}
	for b := range ir.Reads(root) {
		if !allowed[b] {
			return fmt.Errorf("column %d of reference %d is read, and was not when the statement was bound", b.Position+1, b.Ref)
		}
	}
	return nil
}
