package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/creack/pty"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/servertest"
)

// screen is a terminal of a test: what is written to it, until its end.
type screen struct {
	*os.File
	text func() string // closes it
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
	var got bytes.Buffer
	read := safego.Run(func() error { _, err := io.Copy(&got, master); return err }) // EIO at the end
	ended := false
	end := func() string {
		if !ended {
			ended = true
			_ = slave.Close()
			<-read
			_ = master.Close()
		}
		return strings.ReplaceAll(got.String(), "\r\n", "\n")
	}
	t.Cleanup(func() { end() })
	return screen{slave, end}
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
