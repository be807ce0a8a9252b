package oneconn_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lianji/lianji/bench/oneconn"
)

// Requests share a connection as long as answers are read to their ends.
func TestTransport(t *testing.T) {
	var from []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from = append(from, r.RemoteAddr)
		text, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append(text, strings.Repeat("x", 1<<20)...))
	}))
	defer s.Close()
	kept := &oneconn.Transport{}
	defer func() { _ = kept.Close() }()
	client := http.Client{Transport: kept}
	ask := func(word string, all bool) {
		t.Helper()
		answer, err := client.Post(s.URL, "text/plain", strings.NewReader(word))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		n := int64(len(word))
		if all {
			n += 1 << 20
		}
		text, err := io.ReadAll(io.LimitReader(answer.Body, n))
		if err != nil || int64(len(text)) != n || !strings.HasPrefix(string(text), word) {
			t.Errorf("%s: %d bytes, %v", word, len(text), err)
		}
		if rest, err := answer.Body.Read(make([]byte, 1)); all && (rest != 0 || err != io.EOF) {
			t.Errorf("%s: more bytes, %v", word, err)
		}
	}
	ask("one", true)
	ask("two", true)
	ask("three", false)
	ask("four", true)
	if from[0] != from[1] || from[1] != from[2] || from[2] == from[3] {
		t.Errorf("asked from %v", from)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := client.Do(r); err == nil {
		_ = answer.Body.Close()
		t.Error("an answer to a request that was taken back")
	}
	ask("five", true)
}
