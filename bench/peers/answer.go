package main

import (
	"fmt"
	"hash/maphash"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/oracle"
)

// feed takes a part of an answer: cells as oracle.Result has them.
type feed func(schema *arrow.Schema, rows [][]any) error

// feedStream gives a stream's rows to use, a batch at a time; with use nil it reads
// them and throws them away. It counts them.
func feedStream(s oracle.Stream, use feed) (int64, error) {
	var rows int64
	if use != nil {
		if err := use(s.Schema(), nil); err != nil {
			return 0, err
		}
	}
	for s.Next() {
		b := s.RecordBatch()
		rows += b.NumRows()
		if use == nil {
			continue
		}
		part, err := oracle.Collect(&oneBatch{batch: b})
		if err != nil {
			return 0, err
		}
		if err := use(s.Schema(), part.Rows); err != nil {
			return 0, err
		}
	}
	return rows, s.Err()
}

// oneBatch is a stream of a single batch that it does not own.
type oneBatch struct {
	batch arrow.RecordBatch
	read  bool
}

func (o *oneBatch) Schema() *arrow.Schema          { return o.batch.Schema() }
func (o *oneBatch) RecordBatch() arrow.RecordBatch { return o.batch }
func (o *oneBatch) Err() error                     { return nil }
func (o *oneBatch) Next() bool {
	first := !o.read
	o.read = true
	return first
}

// tally holds an answer: its rows, or of a large one their number and the sum of
// their hashes, which is the same for the same rows in any order.
type tally struct {
	large  bool
	result oracle.Result
	rows   int64
	sum    [2]uint64
}

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func (t *tally) add(schema *arrow.Schema, rows [][]any) error {
	t.result.Schema = schema
	t.rows += int64(len(rows))
	if !t.large {
		t.result.Rows = append(t.result.Rows, rows...)
		return nil
	}
	var key []byte
	for _, row := range rows {
		key = key[:0]
		for _, cell := range row {
			switch c := cell.(type) {
			case nil:
				key = append(key, 'n')
			case int64:
				key = strconv.AppendInt(append(key, 'i'), c, 10)
			case string:
				key = strconv.AppendInt(append(key, 's'), int64(len(c)), 10)
				key = append(append(key, ':'), c...)
			default:
				return fmt.Errorf("a large answer has a cell of Go's type %T", cell)
			}
		}
		for i, seed := range seeds {
			t.sum[i] += maphash.Bytes(seed, key)
		}
	}
	return nil
}

// differs says how got differs from what DuckDB answers over local copies. With
// looseness set, numbers may differ as Trino's do: its decimals have fewer digits, and
// its averages and quotients of decimals are decimals.
func (t *tally) differs(got *tally, order oracle.Order, loosely bool) error {
	if t.large {
		if err := oracle.Compare(oracle.Result{Schema: t.result.Schema}, oracle.Result{Schema: got.result.Schema}, oracle.Order{}); err != nil {
			return err
		}
		if t.rows != got.rows || t.sum != got.sum {
			return fmt.Errorf("%d rows with checksum %x, want %d with %x", got.rows, got.sum[0], t.rows, t.sum[0])
		}
		return nil
	}
	if !loosely {
		return oracle.Compare(t.result, got.result, order)
	}
	return loose(t.result.Rows, got.result.Rows, order)
}

// loose compares all cells of rows whose order is certain, else those of the columns
// that they are sorted by.
func loose(want, got [][]any, order oracle.Order) error {
	rows := len(want)
	if order.Limited {
		rows = int(min(int64(rows), order.Limit))
	}
	if len(got) != rows {
		return fmt.Errorf("%d rows, want %d", len(got), rows)
	}
	for i, row := range got {
		columns := order.Keys
		if order.Total {
			columns = columns[:0]
			for k := range row {
				columns = append(columns, k)
			}
		}
		for _, k := range columns {
			if !near(want[i][k], row[k]) {
				return fmt.Errorf("row %d, column %d: %v, want %v", i+1, k+1, row[k], want[i][k])
			}
		}
	}
	return nil
}

func near(want, got any) bool {
	if want == got {
		return true
	}
	w, werr := strconv.ParseFloat(fmt.Sprint(want), 64)
	g, gerr := strconv.ParseFloat(fmt.Sprint(got), 64)
	return werr == nil && gerr == nil && math.Abs(w-g) <= 0.0051+1e-9*math.Abs(w)
}

// cell reads a value that a program wrote as text. Decimals stay as they are.
func cell(text string, t arrow.DataType) (any, error) {
	switch t.ID() {
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64:
		return strconv.ParseInt(text, 10, 64)
	case arrow.FLOAT64:
		return strconv.ParseFloat(text, 64)
	case arrow.DECIMAL128, arrow.STRING:
		return strings.Clone(text), nil
	case arrow.DATE32:
		day, err := time.Parse(time.DateOnly, text)
		return day.Unix() / 86400, err
	}
	return nil, fmt.Errorf("no cell of type %s is known", t)
}
