package mysql

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
)

const (
	sqlCounts = `
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES
WHERE {databases} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_ROWS IS NOT NULL`

	// How many values the first column of an index has is known by the index.
	sqlCardinality = `
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, MAX(CARDINALITY) FROM information_schema.STATISTICS
WHERE {databases} AND SEQ_IN_INDEX = 1 AND SUB_PART IS NULL AND COLUMN_NAME IS NOT NULL AND CARDINALITY IS NOT NULL
GROUP BY TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME`
)

// Statistics reads how many rows the storage engine takes a table to have and how many
// values its indexes.
func (s *source) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	wanted := map[catalog.TableID]*catalog.Table{}
	for _, t := range tables {
		wanted[t.ID] = t
	}
	var out map[catalog.TableID]*catalog.Statistics
	err := s.with(ctx, func(used *session) error {
		out = map[catalog.TableID]*catalog.Statistics{}
		d, now := description{only: s.config.database}, time.Now()
		if err := d.read(used, d.within(sqlCounts), func(row cells) {
			id := catalog.TableID{Schema: row.text(0), Name: row.text(1)}
			if rows, err := strconv.ParseInt(row.text(2), 10, 64); err == nil && rows >= 0 && wanted[id] != nil {
				out[id] = &catalog.Statistics{Rows: rows, Read: now, Columns: map[string]catalog.ColumnStatistics{}}
			}
		}); err != nil {
			return err
		}
		return d.read(used, d.within(sqlCardinality), func(row cells) {
			id := catalog.TableID{Schema: row.text(0), Name: row.text(1)}
			if out[id] != nil {
				addCardinality(wanted[id], out[id], row.text(2), row.text(3))
			}
		})
	})
	if err != nil {
		return nil, err
	}
	for id, known := range out {
		known.CountKeys(wanted[id])
	}
	return out, nil
}

func addCardinality(t *catalog.Table, to *catalog.Statistics, name, count string) {
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n <= 0 {
		return
	}
	for _, c := range t.Columns {
		// A collation that folds or pads counts texts as one that are two here; an
		// estimate can bear that.
		if strings.EqualFold(c.SourceName, name) {
			known := to.Column(c.Name)
			known.Distinct = float64(n)
			to.Columns[c.Name] = known
		}
	}
}
