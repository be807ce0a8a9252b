package planner

import (
	"slices"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/policy"
)

// Read is what a statement reads of one resource.
type Read struct {
	Resource *policy.Resource
	Items    []ReadItem // that the statement uses, by its own look at the resource
	Policy   []string   // columns that only the row filter and the masks look at
}

// ReadItem is a column that a statement uses, and what for.
type ReadItem struct {
	Name string
	Use  Use
}

// Of lists the columns with one of some uses.
func (r Read) Of(u Use) []string {
	var out []string
	for _, i := range r.Items {
		if i.Use&u != 0 {
			out = append(out, i.Name)
		}
	}
	return out
}

// Compared lists the columns by which the statement filters, joins, groups or sorts.
func (r Read) Compared() []string { return r.Of(compares) }

// Reads lists what the statement reads, a resource once, and what it does with it. A
// statement that runs as it was written counts as using every column that it could name
// for everything. The list is the statement's own, not to be changed.
func (s *Statement) Reads() []Read {
	s.readsOnce.Do(func() { s.reads = s.allReads() })
	return s.reads
}

func (s *Statement) allReads() []Read {
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
	if s.bound != nil {
		if t, ok := trace(s.bound.Root, s.resource); ok {
			for _, i := range t.items {
				if i.use != 0 {
					r := at(i.resource)
					r.Items = append(r.Items, ReadItem{i.name, i.use})
				}
			}
			below := s.bound
			if s.logical != nil { // without the columns that nobody needs
				below = s.logical
			}
			ir.Walk(below.Root, func(n ir.Node) {
				if b, ok := n.(*ir.Barrier); ok {
					s.policyReads(b.Input, at)
				}
			})
			return out
		}
	}
	for i := range out {
		for _, c := range out[i].Resource.Columns {
			out[i].Items = append(out[i].Items, ReadItem{c.Name, everyUse})
		}
	}
	for _, guard := range s.guards {
		s.policyReads(guard.Root, at)
	}
	return out
}

// policyReads notes what a tree of policy scans and is no item that the statement uses
// itself.
func (s *Statement) policyReads(below ir.Node, at func(*policy.Resource) *Read) {
	ir.Walk(below, func(n ir.Node) {
		scan, ok := n.(*ir.Scan)
		if !ok || s.resource(scan.Ref) == nil {
			return
		}
		r := at(s.resource(scan.Ref))
		for _, c := range scan.Columns {
			if !slices.ContainsFunc(r.Items, func(i ReadItem) bool { return i.Name == c.Base.Name }) {
				add(&r.Policy, c.Base.Name)
			}
		}
	})
}

// Lookups lists what policy looks values up in on behalf of the statement, a resource once:
// whoever asks may not be told of it.
func (s *Statement) Lookups() []Read {
	var out []Read
	note := func(scan *ir.Scan) {
		for _, l := range s.lookups {
			if l.number != scan.Ref {
				continue
			}
			at := slices.IndexFunc(out, func(r Read) bool { return r.Resource.Name() == l.resource.Name() })
			if at < 0 {
				at = len(out)
				out = append(out, Read{Resource: l.resource})
			}
			for _, c := range scan.Columns {
				add(&out[at].Policy, c.Base.Name)
			}
		}
	}
	for _, ref := range s.refs {
		if guard := s.guards[ref.number]; guard != nil {
			ir.Walk(guard.Root, func(n ir.Node) {
				if scan, ok := n.(*ir.Scan); ok {
					note(scan)
				}
			})
		}
	}
	return out
}

// Provider gives the code of the agency whose a source is that the statement, or policy on
// its behalf, reads; empty where nobody knows.
func (s *Statement) Provider(source string) string {
	for _, ref := range slices.Concat(s.refs, s.lookups) {
		if ref.resource.Source == source {
			return ref.resource.Provider
		}
	}
	return ""
}

func add(list *[]string, name string) {
	if !slices.Contains(*list, name) {
		*list = append(*list, name)
	}
}

// SourceRead is a source that a plan reads, and of which resources.
type SourceRead struct {
	Source    string
	Resources []string // their names
}

// Sources lists what the plan reads, a source once.
func (p *Plan) Sources() []SourceRead {
	var out []SourceRead
	note := func(source, resource string) {
		i := slices.IndexFunc(out, func(r SourceRead) bool { return r.Source == source })
		if i < 0 {
			i = len(out)
			out = append(out, SourceRead{Source: source})
		}
		add(&out[i].Resources, resource)
	}
	if p.tree == nil {
		for _, s := range p.Scans {
			note(s.Resource.Source, s.Resource.Name())
		}
		return out
	}
	ir.Walk(p.tree, func(n ir.Node) {
		if s, ok := n.(*ir.Scan); ok {
			note(s.Source, s.Resource)
		}
	})
	return out
}

// Keys lists, for each stream of the plan that is asked for the keys of another, what
// those keys are and where they go.
func (s *Statement) Keys(p *Plan) []KeysTravel {
	var out []KeysTravel
	for _, stream := range p.Streams {
		if stream.Keyed == nil || stream.part == nil || stream.Keyed.By.part == nil {
			continue
		}
		by := stream.Keyed.By
		items, ok := s.origins(by.part, by.part.Output()[stream.Keyed.Column].ID)
		if !ok { // then none was sent either
			continue
		}
		out = append(out, KeysTravel{Items: items, To: s.read(stream.part)})
	}
	return out
}

// KeysTravel are keys of a join that go from one source to another, where there are few
// enough of them.
type KeysTravel struct {
	Items []Item // whose values they are
	To    []*policy.Resource
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
