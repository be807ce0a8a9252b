package catalog

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// State is an immutable picture of the store at one version. Whoever gets an object
// of it must not change it.
type State struct {
	Version    int64
	agencies   map[string]*Agency
	principals map[string]*Principal
	purposes   map[string]*Purpose
	sources    map[string]*Source // by folded name
	resources  map[string]*Resource
	grants     map[string]*Grant
	tokens     map[string]*Token    // by hash
	passwords  map[string]*Password // by principal
	factors    map[string]*Factor   // by principal

	to     map[Grantee][]*Grant  // in order of ID
	hashes map[string]string     // a token's hash by its ID
	logins map[string]*Principal // by login

	order   sync.Once // over inOrder, which is made when somebody asks for it
	inOrder []*Grant
}

// Changed holds objects as they are after a change. A nil object is gone.
type Changed struct {
	Agencies   map[string]*Agency
	Principals map[string]*Principal
	Purposes   map[string]*Purpose
	Sources    map[string]*Source // by folded name
	Resources  map[string]*Resource
	Grants     map[string]*Grant
	Tokens     map[string]*Token    // by ID
	Hashes     map[string]string    // of Tokens, by ID
	Passwords  map[string]*Password // by principal
	Factors    map[string]*Factor   // by principal
}

// With gives the state after a change. A nil State is the empty one.
func (s *State) With(version int64, c Changed) *State {
	if s == nil {
		s = &State{}
	}
	n := &State{
		Version: version, agencies: with(s.agencies, c.Agencies), principals: with(s.principals, c.Principals), purposes: with(s.purposes, c.Purposes),
		sources: with(s.sources, c.Sources), resources: with(s.resources, c.Resources), grants: with(s.grants, c.Grants), tokens: s.tokens, to: s.to, hashes: s.hashes,
		passwords: with(s.passwords, c.Passwords), factors: with(s.factors, c.Factors), logins: s.logins,
	}
	if len(c.Principals) > 0 {
		n.logins = make(map[string]*Principal, len(n.principals))
		for _, p := range n.principals {
			n.logins[p.Login] = p
		}
	}
	if len(c.Grants) > 0 {
		n.to = maps.Clone(s.to)
		if n.to == nil {
			n.to = map[Grantee][]*Grant{}
		}
		n.regrant(s, c.Grants)
	}
	if len(c.Tokens) > 0 {
		n.tokens, n.hashes = cloned(s.tokens, len(c.Tokens)), cloned(s.hashes, len(c.Tokens))
		for id := range c.Tokens { // first, because one may have got the hash that another had
			delete(n.tokens, n.hashes[id])
			delete(n.hashes, id)
		}
		for id, k := range c.Tokens {
			if k != nil {
				n.tokens[c.Hashes[id]], n.hashes[id] = k, c.Hashes[id]
			}
		}
	}
	return n
}

// regrant makes the lists of grants anew of every grantee that a change touches.
func (s *State) regrant(before *State, changed map[string]*Grant) {
	touched := map[Grantee]bool{}
	added := map[Grantee][]*Grant{}
	for id, g := range changed {
		if old := before.grants[id]; old != nil {
			touched[old.Grantee] = true
		}
		if g != nil {
			touched[g.Grantee] = true
			added[g.Grantee] = append(added[g.Grantee], g)
		}
	}
	for to := range touched {
		list := slices.DeleteFunc(slices.Clone(before.to[to]), func(g *Grant) bool { _, gone := changed[g.ID]; return gone })
		list = append(list, added[to]...)
		slices.SortFunc(list, func(a, b *Grant) int {
			switch {
			case a.ID < b.ID:
				return -1
			case a.ID > b.ID:
				return 1
			}
			return 0
		})
		if len(list) == 0 {
			delete(s.to, to)
			continue
		}
		s.to[to] = list
	}
}

func cloned[V any](m map[string]V, more int) map[string]V {
	n := make(map[string]V, len(m)+more)
	maps.Copy(n, m)
	return n
}

func with[T any](m, changed map[string]*T) map[string]*T {
	if len(changed) == 0 {
		return m
	}
	if len(m) == 0 && !slices.Contains(slices.Collect(maps.Values(changed)), nil) {
		return changed
	}
	n := cloned(m, len(changed))
	for id, v := range changed {
		if v == nil {
			delete(n, id)
			continue
		}
		n[id] = v
	}
	return n
}

// Agency finds an agency by its ID.
func (s *State) Agency(id string) (*Agency, bool) { return find(s.agencies, id) }

// AgencyNamed finds an agency by its name in SQL.
func (s *State) AgencyNamed(name string) (*Agency, bool) {
	for _, a := range s.agencies {
		if SameName(a.Name, name) {
			return a, true
		}
	}
	return nil, false
}

// Principal finds a principal by its ID.
func (s *State) Principal(id string) (*Principal, bool) { return find(s.principals, id) }

// Login finds a principal by its login. It takes as long where there is none.
func (s *State) Login(login string) (*Principal, bool) { return find(s.logins, login) }

// Password finds what is kept of a principal's password, by the principal's ID.
func (s *State) Password(principal string) (*Password, bool) { return find(s.passwords, principal) }

// Factor finds what is kept of a principal's second factor, by the principal's ID.
func (s *State) Factor(principal string) (*Factor, bool) {
	f, ok := find(s.factors, principal)
	if !ok || f.Sealed == "" {
		return nil, false
	}
	return f, true
}

// Purpose finds a purpose by its code.
func (s *State) Purpose(code string) (*Purpose, bool) { return find(s.purposes, code) }

// Source finds a source by its name.
func (s *State) Source(name string) (*Source, bool) { return find(s.sources, Fold(name)) }

// Sources lists every source, in order of their names.
func (s *State) Sources() []*Source { return sorted(s.sources) }

// Resource finds a resource by its ID.
func (s *State) Resource(id string) (*Resource, bool) { return find(s.resources, id) }

// ResourceNamed finds an agency's resource by its name in SQL.
func (s *State) ResourceNamed(agency, name string) (*Resource, bool) {
	a, ok := s.AgencyNamed(agency)
	if !ok {
		return nil, false
	}
	for _, r := range s.resources {
		if r.Agency == a.ID && SameName(r.Name, name) {
			return r, true
		}
	}
	return nil, false
}

// Grant finds a grant that was not taken back by its ID.
func (s *State) Grant(id string) (*Grant, bool) { return find(s.grants, id) }

// GrantsTo lists the grants of a grantee, in order of their IDs, whatever their term.
func (s *State) GrantsTo(to Grantee) []*Grant { return s.to[to] }

// Grants lists every grant, in order of their IDs.
func (s *State) Grants() []*Grant {
	s.order.Do(func() { s.inOrder = sorted(s.grants) })
	return slices.Clone(s.inOrder)
}

// Agencies lists every agency, in order of their IDs.
func (s *State) Agencies() []*Agency { return sorted(s.agencies) }

// Principals lists every principal, in order of their IDs.
func (s *State) Principals() []*Principal { return sorted(s.principals) }

// Purposes lists every purpose, in order of their codes.
func (s *State) Purposes() []*Purpose { return sorted(s.purposes) }

// Resources lists every resource, in order of their IDs.
func (s *State) Resources() []*Resource { return sorted(s.resources) }

// Tokens lists every token, in order of their IDs, those that ended too.
func (s *State) Tokens() []*Token {
	out := make([]*Token, 0, len(s.hashes))
	for _, id := range slices.Sorted(maps.Keys(s.hashes)) {
		out = append(out, s.tokens[s.hashes[id]])
	}
	return out
}

// Token finds a token by its ID.
func (s *State) Token(id string) (*Token, bool) {
	hash, ok := s.hashes[id]
	if !ok {
		return nil, false
	}
	return find(s.tokens, hash)
}

// Bearer finds the token with a hash and its principal, where both hold at a time. One
// that is tied to addresses does not hold here: ByTokenFrom says where it comes from.
func (s *State) Bearer(hash string, at time.Time) (*Token, *Principal, bool) {
	return s.bearerFrom(hash, netip.Addr{}, at)
}

func (s *State) bearerFrom(hash string, client netip.Addr, at time.Time) (*Token, *Principal, bool) {
	k, ok := s.tokens[hash]
	// A key that signs is never sent itself.
	if ok && k.Signs != "" {
		return nil, nil, false
	}
	return s.holder(k, ok, client, at)
}

// bearerSigning finds the key with an ID that signs.
func (s *State) bearerSigning(id string, client netip.Addr, at time.Time) (*Token, *Principal, bool) {
	k, ok := s.Token(id)
	if ok && k.Signs != HMACSHA256 && k.Signs != HMACSM3 {
		return nil, nil, false
	}
	return s.holder(k, ok, client, at)
}

// bearerCertified finds the certificate with a public key.
func (s *State) bearerCertified(key string, client netip.Addr, at time.Time) (*Token, *Principal, bool) {
	k, ok := s.tokens[CertificatePrefix+key]
	if ok && k.Signs != Certified {
		return nil, nil, false
	}
	return s.holder(k, ok, client, at)
}

func (s *State) holder(k *Token, ok bool, client netip.Addr, at time.Time) (*Token, *Principal, bool) {
	if !ok || !k.Revoked.IsZero() || !at.Before(k.Expires) {
		return nil, nil, false
	}
	p, ok := s.principals[k.Principal]
	if !ok || p.Disabled {
		return nil, nil, false
	}
	if !k.Reaches(client) {
		return nil, nil, false
	}
	return k, p, true
}

func find[T any](m map[string]*T, id string) (*T, bool) {
	v, ok := m[id]
	return v, ok
}

func sorted[T any](m map[string]*T) []*T {
	out := make([]*T, 0, len(m))
	for _, id := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[id])
	}
	return out
}
