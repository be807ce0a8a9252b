package flightsql

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/listen"
)

// Headers of a call. JDBC sends what its address says after the question mark as
// headers, so each has a plain name too; other headers are let through unread.
const (
	authorizationHeader = "authorization"
	purposeHeader       = "purpose"
	modeHeader          = "mode"
	ownPrefix           = "x-lianji-"
	languageHeader      = "accept-language"
	traceHeader         = "traceparent" // W3C's
	// QueryIDHeader names the query in the header of every answer.
	QueryIDHeader = "lianji-query-id"
)

// caller is who makes a call.
type caller struct {
	id      string // of the query, where the call is one
	headers metadata.MD
	by      server.Asker
	basic   bool   // with a password
	login   string // whose password was tried; empty where none was
	session server.Session
	langs   []string
	trace   string // as its header says it; empty without one, or with two
	// followed is the id of the trace by which the call's statement is followed; empty when it
	// is not.
	followed string
	options  options // that the session has
	told     bool    // the log has a line of its own for what the call did
}

type callerKey struct{}

// callerOf gives who makes the call of a context. Every handler's has one.
func callerOf(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{session: server.Session{Snapshot: policy.Denied{}}}
}

func newID() string { return strings.ToLower(rand.Text()[:16]) }

// admit finds out who makes a call and what it may see.
func (d *door) admit(ctx context.Context, c *caller) (err error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c.headers = md
	c.by.Door = doorName
	if p, ok := peer.FromContext(ctx); ok {
		c.by.Client, _, _ = net.SplitHostPort(p.Addr.String())
		if secure, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			c.by.Certificate = listen.Shown(&secure.State)
		}
	}
	c.langs = languages(md)
	c.trace, _ = one(md.Get(traceHeader))
	if c.options, err = optionsIn(md); err != nil {
		return err
	}
	if c.by.Purpose, err = c.options.purpose(md); err != nil {
		return err
	}
	if c.by.Mode, err = c.options.mode(md); err != nil {
		return err
	}
	if err := d.authenticate(ctx, md, c); err != nil {
		return err
	}
	if d.Session == nil {
		c.session = server.Session{Snapshot: policy.Denied{}, Purpose: c.by.Purpose}
		return nil
	}
	s, err := d.Session(ctx, c.by)
	if err != nil {
		return err
	}
	if p, ok := peer.FromContext(ctx); ok {
		listen.Known(p.Addr)
	}
	s.Snapshot = policy.OrDenied(s.Snapshot)
	s.Door, s.Mode, s.Client = c.by.Door, c.by.Mode, c.by.Client
	c.session = s
	return nil
}

// authenticate finds the token of a call: a bearer's, or the one that a login's
// password stands for.
func (d *door) authenticate(ctx context.Context, md metadata.MD, c *caller) (err error) {
	text, err := one(md.Get(authorizationHeader))
	if err != nil {
		return unknown()
	}
	if text == "" {
		return nil
	}
	scheme, credential, ok := strings.Cut(text, " ")
	credential = strings.TrimLeft(credential, " ")
	switch {
	case !ok || credential == "":
		return unknown()
	case strings.EqualFold(scheme, "Bearer"):
		c.by.Token = credential
		return nil
	case !strings.EqualFold(scheme, "Basic"):
		return unknown()
	}
	login, password, ok := basic(credential)
	if !ok {
		return unknown()
	}
	c.basic = true
	if d.Login == nil {
		c.by.Token = password
		return nil
	}
	c.login = login
	c.by.Token, err = d.Login(ctx, login, password, c.by.Client)
	return err
}

// unknown is the answer to whatever nobody can be found by.
func unknown() error { return errs.New(errs.Unauthenticated, "unauthenticated", nil) }

// basic reads the credential of RFC 7617, with and without its padding.
func basic(credential string) (login, password string, ok bool) {
	text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(credential, "="))
	if err != nil || !utf8.Valid(text) {
		return "", "", false
	}
	return strings.Cut(string(text), ":")
}

// waits tells whether a caller waits for a bearer's token: who gave a password, and who
// shook hands. One whom its certificate stands for needs none, and must not get a word
// that then stands in the certificate's place.
func (c *caller) waits(method string) bool {
	shakes := strings.HasSuffix(method, "/Handshake") && (c.by.Token != "" || c.by.Certificate == "")
	return c.basic || shakes
}

// bearer is what the answer to a password says of the token that stands for the caller.
// Clients wait for it, and where nobody is asked who they are any word will do. Other
// answers do not repeat it: clients show an error's headers.
func (c *caller) bearer() string {
	if c.by.Token == "" {
		return "Bearer -"
	}
	return "Bearer " + c.by.Token
}

// one gives the single value of a header; empty without one. The same value twice
// counts as one: a client's layers may each have added it.
func one(values []string) (string, error) {
	values = slices.Compact(slices.Clone(values))
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return strings.TrimSpace(values[0]), nil
	}
	return "", errs.New(errs.RequestInvalid, "flight_header_twice", nil)
}

// header gives a header by its plain name or with our prefix.
func header(md metadata.MD, name string) (string, error) {
	return one(append(slices.Clone(md.Get(name)), md.Get(ownPrefix+name)...))
}

// purposeOf checks a purpose's form; whether there is such a one is for the catalogue.
func purposeOf(text string) (string, error) {
	if text != "" && !catalog.IsPurposeCode(text) {
		return "", errs.New(errs.RequestInvalid, "http_purpose", nil)
	}
	return text, nil
}

// modeOf reads a mode of sharing. The door serves those in which the answer leaves at
// once and whole: most clients could not show that there is more than they were given.
func modeOf(text string) (catalog.Mode, error) {
	switch m := catalog.Mode(text); m {
	case "":
		return catalog.Interface, nil
	case catalog.Interface, catalog.Download:
		return m, nil
	}
	return "", errs.New(errs.RequestInvalid, "flight_mode", nil)
}

// maxLanguages is the longest header of languages that is looked at.
const maxLanguages = 256

func languages(md metadata.MD) []string {
	wanted, err := header(md, languageHeader)
	if err != nil || wanted == "" || len(wanted) > maxLanguages {
		return nil
	}
	return []string{wanted}
}
