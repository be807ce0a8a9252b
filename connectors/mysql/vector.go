package mysql

import (
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
)

// vector collects one column's values in Arrow's own layout: no builder stands
// between the wire and the buffers, so a value costs one switch and one store. The
// buffers belong to it until finish hands them over.
type vector struct {
	op     op
	width  int   // bytes of a value of fixed width; 0 for text, bytes and bits
	digits int   // opBits: of each value
	wire   width // opWiden
	typ    catalog.Type
	dtype  arrow.DataType
	zeros  int64 // dates without a day or a month, read as NULL

	bits    []byte  // validity, all set; a NULL clears its bit
	offsets []int32 // text
	data    []byte  // fixed values, bits of booleans, or text; of text the first used bytes count
	used    int
	last    int // used by the batch before, to begin with

	validBuf, offsetBuf, dataBuf *memory.Buffer
}

// newVector makes a vector for values of a type as the server announced their
// column; false when the two do not belong together.
func newVector(t catalog.Type, c column) (*vector, bool) {
	o, fits := reading(t, c)
	if !fits {
		return nil, false
	}
	v := &vector{op: o, typ: t, dtype: t.Arrow(), digits: int(c.length)}
	switch o {
	case opWiden:
		v.width, v.wire = wholeKinds[t.Kind].bytes, wireWidth(c)
	case op8:
		v.width = 1
	case op16:
		v.width = 2
	case op32, opDate:
		v.width = 4
	case op64, opMoment:
		v.width = 8
	case opDecimal, opDuration:
		v.width = 16
	}
	return v, true
}

// variable reports whether offsets point into the data.
func (v *vector) variable() bool { return v.width == 0 && v.op != opBool }

// rowBytes is what one more row costs beside the bytes of text.
func (v *vector) rowBytes() int {
	if v.variable() {
		return 4 + 1
	}
	return v.width + 1
}

func (v *vector) start(mem memory.Allocator) {
	v.validBuf = memory.NewResizableBuffer(mem)
	v.dataBuf = memory.NewResizableBuffer(mem)
	if v.variable() {
		v.offsetBuf = memory.NewResizableBuffer(mem)
	}
}

// reserve makes room for rows values.
func (v *vector) reserve(rows int) {
	old := len(v.bits)
	v.validBuf.ResizeNoShrink(int(bitutil.BytesForBits(int64(rows))))
	v.bits = v.validBuf.Bytes()
	for i := old; i < len(v.bits); i++ {
		v.bits[i] = 0xFF
	}
	switch {
	case v.variable():
		v.offsetBuf.ResizeNoShrink((rows + 1) * arrow.Int32SizeBytes)
		v.offsets = arrow.Int32Traits.CastFromBytes(v.offsetBuf.Bytes())
		v.offsets[0] = 0
	case v.op == opBool:
		v.dataBuf.ResizeNoShrink(len(v.bits))
		v.data = v.dataBuf.Bytes()
	default:
		v.dataBuf.ResizeNoShrink(rows * v.width)
		v.data = v.dataBuf.Bytes()
	}
}

// room makes place for n more bytes of text.
func (v *vector) room(n int) {
	if need := v.used + n; need > len(v.data) {
		v.dataBuf.ResizeNoShrink(max(need, 2*len(v.data), v.last, 1<<10))
		v.data = v.dataBuf.Bytes()
	}
}

// null stores NULL as value number row.
func (v *vector) null(row int) {
	v.bits[row>>3] &^= 1 << (row & 7)
	if v.offsets != nil {
		v.offsets[row+1] = int32(v.used)
	}
}

func (v *vector) text(f []byte, row int) {
	if len(f) > len(v.data)-v.used {
		v.room(len(f))
	}
	copy(v.data[v.used:], f)
	v.used += len(f)
	v.offsets[row+1] = int32(v.used)
}

// finish hands n values over as an array and leaves the vector without buffers.
func (v *vector) finish(n int) (arrow.Array, error) {
	defer v.release()
	if (v.typ.Kind == catalog.Text || v.typ.Kind == catalog.JSON || v.typ.Kind == catalog.UUID) && !v.validText(n) {
		return nil, errEncoding
	}
	valid, nulls := v.validBuf, n-bitutil.CountSetBits(v.bits, 0, n)
	if nulls == 0 {
		valid = nil
	} else {
		valid.ResizeNoShrink(int(bitutil.BytesForBits(int64(n))))
	}
	buffers := []*memory.Buffer{valid, v.dataBuf}
	switch {
	case v.variable():
		v.last = v.used
		v.offsetBuf.ResizeNoShrink((n + 1) * arrow.Int32SizeBytes)
		v.dataBuf.ResizeNoShrink(v.used)
		buffers = []*memory.Buffer{valid, v.offsetBuf, v.dataBuf}
	case v.op == opBool:
		v.dataBuf.ResizeNoShrink(int(bitutil.BytesForBits(int64(n))))
	default:
		v.dataBuf.ResizeNoShrink(n * v.width)
	}
	data := array.NewData(v.dtype, n, buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// validText checks n texts at once: the bytes together are UTF-8 and no text begins
// inside of a character. The server checks what it converts; what is stored in UTF-8
// it sends as it is.
func (v *vector) validText(n int) bool {
	all := v.data[:v.used]
	if !utf8.Valid(all) {
		return false
	}
	for _, begin := range v.offsets[:n] {
		if int(begin) < len(all) && !utf8.RuneStart(all[begin]) {
			return false
		}
	}
	return true
}

// release frees what was not handed over. It may be repeated.
func (v *vector) release() {
	for _, b := range []**memory.Buffer{&v.validBuf, &v.offsetBuf, &v.dataBuf} {
		if *b != nil {
			(*b).Release()
			*b = nil
		}
	}
	v.bits, v.offsets, v.data, v.used = nil, nil, nil, 0
}
