package connectortest

import (
	"context"
	"errors"
	"iter"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/planner/dialect"
)

type fakeStream struct {
	conn   *fakeConn
	ctx    context.Context
	frag   connectors.Fragment
	schema *arrow.Schema
	next   func() ([]any, bool)
	stop   func()
	at     []int
	batch  arrow.RecordBatch
	kept   []arrow.RecordBatch
	err    error
	over   bool
	slow   bool
	given  int
}

func (c *fakeConn) Scan(ctx context.Context, frag connectors.Fragment) (connectors.Stream, error) {
	f := c.src
	switch {
	case f.broken:
		return nil, f.usable(ctx)
	case c.released && !f.is("released connections scan"):
		return nil, errs.Internalf("released")
	case c.open != nil && !f.is("two streams at once"):
		return nil, errs.Internalf("a stream is open")
	case ctx.Err() != nil && !f.is("ignores the context"):
		return nil, errs.From(ctx.Err())
	}
	for _, column := range frag.Columns {
		if !column.Type.Readable() && !f.is("unreadable columns panic") {
			return nil, f.fail(errs.NotSupported, "column_unreadable", nil, msg.Args{"Column": column.Name, "Table": frag.Table.Name, "Type": "point"})
		}
	}
	s := &fakeStream{conn: c, ctx: ctx, frag: frag, schema: catalog.ArrowSchema(frag.Columns)}
	if frag.SQL == "slow" {
		s.slow = true
		running.Add(1)
		c.open = s
		return s, nil
	}
	if frag.Comment != (connectors.Comment{}) && f.is("comments end statements") {
		s.over = true
		c.open = s
		return s, nil
	}
	q, table, at, err := f.query(frag)
	if err != nil {
		if f.is("statement errors are swallowed") {
			s.over = true
			c.open = s
			return s, nil
		}
		return nil, f.fail(errs.SourceFailed, "source_failed", err, nil)
	}
	s.at = at
	if f.is("columns in the table's order") {
		for i := range frag.Columns {
			for k := range i {
				if frag.Columns[i].Type.Equal(frag.Columns[k].Type) && at[k] > at[i] {
					at[i], at[k] = at[k], at[i]
				}
			}
		}
	}
	rows := iter.Seq[[]any](func(yield func([]any) bool) {
		for row := range table.Rows {
			if f.matches(q, table, at[len(q.Columns):], frag.Values, row) && !yield(row) {
				return
			}
		}
	})
	s.next, s.stop = iter.Pull(rows)
	if f.is("streams share their rows") {
		// One at a time: the fault is that rows go to the wrong stream, not that an
		// iterator is used by two goroutines at once.
		next, stop := s.next, s.stop
		if f.shared == nil {
			f.shared = func() ([]any, bool) {
				f.sharing.Lock()
				defer f.sharing.Unlock()
				return next()
			}
		}
		s.next = f.shared
		s.stop = func() {
			f.sharing.Lock()
			defer f.sharing.Unlock()
			stop()
		}
	}
	if f.is("a goroutine is left") {
		safego.Run(func() error { <-make(chan struct{}); return nil })
	}
	if f.is("wrong schema") {
		s.schema = arrow.NewSchema([]arrow.Field{{Name: "other", Type: arrow.PrimitiveTypes.Int64}}, nil)
	}
	c.open = s
	return s, nil
}

// matches is the fake's own evaluator, with its own faults.
func (f *fake) matches(q fakeSQL, t Table, at []int, values []catalog.Value, row []any) bool {
	all := true
	for i, p := range q.Preds {
		v, vals := row[at[i]], values[:p.Values]
		values = values[p.Values:]
		typ := t.Columns[at[i]].Type
		pred := dialect.Predicate{Column: catalog.Column{Type: typ}, Op: p.Op, Values: vals}
		ok := keeps(pred, v) || typ.Kind == catalog.UUID && p.Op == dialect.Gt && v != nil // its superset
		text, isText := v.(string)
		switch {
		case f.is("padding is ignored") && isText && typ.Kind == catalog.Text && len(vals) > 0:
			ok = keeps(pred, strings.TrimRight(text, " "))
		case f.is("case is ignored") && isText && typ.Kind == catalog.Text && p.Op == dialect.Eq:
			ok = strings.EqualFold(text, vals[0].V.(string))
		case f.is("NULL is unequal") && p.Op == dialect.Ne && v == nil:
			ok = true
		case f.is("IN stops at two") && p.Op == dialect.In && len(vals) > 2:
			pred.Values = vals[:2]
			ok = keeps(pred, v)
		case f.is("superset loses rows") && typ.Kind == catalog.UUID && p.Op == dialect.Gt:
			ok = false
		case f.is("large integers are doubles") && typ.Kind == catalog.Int64 && p.Op == dialect.Eq && v != nil:
			ok = float64(v.(int64)) == float64(vals[0].V.(int64))
		case f.is("only the last predicate holds") && i < len(q.Preds)-1:
			ok = true
		}
		all = all && ok
	}
	return all
}

func (s *fakeStream) Schema() *arrow.Schema { return s.schema }

func (s *fakeStream) Err() error { return s.err }

func (s *fakeStream) RecordBatch() arrow.RecordBatch { return s.batch }

func (s *fakeStream) end(err error) bool {
	s.over, s.err = true, err
	if s.conn.src.is("an early end looks whole") {
		s.err = nil
	}
	return false
}

func (s *fakeStream) Next() bool {
	f := s.conn.src
	if s.over {
		return f.is("Next after the end")
	}
	if s.slow {
		never := (<-chan struct{})(nil)
		done := s.ctx.Done()
		if f.is("slow statements are not stopped") {
			done = never
		}
		select {
		case <-done:
			if !f.is("the server goes on") {
				running.Add(-1)
			}
			return s.end(errs.From(s.ctx.Err()))
		case <-f.closed:
			running.Add(-1)
			return s.end(f.fail(errs.SourceFailed, "source_lost", nil, nil))
		}
	}
	s.freeBatch()
	select {
	case <-s.ctx.Done():
		switch {
		case f.is("ignores the context"):
		case f.is("cancel is a failure"):
			return s.end(f.fail(errs.SourceFailed, "source_failed", nil, nil))
		case f.is("cancel is not wrapped"):
			return s.end(errs.New(errs.Canceled, "canceled", nil))
		default:
			return s.end(errs.From(s.ctx.Err()))
		}
	case <-f.closed:
		return s.end(f.fail(errs.SourceFailed, "source_lost", nil, nil))
	default:
	}
	ok, err := s.fill()
	if err != nil {
		return s.end(err)
	}
	if !ok {
		s.over = true
	}
	return ok
}

// fill builds the next batch.
func (s *fakeStream) fill() (bool, error) {
	f := s.conn.src
	limit := s.frag.Rows
	if limit == 0 {
		limit = connectors.DefaultBatchRows
	}
	if f.is("row limit is ignored") {
		limit = 1 << 30
	}
	b := array.NewRecordBuilder(s.frag.Alloc, catalog.ArrowSchema(s.frag.Columns))
	defer b.Release()
	rows, size := 0, 0
	for rows < limit && (rows == 0 || f.is("byte limit is ignored") || size < connectors.BatchBytes-wideCell) {
		row, ok := s.next()
		if !ok {
			break
		}
		for i, c := range s.frag.Columns {
			v := f.spoil(c.Type, row[s.at[i]])
			if text, bad := v.(string); bad && c.Type.Kind == catalog.Date {
				if f.is("unfit values become NULL") {
					v = nil
				} else {
					return false, s.unfit(c, text)
				}
			}
			if text, ok := v.(string); ok {
				size += len(text)
			}
			appendCell(b.Field(i), c.Type, v)
		}
		rows++
		s.given++
	}
	if f.is("the last row is lost") && rows > 1 && rows < limit {
		rows--
		whole := b.NewRecordBatch()
		defer whole.Release()
		s.batch = whole.NewSlice(0, int64(rows))
		return true, nil
	}
	if f.is("empty tables fail") && s.given == 0 {
		return false, f.fail(errs.SourceFailed, "source_failed", nil, nil)
	}
	if rows > 0 {
		s.batch = b.NewRecordBatch()
	}
	return rows > 0, nil
}

func (s *fakeStream) unfit(c catalog.Column, text string) error {
	args := msg.Args{"Table": s.frag.Table.Name, "Column": c.Name, "Type": "DATE", "Found": "text"}
	var cause error
	switch s.conn.src.fault {
	case "values in errors":
		args["Found"] = text
	case "values in details":
		cause = errors.New(text)
	case "the column is not named":
		args["Column"], args["Type"], args["Found"] = "", "", ""
	}
	return s.conn.src.fail(errs.ValueUnreadable, "value_unreadable", cause, args)
}

// spoil changes single values.
func (f *fake) spoil(t catalog.Type, v any) any {
	switch {
	case f.is("trailing blanks are cut") && t.Kind == catalog.Text && v != nil:
		return strings.TrimRight(v.(string), " ")
	case f.is("empty text is NULL") && v == "":
		return nil
	case f.is("minus zero is zero") && t.Kind == catalog.Float64 && v != nil && v.(float64) == 0:
		return 0.0
	case f.is("days are off by one") && t.Kind == catalog.Date && v != nil:
		if day, ok := v.(int64); ok && day < 0 {
			return day + 1
		}
	case f.is("infinity is huge") && t.Kind == catalog.Float64 && v != nil && math.IsInf(v.(float64), 1):
		return math.MaxFloat64
	}
	return v
}

func (s *fakeStream) freeBatch() {
	if s.batch == nil {
		return
	}
	f := s.conn.src
	switch {
	case f.is("a batch is leaked"):
	case f.is("all batches are kept"):
		s.kept = append(s.kept, s.batch)
	case f.is("buffers are used again"):
		for _, a := range s.batch.Columns() {
			if values := a.Data().Buffers()[1]; values != nil && values.Len() > 0 {
				values.Bytes()[0] ^= 0xFF
			}
		}
		s.batch.Release()
	default:
		s.batch.Release()
	}
	s.batch = nil
}

func (s *fakeStream) Release() {
	if s.conn.src.is("Release hangs") && !s.over {
		<-time.After(3 * 10 * prompt)
	}
	s.freeBatch()
	for _, b := range s.kept {
		b.Release()
	}
	s.kept = nil
	s.over = true
	if s.stop != nil {
		s.stop()
	}
	if s.conn.open == s {
		s.conn.open = nil
	}
}

// appendCell is the inverse of Cell.
func appendCell(b array.Builder, t catalog.Type, v any) {
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int8Builder:
		b.Append(int8(v.(int64)))
	case *array.Int16Builder:
		b.Append(int16(v.(int64)))
	case *array.Int32Builder:
		b.Append(int32(v.(int64)))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Uint8Builder:
		b.Append(uint8(v.(uint64)))
	case *array.Uint16Builder:
		b.Append(uint16(v.(uint64)))
	case *array.Uint32Builder:
		b.Append(uint32(v.(uint64)))
	case *array.Uint64Builder:
		b.Append(v.(uint64))
	case *array.Float32Builder:
		b.Append(float32(v.(float64)))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.Decimal128Builder:
		r, _ := number(v)
		scale := b.Type().(*arrow.Decimal128Type).Scale
		r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		b.Append(decimal128.FromBigInt(r.Num()))
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.BinaryBuilder:
		b.Append(v.([]byte))
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.(int64)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(v.(int64)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.(int64)))
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(v.(arrow.MonthDayNanoInterval))
	case *array.ListBuilder:
		b.Append(true)
		for _, e := range v.([]any) {
			appendCell(b.ValueBuilder(), *t.Elem, e)
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, e := range v.([]any) {
			appendCell(b.FieldBuilder(i), t.Fields[i].Type, e)
		}
	}
}
