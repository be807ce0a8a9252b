package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// postgresDoor serves a site by its PostgreSQL door too, and gives where.
func (s *site) postgresDoor(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, strings.Replace(string(b), `listen: {http: "127.0.0.1:0"`, `listen: {http: "127.0.0.1:0", postgres: "127.0.0.1:0"`, 1))
	s.serve(t)
	var address string
	waitfor.True(t, 5*time.Second, "the PostgreSQL door's address", func() bool {
		if m := regexp.MustCompile(`postgres://([0-9.:]+)`).FindStringSubmatch(s.log.String()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	return address
}

func doorDSN(address string) string {
	return "postgres://analyst@" + address + "/lianji?sslmode=disable"
}

// A client's request to cancel, its going away and its time-out each end the statement at
// the source.
func TestPostgresDoorEndsStatements(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	address := s.postgresDoor(t)
	for _, c := range endless {
		t.Run(c.name+", cancelled", func(t *testing.T) {
			conn, err := pgconn.Connect(t.Context(), doorDSN(address))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.Background()) }()
			done := safego.Run(func() error {
				r := conn.ExecParams(t.Context(), published(c.sql), nil, nil, nil, nil)
				for r.NextRow() {
				}
				_, err := r.Close()
				return err
			})
			s.awaitActive(t, 1)
			if err := conn.CancelRequest(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.awaitGone(t)
			var e *pgconn.PgError
			if err := <-done; !errors.As(err, &e) || e.Code != "57014" || e.Message != "The query was cancelled on the client's request." {
				t.Errorf("the client got %v", err)
			}
			r := conn.ExecParams(t.Context(), "SELECT name FROM 政务.户 WHERE id = 17", nil, nil, nil, nil).Read()
			if r.Err != nil || len(r.Rows) != 1 || string(r.Rows[0][0]) != "n17" {
				t.Errorf("the connection afterwards: %v", r.Err)
			}
		})
		t.Run(c.name+", client gone", func(t *testing.T) {
			conn, err := pgconn.Connect(t.Context(), doorDSN(address))
			if err != nil {
				t.Fatal(err)
			}
			left := safego.Run(func() error {
				_, err := conn.Exec(context.Background(), published(c.sql)).ReadAll()
				return err
			})
			s.awaitActive(t, 1)
			if err := conn.Conn().Close(); err != nil {
				t.Fatal(err)
			}
			s.awaitGone(t)
			if <-left == nil {
				t.Error("the client got a whole answer")
			}
		})
	}
	conn, err := pgconn.Connect(t.Context(), doorDSN(address))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "SET statement_timeout = '200ms'; "+published(endless[0].sql)).ReadAll()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "57014" || e.Message != "The query ran longer than it may." {
		t.Errorf("the client got %v", err)
	}
	s.awaitGone(t)
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(s.log.String(), "code=internal"); n != 0 {
		t.Errorf("%d of those who went look like an error of the gateway:\n%s", n, s.log.String())
	}
}

// A portal holds its source only while it is open, and one that is closed half read ends
// at the source.
func TestPostgresDoorPortals(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	conn, err := pgx.Connect(t.Context(), doorDSN(s.postgresDoor(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "DECLARE c CURSOR FOR SELECT id, pad FROM 政务.流水"); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "FETCH 1000 FROM c")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if rows.Err() != nil || n != 1000 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
	if s.sessions(t, "active") == 0 {
		t.Error("nothing runs at the source for an open cursor of an endless answer")
	}
	if _, err := conn.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	s.awaitGone(t)
}

// psqlRun runs psql on the door with a script on its standard input.
func psqlRun(t *testing.T, address, script string, args ...string) string {
	t.Helper()
	return psqlTo(t, doorDSN(address), script, args...)
}

func psqlTo(t *testing.T, dsn, script string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "psql", append([]string{"-X", "-v", "VERBOSITY=default", dsn}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return string(out)
}

func needPsql(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed: scripts/install-test-deps.sh")
	}
}

func TestPsql(t *testing.T) {
	needPsql(t)
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	address := s.postgresDoor(t)
	for _, c := range []struct{ name, script, want string }{
		{"rows", "\\timing on\nSELECT id, name FROM 政务.户 WHERE id <= 2 ORDER BY id;\n", " id | name \n----+------\n  1 | n1\n  2 | n2\n(2 rows)\n"},
		{"place of an error", "SELECT '张', nam FROM 政务.户;\n", "LINE 1: SELECT '张', nam FROM 政务.户;\n                     ^\n"},
		{"hint", "SELECT nam FROM 政务.户;\n", "HINT:  Perhaps you mean: name"},
		{"nothing is written", "DELETE FROM 政务.户;\n", "ERROR:  "},
		{"copy", "\\copy (SELECT id, name FROM 政务.户 WHERE id <= 2 ORDER BY id) TO STDOUT CSV HEADER\n", "id,name\n1,n1\n2,n2\n"},
		{"cursor by \\set FETCH_COUNT", "\\set FETCH_COUNT 1\nSELECT id FROM 政务.户 WHERE id <= 2 ORDER BY id;\n", "(2 rows)"},
		{"\\gdesc", "SELECT id, name FROM 政务.户 \\gdesc\n", " name   | text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out := psqlRun(t, address, c.script); !strings.Contains(out, c.want) {
				t.Errorf("psql says:\n%s\nwant in it:\n%s", out, c.want)
			}
		})
	}
	t.Run("Ctrl-C", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), "psql", "-X", doorDSN(address), "-c", published(endless[0].sql))
		out := &lines{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.awaitActive(t, 1)
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		s.awaitGone(t)
		_ = cmd.Wait() // psql tells by its words
		if !strings.Contains(out.String(), "ERROR:  The query was cancelled on the client's request.") {
			t.Errorf("psql says:\n%s", out.String())
		}
	})
}

// Connections that do nothing take little of the gateway. What 1,000 take is printed; the
// bound is on what each may hold.
func TestIdleConnections(t *testing.T) {
	if os.Getenv("LIANJI_LONG") == "" {
		t.Skip("1,000 connections: LIANJI_LONG=1")
	}
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	address := s.postgresDoor(t)
	before := resident(t)
	const many = 1000
	for i := range many {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write(startup("analyst")); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReaderSize(conn, 16)
		for b := byte(0); b != 'Z'; { // ReadyForQuery
			head := make([]byte, 5)
			if _, err := readFull(r, head); err != nil {
				t.Fatal(err)
			}
			b = head[0]
			if _, err := r.Discard(int(head[3])<<8 + int(head[4]) - 4); err != nil {
				t.Fatal(err)
			}
		}
	}
	took := resident(t) - before
	t.Logf("%d idle connections, both ends in this process: %d MiB, %d KiB each", many, took>>20, took/many>>10)
	if took > 200<<20 {
		t.Error("more than 200 MB")
	}
}

func startup(user string) []byte {
	body := append([]byte{0, 3, 0, 0}, ("user\x00" + user + "\x00\x00")...)
	return append([]byte{0, 0, 0, byte(len(body) + 4)}, body...)
}

func readFull(r *bufio.Reader, b []byte) (int, error) {
	for i := range b {
		var err error
		if b[i], err = r.ReadByte(); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// resident is this process's memory in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
