//go:build duckdb_arrow

package files

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
)

func makePipe(t *testing.T, path string) {
	t.Helper()
	must(t, syscall.Mkfifo(path, 0o600))
}

const gbk = "\xd5\xc5\xc8\xfd" // 张三

// Files whose content is wrong: the error names the file, and the line where there is one.
func TestContent(t *testing.T) {
	parquet := func() string {
		f := newFolder(t)
		f.parquet("x.parquet", "SELECT i AS a, 'text ' || i AS b FROM range(5000) r(i)")
		b, err := os.ReadFile(filepath.Join(f.path, "x.parquet"))
		must(t, err)
		return string(b)
	}()
	middle := len(parquet) / 2
	many := strings.Repeat("1,2\n", sampleRows+10)
	for _, c := range []struct {
		name, file, content string
		id                  string
		says                []string
	}{
		{"an empty CSV file", "x.csv", "", "files_no_header", nil},
		{"a CSV file of a byte order mark", "x.csv", "\ufeff", "files_no_header", nil},
		{"a CSV file that begins with an empty line", "x.csv", "\n\na,b\n1,2\n", "files_no_header", nil},
		{"a header in GBK", "x.csv", gbk + ",b\n1,2\n", "files_encoding", []string{"1"}},
		{"a header in UTF-16", "x.csv", "\xff\xfea\x00,\x00b\x00\n\x00", "files_encoding", []string{"1"}},
		{"a header with an open quote", "x.csv", "a,\"b\n1,2\n", "files_header", nil},
		{"a cell in GBK", "x.csv", "a,b\n1,\"x\ny\"\n2," + gbk + "\n", "files_encoding", []string{"4"}},
		{"a cell in GBK after the sample", "x.csv", "a,b\n" + many + "2," + gbk + "\n", "files_encoding", []string{"20492"}},
		{"too many fields", "x.csv", "a,b\n1,2\n\n秘密,2,3\n", "files_columns", []string{"4"}},
		{"too few fields after the sample", "x.csv", "a,b\n" + many + "秘密\n", "files_columns", []string{"20492"}},
		{"an open quote", "x.csv", "a,b\n1,2\n1,\"秘密\n", "files_quote", []string{"3"}},
		{"a line of 17 MiB", "x.csv", "a,b\n1," + strings.Repeat("x", 17<<20) + "\n", "files_long_line", []string{"2"}},
		{"a text that looks like DuckDB's own words", "x.csv", "a,b\n1,\"\n  file = /etc/passwd\n\nInvalid unicode (byte sequence mismatch) detected.\",3\n", "", []string{"x.csv", "2"}},
		{"broken JSON lines", "x.ndjson", "{\"a\":1}\n\n{\"a\":\"秘密\"\n{\"a\":3}\n", "files_malformed_line", []string{"3"}},
		{"JSON lines in GBK", "x.ndjson", "{\"a\":1}\n{\"a\":\"" + gbk + "\"}\n", "files_malformed_line", []string{"2"}},
		{"a broken JSON array", "x.json", "[\n{\"a\":1},\n\n{\"a\": 秘密}\n]", "files_malformed_line", []string{"4"}},
		{"a JSON array that does not end", "x.json", "[\n{\"a\":1}\n", "files_malformed", nil},
		{"broken JSON over lines", "x.json", "{\n\"a\":1}\n{\n\"a\" 2}", "files_malformed_line", []string{"3"}},
		{"JSON that is no object", "x.ndjson", "{\"a\":1}\n[\"秘密\"]\n", "files_malformed_line", []string{"2"}},
		{"a key twice in an object", "x.ndjson", "{\"a\":1}\n{\"a\":\"秘密\", \"a\":2}\n", "files_malformed_line", []string{"2"}},
		{"keys that differ in case", "x.ndjson", "{\"a\":1, \"A\": 2}\n", "files_name_twice", []string{"A"}},
		{"an empty JSON file", "x.json", " \n", "files_no_columns", nil},
		{"an empty JSON array", "x.json", "[]", "files_no_columns", nil},
		{"an empty Parquet file", "x.parquet", "", "files_malformed", nil},
		{"text in a Parquet file", "x.parquet", strings.Repeat("秘密", 100), "files_malformed", nil},
		{"half a Parquet file", "x.parquet", parquet[:middle], "files_malformed", nil},
		{"a Parquet file with a hole", "x.parquet", parquet[:200] + strings.Repeat("\xff", middle-200) + parquet[middle:], "", []string{"x"}},
		{"no gzip", "x.csv.gz", "a,b\n1,2\n", "files_unreadable", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t)
			f.put(c.file, c.content)
			s := f.open(f.path, nil)
			tables, err := s.Describe(t.Context())
			if err == nil {
				_, err = f.read(s, tables[0])
			}
			if err == nil {
				t.Fatal("no error")
			}
			id, code := c.id, errs.ValueUnreadable
			if e := errs.From(err); id == "" {
				id = e.ID
			}
			switch id {
			case "files_no_columns", "files_name_twice", "files_unreadable":
				code = errs.SourceFailed
			}
			says := c.says
			if id != "files_unreadable" && id != "files_data" {
				says = append(says, c.file)
			}
			f.wantError(err, code, id, says...)
		})
	}
}

func TestCSVForms(t *testing.T) {
	f := newFolder(t)
	f.put("semicolon.csv", "名称;值,元\n张三;\"1;2\"\n")
	f.put("bar.csv", "a|b\n1|2\n")
	f.put("tab.csv", "a\tb\n1\t2\n")
	f.put("tab,.tsv", "a,b\tc\n1,2\t3\n")
	f.put("bom.csv", "\ufeffa,b\r\n1,2\r\n")
	f.put("quoted.csv", "\"a\nb\",\"c\"\"d\"\n\"x,y\",\"p\"\"q\"\n")
	f.put("names.csv", ",a,A,a\n1,2,3,4\n")
	f.put("one.csv", "a\n1\n\n\"\"\n3\n")
	f.put("headeronly.csv", "a,b")
	f.put("hash.csv", "a,b\n#1,2\n")
	f.put("packed.CSV.GZ", pack("a,b\n1,2\n"))
	f.put("k=v.csv", "a\n1\n") // no partition
	s := f.open(f.path, nil)
	for table, want := range map[string][]string{
		"semicolon": {"张三|1;2"}, "bar": {"1|2"}, "tab": {"1|2"}, "tab,": {"1,2|3"}, "bom": {"1|2"}, "quoted": {"x,y|p\"q"}, "names": {"1|2|3|4"},
		"one": {"1", "<nil>", "<nil>", "3"}, "headeronly": nil, "hash": {"#1|2"}, "packed": {"1|2"}, "k=v": {"1"},
	} {
		f.wantRows(s, table, want...)
	}
	names := []string{}
	for _, c := range f.tables(s)["names"].Columns {
		names = append(names, c.Name)
	}
	if want := []string{"column0", "a", "A_2", "a_3"}; !slices.Equal(names, want) {
		t.Errorf("columns %q, want %q", names, want)
	}
}

func TestJSONForms(t *testing.T) {
	f := newFolder(t)
	f.put("lines.jsonl", "{\"a\": 1, \"名\": \"张\"}\n{\"名\": null, \"b\": [1, {\"x\": 2}]}\n")
	f.put("array.json", " [ {\"a\": 1}, {\"a\": 2} ] ")
	f.put("pretty.json", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n")
	f.put("packed.json.gz", pack("[{\"a\": 1}]"))
	f.put("odd.json", "{\"it's \\\"q\\\"\": 1, \"lianji:cell:0:\": \"x\"}")
	s := f.open(f.path, nil)
	for table, want := range map[string][]string{
		"lines": {"1|张|<nil>", "<nil>|<nil>|[1,{\"x\":2}]"}, "array": {"1", "2"}, "pretty": {"1", "2"}, "packed": {"1"}, "odd": {"1|x"},
	} {
		f.wantRows(s, table, want...)
	}
	// A key that was not in the sample is read when it is declared.
	f.wantRows(f.open(filepath.Join(f.path, "array.json"), map[string]map[string]string{"array": {"z": "DATE"}}), "array", "1|<nil>", "2|<nil>")
}

func TestDeclaredColumns(t *testing.T) {
	f := newFolder(t)
	f.put("a.csv", "x,y\n1,2\n")
	f.parquet("p.parquet", "SELECT 1 AS x")
	for _, c := range []struct {
		columns map[string]map[string]string
		id      string
		says    []string
	}{
		{map[string]map[string]string{"b": {"x": "BIGINT"}}, "files_columns_table", []string{"b"}},
		{map[string]map[string]string{"a": {"z": "BIGINT"}}, "files_columns_column", []string{"a", "z"}},
		{map[string]map[string]string{"a": {"x": "BIGNIT"}}, "files_columns_type", []string{"a", "x", "BIGNIT"}},
		{map[string]map[string]string{"a": {"x": "INTEGER[]"}}, "files_columns_type", []string{"x"}},
		{map[string]map[string]string{"a": {"x": "BLOB"}}, "files_columns_type", []string{"x"}},
		{map[string]map[string]string{"a": {"x": "INTEGER), (SELECT 1"}}, "files_columns_type", []string{"x"}},
		{map[string]map[string]string{"p": {"x": "BIGINT"}}, "files_columns_parquet", []string{"p"}},
	} {
		_, err := f.open(f.path, c.columns).Describe(t.Context())
		f.wantError(err, errs.ConfigInvalid, c.id, c.says...)
	}
	table := f.tables(f.open(f.path, map[string]map[string]string{"a": {"x": "decimal(10, 2)"}}))["a"]
	if x, y := table.Columns[0], table.Columns[1]; !x.Type.Equal(catalog.DecimalOf(10, 2)) || x.SourceType != "DECIMAL(10,2)" || y.Type.Kind != catalog.Int64 {
		t.Errorf("columns %+v", table.Columns)
	}
}

// Parquet of other writers: a column of NULL alone, and columns that are named alike.
func TestParquetForms(t *testing.T) {
	f := newFolder(t)
	writeSchema(t, filepath.Join(f.path, "null.parquet"), schemaOnly["all null"])
	s := f.open(f.path, nil)
	table := f.tables(s)["null"]
	if v := table.Columns[1]; v.Type.Kind != catalog.Int32 || table.Rows != 0 {
		t.Errorf("column %+v of %d rows", v, table.Rows)
	}
	if rows, err := f.read(s, table); err != nil || len(rows) != 0 {
		t.Errorf("%q %v", rows, err)
	}
	f.parquet("far.parquet", "SELECT TIMESTAMP 'infinity' AS t")
	table = f.tables(s)["far"]
	_, err := f.read(s, table)
	f.wantError(err, errs.ValueUnreadable, "duckdb_infinite", "far", "t")
}

func TestConfiguration(t *testing.T) {
	f := newFolder(t)
	_, err := Open(t.Context(), connectors.Config{Name: "报表", Connections: 1})
	f.wantError(err, errs.ConfigInvalid, "files_no_path")
	_, err = Open(t.Context(), connectors.Config{Name: "报表", Path: "/x"})
	f.wantError(err, errs.ConfigInvalid, "files_no_connections")
}

const typesIntro = `Parquet says its types itself; a column that DuckDB's reader would change is named and cannot be read. The types of CSV and JSON
are sniffed over the first 20,480 rows, or declared under columns, and then fixed: a later cell that is not of the type, or that would be changed by
reading it as such, is an error that names file, line and column. The first line of a CSV file always names its columns; fields are separated by comma,
semicolon, tab or bar (whichever gives the first line the most names, and the next lines as many fields; in .tsv by tab) and quoted with ". A line may have 16 MiB, a JSON object too. All text is UTF-8.`

func TestTypesDoc(t *testing.T) {
	var rows []connectortest.TypeRow
	for _, r := range slices.Concat(parquetRows, csvRows, jsonRows) {
		// JSON's texts follow the rules of CSV's: once is enough.
		if format, declared, _ := strings.Cut(r.Source, ": declared "); format == "JSON" && declared != "VARCHAR" && declared != "JSON" && declared != "" {
			continue
		}
		r.Source = strings.Replace(r.Source, "CSV: declared ", "CSV and JSON: declared ", 1)
		if strings.HasSuffix(r.Source, " VARCHAR") || strings.HasSuffix(r.Source, " JSON") {
			r.Source = strings.Replace(r.Source, "CSV and JSON:", "CSV:", 1)
		}
		rows = append(rows, r)
	}
	connectortest.TypesDoc(t, "files", "Files", typesIntro, rows)
}
