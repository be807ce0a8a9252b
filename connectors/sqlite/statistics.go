package sqlite

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

// Statistics reads what ANALYZE has left in sqlite_stat1, and what lies at the ends
// of indexes: these are found without reading what is between.
func (s *source) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	out := map[catalog.TableID]*catalog.Statistics{}
	err := s.with(ctx, func(ctx context.Context, db *session) error {
		if err := db.control(ctx, "BEGIN"); err != nil {
			return err
		}
		err := statistics(ctx, db, tables, out)
		if endErr := db.control(ctx, "COMMIT"); err == nil {
			err = endErr
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func statistics(ctx context.Context, db *session, tables []*catalog.Table, out map[catalog.TableID]*catalog.Statistics) error {
	rowids := map[string]bool{}
	err := db.query(ctx, "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'", nil, func(stmt *sqlite.Stmt) error {
		rowids[stmt.ColumnText(0)] = !stmt.ColumnBool(1)
		return nil
	})
	if err != nil {
		return err
	}
	counts, err := analyzed(ctx, db)
	if err != nil {
		return err
	}
	for _, t := range tables {
		hasRowid, there := rowids[t.ID.Name]
		if t.View || !there {
			continue
		}
		g := &gathering{ctx: ctx, db: db, table: t, counts: counts[t.ID.Name]}
		if out[t.ID], err = g.gather(hasRowid); err != nil {
			return err
		}
	}
	return nil
}

// analyzed gives the rows of sqlite_stat1, by table and index; the table's own row
// has no index.
func analyzed(ctx context.Context, db *session) (map[string]map[string][]int64, error) {
	there, out := false, map[string]map[string][]int64{}
	err := db.query(ctx, `SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = 'sqlite_stat1'`, nil,
		func(*sqlite.Stmt) error { there = true; return nil })
	if err != nil || !there {
		return out, err
	}
	err = db.query(ctx, "SELECT tbl, coalesce(idx, ''), stat FROM main.sqlite_stat1", nil, func(stmt *sqlite.Stmt) error {
		var numbers []int64
		for _, word := range strings.Fields(stmt.ColumnText(2)) {
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil || n < 0 {
				break // words such as unordered follow
			}
			numbers = append(numbers, n)
		}
		if len(numbers) > 0 {
			if out[stmt.ColumnText(0)] == nil {
				out[stmt.ColumnText(0)] = map[string][]int64{}
			}
			out[stmt.ColumnText(0)][stmt.ColumnText(1)] = numbers
		}
		return nil
	})
	return out, err
}

// gathering is the work on one table.
type gathering struct {
	ctx    context.Context
	db     *session
	table  *catalog.Table
	counts map[string][]int64 // by index: rows, then rows for each value of its first column, first two, ...
	out    *catalog.Statistics
}

func (g *gathering) gather(hasRowid bool) (*catalog.Statistics, error) {
	g.out = &catalog.Statistics{Rows: -1, Read: time.Now(), Columns: map[string]catalog.ColumnStatistics{}}
	for _, numbers := range g.counts {
		g.out.Rows = max(g.out.Rows, numbers[0]) // smaller only for a partial index
	}
	if g.out.Rows < 0 && hasRowid {
		if err := g.byRowid(); err != nil {
			return nil, err
		}
	}
	if hasRowid {
		for _, c := range g.table.Columns {
			if c.SourceType == rowidType {
				if err := g.ends(c, ""); err != nil {
					return nil, err
				}
			}
		}
	}
	type index struct {
		name, column string
	}
	var indexes []index
	err := g.db.query(g.ctx, `SELECT l.name, x.name FROM pragma_index_list(?1, 'main') l, pragma_index_xinfo(l.name, 'main') x
		WHERE NOT l.partial AND x.seqno = 0 AND x.cid >= 0 AND x.coll = 'BINARY'`, []string{g.table.ID.Name},
		func(stmt *sqlite.Stmt) error {
			indexes = append(indexes, index{stmt.ColumnText(0), stmt.ColumnText(1)})
			return nil
		})
	if err != nil {
		return nil, err
	}
	for _, x := range indexes {
		at := slices.IndexFunc(g.table.Columns, func(c catalog.Column) bool { return c.SourceName == x.column })
		if at < 0 {
			continue
		}
		c := g.table.Columns[at]
		if numbers := g.counts[x.name]; len(numbers) > 1 && numbers[1] > 0 {
			known := g.out.Column(c.Name)
			known.Distinct = float64(numbers[0]) / float64(numbers[1])
			g.out.Columns[c.Name] = known
		}
		if err := g.ends(c, x.name); err != nil {
			return nil, err
		}
	}
	g.out.CountKeys(g.table)
	g.out.Never = len(g.counts) == 0 && g.out.Rows != 0
	return g.out, nil
}

// byRowid counts the rows by the first and the last one's number. Numbers that
// somebody chose may lie so far apart that the file could not hold all between.
func (g *gathering) byRowid() error {
	name := ""
	for _, candidate := range []string{"rowid", "_rowid_", "oid"} {
		if name == "" && !slices.ContainsFunc(g.table.Columns, func(c catalog.Column) bool { return catalog.SameName(c.SourceName, candidate) }) {
			name = candidate
		}
	}
	if name == "" {
		return nil
	}
	from := " FROM main." + catalog.QuoteIdent(g.table.ID.Name)
	return g.db.query(g.ctx, "SELECT (SELECT min("+name+")"+from+"), (SELECT max("+name+")"+from+")", nil, func(stmt *sqlite.Stmt) error {
		if stmt.ColumnType(0) != sqlite.TypeInteger {
			g.out.Rows = 0
			return nil
		}
		// A row has a byte for each column and two more at least.
		most := float64(g.db.file.Size()) / float64(len(g.table.Columns)+2)
		if span := float64(stmt.ColumnInt64(1)) - float64(stmt.ColumnInt64(0)) + 1; span <= most {
			g.out.Rows = int64(span)
		}
		return nil
	})
}

// ends reads the first and the last value of a column in an index; of the rowid
// without a name.
func (g *gathering) ends(c catalog.Column, index string) error {
	switch c.Type.Kind {
	case catalog.Int64, catalog.Float64, catalog.Decimal, catalog.Date, catalog.Timestamp:
	default:
		return nil
	}
	column := catalog.QuoteIdent(c.SourceName)
	from := " FROM main." + catalog.QuoteIdent(g.table.ID.Name)
	if index != "" {
		from += " INDEXED BY " + catalog.QuoteIdent(index)
	}
	end := func(order string) string {
		return "(SELECT " + column + from + " WHERE " + column + " IS NOT NULL ORDER BY " + column + " COLLATE BINARY" + order + " LIMIT 1)"
	}
	var found []catalog.Value
	err := g.db.query(g.ctx, "SELECT "+end("")+", "+end(" DESC"), nil, func(stmt *sqlite.Stmt) error {
		for i := range 2 {
			if v, ok := catalog.ParseValue(c.Type, stmt.ColumnText(i)); ok {
				found = append(found, v)
			}
		}
		return nil
	})
	if err != nil || len(found) != 2 {
		return err
	}
	known := g.out.Column(c.Name)
	known.SetBounds(found...)
	g.out.Columns[c.Name] = known
	return nil
}

// Examine looks at the file. Its account is this process.
func (s *source) Examine(ctx context.Context) (*connectors.Examination, error) {
	x := &connectors.Examination{Account: connectors.Account{FileWritable: connectors.FileWritable(s.path)}, Collation: "BINARY"}
	err := s.with(ctx, func(_ context.Context, db *session) error {
		x.Encoding, x.Binary = db.encoding, connectors.AnswerOf(db.encoding == "UTF-8")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}
