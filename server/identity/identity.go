// Package identity finds out who somebody is, in one way for all doors: by a token, by
// the session that begins with a password, by SCRAM. What they may do is not its business:
// it gives a catalog.Credential, which policy looks up in the catalogue for each
// statement.
package identity

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
)

// SecretName is the name of the store's secret that Options needs.
const SecretName = "identity"

// Options of an Authenticator. State and Secret are required.
type Options struct {
	// State gives the catalogue that is in force. Its error is an *errs.Error.
	State func() (*catalog.State, error)
	// Secret is random, the same for all gateways of a store, and in nobody else's hands:
	// with it sessions are signed.
	Secret []byte
	// HashToken gives what a token is found by in the state.
	HashToken func(text string) string
	Now       func() time.Time // nil means the machine's clock
	// Issuers are the OpenID providers whose tokens are taken.
	Issuers []Issuer
	// Transport asks issuers for their keys; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Sealer opens the secrets of keys that sign, and of second factors.
	Sealer Sealer
	// SpendNonce notes that a key's nonce was used, until a time, and tells whether it was
	// not before.
	SpendNonce func(ctx context.Context, key, nonce string, until time.Time) (fresh bool, err error)
	// TryCode is the store's.
	TryCode func(ctx context.Context, f *catalog.Factor, now time.Time, wait func(failed int64) time.Duration, step func(spent int64) (int64, bool)) (taken bool, err error)
}

// Authenticator finds out who somebody is. It may be used by many goroutines.
type Authenticator struct {
	Options
	attempts *attempts
	sessions *sessions
	minutes  *recent[minute] // by the token's ID
	issuers  []*issuer
	slots    chan struct{}
	waiting  chan struct{}
	idle     string // the hash that is tried where there is none
}

const (
	mostHashing = 4  // passwords that are hashed at the same time: each takes argonCost
	mostWaiting = 64 // logins that wait for their turn
)

// New makes an Authenticator.
func New(o Options) *Authenticator {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Authenticator{
		Options: o, attempts: newAttempts(o.Now), sessions: newSessions(o.Secret, o.Now), minutes: newRecent[minute](mostCounted),
		slots: make(chan struct{}, min(runtime.GOMAXPROCS(0), mostHashing)), waiting: make(chan struct{}, mostWaiting),
	}
	for _, i := range o.Issuers {
		a.issuers = append(a.issuers, newIssuer(i, o.Transport, o.Now))
	}
	a.idle = hashed(string(sum(o.Secret, "nobody")), argonCost)
	return a
}

// unknown is the answer to every token that does not hold, whatever is wrong with it.
func unknown() error { return errs.New(errs.Unauthenticated, "unauthenticated", nil) }

// wrong is the answer to every login with a password that fails, whatever is wrong with it.
func wrong() error { return errs.New(errs.Unauthenticated, "identity_wrong", nil) }

// Login tries a login's password from an address, and gives the bearer's token of the
// session that begins with it. A token of the same principal, or of a session of theirs, is
// taken in the place of a password, and given back. That nobody has the login, that its
// password is another one or that it is locked for now cannot be told apart, by the error
// or by the time.
func (a *Authenticator) Login(ctx context.Context, login, password, client string) (string, error) {
	state, err := a.State()
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(password, catalog.TokenPrefix) || IsSession(password) || len(a.issuers) > 0 && isIssued(password) {
		by, err := a.Credential(password, client)
		if err != nil {
			return "", err
		}
		_, p, ok := by.Bearer(state, a.Now())
		if !ok || p.Login != login {
			return "", unknown()
		}
		return password, nil
	}
	from := network(client)
	// An address may learn that it is one from which too much was tried. Nothing is
	// computed for it.
	if a.attempts.shut(login, from) {
		return "", wrong()
	}
	release, err := a.turn(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	p, set := passwordOf(state, login)
	hash := a.idle
	if set != nil {
		hash = set.Hash
	}
	right, err := matches(password, hash)
	if err != nil {
		return "", err
	}
	if !a.attempts.judge(login, from, right && set != nil) {
		return "", wrong()
	}
	return a.sessions.begin(p, set), nil
}

// passwordOf finds what a login's password is tried against; nil where there is none.
func passwordOf(state *catalog.State, login string) (*catalog.Principal, *catalog.Password) {
	p, ok := state.Login(login)
	if !ok || p.Disabled {
		return nil, nil
	}
	set, ok := state.Password(p.ID)
	if !ok {
		return nil, nil
	}
	return p, set
}

func busy() error {
	e := errs.New(errs.QueueFull, "identity_busy", nil)
	e.RetryAfter = turns.RetryAfter
	return e
}

// turn waits until a password may be hashed. Whoever gets a turn gives it back.
func (a *Authenticator) turn(ctx context.Context) (release func(), err error) {
	select {
	case a.waiting <- struct{}{}:
	default:
		return nil, busy()
	}
	defer func() { <-a.waiting }()
	select {
	case a.slots <- struct{}{}:
		return func() { <-a.slots }, nil
	case <-ctx.Done():
		return nil, errs.From(ctx.Err())
	}
}

// Exchange is a SCRAM-SHA-256 exchange with whoever says that a login is theirs.
type Exchange struct {
	Verifier // of the login, or of nobody where it has none: no proof fits that
	a        *Authenticator
	login    string
	from     string
	p        *catalog.Principal
	set      *catalog.Password
}

// SCRAM begins an exchange with a client at an address.
func (a *Authenticator) SCRAM(login, client string) (*Exchange, error) {
	state, err := a.State()
	if err != nil {
		return nil, err
	}
	x := &Exchange{a: a, login: login, from: network(client)}
	// For somebody as for nobody one is made and one is read: the time tells neither.
	kept := nobody(a.Secret, login).text()
	if x.p, x.set = passwordOf(state, login); x.set != nil {
		kept = x.set.SCRAM
	}
	x.Verifier, err = parseVerifier(kept)
	return x, err
}

// Finish ends the exchange: it tries the client's proof for the AuthMessage of RFC 5802,
// and gives the token of the session that begins and the signature that the client waits
// for.
func (x *Exchange) Finish(authMessage string, proof []byte) (token string, signature []byte, err error) {
	right := x.Proves(authMessage, proof)
	if !x.a.attempts.judge(x.login, x.from, right && x.set != nil) {
		return "", nil, wrong()
	}
	return x.a.sessions.begin(x.p, x.set), x.Signature(authMessage), nil
}

// byToken is a token that comes from an address.
func (a *Authenticator) byToken(text, client string) catalog.Credential {
	return catalog.ByTokenFrom{Hash: a.HashToken(text), Client: address(client)}
}

// Certificate gives what a certificate that TLS has verified says of who shows it.
func (a *Authenticator) Certificate(key, client string) catalog.Credential {
	return catalog.ByCertificate{Key: key, Client: address(client)}
}

// Beside gives a credential beside which such a certificate is shown.
func (a *Authenticator) Beside(by catalog.Credential, key, client string) catalog.Credential {
	return catalog.BesideCertificate{Credential: by, Key: key, Client: address(client)}
}

// Credential gives what a bearer's token says of who sends it, from an address. Whether it
// holds is for the catalogue to say; only a session that was not begun here, or ended,
// does not.
func (a *Authenticator) Credential(token, client string) (catalog.Credential, error) {
	switch {
	case IsSession(token):
	case len(a.issuers) > 0 && isIssued(token) && !strings.HasPrefix(token, catalog.TokenPrefix):
		return a.issued(token)
	default:
		return a.byToken(token, client), nil
	}
	return a.sessions.credential(token, client)
}
