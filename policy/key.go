package policy

import (
	"slices"

	"github.com/lianji/lianji/catalog"
)

// Key gives the places among Columns of the table's primary key, in the key's order; none
// where a part of it is not granted as it is: part of a key, or a mask of it, is none.
func (r *Resource) Key() []int {
	key := make([]int, 0, len(r.Table.PrimaryKey))
	for _, name := range r.Table.PrimaryKey {
		i := slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return catalog.SameName(c.Name, name) })
		if i < 0 || r.masked(r.Columns[i].Name) {
			return nil
		}
		key = append(key, i)
	}
	return key
}

func (r *Resource) masked(column string) bool {
	if r.Guard == nil {
		return false
	}
	_, is := r.Guard.Masks[column]
	return is
}
