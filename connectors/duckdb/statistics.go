package duckdb

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
)

// Statistics reads what DuckDB keeps of each column beside its data.
func (s *source) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	out := map[catalog.TableID]*catalog.Statistics{}
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) error {
		relations, err := list[relationInfo](ctx, in.Conn, relationsSQL)
		if err != nil {
			return err
		}
		rows := map[catalog.TableID]int64{}
		for _, r := range relations {
			if !r.View {
				rows[catalog.TableID{Schema: r.Schema, Name: r.Name}] = r.Rows
			}
		}
		for _, t := range tables {
			n, there := rows[t.ID]
			if !there {
				continue
			}
			known := &catalog.Statistics{Rows: n, Read: time.Now(), Columns: map[string]catalog.ColumnStatistics{}}
			if err := readColumns(ctx, in.Conn, t, known); err != nil {
				return err
			}
			out[t.ID] = known
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readColumns asks for what DuckDB's own planner knows of the columns; it reads a
// row for that, none for an empty table.
func readColumns(ctx context.Context, c *duck.Conn, t *catalog.Table, to *catalog.Statistics) error {
	var columns []catalog.Column
	var list []string
	for _, column := range t.Columns {
		if column.Type.Readable() {
			columns = append(columns, column)
			list = append(list, "stats("+catalog.QuoteIdent(column.SourceName)+")")
		}
	}
	if len(columns) == 0 {
		return nil
	}
	text, err := c.QueryText(ctx, "SELECT CAST(to_json(["+strings.Join(list, ", ")+"]) AS VARCHAR) FROM "+
		catalog.QuoteIdent(t.ID.Schema)+"."+catalog.QuoteIdent(t.ID.Name)+" LIMIT 1")
	var texts []string
	if err != nil || text == "" || json.Unmarshal([]byte(text), &texts) != nil || len(texts) != len(columns) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return nil // a column was changed since; the rows are known at least
	}
	for i, column := range columns {
		to.Columns[column.Name] = columnStatistics(column.Type, texts[i], to.Rows)
	}
	return nil
}

// What stats() writes. A text's first and last value come first and may hold
// anything, so the rest is looked for from the end.
var (
	approxUnique = regexp.MustCompile(`\[Approx Unique: (\d+)\]$`)
	hasNull      = regexp.MustCompile(`\[Has Null: (true|false), Has No Null: (?:true|false)\](?:\[Approx Unique: \d+\])?$`)
	ends         = regexp.MustCompile(`^\[Min: (.*), Max: (.*)\]\[Has Null`)
)

func columnStatistics(typ catalog.Type, text string, rows int64) catalog.ColumnStatistics {
	out := catalog.ColumnStatistics{NullShare: -1}
	if m := hasNull.FindStringSubmatch(text); m != nil && m[1] == "false" {
		out.NullShare = 0
	}
	if m := approxUnique.FindStringSubmatch(text); m != nil {
		if n, err := strconv.ParseFloat(m[1], 64); err == nil {
			out.Distinct = min(n, float64(max(rows, 1)))
		}
	}
	if m := ends.FindStringSubmatch(text); m != nil {
		first, ok := catalog.ParseValue(typ, m[1])
		last, also := catalog.ParseValue(typ, m[2])
		if ok && also {
			out.SetBounds(first, last)
		}
	}
	return out
}

// Examine looks at the file. Its account is this process.
func (s *source) Examine(ctx context.Context) (*connectors.Examination, error) {
	x := &connectors.Examination{
		Account: connectors.Account{FileWritable: connectors.FileWritable(s.path)}, Encoding: "UTF-8", Collation: "binary", Binary: connectors.Yes,
	}
	err := s.pool.With(ctx, func(ctx context.Context, in duckscan.Instance) error {
		collation, err := in.Conn.QueryText(ctx, "SELECT current_setting('default_collation')")
		if err == nil && collation != "" {
			x.Collation, x.Binary = collation, connectors.AnswerOf(strings.EqualFold(collation, "binary"))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}
