package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
)

// planner answers EXPLAIN with the lines of a plan.
// undescribed is the part of a querier that the command line never uses.
type undescribed struct{}

func (undescribed) Describe(context.Context, server.Session, server.Request) (*server.Described, error) {
	return nil, errs.New(errs.NotSupported, "grants_no_store", nil)
}

type planner struct {
	undescribed
	asked []string
	err   error
}

type planStream struct {
	batch arrow.RecordBatch
	left  int
}

func (s *planStream) Schema() *arrow.Schema          { return s.batch.Schema() }
func (s *planStream) Next() bool                     { s.left--; return s.left >= 0 }
func (s *planStream) RecordBatch() arrow.RecordBatch { return s.batch }
func (s *planStream) Err() error                     { return nil }
func (s *planStream) Warnings() []errs.Warning       { return nil }
func (s *planStream) Release()                       {}

func (p *planner) Query(_ context.Context, _ server.Session, r server.Request) (*server.Answer, error) {
	p.asked = append(p.asked, r.SQL)
	if p.err != nil {
		return nil, p.err
	}
	columns := []catalog.Column{{Name: "plan", Type: catalog.Type{Kind: catalog.Text}}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(columns))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"scan 1: 公安.人口", "  columns: \"a|b\""}, nil)
	return &server.Answer{ID: "p", Columns: columns, Stream: &planStream{batch: b.NewRecordBatch(), left: 1}}, nil
}

func TestExplain(t *testing.T) {
	config(t, good)
	for options, prefix := range map[string]string{
		"--format text": "EXPLAIN ", "--format json": "EXPLAIN (FORMAT JSON) ",
		"--analyze": "EXPLAIN ANALYZE ", "--analyze --format json": "EXPLAIN (ANALYZE, FORMAT JSON) ",
	} {
		p := &planner{}
		command := append([]string{"explain", "--direct"}, strings.Fields(options)...)
		code, stdout, stderr := run{querier: p}.args(t, append(command, "select 1")...)
		if code != 0 || stdout != "scan 1: 公安.人口\n  columns: \"a|b\"\n" || stderr != "" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", options, code, stdout, stderr)
		}
		if p.asked[0] != prefix+"select 1" {
			t.Errorf("asked %q", p.asked)
		}
		// The place is that in the text which the person wrote.
		p.err = errs.New(errs.UnknownName, "internal", nil).At(prefix+"select 户, x", len(prefix)+len("select 户, "))
		_, _, stderr = run{querier: p}.args(t, append(command, "select 户, x")...)
		if !strings.Contains(stderr, "line 1, column 11:\n  select 户, x\n             ^") {
			t.Errorf("%s: %s", options, stderr)
		}
	}
}

func TestCheck(t *testing.T) {
	config(t, good)
	code, stdout, stderr := run{querier: rows()}.args(t, "check")
	const found = "  sessions in UTC, text in UTF8, collation zh_CN.UTF-8, statistics of 1 table(s)\n" +
		"  warning[account_writes]: The account may change 2 table(s). The gateway never does; an account that can only read makes sure of it.\n" +
		"  warning[columns_unreadable]: 1 column(s) cannot be read, for their types: money.\n" +
		"  hint[never_analyzed]: No statistics were ever gathered of 1 table(s) (main.t): estimates are poor until the source's owner runs ANALYZE.\n" +
		"  column main.t.费用 cannot be read: its type is money\n"
	want := "ga  sqlite    reachable  Fake 1.0, 1 table(s)\n" + found + "lianji.yaml: works, with 2 warning(s) and 1 hint(s). 1 source(s), 1 published resource(s).\n"
	if code != 0 || stdout != want || stderr != "" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	config(t, "sources:\n  away: {kind: sqlite, path: a.db}\n  户籍: {kind: sqlite, path: b.db}\n")
	code, stdout, stderr = run{querier: rows()}.args(t, "check")
	want = "away  sqlite    UNUSABLE   Source away cannot be reached.\n  dial a://‹hidden›@h: refused\n户籍  sqlite    reachable  Fake 1.0, 1 table(s)\n" + found
	nothing := "warning[nothing_published]: Nothing is published, so there is nothing to serve. Name tables under publish:, or use query --direct.\n"
	if code != 1 || stdout != want || stderr != nothing+"lianji.yaml: 1 problem(s).\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	config(t, "sources:\n  away: {kind: sqlite, path: a.db}\n  ga: {kind: sqlite, path: b.db}\npublish: {a: {b: ga.main.none, c: away.main.x}}\n")
	code, _, stderr = run{querier: rows()}.args(t, "check", "--config", "lianji.yaml")
	if code != 2 || stderr != "error[config_invalid]: lianji.yaml:4:18: Source ga has no table main.none.\nlianji.yaml: 2 problem(s).\n" {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	config(t, good)
	code, _, stderr = run{querier: rows(), engine: errs.New(errs.OutOfMemory, "internal", nil)}.args(t, "check")
	if code != 1 || !strings.Contains(stderr, "error[out_of_memory]") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

// shared is a buffer that a running command writes and a test reads.
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

var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// withStore is a configuration whose store demoStore makes.
const withStore = "catalog: {store: \"sqlite://store.db\", second_factor: waived}\nsources: {ga: {kind: sqlite, path: ga.db}}\n"

// demoStore makes a store in which one principal is marked as the sample city's.
func demoStore(ctx context.Context, dir string) (err error) {
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "store.db"))
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
	p, _ := state.Login("secadmin")
	marked := *p
	marked.Demo = true
	return s.Change(ctx, p.ID, func(tx *store.Tx) error { return tx.Principal(&marked) })
}

// demo starts the sample city on a free port and gives its address; end stops it and
// gives the exit code.
func demo(t *testing.T, r run, text string) (url string, out *shared, end func() int) {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	out = &shared{}
	r.ctx, r.stdout = ctx, out
	r.city.Prepare = func(ctx context.Context, dir string, progress func(string)) (cli.CityMade, error) {
		progress("公安")
		return cli.CityMade{Tokens: []cli.CityToken{{Login: "wang", Agency: "审计", Name: "王芳", Role: "数据使用员", Text: "lianji_T"}}}, errors.Join(writeFile(dir, text), demoStore(ctx, dir))
	}
	r.city.Asker, r.city.Purpose, r.city.TokensFile = "wang", "SJ-1", "tokens.txt"
	if r.city.Statements == nil {
		r.city.Statements = []cli.Statement{{Title: "人口", SQL: "select count(*) from 公安.人口 where a = 'x'", Check: "一人"}}
	}
	code := 0
	done := safego.Run(func() error {
		code, _, _ = r.args(t, "demo", "--dir", dir, "--listen", "127.0.0.1:0")
		return nil
	})
	waitfor.True(t, time.Second, "the address", func() bool { return strings.Contains(out.String(), "Ctrl-C") })
	return address.FindString(out.String()), out, func() int {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		return code
	}
}

func TestDemo(t *testing.T) {
	url, out, end := demo(t, run{querier: rows(2)}, withStore)
	dir := regexp.MustCompile(`in (\S+)/tokens\.txt:`).FindStringSubmatch(out.String())
	if dir == nil {
		t.Fatalf("no file of tokens is named in\n%s", out)
	}
	for _, want := range []string{
		"  wang      lianji_T                          审计 王芳（数据使用员）\n",
		"export LIANJI_TOKEN=$(awk '$1 == \"wang\" {print $2}' " + dir[1] + "/tokens.txt)\n",
		"1. 人口\n\n./bin/lianji query --url " + url + ` --purpose SJ-1 "select count(*) from 公安.人口 where a = 'x'"` + "\n\n   一人\n",
		"curl -sS " + url + `/v1/query -H "Authorization: Bearer $LIANJI_TOKEN"`,
		`{"sql":"select count(*) from 公安.人口 where a = 'x'","purpose":"SJ-1"}`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if code, stdout, stderr := (run{}).args(t, "query", "--url", url, "select 1"); code != 1 || stdout != "" || !strings.Contains(stderr, "error[unauthenticated]") {
		t.Errorf("without a token: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code := end(); code != 0 {
		t.Errorf("an interrupted demo exits with %d", code)
	}
}

func TestDemoPrepare(t *testing.T) {
	foreign := errors.New("foreign")
	for _, c := range []struct {
		reused bool
		err    error
		code   int
		in     string
	}{
		{false, nil, 0, "The sample city is in d.\n"},
		{true, nil, 0, "The sample city in d is used as it is.\n"},
		{false, errors.Join(foreign, errors.New("x")), 2, "d holds files that are not a sample city"},
		{false, errors.New("no space"), 1, "could not be made in d.\n  no space\n"},
	} {
		r := run{city: cli.City{Foreign: foreign, Prepare: func(context.Context, string, func(string)) (cli.CityMade, error) {
			return cli.CityMade{Reused: c.reused}, c.err
		}}}
		if code, stdout, stderr := r.args(t, "demo", "--dir", "d", "--prepare"); code != c.code || stdout != "" || !strings.Contains(stderr, c.in) {
			t.Errorf("exit %d, stdout %q, stderr %q, want %d %q", code, stdout, stderr, c.code, c.in)
		}
	}
}

// What demo prints means to a shell what it means to a reader.
func TestPrintedCommandsSurviveTheShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh on this machine")
	}
	statements := []string{
		"select 'it''s $1 \"q\" `x` \\ !' from 公安.人口", "select 1", "select \"a\" from t", "select 'a' from t\nwhere x < 1 & y", "select '!' from t", "select $1",
	}
	for _, sql := range statements {
		_, out, end := demo(t, run{querier: rows(1), city: cli.City{Statements: []cli.Statement{{Title: "t", SQL: sql}}}}, withStore)
		end()
		script := strings.ReplaceAll(out.String(), "./bin/lianji", "lianji")
		from, to := strings.Index(script, "lianji query"), strings.Index(script, "\n\nThe last one")
		got, err := exec.Command(sh, "-c", "lianji() { printf '<%s>' \"$@\"; }\n"+script[from:to]).Output()
		if err != nil || !strings.HasSuffix(string(got), "<"+sql+">") {
			t.Errorf("%q became %q: %v", sql, got, err)
		}
		from, to = strings.Index(script, "curl "), strings.Index(script, "\n\nServing")
		got, err = exec.Command(sh, "-c", "curl() { cat; }\n"+script[from:to]).Output()
		if err != nil || !strings.HasPrefix(string(got), `{"sql":"`) || strings.Count(string(got), "\n") != 1 {
			t.Errorf("curl gets %q: %v", got, err)
		}
	}
}

func TestServe(t *testing.T) {
	config(t, "listen: {http: \"127.0.0.1:0\"}\n"+strings.Replace(good, "sources: {", "sources: {away: {kind: sqlite, path: x.db}, ", 1))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var problems shared
	q := rows(1)
	r := run{querier: q, ctx: ctx}
	done := safego.Run(func() error {
		code, stdout, _ := r.argsTo(t, &problems, "serve", "--no-auth")
		if code != 0 || stdout != "" {
			t.Errorf("exit %d, stdout %q", code, stdout)
		}
		return nil
	})
	waitfor.True(t, time.Second, "the address", func() bool { return strings.Contains(problems.String(), "Serving at http://127.0.0.1:") })
	if s := problems.String(); !strings.Contains(s, "warning: Source away cannot be reached. The other sources are served") || strings.Contains(s, "hunter2") {
		t.Errorf("stderr %q", s)
	}
	if code, stdout, _ := (run{}).args(t, "query", "--url", address.FindString(problems.String()), "select 1"); code != 0 || !strings.Contains(stdout, "张1") {
		t.Errorf("exit %d, %q", code, stdout)
	}
	if _, s := q.Asked(); s[0].Operator {
		t.Error("a client of the door is no operator")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := problems.String(); !strings.Contains(s, "msg=query") || !strings.Contains(s, "code=ok") {
		t.Errorf("no line of the query in %q", s)
	}
}

func TestServeRefuses(t *testing.T) {
	for text, in := range map[string]string{
		"listen: {http: \"0.0.0.0:0\"}\n" + good:                                      "serves this machine alone",
		"sources: {ga: {kind: sqlite, path: a.db}}\n":                                 "publishes nothing",
		strings.Replace(good, "ga.main.t", "ga.main.nothing", 1):                      "lianji.yaml:2:20: Source ga has no table main.nothing",
		strings.Replace(good, "publish", "catalog: {store: x}\n#", 1):                 "catalog.store: write sqlite://FILE",
		strings.Replace(good, "publish", "catalog: {store: \"sqlite://x.db\"}\n#", 1): "is empty",
		withStore: "who asks needs a token",
	} {
		config(t, text)
		if text == withStore {
			if err := demoStore(t.Context(), "."); err != nil {
				t.Fatal(err)
			}
		}
		if code, _, stderr := (run{querier: rows()}).args(t, "serve", "--no-auth"); code != 2 || !strings.Contains(stderr, in) {
			t.Errorf("exit %d, %q, want %q", code, stderr, in)
		}
	}
}

// Who starts a gateway is told whether other machines reach it.
func TestServeSaysWhoReachesIt(t *testing.T) {
	for address, says := range map[string]string{
		"127.0.0.1:0": "to this machine alone, for those who have a token",
		"[::1]:0":     "to this machine alone, for those who have a token",
		"0.0.0.0:0":   "to every machine that reaches it, for those who can log in",
	} {
		config(t, "listen: {http: \""+address+"\"}\n"+withStore)
		if code, _, stderr := (run{}).args(t, "catalog", "init", "--code", "DSJ", "--name", "大数据局", "--tokens", "admins.txt"); code != 0 {
			t.Fatal(stderr)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var problems shared
		r := run{querier: rows(1), ctx: ctx}
		done := safego.Run(func() error {
			if code, _, _ := r.argsTo(t, &problems, "serve", "--allow-plaintext"); code != 0 {
				t.Errorf("%s: exit %d, %q", address, code, problems.String())
			}
			return nil
		})
		waitfor.True(t, 5*time.Second, "the address", func() bool { return strings.Contains(problems.String(), "Serving at http://") })
		if s := problems.String(); !strings.Contains(s, says) {
			t.Errorf("%s: %q does not say %q", address, s, says)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A store with principals of the sample city is served when that is said, and not else.
func TestServeDemoStore(t *testing.T) {
	config(t, "listen: {http: \"127.0.0.1:0\"}\n"+withStore)
	if err := demoStore(t.Context(), "."); err != nil {
		t.Fatal(err)
	}
	r := run{querier: rows(1)}
	if code, stdout, stderr := r.args(t, "serve"); code != 2 || stdout != "" || !strings.Contains(stderr, "such as secadmin") || !strings.Contains(stderr, "--allow-demo") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var problems shared
	r.ctx = ctx
	done := safego.Run(func() error {
		if code, _, _ := r.argsTo(t, &problems, "serve", "--allow-demo"); code != 0 {
			t.Errorf("exit %d, %q", code, problems.String())
		}
		return nil
	})
	waitfor.True(t, 5*time.Second, "the address", func() bool { return strings.Contains(problems.String(), "Serving at http://127.0.0.1:") })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
