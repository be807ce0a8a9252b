package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	settings "github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a fake with one table main.t.
type source struct {
	connectors.Source
	err error
}

func (s source) Ping(context.Context) (string, error) { return "Fake 1.0", s.err }
func (s source) Close() error                         { return nil }
func (s source) Describe(context.Context) ([]*catalog.Table, error) {
	return []*catalog.Table{{
		ID:      catalog.TableID{Schema: "main", Name: "t"},
		Columns: []catalog.Column{{Name: "id", Type: catalog.Type{Kind: catalog.Int64}}, {Name: "费用", SourceType: "money"}},
	}}, s.err
}

// run is one run of the program with fakes behind it.
type run struct {
	terminal *os.File // standard input
	querier  server.Querier
	engine   error
	city     cli.City
	env      map[string]string
	stdin    string
	stdout   io.Writer // instead of a buffer
	stderr   io.Writer // instead of a buffer
	ctx      context.Context
	sources  func(map[string]connectors.Source) // gets the engine's
	heads    []audit.Head                       // that the store has
}

type engine struct{ server.Querier }

func (engine) Close() error { return nil }

func (r run) args(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := cli.Program{
		App: app.Options{
			Openers: map[string]connectors.Opener{"sqlite": func(_ context.Context, c connectors.Config) (connectors.Source, error) {
				if c.Name == "hangs" {
					return hangs{}, nil
				}
				if c.Name == "away" {
					return source{err: errs.Wrap(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": c.Name}, errors.New("dial a://u:hunter2@h: refused"))}, nil
				}
				return source{}, nil
			}},
			NewEngine: func(o app.EngineOptions) (app.Engine, error) {
				if r.sources != nil {
					r.sources(o.Sources)
				}
				return engine{r.querier}, r.engine
			},
		},
		City:       r.city,
		AuditHeads: func(context.Context, *settings.Config) ([]audit.Head, error) { return r.heads, nil },
		DuckDB:     func(context.Context) (string, error) { return "v9.9.9", nil },
	}
	var out, problems bytes.Buffer
	env := cli.Env{Args: args, Name: "./bin/lianji", Stdin: strings.NewReader(r.stdin), Stdout: &out, Stderr: &problems}
	if r.terminal != nil {
		env.Stdin = r.terminal
	}
	if r.stdout != nil {
		env.Stdout = r.stdout
	}
	if r.stderr != nil {
		env.Stderr = r.stderr
	}
	env.LookupEnv = func(name string) (string, bool) {
		if name == "TZ" {
			return "UTC", true
		}
		v, ok := r.env[name]
		return v, ok
	}
	ctx := r.ctx
	if ctx == nil {
		ctx = t.Context()
	}
	code = p.Run(ctx, env)
	return code, out.String(), problems.String()
}

// config writes a configuration with one source and goes to its folder.
func config(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lianji.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
}

const good = "sources: {ga: {kind: sqlite, path: ga.db}}\npublish: {公安: {人口: ga.main.t}}\n"

func rows(n ...int) *servertest.Querier {
	var steps []servertest.Row
	for _, k := range n {
		steps = append(steps, servertest.Row{Rows: k})
	}
	return &servertest.Querier{Feed: servertest.Feed(steps...)}
}

// A wrong command line ends with 2, a text that says what is wrong, and nothing on
// standard output.
func TestUsage(t *testing.T) {
	config(t, good)
	for _, c := range []struct {
		args []string
		in   string
	}{
		{nil, "A command is missing"},
		{[]string{"qeury"}, "There is no command qeury.\n  Did you mean: query?"},
		{[]string{"catalog"}, "Name a command"},
		{[]string{"policy"}, "Name a command"},
		{[]string{"catalog", "init"}, "Name the bureau with --code"},
		{[]string{"catalog", "init", "--code", "A", "--name", "a", "--tokens", "x"}, "names no catalogue"},
		{[]string{"policy", "apply"}, "Name one file"},
		{[]string{"policy", "apply", "nothing.yaml"}, "nothing.yaml cannot be read"},
		{[]string{"policy", "export"}, "names no catalogue"},
		{[]string{"completion"}, "There is no command completion"},
		{[]string{"query"}, "Give one statement"},
		{[]string{"query", "select", "1"}, "Give one statement"},
		{[]string{"query", "--direct", " "}, "Give one statement"},
		{[]string{"query", "--drect", "select 1"}, "There is no flag --drect"},
		{[]string{"query", "-x", "select 1"}, "There is no flag -x"},
		{[]string{"query", "-- comment\nselect 1"}, "stands after --"},
		{[]string{"query", "select 1", "--config"}, "The flag --config needs a value"},
		{[]string{"query", "--direct=perhaps", "select 1"}, "The value of the flag --direct cannot be read"},
		{[]string{"query", "select 1"}, "As an operator use --direct; to see published resources use --url"},
		{[]string{"query", "--config", "lianji.yaml", "select 1"}, "--direct"},
		{[]string{"query", "--direct", "-o", ".", "select 1"}, ". is not an ordinary file"},
		{[]string{"query", "--direct", "-o", "/dev/null", "select 1"}, "/dev/null is not an ordinary file"},
		{[]string{"query", "--direct", "-o", "nowhere/x", "select 1"}, "nowhere/x cannot be written: no such file or directory."},
		{[]string{"query", "--direct", "--format", "xml", "select 1"}, "There is no form xml"},
		{[]string{"query", "--direct", "-o", "x.xls", "select 1"}, "No form is called xls"},
		{[]string{"query", "--direct", "--mode", "download", "select 1"}, "--mode goes with --url"},
		{[]string{"query", "--url", "http://127.0.0.1:1", "--mode", "file", "select 1"}, "The mode is interface, download or online"},
		{[]string{"query", "--direct", "--url", "http://127.0.0.1:1", "select 1"}, "choose one"},
		{[]string{"query", "--config", "lianji.yaml", "--url", "http://127.0.0.1:1", "select 1"}, "choose one"},
		{[]string{"query", "--url", "127.0.0.1:8080", "select 1"}, "--url must be an address"},
		{[]string{"query", "--url", "http://u:p@127.0.0.1:1", "select 1"}, "--url must be an address"},
		{[]string{"query", "--url", "ftp://127.0.0.1", "select 1"}, "--url must be an address"},
		{[]string{"query", "--direct", "--token-file", "x", "select 1"}, "--token-file goes with --url"},
		{[]string{"query", "--url", "http://127.0.0.1:1", "--token-file", "nothing", "select 1"}, "There is no file nothing"},
		{[]string{"query", "--direct", "--purpose", "for fun", "select 1"}, "The purpose must be a code"},
		{[]string{"query", "--direct", "--param", "a", "--param", "$b=c", "select 1"}, "by position or all by name"},
		{[]string{"query", "--direct", "select '\xff'"}, "not UTF-8"},
		{[]string{"query", "--direct", "--config", "nothing.yaml", "select 1"}, "There is no configuration file nothing.yaml"},
		{[]string{"explain", "--direct", "--format", "json5", "select 1"}, "There is no form json5 of a plan"},
		{[]string{"check", "x"}, "takes no arguments"},
		{[]string{"check", "--config", "nothing.yaml"}, "There is no configuration file"},
		{[]string{"serve"}, "names no catalogue"},
		{[]string{"serve", "--no-auth", "x"}, "takes no arguments"},
		{[]string{"serve", "--no-auth", "--allow-demo"}, "give one of them"},
		{[]string{"catalog", "import"}, "names no catalogue"},
		{[]string{"demo", "x"}, "takes no arguments"},
		{[]string{"version", "x"}, "takes no arguments"},
	} {
		q := rows(1)
		code, stdout, stderr := run{querier: q}.args(t, c.args...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.in) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q; want 2 and %q", c.args, code, stdout, stderr, c.in)
		}
		if asked, _ := q.Asked(); len(asked) != 0 {
			t.Errorf("%q: a statement ran", c.args)
		}
	}
}

func TestConfigurationErrors(t *testing.T) {
	for text, in := range map[string]string{
		"lisen: {}\n": "error[config_invalid]: lianji.yaml:1:1: unknown key lisen. Known here: listen, catalog, engine, roots, sources, publish, policy, direct, audit, limits, issuers, tracing.\n  Did you mean: listen?\n",
		"sources: {mz: {kind: postgres, dsn: \"x\"}}\n": "this build has no kind of source postgres. It has: sqlite",
		"direct: off\n" + good:                          "lianji.yaml switches direct mode off",
	} {
		config(t, text)
		if code, stdout, stderr := (run{querier: rows(1)}).args(t, "query", "--direct", "select 1"); code != 2 || stdout != "" || !strings.Contains(stderr, in) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", text, code, stdout, stderr)
		}
	}
}

func TestQueryDirect(t *testing.T) {
	config(t, good)
	for form, want := range map[string]string{
		"table":   " id | 姓名\n----+------\n  1 | 张1\n  2 | 张2\n  3 | 张3\n",
		"json":    `{"columns":[{"name":"id","type":"BIGINT"},{"name":"姓名","type":"VARCHAR"}],` + "\n\"rows\":[\n[\"1\",\"张1\"],\n[\"2\",\"张2\"],\n[\"3\",\"张3\"]\n],\"row_count\":3}\n",
		"ndjson":  `{"columns":[{"name":"id","type":"BIGINT"},{"name":"姓名","type":"VARCHAR"}]}` + "\n[\"1\",\"张1\"]\n[\"2\",\"张2\"]\n[\"3\",\"张3\"]\n{\"row_count\":3}\n",
		"csv":     "id,姓名\r\n1,张1\r\n2,张2\r\n3,张3\r\n",
		"arrow":   "\xff\xff\xff\xff",
		"parquet": "PAR1",
	} {
		q := rows(2, 1)
		code, stdout, stderr := run{querier: q}.args(t, "query", "--direct", "--format", form, "--param", "沈河", "--param", "a=b", "--purpose", "JC-1", "select 1")
		if binary := form == "arrow" || form == "parquet"; code != 0 || !strings.HasPrefix(stdout, want) || (!binary && stdout != want) {
			t.Errorf("%s: exit %d, stdout %q", form, code, stdout)
		}
		if note := strings.HasPrefix(stderr, "3 row(s) in"); note != (form == "table") {
			t.Errorf("%s: stderr %q", form, stderr)
		}
		asked, sessions := q.Asked()
		if d := cmp.Diff([]server.Request{{SQL: "select 1", Params: []server.Param{{Text: "沈河"}, {Text: "a=b"}}}}, asked); d != "" {
			t.Error(d)
		}
		s := sessions[0]
		if _, ok := s.Snapshot.Resolve([]string{"ga", "t"}); !ok || !s.Operator || s.Purpose != "JC-1" {
			t.Errorf("session %+v", s)
		}
		if streams := q.Streams(); len(streams) != 1 {
			t.Errorf("%d streams", len(streams))
		} else {
			<-streams[0].Released
		}
	}
}

func TestNamedParameters(t *testing.T) {
	config(t, good)
	q := rows(1)
	if code, _, stderr := (run{querier: q}).args(t, "query", "--direct", "--param", "$区县=沈河=x\ny", "--param", "$n=", "select 1"); code != 0 {
		t.Fatal(stderr)
	}
	asked, _ := q.Asked()
	if d := cmp.Diff([]server.Param{{Name: "区县", Text: "沈河=x\ny"}, {Name: "n"}}, asked[0].Params); d != "" {
		t.Error(d)
	}
}

func TestStatementFromStdin(t *testing.T) {
	config(t, good)
	q := rows(1)
	if code, _, stderr := (run{querier: q, stdin: "select\n 1\n"}).args(t, "query", "--direct", "-"); code != 0 {
		t.Fatal(stderr)
	}
	if asked, _ := q.Asked(); asked[0].SQL != "select\n 1\n" {
		t.Errorf("asked %q", asked[0].SQL)
	}
	code, _, stderr := run{querier: q, stdin: strings.Repeat("x", 1<<20+1)}.args(t, "query", "--direct", "-")
	if code != 2 || !strings.Contains(stderr, "larger than 1 MiB") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// A failed statement: code, text, its place with a caret under wide characters, the
// names that may have been meant, and for an operator what the source said.
func TestErrorsAreShown(t *testing.T) {
	config(t, good)
	const sql = "select 姓名,\n\t身份证号 from t"
	e := errs.Wrap(errs.UnknownName, "column_unreadable", msg.Args{"Table": "t", "Column": "身份证号", "Type": "x"}, errors.New("column 'hunter2' of a://u:hunter2@h\nLINE 1: hunter2"))
	e = e.At(sql, strings.Index(sql, "证"))
	e.Nearest = []string{"姓名", "民族"}
	q := &servertest.Querier{Err: e}
	for lang, want := range map[string]string{
		"en_US.UTF-8": "error[unknown_name]: Column 身份证号 of t has the source type x, which cannot be read.\n  line 2, column 4:\n   身份证号 from t\n       ^\n  column ‹hidden› of a://‹hidden›@h ‹hidden›\n  Did you mean: 姓名, 民族?\n",
		"zh_CN.UTF-8": "错误[unknown_name]：t 的列 身份证号 在数据源中的类型是 x，无法读取。\n  第 2 行，第 4 列：\n   身份证号 from t\n       ^\n  column ‹hidden› of a://‹hidden›@h ‹hidden›\n  是否想写：姓名, 民族？\n",
	} {
		code, stdout, stderr := run{querier: q, env: map[string]string{"LANG": lang}}.args(t, "query", "--direct", sql)
		if code != 1 || stdout != "" || stderr != want {
			t.Errorf("%s: exit %d, stdout %q, stderr\n%s\nwant\n%s", lang, code, stdout, stderr, want)
		}
	}
	long := strings.Repeat("a", 200) + "户" + strings.Repeat("b", 200)
	q.Err = errs.New(errs.SyntaxError, "internal", nil).At(long, 200)
	_, _, stderr := run{querier: q}.args(t, "query", "--direct", long)
	want := "\n  …" + strings.Repeat("a", 60) + "户" + strings.Repeat("b", 39) + "…\n  " + strings.Repeat(" ", 61) + "^\n"
	if !strings.Contains(stderr, want) {
		t.Errorf("a long line:\n%s\nwant\n%s", stderr, want)
	}
	q.Err = errs.New(errs.SyntaxError, "internal", nil).At("a\x1b[31mb", 6)
	if _, _, stderr := (run{querier: q}).args(t, "query", "--direct", "a\x1b[31mb"); strings.Contains(stderr, "\x1b") {
		t.Errorf("%q steers the terminal", stderr)
	}
}

func TestLanguage(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "error["}, {map[string]string{"LANG": "zh_CN.UTF-8"}, "错误["}, {map[string]string{"LANG": "C"}, "error["}, {map[string]string{"LANG": "de_DE"}, "error["},
		{map[string]string{"LANG": "zh_CN", "LC_MESSAGES": "en_US"}, "error["}, {map[string]string{"LANG": "en", "LC_MESSAGES": "en", "LC_ALL": "zh"}, "错误["},
		{map[string]string{"LANG": "zh_CN", "LC_ALL": ""}, "错误["}, {map[string]string{"LC_ALL": "C.UTF-8", "LANG": "zh_CN"}, "error["},
	} {
		if _, _, stderr := (run{env: c.env}).args(t, "nothing"); !strings.HasPrefix(stderr, c.want) {
			t.Errorf("%v: %q", c.env, stderr)
		}
	}
}

// A stream that fails after its first rows: the exit code and the text say so, and
// nothing looks complete.
func TestBrokenAnswer(t *testing.T) {
	config(t, good)
	failure := errs.New(errs.SourceFailed, "source_lost", msg.Args{"Source": "mz"})
	for form, end := range map[string]string{"table": "张2\n", "csv": "张2\r\n", "json": "}}\n", "ndjson": "}}\n"} {
		q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure})}
		code, stdout, stderr := run{querier: q}.args(t, "query", "--direct", "--format", form, "select 1")
		if code != 1 || !strings.HasSuffix(stdout, end) || strings.Contains(stdout, "row_count") || stderr != "error[source_failed]: Source mz ended the connection before its answer was complete.\n" {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", form, code, stdout, stderr)
		}
	}
}

func TestCancel(t *testing.T) {
	config(t, good)
	ctx, cancel := context.WithCancel(t.Context())
	wait := writerFunc(func(b []byte) (int, error) { cancel(); return len(b), nil })
	steps := make(chan servertest.Row, 1)
	steps <- servertest.Row{Rows: 1}
	q := &servertest.Querier{Feed: steps}
	code, _, stderr := run{querier: q, ctx: ctx, stdout: wait}.args(t, "query", "--direct", "--format", "csv", "select 1")
	if code != 1 || stderr != "error[canceled]: The query was cancelled.\n" {
		t.Errorf("exit %d, %q", code, stderr)
	}
	<-q.Streams()[0].Released
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A reader that has gone ends the query without a word; a full disk does not.
func TestStdoutEnds(t *testing.T) {
	config(t, good)
	for _, c := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, ""},
		{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, "error[disk_full]: The disk that the answer is written to is full: make room there, or name a file elsewhere with -o.\n"},
		{&os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EIO}, "error[internal]: The answer could not be written: write /dev/stdout: input/output error\n"},
	} {
		for _, args := range [][]string{{"query", "--direct", "--format", "csv", "select 1"}, {"version"}} {
			out := writerFunc(func([]byte) (int, error) { return 0, c.err })
			if code, _, stderr := (run{querier: rows(1), stdout: out}).args(t, args...); code != 1 || stderr != c.want {
				t.Errorf("%v, %v: exit %d, %q", args, c.err, code, stderr)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	code, stdout, _ := run{}.args(t, "version")
	if code != 0 || !strings.HasPrefix(stdout, "lianji ") || !strings.Contains(stdout, "\nDuckDB v9.9.9\nGo go1.") {
		t.Errorf("exit %d, %q", code, stdout)
	}
}

// Every command explains itself in both languages, with an example that names the
// program as it is called.
func TestHelp(t *testing.T) {
	for _, lang := range []string{"en", "zh_CN"} {
		for _, cmd := range []string{"", "query", "explain", "check", "serve", "demo", "catalog", "policy", "audit", "version"} {
			args := append(strings.Fields(cmd), "-h")
			code, stdout, stderr := run{env: map[string]string{"LANG": lang}}.args(t, args...)
			if code != 0 || stderr != "" {
				t.Errorf("%s: exit %d, %q", args, code, stderr)
			}
			example := fmt.Sprintf("\n  lianji %s", cmd)
			if !strings.Contains(stdout, example) || strings.Contains(stdout, "[cli_") || strings.Contains(stdout, "<no value>") || strings.Contains(stdout, "{{") {
				t.Errorf("%s in %s:\n%s", args, lang, stdout)
			}
			if chinese := strings.Contains(stdout, "用法："); chinese != (lang == "zh_CN") {
				t.Errorf("%s in %s:\n%s", args, lang, stdout)
			}
		}
	}
}
