package duck

import (
	"encoding/hex"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/lianji/lianji/catalog"
)

// The reasons of a ValueError, for who tells them apart.
const (
	InfiniteDate      = "an infinite date"
	InfiniteTimestamp = "an infinite timestamp"
	WideInteger       = "an integer of more than 38 digits"
	WideInterval      = "an interval of more than 292 years of microseconds"
)

// ValueError is a value that has no exact form in the gateway's type.
type ValueError struct {
	Column string
	Reason string // without the value
}

func (e *ValueError) Error() string { return "column " + e.Column + ": " + e.Reason }

// vector is a flat DuckDB vector.
type vector struct {
	ptr   duckdb.Vector
	data  unsafe.Pointer
	valid func(i int) bool
	mask  []uint64 // nil: all valid
}

const chunkWords = 1 << 20 // a mask is never read beyond its vector's rows

func newVector(v duckdb.Vector) vector {
	out := vector{ptr: v, data: duckdb.VectorGetData(v)}
	if m := duckdb.VectorGetValidity(v); m != nil {
		out.mask = unsafe.Slice((*uint64)(m), chunkWords)
	}
	out.valid = func(i int) bool { return out.mask == nil || out.mask[i>>6]>>(uint(i)&63)&1 == 1 }
	return out
}

// stringT is duckdb_string_t: 4 bytes of length, then up to 12 bytes inline or a
// 4-byte prefix and a pointer.
type stringT struct {
	length uint32
	inline [4]byte
	ptr    unsafe.Pointer
}

const inlineLength = 12

func (v vector) bytes(i int) []byte {
	s := (*stringT)(unsafe.Add(v.data, i*int(unsafe.Sizeof(stringT{}))))
	if s.length <= inlineLength {
		return unsafe.Slice((*byte)(unsafe.Pointer(&s.inline)), s.length)
	}
	return unsafe.Slice((*byte)(s.ptr), s.length)
}

func values[T any](v vector, from, n int) []T {
	return unsafe.Slice((*T)(v.data), from+n)[from:]
}

// validity gives a []bool for the builders; nil when all rows are valid.
func (v vector) validity(from, n int, buf []bool) []bool {
	if v.mask == nil {
		return nil
	}
	buf = buf[:0]
	for i := from; i < from+n; i++ {
		buf = append(buf, v.mask[i>>6]>>(uint(i)&63)&1 == 1)
	}
	return buf
}

// decoder copies the values of one column, or of one part of a nested one.
type decoder struct {
	id       duckdb.Type
	internal duckdb.Type // how a decimal or an enum is stored
	typ      catalog.Type
	enum     []string
	length   int // ARRAY: elements of a row
	children []*decoder
	buf      []bool
	bools    []bool
	limit    decimal128.Num // HUGEINT: 10^38
}

func newDecoder(t duckdb.LogicalType) (*decoder, error) {
	d := &decoder{id: duckdb.GetTypeId(t), typ: typeOf(t)}
	if !d.typ.Readable() {
		return nil, &Error{Kind: KindUnsupported, Message: "a result type that the gateway does not have"}
	}
	add := func(child duckdb.LogicalType) error {
		c, err := newDecoder(child)
		duckdb.DestroyLogicalType(&child)
		d.children = append(d.children, c)
		return err
	}
	var err error
	switch d.id {
	case duckdb.TypeDecimal:
		d.internal = duckdb.DecimalInternalType(t)
	case duckdb.TypeEnum:
		d.internal = duckdb.EnumInternalType(t)
		for i := range duckdb.EnumDictionarySize(t) {
			d.enum = append(d.enum, duckdb.EnumDictionaryValue(t, duckdb.IdxT(i)))
		}
	case duckdb.TypeHugeInt, duckdb.TypeUHugeInt:
		d.limit = decimal128.FromBigInt(tenTo(38))
	case duckdb.TypeArray:
		d.length = int(duckdb.ArrayTypeArraySize(t))
		err = add(duckdb.ArrayTypeChildType(t))
	case duckdb.TypeList:
		err = add(duckdb.ListTypeChildType(t))
	case duckdb.TypeStruct:
		for i := range duckdb.StructTypeChildCount(t) {
			if err == nil {
				err = add(duckdb.StructTypeChildType(t, i))
			}
		}
	case duckdb.TypeMap:
		if err = add(duckdb.MapTypeKeyType(t)); err == nil {
			err = add(duckdb.MapTypeValueType(t))
		}
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// append copies rows [from, from+n) of v and gives their size in bytes, about.
func (d *decoder) append(b array.Builder, v vector, from, n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	d.buf = v.validity(from, n, d.buf)
	valid := d.buf
	if v.mask == nil {
		valid = nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		d.bools = d.bools[:0]
		for _, x := range values[uint8](v, from, n) {
			d.bools = append(d.bools, x == 1) // a NULL's byte is whatever was there
		}
		b.AppendValues(d.bools, valid)
		return n, nil
	case *array.Int8Builder:
		b.AppendValues(values[int8](v, from, n), valid)
		return n, nil
	case *array.Int16Builder:
		b.AppendValues(values[int16](v, from, n), valid)
		return 2 * n, nil
	case *array.Int32Builder:
		b.AppendValues(values[int32](v, from, n), valid)
		return 4 * n, nil
	case *array.Int64Builder:
		b.AppendValues(values[int64](v, from, n), valid)
		return 8 * n, nil
	case *array.Uint8Builder:
		b.AppendValues(values[uint8](v, from, n), valid)
		return n, nil
	case *array.Uint16Builder:
		b.AppendValues(values[uint16](v, from, n), valid)
		return 2 * n, nil
	case *array.Uint32Builder:
		b.AppendValues(values[uint32](v, from, n), valid)
		return 4 * n, nil
	case *array.Uint64Builder:
		b.AppendValues(values[uint64](v, from, n), valid)
		return 8 * n, nil
	case *array.Float32Builder:
		b.AppendValues(values[float32](v, from, n), valid)
		return 4 * n, nil
	case *array.Float64Builder:
		b.AppendValues(values[float64](v, from, n), valid)
		return 8 * n, nil
	case *array.Date32Builder:
		return 4 * n, d.appendDates(b, v, from, n, valid)
	case *array.Time64Builder:
		b.AppendValues(values[arrow.Time64](v, from, n), valid)
		return 8 * n, nil
	case *array.TimestampBuilder:
		return 8 * n, d.appendTimestamps(b, v, from, n, valid)
	case *array.Decimal128Builder:
		return 16 * n, d.appendDecimals(b, v, from, n)
	case *array.StringBuilder:
		return d.appendText(b, v, from, n), nil
	case *array.BinaryBuilder:
		size := 0
		for i := from; i < from+n; i++ {
			if !v.valid(i) {
				b.AppendNull()
				continue
			}
			raw := v.bytes(i)
			b.Append(raw)
			size += len(raw) + 4
		}
		return size, nil
	case *array.MonthDayNanoIntervalBuilder:
		return 16 * n, d.appendIntervals(b, v, from, n)
	}
	return d.appendNested(b, v, from, n)
}

// Infinite dates and timestamps are DuckDB's largest and smallest numbers; Arrow
// has no such thing, and a reader would show a year of its own making.
const (
	infiniteDate      = 1<<31 - 1
	infiniteTimestamp = 1<<63 - 1
)

func (d *decoder) appendDates(b *array.Date32Builder, v vector, from, n int, valid []bool) error {
	vals := values[arrow.Date32](v, from, n)
	for i, x := range vals {
		if (x == infiniteDate || x == -infiniteDate) && v.valid(from+i) {
			return &ValueError{Reason: InfiniteDate}
		}
	}
	b.AppendValues(vals, valid)
	return nil
}

func (d *decoder) appendTimestamps(b *array.TimestampBuilder, v vector, from, n int, valid []bool) error {
	vals := values[arrow.Timestamp](v, from, n)
	for i, x := range vals {
		if (x == infiniteTimestamp || x == -infiniteTimestamp) && v.valid(from+i) {
			return &ValueError{Reason: InfiniteTimestamp}
		}
	}
	b.AppendValues(vals, valid)
	return nil
}

func (d *decoder) appendDecimals(b *array.Decimal128Builder, v vector, from, n int) error {
	b.Reserve(n)
	type int128 struct {
		lower uint64
		upper int64
	}
	for i := from; i < from+n; i++ {
		if !v.valid(i) {
			b.AppendNull()
			continue
		}
		var x decimal128.Num
		switch {
		case d.id == duckdb.TypeHugeInt || d.id == duckdb.TypeUHugeInt:
			h := values[int128](v, i, 1)[0]
			x = decimal128.New(h.upper, h.lower)
			if tooWide := x.Cmp(d.limit) >= 0 || x.Cmp(d.limit.Negate()) <= 0 || (d.id == duckdb.TypeUHugeInt && h.upper < 0); tooWide {
				return &ValueError{Reason: WideInteger}
			}
		case d.internal == duckdb.TypeSmallInt:
			x = decimal128.FromI64(int64(values[int16](v, i, 1)[0]))
		case d.internal == duckdb.TypeInteger:
			x = decimal128.FromI64(int64(values[int32](v, i, 1)[0]))
		case d.internal == duckdb.TypeBigInt:
			x = decimal128.FromI64(values[int64](v, i, 1)[0])
		default:
			h := values[int128](v, i, 1)[0]
			x = decimal128.New(h.upper, h.lower)
		}
		b.UnsafeAppend(x)
	}
	return nil
}

func (d *decoder) appendIntervals(b *array.MonthDayNanoIntervalBuilder, v vector, from, n int) error {
	type interval struct {
		months, days int32
		micros       int64
	}
	for i := from; i < from+n; i++ {
		if !v.valid(i) {
			b.AppendNull()
			continue
		}
		x := values[interval](v, i, 1)[0]
		nanos := x.micros * 1000
		if nanos/1000 != x.micros {
			return &ValueError{Reason: WideInterval}
		}
		b.Append(arrow.MonthDayNanoInterval{Months: x.months, Days: x.days, Nanoseconds: nanos})
	}
	return nil
}

func (d *decoder) appendText(b *array.StringBuilder, v vector, from, n int) int {
	size := 0
	for i := from; i < from+n; i++ {
		if !v.valid(i) {
			b.AppendNull()
			continue
		}
		var s []byte
		switch d.id {
		case duckdb.TypeUUID:
			s = uuidText(values[[2]uint64](v, i, 1)[0])
		case duckdb.TypeEnum:
			s = []byte(d.enum[d.enumIndex(v, i)])
		case duckdb.TypeBit:
			s = bitText(v.bytes(i))
		case duckdb.TypeTimeTZ:
			s = timeTZText(values[uint64](v, i, 1)[0])
		default:
			s = v.bytes(i)
		}
		b.BinaryBuilder.Append(s)
		size += len(s) + 4
	}
	return size
}

func (d *decoder) enumIndex(v vector, i int) int {
	switch d.internal {
	case duckdb.TypeUTinyInt:
		return int(values[uint8](v, i, 1)[0])
	case duckdb.TypeUSmallInt:
		return int(values[uint16](v, i, 1)[0])
	}
	return int(values[uint32](v, i, 1)[0])
}

// uuidText writes a DuckDB UUID: a HUGEINT whose top bit is flipped.
func uuidText(x [2]uint64) []byte {
	hi, lo := x[1]^(1<<63), x[0]
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i))
	}
	out := make([]byte, 36)
	hex.Encode(out, raw[:4])
	hex.Encode(out[9:], raw[4:6])
	hex.Encode(out[14:], raw[6:8])
	hex.Encode(out[19:], raw[8:10])
	hex.Encode(out[24:], raw[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return out
}

// bitText writes a BIT: the first byte counts the padding bits before the first one.
func bitText(raw []byte) []byte {
	if len(raw) == 0 {
		return nil
	}
	out := make([]byte, 0, 8*len(raw))
	for i := 8 + int(raw[0]); i < 8*len(raw); i++ {
		out = append(out, '0'+raw[i/8]>>(7-uint(i)%8)&1)
	}
	return out
}

// timeTZText writes a TIMETZ as DuckDB does: 40 bits of microseconds, then 24
// bits of 15:59:59 minus the offset in seconds.
func timeTZText(bits uint64) []byte {
	const maxOffset = 16*3600 - 1
	micros := int64(bits >> 24)
	offset := maxOffset - int(bits&0xffffff)
	s := micros / 1_000_000
	out := fmt.Appendf(nil, "%02d:%02d:%02d", s/3600, s/60%60, s%60)
	if frac := micros % 1_000_000; frac != 0 {
		out = fmt.Appendf(out, ".%06d", frac)
		for out[len(out)-1] == '0' {
			out = out[:len(out)-1]
		}
	}
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	out = fmt.Appendf(append(out, sign), "%02d", offset/3600)
	if m, sec := offset/60%60, offset%60; m != 0 || sec != 0 {
		out = fmt.Appendf(out, ":%02d", m)
		if sec != 0 {
			out = fmt.Appendf(out, ":%02d", sec)
		}
	}
	return out
}

func (d *decoder) appendNested(b array.Builder, v vector, from, n int) (int, error) {
	size := 0
	switch b := b.(type) {
	case *array.StructBuilder:
		valid := make([]bool, n)
		for i := range valid {
			valid[i] = v.valid(from + i)
		}
		b.AppendValues(valid) // not Append: it gives a NULL's fields a row of their own
		for k, c := range d.children {
			child := newVector(duckdb.StructVectorGetChild(v.ptr, duckdb.IdxT(k)))
			got, err := c.append(b.FieldBuilder(k), child, from, n)
			if err != nil {
				return 0, err
			}
			size += got
		}
		return size, nil
	case *array.MapBuilder:
		entries := duckdb.ListVectorGetChild(v.ptr)
		key := newVector(duckdb.StructVectorGetChild(entries, 0))
		item := newVector(duckdb.StructVectorGetChild(entries, 1))
		return d.eachList(v, from, n, b.Append, func(off, count int) (int, error) {
			kb, err := d.children[0].append(b.KeyBuilder(), key, off, count)
			if err != nil {
				return 0, err
			}
			vb, err := d.children[1].append(b.ItemBuilder(), item, off, count)
			return kb + vb, err
		})
	case *array.ListBuilder:
		if d.id == duckdb.TypeArray {
			child := newVector(duckdb.ArrayVectorGetChild(v.ptr))
			for i := from; i < from+n; i++ {
				b.Append(v.valid(i))
				if !v.valid(i) {
					continue
				}
				got, err := d.children[0].append(b.ValueBuilder(), child, i*d.length, d.length)
				if err != nil {
					return 0, err
				}
				size += got
			}
			return size, nil
		}
		child := newVector(duckdb.ListVectorGetChild(v.ptr))
		return d.eachList(v, from, n, b.Append, func(off, count int) (int, error) {
			return d.children[0].append(b.ValueBuilder(), child, off, count)
		})
	}
	return 0, &Error{Kind: KindUnsupported, Message: fmt.Sprintf("no reader for %T", b)}
}

// listEntry is a row of a LIST or MAP vector.
type listEntry struct{ offset, length uint64 }

// eachList walks the entries of a LIST or MAP vector.
func (d *decoder) eachList(v vector, from, n int, start func(bool), appendRange func(off, count int) (int, error)) (int, error) {
	size := 0
	for i := from; i < from+n; i++ {
		ok := v.valid(i)
		start(ok)
		if !ok {
			continue
		}
		e := values[listEntry](v, i, 1)[0]
		got, err := appendRange(int(e.offset), int(e.length))
		if err != nil {
			return 0, err
		}
		size += got + 8
	}
	return size, nil
}
