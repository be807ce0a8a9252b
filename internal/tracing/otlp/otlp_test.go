package otlp_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/logging"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testotlp"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/internal/tracing/otlp"
	"github.com/lianji/lianji/internal/waitfor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sent makes spans and ends the export; it gives what the log has. Ending must not take
// longer than its limit.
func sent(t *testing.T, o otlp.Options, spans int) string {
	t.Helper()
	var b bytes.Buffer
	o.Logger, _ = logging.New(&b, slog.LevelInfo)
	o.Ratio = 1
	e, err := otlp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for range spans {
		_, s := e.Tracer().Begin(t.Context(), tracing.Whole, tracing.Statement{Query: "q17"})
		s.End()
	}
	closed := safego.Run(func() error { e.Close(); return nil })
	var over atomic.Bool
	watched := safego.Run(func() error { err := <-closed; over.Store(true); return err })
	waitfor.True(t, 4*time.Second, "the export to end", over.Load)
	if err := <-watched; err != nil {
		t.Error(err)
	}
	e.Close() // which may be repeated
	return b.String()
}

func TestSent(t *testing.T) {
	c := testotlp.New(t)
	log := sent(t, otlp.Options{Endpoint: c.URL, Headers: map[string]string{"Authorization": "Bearer s3cret"}}, 700)
	if spans := c.Spans(); len(spans) != 700 || spans[0].GetName() != "statement" || testotlp.Attributes(spans[0])["lianji.query"] != "q17" {
		t.Errorf("%d spans, %v", len(spans), spans[0])
	}
	for _, h := range c.Headers() {
		if h.Get("Authorization") != "Bearer s3cret" {
			t.Errorf("headers %v", h)
		}
	}
	if !c.Holds("lianji") || log != "" {
		t.Errorf("log: %s", log)
	}
}

// A collector that is not there, does not answer, or refuses keeps nobody waiting, loses no
// more than what it did not take, and is told of once, without its own words or ours to it.
func TestDown(t *testing.T) {
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	silent := testotlp.New(t)
	gone := make(chan struct{})
	silent.Answer(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-r.Context().Done():
		case <-gone:
		}
		return true
	})
	t.Cleanup(func() { close(gone) })
	refuses := testotlp.New(t)
	refuses.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "the words of the collector", http.StatusForbidden)
		return true
	})
	leads := testotlp.New(t)
	elsewhere := testotlp.New(t)
	leads.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		return true
	})
	for name, url := range map[string]string{
		"away": "http://" + away.Addr().String() + "/v1/traces", "silent": silent.URL, "refuses": refuses.URL, "leads elsewhere": leads.URL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := sent(t, otlp.Options{Endpoint: url, Headers: map[string]string{"X-Key": "s3cret"}}, 10_000)
			if strings.Count(log, "level=WARN") != 1 || strings.Count(log, "\n") != 1 || strings.Contains(log, "s3cret") || strings.Contains(log, "words of the collector") {
				t.Errorf("it says %s", log)
			}
			if n := len(elsewhere.Headers()); n != 0 {
				t.Errorf("%d requests went where the collector led them", n)
			}
		})
	}
}

// What a collector does not take for now is sent again.
func TestAgain(t *testing.T) {
	c := testotlp.New(t)
	var asked atomic.Int32
	c.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) > 1 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if log := sent(t, otlp.Options{Endpoint: c.URL}, 3); len(c.Spans()) != 3 || log != "" {
		t.Errorf("%d spans, %s", len(c.Spans()), log)
	}
}

// What the collector does not get is counted: what it does not take, and what does not fit
// into the queue meanwhile.
func TestLost(t *testing.T) {
	const made, queued = 5000, 4096
	c, begun, taken := testotlp.New(t), make(chan struct{}, made), make(chan struct{})
	c.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
		begun <- struct{}{}
		<-taken
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	log, _ := logging.New(&bytes.Buffer{}, slog.LevelInfo)
	e, err := otlp.New(otlp.Options{Endpoint: c.URL, Ratio: 1, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	spans := func(n int) {
		for range n {
			_, s := e.Tracer().Begin(t.Context(), tracing.Whole, tracing.Statement{Query: "q17"})
			s.End()
		}
	}
	spans(1000)
	<-begun // a request is under way
	spans(made - 1000)
	if full, undelivered := e.Lost(); full != made-queued || undelivered != 0 {
		t.Errorf("while a request is under way %d and %d are lost", full, undelivered)
	}
	close(taken)
	e.Close()
	if full, undelivered := e.Lost(); full != made-queued || undelivered != queued {
		t.Errorf("%d and %d are lost, want %d and %d", full, undelivered, made-queued, queued)
	}
}

// What was sent makes room for more.
func TestRoom(t *testing.T) {
	c := testotlp.New(t)
	log, _ := logging.New(&bytes.Buffer{}, slog.LevelInfo)
	e, err := otlp.New(otlp.Options{Endpoint: c.URL, Ratio: 1, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const batches = 5 * 512 // a request is sent as soon as it is full
	for made := batches; made <= 2*batches; made += batches {
		for range batches {
			_, s := e.Tracer().Begin(t.Context(), tracing.Whole, tracing.Statement{Query: "q17"})
			s.End()
		}
		waitfor.True(t, 2*time.Second, "the spans", func() bool { return len(c.Spans()) == made })
	}
	if full, undelivered := e.Lost(); full != 0 || undelivered != 0 {
		t.Errorf("%d and %d are lost", full, undelivered)
	}
}

// Files that cannot be used are told when the gateway starts; without an export nothing is
// followed.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]otlp.Options{
		"no file": {CA: filepath.Join(dir, "none.pem")}, "no certificate": {CA: empty}, "no key": {Certificate: empty, Key: empty},
	} {
		if _, err := otlp.New(o); errs.From(err) == nil || errs.From(err).ID != "tracing_file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *otlp.Export
	if ctx, s := none.Tracer().Begin(context.Background(), tracing.Whole, tracing.Statement{}); s != nil || ctx != context.Background() {
		t.Error("something is followed")
	}
	none.Close()
}
