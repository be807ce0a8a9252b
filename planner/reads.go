package planner

import (
	"slices"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/policy"
)

// Read is what a statement reads of one resource, by the names of its columns.
type Read struct {
	Resource *policy.Resource
	Columns  []string // the statement's
	Policy   []string // that only the row filter and the masks look at
}

// Reads lists what the statement reads, a resource once. A statement that runs as it
// was written counts as reading every column that it could name.
func (s *Statement) Reads() []Read {
	var out []Read
	of := map[*policy.Resource]int{}
	at := func(r *policy.Resource) *Read {
		i, ok := of[r]
		if !ok {
			i = len(out)
			of[r] = i
			out = append(out, Read{Resource: r})
		}
		return &out[i]
	}
	for _, ref := range s.refs {
		at(ref.resource)
	}
	if s.logical == nil {
		for _, ref := range s.refs {
			r := at(ref.resource)
			for _, c := range ref.resource.Columns {
				add(&r.Columns, c.Name)
			}
		}
		return out
	}
	guarded := map[*ir.Scan]bool{}
	ir.Walk(s.logical.Root, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Barrier:
			ir.Walk(n.Input, func(below ir.Node) {
				scan, ok := below.(*ir.Scan)
				if !ok || s.resource(scan.Ref) == nil {
					return
				}
				guarded[scan] = true
				r := at(s.resource(scan.Ref))
				for _, c := range n.Output() {
					add(&r.Columns, c.Name)
				}
				for _, c := range scan.Columns {
					if !slices.Contains(r.Columns, c.Base.Name) {
						add(&r.Policy, c.Base.Name)
					}
				}
			})
		case *ir.Scan:
			if r := s.resource(n.Ref); r != nil && !guarded[n] {
				read := at(r)
				for _, c := range n.Columns {
					add(&read.Columns, c.Base.Name)
				}
			}
		}
	})
	return out
}

func add(list *[]string, name string) {
	if !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
}

// Keys lists, for each stream of the plan that is asked for the keys of another, what
// those keys are and where they go.
func (s *Statement) Keys(p *Plan) []KeysTravel {
	var out []KeysTravel
	for _, stream := range p.Streams {
		if stream.Keyed == nil || stream.part == nil || stream.Keyed.By.part == nil {
			continue
		}
		k := KeysTravel{From: s.read(stream.Keyed.By.part), To: s.read(stream.part)}
		if i := stream.Keyed.Column; i < len(stream.Keyed.By.Columns) {
			k.Column = stream.Keyed.By.Columns[i].Name
		}
		out = append(out, k)
	}
	return out
}

// KeysTravel are keys of a join that go from one source to another, where there are few
// enough of them.
type KeysTravel struct {
	Column   string // as the stream that gives them calls it
	From, To []*policy.Resource
}

func (s *Statement) read(n ir.Node) []*policy.Resource {
	var out []*policy.Resource
	ir.Walk(n, func(n ir.Node) {
		if scan, ok := n.(*ir.Scan); ok {
			if r := s.resource(scan.Ref); r != nil && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	})
	return out
}
