package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/safego"
)

const (
	// readBuffer holds what one read takes from the socket; a longer message
	// makes it grow for as long as the statement runs.
	readBuffer = 256 << 10
	// maxMessage is PostgreSQL's own limit of a message.
	maxMessage = 1 << 30
	// cancelLimit is how long a server may take to end a cancelled statement
	// before its connection is dropped.
	cancelLimit = 5 * time.Second
	// cancelAgain is when a server that still answers is asked once more: it forgets
	// a request that comes between two messages of a statement, while it plans or
	// compiles it.
	cancelAgain = 100 * time.Millisecond
)

// session is one connection to the server. The driver makes it and logs in; scans
// write with the driver's encoder and read the socket themselves, which the driver
// does not mind while it is idle. Whatever used the driver calls its SyncConn: where a
// write takes long it reads on a goroutine, which may outlast the answer and would
// take the next one.
type session struct {
	pg   *pgconn.PgConn
	conn net.Conn

	buf        []byte
	begin, end int // what was read and not yet taken
	statements statements
	broken     bool // no statement may follow
}

// connect opens a session and makes sure that it is set as it must be.
func connect(ctx context.Context, config *pgconn.Config) (*session, error) {
	config = config.Copy()
	first := &firstByte{dial: config.DialFunc}
	config.DialFunc = first.connect
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		if first.isForeign() {
			return nil, errForeign
		}
		return nil, err
	}
	s := &session{pg: pg, conn: pg.Conn()}
	if err := s.check(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// check reads the settings back: something between here and the server may have
// dropped them, and a value in another time zone would be wrong without an error.
func (s *session) check(ctx context.Context) error {
	var names []string
	sql := "SELECT current_setting('integer_datetimes')"
	for name := range settings {
		names = append(names, name)
		sql += ", current_setting('" + name + "')"
	}
	r := s.pg.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return r.Err
	}
	if len(r.Rows) != 1 || len(r.Rows[0]) != len(names)+1 || string(r.Rows[0][0]) != "on" {
		return fmt.Errorf("%w: integer_datetimes is off", errSettings)
	}
	for i, name := range names {
		if got := string(r.Rows[0][i+1]); got != settings[name] {
			return fmt.Errorf("%w: %s is %q and not %q", errSettings, name, got, settings[name])
		}
	}
	return s.pg.SyncConn(ctx)
}

// close ends the connection without waiting for anything. It may be repeated and
// come while a scan reads, which then fails.
func (s *session) close() {
	// The server is told when that needs no waiting: it then ends the session at
	// once and writes nothing into its log.
	_ = s.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = s.conn.Write([]byte{'X', 0, 0, 0, 4})
	_ = s.conn.Close()
}

// next gives the next message and its body, which is valid until the next call.
// Errors that the server reports in between come as *pgconn.PgError from the
// caller, notices and changed settings are passed over.
func (s *session) next() (kind byte, body []byte, err error) {
	const header = 5
	for {
		if s.end-s.begin < header {
			if err := s.fill(header); err != nil {
				return 0, nil, err
			}
		}
		size := int(binary.BigEndian.Uint32(s.buf[s.begin+1:])) + 1
		if size < header || size > maxMessage {
			return 0, nil, errMalformed
		}
		if s.end-s.begin < size {
			if err := s.fill(size); err != nil {
				return 0, nil, err
			}
		}
		kind, body = s.buf[s.begin], s.buf[s.begin+header:s.begin+size]
		s.begin += size
		switch kind {
		case 'N', 'S', 'A':
			continue
		}
		return kind, body, nil
	}
}

// fill reads until n bytes are there. The buffer grows with what has arrived, so
// that a length alone reserves nothing.
func (s *session) fill(n int) error {
	for s.end-s.begin < n {
		if s.begin > 0 && (s.begin == s.end || len(s.buf)-s.begin < n) {
			s.end = copy(s.buf, s.buf[s.begin:s.end])
			s.begin = 0
		}
		if s.end == len(s.buf) {
			grown := make([]byte, max(readBuffer, min(2*len(s.buf), s.begin+n)))
			copy(grown, s.buf[:s.end])
			s.buf = grown
		}
		k, err := s.conn.Read(s.buf[s.end:])
		s.end += k
		if err != nil && s.end-s.begin < n {
			if err == io.EOF {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// rest lets a large buffer go when a statement is done.
func (s *session) rest() {
	if len(s.buf) > readBuffer {
		s.buf = nil
		s.begin, s.end = 0, 0
	}
}

// serverError decodes an ErrorResponse.
func serverError(body []byte) error {
	var m pgproto3.ErrorResponse
	if err := m.Decode(body); err != nil {
		return errMalformed
	}
	return pgconn.ErrorResponseToPgError(&m)
}

// drain reads to the end of the statement's answer and gives its error.
func (s *session) drain() error {
	var first error
	for {
		kind, body, err := s.next()
		if err != nil {
			s.broken = true
			return err
		}
		switch kind {
		case 'E':
			if first == nil {
				first = serverError(body)
			}
			if lost(first) {
				s.broken = true
				return first
			}
		case 'Z':
			if len(body) != 1 || body[0] != 'I' || s.begin != s.end {
				s.broken = true // a transaction is open, or more came than was asked for
			}
			return first
		}
	}
}

// canceller ends a running statement at the server when its context ends.
type canceller struct {
	s      *session
	mu     sync.Mutex
	direct bool // the session is read by whoever asks for rows: the read must end at once
	stop   func() bool
	over   chan struct{} // closed when the answer has ended
	done   chan struct{}
	sent   bool // the server confirmed that it got the request
}

func (s *session) cancelWith(ctx context.Context, direct bool) *canceller {
	c := &canceller{s: s, direct: direct, over: make(chan struct{}), done: make(chan struct{})}
	c.stop = context.AfterFunc(ctx, func() {
		defer close(c.done)
		if err := safego.Call(c.cancel); err != nil {
			c.sent = false
		}
	})
	return c
}

// cancel asks on a connection of its own, as the protocol has it. The server
// closes that connection after the signal has gone out: a statement that is sent
// after this cannot be hit by it any more.
func (c *canceller) cancel() error {
	deadline := time.Now().Add(cancelLimit)
	// Whatever becomes of the request, nobody waits longer than this.
	if err := c.deadline(deadline); err != nil {
		return err
	}
	ctx, stop := context.WithDeadline(context.Background(), deadline)
	defer stop()
	again := time.NewTicker(cancelAgain)
	defer again.Stop()
	for {
		c.sent = false
		if err := c.s.pg.CancelRequest(ctx); err != nil {
			return err
		}
		if c.sent = ctx.Err() == nil; !c.sent {
			return nil
		}
		select {
		case <-c.over:
			return nil
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// deadline ends reads and writes at a time; a direct read at once.
func (c *canceller) deadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.s.conn.SetDeadline(at); err != nil || !c.direct {
		return err
	}
	return c.s.conn.SetReadDeadline(time.Unix(1, 0))
}

// undirect is called when a direct reader hands the session over to one that may wait.
func (c *canceller) undirect(run context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.direct = false
	if run.Err() == nil {
		return nil
	}
	return c.s.conn.SetReadDeadline(time.Now().Add(cancelLimit))
}

// end is called once the statement's answer was read to its end or failed. After
// it no cancel is under way, and the session is broken when one may still be.
func (c *canceller) end() {
	if c.stop() {
		return
	}
	close(c.over)
	<-c.done
	if !c.sent || c.s.conn.SetDeadline(time.Time{}) != nil {
		c.s.broken = true
	}
}
