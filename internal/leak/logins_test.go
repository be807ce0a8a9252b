package leak

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mathrand "math/rand/v2"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/servertest"
)

// desk is where people log in: wang has a password, li none, zhao is disabled. Each login
// comes hours after the one before, so that none has to wait.
type desk struct {
	*identity.Authenticator
	hours atomic.Int64
	slow  time.Duration // that wang takes longer, where the clock itself is tried
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	people := map[string]*catalog.Principal{"w": {ID: "w", Login: "wang"}, "l": {ID: "l", Login: "li"}, "z": {ID: "z", Login: "zhao", Disabled: true}}
	passwords := map[string]*catalog.Password{}
	for _, id := range []string{"w", "z"} {
		set, err := identity.NewPassword(people[id], "nine grey herons wait", secret)
		if err != nil {
			t.Fatal(err)
		}
		passwords[id] = set
	}
	state := (*catalog.State)(nil).With(1, catalog.Changed{Principals: people, Passwords: passwords})
	began := time.Now()
	d.Authenticator = identity.New(identity.Options{
		State: func() (*catalog.State, error) { return state, nil }, Secret: secret, HashToken: func(text string) string { return text },
		Now: func() time.Time { return began.Add(time.Duration(d.hours.Load()) * 2 * time.Hour) },
	})
	return d
}

// wrong are pairs of logins that nobody gets in with, of which the second is wang's with
// another password.
var wrong = map[string][2]string{"nobody": {"zhou", "wang"}, "somebody without a password": {"li", "wang"}, "somebody who is disabled": {"zhao", "wang"}}

// tellsApart asks of two logins in a random order, and fails where their answers differ,
// or the times that they take.
func (d *desk) tellsApart(t *testing.T, pair [2]string, count int, try func(login string) (time.Duration, string, error)) float64 {
	t.Helper()
	coin := mathrand.New(mathrand.NewPCG(1, 2))
	var times [2][]time.Duration
	var texts [2]string
	for i := range count + 20 {
		first := coin.IntN(2)
		for _, k := range []int{first, 1 - first} {
			d.hours.Add(1)
			took, text, err := try(pair[k])
			if err != nil {
				t.Fatal(err)
			}
			if texts[k] = strings.ReplaceAll(text, pair[k]+"~token", "LOGIN~token"); i >= 20 { // before that everything is warmed
				times[k] = append(times[k], took)
			}
		}
	}
	if texts[0] != texts[1] || texts[0] == "" {
		t.Errorf("%s is told %q, %s %q", pair[0], texts[0], pair[1], texts[1])
	}
	p := chance(times)
	t.Logf("longer with chance %.3f; medians %v and %v of %d", p, median(times[0]), median(times[1]), count)
	return p
}

// prove proves a wrong password to the PostgreSQL door, and gives how long its answers took.
func prove(ctx context.Context, address, login string) (took time.Duration, text string, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	w := pgproto3.NewFrontend(conn, conn)
	ask := func(m pgproto3.FrontendMessage) (pgproto3.BackendMessage, error) {
		began := time.Now()
		w.Send(m)
		if err := w.Flush(); err != nil {
			return nil, err
		}
		answer, err := w.Receive()
		took += time.Since(began)
		return answer, err
	}
	if _, err := ask(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": login}}); err != nil {
		return 0, "", err
	}
	answer, err := ask(&pgproto3.SASLInitialResponse{AuthMechanism: "SCRAM-SHA-256", Data: []byte("n,,n=,r=abc")})
	if err != nil {
		return 0, "", err
	}
	challenge, ok := answer.(*pgproto3.AuthenticationSASLContinue)
	if !ok {
		return 0, "", fmt.Errorf("%s is answered %+v", login, answer)
	}
	nonce, rest, _ := strings.Cut(string(challenge.Data), ",")
	salt, turns, _ := strings.Cut(rest, ",")
	proof := make([]byte, 32)
	_, _ = rand.Read(proof) // it never fails
	answer, err = ask(&pgproto3.SASLResponse{Data: []byte("c=biws," + nonce + ",p=" + base64.StdEncoding.EncodeToString(proof))})
	if err != nil {
		return 0, "", err
	}
	refused, ok := answer.(*pgproto3.ErrorResponse)
	if !ok {
		return 0, "", fmt.Errorf("%s is answered %+v", login, answer)
	}
	return took, fmt.Sprintf("%d %s %+v", len(salt), turns, *refused), nil
}

func (d *desk) postgres(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := pgwire.Options{Querier: &servertest.Querier{}, Login: d.Login, SCRAM: func(user, client string) (pgwire.Exchange, error) {
		for began := time.Now(); user == "wang" && time.Since(began) < d.slow; {
		}
		return d.SCRAM(user, client)
	}}
	ctx, end := context.WithCancel(context.Background())
	served := safego.Run(func() error { return pgwire.Serve(ctx, ln, o) })
	t.Cleanup(func() {
		end()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// Nobody learns by the time of an exchange of SCRAM whether a login is somebody's.
func TestProofsTakeAsLong(t *testing.T) {
	d := newDesk(t)
	address := d.postgres(t)
	count, bound := timed()
	for what, pair := range wrong {
		if what != "nobody" && !long() {
			continue
		}
		p := d.tellsApart(t, pair, count, func(login string) (time.Duration, string, error) { return prove(t.Context(), address, login) })
		if p < 0.5-bound || p > 0.5+bound {
			t.Errorf("%s: it takes longer than a wrong password with chance %.3f", what, p)
		}
	}
	d.slow = 200 * time.Microsecond
	if p := d.tellsApart(t, wrong["nobody"], 400, func(login string) (time.Duration, string, error) { return prove(t.Context(), address, login) }); p > 0.5-separableShort {
		t.Errorf("200 µs more show with chance %.3f only", 1-p)
	}
}

// Nor by the time of a password, which is that of its hash.
func TestPasswordsTakeAsLong(t *testing.T) {
	if !long() {
		t.Skip("thousands of passwords are hashed: " + "LIANJI_LONG=1")
	}
	d := newDesk(t)
	s := httptest.NewServer(httpapi.New(httpapi.Options{Querier: &servertest.Querier{}, Login: d.Login}))
	defer s.Close()
	try := func(login string) (time.Duration, string, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1/sessions", strings.NewReader(`{"login": "`+login+`", "password": "nine grey herons waiT"}`))
		if err != nil {
			return 0, "", err
		}
		r.Header.Set("Content-Type", "application/json")
		began := time.Now()
		res, err := s.Client().Do(r)
		if err != nil {
			return 0, "", err
		}
		text, err := io.ReadAll(res.Body)
		took := time.Since(began)
		return took, fmt.Sprint(res.StatusCode, ownWords.ReplaceAllString(string(text), "")), errors.Join(err, res.Body.Close())
	}
	const count, bound = 200, 0.13 // four times the standard deviation of the rank statistic, too
	for what, pair := range wrong {
		if p := d.tellsApart(t, pair, count, try); p < 0.5-bound || p > 0.5+bound {
			t.Errorf("%s: it takes longer than a wrong password with chance %.3f", what, p)
		}
	}
}
