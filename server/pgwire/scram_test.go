package pgwire_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/servertest"
)

const (
	wangs      = "nine grey herons wait"
	wangsToken = "lianji_wang"
	turns      = 4096 // of PBKDF2
)

// verifier is what PostgreSQL keeps of a password.
func verifier(password, salt string) string {
	digest := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	salted, err := pbkdf2.Key(sha256.New, password, []byte(salt), turns, sha256.Size)
	if err != nil {
		panic(err) // a test's own constants
	}
	stored := sha256.Sum256(digest(salted, "Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", turns, b64([]byte(salt)), b64(stored[:]), b64(digest(salted, "Server Key")))
}

// people are wang, who has a password and a token, and mz.app, whose certificate the test
// may say.
type people struct {
	*site
	mu       sync.Mutex
	whose    string // the certificate is
	refused  []server.Refusal
	sessions []server.Asker
}

func (p *people) set(whose string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whose = whose
}

func (p *people) owner(string, string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.whose
}

// told gives what was refused since the last time.
func (p *people) told() (all []server.Refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all, p.refused = p.refused, nil
	return all
}

func newPeople(t *testing.T, with ...func(*pgwire.Options)) *people {
	t.Helper()
	p := &people{}
	state := (*catalog.State)(nil).With(1, catalog.Changed{
		Principals: map[string]*catalog.Principal{"w": {ID: "w", Login: "wang"}, "a": {ID: "a", Login: "mz.app", Service: true}},
		Tokens:     map[string]*catalog.Token{"t": {ID: "t", Principal: "w", Expires: time.Now().Add(time.Hour)}},
		Hashes:     map[string]string{"t": "hash of " + wangsToken},
		Passwords:  map[string]*catalog.Password{"w": {Principal: "w", Hash: "none", SCRAM: verifier(wangs, "0123456789abcdef"), Version: 1}},
	})
	a := identity.New(identity.Options{
		State: func() (*catalog.State, error) { return state, nil }, Secret: []byte("0123456789abcdef0123456789abcdef"),
		HashToken: func(text string) string { return "hash of " + text },
	})
	p.site = open(t, &servertest.Querier{}, append([]func(*pgwire.Options){func(o *pgwire.Options) {
		o.Login, o.Certified = a.Login, p.owner
		o.SCRAM = func(user, client string) (pgwire.Exchange, error) { return a.SCRAM(user, client) }
		o.Session = func(_ context.Context, by server.Asker) (server.Session, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.sessions = append(p.sessions, by)
			if by.Token == "" && by.Certificate != "" && p.whose != "" {
				return server.Session{Principal: p.whose}, nil
			}
			cred, err := a.Credential(by.Token, by.Client)
			if err != nil {
				return server.Session{}, err
			}
			_, who, ok := cred.Bearer(state, time.Now())
			if !ok {
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			return server.Session{Principal: who.Login}, nil
		}
		o.Refused = func(_ context.Context, r server.Refusal) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.refused = append(p.refused, r)
			return nil
		}
	}}, with...)...)
	return p
}

// come connects as a user with a password, or a token in its place.
func (p *people) come(t *testing.T, user, password, more string, tls ...*tls.Config) (*pgconn.PgConn, error) {
	t.Helper()
	config, err := pgconn.ParseConfig("postgres://" + p.address + "/lianji?sslmode=disable" + more)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = user, password
	if len(tls) > 0 {
		config.TLSConfig = tls[0]
	}
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err == nil {
		t.Cleanup(func() { _ = c.Close(context.Background()) })
	}
	return c, err
}

// A password is proved and never sent; a token is sent under the name that asks for that.
// What fails reads the same for everybody, and is told to who keeps account of it.
func TestSCRAM(t *testing.T) {
	p := newPeople(t)
	for _, c := range []struct{ name, user, password, more, as string }{
		{"a password", "wang", wangs, "&require_auth=scram-sha-256", "wang"},
		{"a token", "wang~token", wangsToken, "&require_auth=password", "wang"},
		{"another password", "wang", wangs + "!", "", ""},
		{"somebody without one", "mz.app", wangs, "", ""},
		{"nobody", "zhao", wangs, "", ""},
		{"a token as a password", "wang", wangsToken, "", ""},
		{"another's token", "mz.app~token", wangsToken, "", ""},
		{"nobody's token", "zhao~token", wangsToken, "", ""},
	} {
		conn, err := p.come(t, c.user, c.password, c.more)
		told := p.told()
		if c.as != "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			mustRun(t, conn, "SHOW session_authorization", c.as+"\nSHOW\n")
			if len(told) > 0 {
				t.Errorf("%s: refused %+v", c.name, told)
			}
			continue
		}
		e := wantState(t, err, "28P01")
		login, sent := strings.CutSuffix(c.user, "~token")
		if len(told) != 1 || told[0].Login != login || told[0].Code != errs.Unauthenticated {
			t.Errorf("%s: told %+v", c.name, told)
		}
		if hint := "A token in the place of the password is taken from the user " + login + "~token."; !sent && (e.Hint != hint || !strings.HasPrefix(e.Message, "The login and the password do not belong together")) {
			t.Errorf("%s: %q, %q", c.name, e.Message, e.Hint)
		}
	}
	// The database of a user's own name is the gateway's, whatever the name asks for.
	c, err := pgconn.Connect(t.Context(), "postgres://wang~token:"+wangsToken+"@"+p.address+"/wang~token?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, c, "SHOW session_authorization", "wang\nSHOW\n")
	_ = c.Close(t.Context())
}

// A proof that came too often has to wait, as a password does.
func TestSCRAMWaits(t *testing.T) {
	p := newPeople(t)
	for range 5 {
		if _, err := p.come(t, "wang", "x", ""); err == nil {
			t.Fatal("connected")
		}
	}
	_, err := p.come(t, "wang", wangs, "")
	wantState(t, err, "28P01")
}

// signed makes a certificate whose digest names what connections are bound to; with
// Ed25519 there is none.
func signed(t *testing.T, bound bool) *tls.Config {
	t.Helper()
	if bound {
		c := certificate(t)
		leaf, err := x509.ParseCertificate(c.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates[0].Leaf = leaf
		return c
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"gateway"}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, public, private)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}}}
}

// Over TLS the proof is bound to the certificate that the client saw, also to one that was
// renewed since the door opened.
func TestChannelBinding(t *testing.T) {
	first, second := signed(t, true), signed(t, true)
	renewing := first.Clone()
	renewing.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return second, nil }
	anything := &tls.Config{InsecureSkipVerify: true}
	for _, c := range []struct {
		name, more string
		door       *tls.Config
		ok         bool
	}{
		{"bound", "&channel_binding=require", first, true}, {"bound to a renewed one", "&channel_binding=require", renewing, true},
		{"by a client that does not", "&channel_binding=disable", first, true},
		{"where there is nothing to bind to", "&channel_binding=require", signed(t, false), false}, {"nothing, and nobody asks for it", "", signed(t, false), true},
	} {
		p := newPeople(t, func(o *pgwire.Options) { o.TLS = c.door })
		if _, err := p.come(t, "wang", wangs, "&require_auth=scram-sha-256"+c.more, anything); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// saying begins a login as wang over TLS and says one message of SASL.
func (p *people) saying(t *testing.T, mechanism, message string) *wire {
	t.Helper()
	w := p.raw(t)
	w.send(&pgproto3.SSLRequest{})
	if _, err := w.conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	secure := tls.Client(w.conn, &tls.Config{InsecureSkipVerify: true})
	w.conn, w.Frontend = secure, pgproto3.NewFrontend(secure, secure)
	w.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "wang"}})
	m, err := w.Receive()
	if offered, ok := m.(*pgproto3.AuthenticationSASL); !ok || strings.Join(offered.AuthMechanisms, " ") != "SCRAM-SHA-256-PLUS SCRAM-SHA-256" {
		t.Fatalf("offered %+v, %v", m, err)
	}
	w.send(&pgproto3.SASLInitialResponse{AuthMechanism: mechanism, Data: []byte(message)})
	return w
}

// What is no exchange is none, and what shows that somebody stands in between is told.
func TestSASLRefuses(t *testing.T) {
	p := newPeople(t, func(o *pgwire.Options) { o.TLS = signed(t, true) })
	const plus, plain, bound = "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "p=tls-server-end-point,,"
	refused := func(w *wire, what string, binding bool) {
		t.Helper()
		state := "08P01"
		if binding {
			state = "28P01"
		}
		m, err := w.Receive()
		if e, ok := m.(*pgproto3.ErrorResponse); !ok || e.Code != state || e.Severity != "FATAL" || strings.HasPrefix(e.Message, "The connection's TLS is not the one") != binding {
			t.Errorf("%s: %+v, %v", what, m, err)
		}
		if told := p.told(); (len(told) == 1) != binding {
			t.Errorf("%s: told %+v", what, told)
		}
		_ = w.conn.Close()
	}
	for _, c := range []struct {
		mechanism, message string
		binding            bool
	}{
		{plain, "y,,n=,r=abc", true}, // it thinks that the gateway cannot bind
		{plain, "p=tls-unique,,n=,r=abc", false}, {plain, bound + "n=,r=abc", false}, {plus, "n,,n=,r=abc", false}, {plus, "y,,n=,r=abc", false},
		{plus, "p=tls-unique,,n=,r=abc", false}, {"SCRAM-SHA-1", "n,,n=,r=abc", false}, {"", "n,,n=,r=abc", false}, {plain, "n,a=li,n=,r=abc", false},
		{plain, "n,,m=x,n=,r=abc", false}, {plain, "n,,n=,r=", false}, {plain, "n,,n=", false}, {plain, "n,,r=abc", false}, {plain, "n,,n=,r=a\x00c", false},
		{plain, "n", false}, {plain, "", false}, {plain, "n,", false},
	} {
		refused(p.saying(t, c.mechanism, c.message), c.mechanism+" "+c.message, c.binding)
	}
	proof := base64.StdEncoding.EncodeToString(make([]byte, 32))
	b64 := base64.StdEncoding.EncodeToString
	for message, binding := range map[string]bool{
		"c=" + b64([]byte(bound)) + ",NONCE,p=" + proof:                         true, // of no connection
		"c=" + b64([]byte(bound+strings.Repeat("x", 32))) + ",NONCE,p=" + proof: true, // of another one
		"c=" + b64([]byte("n,,")) + ",NONCE,p=" + proof:                         true,
		"c=" + b64([]byte(bound)) + ",r=abc,p=" + proof:                         false,
		"c=" + b64([]byte(bound)) + ",NONCEx,p=" + proof:                        false,
		"c=" + b64([]byte(bound)) + ",NONCE":                                    false,
		"NONCE,p=" + proof:                                                      false,
		"c=" + b64([]byte(bound)) + ",NONCE,p=!":                                false,
		"":                                                                      false,
	} {
		w := p.saying(t, plus, bound+"n=,r=abc")
		m, err := w.Receive()
		answer, ok := m.(*pgproto3.AuthenticationSASLContinue)
		if !ok || !strings.HasPrefix(string(answer.Data), "r=abc") {
			t.Fatalf("%+v, %v", m, err)
		}
		nonce, rest, _ := strings.Cut(string(answer.Data), ",")
		if len(nonce) < len("r=abc")+20 || rest != "s="+b64([]byte("0123456789abcdef"))+",i=4096" {
			t.Errorf("answered %s", answer.Data)
		}
		w.send(&pgproto3.SASLResponse{Data: []byte(strings.ReplaceAll(message, "NONCE", nonce))})
		refused(w, message, binding)
	}
}

// A client's certificate stands for the user that it is of, and for nobody else.
func TestCertificateOfUser(t *testing.T) {
	door := signed(t, true)
	own := signed(t, true).Certificates[0]
	door.ClientCAs, door.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	door.ClientCAs.AddCert(own.Leaf)
	p := newPeople(t, func(o *pgwire.Options) { o.TLS = door })
	shows := &tls.Config{InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }}
	without := &tls.Config{InsecureSkipVerify: true}
	if _, err := p.come(t, "mz.app", "", "", shows); err == nil {
		t.Error("nobody's certificate opens")
	}
	p.set("mz.app")
	c, err := p.come(t, "mz.app", "", "&require_auth=none", shows)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, c, "SELECT 1", "SELECT 0\n")
	for _, one := range []struct {
		name, user, password string
		tls                  *tls.Config
		ok                   bool
	}{
		{"another user", "wang", "", shows, false}, {"another user's password", "wang", wangs, shows, true}, {"a token beside it", "wang~token", wangsToken, shows, true},
		{"its user's token", "mz.app~token", "lianji_wrong", shows, false}, {"no certificate", "mz.app", "", without, false},
	} {
		if _, err := p.come(t, one.user, one.password, "", one.tls); (err == nil) != one.ok {
			t.Errorf("%s: %v", one.name, err)
		}
	}
	p.set("mz.new")
	_, err = run(t, c, "SELECT 1")
	wantState(t, err, "28000")
}
