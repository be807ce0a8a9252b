package catalog

import (
	"net/netip"
	"slices"
	"time"
)

// Factor is what is kept of a principal's second factor: the secret that their
// authenticator makes codes of, as only who has the sealing key can read it.
type Factor struct {
	Principal string // whose, by ID
	Sealed    string // empty for one that was taken away
	Version   int64  // the store's when it was set or taken away: another one with each secret
}

// deciding are the roles that decide over others or keep the gateway.
var deciding = []Role{Reviewer, Leader, Bureau, SystemAdmin, SecurityAdmin, Auditor}

// NeedsFactor reports whether a principal may act in the catalogue only with a second
// factor. Those of the sample city, whose tokens lie in one file, have none.
func (p *Principal) NeedsFactor() bool {
	return !p.Demo && slices.ContainsFunc(deciding, func(r Role) bool { return slices.Contains(p.Roles, r) })
}

// ByTokenSession is a session that began with a token, and ends with it.
type ByTokenSession struct {
	Token  string // its ID
	Client netip.Addr
	Until  time.Time // when the session ends at the latest
}

// Bearer implements Credential.
func (c ByTokenSession) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	k, ok := s.Token(c.Token)
	if !ok || k.Signs != "" || !at.Before(c.Until) {
		return nil, nil, false
	}
	return s.holder(k, ok, c.Client, at)
}

// Factored is a credential beside which a code of a second factor was given. It ends when
// that factor does.
type Factored struct {
	Credential
	Version int64 // the factor's
}

// Bearer implements Credential.
func (c Factored) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	k, p, ok := c.Credential.Bearer(s, at)
	if !ok {
		return nil, nil, false
	}
	if f, set := s.Factor(p.ID); !set || f.Version != c.Version {
		return nil, nil, false
	}
	return k.factored(), p, true
}

// BesideCertificate is a credential beside which a certificate was shown, as ByCertificate
// is shown alone. One of the same principal is a second factor.
type BesideCertificate struct {
	Credential
	Key    string
	Client netip.Addr
}

// Bearer implements Credential.
func (c BesideCertificate) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	k, p, ok := c.Credential.Bearer(s, at)
	if !ok {
		return nil, nil, false
	}
	if shown, of, ok := s.bearerCertified(c.Key, c.Client, at); ok && of.ID == p.ID && !shown.Limited() {
		k = k.factored()
	}
	return k, p, true
}

// factored gives a token beside which a second factor was shown.
func (k *Token) factored() *Token {
	shown := *k
	shown.Factor = true
	return &shown
}
