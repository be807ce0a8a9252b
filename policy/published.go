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

// local stands for everybody on the machine, and for whatever they want it for.
var local = Subject{
	Principal: &catalog.Principal{ID: "local", Login: "local", Agency: "local", Roles: []catalog.Role{catalog.Analyst}},
	Agency:    &catalog.Agency{ID: "local", Code: "local", Name: "local"},
	Purpose:   "LOCAL", Mode: catalog.Interface,
}

// NewPublished makes the snapshot of what was published out of the sources as they were
// described: each resource is granted whole, to whoever asks, by a grant that stands in
// no store. It exists for a gateway without login on one machine: internal/app alone
// makes it, for no other door. For each published resource it tells whether it is
// missing; one whose source could not be described is not missing but Unavailable.
func NewPublished(published []Published, sources []Described) (*Granted, []Missing, error) {
	g := &Granted{index: newIndex(), Subject: local, digests: map[string]string{}, openings: map[string]opening{}}
	missing := make([]Missing, len(published))
	for i, name := range resourceNames(published) {
		p := published[i]
		at := slices.IndexFunc(sources, func(d Described) bool { return catalog.SameName(d.Source, p.Source) })
		path := []string{p.Agency, name}
		switch {
		case at < 0:
			missing[i] = NoSuchTable
		case sources[at].Err != nil:
			g.down[key(path)] = sources[at].Err
			if t, missing := FindTable(sources[at].Kept, p.Table); missing == NotMissing {
				r, whole := grantWhole(t)
				g.open(opening{place: Resource{Path: path, Source: sources[at].Source, Table: t, Away: sources[at].Err}, resource: r, grants: []*catalog.Grant{whole}})
			}
		default:
			var t *catalog.Table
			if t, missing[i] = FindTable(sources[at].Tables, p.Table); missing[i] != NotMissing {
				continue
			}
			if len(readable(t)) == 0 {
				missing[i] = NothingToRead
				continue
			}
			r, whole := grantWhole(t)
			g.open(opening{place: Resource{Path: path, Source: sources[at].Source, Table: t}, resource: r, grants: []*catalog.Grant{whole}})
		}
	}
	if err := g.finish("published"); err != nil {
		return nil, nil, err
	}
	return g, missing, nil
}

// grantWhole makes a table's columns items and grants all of them, for other agencies'
// sources too.
func grantWhole(t *catalog.Table) (*catalog.Resource, *catalog.Grant) {
	r, g := &catalog.Resource{ID: "published"}, &catalog.Grant{ID: "published", Resource: "published"}
	for i, c := range t.Columns {
		r.Items = append(r.Items, catalog.Item{No: i + 1, Name: c.Name})
		g.Items = append(g.Items, catalog.GrantedItem{No: i + 1, Use: catalog.Clear, Keys: []string{catalog.AnyAgency}})
	}
	return r, g
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

// FindTable finds a table by its name, in another case too where that is unique.
func FindTable(tables []*catalog.Table, id catalog.TableID) (*catalog.Table, Missing) {
	// A snapshot of thousands of resources looks for each among as many tables: no name is
	// folded for those that are spelt as they are.
	if i := slices.IndexFunc(tables, func(t *catalog.Table) bool { return t.ID == id }); i >= 0 {
		return tables[i], NotMissing
	}
	var found []*catalog.Table
	for _, t := range tables {
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
