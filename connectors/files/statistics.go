package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
)

// Statistics reads what Parquet files tell of their columns, and guesses the rows of
// other files from their size.
func (s *source) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	s.mu.Lock()
	described := s.tables
	s.mu.Unlock()
	out := map[catalog.TableID]*catalog.Statistics{}
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) error {
		if _, err := s.place.list(); err != nil {
			return err
		}
		for _, wanted := range tables {
			t := described[wanted.ID.Name]
			if t == nil || wanted.ID.Schema != schema {
				continue
			}
			known := &catalog.Statistics{Rows: t.rows, Read: time.Now(), Columns: map[string]catalog.ColumnStatistics{}}
			if t.format == parquetFormat {
				// A file that is gone or was changed says so when it is read.
				if err := t.parquetStatistics(ctx, in.Conn, known); err != nil && ctx.Err() != nil {
					return ctx.Err()
				}
			} else if known.Rows < 0 {
				known.Rows = t.guessRows()
			}
			if known.Rows >= 0 {
				out[wanted.ID] = known
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// parquetColumn is what the row groups of a column tell together.
type parquetColumn struct {
	Path           string
	Values         float64 // rows
	Nulls          float64 // -1 where one group does not tell
	Most, Sum      float64 // different values in one group, and of all groups added; -1 where one does not tell
	Fullest        float64 // the largest share of different values in a group
	First, Last    *float64
	Opening, Final *float64 // dates and times, in microseconds
}

const parquetColumnsSQL = `SELECT CAST(to_json(list({'Path': path, 'Values': n, 'Nulls': nulls, 'Most': most, 'Sum': total, 'Fullest': fullest,
	'First': a, 'Last': b, 'Opening': c, 'Final': d})) AS VARCHAR) FROM (
	SELECT path_in_schema AS path, CAST(sum(num_values) AS DOUBLE) AS n,
		CASE WHEN count(stats_null_count) = count(*) THEN CAST(sum(stats_null_count) AS DOUBLE) ELSE -1 END AS nulls,
		CASE WHEN count(stats_distinct_count) = count(*) THEN CAST(max(stats_distinct_count) AS DOUBLE) ELSE -1 END AS most,
		CASE WHEN count(stats_distinct_count) = count(*) THEN CAST(sum(stats_distinct_count) AS DOUBLE) ELSE -1 END AS total,
		coalesce(max(stats_distinct_count / num_values), 0) AS fullest,
		min(TRY_CAST(stats_min_value AS DOUBLE)) AS a, max(TRY_CAST(stats_max_value AS DOUBLE)) AS b,
		CAST(epoch_us(min(TRY_CAST(stats_min_value AS TIMESTAMP))) AS DOUBLE) AS c, CAST(epoch_us(max(TRY_CAST(stats_max_value AS TIMESTAMP))) AS DOUBLE) AS d
	FROM parquet_metadata(%s) GROUP BY ALL)`

func (t *table) parquetStatistics(ctx context.Context, c *duck.Conn, to *catalog.Statistics) error {
	text, err := c.QueryText(ctx, strings.Replace(parquetColumnsSQL, "%s", paths(t.files), 1))
	if err != nil || text == "" {
		return err
	}
	var columns []parquetColumn
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		return errs.Internalf("the statistics of a Parquet file cannot be read")
	}
	for _, p := range columns {
		for _, column := range t.columns {
			if column.raw == p.Path && column.typ.Readable() {
				to.Columns[column.name] = p.statistics(column.typ)
			}
		}
	}
	return nil
}

func (p parquetColumn) statistics(typ catalog.Type) catalog.ColumnStatistics {
	out := catalog.ColumnStatistics{NullShare: -1}
	if p.Nulls >= 0 && p.Values > 0 {
		out.NullShare = p.Nulls / p.Values
	}
	// Groups either repeat each other's values or, where nearly each row has its own, do not.
	const own = 0.9
	switch {
	case p.Most < 0:
	case p.Fullest > own:
		out.Distinct = p.Sum
	default:
		out.Distinct = p.Most
	}
	switch typ.Kind {
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Decimal, catalog.Float32, catalog.Float64:
		bound(&out, catalog.Float64, p.First, p.Last)
	case catalog.Date, catalog.Timestamp, catalog.TimestampTZ:
		bound(&out, catalog.Timestamp, p.Opening, p.Final)
	}
	return out
}

func bound(to *catalog.ColumnStatistics, kind catalog.Kind, first, last *float64) {
	if first == nil || last == nil {
		return
	}
	typ := catalog.Type{Kind: kind}
	if kind == catalog.Float64 {
		to.SetBounds(catalog.Value{Type: typ, V: *first}, catalog.Value{Type: typ, V: *last})
	} else {
		to.SetBounds(catalog.Value{Type: typ, V: int64(*first)}, catalog.Value{Type: typ, V: int64(*last)})
	}
}

// lookedAt is how much of a text file is looked at.
const lookedAt = 64 << 10

// guessRows takes every line for a row and the first lines for usual ones; -1 where
// that is no guess.
func (t *table) guessRows() int64 {
	if t.format == jsonFormat && t.json != "newline_delimited" {
		return -1
	}
	total := 0.0
	for _, f := range t.files {
		if strings.HasSuffix(strings.ToLower(f.path), ".gz") {
			return -1
		}
		read, lines, err := firstLines(f.path)
		if err != nil {
			return -1
		}
		if read == 0 {
			continue
		}
		rows := float64(lines) * float64(f.stamp.size) / float64(read)
		if t.format == csvFormat {
			rows-- // the header
		}
		total += max(rows, 0)
	}
	return int64(total)
}

func firstLines(path string) (read, lines int, err error) {
	in, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	b, err := io.ReadAll(io.LimitReader(in, lookedAt))
	if err != nil {
		return 0, 0, err
	}
	return len(b), bytes.Count(b, []byte{'\n'}), nil
}

// Examine looks whether the files could be written: their account is this process.
func (s *source) Examine(ctx context.Context) (*connectors.Examination, error) {
	if err := ctx.Err(); err != nil {
		return nil, errs.From(err)
	}
	groups, err := s.place.list()
	if err != nil {
		return nil, err
	}
	x := &connectors.Examination{Encoding: "UTF-8", Collation: "binary", Binary: connectors.Yes}
	x.Account.FileWritable = connectors.No
	for _, g := range groups {
		for _, f := range g.files {
			if connectors.FileWritable(f.path) == connectors.Yes {
				x.Account.FileWritable = connectors.Yes
			}
		}
	}
	return x, nil
}
