// Package testmaria gives tests a real MariaDB of their own: made in a temporary
// folder, on a free port of 127.0.0.1 and a socket in that folder, gone when the
// test process is gone, however that ends. A server that already runs is never
// touched, but for the one that LIANJI_TEST_MYSQL names (see External).
//
//	db := testmaria.Start(t).Database(t)    // the process's server, a database per test
//	db.Exec(t, "create table ...")          // as its owner
//	db.Load(t, "`t`", rows)                 // many rows, fast
//	connect(db.Reader)                      // as a user who may only read
//
// StartOwn gives a server that a test may stop, kill and start again.
//
// LIANJI_TEST_MARIADB decides: unset, the installed binaries are looked for and a
// test fails when there are none; a folder, mariadbd lies there; "off", the test is
// skipped with that reason.
package testmaria

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

const admin = "lianji_admin"

// Server is one throw-away MariaDB: utf8mb4, no fsync. Its methods may be called
// from several tests at once, except Stop, Kill and Restart.
type Server struct {
	Port int

	admin         string // an account that may do everything
	adminPassword string
	external      bool               // not started here
	process       *testserver.Server // nil for one that is external
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
// Each setting is an option of mariadbd without its dashes, such as
// "max-connections=10".
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

// External returns the server that LIANJI_TEST_MYSQL names by the URL of an account
// that may do everything, such as mysql://root:secret@127.0.0.1:3306/: a MySQL, for
// which there is no package where these tests run. Databases and accounts by the names
// that tests use are made anew there and dropped. It needs --local-infile. Unset, the
// test is skipped with that reason.
func External(tb testing.TB) *Server {
	tb.Helper()
	const variable = "LIANJI_TEST_MYSQL"
	text := os.Getenv(variable)
	if text == "" {
		tb.Skip("needs a MySQL server that runs already, and " + variable + " names none")
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() != "127.0.0.1" {
		tb.Fatal(variable + " is no URL of a server at 127.0.0.1")
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		tb.Fatal(variable + " has no port")
	}
	s := &Server{Port: port, admin: u.User.Username(), external: true}
	s.adminPassword, _ = u.User.Password()
	return s
}

// Main runs the tests of a package and stops the shared server. A package does
// not need it for cleanliness, only to be sure that the server is gone before
// the process is.
func Main(m *testing.M) { Exit(m.Run()) }

// Exit stops the shared server and ends the process with the given code: for a
// TestMain with more to do, such as goleak.VerifyTestMain(m, goleak.Cleanup(testmaria.Exit)).
func Exit(code int) {
	if err := Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Stop stops the shared server, if it was started: for a TestMain that has other
// servers to stop too. No test may run then.
func Stop() error {
	if shared.server == nil {
		return nil
	}
	return shared.server.process.Remove()
}

func skipWhenOff(tb testing.TB) {
	tb.Helper()
	if os.Getenv(variable) == "off" {
		tb.Skip("needs a MariaDB server, and " + variable + "=off")
	}
}

// dsn gives the URL of a database. Only tests see it: it holds the password.
func (s *Server) dsn(user, password, database string) string {
	u := url.URL{
		Scheme:   "mysql",
		User:     url.UserPassword(user, password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
		Path:     "/" + database,
		RawQuery: "tls=false",
	}
	return u.String()
}
