// Package rules holds the planner's rules, one in a file, and the order in which
// they run. A rule gives another tree with the same answer; after each there is a check
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
	Late bool
	// Last rules are late ones that run once, when the others have nothing left to do:
	// they shape what stays here, and nothing goes to a source after them.
	Last  bool
	Apply func(c *Context) (ir.Node, error)
}

// Context is what a rule sees. Apply gives the new root, or c.Plan.Root when it has
// nothing to do; the plan's root is changed by who runs it.
type Context struct {
	Plan *ir.Plan
	// Dialect gives a source's dialect, nil for one to which nothing can be sent.
	// Early rules do not use it.
	Dialect func(source string) dialect.Dialect
	noted   []noted // what the sources were asked to take, and the answers
	// Err tells between two rules that nobody waits for the plan any more, as a
	// context's Err does. It may be nil.
	Err func() error
}

// Note says whether a condition or an operator over a Remote went to its source.
type Note struct {
	Scan    ir.ColID // the first column of the Remote's first scan: tells whose note it is
	What    string   // printed, without values
	Verdict dialect.Verdict
	Reason  string // in words; empty for exact
}

// noted is a note that is printed when somebody asks for it: an ir.Expr or an ir.Node.
type noted struct {
	scan    ir.ColID
	what    any
	verdict dialect.Verdict
	reason  string
}

func (c *Context) note(scan ir.ColID, what any, v dialect.Verdict, reason string) {
	c.noted = append(c.noted, noted{scan, what, v, reason})
}

// Notes gives the first note of each condition and operator over the Remote of a scan.
func (c *Context) Notes() []Note {
	type key struct {
		scan ir.ColID
		what string
	}
	var out []Note
	seen := map[key]bool{}
	for _, n := range c.noted {
		note := Note{Scan: n.scan, Verdict: n.verdict, Reason: n.reason}
		switch what := n.what.(type) {
		case ir.Expr:
			note.What = ir.ExprText(what, ir.Redacted)
		case ir.Node:
			note.What = ir.Line(what, ir.Redacted)
		}
		if k := (key{note.Scan, note.What}); !seen[k] {
			seen[k] = true
			out = append(out, note)
		}
	}
	return out
}

// firstScan gives the first column of the first scan of a tree; 0 where there is none.
func firstScan(n ir.Node) ir.ColID {
	if s, ok := n.(*ir.Scan); ok {
		return s.Columns[0].ID
	}
	for _, in := range n.Inputs() {
		if id := firstScan(in); id != 0 {
			return id
		}
	}
	return 0
}

// maxRounds bounds how often the late rules are repeated: a tree of more levels
// keeps its upper ones here.
const maxRounds = 12

// RunLate applies the late rules of the list again and again until none has
// anything to do: what moved to a source lets what stands above it move too. Then it
// applies the last rules.
func RunLate(c *Context, list []Rule, off map[string]bool) ([]string, error) {
	var late, last []Rule
	for _, r := range list {
		switch {
		case r.Last:
			last = append(last, r)
		case r.Late:
			late = append(late, r)
		}
	}
	var fired []string
	for range maxRounds {
		now, err := run(c, late, off)
		if err != nil {
			return fired, err
		}
		if len(now) == 0 {
			break
		}
		fired = append(fired, now...)
	}
	now, err := run(c, last, off)
	return append(fired, now...), err
}

// RunEarly applies the rules of the list that do not look at values, each once.
func RunEarly(c *Context, list []Rule, off map[string]bool) ([]string, error) {
	var early []Rule
	for _, r := range list {
		if !r.Late {
			early = append(early, r)
		}
	}
	return run(c, early, off)
}

// run applies rules to the plan in their order, leaving out those that are off. It
// gives the names of the rules that changed something.
func run(c *Context, list []Rule, off map[string]bool) ([]string, error) {
	must := mustStay(c.Plan.Root)
	var fired []string
	for _, r := range list {
		if off[r.Name] {
			continue
		}
		if c.Err != nil {
			if err := c.Err(); err != nil {
				return fired, err
			}
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
		if err := must.check(root); err != nil {
			return fired, fmt.Errorf("rule %s: %w", r.Name, err)
		}
	}
	return fired, nil
}

// invariant is what no rule may change of a tree.
type invariant struct {
	output  []ir.Column
	allowed map[ir.Base]bool // base columns that may be read
}

func mustStay(root ir.Node) invariant {
	return invariant{output: root.Output(), allowed: ir.Reads(root)}
}

// check looks at the tree that a rule gave.
func (must invariant) check(root ir.Node) error {
	if err := ir.Check(root); err != nil {
		return err
	}
	now := root.Output()
	if len(now) != len(must.output) {
		return fmt.Errorf("%d columns became %d", len(must.output), len(now))
	}
	for i := range now {
		if was := must.output[i].Type; !now[i].Type.Equal(was) {
			return fmt.Errorf("column %d was a %s and became a %s", i+1, was, now[i].Type)
		}
	}
	if b, more := ir.ReadsMore(root, must.allowed); more {
		return fmt.Errorf("column %d of reference %d is read, and was not when the statement was bound", b.Position+1, b.Ref)
	}
	return nil
}
