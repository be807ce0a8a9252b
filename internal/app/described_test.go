package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/keptfile"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy"
)

// again makes a program over the folder of another one.
func (w *world) again(t *testing.T, text string, down ...string) (*world, *bytes.Buffer) {
	t.Helper()
	next := newWorld(t, text, down...)
	next.cfg.Dir = w.cfg.Dir
	var log bytes.Buffer
	next.options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	return next, &log
}

// runOnce opens a program and closes it.
func (w *world) runOnce(t *testing.T) {
	t.Helper()
	a, err := Open(t.Context(), w.cfg, w.options)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// shows tells whether 民政.低保, whose source is away, is listed.
func (w *world) shows(t *testing.T) bool {
	t.Helper()
	a, err := Open(t.Context(), w.cfg, w.options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	if len(a.Unavailable()) != 1 {
		t.Errorf("unavailable: %v", a.Unavailable())
	}
	s, _, err := publish(w.cfg, a.state())
	if err != nil {
		t.Fatal(err)
	}
	path := []string{"民政", "低保"}
	if _, ok := s.Resolve(path); ok || policy.Unavailable(s, path) == nil {
		t.Error("a statement may name what is away")
	}
	_, listed := policy.Listed(s, path)
	if listed != (len(s.Resources()) == 2) {
		t.Error("it is listed, and not found as such")
	}
	return listed
}

// What a source was described as is shown to the next run when it is away then, as long as
// it is the same database.
func TestDescribedOutlastsARun(t *testing.T) {
	text := strings.Replace(two, "mz: {kind: sqlite, path: mz.db}", "mz: {kind: sqlite, path: "+filepath.Join("DIR", "mz.db")+"}", 1)
	dir := t.TempDir()
	rooted := func(s string) string {
		return "roots: [" + dir + "]\n" + strings.ReplaceAll(s, "DIR", dir)
	}
	first := newWorld(t, rooted(text))
	first.runOnce(t)
	file := filepath.Join(first.cfg.Dir, keptfile.FileName)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, config string
		file         []byte
		want         bool
		log          string
	}{
		{name: "away", config: text, file: whole, want: true, log: "source shown as it was described before"},
		{name: "another database", config: strings.Replace(text, "mz.db", "mz2.db", 1), file: whole},
		{name: "another name", config: strings.Replace(strings.ReplaceAll(text, " mz:", " my:"), "mz.main", "my.main", 1), file: whole},
		{name: "cut", config: text, file: whole[:len(whole)-9], log: keptfile.ErrForm.Error()},
		{name: "a later format", config: text, file: []byte(`{"format": 7}`), log: keptfile.ErrFormat.Error()},
		{name: "no file", config: text},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if c.file != nil {
				if err := os.WriteFile(file, c.file, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			w, log := first.again(t, rooted(c.config), "mz", "my")
			if got := w.shows(t); got != c.want {
				t.Errorf("shown: %v", got)
			}
			if c.log == "" && strings.Contains(log.String(), "described") || !strings.Contains(log.String(), c.log) {
				t.Errorf("the log: %s", log)
			}
			// What is away is kept for the run after.
			after, err := keptfile.Read(file)
			if err != nil || len(after) != 1 && !c.want || len(after) != 2 && c.want {
				t.Errorf("the file has %v %v", after, err)
			}
		})
	}
}

// The file has what is named, of it what the source has now, and is not written for nothing.
func TestKeepDescribed(t *testing.T) {
	w := newWorld(t, two, "mz")
	file := filepath.Join(w.cfg.Dir, keptfile.FileName)
	w.options.Operator = true
	w.runOnce(t)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("an operator's statement leaves a file: %v", err)
	}
	w.options.Operator = false
	a := w.open(t)
	tables := func(source string) (out []string) {
		t.Helper()
		sources, err := keptfile.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sources {
			for _, k := range s.Tables {
				if s.Name == source {
					out = append(out, k.ID.Name)
				}
			}
		}
		return out
	}
	if got := tables("ga"); len(got) != 1 || len(tables("mz")) != 0 {
		t.Errorf("ga %v, mz %v", got, tables("mz"))
	}
	f := w.sources["mz"]
	f.mu.Lock()
	f.tables = append(f.tables, &catalog.Table{ID: catalog.TableID{Schema: "main", Name: "unnamed"}, Columns: f.tables[0].Columns})
	f.err = nil
	f.mu.Unlock()
	// A change of the file that is not ours shows when it is written.
	mark := func() {
		t.Helper()
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	written := func() bool { _, err := os.Stat(file); return err == nil }
	mark()
	a.keeping.version-- // as after a change of the catalogue
	a.keepDescribed()
	if written() {
		t.Error("written though nothing has changed")
	}
	door, err := a.ListenOpen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = door.http.Close() }()
	ctx, end := context.WithCancel(t.Context())
	done := safego.Run(func() error { return a.retry(ctx, time.Millisecond) })
	waitfor.True(t, time.Second, "the file to be written", written)
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := tables("mz"); len(got) != 1 || got[0] != "t" {
		t.Errorf("once mz is back the file has of it %v", got)
	}
	if d := a.state()[1]; d.Err != nil || d.Kept != nil {
		t.Errorf("mz is described as %+v", d)
	}
}

// A folder that cannot be written is said once, and is no failure.
func TestDescribedThatCannotBeKept(t *testing.T) {
	w := newWorld(t, two)
	next, log := w.again(t, two)
	if err := os.Mkdir(filepath.Join(w.cfg.Dir, keptfile.FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	a := next.open(t)
	a.keepDescribed()
	a.keepDescribed()
	if n := strings.Count(log.String(), "descriptions of sources are not kept"); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
	if err := os.Remove(filepath.Join(w.cfg.Dir, keptfile.FileName)); err != nil {
		t.Fatal(err)
	}
	a.keepDescribed()
	if _, err := keptfile.Read(filepath.Join(w.cfg.Dir, keptfile.FileName)); err != nil || !a.keeping.written {
		t.Errorf("not written once it can be: %v", err)
	}
}
