package files

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/internal/ducktest"
	"github.com/lianji/lianji/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func of(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func kinds(list ...catalog.Kind) (types []catalog.Type) {
	for _, k := range list {
		types = append(types, of(k))
	}
	return types
}

// whatText are the types that CSV can be declared to have; of integers and
// decimals only the ends, because one condition serves all of each.
var whatText = append(kinds(catalog.Bool, catalog.Int8, catalog.Int64, catalog.Uint64, catalog.Float32, catalog.Float64,
	catalog.Text, catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ, catalog.UUID, catalog.JSON),
	catalog.DecimalOf(9, 9), catalog.DecimalOf(38, 10))

func harness(rows []connectortest.TypeRow) connectortest.Harness {
	return connectortest.Harness{
		Open: Open, Schema: "main", Rows: rows, Broken: broken,
		NameStorable: func(name string) bool { return !strings.Contains(name, "/") },
		Slow:         "SELECT CAST(count(*) AS BIGINT) AS n FROM range(100000000000) AS r(i) WHERE i % 7 = 8",
	}
}

func TestParquetConformance(t *testing.T) {
	h := harness(parquetRows)
	h.Load, h.LoadTypes = loadParquet, loadParquetTypes
	h.Types = append(kinds(catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Float32, catalog.Float64, catalog.Text, catalog.Blob, catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampNS, catalog.TimestampTZ, catalog.UUID, catalog.JSON),
		catalog.DecimalOf(4, 1), catalog.DecimalOf(9, 9), catalog.DecimalOf(18, 2), catalog.DecimalOf(38, 0), catalog.DecimalOf(38, 10),
		catalog.ListOf(of(catalog.Int32)), catalog.ListOf(of(catalog.Text)), catalog.ListOf(catalog.ListOf(of(catalog.Date))),
		catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "a b", Type: of(catalog.Int64)}, {Name: "字", Type: of(catalog.Text)}, {Name: "l", Type: catalog.ListOf(of(catalog.Bool))}}})
	h.Features.RowEstimates = true
	h.Knows = connectortest.Knowledge{Nulls: true, Extent: true}
	h.Storable = func(_ catalog.Type, v any) bool {
		// DuckDB's writer of Parquet takes both zeros for one.
		x, float := v.(float64)
		return !float || x != 0 || !math.Signbit(x)
	}
	connectortest.Run(t, h)
}

func TestCSVConformance(t *testing.T) {
	h := harness(csvRows)
	h.Types = whatText
	h.Load, h.LoadTypes = loadCSV, loadCSVTypes
	connectortest.Run(t, h)
}

func TestJSONConformance(t *testing.T) {
	h := harness(jsonRows)
	// The conditions on texts are those of CSV: here the kinds of JSON matter.
	h.Types = append(kinds(catalog.Bool, catalog.Int32, catalog.Int64, catalog.Uint64, catalog.Float64, catalog.Text, catalog.Date, catalog.TimestampTZ, catalog.JSON), catalog.DecimalOf(18, 2))
	h.Load, h.LoadTypes = loadJSON, loadJSONTypes
	h.Storable = func(t catalog.Type, v any) bool {
		// DuckDB reads a JSON value into its own form, and JSON's null as NULL.
		return t.Kind != catalog.JSON || (v != `{"a" : 1}` && v != "null")
	}
	connectortest.Run(t, h)
}

func broken(tb testing.TB) []connectortest.Broken {
	dir := tb.TempDir()
	odd := filepath.Join(dir, "x.xlsx")
	if err := os.WriteFile(odd, []byte("x"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return []connectortest.Broken{
		{Name: "a missing folder", Config: connectors.Config{Path: filepath.Join(dir, "missing")}, Code: errs.SourceUnreachable, Hidden: []string{dir}},
		{Name: "a pattern without a match", Config: connectors.Config{Path: filepath.Join(dir, "gone", "*.csv")}, Code: errs.SourceUnreachable, Hidden: []string{dir}},
	}
}

func loadParquet(tb testing.TB, tables []connectortest.Table) connectors.Config {
	tb.Helper()
	dir := tb.TempDir()
	db := ducktest.Open(tb, "")
	for _, t := range tables {
		columns := make([]string, len(t.Columns))
		plain := true
		for i, c := range t.Columns {
			columns[i] = catalog.QuoteIdent(c.Name) + " " + c.Type.DuckDB()
			plain = plain && (c.Type.Kind == catalog.Int64 || c.Type.Kind == catalog.Text)
		}
		db.Exec("CREATE TABLE made (" + strings.Join(columns, ", ") + ")")
		if plain {
			db.Append("memory", "main", "made", t.Rows)
		} else {
			for row := range t.Rows {
				cells := make([]string, len(row))
				for i, v := range row {
					cells[i] = ducktest.Literal(t.Columns[i].Type, v)
				}
				db.Exec("INSERT INTO made VALUES (" + strings.Join(cells, ", ") + ")")
			}
		}
		db.Exec("COPY made TO "+ducktest.Text(filepath.Join(dir, t.Name+".parquet"))+" (FORMAT parquet)", "DROP TABLE made")
	}
	return connectors.Config{Path: dir}
}

func loadParquetTypes(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
	tb.Helper()
	dir := tb.TempDir()
	db := ducktest.Open(tb, "")
	for _, t := range tables {
		path := filepath.Join(dir, t.Name+".parquet")
		if element, ok := schemaOnly[t.DDL]; ok {
			writeSchema(tb, path, element)
			continue
		}
		db.Exec("CREATE TABLE made (n BIGINT, v " + t.DDL + ")")
		for i, l := range t.Literals {
			db.Exec(fmt.Sprintf("INSERT INTO made VALUES (%d, %s)", i, l))
		}
		db.Exec("COPY made TO "+ducktest.Text(path)+" (FORMAT parquet)", "DROP TABLE made")
	}
	return connectors.Config{Path: dir}
}

// create makes a file for a test to write.
func create(tb testing.TB, path string, write func(w io.Writer)) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	write(w)
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// declare gives the columns: part of a configuration for these tables.
func declare(tables []connectortest.Table) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, t := range tables {
		out[t.Name] = map[string]string{}
		for _, c := range t.Columns {
			out[t.Name][c.Name] = c.Type.DuckDB()
		}
	}
	return out
}

func quoteCSV(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func loadCSV(tb testing.TB, tables []connectortest.Table) connectors.Config {
	tb.Helper()
	dir := tb.TempDir()
	for _, t := range tables {
		create(tb, filepath.Join(dir, t.Name+".csv"), func(w io.Writer) {
			for i, c := range t.Columns {
				fmt.Fprint(w, strings.Repeat(",", min(i, 1)), quoteCSV(c.Name))
			}
			fmt.Fprintln(w)
			for row := range t.Rows {
				for i, v := range row {
					fmt.Fprint(w, strings.Repeat(",", min(i, 1)))
					if v != nil {
						fmt.Fprint(w, quoteCSV(spellValue(t.Columns[i].Type, v)))
					}
				}
				fmt.Fprintln(w)
			}
		})
	}
	return connectors.Config{Path: dir, Columns: declare(tables)}
}

// spellValue writes a value of the suite's model as text.
func spellValue(t catalog.Type, v any) string {
	switch x := v.(type) {
	case float64:
		return ducktest.Float(t, x)
	case int64:
		switch t.Kind {
		case catalog.Date:
			return time.Unix(x*86400, 0).UTC().Format(time.DateOnly)
		case catalog.Time:
			return time.UnixMicro(x).UTC().Format("15:04:05.999999")
		case catalog.Timestamp:
			return time.UnixMicro(x).UTC().Format("2006-01-02T15:04:05.999999")
		case catalog.TimestampTZ:
			return time.UnixMicro(x).UTC().Format("2006-01-02 15:04:05.999999+00:00")
		}
	}
	return fmt.Sprint(v)
}

func loadCSVTypes(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
	tb.Helper()
	dir := tb.TempDir()
	columns := map[string]map[string]string{}
	for _, t := range tables {
		columns[t.Name] = map[string]string{"n": "BIGINT"}
		if t.DDL != "sniffed" {
			columns[t.Name]["v"] = t.DDL
		}
		create(tb, filepath.Join(dir, t.Name+".csv"), func(w io.Writer) {
			fmt.Fprintln(w, "n,v")
			for i, l := range t.Literals {
				fmt.Fprintf(w, "%d,%s\n", i, l)
			}
		})
	}
	return connectors.Config{Path: dir, Columns: columns}
}

func loadJSON(tb testing.TB, tables []connectortest.Table) connectors.Config {
	tb.Helper()
	dir := tb.TempDir()
	for _, t := range tables {
		create(tb, filepath.Join(dir, t.Name+".ndjson"), func(w io.Writer) {
			for row := range t.Rows {
				fmt.Fprint(w, "{")
				comma := ""
				for i, v := range row {
					if v == nil && i%2 == 0 {
						continue // a key that is missing is NULL, as null is
					}
					fmt.Fprint(w, comma, jsonText(t.Columns[i].Name), ":", jsonCell(t.Columns[i].Type, v))
					comma = ","
				}
				fmt.Fprintln(w, "}")
			}
		})
	}
	return connectors.Config{Path: dir, Columns: declare(tables)}
}

func jsonText(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func jsonCell(t catalog.Type, v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(x)
	case uint64:
		return strconv.FormatUint(x, 10)
	case int64:
		switch t.Kind {
		case catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
			return jsonText(spellValue(t, x))
		}
		return strconv.FormatInt(x, 10)
	case float64:
		if text := ducktest.Float(t, x); !math.IsNaN(x) && !math.IsInf(x, 0) && math.Signbit(x) == (x < 0) {
			return text
		}
		return jsonText(ducktest.Float(t, x)) // JSON has no number for it
	case string:
		if t.Kind == catalog.JSON {
			return x
		}
		return jsonText(x)
	}
	return fmt.Sprint(v)
}

func loadJSONTypes(tb testing.TB, tables []connectortest.TypeTable) connectors.Config {
	tb.Helper()
	dir := tb.TempDir()
	columns := map[string]map[string]string{}
	for _, t := range tables {
		columns[t.Name] = map[string]string{"n": "BIGINT"}
		if t.DDL != "sniffed" {
			columns[t.Name]["v"] = t.DDL
		}
		create(tb, filepath.Join(dir, t.Name+".json"), func(w io.Writer) {
			fmt.Fprintln(w, "[")
			for i, l := range t.Literals {
				fmt.Fprintf(w, "%s{\"n\": %d, \"v\": %s}\n", strings.Repeat(",", min(i, 1)), i, l)
			}
			fmt.Fprintln(w, "]")
		})
	}
	return connectors.Config{Path: dir, Columns: columns}
}
