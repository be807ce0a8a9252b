package democity

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func mustPrepare(t *testing.T, dir string, wantReused bool) {
	t.Helper()
	made, err := prepare(context.Background(), dir, smallScale, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if made.Reused != wantReused {
		t.Fatalf("reused %v, want %v", made.Reused, wantReused)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReuse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder", "that's new")
	mustPrepare(t, dir, false)
	mustPrepare(t, dir, true)

	config := filepath.Join(dir, configFile)
	changed := strings.Replace(read(t, config), "8080", "9090", 1)
	write(t, config, changed)
	mustPrepare(t, dir, true)
	if read(t, config) != changed {
		t.Error("a reused city lost the changed configuration")
	}

	if err := os.Remove(filepath.Join(dir, dataFolder, "rs", "shebao", "2026-07.parquet")); err != nil {
		t.Fatal(err)
	}
	mustPrepare(t, dir, false)
	if read(t, config) != configuration() || read(t, config+".old") != changed {
		t.Error("making the city anew must keep a changed configuration as .old")
	}
	mustPrepare(t, dir, true)

	other := scale{persons: smallScale.persons / 2, companies: smallScale.companies}
	if made, err := prepare(context.Background(), dir, other, func(string) {}); made.Reused || err != nil {
		t.Errorf("another city: reused %v, %v", made.Reused, err)
	}
}

// A run may end at any stage, and as a process that was killed does: with its
// working folder still there.
func TestInterruptedRun(t *testing.T) {
	for _, last := range agencies {
		t.Run(last, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_, err := prepare(ctx, dir, smallScale, func(stage string) {
				if stage == last {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			names := entries(t, dir)
			if len(names) != 1 || names[0] != markerFile {
				t.Errorf("left behind: %v", names)
			}
			if m, err := readMarker(dir); err != nil || m.Complete {
				t.Errorf("marker %+v, %v", m, err)
			}
		})
	}
	dir := t.TempDir()
	if err := writeMarker(dir, marker{Kind: markerKind, Version: version, Seed: seed, Persons: smallScale.persons}); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{workPrefix + "123/" + dataFolder, dataFolder} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, dataFolder, "ga.db"), "half")
	mustPrepare(t, dir, false)
	mustPrepare(t, dir, true)
	for _, name := range entries(t, dir) {
		if strings.HasPrefix(name, workPrefix) {
			t.Errorf("%s is still there", name)
		}
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// Files of somebody else are neither overwritten nor joined.
func TestForeignFolder(t *testing.T) {
	for _, name := range []string{configFile, factsFile, markerFile, dataFolder, storeFile, TokensFile} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if name == dataFolder {
				if err := os.Mkdir(path, 0o755); err != nil {
					t.Fatal(err)
				}
				path = filepath.Join(path, "mine")
			}
			write(t, path, "sources: {}\n")
			_, err := prepare(context.Background(), dir, smallScale, func(string) {})
			if !errors.Is(err, ErrForeign) {
				t.Errorf("error %v", err)
			}
			if read(t, path) != "sources: {}\n" || len(entries(t, dir)) != 1 {
				t.Errorf("the folder was touched: %v", entries(t, dir))
			}
		})
	}
}

func TestFactsOfNoCity(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadFacts(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	write(t, filepath.Join(dir, factsFile), "{")
	if _, err := LoadFacts(dir); err == nil {
		t.Error("half a file was read")
	}
}

// countingWriter takes rows and remembers how it ended.
type countingWriter struct {
	rows                int
	finished, abandoned bool
}

func (w *countingWriter) table(context.Context, *table, string) (tableWriter, error) { return w, nil }
func (w *countingWriter) close() error                                               { return nil }
func (w *countingWriter) put(...any) error                                           { w.rows++; return nil }
func (w *countingWriter) finish(context.Context) error                               { w.finished = true; return nil }
func (w *countingWriter) abandon()                                                   { w.abandoned = true }

// A long table is given up in its middle, not at its end.
func TestCancelInTheMiddleOfATable(t *testing.T) {
	c := &city{people: make([]person, 3*rowsPerCheck), homes: make([]household, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	var w countingWriter
	if n, err := c.writeSection(ctx, &w, sections["ga"][0]); err != nil || n != 3*rowsPerCheck || !w.finished {
		t.Fatalf("%d rows, %+v, %v", n, w, err)
	}
	cancel()
	w = countingWriter{}
	_, err := c.writeSection(ctx, &w, sections["ga"][0])
	if !errors.Is(err, context.Canceled) || w.rows >= rowsPerCheck || w.finished || !w.abandoned {
		t.Errorf("%+v, %v", w, err)
	}
}
