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
	// list gives what somebody sees of it; find one of them.
	list func(sight) listing
	find func(sight, string) (entry, bool)
	// named is a new body of PUT, for a collection whose objects are put by name.
	named func() namedBody
}

// listing is what somebody sees of a collection, in order of keys. Only what stands in
// an answer is written out.
type listing struct {
	keys []string
	show func(i int) any
}

// namedBody is an object that is put under a name.
type namedBody interface {
	// document says what is to be, the name and version that the body holds, if any.
	document(key string) (d *document.Document, name string, version int64, err error)
}

var collections = []collection{
	{
		name: "agencies",
		list: func(v sight) listing {
			return seen(v.state.Agencies(), func(a *catalog.Agency) (string, bool) { return a.Name, v.state.SeesAgency(v.by, a, v.at) },
				func(a *catalog.Agency) entry { return agencyOf(v.state, a) })
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
		list: func(v sight) listing {
			return seen(v.state.Purposes(), func(p *catalog.Purpose) (string, bool) { return p.Code, v.state.SeesPurpose(v.by, p, v.at) }, purposeOf)
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
		list: func(v sight) listing {
			return seen(v.state.Principals(), func(p *catalog.Principal) (string, bool) { return p.Login, v.state.SeesPrincipal(v.by, p) },
				func(p *catalog.Principal) entry { return principalOf(v.state, p) })
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
		list: func(v sight) listing {
			return seen(v.state.Sources(), func(s *catalog.Source) (string, bool) { return s.Name, v.state.SeesSource(v.by, s) },
				func(s *catalog.Source) entry { return sourceOf(v.state, s) })
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
		list: func(v sight) listing {
			sees := v.state.SeesResources(v.by, v.at)
			return seen(v.state.Resources(), func(r *catalog.Resource) (string, bool) {
				if sees(r) == catalog.Nothing {
					return "", false
				}
				return document.NameOf(v.state, r), true
			}, func(r *catalog.Resource) entry { return resourceOf(v, r, sees(r) == catalog.Whole) })
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
		list: func(v sight) listing {
			return seen(v.state.Visible(v.by, v.at), func(g *catalog.Grant) (string, bool) { return g.ID, v.on == nil || g.Resource == v.on.ID },
				func(g *catalog.Grant) entry {
					return grantOf(v.state, g, v.state.SeesGrant(v.by, g, v.at) == catalog.Whole)
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
		list: func(v sight) listing {
			return seen(v.state.Tokens(), func(k *catalog.Token) (string, bool) { return k.ID, v.state.SeesToken(v.by, k) },
				func(k *catalog.Token) entry { return tokenOf(v.state, k) })
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

// seen lists what somebody sees: look gives an object's key, and whether they see it.
func seen[T any](all []*T, look func(*T) (string, bool), show func(*T) entry) listing {
	type keyed struct {
		key string
		of  *T
	}
	var found []keyed
	for _, of := range all {
		if key, sees := look(of); sees {
			found = append(found, keyed{key, of})
		}
	}
	slices.SortFunc(found, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	out := listing{keys: make([]string, len(found)), show: func(i int) any { return show(found[i].of).value }}
	for i, k := range found {
		out.keys[i] = k.key
	}
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
