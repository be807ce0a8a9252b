package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/listen"
)

// crowded is a server that lets two connections in, over which / makes its sender known. It
// answers /wait once it may, /slow too, of which it does not know whose it is. It tells when
// a request waits, and when a connection rests, which is after its client has the answer.
func crowded(t *testing.T) (address string, waits, rests chan struct{}) {
	t.Helper()
	may, waits, rests := make(chan struct{}), make(chan struct{}, 2), make(chan struct{}, 8)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" && seated(r.Context(), "") != nil {
			t.Error("one that nobody has is refused")
		}
		if r.URL.Path == "/" {
			shown(r.Context())
		} else {
			waits <- struct{}{}
			<-may
		}
	}))
	c := newCrowd(2)
	c.Crowd = listen.NewCrowd(2, 16) // of which two may be strangers' here
	s.Config.ConnContext = c.known
	s.Config.ConnState = func(nc net.Conn, state http.ConnState) {
		if c.changed(nc, state); state == http.StateIdle {
			rests <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(may) })
	return s.Listener.Addr().String(), waits, rests
}

// client is a connection to it.
type client struct {
	*testing.T
	net.Conn
	answers *bufio.Reader
}

func connectTo(t *testing.T, address string) *client {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t, c, bufio.NewReader(c)}
}

func (c *client) send(path string) error {
	_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
	return err
}

// asks tells whether a request on the connection is answered.
func (c *client) asks(path string) bool {
	if err := c.send(path); err != nil {
		return false
	}
	r, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.Error("neither answered nor closed")
		}
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// Whoever comes gets the place of the connection that has rested longest.
func TestCrowdGivesWay(t *testing.T) {
	address, _, rests := crowded(t)
	first, second := connectTo(t, address), connectTo(t, address)
	for _, c := range []*client{first, second, first} {
		if !c.asks("/") {
			t.Fatal("two are not let in")
		}
		<-rests
	}
	third := connectTo(t, address)
	if !third.asks("/") {
		t.Error("the third is not let in")
	}
	if second.asks("/") {
		t.Error("the one that rested longest was kept")
	}
	if !first.asks("/") {
		t.Error("the other one was not kept")
	}
}

// Nobody gets the place of a request that is at work, and a place is free again after it.
func TestCrowdAtWork(t *testing.T) {
	address, waits, _ := crowded(t)
	for range 2 {
		if err := connectTo(t, address).send("/wait"); err != nil {
			t.Fatal(err)
		}
		<-waits
	}
	if connectTo(t, address).asks("/") {
		t.Error("the third is let in")
	}
}

// A request of nobody known gives way where no connection rests, the oldest one first: its
// body may never come.
func TestCrowdOfNobody(t *testing.T) {
	address, waits, _ := crowded(t)
	first, second := connectTo(t, address), connectTo(t, address)
	for _, c := range []*client{first, second} {
		if err := c.send("/slow"); err != nil {
			t.Fatal(err)
		}
		<-waits
	}
	if !connectTo(t, address).asks("/") {
		t.Error("the third is not let in")
	}
	if _, err := first.answers.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the oldest was kept: %v", err)
	}
	if err := second.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := second.answers.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the other one was not kept: %v", err)
	}
}

// waiting is a querier that tells when it is asked, and answers once it may.
type waiting struct {
	server.Querier
	asked chan string
	may   chan struct{}
}

func (q waiting) Query(_ context.Context, s server.Session, _ server.Request) (*server.Answer, error) {
	q.asked <- s.Principal
	<-q.may
	return nil, errs.New(errs.NotSupported, "http_not_found", nil)
}

// A principal has a quarter of the connections at work at the most, and another one again
// when one of them has ended. Those of others are their own.
func TestCrowdOfPrincipals(t *testing.T) {
	q := waiting{asked: make(chan string, 1), may: make(chan struct{})}
	s := newServer(Options{Querier: q, Session: func(_ context.Context, a server.Asker) (server.Session, error) {
		return server.Session{Snapshot: policy.Denied{}, Principal: a.Token}, nil
	}}, 8)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := safego.Run(func() error { return s.Serve(ln) })
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	ask := func(who string) *client {
		t.Helper()
		c := connectTo(t, ln.Addr().String())
		const body = `{"sql": "select 1"}`
		if _, err := fmt.Fprintf(c, "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", who, len(body), body); err != nil {
			t.Fatal(err)
		}
		return c
	}
	answer := func(who string) *http.Response {
		t.Helper()
		res, err := http.ReadResponse(ask(who).answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	for _, who := range []string{"wang", "wang", "li"} {
		ask(who)
		select {
		case <-q.asked:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s is not let in", who)
		}
	}
	res := answer("wang")
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || !strings.Contains(string(text), string(errs.QueueFull)) {
		t.Errorf("the third of one: %v %s %v %s", err, res.Status, res.Header, text)
	}
	close(q.may)
	waitfor.True(t, 10*time.Second, "a place that is free again", func() bool {
		if answer("wang").StatusCode == http.StatusServiceUnavailable {
			return false
		}
		<-q.asked
		return true
	})
}

func TestCrowdForgets(t *testing.T) {
	c := newCrowd(2)
	for range 5 {
		a, b := net.Pipe()
		defer b.Close()
		c.changed(a, http.StateNew)
		c.changed(a, http.StateActive)
		if !c.hold(a, "wang") {
			t.Error("not let in")
		}
		c.changed(a, http.StateIdle)
		c.changed(a, http.StateActive)
		if !c.hold(a, "wang") {
			t.Error("not let in again")
		}
		c.changed(a, http.StateClosed)
	}
	if len(c.all) != 0 || len(c.own) != 0 {
		t.Errorf("%d and %d are remembered", len(c.all), len(c.own))
	}
}

// Bodies for which there is no room beside others are refused, small ones are not.
func TestRoomForBodies(t *testing.T) {
	begun, may := make(chan struct{}, 1), make(chan struct{})
	h := withRoom(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			begun <- struct{}{}
			<-may
		}
	}), 2*smallBody)
	ask := func(path string, size int64) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(""))
		r.ContentLength = size
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	done := safego.Run(func() error { ask("/wait", smallBody+1); return nil })
	<-begun
	for size, want := range map[int64]int{0: 200, smallBody: 200, smallBody + 1: 503, -1: 503, maxBody + 1: 503} {
		w := ask("/", size)
		if w.Code != want {
			t.Errorf("%d bytes: %d", size, w.Code)
		}
		if want == 503 && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), string(errs.QueueFull))) {
			t.Errorf("%d bytes: %v %s", size, w.Header(), w.Body)
		}
	}
	close(may)
	<-done
	if w := ask("/", smallBody+1); w.Code != 200 {
		t.Errorf("after it: %d", w.Code)
	}
}

// deadlined is a response that keeps the deadlines for what the client sends.
type deadlined struct {
	*httptest.ResponseRecorder
	at  time.Time
	all []time.Time
}

func (d *deadlined) SetReadDeadline(at time.Time) error {
	d.at, d.all = at, append(d.all, at)
	return nil
}

// A request that says that it has a body must send it in time, whether somebody reads it
// or not.
func TestBodiesThatNeverCome(t *testing.T) {
	h := New(Options{})
	for _, path := range []string{"/healthz", "/nowhere", "/v1/statements"} {
		for size, bound := range map[int64]bool{0: false, 10: true, -1: true} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, http.NoBody)
			r.ContentLength = size
			w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
			begun := time.Now()
			h.ServeHTTP(w, r)
			if w.at.IsZero() == bound || bound && w.at.After(begun.Add(readLimit+time.Minute)) {
				t.Errorf("%s with %d bytes: %v", path, size, w.at)
			}
		}
	}
}
