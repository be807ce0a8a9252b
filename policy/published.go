package policy

import (
	"slices"

	"github.com/lianji/lianji/catalog"
)

// Published says that a table of a source is published as agency.resource.
type Published struct {
	Agency, Resource string
	Source           string
	Table            catalog.TableID // in the source's spelling; another case will do where it is unique
}

// Missing says why a published resource cannot be there.
type Missing uint8

// The reasons.
const (
	NotMissing     Missing = iota
	NoSuchTable            // the source was described and has no such table
	NothingToRead          // it has one, but no column of a readable type
	ManySuchTables         // it has several that differ only in case
)

// Everything is the snapshot in which all that is published is open to whoever
// asks, without grants. It exists for the sample city and for a gateway without
// login on one machine: internal/app alone makes it, for no other door.
type Everything struct{ *index }

// NewEverything makes the snapshot of what was published out of the sources as
// they were described. For each published resource it tells whether it is missing;
// one whose source could not be described is not missing but Unavailable.
func NewEverything(published []Published, sources []Described) (*Everything, []Missing, error) {
	x := newIndex()
	missing := make([]Missing, len(published))
	for i, name := range resourceNames(published) {
		p := published[i]
		at := slices.IndexFunc(sources, func(d Described) bool { return catalog.SameName(d.Source, p.Source) })
		path := []string{p.Agency, name}
		switch {
		case at < 0:
			missing[i] = NoSuchTable
		case sources[at].Err != nil:
			x.down[key(path)] = sources[at].Err
		default:
			var r *Resource
			if r, missing[i] = publish(path, sources[at], p.Table); r != nil {
				x.add(r)
			}
		}
	}
	if err := x.finish("everything"); err != nil {
		return nil, nil, err
	}
	return &Everything{x}, missing, nil
}

// resourceNames gives each published resource its name within its agency: of two
// that differ only in case the second becomes name_2. Every resource counts, there
// or not, so that a name does not depend on which sources can be reached.
func resourceNames(published []Published) []string {
	places := map[string][]int{}
	for i, p := range published {
		agency := key([]string{p.Agency})
		places[agency] = append(places[agency], i)
	}
	out := make([]string, len(published))
	for _, list := range places {
		names := make([]string, len(list))
		for k, i := range list {
			names[k] = published[i].Resource
		}
		for k, name := range catalog.PublishNames(names) {
			out[list[k]] = name
		}
	}
	return out
}

func publish(path []string, d Described, id catalog.TableID) (*Resource, Missing) {
	t, missing := FindTable(d.Tables, id)
	if missing != NotMissing {
		return nil, missing
	}
	columns := readable(t)
	if len(columns) == 0 {
		return nil, NothingToRead
	}
	return &Resource{Path: path, Source: d.Source, Table: t, Columns: columns, Keys: keysToAny(columns)}, NotMissing
}

// FindTable finds a table by its name, in another case too where that is unique.
func FindTable(tables []*catalog.Table, id catalog.TableID) (*catalog.Table, Missing) {
	var found []*catalog.Table
	for _, t := range tables {
		if t.ID == id {
			return t, NotMissing
		}
		if catalog.SameName(t.ID.Schema, id.Schema) && catalog.SameName(t.ID.Name, id.Name) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return nil, NoSuchTable
	case 1:
		return found[0], NotMissing
	}
	return nil, ManySuchTables
}
