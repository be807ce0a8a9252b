package policy

import (
	"slices"

	"github.com/lianji/lianji/catalog"
)

// Charged lists the quotas to which a statement is charged that uses some of the
// resource's columns, by their names: all of the grants that open it, and none where
// grants without a quota open the same.
func (r *Resource) Charged(columns []string) []catalog.Quota {
	if len(r.Quotas) == 0 || r.Unmetered != nil && !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(r.Unmetered, c) }) {
		return nil
	}
	return r.Quotas
}

// meter notes which of the parts that open a resource have a quota, and what of it the
// others alone open: the columns that show the same in the same rows.
func (g *Granted) meter(out *Resource, grants []*catalog.Grant, parts []part, guard *Guard) {
	var free []part
	for _, p := range parts {
		of := slices.IndexFunc(grants, func(grant *catalog.Grant) bool { return grant.ID == p.id })
		if quota, ok := grants[of].Quota(); ok {
			out.Quotas = append(out.Quotas, quota)
		} else {
			free = append(free, p)
		}
	}
	if len(out.Quotas) == 0 || len(free) == 0 || either(free) != guard.RowFilter {
		return
	}
	out.Unmetered = []string{}
	for _, c := range out.Table.Columns {
		alone := &Guard{Masks: map[string]string{}}
		column, ok := g.column(c, free, alone)
		if ok && sameColumn(out.Columns, column) && alone.Masks[c.Name] == guard.Masks[c.Name] && alone.Tokens[c.Name] == guard.Tokens[c.Name] {
			out.Unmetered = append(out.Unmetered, c.Name)
		}
	}
}

func sameColumn(columns []catalog.Column, c catalog.Column) bool {
	return slices.ContainsFunc(columns, func(x catalog.Column) bool { return x.Name == c.Name && x.Type.Equal(c.Type) })
}
