package catalog

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"math"
	"slices"
	"sort"
	"sync/atomic"
	"time"
)

// Statistics is what a source's own catalogue tells of the rows of a table. It is
// immutable once given away. Estimates are made of it, never an answer.
//
// Traces of the table's values are in it, as places on the number line and as hashes
// under a key of this process. They have no way out: nothing prints them.
type Statistics struct {
	Rows     int64     // -1 when unknown
	Read     time.Time // when the gateway read them
	Analyzed time.Time // when the source gathered them; zero where it does not say
	// Never says that the source would know more of the table if it were asked to gather
	// statistics of it (ANALYZE), and never was.
	Never   bool
	Columns map[string]ColumnStatistics // by Column.Name; a column of which nothing is known is left out
}

// ColumnStatistics is what is known of the values of a column.
type ColumnStatistics struct {
	Distinct  float64 // how many values, NULL not counted; 0 when unknown
	NullShare float64 // of the rows, 0 to 1; -1 when unknown
	Width     float64 // average bytes of a value; 0 when unknown
	spread    *spread
}

// spread tells how the values lie.
type spread struct {
	top    map[uint64]float64 // share of all rows, by the hash of a frequent value
	total  float64            // of top
	bounds []float64          // ascending; between two neighbours lie equally many rows
}

// hashKey makes the hashes of one process worth nothing in another.
var hashKey = maphash.MakeSeed()

// Known is where the statistics of a table are found at any time: they are read in
// the background, beside the statements that use them.
type Known struct{ now atomic.Pointer[Statistics] }

// Set replaces the statistics. It may be called at any time.
func (k *Known) Set(s *Statistics) { k.now.Store(s) }

// Statistics gives what is known of the table now; nil when that is nothing.
func (t *Table) Statistics() *Statistics {
	if t.Known == nil {
		return nil
	}
	return t.Known.now.Load()
}

// Estimate gives about how many rows the table has; -1 when unknown.
func (t *Table) Estimate() int64 {
	if s := t.Statistics(); s != nil && s.Rows >= 0 {
		return s.Rows
	}
	return t.Rows
}

// Column gives what is known of a column, by its Column.Name.
func (s *Statistics) Column(name string) ColumnStatistics {
	if s != nil {
		if c, ok := s.Columns[name]; ok {
			return c
		}
	}
	return ColumnStatistics{NullShare: -1}
}

// CountKeys notes that a key of one column has as many values as there are rows.
func (s *Statistics) CountKeys(t *Table) {
	for _, key := range append([][]string{t.PrimaryKey}, t.Unique...) {
		if len(key) != 1 || s.Rows <= 0 {
			continue
		}
		c := s.Column(key[0])
		if c.Distinct == 0 {
			c.Distinct = float64(s.Rows)
			s.Columns[key[0]] = c
		}
	}
}

// SetTop keeps the shares of frequent values; shares are of all rows. The values
// themselves are not kept.
func (c *ColumnStatistics) SetTop(values []Value, shares []float64) {
	top, total := map[uint64]float64{}, 0.0
	for i, v := range values {
		if text, ok := canonical(v); ok && i < len(shares) && shares[i] > 0 && shares[i] <= 1 {
			top[maphash.String(hashKey, text)] = shares[i]
			total += shares[i]
		}
	}
	if len(top) > 0 {
		s := c.copied()
		s.top, s.total = top, math.Min(total, 1)
	}
}

// SetBounds keeps where the values lie: the first and the last of them, and what
// parts the rows between into equally many. Values that lie on no number line, such
// as text, leave nothing.
func (c *ColumnStatistics) SetBounds(values ...Value) {
	bounds := make([]float64, 0, len(values))
	for _, v := range values {
		if p, ok := position(v); ok {
			bounds = append(bounds, p)
		}
	}
	if len(bounds) < 2 || len(bounds) != len(values) {
		return
	}
	sort.Float64s(bounds)
	c.copied().bounds = bounds
}

// Widen moves the first and the last bound so that these values lie between.
func (c *ColumnStatistics) Widen(values ...Value) {
	for _, v := range values {
		p, ok := position(v)
		if !ok || c.spread == nil || len(c.spread.bounds) == 0 {
			return
		}
		s := c.copied()
		s.bounds = slices.Clone(s.bounds)
		last := len(s.bounds) - 1
		s.bounds[0], s.bounds[last] = math.Min(s.bounds[0], p), math.Max(s.bounds[last], p)
	}
}

// copied gives a spread that nobody else has.
func (c *ColumnStatistics) copied() *spread {
	s := &spread{}
	if c.spread != nil {
		*s = *c.spread
	}
	c.spread = s
	return s
}

// Top tells how many frequent values are known and which share of all rows they have
// together.
func (c ColumnStatistics) Top() (values int, share float64) {
	if c.spread == nil {
		return 0, 0
	}
	return len(c.spread.top), c.spread.total
}

// Equal gives the share of all rows that hold v; -1 when unknown. A value that is none
// of the frequent ones has an even part of what they leave.
func (c ColumnStatistics) Equal(v Value) float64 {
	nulls := math.Max(c.NullShare, 0)
	if v.IsNull() {
		return 0
	}
	if text, ok := canonical(v); ok && c.spread != nil && len(c.spread.top) > 0 {
		if share, frequent := c.spread.top[maphash.String(hashKey, text)]; frequent {
			return share
		}
		rest := c.Distinct - float64(len(c.spread.top))
		return math.Max(1-nulls-c.spread.total, 0) / math.Max(rest, 1)
	}
	if c.Distinct <= 0 {
		return -1
	}
	return (1 - nulls) / math.Max(c.Distinct, 1)
}

// Below gives the share of all values (NULL left out) that are less than v; -1 when
// unknown.
func (c ColumnStatistics) Below(v Value) float64 {
	p, ok := position(v)
	if !ok || c.spread == nil || len(c.spread.bounds) < 2 {
		return -1
	}
	b := c.spread.bounds
	last := len(b) - 1
	switch {
	case p <= b[0]:
		return 0
	case p >= b[last]:
		return 1
	}
	at := sort.SearchFloat64s(b, p) // b[at-1] < p <= b[at]
	width := b[at] - b[at-1]
	return (float64(at-1) + (p-b[at-1])/width) / float64(last)
}

// Extent gives how far the column's last value lies from its first: of whole numbers
// the difference, of dates and instants microseconds. It is -1 when unknown.
func (c ColumnStatistics) Extent() float64 {
	if c.spread == nil || len(c.spread.bounds) < 2 {
		return -1
	}
	return c.spread.bounds[len(c.spread.bounds)-1] - c.spread.bounds[0]
}

// hiddenStatistics is all that a printer gets to see.
const hiddenStatistics = "‹statistics›"

// Format hides the statistics under every verb of fmt.
func (Statistics) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenStatistics) }

// MarshalJSON hides the statistics from encoders.
func (Statistics) MarshalJSON() ([]byte, error) { return json.Marshal(hiddenStatistics) }

// LogValue hides the statistics from loggers.
func (Statistics) LogValue() slog.Value { return slog.StringValue(hiddenStatistics) }

// Format hides the statistics under every verb of fmt.
func (ColumnStatistics) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenStatistics) }

// MarshalJSON hides the statistics from encoders.
func (ColumnStatistics) MarshalJSON() ([]byte, error) { return json.Marshal(hiddenStatistics) }

// LogValue hides the statistics from loggers.
func (ColumnStatistics) LogValue() slog.Value { return slog.StringValue(hiddenStatistics) }
