package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// Described is a source as it was when a snapshot was made.
type Described struct {
	Source string
	Tables []*catalog.Table
	Err    error // an *errs.Error: why the source could not be described; then Tables is nil
	// Kept is what the source had when an earlier run of the program described it, where
	// Err says why this one could not: it is shown, and no statement is bound to it.
	Kept []*catalog.Table
}

// Unavailable tells why a path that Resolve does not find may be missing: the
// error of a source that could not be described. It is nil for a path that does
// not exist, and for every snapshot that knows of no such source.
func Unavailable(s Snapshot, path []string) error {
	switch u := s.(type) {
	case interface{ unavailable(path []string) error }:
		return u.unavailable(path)
	case interface{ Unavailable(path []string) error }: // a snapshot around another one
		return u.Unavailable(path)
	}
	return nil
}

// index answers look-ups for snapshots that are made once, from a list.
type index struct {
	identity string
	list     []*Resource
	byPath   map[string]*Resource
	down     map[string]error
}

func newIndex() *index {
	return &index{byPath: map[string]*Resource{}, down: map[string]error{}}
}

// Identity implements Snapshot.
func (x *index) Identity() string { return x.identity }

// Resolve implements Snapshot.
func (x *index) Resolve(path []string) (*Resource, bool) {
	r, ok := x.byPath[key(path)]
	return r, ok
}

// Resources implements Snapshot.
func (x *index) Resources() []*Resource { return slices.Clone(x.list) }

func (x *index) unavailable(path []string) error { return x.down[key(path)] }

// Listed finds a resource that Resources lists, whether its source is away or not.
func Listed(s Snapshot, path []string) (*Resource, bool) {
	if r, ok := s.Resolve(path); ok {
		return r, true
	}
	if u, ok := s.(interface {
		Listed(path []string) (*Resource, bool)
	}); ok { // a snapshot around another one
		return u.Listed(path)
	}
	for _, r := range s.Resources() {
		if r.Away != nil && key(r.Path) == key(path) {
			return r, true
		}
	}
	return nil, false
}

// add makes a resource reachable by its path and by further paths. One that is away is
// listed, and whoever names it gets the error of its source.
func (x *index) add(r *Resource, more ...[]string) {
	x.list = append(x.list, r)
	if r.Away != nil {
		x.down[key(r.Path)] = r.Away
		return
	}
	for _, path := range append(more, r.Path) {
		x.byPath[key(path)] = r
	}
}

// finish sorts the list and computes the identity: two snapshots have the same one
// only when all that a statement could be bound and planned with is the same.
func (x *index) finish(kind string) error {
	slices.SortFunc(x.list, func(a, b *Resource) int { return slices.Compare(a.Path, b.Path) })
	down := make([]string, 0, len(x.down))
	for k := range x.down {
		down = append(down, k)
	}
	slices.Sort(down)
	all, err := json.Marshal(struct {
		Resources []*Resource
		Down      []string
	}{x.list, down})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(all)
	x.identity = kind + ":" + hex.EncodeToString(sum[:16])
	return nil
}

// key folds a path, so that paths are the same key when DuckDB takes each of their
// parts for the same name.
func key(path []string) string {
	folded := make([]string, len(path))
	for i, part := range path {
		folded[i] = catalog.QuoteIdent(catalog.Fold(part))
	}
	return strings.Join(folded, ".")
}

// readable lists the columns that can be read; the others stay in the table, where
// errors can name them.
func readable(t *catalog.Table) []catalog.Column {
	var out []catalog.Column
	for _, c := range t.Columns {
		if c.Type.Readable() {
			out = append(out, c)
		}
	}
	return out
}
