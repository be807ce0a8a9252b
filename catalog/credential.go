package catalog

import (
	"net/netip"
	"time"
)

// Credential is what somebody shows of who they are. Whatever it is, it holds only as
// long as the store says so: it is looked up anew for each statement, and while one runs.
type Credential interface {
	// Bearer finds, in a state, whose it is and what it is limited to, where it holds at a
	// time. What does not hold for whatever reason reads the same.
	Bearer(s *State, at time.Time) (*Token, *Principal, bool)
}

// ByToken is the hash of a token that comes from no address.
type ByToken string

// Bearer implements Credential.
func (hash ByToken) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	return s.Bearer(string(hash), at)
}

// ByTokenFrom is a token that comes from an address.
type ByTokenFrom struct {
	Hash   string
	Client netip.Addr
}

// Bearer implements Credential.
func (c ByTokenFrom) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	return s.bearerFrom(c.Hash, c.Client, at)
}

// BySignature is a key with which a request was signed that comes from an address.
type BySignature struct {
	Key    string // its ID
	Client netip.Addr
}

// Bearer implements Credential.
func (c BySignature) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	return s.bearerSigning(c.Key, c.Client, at)
}

// ByCertificate is a certificate that a client showed in the handshake of TLS, whose key it
// has, and that comes from an address.
type ByCertificate struct {
	Key    string // the SHA-256 of the public key (SPKI), in hexadecimal digits
	Client netip.Addr
}

// Bearer implements Credential.
func (c ByCertificate) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	k, p, ok := s.bearerCertified(c.Key, c.Client, at)
	if !ok || !p.Service { // a person's is a second factor, and nothing alone
		return nil, nil, false
	}
	return k, p, true
}

// ByIssuer is somebody whom an OpenID provider named. What the provider says is enough to
// ask, and not to keep or grant anything: that would put the catalogue into its hands.
type ByIssuer struct {
	Login string
	Until time.Time
}

// Bearer implements Credential.
func (c ByIssuer) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	p, ok := s.logins[c.Login]
	if !ok || !goesOn(p, at, c.Until) {
		return nil, nil, false
	}
	return &Token{Principal: p.ID, Asks: true, Expires: c.Until}, p, true
}

// ByPassword is a session that began with a principal's password. It ends when the
// password is set again.
type ByPassword struct {
	Principal string    // its ID
	Version   int64     // the password's
	Until     time.Time // when the session ends at the latest
}

// Bearer implements Credential.
func (c ByPassword) Bearer(s *State, at time.Time) (*Token, *Principal, bool) {
	p, ok := s.principals[c.Principal]
	if !ok || !goesOn(p, at, c.Until) {
		return nil, nil, false
	}
	if set, ok := s.passwords[p.ID]; !ok || set.Version != c.Version {
		return nil, nil, false
	}
	return &Token{Principal: p.ID, Expires: c.Until}, p, true
}

// goesOn reports whether what began for a principal holds until an end at a time.
func goesOn(p *Principal, at, until time.Time) bool { return !p.Disabled && at.Before(until) }
