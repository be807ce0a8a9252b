package document

import "github.com/lianji/lianji/catalog"

// May reports whether a principal may change everything that a document names.
func May(p *catalog.Principal, s *catalog.State, d *Document) bool {
	own := func(name string) string {
		of, _, _ := split(name)
		if a, ok := s.AgencyNamed(of); ok {
			return a.ID
		}
		return ""
	}
	ok := (len(d.Agencies) == 0 || catalog.May(p, catalog.ActAgency, "")) &&
		(len(d.Purposes) == 0 || catalog.May(p, catalog.ActPurpose, "")) &&
		(len(d.Principals) == 0 || catalog.May(p, catalog.ActPrincipal, "")) &&
		(len(d.Sources) == 0 || catalog.May(p, catalog.ActSource, ""))
	for name := range d.Resources {
		ok = ok && catalog.May(p, catalog.ActResource, own(name))
	}
	for name := range d.Grants {
		ok = ok && catalog.May(p, catalog.ActGrant, own(name))
	}
	return ok
}
