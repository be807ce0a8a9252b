package catalog

import (
	"cmp"
	"slices"
	"time"
)

// Sight is how much of an object somebody sees. The zero value sees nothing: to them
// the object is not there.
type Sight uint8

// The sights, each with what the one before it has.
const (
	Nothing Sight = iota
	Outline       // that it is open to oneself, without what others decided about it
	Whole
)

// seesAll reports whether a principal's role sees the whole catalogue: whoever keeps
// agencies and purposes, whoever keeps people, whoever reads the audit.
func seesAll(p *Principal) bool {
	return p.Has(Bureau) || p.Has(SecurityAdmin) || p.Has(Auditor)
}

// provides reports whether a principal's role is to share what an agency has.
func provides(p *Principal, agency string) bool {
	return p != nil && agency != "" && p.Agency == agency && (p.Has(Leader) || p.Has(Cataloguer))
}

// SeesAll reports whether a principal sees the whole catalogue.
func (s *State) SeesAll(p *Principal) bool { return seesAll(p) }

// Keeps reports whether a principal sees a part of the catalogue whole: all of it, or
// what their agency shares.
func (s *State) Keeps(p *Principal) bool { return p != nil && (seesAll(p) || provides(p, p.Agency)) }

// keeps reports whether a principal's role keeps a part of the catalogue in which
// agencies and purposes are named.
func keeps(p *Principal) bool {
	return seesAll(p) || p.Has(SystemAdmin) || p.Has(Leader) || p.Has(Cataloguer)
}

// SeesGrant tells what a principal sees of a grant: the whole of it, who decides about
// the resource or the whole catalogue; the outline, to whom it opens something or will.
func (s *State) SeesGrant(p *Principal, g *Grant, at time.Time) Sight {
	r, ok := s.Resource(g.Resource)
	switch {
	case p == nil || p.Disabled || !ok:
		return Nothing
	case seesAll(p) || provides(p, r.Agency):
		return Whole
	case g.Grantee != Grantee{ToPrincipal, p.ID} && g.Grantee != Grantee{ToAgency, p.Agency}:
		return Nothing
	case r.Class == Withheld || !g.Until.IsZero() && !at.Before(g.Until):
		return Nothing
	}
	// A source that is another agency's by now opens nothing any more.
	if of, ok := s.Source(r.Source); !ok || of.Agency != r.Agency {
		return Nothing
	}
	return Outline
}

// Visible lists the grants of which a principal sees something, in order of their IDs.
func (s *State) Visible(p *Principal, at time.Time) []*Grant {
	if p == nil {
		return nil
	}
	if !s.Keeps(p) { // of all that others have, it need not be asked
		own := s.Opened(p, at)
		slices.SortFunc(own, func(a, b *Grant) int { return cmp.Compare(a.ID, b.ID) })
		return own
	}
	return slices.DeleteFunc(s.Grants(), func(g *Grant) bool { return s.SeesGrant(p, g, at) == Nothing })
}

// Opened lists the grants that open something to a principal, or will.
func (s *State) Opened(p *Principal, at time.Time) []*Grant {
	own := slices.Concat(s.GrantsTo(Grantee{ToAgency, p.Agency}), s.GrantsTo(Grantee{ToPrincipal, p.ID}))
	return slices.DeleteFunc(own, func(g *Grant) bool { return s.SeesGrant(p, g, at) == Nothing })
}

// SeesResource tells what a principal sees of a resource.
func (s *State) SeesResource(p *Principal, r *Resource, at time.Time) Sight {
	return s.SeesResources(p, at)(r)
}

// SeesResources is SeesResource for many resources: what is open to the principal is
// looked up once.
func (s *State) SeesResources(p *Principal, at time.Time) func(*Resource) Sight {
	if p == nil || p.Disabled {
		return func(*Resource) Sight { return Nothing }
	}
	open := map[string]bool{} // by the resource's ID
	if !seesAll(p) {
		for _, g := range s.Opened(p, at) {
			open[g.Resource] = true
		}
	}
	return func(r *Resource) Sight {
		switch {
		case seesAll(p) || provides(p, r.Agency):
			return Whole
		case open[r.ID]:
			return Outline
		}
		return Nothing
	}
}

// SeesAgency tells whether a principal sees an agency: who names agencies in what they
// keep sees each; others their own and those that opened something to them.
func (s *State) SeesAgency(p *Principal, a *Agency, at time.Time) bool {
	if p == nil || p.Disabled {
		return false
	}
	return keeps(p) || p.Agency == a.ID || slices.ContainsFunc(s.Opened(p, at), func(g *Grant) bool {
		r, ok := s.Resource(g.Resource)
		return ok && r.Agency == a.ID
	})
}

// SeesPurpose tells whether a principal sees a purpose.
func (s *State) SeesPurpose(p *Principal, of *Purpose, at time.Time) bool {
	if p == nil || p.Disabled {
		return false
	}
	return keeps(p) || slices.ContainsFunc(s.Opened(p, at), func(g *Grant) bool { return slices.Contains(g.Purposes, of.Code) })
}

// SeesPrincipal tells whether a principal sees another one: each sees themselves.
func (s *State) SeesPrincipal(p, other *Principal) bool {
	if p == nil || p.Disabled {
		return false
	}
	return seesAll(p) || p.ID == other.ID || provides(p, other.Agency)
}

// SeesSource tells whether a principal sees whose a source is.
func (s *State) SeesSource(p *Principal, of *Source) bool {
	if p == nil || p.Disabled {
		return false
	}
	return seesAll(p) || p.Has(SystemAdmin) || provides(p, of.Agency)
}

// SeesToken tells whether a principal sees that a token is there. Nobody sees its text.
func (s *State) SeesToken(p *Principal, k *Token) bool {
	if p == nil || p.Disabled {
		return false
	}
	return p.Has(SecurityAdmin) || p.Has(Auditor) || p.ID == k.Principal
}
