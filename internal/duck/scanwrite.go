package duck

/*
#include <stdint.h>
int lianji_write_strings(void *vector, const int32_t *offsets, const char *data, const uint64_t *mask, int64_t n, char *message, int64_t size);
int lianji_write_string(void *vector, uint64_t at, const char *data, uint64_t length, char *message, int64_t size);
int lianji_resize_list(void *vector, uint64_t elements, char *message, int64_t size);
*/
import "C"

import (
	"bytes"
	"fmt"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// writeVector copies n rows of arr into v from row at on. Text and blobs are
// only written at row 0.
func writeVector(v duckdb.Vector, arr arrow.Array, t catalog.Type, n, at int) error {
	if arr.Len() < n {
		return fmt.Errorf("a column of %d rows, %d expected", arr.Len(), n)
	}
	if n == 0 {
		return nil
	}
	mask := writeValidity(v, arr, n, at)
	data := duckdb.VectorGetData(v)
	switch a := arr.(type) {
	case *array.Boolean:
		out := into[bool](data, at, n)
		for i := range out {
			out[i] = a.Value(i)
		}
	case *array.Int8:
		copy(into[int8](data, at, n), a.Int8Values())
	case *array.Int16:
		copy(into[int16](data, at, n), a.Int16Values())
	case *array.Int32:
		copy(into[int32](data, at, n), a.Int32Values())
	case *array.Int64:
		copy(into[int64](data, at, n), a.Int64Values())
	case *array.Uint8:
		copy(into[uint8](data, at, n), a.Uint8Values())
	case *array.Uint16:
		copy(into[uint16](data, at, n), a.Uint16Values())
	case *array.Uint32:
		copy(into[uint32](data, at, n), a.Uint32Values())
	case *array.Uint64:
		copy(into[uint64](data, at, n), a.Uint64Values())
	case *array.Float32:
		copy(into[float32](data, at, n), a.Float32Values())
	case *array.Float64:
		copy(into[float64](data, at, n), a.Float64Values())
	case *array.Date32:
		copy(into[arrow.Date32](data, at, n), a.Date32Values())
	case *array.Time64:
		copy(into[arrow.Time64](data, at, n), a.Time64Values())
	case *array.Timestamp:
		copy(into[arrow.Timestamp](data, at, n), a.TimestampValues())
	case *array.Decimal128:
		writeDecimals(data, a, t, n, at)
	case *array.String:
		return writeBytes(v, mask, a.ValueOffsets(), a.ValueBytes(), n, at)
	case *array.Binary:
		return writeBytes(v, mask, a.ValueOffsets(), a.ValueBytes(), n, at)
	case *array.MonthDayNanoInterval:
		type interval struct {
			months, days int32
			micros       int64
		}
		out := into[interval](data, at, n)
		for i := range out {
			x := a.Value(i)
			if a.IsValid(i) && x.Nanoseconds%1000 != 0 {
				return fmt.Errorf("an interval with nanoseconds")
			}
			out[i] = interval{months: x.Months, days: x.Days, micros: x.Nanoseconds / 1000}
		}
	default:
		return writeNested(v, data, arr, t, n, at)
	}
	return nil
}

func into[T any](data unsafe.Pointer, at, n int) []T {
	return unsafe.Slice((*T)(data), at+n)[at:]
}

// writeValidity marks the NULLs and gives the vector's mask; nil when it has none.
func writeValidity(v duckdb.Vector, arr arrow.Array, n, at int) []uint64 {
	if arr.NullN() == 0 {
		return nil
	}
	duckdb.VectorEnsureValidityWritable(v)
	mask := unsafe.Slice((*uint64)(duckdb.VectorGetValidity(v)), (at+n+63)/64)
	for i := range n {
		if arr.IsNull(i) {
			mask[(at+i)>>6] &^= 1 << (uint(at+i) & 63)
		}
	}
	return mask
}

func writeDecimals(data unsafe.Pointer, a *array.Decimal128, t catalog.Type, n, at int) {
	vals := a.Values()
	switch {
	case t.Kind == catalog.Decimal && t.Precision <= 4:
		out := into[int16](data, at, n)
		for i := range out {
			out[i] = int16(vals[i].LowBits())
		}
	case t.Kind == catalog.Decimal && t.Precision <= 9:
		out := into[int32](data, at, n)
		for i := range out {
			out[i] = int32(vals[i].LowBits())
		}
	case t.Kind == catalog.Decimal && t.Precision <= 18:
		out := into[int64](data, at, n)
		for i := range out {
			out[i] = int64(vals[i].LowBits())
		}
	default: // lower half, then upper half: the layout of both
		copy(into[decimal128.Num](data, at, n), vals)
	}
}

func writeBytes(v duckdb.Vector, mask []uint64, offsets []int32, data []byte, n, at int) error {
	if len(offsets) < n+1 {
		return nil // no value is set where Arrow left the offsets out
	}
	if at == 0 {
		// ValueBytes begins at the slice's first offset; the offsets do not.
		var base *C.char
		if len(data) > 0 {
			base = (*C.char)(unsafe.Pointer(&data[0]))
		}
		var m *C.uint64_t
		if mask != nil {
			m = (*C.uint64_t)(unsafe.Pointer(&mask[0]))
		}
		if first := offsets[0]; first != 0 {
			shifted := make([]int32, n+1)
			for i := range shifted {
				shifted[i] = offsets[i] - first
			}
			offsets = shifted
		}
		var said thrown
		failed := C.lianji_write_strings(v.Ptr, (*C.int32_t)(unsafe.Pointer(&offsets[0])), base, m, C.int64_t(n), said.text(), said.size())
		return said.err(failed)
	}
	for i := range n {
		if mask != nil && mask[(at+i)>>6]>>(uint(at+i)&63)&1 == 0 {
			continue
		}
		value := data[offsets[i]-offsets[0] : offsets[i+1]-offsets[0]]
		var said thrown
		failed := C.lianji_write_string(v.Ptr, C.uint64_t(at+i), (*C.char)(unsafe.Pointer(unsafe.SliceData(value))), C.uint64_t(len(value)), said.text(), said.size())
		if err := said.err(failed); err != nil {
			return err
		}
	}
	return nil
}

// thrown takes the text of an exception that DuckDB threw.
type thrown [512]byte

func (t *thrown) text() *C.char   { return (*C.char)(unsafe.Pointer(t)) }
func (t *thrown) size() C.int64_t { return C.int64_t(len(t)) }

// err gives the error of a call that failed; nil of one that did not.
func (t *thrown) err(failed C.int) error {
	if failed == 0 {
		return nil
	}
	end := max(bytes.IndexByte(t[:], 0), 0)
	e := &Error{Message: string(t[:end])}
	switch {
	case strings.Contains(e.Message, `"exception_type":"Out of Memory"`):
		e.Kind = KindMemory
	case strings.Contains(e.Message, `"exception_type":"IO"`):
		e.Kind = KindIO
	}
	return e.refine()
}

func writeNested(v duckdb.Vector, data unsafe.Pointer, arr arrow.Array, t catalog.Type, n, at int) error {
	switch a := arr.(type) {
	case *array.Struct:
		for k := range a.NumField() {
			if err := writeVector(duckdb.StructVectorGetChild(v, duckdb.IdxT(k)), a.Field(k), t.Fields[k].Type, n, at); err != nil {
				return err
			}
		}
		return nil
	case *array.Map: // before List: a Map is one
		return writeList(v, data, a, n, at, func(child duckdb.Vector, from, count, to int) error {
			for k, part := range []arrow.Array{a.Keys(), a.Items()} {
				s := array.NewSlice(part, int64(from), int64(from+count))
				err := writeVector(duckdb.StructVectorGetChild(child, duckdb.IdxT(k)), s, t.Fields[k].Type, count, to)
				s.Release()
				if err != nil {
					return err
				}
			}
			return nil
		})
	case *array.List:
		return writeList(v, data, a, n, at, func(child duckdb.Vector, from, count, to int) error {
			s := array.NewSlice(a.ListValues(), int64(from), int64(from+count))
			defer s.Release()
			return writeVector(child, s, *t.Elem, count, to)
		})
	}
	return fmt.Errorf("no writer for %s", arr.DataType())
}

// writeList appends the rows' elements behind those that the vector has.
func writeList(v duckdb.Vector, data unsafe.Pointer, a array.ListLike, n, at int, elements func(child duckdb.Vector, from, count, to int) error) error {
	type entry struct{ offset, length uint64 }
	first, _ := a.ValueOffsets(0)
	_, last := a.ValueOffsets(n - 1)
	count := int(last - first)
	have := 0
	if at > 0 {
		have = int(duckdb.ListVectorGetSize(v))
	}
	var said thrown
	if err := said.err(C.lianji_resize_list(v.Ptr, C.uint64_t(have+count), said.text(), said.size())); err != nil {
		return err
	}
	for i, out := 0, into[entry](data, at, n); i < n; i++ {
		from, to := a.ValueOffsets(i)
		out[i] = entry{offset: uint64(have) + uint64(from-first), length: uint64(to - from)}
	}
	if count == 0 {
		return nil
	}
	return elements(duckdb.ListVectorGetChild(v), int(first), count, have)
}
