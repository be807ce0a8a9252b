package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

// wired is a type together with what the server calls it.
type wired struct {
	typ    catalog.Type
	number uint32
}

// everyType lists what can be decoded, scalars and lists.
func everyType() []wired {
	var all []wired
	for number, w := range wireTypes {
		typ := catalog.Type{Kind: w.kind}
		if w.kind == catalog.Decimal {
			typ = catalog.DecimalOf(20, 3)
		}
		all = append(all, wired{typ, number}, wired{catalog.ListOf(typ), w.array})
	}
	slices.SortFunc(all, func(a, b wired) int { return int(a.number) - int(b.number) })
	return all
}

// FuzzDecoder: any bytes give rows or an error, never a panic, never memory out of
// proportion, and what is handed out is sound.
func FuzzDecoder(f *testing.F) {
	all := everyType()
	for which, w := range all {
		c, _ := newColumn(w.typ, w.number)
		var field []byte
		switch c.op {
		case opList:
			field = arrayField(1, c.elem, 2, 1, math.MaxUint32, math.MaxUint32)
		case opDecimal:
			field = numeric(f, "-12345678901234567.891")
		case opJSONB:
			field = []byte("\x01{}")
		case opUUID:
			field = make([]byte, 16)
		case opBool:
			field = []byte{1}
		default:
			field = make([]byte, c.width)
		}
		f.Add(uint8(which), message(field), uint8(which))
	}
	f.Add(uint8(0), message(nil), uint8(3))
	f.Fuzz(func(t *testing.T, which uint8, b []byte, times uint8) {
		w, rows := all[int(which)%len(all)], int(times%8)+1
		mem := &counting{CheckedAllocator: memory.NewCheckedAllocator(memory.NewGoAllocator())}
		d := oneDecoder(t, mem, w.typ, w.number)
		d.maxRows = 3
		defer func() {
			d.release()
			mem.AssertSize(t, 0)
			if limit := 64*rows*len(b) + 16<<10; mem.peak > limit {
				t.Errorf("%d bytes in use for %d rows of %d bytes", mem.peak, rows, len(b))
			}
		}()
		for range rows {
			if d.full(len(b)) {
				batch, err := d.batch()
				if err != nil {
					return
				}
				sound(t, batch)
				batch.Release()
			}
			if d.row(b) != nil {
				return
			}
		}
		if batch, err := d.batch(); err == nil {
			sound(t, batch)
			batch.Release()
		}
	})
}

// silentServer answers with bytes and is then gone.
type silentServer struct {
	net.Conn
	answer io.Reader
}

func (s silentServer) Read(b []byte) (int, error)       { return s.answer.Read(b) }
func (s silentServer) SetDeadline(time.Time) error      { return nil }
func (s silentServer) SetWriteDeadline(time.Time) error { return nil }

// FuzzAnswer: any bytes instead of a statement's answer come to an end, as rows or
// as an error, with a buffer in proportion to the bytes.
func FuzzAnswer(f *testing.F) {
	frame := func(kind byte, body []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
	}
	rows := append(frame('D', message([]byte{0, 0, 0, 1}, []byte("a"))), frame('D', message(nil, nil))...)
	f.Add(append(append(slices.Clone(rows), frame('C', []byte("SELECT 2\x00"))...), frame('Z', []byte("I"))...))
	f.Add(append(append(slices.Clone(rows), frame('E', []byte("SERROR\x00VERROR\x00C22012\x00Mx\x00\x00"))...), frame('Z', []byte("I"))...))
	f.Add(append(slices.Clone(rows), frame('N', []byte("SNOTICE\x00\x00"))...))
	f.Add(frame('E', []byte("VFATAL\x00C57P01\x00\x00")))
	f.Add([]byte{'D', 0x7f, 0xff, 0xff, 0xff, 0})
	f.Add([]byte{'D', 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, answer []byte) {
		mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer mem.AssertSize(t, 0)
		number, _ := newColumn(catalog.Type{Kind: catalog.Int32}, 23)
		text, _ := newColumn(catalog.Type{Kind: catalog.Text}, 25)
		described := []catalog.Column{{Name: "n", Type: number.typ}, {Name: "t", Type: text.typ}}
		s := &stream{
			background: true, run: context.Background(), source: &source{name: "mz"}, fragment: connectors.Fragment{Columns: described},
			session: &session{conn: silentServer{answer: bytes.NewReader(answer)}},
			decoder: newDecoder(catalog.ArrowSchema(described), []column{*number, *text}, mem, 0),
			batches: make(chan arrow.RecordBatch, len(answer)/14+1), // a row is no shorter
		}
		open, err := s.rows()
		if err == nil && (open || s.session.broken && !bytes.Contains(answer, []byte{'Z'})) {
			t.Error("an answer without its end passes for whole")
		}
		close(s.batches)
		for batch := range s.batches {
			sound(t, batch)
			batch.Release()
		}
		s.decoder.release()
		if limit := readBuffer + 2*len(answer); len(s.session.buf) > limit {
			t.Errorf("a buffer of %d bytes for an answer of %d", len(s.session.buf), len(answer))
		}
	})
}

func sound(t *testing.T, b arrow.RecordBatch) {
	for _, a := range b.Columns() {
		if v, ok := a.(interface{ ValidateFull() error }); ok {
			if err := v.ValidateFull(); err != nil {
				t.Errorf("%s: %v", a.DataType(), err)
			}
		}
	}
}

// counting knows the most that was in use.
type counting struct {
	*memory.CheckedAllocator
	now, peak int
}

func (c *counting) Allocate(n int) []byte {
	c.add(n)
	return c.CheckedAllocator.Allocate(n)
}

func (c *counting) Reallocate(n int, b []byte) []byte {
	c.add(n - len(b))
	return c.CheckedAllocator.Reallocate(n, b)
}

func (c *counting) Free(b []byte) {
	c.add(-len(b))
	c.CheckedAllocator.Free(b)
}

func (c *counting) add(n int) {
	c.now += n
	c.peak = max(c.peak, c.now)
}
