package duckdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/internal/ducktest"
	"github.com/lianji/lianji/internal/errs"
)

func TestConformance(t *testing.T) {
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	types := []catalog.Type{catalog.DecimalOf(4, 1), catalog.DecimalOf(9, 9), catalog.DecimalOf(18, 2), catalog.DecimalOf(38, 0), catalog.DecimalOf(38, 10),
		catalog.ListOf(kind(catalog.Int32)), catalog.ListOf(kind(catalog.Text)), catalog.ListOf(catalog.ListOf(kind(catalog.Date))),
		{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "a b", Type: kind(catalog.Int64)}, {Name: "字", Type: kind(catalog.Text)}, {Name: "l", Type: catalog.ListOf(kind(catalog.Bool))}}}}
	for _, k := range []catalog.Kind{catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Float32, catalog.Float64, catalog.Text, catalog.Blob, catalog.Date, catalog.Time, catalog.TimestampS, catalog.TimestampMS, catalog.Timestamp, catalog.TimestampNS, catalog.TimestampTZ,
		catalog.Interval, catalog.UUID, catalog.JSON, catalog.HugeInt} {
		types = append(types, kind(k))
	}
	connectortest.Run(t, connectortest.Harness{
		Open:      Open,
		Load:      load,
		Schema:    "main",
		Types:     types,
		Rows:      typeRows,
		LoadTypes: loadTypes,
		Broken:    broken,
		Slow:      "SELECT CAST(count(*) AS BIGINT) AS n FROM range(100000000000) AS r(i) WHERE i % 7 = 8",
		Features:  connectortest.Features{Views: true, Keys: true, Unique: true, NotNull: true, Comments: true, RowEstimates: true},
		Knows:     connectortest.Knowledge{Distinct: true, Keys: true, Extent: true},
	})
}

func load(tb testing.TB, tables []connectortest.Table) connectors.Config {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "城 市.duckdb")
	db := ducktest.Open(tb, path)
	for _, t := range tables {
		if t.Schema == "" {
			t.Schema = "main"
		}
		db.Exec("CREATE SCHEMA IF NOT EXISTS " + catalog.QuoteIdent(t.Schema))
		name := catalog.QuoteIdent(t.Schema) + "." + catalog.QuoteIdent(t.Name)
		if t.ViewOf != "" {
			db.Exec("CREATE VIEW " + name + " AS SELECT * FROM " + catalog.QuoteIdent(t.Schema) + "." + catalog.QuoteIdent(t.ViewOf))
			continue
		}
		db.Exec("CREATE TABLE " + name + " (" + strings.Join(definitions(t), ", ") + ")")
		if t.Comment != "" {
			db.Exec("COMMENT ON TABLE " + name + " IS " + ducktest.Text(t.Comment))
		}
		plain := true
		for _, c := range t.Columns {
			if c.Comment != "" {
				db.Exec("COMMENT ON COLUMN " + name + "." + catalog.QuoteIdent(c.Name) + " IS " + ducktest.Text(c.Comment))
			}
			plain = plain && (c.Type.Kind == catalog.Int64 || c.Type.Kind == catalog.Text)
		}
		if plain {
			db.Append("made", t.Schema, t.Name, t.Rows)
			continue
		}
		for row := range t.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = ducktest.Literal(t.Columns[i].Type, v)
			}
			db.Exec("INSERT INTO " + name + " VALUES (" + strings.Join(cells, ", ") + ")")
		}
	}
	db.Close()
	return connectors.Config{Path: path}
}

func definitions(t connectortest.Table) []string {
	quoted := func(names []string) string {
		out := make([]string, len(names))
		for i, n := range names {
			out[i] = catalog.QuoteIdent(n)
		}
		return "(" + strings.Join(out, ", ") + ")"
	}
	var out []string
	for _, c := range t.Columns {
		d := catalog.QuoteIdent(c.Name) + " " + c.Type.DuckDB()
		if c.NotNull {
			d += " NOT NULL"
		}
		out = append(out, d)
	}
	if t.Key != nil {
		out = append(out, "PRIMARY KEY "+quoted(t.Key))
	}
	for _, u := range t.Unique {
		out = append(out, "UNIQUE "+quoted(u))
	}
	return out
}

func loadTypes(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "types.duckdb")
	db := ducktest.Open(tb, path)
	db.Exec("CREATE TYPE mood AS ENUM ('zufrieden', '中', 'a''b')", "CREATE TYPE money AS DECIMAL(12,2)")
	for _, t := range tables {
		db.Exec(fmt.Sprintf("CREATE TABLE %s (n BIGINT, v %s)", catalog.QuoteIdent(t.Name), t.DDL))
		for i, l := range t.Literals {
			db.Exec(fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", catalog.QuoteIdent(t.Name), i, l))
		}
	}
	db.Close()
	return connectors.Config{Path: path}
}

func broken(tb testing.TB) []connectortest.Broken {
	dir := tb.TempDir()
	write := func(name, text string) connectors.Config {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		return connectors.Config{Path: path}
	}
	return []connectortest.Broken{
		{Name: "a missing file", Config: connectors.Config{Path: filepath.Join(dir, "missing.duckdb")}, Code: errs.SourceUnreachable, Hidden: []string{dir}},
		{Name: "a folder", Config: connectors.Config{Path: dir}, Code: errs.SourceUnreachable, Hidden: []string{dir}},
		{Name: "another kind of file", Config: write("x.duckdb", strings.Repeat("text ", 5000)), Code: errs.SourceUnreachable, Hidden: []string{dir}},
		{Name: "an empty file", Config: write("y.duckdb", ""), Code: errs.SourceUnreachable, Hidden: []string{dir}},
	}
}

const typesIntro = `Every type is read; nothing is rounded. What the gateway has no type for is cast to text by the statement that reads it, also inside of lists and structs. Comparisons are sent when the column is stored as what it is read as, and text when it compares by code point (no COLLATE).`

func TestTypesDoc(t *testing.T) {
	connectortest.TypesDoc(t, "duckdb", "DuckDB", typesIntro, typeRows)
}
