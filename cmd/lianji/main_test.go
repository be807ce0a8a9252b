package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/server/pgwire/pgcatalog"
)

func TestMain(m *testing.M) {
	if code, is := asProcess(); is {
		os.Exit(code)
	}
	if os.Getenv(actAsProgram) != "" {
		os.Exit(program().Main())
	}
	goleak.VerifyTestMain(m)
}

const password = "s3cret-hunter2"

// world makes a folder with three embedded sources and one server that is not
// there, and goes into it.
func world(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	conn, err := sqlite.OpenConn("ga.db", sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteScript(conn, `
		CREATE TABLE 人口 (身份证号 TEXT, 姓名 TEXT, 年龄 INTEGER);
		INSERT INTO 人口 VALUES ('1', '张三', 30), ('2', '李四', 40), ('3', '王五', NULL);
		CREATE TABLE big (n INTEGER);
		INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000) SELECT n FROM c;`, nil)
	if e := conn.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "scjg.duckdb")
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("CREATE TABLE faren AS SELECT * FROM (VALUES ('A', '1', 12.50::DECIMAL(10,2)), ('B', '9', 7.00)) t(代码, 证件号, 资本)")
	if e := db.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	port := closedPort(t)
	for name, text := range map[string]string{
		"mz/dibao.csv": "证件号,金额\n1,500\n2,600\n",
		"lianji.yaml": `
listen: {http: "127.0.0.1:0", postgres: "127.0.0.1:0"}
engine: {memory: 256MiB, temp: ./tmp, timezone: Asia/Shanghai}
sources:
  ga: {kind: sqlite, path: ga.db}
  scjg: {kind: duckdb, path: scjg.duckdb}
  mz: {kind: files, path: mz}
  away: {kind: postgres, dsn: "postgres://reader:${AWAY_PASSWORD}@127.0.0.1:` + port + `/x"}
publish:
  公安: {人口: ga.main.人口, 大表: ga.main.big}
  市场监管: {法人: scjg.main.faren}
  民政: {低保: mz.main.dibao}
  远方: {表: away.public.t}
`,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// closedPort gives a port on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if e := ln.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// lianji runs the program in this process.
func lianji(ctx context.Context, stderr io.Writer, args ...string) (code int, stdout, said string) {
	var out, problems bytes.Buffer
	code = program().Run(ctx, cli.Env{
		Args: args, Name: "lianji", Stdin: strings.NewReader(""), Stdout: &out, Stderr: io.MultiWriter(&problems, stderr),
		LookupEnv: func(name string) (string, bool) { return password, name == "AWAY_PASSWORD" },
	})
	return code, out.String(), problems.String()
}

func direct(t *testing.T, statement string) (int, string, string) {
	t.Helper()
	return lianji(t.Context(), io.Discard, "query", "--direct", "--format", "csv", statement)
}

const across = `SELECT r.姓名, f.代码, f.资本, d.金额 FROM %s r LEFT JOIN %s f ON f.证件号 = r.身份证号 LEFT JOIN %s d ON CAST(d.证件号 AS VARCHAR) = r.身份证号 ORDER BY r.身份证号`

const acrossCSV = "姓名,代码,资本,金额\r\n张三,A,12.50,500\r\n李四,,,600\r\n王五,,,\r\n"

func TestDirect(t *testing.T) {
	world(t)
	if code, stdout, stderr := direct(t, fmt.Sprintf(across, "ga.main.人口", "scjg.faren", "mz.dibao")); code != 0 || stdout != acrossCSV {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for statement, in := range map[string]string{
		"SELECT 1 FROM ga.人囗":                   "error[unknown_name]",
		"SELECT 姓明 FROM ga.人口":                  "Did you mean: 姓名?",
		"SELECT cuont(*) FROM ga.人口":            "error[unknown_name]",
		"SELECT FROM WHERE":                     "error[syntax_error]",
		"DROP TABLE ga.人口":                      "error[read_only]",
		"SELECT 1; SELECT 2":                    "error[one_statement]",
		"SELECT 1 FROM away.public.t":           "error[source_unreachable]: Source away cannot be reached.",
		"SELECT CAST(姓名 AS INTEGER) FROM ga.人口": "error[data_error]",
	} {
		code, stdout, stderr := direct(t, statement)
		if code != 1 || stdout != "" || !strings.Contains(stderr, in) || strings.Contains(stderr, password) || strings.Contains(stderr, "张三") {
			t.Errorf("%s: exit %d, stdout %q, stderr %q; want %q", statement, code, stdout, stderr, in)
		}
	}
	if left, err := os.ReadDir("tmp"); err != nil || len(left) != 0 {
		t.Errorf("left in tmp: %v %v", left, err)
	}
}

func TestCheck(t *testing.T) {
	world(t)
	code, stdout, stderr := lianji(t.Context(), io.Discard, "check")
	for _, want := range []string{"ga    sqlite    reachable  SQLite 3.", ", 2 table(s)\n", "scjg  duckdb    reachable  DuckDB 1.", "mz    files     reachable", "away  postgres  UNUSABLE   Source away cannot be reached."} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if code != 1 || stderr != "lianji.yaml: 1 problem(s).\n" || strings.Contains(stdout, password) {
		t.Errorf("exit %d, stderr %q, stdout %q", code, stderr, stdout)
	}
}

func TestVersion(t *testing.T) {
	code, stdout, stderr := lianji(t.Context(), io.Discard, "version")
	if code != 0 || !regexp.MustCompile(`^lianji \S+\nDuckDB v1\.\d+\.\d+\nGo go1\.\S+\n$`).MatchString(stdout) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// killProcesses kills the processes of this one that have a role, and tells how many there
// were.
func killProcesses(t *testing.T, role string) (n int) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		text, _ := os.ReadFile(path) // of a process that may be gone
		stat, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after)
		if !strings.Contains(string(text), "\x00"+role+"\x00") || len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		n++
	}
	return n
}

func TestServe(t *testing.T) {
	world(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log shared
	served := safego.Run(func() error {
		if code, _, stderr := lianji(ctx, &log, "serve", "--no-auth"); code != 0 {
			t.Errorf("serve exits with %d: %s", code, stderr)
		}
		return nil
	})
	waitfor.True(t, 5*time.Second, "the address", func() bool { return strings.Contains(log.String(), "Serving at") })
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(log.String())
	ask := func(statement string) (int, string, string) {
		return lianji(t.Context(), io.Discard, "query", "--url", url, "--format", "csv", statement)
	}
	if code, stdout, stderr := ask(fmt.Sprintf(across, "公安.人口", "市场监管.法人", "民政.低保")); code != 0 || stdout != acrossCSV {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	for statement, in := range map[string]string{
		"SELECT * FROM ga.main.人口": "error[unknown_name]",
		"SELECT * FROM ga.人口":      "error[unknown_name]",
		"SELECT * FROM 远方.表":       "error[source_unreachable]",
	} {
		if code, stdout, stderr := ask(statement); code != 1 || stdout != "" || !strings.Contains(stderr, in) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", statement, code, stdout, stderr)
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post(url+"/v1/query", "application/json", strings.NewReader(`{"sql": "SELECT 姓名 FROM 公安.人口 WHERE 年龄 > $1", "params": [35]}`))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Rows [][]string }
	err = json.NewDecoder(res.Body).Decode(&answer)
	if e := res.Body.Close(); err == nil {
		err = e
	}
	if err != nil || fmt.Sprint(answer.Rows) != "[[李四]]" {
		t.Errorf("%v %v", answer, err)
	}
	if killed := killProcesses(t, planner.BinderRole); killed == 0 {
		t.Error("statements are bound in the gateway's own process")
	}
	if code, stdout, stderr := ask("SELECT count(*) AS n FROM 公安.人口 WHERE 年龄 < 200 LIMIT 7"); code != 0 || !strings.HasPrefix(stdout, "n\r\n") {
		t.Logf("the statement that meets a killed process: exit %d, %s", code, stderr) // it may be told
	}
	if code, stdout, stderr := ask(fmt.Sprintf(across, "公安.人口", "市场监管.法人", "民政.低保") + " "); code != 0 || stdout != acrossCSV {
		t.Errorf("after the binder's processes were killed: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	askCatalogue(t, "postgres://nobody@"+regexp.MustCompile(`postgres(?:ql)?://(\S+)`).FindStringSubmatch(log.String())[1])
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	for _, role := range []string{planner.BinderRole, pgcatalog.Role} {
		if left := killProcesses(t, role); left > 0 {
			t.Errorf("%d processes are left: %s", left, role)
		}
	}
	for _, secret := range []string{password, "张三", "年龄"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "code=ok") || !strings.Contains(log.String(), "rows=3") {
		t.Errorf("log:\n%s", log.String())
	}
}

// askCatalogue asks a gateway's pg_catalog, which lives in a process of its own, whether or
// not somebody kills that.
func askCatalogue(t *testing.T, dsn string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn+"/lianji?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := conn.ExecParams(t.Context(), "SELECT relname FROM pg_class WHERE relname = '法人'", nil, nil, nil, nil).Read()
		if r.Err != nil || len(r.Rows) != 1 {
			t.Errorf("%d rows, %v", len(r.Rows), r.Err)
		}
		if killed := killProcesses(t, pgcatalog.Role); killed != 1 {
			t.Errorf("pg_catalog is asked in %d processes of its own", killed)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// An interrupt ends a statement that would run for hours.
func TestInterrupt(t *testing.T) {
	world(t)
	ctx, interrupt := context.WithCancel(t.Context())
	type outcome struct {
		code   int
		stderr string
	}
	var got outcome
	ended := safego.Run(func() error {
		code, _, stderr := lianji(ctx, io.Discard, "query", "--direct", "SELECT count(*) FROM ga.big a, ga.big b WHERE (a.n * 7 + b.n * 13) % 1000003 = 5")
		got = outcome{code, stderr}
		return nil
	})
	waitfor.True(t, 10*time.Second, "the engine's temporary folder", func() bool {
		runs, err := os.ReadDir("tmp")
		return err == nil && len(runs) == 1
	})
	select {
	case <-ended:
		t.Fatalf("ended before the interrupt: %+v", got)
	case <-time.After(500 * time.Millisecond):
	}
	interrupt()
	start := time.Now()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the interrupt took %s", took)
	}
	if got.code != 1 || !strings.Contains(got.stderr, "error[canceled]: The query was cancelled.") {
		t.Errorf("%+v", got)
	}
}
