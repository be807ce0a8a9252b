package flightsql

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

const (
	// mostBytes is how much of an answer one message has, unless a single row has more.
	mostBytes = 2 << 20
	// maxRow is the most bytes of a row. Clients take messages of 16 MiB, and a message
	// has its head and padding too.
	maxRow = 15 << 20
)

// pieces sends a batch in messages of a size that every client takes.
func (s *sending) pieces(b arrow.RecordBatch) error {
	rows := b.NumRows()
	if rows == 0 {
		return nil
	}
	for from := int64(0); from < rows; {
		to := fitting(b, from)
		size := sizeOf(b, from, to)
		if size > maxRow {
			return errs.New(errs.ResultTooLarge, "flight_row_large", msg.Args{"Column": largest(b, from), "MiB": maxRow >> 20})
		}
		piece := b
		if from > 0 || to < rows {
			piece = b.NewSlice(from, to)
		} else {
			piece.Retain()
		}
		err := s.send(size, func() error { return s.w.Write(piece) })
		piece.Release()
		if err != nil {
			return err
		}
		s.rows, s.bytes = s.rows+to-from, s.bytes+size
		from = to
	}
	return nil
}

// fitting gives the end of the rows from one on that fit into a message; at least one.
func fitting(b arrow.RecordBatch, from int64) int64 {
	to := b.NumRows()
	if sizeOf(b, from, to) <= mostBytes {
		return to
	}
	low, high := from+1, to // low is taken whatever its size, high is too many
	for high-low > 1 {
		if middle := low + (high-low)/2; sizeOf(b, from, middle) <= mostBytes {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// sizeOf gives about how many bytes rows of a batch have in a message.
func sizeOf(b arrow.RecordBatch, from, to int64) int64 {
	var n int64
	for _, c := range b.Columns() {
		n += bytesOf(c, int(from), int(to))
	}
	return n
}

func bytesOf(a arrow.Array, from, to int) int64 {
	rows := int64(to - from)
	if rows <= 0 {
		return 0
	}
	n := (rows + 7) / 8
	switch a := a.(type) {
	case *array.String:
		return n + 4*rows + int64(a.ValueOffset(to-1)-a.ValueOffset(from)+a.ValueLen(to-1))
	case *array.Binary:
		return n + 4*rows + a.ValueOffset64(to-1) - a.ValueOffset64(from) + int64(a.ValueLen(to-1))
	case *array.Map:
		first, _ := a.ValueOffsets(from)
		_, end := a.ValueOffsets(to - 1)
		return n + 4*rows + bytesOf(a.ListValues(), int(first), int(end))
	case *array.List:
		first, _ := a.ValueOffsets(from)
		_, end := a.ValueOffsets(to - 1)
		return n + 4*rows + bytesOf(a.ListValues(), int(first), int(end))
	case *array.Struct:
		for i := range a.NumField() {
			n += bytesOf(a.Field(i), from, to)
		}
		return n
	}
	if t, ok := a.DataType().(arrow.FixedWidthDataType); ok {
		return n + (rows*int64(t.BitWidth())+7)/8
	}
	// Of a kind that answers do not have: its whole size, so that it is never too small.
	return int64(a.Data().SizeInBytes())
}

// largest names the column that has most of a row.
func largest(b arrow.RecordBatch, row int64) string {
	name, most := "", int64(-1)
	for i, c := range b.Columns() {
		if n := bytesOf(c, int(row), int(row)+1); n > most {
			name, most = b.ColumnName(i), n
		}
	}
	return name
}

// compressionHeader asks for the bodies of an answer's messages to be compressed.
const compressionHeader = "compression"

// compressionOf reads which compression a client asks for; most do without.
func compressionOf(md metadata.MD) ([]ipc.Option, error) {
	name, err := header(md, compressionHeader)
	if err != nil {
		return nil, err
	}
	switch name {
	case "", "none":
		return nil, nil
	case "lz4":
		return []ipc.Option{ipc.WithLZ4()}, nil
	case "zstd":
		return []ipc.Option{ipc.WithZstd()}, nil
	}
	return nil, errs.New(errs.RequestInvalid, "flight_compression", nil)
}
