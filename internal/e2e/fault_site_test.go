package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// site is a gateway over a PostgreSQL and a SQLite file, as its users run it: by
// the commands of the program, from a configuration file, over a TCP port.
type site struct {
	server   *testpg.Server
	db       *testpg.Database
	dir      string
	file     string // lianji.yaml
	url      string // of the HTTP door; empty until serve
	log      lines  // what serve said
	password string
	admin    *pgx.Conn
	stop     func() // ends serve and waits for it; may be repeated
}

// siteTables are what the PostgreSQL holds: endless and slow answer for longer
// than any test runs.
const siteTables = `
	CREATE TABLE thousand AS SELECT g AS n, repeat(md5(g::text), 4) AS pad FROM generate_series(1, 1000) g;
	CREATE VIEW endless AS SELECT x.n + y.n * 1000 AS id, x.pad, y.n AS y, z.n AS z FROM thousand x CROSS JOIN thousand y CROSS JOIN thousand z;
	CREATE VIEW slow AS SELECT n AS id, pad, pg_sleep(0.05)::text AS slept FROM thousand;
	CREATE TABLE big AS SELECT g AS id, ''::text AS pad FROM generate_series(1, 0) g;
	CREATE TABLE small AS SELECT g AS id, g % 7 AS k, 'n' || g AS name FROM generate_series(1, 20000) g;
	CREATE TABLE kinds AS SELECT g AS k, 'kind ' || g AS title FROM generate_series(0, 6) g;
	ANALYZE;`

const sitePublish = `
publish:
  政务: {流水: zfw.public.endless, 慢: zfw.public.slow, 大: zfw.public.big, 户: zfw.public.small, 类: zfw.public.kinds}
  档案: {册: wj.main.files}
`

// newSite fills the sources and writes the configuration. Engine is what stands
// under engine: beside temp and timezone, such as "memory: 256MiB".
func newSite(t *testing.T, server *testpg.Server, connections int, engine string) *site {
	t.Helper()
	s := &site{server: server, db: server.Database(t), dir: t.TempDir(), password: server.ReaderPassword(), stop: func() {}}
	s.db.Exec(t, siteTables)
	s.file = filepath.Join(s.dir, "lianji.yaml")
	conn, err := sqlite.OpenConn(filepath.Join(s.dir, "wj.db"), sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteScript(conn, `CREATE TABLE files (k INTEGER, note TEXT); INSERT INTO files VALUES (0, 'a'), (1, 'b'), (2, 'c')`, nil)
	if e := conn.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	if engine != "" {
		engine = ", " + engine
	}
	s.write(t, fmt.Sprintf(`
listen: {http: "127.0.0.1:0"}
engine: {temp: ./tmp, timezone: Asia/Shanghai%s}
sources:
  zfw: {kind: postgres, connections: %d, dsn: "%s"}
  wj: {kind: sqlite, path: wj.db, connections: %d}
`, engine, connections, s.dsn(t), connections)+sitePublish)
	t.Cleanup(s.closeAdmin)
	return s
}

// fillBig puts 130 MB into the table big, for tests that need so much.
func (s *site) fillBig(t *testing.T) {
	t.Helper()
	s.db.Exec(t, `INSERT INTO big SELECT g, md5(g::text) || repeat(md5((g + 1)::text), 3) FROM generate_series(1, 1000000) g; ANALYZE big`)
}

// closeAdmin also makes way for a new session to a server that was restarted.
func (s *site) closeAdmin() {
	if s.admin != nil {
		_ = s.admin.Close(context.Background())
		s.admin = nil
	}
}

// dsn is the reader's, with the password as the variable that lianji gives.
func (s *site) dsn(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(s.db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("postgres://%s:${ZFW_PASSWORD}@%s%s?%s", u.User.Username(), u.Host, u.Path, u.RawQuery)
}

func (s *site) write(t *testing.T, yaml string) {
	t.Helper()
	if err := os.WriteFile(s.file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program is what cmd/lianji makes, with the engines that a site needs.
func program() cli.Program {
	return cli.Program{App: app.Options{
		Openers: map[string]connectors.Opener{"postgres": postgres.Open, "mysql": mysql.Open, "sqlite": sqliteconn.Open},
		NewEngine: func(o app.EngineOptions) (app.Engine, error) {
			return gateway.New(gateway.Options{
				Sources: o.Sources, Audit: o.Audit, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TempBytes: o.TempBytes, TimeZone: o.TimeZone,
				MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout, Tracer: o.Tracer,
			})
		},
	}}
}

// run runs a command of the program in this process.
func (s *site) run(ctx context.Context, stdout, stderr io.Writer, args ...string) int {
	return program().Run(ctx, cli.Env{
		Args: args, Name: "lianji", Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr,
		LookupEnv: func(name string) (string, bool) { return s.password, name == "ZFW_PASSWORD" && s.password != "" },
	})
}

// command runs one to its end.
func (s *site) command(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, said bytes.Buffer
	code = s.run(ctx, &out, &said, append(args, "--config", s.file)...)
	return code, out.String(), said.String()
}

// direct asks one statement as an operator does.
func (s *site) direct(ctx context.Context, statement string) (code int, stdout, stderr string) {
	return s.command(ctx, "query", "--direct", "--format", "csv", statement)
}

// serve starts the HTTP door.
func (s *site) serve(t *testing.T) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	served := safego.Run(func() error {
		if code := s.run(ctx, io.Discard, &s.log, "serve", "--no-auth", "--config", s.file); code != 0 {
			return fmt.Errorf("serve exits with %d: %s", code, s.log.String())
		}
		return nil
	})
	s.stop = sync.OnceFunc(func() {
		end()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { s.stop() })
	waitfor.True(t, 5*time.Second, "the gateway's address", func() bool {
		s.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(s.log.String())
		return s.url != ""
	})
}

// ask posts a statement; the answer is read by the caller, who closes it.
func (s *site) ask(ctx context.Context, accept, statement string) (*http.Response, error) {
	body, err := json.Marshal(map[string]string{"sql": statement})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(r)
}

// answer gives a statement's rows, joined by blanks and line ends, or the code and
// text of its error.
func (s *site) answer(ctx context.Context, statement string) (rows, code, title string, err error) {
	res, err := s.ask(ctx, "application/json", statement)
	if err != nil {
		return "", "", "", err
	}
	defer res.Body.Close()
	var a struct {
		Rows        [][]any
		Code, Title string
		Error       *struct{ Code, Title string }
		RowCount    *int `json:"row_count"`
	}
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return "", "", "", err
	}
	switch {
	case a.Error != nil:
		return "", a.Error.Code, a.Error.Title, nil
	case res.StatusCode == http.StatusOK && (a.RowCount == nil || *a.RowCount != len(a.Rows)):
		return "", "", "", fmt.Errorf("%d rows without a row_count that says so", len(a.Rows))
	}
	var text []string
	for _, row := range a.Rows {
		text = append(text, strings.Trim(fmt.Sprint(row), "[]"))
	}
	return strings.Join(text, "\n"), a.Code, a.Title, nil
}

// mustAnswer asks a statement whose answer is known.
func (s *site) mustAnswer(t *testing.T, statement, want string) {
	t.Helper()
	got, code, title, err := s.answer(t.Context(), statement)
	if err != nil || code != "" || got != want {
		t.Errorf("%s: %q %s %s %v, want %q", statement, got, code, title, err, want)
	}
}

// sessions counts the gateway's sessions at the source whose state is like a pattern.
func (s *site) sessions(t *testing.T, state string) (n int) {
	t.Helper()
	if s.admin == nil {
		var err error
		if s.admin, err = pgx.Connect(t.Context(), s.db.Admin); err != nil {
			t.Fatal(err)
		}
	}
	row := s.admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'lianji' AND state LIKE $2", s.db.Name, state)
	if err := row.Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitActive waits until n statements run at the source.
func (s *site) awaitActive(t *testing.T, n int) {
	t.Helper()
	waitfor.True(t, 3*time.Second, fmt.Sprintf("%d statement(s) at the source", n), func() bool { return s.sessions(t, "active") == n })
}

// goneWithin is how long a cancelled statement may go on at its source.
const goneWithin = time.Second

// awaitGone waits until no statement runs at the source, and looks that none left
// a transaction open.
func (s *site) awaitGone(t *testing.T) {
	t.Helper()
	waitfor.True(t, goneWithin, "the statement to be gone from the source", func() bool { return s.sessions(t, "active") == 0 })
	s.nothingOpen(t)
}

func (s *site) nothingOpen(t *testing.T) {
	t.Helper()
	if n := s.sessions(t, "%in transaction%"); n != 0 {
		t.Errorf("%d session(s) idle in transaction at the source", n)
	}
}

// lines is a writer that may be read while it is written to.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// gate is a writer that stops the one who writes: once it holds some bytes it
// reports that, and takes no more until it is opened.
type gate struct {
	lines
	limit   int
	reached chan struct{}
	opened  chan struct{}
	once    sync.Once
}

func newGate(limit int) *gate {
	return &gate{limit: limit, reached: make(chan struct{}), opened: make(chan struct{})}
}

func (g *gate) Write(p []byte) (int, error) {
	n, err := g.lines.Write(p)
	if g.lines.len() >= g.limit {
		g.once.Do(func() {
			close(g.reached)
			<-g.opened
		})
	}
	return n, err
}

func (l *lines) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Len()
}
