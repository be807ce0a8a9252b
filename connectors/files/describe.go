package files

import (
	"context"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// table is a table as it was described: its types hold for later scans.
type table struct {
	group
	source  string
	columns []column
	rows    int64  // -1 when unknown
	comma   string // CSV: what stands between fields
	json    string // JSON: DuckDB's name of the layout
	// shapes has what each file looked like when it was last checked.
	shapes map[string]shape
}

// shape is what the files of a table share: names and, in Parquet, types.
type shape struct {
	stamp   stamp
	columns []string
}

// column is a column of a table.
type column struct {
	name string // here and in the view
	raw  string // in what DuckDB's reader gives
	typ  catalog.Type
	// spelled is the type for people.
	spelled string
}

func (t *table) catalogue() *catalog.Table {
	out := &catalog.Table{ID: catalog.TableID{Schema: schema, Name: t.name}, Rows: t.rows}
	for _, c := range t.columns {
		out.Columns = append(out.Columns, catalog.Column{
			Name: c.name, SourceName: c.name, Type: c.typ, SourceType: c.spelled,
			Collation: catalog.Collation{Binary: c.typ.Kind == catalog.Text && c.spelled == c.typ.DuckDB()},
		})
	}
	return out
}

func (s *source) describe(ctx context.Context, c *duck.Conn) ([]*table, error) {
	groups, err := s.place.list()
	if err != nil {
		return nil, err
	}
	for name := range s.declared {
		if !slices.ContainsFunc(groups, func(g *group) bool { return g.name == name }) {
			return nil, s.invalid("files_columns_table", msg.Args{"Table": name})
		}
	}
	tables := make([]*table, len(groups))
	for i, g := range groups {
		t := &table{group: *g, source: s.name, rows: -1, shapes: map[string]shape{}}
		declared, err := s.declaredTypes(ctx, c, g.name)
		if err != nil {
			return nil, err
		}
		switch g.format {
		case parquetFormat:
			err = t.describeParquet(ctx, c)
		case csvFormat:
			err = t.describeCSV(ctx, c, declared)
		case jsonFormat:
			err = t.describeJSON(ctx, c, declared)
		}
		if err != nil {
			return nil, s.contentError(t, err)
		}
		if len(t.columns) == 0 {
			return nil, t.refuse("files_no_columns", t.files[0], nil)
		}
		if err := s.knowsDeclared(t, declared); err != nil {
			return nil, err
		}
		tables[i] = t
	}
	return tables, nil
}

// declaredTypes gives the types that a person declared for a table's columns.
func (s *source) declaredTypes(ctx context.Context, c *duck.Conn, table string) (map[string]catalog.Type, error) {
	out := map[string]catalog.Type{}
	for name, text := range s.declared[table] {
		t, err := declaredType(ctx, c, text)
		switch {
		case err != nil:
			return nil, err
		case !t.Readable():
			return nil, s.invalid("files_columns_type", msg.Args{"Table": table, "Column": name, "Type": text})
		}
		out[name] = t
	}
	return out, nil
}

func (s *source) knowsDeclared(t *table, declared map[string]catalog.Type) error {
	for name := range declared {
		if t.format == parquetFormat {
			return s.invalid("files_columns_parquet", msg.Args{"Table": t.name})
		}
		if !slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name }) {
			return s.invalid("files_columns_column", msg.Args{"Table": t.name, "Column": name})
		}
	}
	return nil
}

func (s *source) invalid(id string, args msg.Args) *errs.Error {
	args["Source"] = s.name
	return errs.New(errs.ConfigInvalid, id, args)
}

// check looks at the files that are new or have changed since the last look: all
// must have the first one's shape. With id the error says when that was.
func (t *table) check(ctx context.Context, c *duck.Conn, files []file, id string) error {
	first := t.shapes[""].columns
	for _, f := range files {
		if old, known := t.shapes[f.path]; known && old.stamp == f.stamp {
			continue
		}
		columns, err := t.shapeOf(ctx, c, f)
		if err != nil {
			return err
		}
		if first == nil {
			first = columns
			t.shapes[""] = shape{columns: first}
		}
		if at := differ(first, columns); at != "" {
			return t.refuse(id, f, msg.Args{"Column": at})
		}
		t.shapes[f.path] = shape{stamp: f.stamp, columns: columns}
	}
	return nil
}

// differ gives the first column in which two shapes differ; empty when none does.
func differ(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			return want[i]
		case i >= len(want) || want[i] != got[i]:
			return got[i]
		}
	}
	return ""
}

// shapeOf gives the names, and in Parquet the types, of a file's columns. JSON
// has none: a key that is missing is NULL.
func (t *table) shapeOf(ctx context.Context, c *duck.Conn, f file) ([]string, error) {
	switch t.format {
	case csvFormat:
		return t.header(f, t.comma)
	case parquetFormat:
		columns, err := parquetColumns(ctx, c, f)
		if err != nil {
			return nil, err
		}
		// DuckDB finds columns by name: their order may differ.
		shape := make([]string, len(columns))
		for i, col := range columns {
			shape[i] = col.raw + " " + col.spelled
		}
		slices.Sort(shape)
		return shape, nil
	}
	return nil, nil
}

// view writes what a scan reads: the files with the types that were described.
func (t *table) view(files []file) string {
	outer := make([]string, len(t.columns))
	inner := make([]string, len(t.columns), len(t.columns)+1)
	for i, c := range t.columns {
		value := catalog.QuoteIdent(c.raw)
		switch t.format {
		case csvFormat:
			value = csvValue(value, c.typ, failure(i))
		case jsonFormat:
			at := catalog.QuoteIdent("c" + num(i))
			inner[i] = jsonInner(value, c.typ, failure(i)) + " AS " + at
			value = jsonValue(at, c.typ, failure(i))
		}
		outer[i] = value + " AS " + catalog.QuoteIdent(c.name)
	}
	from := t.reader(files)
	if t.format == jsonFormat {
		from = "(SELECT " + strings.Join(append(inner, catalog.QuoteIdent(fileColumn)), ", ") + " FROM " + from + ")"
	}
	return "CREATE OR REPLACE VIEW " + catalog.QuoteIdent(schema) + "." + catalog.QuoteIdent(t.name) +
		" AS SELECT " + strings.Join(outer, ", ") + " FROM " + from
}

// reader writes DuckDB's table function over files of the table.
func (t *table) reader(files []file) string {
	switch t.format {
	case csvFormat:
		return csvReader(files, t.comma, len(t.columns))
	case jsonFormat:
		names := make([]string, len(t.columns))
		for i, c := range t.columns {
			names[i] = c.raw
		}
		return jsonReader(files, t.json, names)
	}
	return parquetReader(files)
}

// unfit writes the condition under which a cell of the i-th column is none of
// those that expression converts.
func (t *table) unfit(i int) string {
	c := t.columns[i]
	raw := catalog.QuoteIdent(c.raw)
	if t.format == csvFormat {
		return csvUnfit(raw, c.typ)
	}
	return jsonUnfit(raw, c.typ)
}

// fileColumn is where DuckDB's readers put a file's path, for errors.
const fileColumn = "lianji:file"

// marker begins the error of a cell that does not fit: the column's number and
// the file follow.
const marker = "lianji:cell:"

func failure(column int) string {
	return "error(" + literal(marker+num(column)+":") + " || " + catalog.QuoteIdent(fileColumn) + ")"
}

// paths writes a list of files for DuckDB's readers, which take them for patterns.
func paths(files []file) string {
	quoted := make([]string, len(files))
	for i, f := range files {
		quoted[i] = literal(pattern.Replace(f.path))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// pattern writes a path as a pattern that matches nothing else.
var pattern = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
