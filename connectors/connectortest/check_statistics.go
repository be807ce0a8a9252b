package connectortest

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
)

// Knowledge says which statistics the source's catalogue has after Load. What is
// false is skipped, in print; what a source tells must be right in any case.
type Knowledge struct {
	Distinct bool // of every column
	Keys     bool // how many values a key has, if not Distinct of every column
	Nulls    bool // the share of NULL
	Extent   bool // first and last value of numbers
	Top      bool // shares of frequent values
}

// counted is a table whose statistics are easily told: of each hundred rows 70 say
// 甲, 20 乙, 9 丙 and 1 丁; half of the column 值 is NULL, the rest goes from 100 to 1,099.
func counted() Table {
	const rows = 2000
	return Table{
		Name:    "统计",
		Columns: []Column{{Name: "号", Type: int64Type}, {Name: "类", Type: textType}, {Name: "值", Type: int64Type}},
		Key:     []string{"号"},
		Rows: func(yield func([]any) bool) {
			for i := range rows {
				class := "甲"
				switch n := i % 100; {
				case n == 0:
					class = "丁"
				case n < 10:
					class = "丙"
				case n < 30:
					class = "乙"
				}
				var v any
				if i%2 == 0 {
					v = int64(100 + i/2)
				}
				if !yield([]any{int64(i), class, v}) {
					return
				}
			}
		},
	}
}

func checkStatistics(tb testing.TB, h Harness) {
	tables := []Table{counted(), {Name: "nothing", Columns: []Column{{Name: "n", Type: int64Type}}, Rows: func(func([]any) bool) {}}}
	if h.Features.Views {
		tables = append(tables, Table{Name: "视图", Columns: tables[0].Columns, ViewOf: tables[0].Name})
	}
	f := load(tb, h, 1, tables...)
	ask := func() map[catalog.TableID]*catalog.Statistics {
		gone := &catalog.Table{ID: catalog.TableID{Schema: h.Schema, Name: "gone"}, Columns: []catalog.Column{{Name: "n", SourceName: "n", Type: int64Type}}, Rows: -1}
		all, err := f.src.Statistics(f.ctx, append([]*catalog.Table{gone}, f.tables...))
		if err != nil {
			tb.Fatalf("Statistics: %s", explain(err))
		}
		if all[gone.ID] != nil {
			tb.Error("there are statistics of a table that is not there")
		}
		return all
	}
	before := time.Now()
	all := ask()
	for _, t := range f.tables {
		if s := all[t.ID]; s != nil {
			f.plausible(t, s, before)
		}
	}
	f.counted(f.table("", "统计"), all)
	if again := ask(); len(again) != len(all) {
		tb.Errorf("Statistics tells of %d tables, then of %d", len(all), len(again))
	}
	ended, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err := f.src.Statistics(ended, f.tables)
	wantEnd(tb, "Statistics with an ended context", err, context.Canceled)
	f.acquire().Release() // the only connection is free again
}

// plausible checks what holds of any statistics.
func (f *fixture) plausible(t *catalog.Table, s *catalog.Statistics, asked time.Time) {
	f.Helper()
	if s.Rows < -1 || s.Read.Before(asked) || s.Read.After(time.Now()) || s.Analyzed.After(time.Now().Add(time.Hour)) {
		f.Errorf("%s: %d rows, read at %s, gathered at %s", t.ID, s.Rows, s.Read, s.Analyzed)
	}
	if s.Never && t.View {
		f.Errorf("%s is a view and said to be without statistics", t.ID)
	}
	for name, c := range s.Columns {
		if _, ok := t.Column(name); !ok {
			f.Errorf("%s has statistics of a column %q that it does not have", t.ID, name)
		}
		_, top := c.Top()
		if c.Distinct < 0 || c.NullShare > 1 || (c.NullShare < 0 && c.NullShare != -1) || c.Width < 0 || top < 0 || top > 1.0001 || c.Extent() < -1 {
			f.Errorf("%s: impossible statistics of column %q", t.ID, name)
		}
	}
}

// counted compares statistics of the table of that name with what it holds.
func (f *fixture) counted(t *catalog.Table, all map[catalog.TableID]*catalog.Statistics) {
	f.Helper()
	s, knows := all[t.ID], f.h.Knows
	if s == nil {
		s = &catalog.Statistics{Rows: -1}
		if knows != (Knowledge{}) || f.h.Features.RowEstimates {
			f.Errorf("%s has no statistics", t.ID)
			return
		}
	}
	if s.Rows >= 0 || f.h.Features.RowEstimates {
		f.about("rows", float64(s.Rows), 2000, 1.3)
	}
	key, class, value := s.Column("号"), s.Column("类"), s.Column("值")
	f.known("how many values a key has", knows.Distinct || knows.Keys, key.Distinct, 0, 2000)
	f.known("how many values a column has", knows.Distinct, class.Distinct, 0, 4)
	f.known("how many values a column has that is half NULL", knows.Distinct, value.Distinct, 0, 1000)
	f.known("the share of NULL", knows.Nulls, value.NullShare, -1, 0.5)
	f.known("that there is no NULL", knows.Nulls, 1+class.NullShare, 0, 1)
	f.known("first and last value", knows.Extent, value.Extent(), -1, 999)
	f.known("how much lies below a value", knows.Extent, value.Below(catalog.Value{Type: int64Type, V: int64(350)}), -1, 0.25)
	if values, _ := class.Top(); values == 0 {
		if knows.Top {
			f.Errorf("not known: frequent values")
		} else {
			without(f, "statistics: frequent values")
		}
		return
	}
	for name, share := range map[string]float64{"甲": 0.7, "乙": 0.2, "丙": 0.09} {
		f.about("the share of "+name, class.Equal(catalog.Value{Type: textType, V: name}), share, 1.3)
	}
}

// known checks a number that the source may not know; unknown is what stands for that.
func (f *fixture) known(what string, must bool, got, unknown, want float64) {
	f.Helper()
	switch {
	case got != unknown:
		f.about(what, got, want, 1.9) // some count by sketches
	case must:
		f.Errorf("not known: %s", what)
	default:
		without(f, "statistics: "+what)
	}
}

// about checks a number within a factor.
func (f *fixture) about(what string, got, want, factor float64) {
	f.Helper()
	if !(math.Max(got, want) <= factor*math.Min(got, want)) {
		f.Errorf("%s: %g, want about %g", what, got, want)
	}
}

func checkExamine(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("one", 1, 1))
	x, err := f.src.Examine(f.ctx)
	if err != nil {
		tb.Fatalf("Examine: %s", explain(err))
	}
	if x == nil {
		tb.Fatal("Examine gives nothing")
	}
	for what, n := range map[string]int{"tables that it may write": x.Account.Writes, "places to create tables in": x.Account.Creates, "tables that it may not read": x.Account.Denied} {
		if n < -1 {
			tb.Errorf("Examine counts %d %s", n, what)
		}
	}
	if x.Account.Denied > 0 {
		tb.Errorf("Examine says that %d tables cannot be read: every one can", x.Account.Denied)
	}
	ended, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err = f.src.Examine(ended)
	wantEnd(tb, "Examine with an ended context", err, context.Canceled)
	f.acquire().Release()
}
