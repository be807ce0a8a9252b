package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
	text := strings.NewReplacer("path: ga.db", "path: DIR/ga.db", "path: mz.db", "path: DIR/mz.db").Replace(two)
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
		left         string // what becomes of the file: as it was unless said otherwise
	}{
		{name: "away", config: text, file: whole, want: true, log: "source shown as it was described before"},
		{name: "another database", config: strings.Replace(text, "mz.db", "mz2.db", 1), file: whole, log: "source was described as another database"},
		{name: "another name", config: strings.Replace(strings.ReplaceAll(text, " mz:", " my:"), "mz.main", "my.main", 1), file: whole, left: "ga"},
		{name: "cut", config: text, file: whole[:len(whole)-9], log: keptfile.ErrForm.Error()},
		{name: "a later format", config: text, file: []byte(`{"format": 7}`), log: keptfile.ErrFormat.Error()},
		{name: "no file", config: text, left: "ga"},
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
			if c.left == "" {
				if now, err := os.ReadFile(file); err != nil || string(now) != string(c.file) {
					t.Errorf("the file is now %s %v", now, err)
				}
			} else if after, err := keptfile.Read(file); err != nil || len(after) != 1 || after[0].Name != c.left {
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

// warnings counts the lines of a log that tell of a file at level WARN.
func warnings(log *bytes.Buffer) int {
	n := 0
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level=WARN") && strings.Contains(line, keptfile.FileName) {
			n++
		}
	}
	return n
}

// What could not be used at one start, or was of a database that only this start named,
// is there once that is put right.
func TestDescribedOutlastsAMistake(t *testing.T) {
	dir := t.TempDir()
	text := "roots: [" + dir + "]\n" + strings.NewReplacer("path: ga.db", "path: "+dir+"/ga.db", "path: mz.db", "path: "+dir+"/mz.db").Replace(two)
	typo := strings.Replace(text, "mz.db", "zm.db", 1)
	for _, c := range []struct {
		name, config string
		change       func(whole string) string
		mode         os.FileMode
		warnings     int
	}{
		{"open to others", text, nil, 0o640, 1},
		{"later format", text, func(s string) string { return strings.Replace(s, `"format":1`, `"format":2,"more":{}`, 1) }, 0o600, 1},
		{"cut", text, func(s string) string { return s[:len(s)-20] }, 0o600, 1},
		{"text behind", text, func(s string) string { return s + "x" }, 0o600, 1},
		{"another path", typo, nil, 0o600, 0},
		{"another path, and open to others", typo, nil, 0o604, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := newWorld(t, text)
			first.runOnce(t)
			file := filepath.Join(first.cfg.Dir, keptfile.FileName)
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			changed := string(whole)
			if c.change != nil {
				changed = c.change(changed)
			}
			lay := func(text string, mode os.FileMode) {
				t.Helper()
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(file, mode); err != nil {
					t.Fatal(err)
				}
			}
			lay(changed, c.mode)
			for range 2 {
				wrong, log := first.again(t, c.config, "mz")
				if wrong.shows(t) {
					t.Error("it is shown")
				}
				if n := warnings(log); n != c.warnings || strings.Contains(log.String(), "not kept") {
					t.Errorf("%d warnings: %s", n, log)
				}
			}
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if now, err := os.ReadFile(file); err != nil || string(now) != changed || info.Mode().Perm() != c.mode {
				t.Errorf("the file is now %v %s %v", info.Mode(), now, err)
			}
			lay(string(whole), 0o600)
			if right, log := first.again(t, text, "mz"); !right.shows(t) {
				t.Errorf("it is not shown once all is right: %s", log)
			}

			// Once the source is described, nobody needs what was there.
			lay(changed, c.mode)
			back, log := first.again(t, c.config, "mz")
			a := back.open(t)
			back.sources["mz"].set(nil)
			for i, s := range a.sources {
				if s.cfg.Name == "mz" {
					if err := a.back(s, a.sources[i].describe(t.Context())); err != nil {
						t.Fatal(err)
					}
				}
			}
			a.keepDescribed()
			now, err := keptfile.Read(file)
			if err != nil || len(now) != 2 || now[1].Identity != a.sources[1].cfg.Identity() || len(now[1].Tables) != 1 {
				t.Errorf("once mz is back the file has %+v %v: %s", now, err, log)
			}
			if len(a.keeping.held) != 0 {
				t.Errorf("in memory are still %v", a.keeping.held)
			}
		})
	}
}

// A file that cannot be used, and that somebody removes, is written anew at once.
func TestUnusableDescribedIsRemoved(t *testing.T) {
	w := newWorld(t, two, "mz")
	file := filepath.Join(w.cfg.Dir, keptfile.FileName)
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := w.open(t)
	a.keepDescribed()
	if now, err := os.ReadFile(file); err != nil || string(now) != "{" {
		t.Errorf("the file is now %s %v", now, err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	a.keepDescribed()
	if now, err := keptfile.Read(file); err != nil || len(now) != 1 {
		t.Errorf("the file has %v %v", now, err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.keeping.written = false // as after a change of what is described
	a.keepDescribed()
	if now, err := keptfile.Read(file); err != nil || len(now) != 1 {
		t.Errorf("after a change the file has %v %v", now, err)
	}
}

// What is no file is neither followed, waited for nor replaced, and is said once.
func TestDescribedInNoFile(t *testing.T) {
	good := newWorld(t, two)
	good.runOnce(t)
	linked := filepath.Join(good.cfg.Dir, keptfile.FileName)
	whole, err := os.ReadFile(linked)
	if err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(string) error{
		"folder":      func(p string) error { return os.Mkdir(p, 0o700) },
		"link":        func(p string) error { return os.Symlink(linked, p) },
		"broken link": func(p string) error { return os.Symlink(filepath.Join(good.cfg.Dir, "none"), p) },
		"pipe":        func(p string) error { return syscall.Mkfifo(p, 0o600) },
	} {
		for _, down := range [][]string{nil, {"mz"}} {
			t.Run(name+strings.Join(down, ""), func(t *testing.T) {
				w := newWorld(t, two)
				file := filepath.Join(w.cfg.Dir, keptfile.FileName)
				if err := put(file); err != nil {
					t.Fatal(err)
				}
				before, err := os.Lstat(file)
				if err != nil {
					t.Fatal(err)
				}
				next, log := w.again(t, two, down...)
				a := next.open(t)
				a.keepDescribed()
				a.keepDescribed()
				if n := warnings(log); n != 1 || !strings.Contains(log.String(), keptfile.ErrKind.Error()) {
					t.Errorf("%d warnings: %s", n, log)
				}
				if a.state()[1].Kept != nil {
					t.Error("mz is shown")
				}
				if after, err := os.Lstat(file); err != nil || !os.SameFile(before, after) || before.Mode() != after.Mode() {
					t.Errorf("it is now %v %v", after, err)
				}
				if now, err := os.ReadFile(linked); err != nil || !bytes.Equal(now, whole) {
					t.Errorf("the linked file is now %s %v", now, err)
				}
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				a.keepDescribed()
				if now, err := keptfile.Read(file); err != nil || len(now) != 2-len(down) || !a.keeping.written {
					t.Errorf("once it is gone the file has %v %v", now, err)
				}
			})
		}
	}
}

// A folder that cannot be written is said once, and is no failure.
func TestDescribedThatCannotBeKept(t *testing.T) {
	w := newWorld(t, two)
	next, log := w.again(t, two)
	a := next.open(t)
	dir := a.cfg.Dir
	a.cfg.Dir = filepath.Join(dir, "none")
	a.keeping.written = false
	a.keepDescribed()
	a.keepDescribed()
	if n := strings.Count(log.String(), "descriptions of sources are not kept"); n != 1 {
		t.Errorf("said %d times: %s", n, log)
	}
	a.cfg.Dir = dir
	if err := os.Remove(a.keptFile()); err != nil {
		t.Fatal(err)
	}
	a.keepDescribed()
	if _, err := keptfile.Read(a.keptFile()); err != nil || !a.keeping.written {
		t.Errorf("not written once it can be: %v", err)
	}
}
