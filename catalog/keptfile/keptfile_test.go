package keptfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/safego"
)

// described is a source with a column of every kind of type.
func described() []Source {
	text := catalog.Type{Kind: catalog.Text}
	t := &catalog.Table{
		ID: catalog.TableID{Schema: "公共", Name: "t"}, View: true, Comment: "表", Rows: 4711,
		PrimaryKey: []string{"c1"}, Unique: [][]string{{"c2", "C3"}}, Known: &catalog.Known{},
	}
	t.Known.Set(&catalog.Statistics{Rows: 4711})
	types := []catalog.Type{{}, catalog.DecimalOf(12, 3), catalog.ListOf(catalog.ListOf(text)), {Kind: catalog.Struct, Fields: []catalog.Field{{Name: "a", Type: text}}}, {Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: text}, {Name: "value", Type: catalog.DecimalOf(38, 0)}}}}
	for k := catalog.Bool; k <= catalog.Null; k++ {
		if k != catalog.Decimal && k != catalog.List && k != catalog.Struct && k != catalog.Map {
			types = append(types, catalog.Type{Kind: k})
		}
	}
	for i, typ := range types {
		t.Columns = append(t.Columns, catalog.Column{
			Name: "c" + string(rune('1'+i)), SourceName: "C" + string(rune('1'+i)), Type: typ, SourceType: "its type", NotNull: i%2 == 0,
			Collation: catalog.Collation{Name: "C", Binary: i%3 == 0}, NumberAsText: i%5 == 0, Comment: "列",
		})
	}
	return []Source{{Name: "ga", Identity: "1", Tables: []*catalog.Table{t}}, {Name: "mz", Identity: "2"}}
}

// What is read is what was written, but for what tells of a table's contents.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if got, err := Read(path); got != nil || err != nil {
		t.Errorf("without a file: %v %v", got, err)
	}
	want := described()
	text, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "4711") {
		t.Errorf("the file counts rows: %s", text)
	}
	if err := os.WriteFile(path, []byte("an earlier one, for all to read"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, text); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("beside it is left %v %v", all, err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want[0].Tables[0].Rows, want[0].Tables[0].Known = -1, nil
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-written +read)\n%s", d)
	}
	again, err := Encode(got)
	if err != nil || string(again) != string(text) {
		t.Errorf("written again it is\n%s %v", again, err)
	}
}

// A type for which there is no word is not written as another one.
func TestNoWord(t *testing.T) {
	s := described()
	s[0].Tables[0].Columns[0].Type = catalog.Type{Kind: catalog.Null + 1}
	if text, err := Encode(s); err == nil {
		t.Errorf("it writes %s", text)
	}
}

// A table without columns, of which nothing could be shown, does not take the others along.
func TestNoColumns(t *testing.T) {
	s := described()
	s[0].Tables = append(s[0].Tables, &catalog.Table{ID: catalog.TableID{Schema: "公共", Name: "empty"}})
	text, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(text); err != nil || len(got) != 2 || len(got[0].Tables) != 1 {
		t.Errorf("read: %v %v", got, err)
	}
}

// A file that is not whole, or not one of these, gives nothing.
func TestBrokenFiles(t *testing.T) {
	whole, err := Encode(described())
	if err != nil {
		t.Fatal(err)
	}
	in := func(old, now string) string {
		t.Helper()
		if !strings.Contains(string(whole), old) {
			t.Fatalf("no %s in it", old)
		}
		return strings.Replace(string(whole), old, now, 1)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":              {"", ErrForm},
		"cut":                {string(whole[:len(whole)/2]), ErrForm},
		"another file":       {`{"openapi": "3.1.0"}`, ErrForm},
		"no object":          {`[]`, ErrForm},
		"something behind":   {string(whole) + "{}", ErrForm},
		"later format":       {`{"format": 2, "tables": 1}`, ErrFormat},
		"no format":          {in(`"format":1,`, ""), ErrForm},
		"unknown member":     {in(`"schema"`, `"rows":1,"schema"`), ErrForm},
		"unknown kind":       {in(`"hugeint"`, `"hugeuint"`), ErrForm},
		"too many digits":    {in(`"precision":12`, `"precision":39`), ErrForm},
		"a list of nothing":  {in(`{"kind":"list","elem":{"kind":"list","elem":{"kind":"text"}}}`, `{"kind":"list"}`), ErrForm},
		"no columns":         {`{"format":1,"sources":[{"name":"ga","identity":"1","tables":[{"schema":"s","name":"t","columns":[]}]}]}`, ErrForm},
		"columns left out":   {`{"format":1,"sources":[{"name":"ga","identity":"1","tables":[{"schema":"s","name":"t"}]}]}`, ErrForm},
		"key of no column":   {in(`"primary_key":["c1"]`, `"primary_key":["x"]`), ErrForm},
		"unique of nothing":  {in(`["c2","C3"]`, `["c2","x"]`), ErrForm},
		"columns twice":      {in(`"name":"c2"`, `"name":"C1"`), ErrForm},
		"column no name":     {in(`"name":"c4"`, `"name":""`), ErrForm},
		"sources twice":      {in(`"name":"mz"`, `"name":"GA"`), ErrForm},
		"no identity":        {in(`"identity":"2"`, `"identity":""`), ErrForm},
		"table without name": {in(`"name":"t"`, `"name":""`), ErrForm},
	} {
		path := filepath.Join(t.TempDir(), FileName)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); got != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

// Only a file of its owner's own is read.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	text, err := Encode(described())
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(path, text); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]error{0o640: ErrOpen, 0o602: ErrOpen, 0o600: nil} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !errors.Is(err, want) {
			t.Errorf("%v: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{link, dir} {
		if _, err := Read(other); !errors.Is(err, ErrKind) {
			t.Errorf("%s: %v", other, err)
		}
		if err := Write(other, []byte("another")); !errors.Is(err, ErrKind) {
			t.Errorf("%s is written: %v", other, err)
		}
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %s: %v", to, err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(text) {
		t.Errorf("the linked file has %s, %v", now, err)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 2 {
		t.Errorf("beside it is left %v %v", all, err)
	}
	if err := Write(filepath.Join(dir, "none", FileName), text); err == nil {
		t.Error("written into a folder that is not there")
	}
}

// A pipe at its place is not waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func() error{
		"read":    func() error { _, err := Read(path); return err },
		"written": func() error { return Write(path, []byte("text")) },
	} {
		done := safego.Run(use)
		select {
		case err := <-done:
			if !errors.Is(err, ErrKind) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("not %s within ten seconds", name)
			end, err := os.OpenFile(path, os.O_WRONLY, 0) // lets go of who reads
			if err != nil {
				t.Fatal(err)
			}
			_ = end.Close()
			<-done
		}
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("left is %v %v", info, err)
	}
}
