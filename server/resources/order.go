package resources

import (
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
)

// column finds an open item of a resource. One that is not open reads like one that is
// not there.
func column(of *policy.Resource, name string) (catalog.Column, error) {
	for _, c := range of.Columns {
		if catalog.SameName(c.Name, name) {
			return c, nil
		}
	}
	return catalog.Column{}, errs.New(errs.UnknownName, "resources_no_item", msg.Args{"Name": name})
}

// canCompare reports whether values of a type have an order, and a text that a
// parameter takes.
func canCompare(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Invalid, catalog.Blob, catalog.Interval, catalog.JSON, catalog.HugeInt, catalog.TimestampS, catalog.TimestampMS, catalog.TimestampNS, catalog.List, catalog.Struct, catalog.Map, catalog.Null:
		return false
	}
	return true
}

// certain reports whether the source keeps NULL out of a column and no two of its values
// become one here. Dates and times do not count: what no calendar has is read as NULL.
func certain(of *policy.Resource, c catalog.Column) bool {
	if of.Guard != nil {
		if _, masked := of.Guard.Masks[c.Name]; masked {
			return false
		}
	}
	switch c.Type.Kind {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Decimal, catalog.Text, catalog.UUID:
		return c.NotNull
	}
	return false
}

// key gives the items of a key of the resource that are all open and certain: no two rows
// have the same values there.
func key(of *policy.Resource) []catalog.Column {
	for _, names := range append([][]string{of.Table.PrimaryKey}, of.Table.Unique...) {
		var found []catalog.Column
		for _, name := range names {
			if c, err := column(of, name); err == nil && certain(of, c) {
				found = append(found, c)
			}
		}
		if len(found) > 0 && len(found) == len(names) {
			return found
		}
	}
	return nil
}

// orderBy finds an order in which pages can follow each other: of the items asked for,
// or of the key. Where no key is in it all items of the answer are, so that rows with the
// same place are the same, and it does not matter which of them comes first. Items without
// an order leave one page alone.
func (s *Statement) orderBy(of *policy.Resource) error {
	unique := key(of)
	var order []catalog.Column
	for _, item := range s.request.Order {
		c, err := column(of, item)
		if err != nil {
			return err
		}
		order = append(order, c)
	}
	rest := unique
	if s.unique = unique != nil; !s.unique {
		rest = s.Shown
	}
	for _, c := range rest {
		if !slices.ContainsFunc(order, func(o catalog.Column) bool { return o.Name == c.Name }) {
			order = append(order, c)
		}
	}
	behind := len(s.Shown)
	for i, c := range order {
		if !canCompare(c.Type) && i >= len(s.request.Order) {
			s.unpaged = true
			continue
		}
		if !canCompare(c.Type) {
			return errs.New(errs.NotSupported, "resources_not_comparable", msg.Args{"Name": c.Name})
		}
		at := slices.IndexFunc(s.Shown, func(x catalog.Column) bool { return x.Name == c.Name })
		if at < 0 {
			at, behind = behind, behind+1
		}
		s.order = append(s.order, ordered{Column: c, at: at, certain: certain(of, c)})
	}
	return nil
}

// columns are those of the statement: what is shown, then what is of the order alone.
func (s *Statement) columns() []catalog.Column {
	out := slices.Clone(s.Shown)
	for _, o := range s.order {
		if o.at >= len(s.Shown) {
			out = append(out, o.Column)
		}
	}
	return out
}
