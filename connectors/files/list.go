package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// place is where a source's files lie: a file, a folder, or a pattern whose files
// are one table.
type place struct{ source, path string }

// group is the files of one table.
type group struct {
	name   string
	format format
	files  []file
	again  func() (*group, error) // lists them anew
}

// file is a data file.
type file struct {
	path  string // with symbolic links followed
	shown string // as people know it: from the source's folder on
	stamp stamp
}

// stamp changes when a file does.
type stamp struct {
	size int64
	time time.Time
}

type format uint8

const (
	parquetFormat format = iota + 1
	csvFormat
	jsonFormat
)

// endings are those of data files. CSV and JSON may be compressed.
var endings = []struct {
	text   string
	format format
}{
	{".parquet", parquetFormat}, {".csv", csvFormat}, {".tsv", csvFormat}, {".json", jsonFormat}, {".ndjson", jsonFormat}, {".jsonl", jsonFormat},
	{".csv.gz", csvFormat}, {".tsv.gz", csvFormat}, {".json.gz", jsonFormat}, {".ndjson.gz", jsonFormat}, {".jsonl.gz", jsonFormat},
}

// formatOf gives a file's format and its name without the ending; 0 when it is no
// data file or is hidden.
func formatOf(name string) (format, string) {
	if strings.HasPrefix(name, ".") {
		return 0, ""
	}
	lower := strings.ToLower(name)
	for _, e := range endings {
		if strings.HasSuffix(lower, e.text) && len(name) > len(e.text) {
			return e.format, name[:len(name)-len(e.text)]
		}
	}
	return 0, ""
}

const wildcards = "*?["

// fixed is the part of a pattern before its first wildcard, a folder.
func (p place) fixed() string {
	at := strings.IndexAny(p.path, wildcards)
	if at < 0 {
		return p.path
	}
	return filepath.Dir(p.path[:at] + "x")
}

// reads gives what the instance must be able to read: a file or a folder.
func (p place) reads() (string, error) {
	path := p.path
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		path = p.fixed()
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		_, err = os.Stat(real)
	}
	return real, p.fault(err)
}

// list gives the groups of the place in the order of their names.
func (p place) list() ([]*group, error) {
	info, err := os.Stat(p.path)
	switch {
	case err == nil && info.IsDir():
		return p.folder()
	case err == nil:
		g, err := p.single(p.path)
		return []*group{g}, err
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(p.path, wildcards):
		g, err := p.pattern()
		return []*group{g}, err
	}
	return nil, p.fault(err)
}

// folder takes each file and each sub-folder of a folder for a table.
func (p place) folder() ([]*group, error) {
	entries, err := os.ReadDir(p.path)
	if err != nil {
		return nil, p.fault(err)
	}
	var groups []*group
	taken := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(p.path, e.Name())
		var g *group
		if isFolder(path) && !strings.HasPrefix(e.Name(), ".") {
			g, err = p.subfolder(path)
		} else if f, _ := formatOf(e.Name()); f != 0 {
			g, err = p.single(path)
		}
		if err != nil {
			return nil, err
		}
		if g == nil {
			continue
		}
		if other, twice := taken[strings.ToLower(g.name)]; twice {
			return nil, p.refuse("files_same_name", msg.Args{"File": e.Name(), "Other": other})
		}
		taken[strings.ToLower(g.name)] = e.Name()
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	return groups, nil
}

// isFolder follows symbolic links.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (p place) single(path string) (*group, error) {
	f, err := p.file(path)
	if err != nil {
		return nil, err
	}
	format, name := formatOf(filepath.Base(path))
	if format == 0 {
		return nil, p.refuse("files_unknown_kind", msg.Args{"File": f.shown})
	}
	return &group{name: name, format: format, files: []file{f}, again: func() (*group, error) { return p.single(path) }}, nil
}

// subfolder gives the one table of a folder's files; nil when it has none.
func (p place) subfolder(path string) (*group, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, p.fault(err)
	}
	if !p.inside(real) {
		return nil, p.refuse("files_outside", msg.Args{"File": p.shown(path)})
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, p.fault(err)
	}
	var paths []string
	for _, e := range entries {
		inner := filepath.Join(path, e.Name())
		if format, _ := formatOf(e.Name()); isFolder(inner) {
			if !strings.HasPrefix(e.Name(), ".") && holdsData(inner) {
				return nil, p.refuse("files_nested", msg.Args{"File": p.shown(inner)})
			}
		} else if format != 0 {
			paths = append(paths, inner)
		}
	}
	if len(paths) == 0 {
		return nil, nil
	}
	return p.together(filepath.Base(path), paths, func() (*group, error) { return p.subfolder(path) })
}

// holdsData reports whether a folder has a data file directly in it.
func holdsData(path string) bool {
	entries, err := os.ReadDir(path)
	return err != nil || slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		f, _ := formatOf(e.Name())
		return f != 0
	})
}

// pattern gives the one table of all files that match.
func (p place) pattern() (*group, error) {
	matches, err := filepath.Glob(p.path)
	if err != nil {
		return nil, p.refuse("files_pattern", nil)
	}
	matches = slices.DeleteFunc(matches, func(m string) bool { f, _ := formatOf(filepath.Base(m)); return f == 0 || isFolder(m) })
	if len(matches) == 0 {
		return nil, p.fault(fs.ErrNotExist)
	}
	return p.together(p.patternName(), matches, p.pattern)
}

// patternName is what stands before the last part's first wildcard, or the
// folder's name: orders_*.csv is orders, 2024/*.parquet is 2024.
func (p place) patternName() string {
	last := filepath.Base(p.path)
	if at := strings.IndexAny(last, wildcards); at >= 0 {
		last = last[:at]
	} else if _, name := formatOf(last); name != "" {
		last = name
	}
	if name := strings.TrimRight(last, "-_. "); name != "" {
		return name
	}
	return filepath.Base(p.fixed())
}

func (p place) together(name string, paths []string, again func() (*group, error)) (*group, error) {
	g := &group{name: name, again: again}
	for _, path := range paths {
		f, err := p.file(path)
		if err != nil {
			return nil, err
		}
		format, _ := formatOf(filepath.Base(path))
		if g.format == 0 {
			g.format = format
		}
		if format != g.format {
			return nil, p.refuse("files_mixed", msg.Args{"File": f.shown, "Table": name})
		}
		g.files = append(g.files, f)
	}
	return g, nil
}

// file looks at one data file.
func (p place) file(path string) (file, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return file{}, p.fault(err)
	}
	info, err := os.Stat(real)
	shown := p.shown(path)
	switch {
	case err != nil:
		return file{}, p.fault(err)
	case !p.inside(real):
		return file{}, p.refuse("files_outside", msg.Args{"File": shown})
	case !info.Mode().IsRegular():
		return file{}, p.refuse("files_not_regular", msg.Args{"File": shown})
	case strings.Contains(real, `\`) && strings.ContainsAny(real, wildcards):
		return file{}, p.refuse("files_bad_name", msg.Args{"File": shown})
	}
	return file{path: real, shown: shown, stamp: stamp{info.Size(), info.ModTime()}}, nil
}

// inside reports whether a path without symbolic links lies in the source's folder.
func (p place) inside(real string) bool {
	root, err := p.reads()
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, real)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// shown gives a path as people know it.
func (p place) shown(path string) string {
	root := p.fixed()
	if !isFolder(root) {
		root = filepath.Dir(root)
	}
	if rel, err := filepath.Rel(root, path); err == nil {
		return rel
	}
	return filepath.Base(path)
}

// fault turns an error of the file system into one of the gateway's.
func (p place) fault(err error) error {
	id := "files_unreadable"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		id = "files_missing"
	case errors.Is(err, fs.ErrPermission):
		id = "files_permission"
	}
	return errs.Wrap(errs.SourceUnreachable, id, msg.Args{"Source": p.source}, err)
}

func (p place) refuse(id string, args msg.Args) *errs.Error {
	all := msg.Args{"Source": p.source}
	for k, v := range args {
		all[k] = v
	}
	return errs.New(errs.SourceFailed, id, all)
}
