package postgres

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// What PostgreSQL's planner knows. pg_stats shows the columns that the account may
// read. Long texts are not fetched: they would have to travel to be hashed.
const (
	sqlCounts = `
SELECT n.nspname, c.relname,
       CASE WHEN c.relkind = 'p' THEN (
                SELECT CASE WHEN bool_or(l.reltuples < 0) THEN -1 ELSE coalesce(sum(l.reltuples::bigint), 0) END
                FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf)
            WHEN c.relhassubclass THEN (
                WITH RECURSIVE below(oid) AS (SELECT c.oid UNION SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)
                SELECT CASE WHEN bool_or(l.reltuples < 0) THEN -1 ELSE sum(l.reltuples::bigint) END FROM below b JOIN pg_class l ON l.oid = b.oid)
            WHEN c.reltuples < 0 OR c.reltuples = 0 AND c.relpages = 0 THEN coalesce(nullif(pg_stat_get_live_tuples(c.oid), 0), -1)
            ELSE c.reltuples::bigint END,
       coalesce(extract(epoch FROM greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)))::bigint, 0),
       c.relkind IN ('r', 'p', 'm')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.oid IN (` + sqlRelations + `)`

	// A table with children has two rows for a column: of itself alone, and with theirs,
	// which is how it is read, last.
	sqlStatistics = `
SELECT s.schemaname, s.tablename, s.attname, s.null_frac, s.avg_width, s.n_distinct,
       CASE WHEN s.avg_width <= 200 THEN to_json(s.most_common_vals::text::text[]) END, to_json(s.most_common_freqs),
       CASE WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'float4'::regtype, 'float8'::regtype, 'numeric'::regtype,
                                'date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype, 'oid'::regtype)
            THEN to_json(s.histogram_bounds::text::text[]) END
FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE c.oid IN (` + sqlRelations + `)
ORDER BY s.inherited`
)

// Statistics reads what PostgreSQL gathered by ANALYZE.
func (s *source) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	var answers []*pgconn.Result
	err := s.with(ctx, func(run context.Context, p *pgconn.PgConn) (err error) {
		answers, err = p.Exec(run, strings.Join([]string{sqlBegin, sqlCounts, sqlStatistics}, ";")).ReadAll()
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(answers) != 3 {
		return nil, errs.Internalf("source %s: %d answers about statistics, not 3", s.name, len(answers))
	}
	wanted := map[catalog.TableID]*catalog.Table{}
	for _, t := range tables {
		wanted[t.ID] = t
	}
	out, now := map[catalog.TableID]*catalog.Statistics{}, time.Now()
	gathers := map[catalog.TableID]bool{}
	for _, row := range answers[1].Rows {
		r := cells(row)
		id := catalog.TableID{Schema: r.text(0), Name: r.text(1)}
		if wanted[id] == nil {
			continue
		}
		counted := &catalog.Statistics{Rows: -1, Read: now, Columns: map[string]catalog.ColumnStatistics{}}
		if n, err := strconv.ParseInt(r.text(2), 10, 64); err == nil && n >= 0 {
			counted.Rows = n
		}
		if at, err := strconv.ParseInt(r.text(3), 10, 64); err == nil && at > 0 {
			counted.Analyzed = time.Unix(at, 0)
		}
		out[id], gathers[id] = counted, r.yes(4)
	}
	for _, row := range answers[2].Rows {
		r := cells(row)
		id := catalog.TableID{Schema: r.text(0), Name: r.text(1)}
		if out[id] != nil {
			addColumn(wanted[id], out[id], r)
		}
	}
	for id, counted := range out {
		counted.Never = gathers[id] && len(counted.Columns) == 0 && counted.Analyzed.IsZero() && counted.Rows != 0
	}
	return out, nil
}

// addColumn takes a row of sqlStatistics.
func addColumn(t *catalog.Table, to *catalog.Statistics, r cells) {
	for _, c := range t.Columns {
		if c.SourceName != r.text(2) {
			continue
		}
		known := catalog.ColumnStatistics{NullShare: r.float(3, -1), Width: r.float(4, 0), Distinct: r.float(5, 0)}
		if known.Distinct < 0 { // a share of the rows
			known.Distinct *= -float64(max(to.Rows, 0))
		}
		frequent, ok := r.values(6, c)
		if shares := []float64(nil); ok && json.Unmarshal(r[7], &shares) == nil {
			known.SetTop(frequent, shares)
		}
		if bounds, ok := r.values(8, c); ok {
			known.SetBounds(bounds...)
			known.Widen(frequent...) // the histogram leaves them out
		} else {
			known.SetBounds(frequent...)
		}
		to.Columns[c.Name] = known
	}
}

func (c cells) float(i int, otherwise float64) float64 {
	f, err := strconv.ParseFloat(string(c[i]), 64)
	if err != nil {
		return otherwise
	}
	return f
}

// values reads a list of a column's values; not ok when one of them is not known.
func (c cells) values(i int, column catalog.Column) ([]catalog.Value, bool) {
	var texts []string
	if len(c[i]) == 0 || json.Unmarshal(c[i], &texts) != nil {
		return nil, false
	}
	out := make([]catalog.Value, len(texts))
	for k, text := range texts {
		if strings.HasPrefix(column.SourceType, "character(") {
			text = strings.TrimRight(text, " ") // as it is read
		}
		v, ok := catalog.ParseValue(column.Type, text)
		if !ok {
			return nil, false
		}
		out[k] = v
	}
	return out, true
}
