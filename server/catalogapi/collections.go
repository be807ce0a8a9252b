package catalogapi

import (
	"cmp"
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/document"
)

// collection is one kind of objects below /v1/catalog.
type collection struct {
	name string
	// list gives what somebody sees of it, in order of keys; find one of them.
	list func(sight) []entry
	find func(sight, string) (entry, bool)
	// named is a new body of PUT, for a collection whose objects are put by name.
	named func() namedBody
}

// namedBody is an object that is put under a name.
type namedBody interface {
	// document says what is to be, the name and version that the body holds, if any.
	document(key string) (d *document.Document, name string, version int64, err error)
}

var collections = []collection{
	{
		name: "agencies",
		list: func(v sight) []entry {
			return seen(v.state.Agencies(), func(a *catalog.Agency) (entry, bool) { return agencyOf(v.state, a), v.state.SeesAgency(v.by, a, v.at) })
		},
		find: func(v sight, key string) (entry, bool) {
			a, ok := v.state.AgencyNamed(key)
			if !ok || !v.state.SeesAgency(v.by, a, v.at) {
				return entry{}, false
			}
			return agencyOf(v.state, a), true
		},
		named: func() namedBody { return &agency{} },
	},
	{
		name: "purposes",
		list: func(v sight) []entry {
			return seen(v.state.Purposes(), func(p *catalog.Purpose) (entry, bool) { return purposeOf(p), v.state.SeesPurpose(v.by, p, v.at) })
		},
		find: func(v sight, key string) (entry, bool) {
			p, ok := v.state.Purpose(key)
			if !ok || !v.state.SeesPurpose(v.by, p, v.at) {
				return entry{}, false
			}
			return purposeOf(p), true
		},
		named: func() namedBody { return &purpose{} },
	},
	{
		name: "principals",
		list: func(v sight) []entry {
			return seen(v.state.Principals(), func(p *catalog.Principal) (entry, bool) {
				return principalOf(v.state, p), v.state.SeesPrincipal(v.by, p)
			})
		},
		find: func(v sight, key string) (entry, bool) {
			p, ok := v.state.Login(key)
			if !ok || !v.state.SeesPrincipal(v.by, p) {
				return entry{}, false
			}
			return principalOf(v.state, p), true
		},
		named: func() namedBody { return &principal{} },
	},
	{
		name: "sources",
		list: func(v sight) []entry {
			return seen(v.state.Sources(), func(s *catalog.Source) (entry, bool) { return sourceOf(v.state, s), v.state.SeesSource(v.by, s) })
		},
		find: func(v sight, key string) (entry, bool) {
			s, ok := v.state.Source(key)
			if !ok || !v.state.SeesSource(v.by, s) {
				return entry{}, false
			}
			return sourceOf(v.state, s), true
		},
		named: func() namedBody { return &source{} },
	},
	{
		name: "resources",
		list: func(v sight) []entry {
			return seen(v.state.Resources(), func(r *catalog.Resource) (entry, bool) {
				sight := v.state.SeesResource(v.by, r, v.at)
				return resourceOf(v, r, sight == catalog.Whole), sight != catalog.Nothing
			})
		},
		find: func(v sight, key string) (entry, bool) {
			r, ok := document.ResourceNamed(v.state, key)
			if !ok {
				return entry{}, false
			}
			sight := v.state.SeesResource(v.by, r, v.at)
			return resourceOf(v, r, sight == catalog.Whole), sight != catalog.Nothing
		},
		named: func() namedBody { return &resource{} },
	},
	{
		name: "grants",
		list: func(v sight) []entry {
			return seen(v.state.Visible(v.by, v.at), func(g *catalog.Grant) (entry, bool) {
				return grantOf(v.state, g, v.state.SeesGrant(v.by, g, v.at) == catalog.Whole), true
			})
		},
		find: func(v sight, key string) (entry, bool) {
			g, ok := v.state.Grant(key)
			if !ok {
				return entry{}, false
			}
			sight := v.state.SeesGrant(v.by, g, v.at)
			return grantOf(v.state, g, sight == catalog.Whole), sight != catalog.Nothing
		},
	},
	{
		name: "tokens",
		list: func(v sight) []entry {
			return seen(v.state.Tokens(), func(k *catalog.Token) (entry, bool) { return tokenOf(v.state, k), v.state.SeesToken(v.by, k) })
		},
		find: func(v sight, key string) (entry, bool) {
			k, ok := v.state.Token(key)
			if !ok || !v.state.SeesToken(v.by, k) {
				return entry{}, false
			}
			return tokenOf(v.state, k), true
		},
	},
}

// seen lists what somebody sees, in order of keys.
func seen[T any](all []*T, look func(*T) (entry, bool)) []entry {
	out := []entry{}
	for _, of := range all {
		if e, sees := look(of); sees {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return out
}

func (a *agency) document(key string) (*document.Document, string, int64, error) {
	d := document.Agency{Code: a.Code, CreditCode: a.CreditCode, Level: a.Level, Parent: a.Parent, District: a.District}
	return &document.Document{Agencies: map[string]document.Agency{key: d}}, a.Name, a.Version, nil
}

func (p *purpose) document(key string) (*document.Document, string, int64, error) {
	return &document.Document{Purposes: map[string]document.Purpose{key: {Name: p.Name, Basis: p.Basis}}}, p.Code, 0, nil
}

func (p *principal) document(key string) (*document.Document, string, int64, error) {
	d := document.Principal{Name: p.Name, Agency: p.Agency, Service: p.Service, Roles: p.Roles, Disabled: p.Disabled}
	if len(p.Attributes) > 0 {
		d.Attributes = p.Attributes
	}
	return &document.Document{Principals: map[string]document.Principal{key: d}}, p.Login, p.Version, nil
}

func (s *source) document(key string) (*document.Document, string, int64, error) {
	return &document.Document{Sources: map[string]string{key: s.Agency}}, s.Name, 0, nil
}

func (r *resource) document(key string) (*document.Document, string, int64, error) {
	items, twice := itemsOf(r.Items)
	if twice != "" {
		return nil, "", 0, errs.New(errs.RequestInvalid, "grants_twice", msg.Args{"What": twice})
	}
	d := document.Resource{Class: r.Class, Source: r.Source, Schema: r.Schema, Table: r.Table, Items: items}
	return &document.Document{Resources: map[string]document.Resource{key: d}}, r.Name, r.Version, nil
}
