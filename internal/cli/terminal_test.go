package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/creack/pty"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

// screen is a terminal of a test.
type screen struct {
	*os.File
	so   func() string // what was written so far
	text func() string // what was written; closes it
	keys *os.File      // what is written there was typed
}

func newScreen(t *testing.T, columns uint16) screen {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	var (
		got  shared
		read = safego.Run(func() error { _, err := io.Copy(&got, master); return err }) // EIO at the end
		once sync.Once
	)
	so := func() string { return strings.ReplaceAll(got.String(), "\r\n", "\n") }
	text := func() string {
		once.Do(func() {
			_ = slave.Close()
			<-read
			_ = master.Close()
		})
		return so()
	}
	t.Cleanup(func() { text() })
	return screen{slave, so, text, master}
}

// A terminal gets no bytes that are no text, and the statement does not run.
func TestNoBinaryOnATerminal(t *testing.T) {
	config(t, good)
	for _, form := range []string{"parquet", "arrow"} {
		s, q := newScreen(t, 80), rows(2)
		code, _, stderr := run{querier: q, stdout: s.File}.args(t, "query", "--direct", "--format", form, "select 1")
		if got := s.text(); code != 2 || got != "" || !strings.Contains(stderr, "The form "+form+" is not for a terminal. Name a file with -o") {
			t.Errorf("%s: exit %d, %q, %q", form, code, got, stderr)
		}
		if asked, _ := q.Asked(); len(asked) != 0 {
			t.Error("the statement ran")
		}
		code, _, stderr = run{querier: q, stdout: newScreen(t, 80).File}.args(t, "query", "--direct", "--format", form, "-o", "out", "select 1")
		if code != 0 {
			t.Errorf("%s into a file: exit %d, %s", form, code, stderr)
		}
	}
}

// The ending of the file's name says the form where --format says none.
func TestFormOfAFile(t *testing.T) {
	config(t, good)
	dir := t.TempDir()
	for name, want := range map[string]string{"x.parquet": "PAR1", "x.csv": "id,", "y.CSV": "id,", "x.json": "{", "x.txt": " id |", "x": " id |"} {
		path := filepath.Join(dir, name)
		if code, _, stderr := (run{querier: rows(2)}).args(t, "query", "--direct", "-o", path, "select 1"); code != 0 {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("%s: %.20q (%v)", name, text, err)
		}
	}
	path := filepath.Join(dir, "y.parquet")
	if code, _, _ := (run{querier: rows(2)}).args(t, "query", "--direct", "--format", "csv", "-o", path, "select 1"); code != 0 {
		t.Errorf("exit %d", code)
	}
	if text, err := os.ReadFile(path); err != nil || strings.HasPrefix(string(text), "PAR1") {
		t.Errorf("--format csv: %.20q (%v)", text, err)
	}
}

func listed(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// A file of -o is whole or not there; one that was there stays as it was.
func TestOutputFile(t *testing.T) {
	config(t, good)
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	ask := func(q *servertest.Querier, form string) (int, string) {
		code, stdout, stderr := run{querier: q}.args(t, "query", "--direct", "--format", form, "--output", path, "select 1")
		if stdout != "" {
			t.Errorf("on standard output: %q", stdout)
		}
		return code, stderr
	}
	broken := func() *servertest.Querier {
		return &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 200_000}, servertest.Row{Rows: 1}, servertest.Row{Err: errs.New(errs.SourceFailed, "source_failed", nil)})}
	}
	for _, form := range []string{"parquet", "csv", "json", "table"} {
		if code, _ := ask(broken(), form); code != 1 || listed(t, dir) != "" {
			t.Errorf("broken %s: exit %d, and there is %q", form, code, listed(t, dir))
		}
	}
	if code, stderr := ask(rows(2, 1), "parquet"); code != 0 || stderr != "" || listed(t, dir) != "x.parquet" {
		t.Fatalf("exit %d, %q, and there is %q", code, stderr, listed(t, dir))
	}
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if r.NumRows() != 3 {
		t.Errorf("%d rows", r.NumRows())
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	// A link stays a link, and what only its owner can read stays so.
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("x.parquet", link); err != nil {
		t.Fatal(err)
	}
	path = link
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := ask(broken(), "csv"); code != 1 {
		t.Errorf("exit %d", code)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("a broken answer changed the file: %v", err)
	}
	if code, _ := ask(rows(1), "csv"); code != 0 || listed(t, dir) != "link x.parquet" {
		t.Errorf("exit %d, and there is %q", code, listed(t, dir))
	}
	if got, err := os.ReadFile(filepath.Join(dir, "x.parquet")); err != nil || string(got) != "id,姓名\r\n1,张1\r\n" {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// one answers every statement with one text.
type one struct {
	undescribed
	text string
}

func (o one) Query(context.Context, server.Session, server.Request) (*server.Answer, error) {
	columns := []catalog.Column{{Name: "地址", Type: catalog.Type{Kind: catalog.Text}}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(columns))
	defer b.Release()
	b.Field(0).(*array.StringBuilder).Append(o.text)
	r, err := array.NewRecordReader(b.Schema(), []arrow.RecordBatch{b.NewRecordBatch()})
	return &server.Answer{ID: "q-1", Columns: columns, Stream: quiet{r}}, err
}

// quiet is a stream without warnings.
type quiet struct{ array.RecordReader }

func (quiet) Warnings() []errs.Warning { return nil }

// A table keeps to the width of its terminal, and to none where there is no
// terminal; below it stand the rows, the time and what was shortened.
func TestTableKeepsToTheTerminal(t *testing.T) {
	config(t, good)
	const long = "沈阳市铁西区建设大路"
	for _, c := range []struct {
		columns uint16
		want    string
	}{
		{14, " 地址\n--------------\n 沈阳市铁西…\n"},
		{40, " 地址\n----------------------\n " + long + "\n"},
		{0, " 地址\n----------------------\n " + long + "\n"}, // does not tell: 80
	} {
		s := newScreen(t, c.columns)
		code, _, stderr := run{querier: one{text: long}, stdout: s.File}.args(t, "query", "--direct", "select 1")
		if got := s.text(); code != 0 || got != c.want {
			t.Errorf("%d columns: exit %d\n%s\nwant\n%s", c.columns, code, got, c.want)
		}
		if cut := strings.Contains(stderr, "\n1 value(s) shortened"); !strings.HasPrefix(stderr, "1 row(s) in ") || cut != (c.columns == 14) {
			t.Errorf("%d columns: %q", c.columns, stderr)
		}
	}
	_, stdout, _ := run{querier: one{text: long}}.args(t, "query", "--direct", "select 1")
	if !strings.Contains(stdout, long) {
		t.Errorf("shortened where no terminal is: %s", stdout)
	}
}

// What steers a terminal is shown as escapes in plans and in messages too.
func TestPlansAndMessagesDoNotSteerTheTerminal(t *testing.T) {
	config(t, good)
	const evil = "\x1b[2J\u202e"
	s := newScreen(t, 80)
	code, _, _ := run{querier: one{text: evil}, stdout: s.File}.args(t, "explain", "--direct", "select 1")
	if got := s.text(); code != 0 || got != "\\x1b[2J\\u202e\n" {
		t.Errorf("exit %d, %q", code, got)
	}
	e := errs.New(errs.UnknownName, "unknown_table", map[string]any{"Name": evil})
	e.Nearest = []string{evil}
	_, _, stderr := run{querier: &servertest.Querier{Err: e}}.args(t, "query", "--direct", "select 1")
	if strings.ContainsAny(stderr, "\x1b\u202e") || strings.Count(stderr, "\\x1b[2J\\u202e") != 2 {
		t.Errorf("%q", stderr)
	}
}
