package sqlite

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// cellPlace is what an error about a cell names, and what columns share.
type cellPlace struct {
	source           *source
	table            string
	utf16, bigEndian bool
	buffer           *[]byte // one cell's bytes on their way out of SQLite's memory
}

// column appends one column's cells to its builder.
type column struct {
	cellPlace
	column catalog.Column
	read   func(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error)

	base       array.Builder
	ints       *array.Int64Builder
	bools      *array.BooleanBuilder
	floats     *array.Float64Builder
	decimals   *array.Decimal128Builder
	texts      *array.StringBuilder
	blobs      *array.BinaryBuilder
	dates      *array.Date32Builder
	times      *array.Time64Builder
	timestamps *array.TimestampBuilder
}

func newColumn(at cellPlace, c catalog.Column, b array.Builder) (column, error) {
	out := column{cellPlace: at, column: c, base: b}
	switch b := b.(type) {
	case *array.Int64Builder:
		out.ints, out.read = b, readInt
	case *array.BooleanBuilder:
		out.bools, out.read = b, readBool
	case *array.Float64Builder:
		out.floats, out.read = b, readFloat
	case *array.Decimal128Builder:
		out.decimals, out.read = b, readDecimal
	case *array.StringBuilder:
		out.texts, out.read = b, readText
	case *array.BinaryBuilder:
		out.blobs, out.read = b, readBlob
	case *array.Date32Builder:
		out.dates, out.read = b, readDate
	case *array.Time64Builder:
		out.times, out.read = b, readTime
	case *array.TimestampBuilder:
		out.timestamps, out.read = b, readTimestamp
	}
	if out.read == nil || c.Type.Kind == catalog.HugeInt || c.Type.Kind == catalog.UUID || c.Type.Kind == catalog.JSON {
		return out, errs.Internalf("source %s: no column of SQLite is read as %s", at.source.name, c.Type)
	}
	return out, nil
}

// append appends the cell and gives its size in bytes, about.
func (c *column) append(stmt *sqlite.Stmt, i int) (int, error) {
	found := stmt.ColumnType(i)
	if found == sqlite.TypeNull {
		c.base.AppendNull()
		return 1, nil
	}
	return c.read(c, stmt, i, found)
}

func readInt(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	if found != sqlite.TypeInteger {
		return 0, c.wrongClass(found)
	}
	c.ints.Append(stmt.ColumnInt64(i))
	return 8, nil
}

func readBool(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	if found != sqlite.TypeInteger {
		return 0, c.wrongClass(found)
	}
	v := stmt.ColumnInt64(i)
	if v != 0 && v != 1 {
		return 0, c.unfit("sqlite_not_bool", "")
	}
	c.bools.Append(v == 1)
	return 1, nil
}

func readFloat(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	switch found {
	case sqlite.TypeFloat:
		c.floats.Append(stmt.ColumnFloat(i))
	case sqlite.TypeInteger:
		v := stmt.ColumnInt64(i)
		f := float64(v)
		// 2^63 is a double but no int64: converting it back would be undefined.
		if f >= math.MaxInt64 || int64(f) != v {
			return 0, c.unfit("sqlite_not_double", "")
		}
		c.floats.Append(f)
	default:
		return 0, c.wrongClass(found)
	}
	return 8, nil
}

func readText(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	b, err := c.text(stmt, i, found)
	if err != nil {
		return 0, err
	}
	c.texts.BinaryBuilder.Append(b)
	return len(b) + 4, nil
}

func readBlob(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	if found != sqlite.TypeBlob {
		return 0, c.wrongClass(found)
	}
	b := c.bytes(stmt, i)
	c.blobs.Append(b)
	return len(b) + 4, nil
}

func readDate(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	b, err := c.text(stmt, i, found)
	if err != nil {
		return 0, err
	}
	day, ok := parseDate(b)
	if !ok {
		return 0, c.unfit("sqlite_not_iso", "YYYY-MM-DD")
	}
	c.dates.Append(arrow.Date32(day))
	return 4, nil
}

func readTime(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	b, err := c.text(stmt, i, found)
	if err != nil {
		return 0, err
	}
	t, ok := parseTime(b)
	if !ok {
		return 0, c.unfit("sqlite_not_iso", "HH:MM:SS.ffffff")
	}
	c.times.Append(arrow.Time64(t))
	return 8, nil
}

func readTimestamp(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	b, err := c.text(stmt, i, found)
	if err != nil {
		return 0, err
	}
	t, ok := parseTimestamp(b)
	if !ok {
		return 0, c.unfit("sqlite_not_iso", "YYYY-MM-DD HH:MM:SS.ffffff")
	}
	c.timestamps.Append(arrow.Timestamp(t))
	return 8, nil
}

func readDecimal(c *column, stmt *sqlite.Stmt, i int, found sqlite.ColumnType) (int, error) {
	b := (*c.buffer)[:0]
	switch found {
	case sqlite.TypeInteger:
		b = strconv.AppendInt(b, stmt.ColumnInt64(i), 10)
	case sqlite.TypeFloat:
		b = strconv.AppendFloat(b, stmt.ColumnFloat(i), 'f', -1, 64)
	default:
		return 0, c.wrongClass(found)
	}
	*c.buffer = b
	n, ok := parseDecimal(b, int(c.column.Type.Precision), int(c.column.Type.Scale))
	if !ok {
		return 0, c.unfit("sqlite_digits", "")
	}
	c.decimals.Append(n)
	return 16, nil
}

// parseDecimal reads what strconv writes: digits with a sign and a point at most.
// It is false for more than precision digits, more than scale places, and infinity.
func parseDecimal(b []byte, precision, scale int) (decimal128.Num, bool) {
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	var n decimal128.Num
	digits, places, point := 0, 0, false
	push := func(d uint64) {
		n = n.Mul(decimal128.FromU64(10)).Add(decimal128.FromU64(d))
	}
	for _, ch := range b {
		switch {
		case ch == '.':
			point = true
			continue
		case ch < '0' || ch > '9':
			return n, false
		case point:
			places++
		}
		if digits > 0 || ch != '0' {
			digits++
		}
		if digits > precision || places > scale {
			return n, false
		}
		push(uint64(ch - '0'))
	}
	for ; places < scale; places++ {
		if digits > 0 {
			digits++
		}
		if digits > precision {
			return n, false
		}
		push(0)
	}
	if negative {
		n = n.Negate()
	}
	return n, true
}

// bytes copies a cell's bytes; they are valid until the next cell.
func (c *column) bytes(stmt *sqlite.Stmt, i int) []byte {
	n := stmt.ColumnLen(i)
	if cap(*c.buffer) < n {
		*c.buffer = make([]byte, n)
	}
	b := (*c.buffer)[:n]
	return b[:stmt.ColumnBytes(i, b)]
}

// text gives a TEXT cell as checked UTF-8, valid until the next cell.
func (c *column) text(stmt *sqlite.Stmt, i int, found sqlite.ColumnType) ([]byte, error) {
	if found != sqlite.TypeText {
		return nil, c.wrongClass(found)
	}
	if c.utf16 {
		return c.textUTF16(stmt, i)
	}
	b := c.bytes(stmt, i)
	if !utf8.Valid(b) {
		return nil, c.unfitText("UTF-8")
	}
	return b, nil
}

func (c *column) wrongClass(found sqlite.ColumnType) error {
	return c.source.wrap(errs.ValueUnreadable, "value_unreadable", nil,
		msg.Args{"Table": c.table, "Column": c.column.Name, "Type": c.column.SourceType, "Found": class(found)})
}

func (c *column) unfit(id, form string) error {
	return c.source.wrap(errs.ValueUnreadable, id, nil,
		msg.Args{"Table": c.table, "Column": c.column.Name, "Type": c.column.SourceType, "Form": form})
}

func (c *column) unfitText(encoding string) error {
	return c.source.wrap(errs.ValueUnreadable, "sqlite_not_utf8", nil,
		msg.Args{"Table": c.table, "Column": c.column.Name, "Encoding": encoding})
}
