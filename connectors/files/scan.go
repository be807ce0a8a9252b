package files

import (
	"context"
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// open opens an instance that can read the source's files and nothing else.
func (s *source) open(ctx context.Context) (*duck.DB, error) {
	path, err := s.place.reads()
	if err != nil {
		return nil, err
	}
	return duck.Open(ctx, duck.Options{ReadPaths: []string{path, pattern.Replace(path)}, MemoryBytes: memoryCap})
}

// memoryCap is the cap of the instance: a JSON object of the largest size is held
// several times while it is read.
const memoryCap = 512 << 20

// prepare makes the view that a scan reads, over the files as they lie there now:
// with the types of the last Describe, and only after a look at what is new.
func (s *source) prepare(ctx context.Context, in duckscan.Instance, id catalog.TableID) error {
	s.mu.Lock()
	described := s.tables != nil
	s.mu.Unlock()
	if !described {
		if _, err := s.Describe(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[id.Name]
	if t == nil || id.Schema != schema {
		return s.changed(id.Name)
	}
	now, err := t.again()
	switch {
	case err != nil:
		return err
	case now == nil:
		return s.changed(id.Name)
	}
	if err := t.check(ctx, in.Conn, now.files, "files_changed"); err != nil {
		return s.contentError(t, err)
	}
	t.files = now.files
	if s.viewsIn != in.DB {
		s.viewsIn, s.views = in.DB, map[string]string{}
	}
	view := t.view(t.files)
	if s.views[t.name] == view {
		return nil
	}
	if err := in.Conn.Exec(ctx, view); err != nil {
		return s.contentError(t, err)
	}
	s.views[t.name] = view
	return nil
}

func (s *source) changed(table string) *errs.Error {
	return errs.New(errs.SourceFailed, "source_table_changed", msg.Args{"Source": s.name, "Table": table})
}

// find gives the table's file whose path DuckDB named.
func (t *table) find(path string) (file, bool) {
	at := slices.IndexFunc(t.files, func(f file) bool { return f.path == path })
	if at < 0 {
		return file{}, false
	}
	return t.files[at], true
}
