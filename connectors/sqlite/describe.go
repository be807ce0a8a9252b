package sqlite

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/catalog"
)

// Marks in Column.SourceType that the dialect relies on: the cells of such a
// column are all of its declared class.
const (
	rowidType  = "INTEGER PRIMARY KEY"
	strictMark = " (STRICT)"
	noType     = "(none)"
)

// Describe lists tables and views of schema main. Virtual tables and their
// shadows are not offered: reading them runs code that the file chooses. A view
// that SQLite itself cannot read (it names a table that is gone) is left out.
func (s *source) Describe(ctx context.Context) ([]*catalog.Table, error) {
	var out []*catalog.Table
	err := s.with(ctx, func(ctx context.Context, db *session) error {
		// One transaction, so that all is of one moment.
		if err := db.control(ctx, "BEGIN"); err != nil {
			return err
		}
		var err error
		out, err = describe(ctx, db)
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

// listed is a row of table_list.
type listed struct {
	name         string
	view, strict bool
}

func describe(ctx context.Context, db *session) ([]*catalog.Table, error) {
	var list []listed
	err := db.query(ctx, `SELECT name, type, strict FROM pragma_table_list WHERE schema = 'main'
		AND type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name COLLATE BINARY`, nil,
		func(stmt *sqlite.Stmt) error {
			list = append(list, listed{stmt.ColumnText(0), stmt.ColumnText(1) == "view", stmt.ColumnBool(2)})
			return nil
		})
	if err != nil {
		return nil, err
	}
	rows, err := estimates(ctx, db)
	if err != nil {
		return nil, err
	}
	var out []*catalog.Table
	for _, l := range list {
		t, err := describeTable(ctx, db, l)
		if l.view && err != nil && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultError {
			continue
		}
		if err != nil {
			return nil, err
		}
		t.Rows = -1
		if n, known := rows[l.name]; known {
			t.Rows = n
		}
		out = append(out, t)
	}
	return out, nil
}

func describeTable(ctx context.Context, db *session, l listed) (*catalog.Table, error) {
	t := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: l.name}, View: l.view}
	type keyPart struct{ place, column int }
	var key []keyPart
	var names, types []string
	err := db.query(ctx, `SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid`, []string{l.name},
		func(stmt *sqlite.Stmt) error {
			names, types = append(names, stmt.ColumnText(0)), append(types, stmt.ColumnText(1))
			t.Columns = append(t.Columns, catalog.Column{NotNull: stmt.ColumnBool(2)})
			if pk := stmt.ColumnInt(3); pk > 0 {
				key = append(key, keyPart{pk, len(names) - 1})
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	indexes, err := uniqueIndexes(ctx, db, l)
	if err != nil {
		return nil, err
	}
	// A lone INTEGER key that needs no index of its own is the rowid itself.
	rowid := -1
	if len(key) == 1 && !indexes.primary && strings.EqualFold(types[key[0].column], "INTEGER") {
		rowid = key[0].column
	}
	for i, name := range catalog.PublishNames(names) {
		c := &t.Columns[i]
		c.Name, c.SourceName = name, names[i]
		c.Type, c.SourceType = typeOf(types[i]), sourceType(types[i], l.strict, i == rowid)
		if c.Type.Kind == catalog.Text {
			if c.Collation, err = collation(ctx, db, l.name, c.SourceName); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(key, func(a, b keyPart) int { return a.place - b.place })
	for _, part := range key {
		t.PrimaryKey = append(t.PrimaryKey, t.Columns[part.column].Name)
	}
	t.Unique = indexes.named(names, t.Columns)
	return t, nil
}

// sourceType spells a declared type for people and for the dialect. What a file
// declares can be any text in quotes: it must not pass for a mark.
func sourceType(declared string, strict, rowid bool) string {
	switch {
	case rowid:
		return rowidType
	case strict && !strings.EqualFold(declared, "ANY"):
		return declared + strictMark
	case declared == "":
		return noType
	case declared == rowidType || strings.HasSuffix(declared, strictMark):
		return declared + " "
	}
	return declared
}

// keys are a table's unique indexes as names at the source.
type keys struct {
	primary bool // the primary key has an index of its own
	unique  [][]string
}

func uniqueIndexes(ctx context.Context, db *session, l listed) (keys, error) {
	var out keys
	if l.view {
		return out, nil
	}
	var indexes []string
	err := db.query(ctx, `SELECT name, origin FROM pragma_index_list(?1, 'main') WHERE "unique" AND NOT partial ORDER BY seq DESC`, []string{l.name},
		func(stmt *sqlite.Stmt) error {
			if stmt.ColumnText(1) == "pk" {
				out.primary = true
				return nil
			}
			indexes = append(indexes, stmt.ColumnText(0))
			return nil
		})
	if err != nil {
		return out, err
	}
	for _, index := range indexes {
		var columns []string
		whole := true // no expression among the columns
		err := db.query(ctx, `SELECT name, cid FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno`, []string{index},
			func(stmt *sqlite.Stmt) error {
				whole = whole && stmt.ColumnInt(1) >= 0
				columns = append(columns, stmt.ColumnText(0))
				return nil
			})
		if err != nil {
			return out, err
		}
		if whole {
			out.unique = append(out.unique, columns)
		}
	}
	return out, nil
}

// named turns names at the source into the columns' names here.
func (k keys) named(source []string, columns []catalog.Column) [][]string {
	var out [][]string
	for _, u := range k.unique {
		names := make([]string, 0, len(u))
		for _, name := range u {
			if i := slices.Index(source, name); i >= 0 {
				names = append(names, columns[i].Name)
			}
		}
		if len(names) == len(u) {
			out = append(out, names)
		}
	}
	return out
}

// collation finds out how a column compares text by comparing: an empty read of
// the column gives its collation to a text of our own. SQLite has no other way to
// tell it, for a view least of all.
func collation(ctx context.Context, db *session, table, column string) (catalog.Collation, error) {
	sql := "SELECT v = 'A', v = 'a ' FROM (SELECT " + catalog.QuoteIdent(column) + " AS v FROM main." +
		catalog.QuoteIdent(table) + " WHERE 0 UNION ALL SELECT 'a')"
	c := catalog.Collation{Name: "BINARY"}
	err := db.query(ctx, sql, nil, func(stmt *sqlite.Stmt) error {
		switch {
		case stmt.ColumnBool(0):
			c.Name = "NOCASE"
		case stmt.ColumnBool(1):
			c.Name = "RTRIM"
		}
		return nil
	})
	if err != nil {
		if sqlite.ErrCode(err) != sqlite.ResultErrorMissingCollSeq && sqlite.ErrCode(err) != sqlite.ResultError {
			return c, err
		}
		c.Name = "other" // one that the writing program brought along
	}
	if db.encoding != "UTF-8" {
		c.Name += " UTF-16"
	}
	c.Binary = c.Name == "BINARY"
	return c, nil
}

// estimates reads what ANALYZE has left, if anything: the first number of a row
// of sqlite_stat1 is the table's count, smaller only for a partial index.
func estimates(ctx context.Context, db *session) (map[string]int64, error) {
	out := map[string]int64{}
	there := false
	err := db.query(ctx, `SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = 'sqlite_stat1'`, nil,
		func(*sqlite.Stmt) error { there = true; return nil })
	if err != nil || !there {
		return out, err
	}
	err = db.query(ctx, "SELECT tbl, stat FROM main.sqlite_stat1", nil, func(stmt *sqlite.Stmt) error {
		first, _, _ := strings.Cut(stmt.ColumnText(1), " ")
		if n, err := strconv.ParseInt(first, 10, 64); err == nil && n >= 0 {
			out[stmt.ColumnText(0)] = max(n, out[stmt.ColumnText(0)])
		}
		return nil
	})
	return out, err
}
