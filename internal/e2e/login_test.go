package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/connectors"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/servertest"
)

const wangsPassword = "nine grey herons wait"

// guarded is a gateway whose doors speak TLS: wang has a password and a token, and mz.app
// the certificate of the folder client.
type guarded struct {
	dir, client string
	token       string
	doors       map[string]string // host and port by scheme
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{dir: t.TempDir(), client: t.TempDir(), doors: map[string]string{}}
	servertest.Certificate(t, g.dir)
	servertest.Certificate(t, g.client)
	conn, err := sqlite.OpenConn(filepath.Join(g.dir, "a.db"), sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	text := "listen: {http: \"127.0.0.1:0\", flight: \"127.0.0.1:0\", postgres: \"127.0.0.1:0\", tls: {cert: cert.pem, key: key.pem, client_ca: client.pem}}\n" +
		"catalog: {store: \"sqlite://c.db\"}\nengine: {temp: ./tmp, memory: 128MiB}\nsources: {a: {kind: sqlite, path: a.db}}\n"
	signer, err := os.ReadFile(filepath.Join(g.client, "cert.pem"))
	if err := errors.Join(err, conn.Close(), os.WriteFile(filepath.Join(g.dir, "client.pem"), signer, 0o600), os.WriteFile(filepath.Join(g.dir, "lianji.yaml"), []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join(g.dir, "lianji.yaml"), []string{"sqlite"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.keep(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), cfg, app.Options{
		Openers: map[string]connectors.Opener{"sqlite": sqliteconn.Open},
		NewEngine: func(o app.EngineOptions) (app.Engine, error) {
			return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range door.Others() {
		scheme, address, _ := strings.Cut(one, "://")
		g.doors[scheme] = address
	}
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := errors.Join(<-ran, a.Close()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *guarded) keep(ctx context.Context, cfg *config.Config) (err error) {
	s, err := store.Open(ctx, cfg.Store.Reveal())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Init(ctx, "DSJ", "大数据局", time.Hour); err != nil {
		return err
	}
	state, err := s.Load(ctx, nil)
	if err != nil {
		return err
	}
	admin, _ := state.Login("secadmin")
	secret, err := s.Secret(ctx, identity.SecretName)
	if err != nil {
		return err
	}
	shown, err := tls.LoadX509KeyPair(filepath.Join(g.client, "cert.pem"), filepath.Join(g.client, "key.pem"))
	if err != nil {
		return err
	}
	return s.Change(ctx, admin.ID, func(tx *store.Tx) error {
		wang := &catalog.Principal{Login: "wang", Agency: admin.Agency, Roles: []catalog.Role{catalog.Analyst}}
		service := &catalog.Principal{Login: "mz.app", Agency: admin.Agency, Roles: []catalog.Role{catalog.Application}, Service: true}
		if err := errors.Join(tx.Principal(wang), tx.Principal(service)); err != nil {
			return err
		}
		set, err := identity.NewPassword(wang, wangsPassword, secret)
		if err != nil {
			return err
		}
		hour := time.Now().Add(time.Hour)
		g.token, err = tx.Token(&catalog.Token{Principal: wang.ID, Expires: hour})
		return errors.Join(err, tx.Password(set), tx.Certificate(&catalog.Token{Principal: service.ID, Expires: hour}, listen.KeyOf(shown.Leaf)))
	})
}

// libpq logs in by a password that it proves, bound to the certificate that it sees, by a
// token, and by a certificate of its own; it is told the same of whoever does not get in.
func TestPsqlLogin(t *testing.T) {
	needPsql(t)
	g := newGuarded(t)
	host, port, _ := strings.Cut(g.doors["postgres"], ":")
	to := "dbname=lianji host=" + host + " port=" + port + " sslmode=verify-full sslrootcert=" + filepath.Join(g.dir, "cert.pem") + " "
	shows := "sslcert=" + filepath.Join(g.client, "cert.pem") + " sslkey=" + filepath.Join(g.client, "key.pem") + " "
	refused := func(user string) string {
		return "FATAL:  The login and the password do not belong together, or too many attempts have failed: then wait a while, also with the right one.\nHINT:  A token in the place of the password is taken from the user " + user + "~token.\n"
	}
	// libpq computes half a second for each proof.
	all := []struct{ name, to, password, want string }{
		{"a password, bound", to + "user=wang channel_binding=require", wangsPassword, "wang\n"},
		{"a token", to + "user=wang~token", g.token, "wang\n"},
		{"a certificate", to + shows + "user=mz.app", "", "mz.app\n"},
		{"another password", to + "user=wang", wangsPassword + "!", refused("wang")},
		{"a token, bound", to + "user=wang~token channel_binding=require", g.token, "channel binding required"},
	}
	if os.Getenv(longVariable) != "" {
		all = append(all, []struct{ name, to, password, want string }{
			{"a password, over no TLS", strings.Replace(to, "verify-full", "disable", 1) + "user=wang", wangsPassword, "wang\n"},
			{"a password beside a certificate", to + shows + "user=wang", wangsPassword, "wang\n"},
			{"nobody", to + "user=nobody", wangsPassword, refused("nobody")},
			{"a token as the password", to + "user=wang", g.token, refused("wang")},
			{"no certificate", to + "user=mz.app", "x", refused("mz.app")},
		}...)
	}
	for _, c := range all {
		cmd := exec.CommandContext(t.Context(), "psql", "-X", "-A", "-t", "-w", "-c", "SHOW session_authorization", c.to)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PGPASSWORD="+c.password)
		out, err := cmd.CombinedOutput()
		if err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Fatal(err)
		}
		if got := string(out); got != c.want && (len(c.want) < 20 || !strings.Contains(got, c.want)) {
			t.Errorf("%s: psql says %q", c.name, got)
		}
	}
}

// What testdata/login.py is to say.
const loginPython = `psycopg, bound wang
psycopg, token wang
psycopg, certificate mz.app
asyncpg wang
asyncpg, token wang
asyncpg, certificate mz.app
adbc [(1,)]
adbc, token [(1,)]
adbc, certificate [(1,)]
adbc, nothing UNAUTHENTICATED
pyarrow, certificate [{'1': 1}]
pyarrow, nothing FlightUnauthenticatedError
`

// Python's clients log in by what each has.
func TestPythonLogin(t *testing.T) {
	if os.Getenv(longVariable) == "" {
		t.Skip("programs in Python: " + longVariable + "=1")
	}
	python := filepath.Join(testCache(t), "venv", "bin", "python")
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import asyncpg, psycopg, adbc_driver_flightsql, pyarrow.flight").CombinedOutput(); err != nil {
		t.Skipf("needs the Python packages of scripts/requirements.txt (scripts/install-test-deps.sh): %v %s", err, out)
	}
	g := newGuarded(t)
	cmd := exec.CommandContext(t.Context(), python, "testdata/login.py", g.doors["postgres"], g.doors["grpc+tls"], g.dir, g.client)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "WANGS_PASSWORD="+wangsPassword, "WANGS_TOKEN="+g.token)
	got, err := cmd.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(strings.Split(loginPython, "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("clients see otherwise (-want +got):\n%s", diff)
	}
}
