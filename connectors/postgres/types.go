package postgres

import (
	"github.com/lianji/lianji/catalog"
)

// typeRow is what resolve needs of a row of pg_type.
type typeRow struct {
	class string // typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range
	base  uint32 // domains: the type below
	mod   int32  // domains: the modifier of the type below
	elem  uint32 // true arrays: the element; 0 otherwise
}

// base goes down from a domain to the type that its values have.
func base(rows map[uint32]typeRow, number uint32) uint32 {
	for rows[number].class == "d" {
		number = rows[number].base
	}
	return number
}

// resolve gives the type of a column with type number and modifier. What it
// says per type is in Rules.
func resolve(rows map[uint32]typeRow, number uint32, mod int32) catalog.Type {
	row, known := rows[number]
	for known && row.class == "d" {
		number, mod = row.base, row.mod
		row, known = rows[number]
	}
	if !known || row.class == "p" {
		return catalog.Type{}
	}
	if row.elem != 0 {
		elem := resolve(rows, row.elem, mod)
		switch {
		case !elem.Readable():
			return catalog.Type{}
		case elem.Kind == catalog.List:
			return catalog.Type{Kind: catalog.Text}
		case rows[row.elem].class == "d" && (elem.Kind == catalog.Uint32 || elem.Kind == catalog.Uint64):
			// Such an array is sent under its own number, and there is no one type to cast it to.
			return catalog.Type{Kind: catalog.Text}
		}
		return catalog.ListOf(elem)
	}
	w, native := wireTypes[number]
	switch {
	case native && w.kind == catalog.Decimal:
		return decimalType(mod)
	case native:
		return catalog.Type{Kind: w.kind}
	}
	return catalog.Type{Kind: catalog.Text}
}

const maxDigits = 38

// decimalType reads a numeric's modifier. Without one, or with more digits than
// fit, the column is text in PostgreSQL's own plain form. PostgreSQL 15 allows
// scales below 0 and above the precision.
func decimalType(mod int32) catalog.Type {
	if mod < 4 {
		return catalog.Type{Kind: catalog.Text}
	}
	mod -= 4
	precision, scale := mod>>16&0xFFFF, (mod&0x7FF^1024)-1024
	if scale < 0 {
		precision, scale = precision-scale, 0
	}
	precision = max(precision, scale)
	if precision > maxDigits {
		return catalog.Type{Kind: catalog.Text}
	}
	return catalog.DecimalOf(precision, scale)
}
