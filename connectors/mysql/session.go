package mysql

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// readBuffer holds what one read takes from the socket; a longer packet makes it
	// grow for as long as the statement runs.
	readBuffer = 256 << 10
	// maxMessage bounds a row: the protocol's own limit is the server's
	// max_allowed_packet, which is 1 GiB at most.
	maxMessage = 1<<30 + 1<<20
)

// The protocol's packets.
const (
	packetHeader = 4
	packetFull   = 1<<24 - 1 // a packet of this size goes on in the next one

	packetOK    = 0x00
	packetLocal = 0xFB
	packetEOF   = 0xFE
	packetError = 0xFF
)

func packetSize(head []byte) int { return int(head[0]) | int(head[1])<<8 | int(head[2])<<16 }

// The commands that are sent.
const (
	commandQuit    = 0x01
	commandQuery   = 0x03
	commandPrepare = 0x16
	commandExecute = 0x17
	commandClose   = 0x19
)

// Status bits behind an answer.
const (
	statusInTransaction = 0x0001
	statusAutocommit    = 0x0002
	statusMoreResults   = 0x0008
)

// settings hold for every session, and session.check reads them back. What they
// mean is the same in every version of both servers; what differs is set by
// sqlTransaction.
var settings = []struct{ name, value, want string }{
	// What a value looks like on its way.
	{"time_zone", "'+00:00'", "+00:00"},
	// No mode changes what a statement or a view means: char is given without its
	// pad spaces, subtraction of unsigned numbers is the server's own.
	{"sql_mode", "''", ""},
	{"autocommit", "1", "ON"},
	// Settings of a server or an account that would cut or change answers unseen.
	{"sql_select_limit", "18446744073709551615", "18446744073709551615"},
	{"sql_auto_is_null", "0", "OFF"},
	// How many bytes of a text are sorted by: planner/dialect counts on it.
	{"max_sort_length", "1024", "1024"},
	// A reader that is slow for a minute would lose its connection.
	{"net_write_timeout", "86400", "86400"},
}

const (
	sqlNames = "SET NAMES utf8mb4 COLLATE utf8mb4_bin"
	// MariaDB alone reads this comment: with a server's hash joins on, it loses rows.
	sqlNoHashes    = " /*M!100300 , SESSION join_cache_level = 2 */"
	sqlTransaction = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
)

// verified are further variables that must have a value where they exist: some do under
// one of two names.
var verified = map[string]string{
	"character_set_client": "utf8mb4", "character_set_connection": "utf8mb4", "character_set_results": "utf8mb4",
	"collation_connection": "utf8mb4_bin",
	"tx_isolation":         "REPEATABLE-READ", "transaction_isolation": "REPEATABLE-READ",
	"tx_read_only": "ON", "transaction_read_only": "ON",
	"join_cache_level": "2", // MariaDB's
}

// session is one connection to the server, logged in by the driver; from then on
// commands are written and answers read here.
type session struct {
	conn net.Conn
	id   uint64 // the server's number of the connection, for KILL

	buf        []byte
	begin, end int // what was read and not yet taken
	long       []byte
	number     byte // of the next packet
	out        []byte
	statements statements
	once       *statement // prepared for one use, and still at the server; nil without one
	broken     bool       // no statement may follow
}

// connect opens a session and makes sure that it is set as it must be.
func connect(ctx context.Context, c *config) (*session, error) {
	conn, err := login(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn}
	ctx, stop := context.WithTimeout(ctx, c.timeout)
	defer stop()
	if err := s.under(ctx, s.prepareSession); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// under runs fn, and has it end with ctx; then the session is broken.
func (s *session) under(ctx context.Context, fn func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) })
	err := fn()
	if !stop() {
		s.broken = true
		if err == nil {
			err = ctx.Err()
		}
	}
	return err
}

func (s *session) prepareSession() error {
	set := "SET "
	names := make([]string, 0, len(settings)+len(verified))
	want := make(map[string]string, cap(names))
	for i, v := range settings {
		if i > 0 {
			set += ", "
		}
		set += "SESSION " + v.name + " = " + v.value
		names, want[v.name] = append(names, "'"+v.name+"'"), v.want
	}
	for name, value := range verified {
		names, want[name] = append(names, "'"+name+"'"), value
	}
	for _, sql := range []string{sqlNames, set + sqlNoHashes, sqlTransaction} {
		if _, err := s.query(sql); err != nil {
			return err
		}
	}
	// Something between here and the server may have dropped them, and a value in
	// another time zone would be wrong without an error.
	rows, err := s.query("SHOW SESSION VARIABLES WHERE Variable_name IN (" + strings.Join(names, ", ") + ")")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, row := range rows {
		name, value := row.text(0), row.text(1)
		if value != want[name] {
			return fmt.Errorf("%w: %s is %q and not %q", errSettings, name, value, want[name])
		}
		seen[name] = true
	}
	for _, v := range settings {
		if !seen[v.name] {
			return fmt.Errorf("%w: there is no %s", errSettings, v.name)
		}
	}
	if !seen["tx_read_only"] && !seen["transaction_read_only"] || !seen["tx_isolation"] && !seen["transaction_isolation"] || !seen["character_set_results"] {
		return fmt.Errorf("%w: the mode of transactions or of text cannot be told", errSettings)
	}
	rows, err = s.query("SELECT CONNECTION_ID()")
	if err != nil {
		return err
	}
	if len(rows) == 1 {
		s.id, err = strconv.ParseUint(rows[0].text(0), 10, 64)
	}
	if err != nil || s.id == 0 {
		return errMalformed
	}
	return nil
}

// close ends the connection without waiting for anything. It may be repeated and
// come while a scan reads, which then fails.
func (s *session) close() {
	// The server is told when that needs no waiting: it then writes nothing into
	// its log.
	_ = s.conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = s.conn.Write([]byte{1, 0, 0, 0, commandQuit})
	_ = s.conn.Close()
}

// command begins a command's packet; send ends and writes it.
func (s *session) command(code byte) {
	s.out = append(s.out[:0], 0, 0, 0, 0, code)
}

func (s *session) send() error {
	s.number = 0
	if err := s.write(s.out[packetHeader:]); err != nil {
		s.broken = true
		return err
	}
	return nil
}

// write sends a message in as many packets as it needs. It stands behind a header's
// room in s.out.
func (s *session) write(body []byte) error {
	if len(body) < packetFull {
		head := s.out[:packetHeader]
		head[0], head[1], head[2], head[3] = byte(len(body)), byte(len(body)>>8), byte(len(body)>>16), s.number
		s.number++
		_, err := s.conn.Write(s.out)
		return err
	}
	for {
		n := min(len(body), packetFull)
		if _, err := s.conn.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), s.number}); err != nil {
			return err
		}
		s.number++
		if _, err := s.conn.Write(body[:n]); err != nil {
			return err
		}
		if body = body[n:]; n < packetFull {
			return nil
		}
	}
}

// next gives the next message, which is valid until the next call and never empty.
// After an error the session is broken.
func (s *session) next() ([]byte, error) {
	body, size, err := s.packet()
	if err == nil && size == packetFull {
		body, err = s.longMessage(body)
	}
	if err == nil && len(body) == 0 {
		err = errMalformed
	}
	if err != nil {
		s.broken = true
		return nil, err
	}
	return body, nil
}

func (s *session) packet() (body []byte, size int, err error) {
	if s.end-s.begin < packetHeader {
		if err := s.fill(packetHeader); err != nil {
			return nil, 0, err
		}
	}
	head := s.buf[s.begin : s.begin+packetHeader]
	size = packetSize(head)
	inOrder := head[3] == s.number
	s.number++
	if s.end-s.begin < packetHeader+size {
		if err := s.fill(packetHeader + size); err != nil {
			return nil, 0, err
		}
	}
	body = s.buf[s.begin+packetHeader : s.begin+packetHeader+size]
	s.begin += packetHeader + size
	if !inOrder {
		// A server that ends a connection of its own will may count anew.
		s.broken = true
		if size == 0 || body[0] != packetError {
			return nil, 0, errMalformed
		}
	}
	return body, size, nil
}

// longMessage joins the packets of a message of 16 MiB or more.
func (s *session) longMessage(body []byte) ([]byte, error) {
	s.long = append(s.long[:0], body...)
	for {
		body, size, err := s.packet()
		if err != nil {
			return nil, err
		}
		if len(s.long)+size > maxMessage {
			return nil, errMalformed
		}
		s.long = append(s.long, body...)
		if size < packetFull {
			return s.long, nil
		}
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

// rest lets large buffers go when a statement is done.
func (s *session) rest() {
	s.long, s.out = nil, nil
	if len(s.buf) > readBuffer {
		s.buf = nil
		s.begin, s.end = 0, 0
	}
}

// isEOF reports that a message is the end of a list of rows or columns.
func isEOF(m []byte) bool { return m[0] == packetEOF && len(m) < 9 }

// ended looks at the end of an answer: no transaction may be open behind it, and
// nothing more may come.
func (s *session) ended(m []byte) error {
	if len(m) < 5 {
		s.broken = true
		return errMalformed
	}
	s.atRest(binary.LittleEndian.Uint16(m[3:]))
	return nil
}

// drain reads rows to their end.
func (s *session) drain() {
	for !s.broken {
		m, err := s.next()
		switch {
		case err != nil:
			return
		case isEOF(m):
			_ = s.ended(m)
			return
		case m[0] == packetError:
			_ = s.serverError(m)
			return
		}
	}
}

func (s *session) atRest(status uint16) {
	if status&(statusMoreResults|statusInTransaction) != 0 || status&statusAutocommit == 0 || s.begin != s.end {
		s.broken = true
	}
}

// serverError decodes an error packet. The session is broken when the server ends
// the connection with it.
func (s *session) serverError(m []byte) error {
	if len(m) < 9 || m[3] != '#' {
		s.broken = true
		if len(m) >= 3 { // before a login is over there is no state
			return &mysql.MySQLError{Number: binary.LittleEndian.Uint16(m[1:]), Message: string(m[3:])}
		}
		return errMalformed
	}
	e := &mysql.MySQLError{Number: binary.LittleEndian.Uint16(m[1:]), Message: string(m[9:])}
	copy(e.SQLState[:], m[4:9])
	if lost(e) || s.begin != s.end {
		s.broken = true
	}
	return e
}
