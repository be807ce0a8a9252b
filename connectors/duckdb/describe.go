package duckdb

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// What DuckDB's catalogue says, each as one JSON text. Internal is what DuckDB
// brings along, temporary what nobody else sees.
const (
	relationsSQL = `SELECT CAST(to_json(list({'Schema': schema_name, 'Name': name, 'View': is_view, 'Rows': rows, 'Comment': coalesce(comment, '')}
		ORDER BY schema_name, name)) AS VARCHAR) FROM (
		SELECT schema_name, table_name AS name, false AS is_view, estimated_size AS rows, comment FROM duckdb_tables()
		WHERE database_name = current_database() AND NOT internal AND NOT temporary
		UNION ALL
		SELECT schema_name, view_name, true, -1, comment FROM duckdb_views()
		WHERE database_name = current_database() AND NOT internal AND NOT temporary)`
	columnsSQL = `SELECT CAST(to_json(list({'Schema': schema_name, 'Relation': table_name, 'Name': column_name, 'Type': data_type,
		'Nullable': is_nullable, 'Comment': coalesce(comment, '')} ORDER BY schema_name, table_name, column_index)) AS VARCHAR)
		FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal`
	keysSQL = `SELECT CAST(to_json(list({'Schema': schema_name, 'Relation': table_name, 'Kind': constraint_type, 'Columns': constraint_column_names}
		ORDER BY schema_name, table_name, constraint_index)) AS VARCHAR)
		FROM duckdb_constraints() WHERE database_name = current_database() AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')`
)

type relationInfo struct {
	Schema, Name string
	View         bool
	Rows         int64
	Comment      string
}

type keyInfo struct {
	Schema, Relation, Kind string
	Columns                []string
}

// list runs one of the statements above.
func list[T any](ctx context.Context, c *duck.Conn, sql string) ([]T, error) {
	text, err := c.QueryText(ctx, sql)
	if err != nil || text == "" {
		return nil, err
	}
	var out []T
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, errs.Internalf("the catalogue of a DuckDB file cannot be read")
	}
	return out, nil
}

func (s *source) describe(ctx context.Context, c *duck.Conn) ([]*catalog.Table, error) {
	relations, err := list[relationInfo](ctx, c, relationsSQL)
	if err != nil {
		return nil, err
	}
	listed, err := list[columnInfo](ctx, c, columnsSQL)
	if err != nil {
		return nil, err
	}
	keys, err := list[keyInfo](ctx, c, keysSQL)
	if err != nil {
		return nil, err
	}
	database, err := c.QueryText(ctx, "SELECT current_database()")
	if err != nil {
		return nil, err
	}
	ofRelation := map[catalog.TableID][]columnInfo{}
	for _, l := range listed {
		id := catalog.TableID{Schema: l.Schema, Name: l.Relation}
		ofRelation[id] = append(ofRelation[id], l)
	}
	tables := make([]*catalog.Table, 0, len(relations))
	for _, r := range relations {
		// DuckDB would take "schema"."table" for a table of the database of that name.
		if slices.ContainsFunc([]string{database, "system", "temp"}, func(name string) bool { return strings.EqualFold(name, r.Schema) }) {
			return nil, errs.New(errs.NotSupported, "duckdb_schema_name", msg.Args{"Source": s.name, "Schema": r.Schema})
		}
		t := &catalog.Table{ID: catalog.TableID{Schema: r.Schema, Name: r.Name}, View: r.View, Rows: r.Rows, Comment: r.Comment}
		relation := catalog.QuoteIdent(r.Schema) + "." + catalog.QuoteIdent(r.Name)
		if t.Columns, err = columns(ctx, c, relation, ofRelation[t.ID]); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	addKeys(tables, keys)
	return tables, nil
}

func addKeys(tables []*catalog.Table, keys []keyInfo) {
	byID := map[catalog.TableID]*catalog.Table{}
	for _, t := range tables {
		byID[t.ID] = t
	}
	for _, k := range keys {
		t := byID[catalog.TableID{Schema: k.Schema, Name: k.Relation}]
		if t == nil {
			continue
		}
		names := make([]string, len(k.Columns))
		for i, source := range k.Columns {
			at := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.SourceName == source })
			if at < 0 {
				names = nil
				break
			}
			names[i] = t.Columns[at].Name
		}
		switch {
		case names == nil:
		case k.Kind == "PRIMARY KEY":
			t.PrimaryKey = names
		default:
			t.Unique = append(t.Unique, names)
		}
	}
}
