// Package policy decides what exists for whoever asks. A statement is bound
// against one Snapshot, the only place where its names are looked up.
package policy

import (
	"slices"
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
	// Resources lists all that may be named, in order of their paths; with it what is only
	// shown, see Resource.Away.
	Resources() []*Resource
}

// Resource is a table as a session sees it: the granted columns alone.
type Resource struct {
	Path    []string         // its full name, e.g. 公安, 人口
	Source  string           // the source's name in the configuration
	Table   *catalog.Table   // at the source, with columns that the session may not have
	Columns []catalog.Column // granted, in the table's order; all readable; a masked one has its mask's type
	Guard   *Guard           // nil where every row and value of Columns is open
	// Away is the error of a source that cannot be asked, where the resource is shown as an
	// earlier run of the program knew it: Resources lists it and Resolve does not find it.
	Away error `json:"-"`
	// Provider is the code of the agency whose the source is; empty for a snapshot
	// without grants.
	Provider string
	// Keys gives, by the column's name, the codes of the agencies into whose sources its
	// values may be sent, as keys of a join: these agencies then see them.
	Keys   map[string][]string
	Grants []string        // the IDs of the grants that open it; nil for a snapshot without grants
	Quotas []catalog.Quota // of those of them that have one; see Charged
	// Unmetered lists the columns that grants without a quota open just as all together do;
	// nil where the rows that they keep are not the same.
	Unmetered []string
}

// KeyMayTravel reports whether values of a column may be sent to the source of another
// resource: to one of the same agency, or of one that the grants name, and never what
// stands in the place of values.
func (r *Resource) KeyMayTravel(column string, to *Resource) bool {
	if r.masked(column) {
		return false
	}
	if r.Provider != "" && r.Provider == to.Provider {
		return true
	}
	return slices.ContainsFunc(r.Keys[column], func(agency string) bool {
		return agency == catalog.AnyAgency || agency == to.Provider && agency != ""
	})
}

// keysToAny lets the values of all columns travel.
func keysToAny(columns []catalog.Column) map[string][]string {
	keys := make(map[string][]string, len(columns))
	for _, c := range columns {
		keys[c.Name] = []string{catalog.AnyAgency}
	}
	return keys
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
