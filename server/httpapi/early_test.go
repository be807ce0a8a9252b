package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// holding are options of a door that knows wang.
func holding() Options {
	unknown := errs.New(errs.Unauthenticated, "unauthenticated", nil)
	return Options{
		Querier: answering{},
		Holds: func(by server.Asker) error {
			if by.Token != "wang" {
				return unknown
			}
			return nil
		},
		Session: func(_ context.Context, by server.Asker) (server.Session, error) {
			if by.Token != "wang" && by.Signed == nil {
				return server.Session{}, unknown
			}
			return server.Session{Snapshot: policy.Denied{}, Principal: "wang"}, nil
		},
		Login: func(context.Context, string, string, string) (string, error) { return "wang", nil },
	}
}

// answering is a querier that has something to say.
type answering struct{ server.Querier }

func (answering) Query(context.Context, server.Session, server.Request) (*server.Answer, error) {
	return nil, errs.New(errs.NotSupported, "http_not_found", nil)
}

// serving serves a door with room for so many connections.
func serving(t *testing.T, o Options, most int) (address string) {
	t.Helper()
	s := newServer(o, most)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := safego.Run(func() error { return s.Serve(ln) })
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return ln.Addr().String()
}

// heads are requests whose bodies do not come, by what they show of their sender.
var heads = map[string]string{
	"nothing":     "POST /v1/query HTTP/1.1\r\n",
	"wrong":       "POST /v1/query HTTP/1.1\r\nAuthorization: Bearer li\r\n",
	"no scheme":   "POST /v1/query HTTP/1.1\r\nAuthorization: wang\r\n",
	"a name":      "POST /v1/query HTTP/1.1\r\nAuthorization: LIANJI-HMAC-SHA256 Key=\r\n",
	"statements":  "POST /v1/statements HTTP/1.1\r\n",
	"catalogue":   "PUT /v1/catalog/agencies/X HTTP/1.1\r\n",
	"a reader":    "GET /v1/resources HTTP/1.1\r\n",
	"in no hurry": "POST /v1/query HTTP/1.1\r\nExpect: 100-continue\r\n",
}

const bodyToCome = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"

// Whoever shows nothing that holds is refused before a body comes, which is not asked for
// either, and the connection ends.
func TestEarly(t *testing.T) {
	address := serving(t, holding(), 160)
	all := map[string]*client{}
	for name, head := range heads {
		c := connectTo(t, address)
		all[name] = c
		if err := c.SetDeadline(time.Now().Add(readLimit / 2)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, head+bodyToCome); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range all {
		res, err := http.ReadResponse(c.answers, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusUnauthorized || !strings.Contains(string(text), string(errs.Unauthenticated)) {
			t.Errorf("%s: %v %s %s", name, err, res.Status, text)
		}
		if _, err := c.answers.ReadByte(); err == nil || isLate(err) {
			t.Errorf("%s: it is kept: %v", name, err)
		}
	}
	// Of a client that sends all before it reads, all is taken.
	body := strings.Repeat(" ", maxBody-1)
	c := connectTo(t, address)
	if _, err := fmt.Fprintf(c, "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	if res, err := http.ReadResponse(c.answers, nil); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a large body: %v", err)
	}
	// Whose token holds is asked for the body, and keeps the connection.
	c = connectTo(t, address)
	for range 2 {
		if _, err := io.WriteString(c, "POST /v1/query HTTP/1.1\r\nExpect: 100-continue\r\nAuthorization: Bearer wang\r\n"+bodyToCome); err != nil {
			t.Fatal(err)
		}
		expectStatus(t, c.answers, http.StatusContinue)
		if _, err := fmt.Fprintf(c, "%-1000s", `{"sql": "select 1"}`); err != nil {
			t.Fatal(err)
		}
		expectStatus(t, c.answers, http.StatusBadRequest)
	}
}

func isLate(err error) bool {
	late, ok := err.(net.Error)
	return ok && late.Timeout()
}

func expectStatus(t *testing.T, r *bufio.Reader, want int) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != want {
		t.Errorf("%v %s, want %d", err, res.Status, want)
	}
}

// Strangers keep nobody out, whatever their connections are at, from one address or many:
// those over which somebody has shown who they are stay.
func TestStrangers(t *testing.T) {
	const signed = "POST /v1/query HTTP/1.1\r\nAuthorization: LIANJI-HMAC-SHA256 Key=k, Time=1, Nonce=n, Signature=AAAA\r\n"
	for name, said := range map[string]string{
		"silent": "", "partial": "GET /healthz HTTP/1.1\r\nHost: ", "nothing": heads["nothing"] + bodyToCome, "wrong": heads["wrong"] + bodyToCome,
		"signed": signed + bodyToCome, "session": "POST /v1/sessions HTTP/1.1\r\n" + bodyToCome,
	} {
		for _, addresses := range []int{1, 40} {
			address := serving(t, holding(), 16)
			asks := func(c *client) {
				t.Helper()
				const body = `{"sql": "select 1"}`
				if _, err := fmt.Fprintf(c, "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wang\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
					t.Fatalf("%s from %d: %v", name, addresses, err)
				}
				expectStatus(t, c.answers, http.StatusBadRequest)
			}
			in := connectTo(t, address)
			asks(in)
			var first net.Conn
			for i := range 40 {
				nc, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i%addresses))}}).DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Skipf("no other address of this machine: %v", err)
				}
				t.Cleanup(func() { _ = nc.Close() })
				if _, err := io.WriteString(nc, said); err != nil {
					t.Fatal(err)
				}
				if i == 0 {
					first = nc
				}
			}
			asks(connectTo(t, address))
			asks(in)
			if err := first.SetReadDeadline(time.Now().Add(headerTime / 2)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, first); err != nil && isLate(err) {
				t.Errorf("%s from %d: the first is kept", name, addresses)
			}
		}
	}
}

// Who logs in is known by it.
func TestLoginIsKnown(t *testing.T) {
	address := serving(t, holding(), 8) // of which one may be a stranger's
	in := connectTo(t, address)
	const body = `{"login": "wang", "password": "x"}`
	if _, err := fmt.Fprintf(in, "POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, in.answers, http.StatusCreated)
	for range 3 {
		connectTo(t, address)
	}
	if _, err := io.WriteString(in, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, in.answers, http.StatusOK)
}

// A login is small, soon there, and needs no room beside other bodies; strangers' signed
// requests have an eighth of that.
func TestBodiesOfStrangers(t *testing.T) {
	w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+loginPath, strings.NewReader("{"))
	r.Header.Set("Content-Type", "application/json")
	begun := time.Now()
	if _, err := loginBody(w, r); err != nil || len(w.all) != 2 || w.all[0].After(begun.Add(15*time.Second)) {
		t.Errorf("%v, with deadlines %v", err, w.all)
	}
	address := serving(t, holding(), 1600) // of which two hundred may be strangers'
	sends := func(head string, size int) *client {
		t.Helper()
		c := connectTo(t, address)
		if _, err := fmt.Fprintf(c, "%sHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", head, size); err != nil {
			t.Fatal(err)
		}
		return c
	}
	const signed = "POST /v1/query HTTP/1.1\r\nAuthorization: LIANJI-HMAC-SHA256 Key=k, Time=1, Nonce=n, Signature=AAAA\r\n"
	large := sends("POST "+loginPath+" HTTP/1.1\r\n", 16385)
	if _, err := io.WriteString(large, strings.Repeat(" ", 16385)); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, large.answers, http.StatusRequestEntityTooLarge)
	var last *client
	for range 70 {
		last = sends(signed, maxBody)
		sends("POST "+loginPath+" HTTP/1.1\r\n", maxLogin)
	}
	expectStatus(t, last.answers, http.StatusServiceUnavailable)
	const body = `{"sql": "select 1"}`
	c := sends("POST /v1/query HTTP/1.1\r\nAuthorization: Bearer wang\r\n", maxBody)
	if _, err := io.WriteString(c, body+strings.Repeat(" ", maxBody-len(body))); err != nil {
		t.Fatal(err)
	}
	expectStatus(t, c.answers, http.StatusBadRequest)
}
