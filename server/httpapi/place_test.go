package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// queued is a door whose statements wait at a place until GoOn says otherwise. It cuts off
// answers that take longer than limit.
func queued(t *testing.T, place int, limit time.Duration) (*servertest.Queueing, *httptest.Server) {
	t.Helper()
	q := &servertest.Queueing{GoOn: make(chan struct{})}
	q.Stand(place)
	s := httptest.NewUnstartedServer(httpapi.New(httpapi.Options{
		Querier: q, PlaceEvery: time.Millisecond, Hosts: []string{"gateway.test"},
		Session: func(context.Context, server.Asker) (server.Session, error) {
			return server.Session{Snapshot: none{}, Principal: "wang"}, nil
		},
	}))
	s.Config.WriteTimeout = limit
	s.Start()
	t.Cleanup(s.Close)
	return q, s
}

// Who asks for interim answers is told the place in the queue, once for each, also when the
// answer takes its time; the answer itself is as ever.
func TestPlace(t *testing.T) {
	const limit = 200 * time.Millisecond
	q, s := queued(t, 3, limit)
	told := make(chan string, 8)
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		told <- fmt.Sprint(code, " ", h.Get(httpapi.PlaceHeader))
		return nil
	}})
	began := time.Now()
	ran := safego.Run(func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/v1/query", strings.NewReader(statement))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Connection", "keep-alive, lianji-place")
		res, err := s.Client().Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusOK || res.Header.Get(httpapi.PlaceHeader) != "" || !strings.Contains(string(body), `"row_count":0`) {
			t.Errorf("the answer: %s %v %s", res.Status, res.Header, body)
		}
		return err
	})
	if got := <-told; got != "102 3" {
		t.Errorf("told %q", got)
	}
	looked := q.Looked()
	waitfor.True(t, time.Second, "the place to be looked for again", func() bool { return q.Looked() > looked+2 && time.Since(began) > 2*limit })
	q.Stand(1)
	if got := <-told; got != "102 1" {
		t.Errorf("told %q", got)
	}
	close(q.GoOn)
	if err := <-ran; err != nil || len(told) > 0 {
		t.Errorf("%v, and told %d times more", err, len(told))
	}
}

// Who does not ask for interim answers, or may not know them, gets the answer alone.
func TestNoInterimAnswers(t *testing.T) {
	for _, c := range []struct{ version, option string }{
		{"1.1", ""}, {"1.1", "Connection: keep-alive\r\n"}, {"1.1", "Lianji-Place: 1\r\n"}, {"1.1", "Connection: Lianji\r\n"}, {"1.0", "Connection: Lianji-Place\r\n"},
	} {
		q, s := queued(t, 3, 0)
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := fmt.Fprintf(conn, "POST /v1/query HTTP/%s\r\nHost: gateway.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", c.version, len(statement), c.option, statement); err != nil {
			t.Fatal(err)
		}
		waitfor.True(t, time.Second, "the statement to wait", q.Waits)
		// In this time it would be told many times.
		if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		if _, err := in.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%+v: told something before the answer: %v", c, err)
		}
		if err := conn.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		close(q.GoOn)
		line, err := in.ReadString('\n')
		if err != nil || !strings.HasSuffix(line, " 200 OK\r\n") {
			t.Errorf("%+v: %q %v", c, line, err)
		}
	}
}
