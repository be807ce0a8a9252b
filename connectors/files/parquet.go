package files

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
)

// describeParquet takes names and types from the files' schema, and the number of
// rows, which Parquet knows.
func (t *table) describeParquet(ctx context.Context, c *duck.Conn) error {
	if err := t.check(ctx, c, t.files, "files_shape"); err != nil {
		return err
	}
	columns, err := parquetColumns(ctx, c, t.files[0])
	if err != nil {
		return err
	}
	t.columns = columns
	rows, err := c.QueryText(ctx, "SELECT CAST(sum(num_rows) AS VARCHAR) FROM parquet_file_metadata("+paths(t.files)+")")
	if err != nil {
		return err
	}
	if t.rows, err = strconv.ParseInt(rows, 10, 64); err != nil {
		t.rows = -1
	}
	return nil
}

func parquetReader(files []file) string {
	return "read_parquet(" + paths(files) + ", hive_partitioning = false, union_by_name = false)"
}

// parquetColumns gives the columns of one file. Those that DuckDB's reader would
// change have no type.
func parquetColumns(ctx context.Context, c *duck.Conn, f file) ([]column, error) {
	bound, err := duckscan.Types(ctx, c, parquetReader([]file{f}))
	if err != nil {
		return nil, err
	}
	spelled, err := spelledTypes(ctx, c, parquetReader([]file{f}))
	if err != nil {
		return nil, err
	}
	fields, err := parquetFields(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if len(fields) != len(bound) || len(spelled) != len(bound) {
		return nil, errs.Internalf("the schema of a Parquet file has %d columns and is read as %d", len(fields), len(bound))
	}
	columns := make([]column, len(bound))
	names := make([]string, len(bound))
	for i, b := range bound {
		names[i] = b.Name
		columns[i] = column{raw: b.Name, typ: duckscan.As(b.Type), spelled: spelled[i]}
		if lossy := fields[i].lossy(); lossy != "" {
			columns[i].typ, columns[i].spelled = catalog.Type{}, lossy
		}
		// DuckDB passes over rows that a comparison should find: Parquet's statistics
		// leave NaN out, its Bloom filters tell the two zeros apart, and for bytes
		// DuckDB asks them about another spelling. The dialect sends no comparison for
		// a type that is spelled otherwise than it is read.
		switch columns[i].typ.Kind {
		case catalog.Float32, catalog.Float64, catalog.Blob:
			columns[i].spelled += " (Parquet)"
		}
	}
	for i, name := range catalog.PublishNames(names) {
		columns[i].name = name
	}
	return columns, nil
}

// spelledTypes gives the types of a relation's columns as DuckDB writes them.
func spelledTypes(ctx context.Context, c *duck.Conn, relation string) ([]string, error) {
	text, err := c.QueryText(ctx, "SELECT CAST(to_json(list(column_type)) AS VARCHAR) FROM (DESCRIBE SELECT * FROM "+relation+")")
	if err != nil {
		return nil, err
	}
	var out []string
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, errs.Internalf("the types of a Parquet file cannot be read")
	}
	return out, nil
}

// field is a node of a Parquet schema with those below it.
type field struct {
	Name      string
	Type      string // physical
	Converted string
	Precision int
	Logical   string
	Children  int
	below     []field
}

// parquetFields gives a file's top-level fields.
func parquetFields(ctx context.Context, c *duck.Conn, f file) ([]field, error) {
	text, err := c.QueryText(ctx, `SELECT CAST(to_json(list({'Name': name, 'Type': coalesce(type, ''), 'Converted': coalesce(converted_type, ''),
		'Precision': coalesce(precision, 0), 'Logical': coalesce(logical_type, ''), 'Children': coalesce(num_children, 0)})) AS VARCHAR)
		FROM parquet_schema(`+paths([]file{f})+")")
	if err != nil {
		return nil, err
	}
	var flat []field
	if err := json.Unmarshal([]byte(text), &flat); err != nil || len(flat) == 0 {
		return nil, errs.Internalf("the schema of a Parquet file cannot be read")
	}
	root, _ := grow(flat)
	return root.below, nil
}

// grow makes a tree of a schema's list, which has each node before those below it.
func grow(flat []field) (field, []field) {
	f, rest := flat[0], flat[1:]
	for i := 0; i < f.Children && len(rest) > 0; i++ {
		var child field
		child, rest = grow(rest)
		f.below = append(f.below, child)
	}
	return f, rest
}

const widestDecimal = 38

// lossy names the type of the first part that DuckDB's reader does not keep whole;
// empty when there is none.
func (f field) lossy() string {
	for _, b := range f.below {
		if found := b.lossy(); found != "" {
			return found
		}
	}
	nanos := strings.Contains(f.Logical, "NANOS=NanoSeconds()")
	switch {
	case f.Precision > widestDecimal:
		return fmt.Sprintf("DECIMAL(%d)", f.Precision) // read as DOUBLE
	case f.Type == "INT96":
		return "INT96" // nanoseconds, read as microseconds
	case nanos && strings.HasPrefix(f.Logical, "TimeType"):
		return "TIME(NANOS)"
	case nanos && strings.Contains(f.Logical, "isAdjustedToUTC=1"):
		return "TIMESTAMP(NANOS, UTC)"
	}
	return ""
}
