package audit

import "slices"

// View is what a provider sees of a record: what was done with its own resources, by
// whom and for what purpose. It has no place for a text, a literal or another
// provider's items.
type View struct {
	Kind       Kind        `json:"kind"`
	Gateway    string      `json:"gw"`
	Boot       string      `json:"boot"`
	Number     uint64      `json:"n"` // of the start, for an end too
	Time       string      `json:"time"`
	Query      string      `json:"query"`
	Principal  string      `json:"principal"`
	Agency     string      `json:"agency,omitempty"`
	Purpose    string      `json:"purpose,omitempty"`
	Mode       string      `json:"mode,omitempty"`
	Grants     []Grant     `json:"grants,omitempty"`
	Returned   []Items     `json:"returned,omitempty"`
	Aggregated []Items     `json:"aggregated,omitempty"`
	Compared   []Items     `json:"compared,omitempty"`
	Policy     []Items     `json:"policy,omitempty"`
	Sent       []Sent      `json:"sent,omitempty"`     // own items, and the agencies that got them
	Received   []string    `json:"received,omitempty"` // own resources that got keys from others
	Shape      []Condition `json:"shape,omitempty"`
	Outcome    Outcome     `json:"outcome,omitempty"`
	Refused    bool        `json:"refused,omitempty"`
	Rows       *int64      `json:"rows,omitempty"` // of the answer, when all of it is the provider's own
	Reads      []Read      `json:"reads,omitempty"`
}

func ownItems(list []Items, own []string) []Items {
	return slices.DeleteFunc(slices.Clone(list), func(i Items) bool { return !slices.Contains(own, i.Resource) })
}

func viewOfStart(r *Record, s *Start, own []string) View {
	v := View{
		Kind: r.Kind, Gateway: r.Gateway, Boot: r.Boot, Number: r.Number, Time: s.At, Query: s.Query,
		Principal: s.Principal, Agency: s.Agency, Purpose: s.Purpose, Mode: s.Mode, Refused: r.Kind == KindRefused,
		Returned: ownItems(s.Returned, own), Aggregated: ownItems(s.Aggregated, own), Compared: ownItems(s.Compared, own), Policy: ownItems(s.Policy, own),
	}
	for _, g := range s.Grants {
		if slices.Contains(own, g.Resource) {
			v.Grants = append(v.Grants, g)
		}
	}
	for _, c := range s.Shape {
		if slices.Contains(own, c.Resource) {
			v.Shape = append(v.Shape, c)
		}
	}
	for _, sent := range s.Sent {
		of := Sent{Items: sent.Items}
		for _, to := range sent.To {
			switch mine := slices.Contains(own, to.Resource); {
			case !mine:
				to.Resource = ""
			case !slices.Contains(v.Received, to.Resource):
				v.Received = append(v.Received, to.Resource)
			}
			if !slices.Contains(of.To, to) {
				of.To = append(of.To, to)
			}
		}
		if slices.Contains(own, sent.Resource) {
			v.Sent = append(v.Sent, of)
		}
	}
	return v
}

// viewOfEnd gives rows and bytes of reads that are wholly the provider's: one that
// joined another provider's table would tell of that.
func viewOfEnd(r *Record, s *Start, e *End, own []string) View {
	v := View{
		Kind: r.Kind, Gateway: r.Gateway, Boot: r.Boot, Number: e.Number, Time: r.Time, Query: e.Query,
		Principal: s.Principal, Agency: s.Agency, Purpose: s.Purpose, Mode: s.Mode, Outcome: e.Outcome,
	}
	foreign := func(resource string) bool { return !slices.Contains(own, resource) }
	for _, read := range e.Reads {
		if len(read.Resources) > 0 && !slices.ContainsFunc(read.Resources, foreign) {
			v.Reads = append(v.Reads, read)
		}
	}
	all := true
	for _, list := range [][]Items{s.Returned, s.Aggregated, s.Compared, s.Policy} {
		all = all && !slices.ContainsFunc(list, func(i Items) bool { return foreign(i.Resource) })
	}
	for _, sent := range s.Sent {
		all = all && !foreign(sent.Resource) && !slices.ContainsFunc(sent.To, func(to Target) bool { return foreign(to.Resource) })
	}
	if all && len(v.Reads) == len(e.Reads) {
		v.Rows = &e.Rows
	}
	return v
}
