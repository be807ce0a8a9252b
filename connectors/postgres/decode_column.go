package postgres

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
)

// What a field's bytes may be beside a value. The stream turns them into errors
// that name the column.
var (
	errNaN       = errors.New("NaN")
	errInfinite  = errors.New("infinity")
	errMidnight  = errors.New("24:00:00")
	errRange     = errors.New("outside of the type's range")
	errShape     = errors.New("an array that is no plain list")
	errEncoding  = errors.New("not UTF-8")
	errMalformed = errors.New("the bytes are no value of the announced type")
)

// column collects one column's values in Arrow's own layout: no builder stands
// between the wire and the buffers, so a value costs one switch and one store.
// The three buffers belong to it until batch hands them over.
type column struct {
	op    op
	width int // bytes of a value of fixed width; 0 for text, bits and lists
	typ   catalog.Type
	dtype arrow.DataType
	elem  uint32  // lists: the element's type number
	child *column // lists: the elements
	count int     // elements so far, of a child; a table's columns all have the decoder's count

	bits    []byte  // validity, all set; a NULL clears its bit
	offsets []int32 // text and lists
	data    []byte  // fixed values, bits of booleans, or text; of text the first used bytes count
	used    int
	last    int // used by the batch before, to begin with

	validBuf, offsetBuf, dataBuf *memory.Buffer
}

// newColumn makes a column for values of a type as PostgreSQL announced it;
// false when the two do not belong together.
func newColumn(t catalog.Type, number uint32) (*column, bool) {
	if t.Kind == catalog.List {
		elem, known := arrayTypes[number]
		if !known || t.Elem == nil || t.Elem.Kind == catalog.List {
			return nil, false
		}
		child, fits := newColumn(*t.Elem, elem)
		if !fits {
			return nil, false
		}
		return &column{op: opList, typ: t, dtype: t.Arrow(), elem: elem, child: child}, true
	}
	w, known := wireTypes[number]
	if !known || w.kind != t.Kind {
		return nil, false
	}
	c := &column{op: w.op, typ: t, dtype: t.Arrow()}
	switch w.op {
	case op16:
		c.width = 2
	case op32, opDate:
		c.width = 4
	case op64, opTime, opTimestamp:
		c.width = 8
	case opDecimal, opInterval:
		c.width = 16
	}
	return c, true
}

// variable reports whether offsets point into the data.
func (c *column) variable() bool { return c.width == 0 && c.op != opBool }

// rowBytes is what one more row costs beside the bytes of text and lists.
func (c *column) rowBytes() int {
	switch {
	case c.op == opUUID:
		return 4 + uuidLen + 1
	case c.variable():
		return 4 + 1
	}
	return c.width + 1
}

func (c *column) start(mem memory.Allocator) {
	c.validBuf = memory.NewResizableBuffer(mem)
	c.dataBuf = memory.NewResizableBuffer(mem)
	if c.variable() {
		c.offsetBuf = memory.NewResizableBuffer(mem)
	}
	if c.child != nil {
		c.child.start(mem)
	}
}

// reserve makes room for rows values.
func (c *column) reserve(rows int) {
	old := len(c.bits)
	c.validBuf.ResizeNoShrink(int(bitutil.BytesForBits(int64(rows))))
	c.bits = c.validBuf.Bytes()
	for i := old; i < len(c.bits); i++ {
		c.bits[i] = 0xFF
	}
	switch {
	case c.variable():
		c.offsetBuf.ResizeNoShrink((rows + 1) * arrow.Int32SizeBytes)
		c.offsets = arrow.Int32Traits.CastFromBytes(c.offsetBuf.Bytes())
		c.offsets[0] = 0
	case c.op == opBool:
		c.dataBuf.ResizeNoShrink(len(c.bits))
		c.data = c.dataBuf.Bytes()
	default:
		c.dataBuf.ResizeNoShrink(rows * c.width)
		c.data = c.dataBuf.Bytes()
	}
}

// firstText is how many bytes of text are made room for at first.
const firstText = 128

// room makes place for n more bytes of text.
func (c *column) room(n int) {
	if need := c.used + n; need > len(c.data) {
		c.dataBuf.ResizeNoShrink(max(need, 2*len(c.data), c.last, firstText))
		c.data = c.dataBuf.Bytes()
	}
}

// null stores NULL as value number row.
func (c *column) null(row int) {
	c.bits[row>>3] &^= 1 << (row & 7)
	switch {
	case c.child != nil:
		c.offsets[row+1] = int32(c.child.count)
	case c.variable():
		c.offsets[row+1] = int32(c.used)
	}
}

// put stores a field as value number row.
func (c *column) put(f []byte, row int) error {
	switch c.op {
	case op64:
		if len(f) != 8 {
			return errMalformed
		}
		binary.NativeEndian.PutUint64(c.data[row*8:], binary.BigEndian.Uint64(f))
	case op32:
		if len(f) != 4 {
			return errMalformed
		}
		binary.NativeEndian.PutUint32(c.data[row*4:], binary.BigEndian.Uint32(f))
	case op16:
		if len(f) != 2 {
			return errMalformed
		}
		binary.NativeEndian.PutUint16(c.data[row*2:], binary.BigEndian.Uint16(f))
	case opText:
		c.text(f, row)
	case opChar:
		for len(f) > 0 && f[len(f)-1] == ' ' {
			f = f[:len(f)-1]
		}
		c.text(f, row)
	case opDecimal:
		return c.decimal(f, row)
	case opDate:
		return c.date(f, row)
	case opTimestamp:
		return c.timestamp(f, row)
	case opTime:
		return c.time(f, row)
	case opBool:
		if len(f) != 1 || f[0] > 1 {
			return errMalformed
		}
		bit := byte(1) << (row & 7)
		c.data[row>>3] = c.data[row>>3]&^bit | f[0]<<(row&7)
	case opUUID:
		return c.uuid(f, row)
	case opJSONB:
		if len(f) < 1 || f[0] != 1 { // the version of the format
			return errMalformed
		}
		c.text(f[1:], row)
	case opInterval:
		return c.interval(f, row)
	case opList:
		return c.list(f, row)
	default:
		return errMalformed
	}
	return nil
}

func (c *column) text(f []byte, row int) {
	if len(f) > len(c.data)-c.used {
		c.room(len(f))
	}
	copy(c.data[c.used:], f)
	c.used += len(f)
	c.offsets[row+1] = int32(c.used)
}

// list reads a one-dimensional array whose first index is 1.
func (c *column) list(f []byte, row int) error {
	const header = 12
	if len(f) < header {
		return errMalformed
	}
	dimensions, elem := binary.BigEndian.Uint32(f), binary.BigEndian.Uint32(f[8:])
	f = f[header:]
	if elem != c.elem {
		return errMalformed
	}
	if dimensions == 0 {
		if len(f) != 0 {
			return errMalformed
		}
		c.offsets[row+1] = int32(c.child.count)
		return nil
	}
	if dimensions > 1 {
		return errShape
	}
	if len(f) < 8 {
		return errMalformed
	}
	// Each element has four bytes at least: a count that the field cannot hold
	// reserves nothing.
	n, first := int(binary.BigEndian.Uint32(f)), binary.BigEndian.Uint32(f[4:])
	f = f[8:]
	if n > len(f)/4 {
		return errMalformed
	}
	if first != 1 {
		return errShape
	}
	child := c.child
	if need := child.count + n; need > child.capacity() {
		child.reserve(max(need, 2*child.capacity(), 64))
	}
	for range n {
		if len(f) < 4 {
			return errMalformed
		}
		size := int32(binary.BigEndian.Uint32(f))
		f = f[4:]
		switch {
		case size == -1:
			child.null(child.count)
		case size < 0 || int(size) > len(f):
			return errMalformed
		default:
			if err := child.put(f[:size], child.count); err != nil {
				return err
			}
			f = f[size:]
		}
		child.count++
	}
	if len(f) != 0 {
		return errMalformed
	}
	c.offsets[row+1] = int32(child.count)
	return nil
}

// capacity is how many values fit in; a few more bits may be there.
func (c *column) capacity() int {
	switch {
	case c.variable():
		return max(0, len(c.offsets)-1)
	case c.op == opBool:
		return len(c.bits) * 8
	}
	return len(c.data) / c.width
}

// finish hands n values over as an array and leaves the column without buffers.
func (c *column) finish(n int) (arrow.Array, error) {
	defer c.release()
	var children []arrow.ArrayData
	if c.child != nil {
		elements, err := c.child.finish(c.child.count)
		if err != nil {
			return nil, err
		}
		defer elements.Release()
		children = []arrow.ArrayData{elements.Data()}
	}
	if (c.typ.Kind == catalog.Text || c.typ.Kind == catalog.JSON) && !c.validText(n) {
		return nil, errEncoding
	}
	if c.variable() && n == 0 {
		c.reserve(0)
	}
	valid, nulls := c.validBuf, 0
	if n > 0 {
		nulls = n - bitutil.CountSetBits(c.bits, 0, n)
	}
	if nulls == 0 {
		valid = nil
	}
	buffers := []*memory.Buffer{valid, c.dataBuf}
	switch {
	case c.child != nil:
		c.offsetBuf.ResizeNoShrink((n + 1) * arrow.Int32SizeBytes)
		buffers = []*memory.Buffer{valid, c.offsetBuf}
	case c.variable():
		c.offsetBuf.ResizeNoShrink((n + 1) * arrow.Int32SizeBytes)
		c.dataBuf.ResizeNoShrink(c.used)
		buffers = []*memory.Buffer{valid, c.offsetBuf, c.dataBuf}
	case c.op == opBool:
		c.dataBuf.ResizeNoShrink(int(bitutil.BytesForBits(int64(n))))
	default:
		c.dataBuf.ResizeNoShrink(n * c.width)
	}
	if valid != nil {
		valid.ResizeNoShrink(int(bitutil.BytesForBits(int64(n))))
	}
	data := array.NewData(c.dtype, n, buffers, children, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// validText checks n texts at once: the bytes together are UTF-8 and no text
// begins inside of a character. A server with the encoding SQL_ASCII checks nothing.
func (c *column) validText(n int) bool {
	all := c.data[:c.used]
	if !utf8.Valid(all) {
		return false
	}
	for _, begin := range c.offsets[:n] {
		if int(begin) < len(all) && !utf8.RuneStart(all[begin]) {
			return false
		}
	}
	return true
}

// release frees what was not handed over. It may be repeated.
func (c *column) release() {
	for _, b := range []**memory.Buffer{&c.validBuf, &c.offsetBuf, &c.dataBuf} {
		if *b != nil {
			(*b).Release()
			*b = nil
		}
	}
	c.bits, c.offsets, c.data, c.used, c.count = nil, nil, nil, 0, 0
	if c.child != nil {
		c.child.release()
	}
}
