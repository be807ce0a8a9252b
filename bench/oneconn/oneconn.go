// Package oneconn asks an HTTP server over one connection, one request after another, in
// the goroutine that asks. net/http's own client hands each request and each answer over to
// goroutines of its own; on few cores waking them takes as long as a database takes for a
// look-up, and the driver that a server is measured against does nothing like it.
package oneconn

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// Transport is for one goroutine, and for one server. The zero value is ready.
type Transport struct {
	conn net.Conn
	in   *bufio.Reader
}

// RoundTrip implements http.RoundTripper. The connection is kept when the answer's body is
// read to its end.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.conn == nil {
		var d net.Dialer
		conn, err := d.DialContext(r.Context(), "tcp", r.URL.Host)
		if err != nil {
			return nil, err
		}
		t.conn, t.in = conn, bufio.NewReaderSize(conn, 64<<10)
	}
	conn := t.conn
	stop := context.AfterFunc(r.Context(), func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	answer, err := t.exchange(r)
	if err != nil {
		stop()
		_ = t.Close()
		return nil, err
	}
	answer.Body = &body{ReadCloser: answer.Body, t: t, stop: stop}
	return answer, nil
}

func (t *Transport) exchange(r *http.Request) (*http.Response, error) {
	if err := r.Write(t.conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(t.in, r)
}

// Close closes the connection. The next request opens another.
func (t *Transport) Close() error {
	if t.conn == nil {
		return nil
	}
	err := t.conn.Close()
	t.conn = nil
	return err
}

type body struct {
	io.ReadCloser
	t     *Transport
	stop  func() bool
	ended bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err == io.EOF
	return n, err
}

func (b *body) Close() error {
	if !b.stop() || !b.ended { // what is left of the answer would be taken for the next one
		return b.t.Close()
	}
	return b.ReadCloser.Close()
}
