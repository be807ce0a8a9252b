package duck

import (
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// fitting gives how many of the chunk's next n rows take at most so many bytes.
func (r *Reader) fitting(n, bytes int) int {
	if r.size(n) <= bytes {
		return n
	}
	return sort.Search(n, func(k int) bool { return r.size(k+1) > bytes })
}

func (r *Reader) size(n int) int {
	sum := 0
	for i, d := range r.decode {
		sum += d.size(r.vectors[i], r.at, n)
	}
	return sum
}

// size gives the bytes that rows [from, from+n) will take in Arrow, about,
// without a look at what is in them.
func (d *decoder) size(v vector, from, n int) int {
	switch d.typ.Kind {
	case catalog.Text, catalog.JSON, catalog.Blob:
		return d.textSize(v, from, n)
	case catalog.Struct:
		sum := n
		for i, c := range d.children {
			sum += c.size(newVector(duckdb.StructVectorGetChild(v.ptr, duckdb.IdxT(i))), from, n)
		}
		return sum
	case catalog.List, catalog.Map:
		if d.id == duckdb.TypeArray {
			return 4*n + d.children[0].size(newVector(duckdb.ArrayVectorGetChild(v.ptr)), from*d.length, n*d.length)
		}
		return d.listSize(v, from, n)
	case catalog.UUID:
		return 40 * n
	}
	if t, ok := d.typ.Arrow().(arrow.FixedWidthDataType); ok {
		return (t.BitWidth() + 7) / 8 * n
	}
	return 16 * n
}

func (d *decoder) textSize(v vector, from, n int) int {
	sum := 4 * n
	for i := from; i < from+n; i++ {
		if !v.valid(i) {
			continue
		}
		switch d.id {
		case duckdb.TypeEnum:
			sum += len(d.enum[d.enumIndex(v, i)])
		case duckdb.TypeBit:
			sum += 8 * len(v.bytes(i))
		case duckdb.TypeTimeTZ:
			sum += len("00:00:00.000000+00:00:00")
		default:
			sum += len(v.bytes(i))
		}
	}
	return sum
}

func (d *decoder) listSize(v vector, from, n int) int {
	child := duckdb.ListVectorGetChild(v.ptr)
	parts := []vector{newVector(child)}
	if d.typ.Kind == catalog.Map {
		parts = []vector{newVector(duckdb.StructVectorGetChild(child, 0)), newVector(duckdb.StructVectorGetChild(child, 1))}
	}
	sum := 4 * n
	for i := from; i < from+n; i++ {
		if !v.valid(i) {
			continue
		}
		e := values[listEntry](v, i, 1)[0]
		for k, part := range parts {
			sum += d.children[k].size(part, int(e.offset), int(e.length))
		}
	}
	return sum
}
