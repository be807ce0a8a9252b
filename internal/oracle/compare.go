package oracle

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Order says how much of the order of a statement's rows is certain. The zero
// Order is none at all: rows are a multiset.
type Order struct {
	// Total: the rows are a list. A LIMIT then has nothing uncertain.
	Total bool
	// Keys: the columns of the result that the rows are sorted by when the order is
	// not total: at each place they are certain, though ties come in any order.
	Keys []int
	// Limited: the statement has LIMIT and OFFSET over an order that is not total.
	// Which rows are left is then uncertain; the wanted rows are those without it.
	Limited       bool
	Limit, Offset int64
}

// Compare reports the first difference of got from want, or nil. Names, types
// and values must be the same, doubles to 1e-12 relative; rows as Order says.
func Compare(want, got Result, order Order) error {
	if err := compareSchemas(want.Schema, got.Schema); err != nil {
		return err
	}
	expected := len(want.Rows)
	if order.Limited {
		expected = int(max(0, min(order.Limit, int64(len(want.Rows))-order.Offset)))
	}
	c := comparison{want: want, got: got}
	if err := c.rows(order); err != nil {
		return withCount(err, expected, len(got.Rows))
	}
	if len(got.Rows) != expected {
		return fmt.Errorf("%d rows, want %d", len(got.Rows), expected)
	}
	return nil
}

func withCount(err error, want, got int) error {
	if want == got {
		return err
	}
	return fmt.Errorf("%d rows, want %d: %w", got, want, err)
}

type comparison struct{ want, got Result }

func (c comparison) rows(order Order) error {
	if order.Total {
		return c.lists()
	}
	if err := c.multisets(order.Limited); err != nil {
		return err
	}
	from := 0
	if order.Limited {
		from = int(order.Offset)
	}
	return c.keys(order.Keys, from)
}

func (c comparison) lists() error {
	for i, got := range c.got.Rows {
		if i >= len(c.want.Rows) {
			return fmt.Errorf("row %d %s is one too many", i+1, showRow(got))
		}
		if err := c.rowDiffers(c.want.Rows[i], got, i); err != nil {
			return err
		}
	}
	if n := len(c.got.Rows); n < len(c.want.Rows) {
		return fmt.Errorf("row %d %s is missing", n+1, showRow(c.want.Rows[n]))
	}
	return nil
}

// keys checks the places of the sorting columns. Both sides have the same rows
// by now, or a part of them, so this finds a wrong order alone.
func (c comparison) keys(keys []int, from int) error {
	for i, got := range c.got.Rows {
		if from+i >= len(c.want.Rows) {
			return nil // too many rows, which Compare reports
		}
		for _, k := range keys {
			if want := c.want.Rows[from+i][k]; !equalCells(want, got[k]) {
				return fmt.Errorf("row %d, column %d (%s): %s stands where the order wants %s",
					i+1, k+1, c.got.Schema.Field(k).Name, showCell(got[k]), showCell(want))
			}
		}
	}
	return nil
}

func (c comparison) rowDiffers(want, got []any, i int) error {
	for k := range got {
		if !equalCells(want[k], got[k]) {
			return fmt.Errorf("row %d, column %d (%s): %s, want %s", i+1, k+1, c.got.Schema.Field(k).Name, showCell(got[k]), showCell(want[k]))
		}
	}
	return nil
}

// multisets pairs the rows of both sides. With part set, rows of want may be
// left over.
func (c comparison) multisets(part bool) error {
	want, got := groupRows(c.want.Rows), groupRows(c.got.Rows)
	tooMany := -1 // first row of got without an equal
	missing := -1 // first row of want without an equal
	for key, g := range got {
		taken := pair(want[key], g)
		for k, w := range taken {
			if w < 0 && (tooMany < 0 || g[k].row < tooMany) {
				tooMany = g[k].row
			}
		}
	}
	if !part && tooMany < 0 {
		for key, w := range want {
			if len(w) > len(got[key]) {
				for k, g := range pair(got[key], w) {
					if g < 0 && (missing < 0 || w[k].row < missing) {
						missing = w[k].row
					}
				}
			}
		}
	}
	switch {
	case tooMany >= 0:
		return c.unmatched(tooMany, got)
	case missing >= 0:
		return fmt.Errorf("a row is missing: %s", showRow(c.want.Rows[missing]))
	}
	return nil
}

// unmatched describes a row of got that want does not have, beside the row of
// want that has most in common with it and is not in got.
func (c comparison) unmatched(i int, got map[string][]member) error {
	row := c.got.Rows[i]
	text := fmt.Sprintf("row %d %s is not among the wanted rows, or too often", i+1, showRow(row))
	best, equal := -1, -1
	for w, wanted := range c.want.Rows {
		n := 0
		for k := range row {
			if equalCells(wanted[k], row[k]) {
				n++
			}
		}
		if n > equal && n < len(row) {
			if key, _ := fingerprint(nil, nil, wanted); len(got[string(key)]) == 0 || hasFloat(wanted) {
				best, equal = w, n
			}
		}
	}
	if best < 0 {
		return fmt.Errorf("%s", text)
	}
	for k := range row {
		if w := c.want.Rows[best][k]; !equalCells(w, row[k]) {
			return fmt.Errorf("%s; nearest: column %d (%s): %s, want %s", text, k+1, c.got.Schema.Field(k).Name, showCell(row[k]), showCell(w))
		}
	}
	return fmt.Errorf("%s", text)
}

func hasFloat(row []any) bool {
	_, floats := fingerprint(nil, nil, row)
	return len(floats) > 0
}

func compareSchemas(want, got *arrow.Schema) error {
	if want.NumFields() != got.NumFields() {
		return fmt.Errorf("%d columns, want %d", got.NumFields(), want.NumFields())
	}
	for i, w := range want.Fields() {
		g := got.Field(i)
		if g.Name != w.Name {
			return fmt.Errorf("column %d is named %q, want %q", i+1, g.Name, w.Name)
		}
		if !sameType(w.Type, g.Type) {
			return fmt.Errorf("column %d (%s) has type %s, want %s", i+1, w.Name, g.Type, w.Type)
		}
	}
	return nil
}

// sameType compares types with all their parameters, but not the names of list
// and map children nor nullability: these say nothing about a value.
func sameType(a, b arrow.DataType) bool {
	if a.ID() != b.ID() {
		return false
	}
	switch a := a.(type) {
	case *arrow.MapType:
		b := b.(*arrow.MapType)
		return sameType(a.KeyType(), b.KeyType()) && sameType(a.ItemType(), b.ItemType())
	case *arrow.ListType:
		return sameType(a.Elem(), b.(*arrow.ListType).Elem())
	case *arrow.StructType:
		b := b.(*arrow.StructType)
		if a.NumFields() != b.NumFields() {
			return false
		}
		for i, f := range a.Fields() {
			if f.Name != b.Field(i).Name || !sameType(f.Type, b.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return arrow.TypeEqual(a, b)
}
