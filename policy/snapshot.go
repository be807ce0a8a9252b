// Package policy decides what exists for whoever asks. A statement is bound
// against one Snapshot, the only place where its names are looked up.
package policy

import (
	"strings"

	"github.com/lianji/lianji/catalog"
)

// Snapshot is an immutable picture of what one session may name. Implementations
// answer from memory: no source is touched by a look-up.
type Snapshot interface {
	// Identity differs between any two snapshots that could answer differently.
	Identity() string
	// Resolve finds the resource that a path in a statement names, ignoring case.
	// Not there and not granted are the same answer.
	Resolve(path []string) (*Resource, bool)
	// Resources lists all that may be named, in order of their paths.
	Resources() []*Resource
}

// Resource is a table as a session sees it: the granted columns alone.
type Resource struct {
	Path    []string         // its full name, e.g. 公安, 人口
	Source  string           // the source's name in the configuration
	Table   *catalog.Table   // at the source, with columns that the session may not have
	Columns []catalog.Column // granted, in the table's order; all readable; a masked one has its mask's type
	Guard   *Guard           // nil where every row and value of Columns is open
	// KeysMayTravel allows that values of Columns are sent to other sources, as keys of
	// a join: other providers then see them.
	KeysMayTravel bool
	Grants        []string // the IDs of the grants that open it; nil for a snapshot without grants
}

// Name writes the resource's path for people, e.g. 公安.人口.
func (r *Resource) Name() string { return strings.Join(r.Path, ".") }

// Denied is the snapshot in which nothing exists.
type Denied struct{}

// Identity implements Snapshot.
func (Denied) Identity() string { return "denied" }

// Resolve implements Snapshot.
func (Denied) Resolve([]string) (*Resource, bool) { return nil, false }

// Resources implements Snapshot.
func (Denied) Resources() []*Resource { return nil }

// OrDenied gives s, or Denied when s is nil: a forgotten snapshot opens nothing.
func OrDenied(s Snapshot) Snapshot {
	if s == nil {
		return Denied{}
	}
	return s
}
