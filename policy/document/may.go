package document

import (
	"maps"
	"slices"

	"github.com/lianji/lianji/catalog"
)

// May reports whether a principal may change everything that a document names.
func May(p *catalog.Principal, s *catalog.State, d *Document) bool {
	_, others := Own(p, s, d)
	return len(others) == 0
}

// Own gives the part of a document that a principal may change, and names what is
// others': sections, and in resources and grants each resource.
func Own(p *catalog.Principal, s *catalog.State, d *Document) (own *Document, others []string) {
	own = &Document{places: d.places}
	own.Agencies = part(d.Agencies, "agencies", catalog.May(p, catalog.ActAgency, ""), &others)
	own.Purposes = part(d.Purposes, "purposes", catalog.May(p, catalog.ActPurpose, ""), &others)
	own.Principals = part(d.Principals, "principals", catalog.May(p, catalog.ActPrincipal, ""), &others)
	own.Sources = part(d.Sources, "sources", catalog.May(p, catalog.ActSource, ""), &others)
	own.Resources = named(d.Resources, "resources", s, func(agency string) bool { return catalog.May(p, catalog.ActResource, agency) }, &others)
	own.Grants = named(d.Grants, "grants", s, func(agency string) bool { return catalog.May(p, catalog.ActGrant, agency) }, &others)
	return own, others
}

// IsEmpty tells that a document says nothing of anything.
func (d *Document) IsEmpty() bool {
	return len(d.Agencies)+len(d.Purposes)+len(d.Principals)+len(d.Sources)+len(d.Resources)+len(d.Grants) == 0
}

func part[T any](section map[string]T, name string, may bool, others *[]string) map[string]T {
	if may || len(section) == 0 {
		return section
	}
	*others = append(*others, name)
	return nil
}

// named gives those of a section of whose resources' agency a principal may change them.
func named[T any](section map[string]T, name string, s *catalog.State, may func(agency string) bool, others *[]string) map[string]T {
	var out map[string]T
	for _, of := range slices.Sorted(maps.Keys(section)) {
		agency := ""
		first, _, _ := split(of)
		if a, ok := s.AgencyNamed(first); ok {
			agency = a.ID
		}
		if !may(agency) {
			*others = append(*others, name+"."+of)
			continue
		}
		if out == nil {
			out = map[string]T{}
		}
		out[of] = section[of]
	}
	return out
}
