// Package testpg gives tests a real PostgreSQL of their own: made in a temporary
// folder, on a free port of 127.0.0.1 and a socket in that folder, gone when the
// test process is gone, however that ends. A server that already runs is never
// touched.
//
//	db := testpg.Start(t).Database(t)       // the process's server, a database per test
//	db.Exec(t, "create table ...")          // as its owner
//	connect(db.Reader)                      // as a user who may only read
//
// StartOwn gives a server that a test may stop, kill and start again.
//
// LIANJI_TEST_POSTGRES decides: unset, the installed binaries are looked for and
// a test fails when there are none; a folder, the binaries lie there; "off", the
// test is skipped with that reason.
package testpg

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/lianji/lianji/internal/testserver"
)

const (
	admin  = "lianji_admin"
	reader = "reader"
)

// Server is one throw-away PostgreSQL: UTF8, locale C, passwords by SCRAM, no
// fsync. Its methods may be called from several tests at once, except Stop, Kill
// and Restart.
type Server struct {
	Port int

	adminPassword  string
	readerPassword string
	process        *testserver.Server
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Start returns the server that the tests of this process share, started by the
// first call. It may not be stopped by a test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	skipWhenOff(tb)
	shared.once.Do(func() { shared.server, shared.err = start(nil) })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// StartOwn starts a server for this test alone and removes it at the test's end.
// Each setting is a line of postgresql.conf, such as "max_connections=5".
func StartOwn(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	skipWhenOff(tb)
	s, err := start(settings)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.process.Remove(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Main runs the tests of a package and stops the shared server. A package does
// not need it for cleanliness, only to be sure that the server is gone before
// the process is.
func Main(m *testing.M) { Exit(m.Run()) }

// Exit stops the shared server and ends the process with the given code: for a
// TestMain with more to do, such as goleak.VerifyTestMain(m, goleak.Cleanup(testpg.Exit)).
func Exit(code int) {
	if shared.server != nil {
		if err := shared.server.process.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func skipWhenOff(tb testing.TB) {
	tb.Helper()
	if os.Getenv(variable) == "off" {
		tb.Skip("needs a PostgreSQL server, and " + variable + "=off")
	}
}

// dsn gives the URL of a database. Only tests see it: it holds the password.
func (s *Server) dsn(user, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// SocketDir is the folder of the server's Unix socket, to be used as the host of
// a connection.
func (s *Server) SocketDir() string { return s.process.Dir }

// ReaderPassword is what must never be seen in an error or a log.
func (s *Server) ReaderPassword() string { return s.readerPassword }
