// Package keptfile writes what sources were described as into a file, and reads it when a
// source cannot be asked: what its tables are called and made of, and nothing of what
// they hold.
package keptfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lianji/lianji/catalog"
)

// FileName is what the file is called, beside the configuration.
const FileName = "lianji-sources.json"

// format counts what a file can look like. A file of another format is not read.
const format = 1

// maxFile is the largest file that is read or written.
const maxFile = 256 << 20

// Source is a source as it was described.
type Source struct {
	Name string
	// Identity tells which database it was; see config.Source. What was kept of one is
	// nothing that another one is to be shown as.
	Identity string
	Tables   []*catalog.Table
}

// Errors of a file that is there and is not used.
var (
	ErrKind   = errors.New("it is no regular file: it is neither read nor written over")
	ErrForm   = errors.New("it is no file of described sources")
	ErrFormat = errors.New("another version of the program wrote it, in another format")
	ErrOpen   = errors.New("others than its owner may read or write it")
	ErrLarge  = errors.New("it is too large")
)

// Read gives the sources of a file, all of them or an error; none where there is no file.
func Read(path string) (_ []Source, err error) {
	info, err := lookAt(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, ErrOpen
	case info.Size() > maxFile:
		return nil, ErrLarge
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// lookAt tells of the file at a path. Nothing else there is opened: to open a pipe waits
// for its other end, and a link leads to a file that is not ours.
func lookAt(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = ErrKind
	}
	return info, err
}

// Encode gives the text of a file. It leaves out a table that would not be read, such as
// one without columns: the whole file would not be.
func Encode(sources []Source) ([]byte, error) {
	out := file{Format: format, Sources: make([]source, len(sources))}
	for i, s := range sources {
		out.Sources[i] = source{Name: s.Name, Identity: s.Identity, Tables: []table{}}
		for _, t := range s.Tables {
			written, err := tableOf(t)
			if err != nil {
				return nil, err
			}
			if _, ok := written.table(); ok {
				out.Sources[i].Tables = append(out.Sources[i].Tables, written)
			}
		}
	}
	text, err := json.Marshal(out)
	if err == nil && len(text) >= maxFile {
		err = ErrLarge
	}
	return append(text, '\n'), err
}

func decode(text []byte) ([]Source, error) {
	// A file of a later format may have any members: its number is looked at first.
	var head struct{ Format int }
	if json.Unmarshal(text, &head) != nil || head.Format == 0 {
		return nil, ErrForm
	}
	if head.Format != format {
		return nil, ErrFormat
	}
	var in file
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, ErrForm
	}
	var out []Source
	seen := map[string]bool{}
	for _, s := range in.Sources {
		name := catalog.Fold(s.Name)
		if s.Name == "" || s.Identity == "" || seen[name] {
			return nil, ErrForm
		}
		seen[name] = true
		read := Source{Name: s.Name, Identity: s.Identity}
		for _, t := range s.Tables {
			one, ok := t.table()
			if !ok {
				return nil, ErrForm
			}
			read.Tables = append(read.Tables, one)
		}
		out = append(out, read)
	}
	return out, nil
}

// Write puts a text of Encode in the place of a file, for its owner alone: who reads it
// meets the old one or the new one. It takes the place of no folder, link or other thing.
func Write(path string, text []byte) (err error) {
	if _, err := lookAt(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // in mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(f.Name()); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
