package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// Issuer is an OpenID provider whose tokens (JWT) are taken.
type Issuer struct {
	URL        string   // as the claim iss has it
	Audience   string   // one of the claim aud: of this gateway and nobody else
	Algorithms []string // of signatures; no other is looked at
	Claim      string   // whose value is the principal's login
	Keys       string   // where its keys are; empty asks the provider
}

const (
	mostIssued = 16 << 10 // bytes of a token
	// Of asking an issuer for its keys: what a token of somebody's making can cause.
	fetchTime  = 10 * time.Second
	mostFetch  = 1 << 20 // bytes of an answer
	fetchEvery = 10 * time.Second
	mostAtOnce = 4 // requests that may come before that
)

// issuer is an Issuer whose keys are asked for when the first token comes.
type issuer struct {
	Issuer
	now    func() time.Time
	client *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

func newIssuer(of Issuer, base http.RoundTripper, now func() time.Time) *issuer {
	if base == nil {
		base = http.DefaultTransport
	}
	return &issuer{Issuer: of, now: now, client: &http.Client{
		Transport: &sparing{base: base, now: now}, Timeout: fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// sparing lets few requests through, and little of their answers.
type sparing struct {
	base http.RoundTripper
	now  func() time.Time

	mu     sync.Mutex
	since  time.Time
	number int
}

var errSparing = errors.New("asked for a moment ago")

// RoundTrip implements http.RoundTripper.
func (s *sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	now := s.now()
	if now.Sub(s.since) >= fetchEvery {
		s.since, s.number = now, 0
	}
	s.number++
	over := s.number > mostAtOnce
	s.mu.Unlock()
	if over {
		return nil, errSparing
	}
	res, err := s.base.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, mostFetch), res.Body}
	}
	return res, err
}

// ready gives what verifies the issuer's tokens.
func (i *issuer) ready() (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.verifier != nil {
		return i.verifier, nil
	}
	ctx := oidc.ClientContext(context.Background(), i.client)
	c := &oidc.Config{ClientID: i.Audience, SupportedSigningAlgs: i.Algorithms, Now: i.now}
	if i.Keys != "" {
		i.verifier = oidc.NewVerifier(i.URL, oidc.NewRemoteKeySet(ctx, i.Keys), c)
		return i.verifier, nil
	}
	p, err := oidc.NewProvider(ctx, i.URL)
	if err != nil {
		return nil, err
	}
	i.verifier = p.VerifierContext(ctx, c)
	return i.verifier, nil
}

// isIssued reports whether a text is a token of an issuer's kind: three parts with points
// between them, of which the first is an object of JSON. A password may have points too.
func isIssued(token string) bool {
	head, rest, _ := strings.Cut(token, ".")
	if strings.Count(rest, ".") != 1 || len(token) > mostIssued {
		return false
	}
	text, err := base64.RawURLEncoding.DecodeString(head)
	var object map[string]any
	return err == nil && json.Unmarshal(text, &object) == nil
}

// issued finds who an issuer says that a token's bearer is.
func (a *Authenticator) issued(token string) (catalog.Credential, error) {
	if len(token) > mostIssued {
		return nil, unknown()
	}
	var said struct {
		Issuer string `json:"iss"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(payload, &said) != nil {
		return nil, unknown()
	}
	at := slices.IndexFunc(a.issuers, func(i *issuer) bool { return i.URL == said.Issuer })
	if at < 0 {
		return nil, unknown()
	}
	i := a.issuers[at]
	verifier, err := i.ready()
	if err != nil {
		return nil, refusedBy(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, refusedBy(err)
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		return nil, refusedBy(err)
	}
	login, ok := claims[i.Claim].(string)
	if !ok || login == "" {
		return nil, refusedBy(errors.New("without the claim that names the login"))
	}
	// Whoever can write any address into an account is not whose it is.
	if confirmed, _ := claims["email_verified"].(bool); i.Claim == "email" && !confirmed {
		return nil, refusedBy(errors.New("with an address that nobody confirmed"))
	}
	return catalog.ByIssuer{Login: login, Until: verified.Expiry}, nil
}

// refusedBy is unknown with the reason for the operator's log.
func refusedBy(err error) error { return errs.Wrap(errs.Unauthenticated, "unauthenticated", nil, err) }
