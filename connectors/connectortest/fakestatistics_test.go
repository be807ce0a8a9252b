package connectortest

import (
	"context"
	"fmt"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

// Statistics counts what the fake holds.
func (f *fake) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	if err := f.usable(ctx); err != nil && !f.is("statistics never end") {
		return nil, err
	}
	out := map[catalog.TableID]*catalog.Statistics{}
	for _, t := range tables {
		if f.is("statistics of what is gone") {
			out[t.ID] = &catalog.Statistics{Rows: -1, Read: time.Now()}
		}
		for _, m := range f.tables {
			if m.Name == t.ID.Name && m.Rows != nil && !f.is("no statistics") {
				out[t.ID] = f.count(m)
			}
		}
	}
	return out, nil
}

func (f *fake) count(m Table) *catalog.Statistics {
	s := &catalog.Statistics{Read: time.Now(), Columns: map[string]catalog.ColumnStatistics{}}
	times := make([]map[any]float64, len(m.Columns))
	for row := range m.Rows {
		s.Rows++
		for i, v := range row {
			if times[i] == nil {
				times[i] = map[any]float64{}
			}
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if l, ok := v.([]any); ok {
				v = fmt.Sprint(l...)
			}
			times[i][v]++
		}
	}
	for i, c := range m.Columns {
		nulls := times[i][nil]
		if !f.is("nulls are values") {
			delete(times[i], nil)
		}
		x := catalog.ColumnStatistics{Distinct: float64(len(times[i])), NullShare: nulls / max(float64(s.Rows), 1)}
		if f.is("nulls are values") {
			x.Distinct = float64(s.Rows)
		}
		if f.is("nulls are not counted") {
			x.NullShare = 0
		}
		var values []catalog.Value
		var shares []float64
		for v, n := range times[i] {
			if v != nil {
				values, shares = append(values, catalog.Value{Type: c.Type, V: v}), append(shares, n/float64(s.Rows))
			}
			if f.is("shares are percent") {
				shares[len(shares)-1] *= 1000
			}
		}
		if !f.is("bounds are text") {
			x.SetBounds(values...)
		}
		x.SetTop(values, shares)
		s.Columns[c.Name] = x
	}
	return s
}

// Examine tells of an account that may only read.
func (f *fake) Examine(ctx context.Context) (*connectors.Examination, error) {
	x := &connectors.Examination{}
	if f.is("all is denied") {
		x.Account.Denied = len(f.tables)
	}
	if f.is("examined in vain") {
		return nil, f.usable(ctx)
	}
	return x, f.usable(ctx)
}
