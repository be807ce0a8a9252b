package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
)

// ExplainedResource is what a statement does with a resource, in the view "own".
type ExplainedResource struct {
	Resource   string   `json:"resource"`
	Returned   []string `json:"returned,omitempty"`
	Aggregated []string `json:"aggregated,omitempty"`
	Compared   []string `json:"compared,omitempty"`
	// Asked is what the resource's source was asked to do; left out in a statement that
	// reads anything below a row filter or a mask: what a source can do depends on them.
	Asked []ExplainedVerdict `json:"asked,omitempty"`
	// Keys says of which items values may be sent into the source of which resource, as
	// keys of a join: "item to resource".
	Keys []string `json:"keys_to,omitempty"`
	Note string   `json:"note,omitempty"` // what is not shown and why, in words
}

const atResource = "resource"

// guardedNote is the same for every filter and mask.
const guardedNote = "rows and values pass what its grants say before anything of the statement sees them; what its source does is not shown"

// Explain describes a plan of the statement to whoever may see what their grants open
// and nothing else. It is made of the statement as it was bound: no row filter, mask,
// estimate, source or text for a source is in it, and, where policy stands before
// anything that is read, nothing that depends on them.
func (s *Statement) Explain(p *Plan) *Explanation {
	e := &Explanation{View: viewOwn, Plan: "tree", Nodes: []ExplainedNode{}, Streams: []ExplainedStream{}}
	guarded := slices.ContainsFunc(s.Resources(), func(r *policy.Resource) bool { return r.Guard != nil })
	if s.bound == nil {
		e.Plan, e.Fallback = "text", s.fallback
	} else {
		s.shape(e, s.bound.Root, 0)
	}
	for _, r := range s.Reads() {
		of := ExplainedResource{
			Resource: r.Resource.Name(), Returned: r.Of(Returned), Aggregated: r.Of(Aggregated), Compared: r.Compared(),
		}
		if r.Resource.Guard != nil {
			of.Note = guardedNote
		}
		if !guarded {
			of.Asked = p.askedOf(of.Resource)
		}
		e.Resources = append(e.Resources, of)
	}
	if !guarded {
		s.keysOf(e, p)
	}
	return e
}

// shape lists the nodes of a bound tree down to the resources.
func (s *Statement) shape(e *Explanation, n ir.Node, depth int) {
	line := ExplainedNode{Depth: depth, At: atHere, Rows: -1}
	ref := 0
	switch n := n.(type) {
	case *ir.Scan:
		ref = n.Ref
	case *ir.Barrier:
		ref = s.guardedRef(n)
	default:
		line.Node = ir.Line(n, ir.Redacted)
		e.Nodes = append(e.Nodes, line)
		for _, in := range n.Inputs() {
			s.shape(e, in, depth+1)
		}
		return
	}
	line.At = atResource
	var names []string
	for _, c := range n.Output() {
		names = append(names, fmt.Sprintf("%s#%d", c.Name, c.ID))
	}
	if r := s.resource(ref); r != nil {
		line.Node = r.Name() + ": " + strings.Join(names, ", ")
	}
	e.Nodes = append(e.Nodes, line)
}

// askedOf lists what the source of a resource was asked to do for it.
func (p *Plan) askedOf(resource string) []ExplainedVerdict {
	var out []ExplainedVerdict
	add := func(v ExplainedVerdict) {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if p.tree == nil {
		for _, s := range p.Scans {
			if s.Resource.Name() != resource {
				continue
			}
			for _, j := range s.Where {
				add(ExplainedVerdict{predicateText(j.Predicate), j.Verdict.String(), j.Reason})
			}
		}
		return out
	}
	var notes []rules.Note
	ir.Walk(p.tree, func(n ir.Node) {
		if s, ok := n.(*ir.Scan); ok && s.Resource == resource {
			for _, note := range p.notes() {
				if note.Scan == s.Columns[0].ID {
					notes = append(notes, note)
				}
			}
		}
	})
	for _, n := range notes {
		add(ExplainedVerdict{n.What, n.Verdict.String(), n.Reason})
	}
	return out
}

// keysOf notes whose values may go where.
func (s *Statement) keysOf(e *Explanation, p *Plan) {
	for _, k := range s.Keys(p) {
		for i := range e.Resources {
			of := &e.Resources[i]
			for _, item := range k.Items {
				if item.Resource.Name() != of.Resource {
					continue
				}
				for _, to := range k.To {
					if text := item.Column + " to " + to.Name(); !slices.Contains(of.Keys, text) {
						of.Keys = append(of.Keys, text)
					}
				}
			}
		}
	}
}

// AddOwnRun adds how many rows a statement gave whoever asked. Of what went on below the
// answer nothing is told: neither bytes, because buffers show where rows were put
// together, nor times, for which whoever asks has a clock.
func (e *Explanation) AddOwnRun(m *Measured) {
	e.Ran = &ExplainedRun{ExplainedCounts: ExplainedCounts{Rows: m.Answer.Rows, Bytes: -1, Milliseconds: -1}}
}

func (r ExplainedResource) write(b *strings.Builder) {
	fmt.Fprintf(b, "resource %s\n", r.Resource)
	for _, part := range []struct {
		word string
		list []string
	}{{"returned", r.Returned}, {"aggregated", r.Aggregated}, {"compared", r.Compared}, {"keys may go", r.Keys}} {
		if len(part.list) > 0 {
			fmt.Fprintf(b, "    %s: %s\n", part.word, strings.Join(part.list, ", "))
		}
	}
	for _, a := range r.Asked {
		a.write(b)
	}
	if r.Note != "" {
		fmt.Fprintf(b, "    %s\n", r.Note)
	}
}
