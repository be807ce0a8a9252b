package policy

import "github.com/lianji/lianji/catalog"

// Direct is the operator's snapshot: every table of every source as
// source.schema.table, and as source.table where the source has one schema. It
// gives nothing that the configuration file does not give; internal/app alone
// makes it, for no network door.
type Direct struct{ *index }

// NewDirect makes the snapshot out of the sources as they were described. Tables
// without a column of a readable type are left out.
func NewDirect(sources []Described) (*Direct, error) {
	d := &Direct{newIndex()}
	for _, s := range sources {
		if s.Err != nil {
			d.down[key([]string{s.Source})] = s.Err
			continue
		}
		d.addSource(s)
	}
	return d, d.finish("direct")
}

// unavailable knows sources by name: which tables they have is not known.
func (d *Direct) unavailable(path []string) error {
	if len(path) < 2 {
		return nil
	}
	return d.down[key(path[:1])]
}

func (d *Direct) addSource(s Described) {
	schemas, tables := schemaNames(s.Tables)
	for i, schema := range catalog.PublishNames(schemas) {
		of := tables[schemas[i]]
		names := make([]string, len(of))
		for k, t := range of {
			names[k] = t.ID.Name
		}
		for k, name := range catalog.PublishNames(names) {
			columns := readable(of[k])
			if len(columns) == 0 {
				continue
			}
			r := &Resource{Path: []string{s.Source, schema, name}, Source: s.Source, Table: of[k], Columns: columns, Keys: keysToAny(columns)}
			if len(schemas) == 1 {
				d.add(r, []string{s.Source, name})
			} else {
				d.add(r)
			}
		}
	}
}

// schemaNames lists the schemas in the order in which they come first, and the
// tables of each.
func schemaNames(tables []*catalog.Table) ([]string, map[string][]*catalog.Table) {
	var names []string
	of := map[string][]*catalog.Table{}
	for _, t := range tables {
		if of[t.ID.Schema] == nil {
			names = append(names, t.ID.Schema)
		}
		of[t.ID.Schema] = append(of[t.ID.Schema], t)
	}
	return names, of
}

var _, _ Snapshot = (*Granted)(nil), (*Direct)(nil)
