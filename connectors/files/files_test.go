//go:build duckdb_arrow

package files

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/connectors/internal/duckscan"
	"github.com/lianji/lianji/connectors/internal/ducktest"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/dialect"
)

// folder is a folder of a test's own.
type folder struct {
	*testing.T
	path string
}

func newFolder(t *testing.T) folder { return folder{t, t.TempDir()} }

// put writes a file; its time is one that no other call gives.
func (f folder) put(name, content string) string {
	f.Helper()
	path := filepath.Join(f.path, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		f.Fatal(err)
	}
	puts++
	when := time.Now().Add(time.Duration(puts) * time.Second)
	if err := os.Chtimes(path, when, when); err != nil {
		f.Fatal(err)
	}
	return path
}

var puts int

func (f folder) parquet(name, query string) {
	f.Helper()
	path := f.put(name, "")
	ducktest.Open(f, "").Exec("COPY (" + query + ") TO " + ducktest.Text(path) + " (FORMAT parquet)")
}

func (f folder) open(path string, columns map[string]map[string]string) connectors.Source {
	f.Helper()
	s, err := Open(f.Context(), connectors.Config{Name: "报表", Path: path, Connections: 2, Columns: columns})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	return s
}

func (f folder) tables(s connectors.Source) map[string]*catalog.Table {
	f.Helper()
	tables, err := s.Describe(f.Context())
	if err != nil {
		f.Fatalf("Describe: %v (%s)", err, errs.From(err).Detail)
	}
	out := map[string]*catalog.Table{}
	for _, t := range tables {
		out[t.ID.Name] = t
	}
	return out
}

// read gives a table's rows as texts, or the error of reading them.
func (f folder) read(s connectors.Source, t *catalog.Table) ([]string, error) {
	f.Helper()
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(f, 0)
	conns, err := s.Acquire(f.Context(), 1)
	if err != nil {
		return nil, err
	}
	defer conns[0].Release()
	sql, values := dialect.For("duckdb").Scan(t, t.Columns, nil)
	stream, err := conns[0].Scan(f.Context(), connectors.Fragment{SQL: sql, Values: values, Table: t.ID, Columns: t.Columns, Alloc: alloc})
	if err != nil {
		return nil, err
	}
	defer stream.Release()
	var rows []string
	for stream.Next() {
		b := stream.RecordBatch()
		for i := range int(b.NumRows()) {
			cells := make([]string, b.NumCols())
			for c := range cells {
				v, err := connectortest.Cell(b.Column(c), i)
				if err != nil {
					f.Fatal(err)
				}
				cells[c] = fmt.Sprint(v)
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	return rows, stream.Err()
}

// wantRows reads a table of a source anew and compares its rows.
func (f folder) wantRows(s connectors.Source, table string, want ...string) {
	f.Helper()
	t := f.tables(s)[table]
	if t == nil {
		f.Fatalf("there is no table %q", table)
	}
	got, err := f.read(s, t)
	if err != nil || !slices.Equal(got, want) {
		f.Errorf("table %q gives %q, %v, want %q", table, got, err, want)
	}
}

// wantError checks an error's code and message, and that its text in both
// languages has all of says and nothing of "秘密", which stands in test data only.
func (f folder) wantError(err error, code errs.Code, id string, says ...string) {
	f.Helper()
	var e *errs.Error
	if !errors.As(err, &e) {
		f.Fatalf("error %v, want %s", err, id)
	}
	if e.Code != code || e.ID != id {
		f.Errorf("error %s with code %s (%s; %s), want %s with code %s", e.ID, e.Code, e, e.Detail, id, code)
	}
	for _, lang := range []string{"en", "zh-CN"} {
		text := e.Text(lang)
		for _, s := range append(says, "报表") {
			if !strings.Contains(text, s) {
				f.Errorf("the text in %s does not say %q: %s", lang, s, text)
			}
		}
		if strings.Contains(text+e.Detail, "秘密") || strings.Contains(text, "<no value>") || strings.Contains(text, f.path) {
			f.Errorf("the text in %s says too much or too little: %s [%s]", lang, text, e.Detail)
		}
	}
}

func (f folder) describeError(path string, code errs.Code, id string, says ...string) {
	f.Helper()
	_, err := f.open(path, nil).Describe(f.Context())
	f.wantError(err, code, id, says...)
}

// A value after the sample that does not fit is an error that says where it lies.
func TestLaterValues(t *testing.T) {
	rows := func(n int, last string) string {
		var b strings.Builder
		b.WriteString("id,说明\n")
		for i := range n {
			fmt.Fprintf(&b, "%d,\"行\n%d\"\n", i, i)
			if i%1000 == 0 {
				b.WriteString("\n")
			}
		}
		return b.String() + last + ",x\n"
	}
	const n = sampleRows + 500
	const line = 1 + 2*n + 21 + 1 // the header, two lines a row, empty ones
	for _, value := range []string{"007", "12.5", "秘密", "+5", "99999999999999999999"} {
		f := newFolder(t)
		f.put("人口.csv", rows(n, value))
		s := f.open(f.path, nil)
		table := f.tables(s)["人口"]
		if table.Columns[0].Type.Kind != catalog.Int64 {
			t.Fatalf("id is %s", table.Columns[0].Type)
		}
		_, err := f.read(s, table)
		f.wantError(err, errs.ValueUnreadable, "files_value", "人口.csv", fmt.Sprint(line), "id", "BIGINT")
		// Within the sample the same value decides the type instead.
		f.put("人口.csv", "id,x\n1,2\n"+value+",3\n")
		if got := f.tables(s)["人口"].Columns[0].Type.Kind; got == catalog.Int64 {
			t.Errorf("%s in the sample leaves id a BIGINT", value)
		}
	}
	f := newFolder(t)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"id\": %d}\n\n", i)
	}
	f.put("人口.ndjson", b.String()+`{"id": "秘密"}`)
	f.put("数组.json", "[\n"+strings.ReplaceAll(strings.TrimSpace(b.String()), "\n\n", ",\n\n")+",\n{\"x\": \"}]\\\"\", \"id\":\n \"秘密\"}]")
	s := f.open(f.path, nil)
	tables := f.tables(s)
	_, err := f.read(s, tables["人口"])
	f.wantError(err, errs.ValueUnreadable, "files_value", "人口.ndjson", fmt.Sprint(2*n+1), "id", "BIGINT")
	_, err = f.read(s, tables["数组"])
	f.wantError(err, errs.ValueUnreadable, "files_value", "数组.json", fmt.Sprint(2*n+1), "id", "BIGINT")
}

// Only what is read is converted: a column with a bad cell does not stop others.
func TestOtherColumnsAreRead(t *testing.T) {
	f := newFolder(t)
	f.put("a.csv", "x,y\n1,2\n3,bad\n")
	s := f.open(f.path, map[string]map[string]string{"a": {"y": "INTEGER"}})
	table := *f.tables(s)["a"]
	table.Columns = table.Columns[:1]
	if rows, err := f.read(s, &table); err != nil || !slices.Equal(rows, []string{"1", "3"}) {
		t.Errorf("column x: %q %v", rows, err)
	}
}

func TestFoldersOfOneTable(t *testing.T) {
	f := newFolder(t)
	f.put("年度/2023.csv", "地区,数\n沈阳,1\n")
	f.put("年度/2024.csv.gz", pack("地区,数\n大连,2.5\n"))
	f.put("年度/.草稿.csv", "不,算\n")
	f.put("年度/说明.txt", "not data")
	f.parquet("库/1.parquet", "SELECT 1 AS a, 'x' AS b")
	f.parquet("库/2.parquet", "SELECT 'y' AS b, 2 AS a")
	f.put("空/说明.txt", "no data")
	s := f.open(f.path, nil)
	tables := f.tables(s)
	if len(tables) != 2 {
		t.Errorf("%d tables, want 2", len(tables))
	}
	if got := tables["库"].Rows; got != 2 {
		t.Errorf("the Parquet files have %d rows by their own count, want 2", got)
	}
	if got := tables["年度"].Rows; got != -1 {
		t.Errorf("the CSV files have %d rows before they were read", got)
	}
	f.wantRows(s, "年度", "沈阳|1", "大连|2.5")
	f.wantRows(s, "库", "1|x", "2|y")

	table := tables["年度"]
	// Files come and go between scans.
	f.put("年度/2025.csv", "地区,数\n鞍山,7\n")
	if got, err := f.read(s, table); err != nil || len(got) != 3 {
		t.Errorf("with a new file: %q %v", got, err)
	}
	must(t, os.Remove(filepath.Join(f.path, "年度/2023.csv")))
	if got, err := f.read(s, table); err != nil || len(got) != 2 {
		t.Errorf("without an old file: %q %v", got, err)
	}
	// The types stay those that were described, for new files too.
	f.put("年度/2026.csv", "地区,数\n鞍山,秘密\n")
	_, err := f.read(s, table)
	f.wantError(err, errs.ValueUnreadable, "files_value", "年度/2026.csv", "数", "2", "DOUBLE")
	// Columns must stay, too.
	f.put("年度/2026.csv", "数,地区\n7,鞍山\n")
	_, err = f.read(s, table)
	f.wantError(err, errs.SourceFailed, "files_changed", "年度/2026.csv", "年度", "数")
	f.describeError(f.path, errs.SourceFailed, "files_shape", "年度/2026.csv", "年度", "数")
	must(t, os.RemoveAll(filepath.Join(f.path, "年度")))
	_, err = f.read(s, table)
	f.wantError(err, errs.SourceUnreachable, "files_missing")
	f.put("年度/说明.txt", "no data")
	_, err = f.read(s, table)
	f.wantError(err, errs.SourceFailed, "source_table_changed", "年度")

	f.parquet("库/2.parquet", "SELECT 'y' AS b, 2.5 AS a")
	_, err = f.read(s, tables["库"])
	f.wantError(err, errs.SourceFailed, "files_changed", "库/2.parquet", "库", "a DECIMAL")
	f.describeError(f.path, errs.SourceFailed, "files_shape", "库/2.parquet", "库", "a DECIMAL")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pack(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// What lies in a folder and is no table of it is refused or left alone, by rule.
func TestWhatIsInAFolder(t *testing.T) {
	outside := newFolder(t)
	outside.put("away.csv", "a\n秘密\n")
	for _, c := range []struct {
		name string
		make func(f folder)
		id   string
		says []string
	}{
		{"a link out of the folder", func(f folder) {
			must(t, os.Symlink(filepath.Join(outside.path, "away.csv"), filepath.Join(f.path, "link.csv")))
		}, "files_outside", []string{"link.csv"}},
		{"a link out of the folder, to a folder", func(f folder) {
			must(t, os.Symlink(outside.path, filepath.Join(f.path, "link")))
		}, "files_outside", []string{"link"}},
		{"a link out of the folder, further down", func(f folder) {
			f.put("sub/a.csv", "a\n1\n")
			must(t, os.Symlink(filepath.Join(outside.path, "away.csv"), filepath.Join(f.path, "sub", "b.csv")))
		}, "files_outside", []string{"sub/b.csv"}},
		{"a table's folder with a folder of data", func(f folder) { f.put("sub/a.csv", "a\n1\n"); f.put("sub/deep/b.csv", "a\n1\n") }, "files_nested", []string{"sub/deep"}},
		{"two kinds in one table's folder", func(f folder) { f.put("sub/a.csv", "a\n1\n"); f.put("sub/b.json", `{"a":1}`) }, "files_mixed", []string{"sub/b.json", "sub"}},
		{"two files of one name", func(f folder) { f.put("a.csv", "a\n1\n"); f.put("A.json", `{"a":1}`) }, "files_same_name", []string{"a.csv", "A.json"}},
		{"a name that DuckDB cannot be told", func(f folder) { f.put(`a\[x].csv`, "a\n1\n") }, "files_bad_name", []string{`a\[x].csv`}},
		{"a folder with a file's name", func(f folder) { f.put("a.csv/x.csv", "a\n1\n"); f.put("a.csv/.git/y.csv", "") }, "", nil},
		{"hidden files", func(f folder) { f.put(".x.csv", ""); f.put(".git/x.csv", ""); f.put("a.csv", "a\n1\n") }, "", nil},
		{"links within the folder", func(f folder) {
			must(t, os.Symlink("a.csv", filepath.Join(f.path, "b.csv")))
			f.put("a.csv", "a\n1\n")
		}, "", nil},
		{"an empty folder", func(folder) {}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t)
			c.make(f)
			if c.id != "" {
				f.describeError(f.path, errs.SourceFailed, c.id, c.says...)
				return
			}
			s := f.open(f.path, nil)
			for _, table := range f.tables(s) {
				if rows, err := f.read(s, table); err != nil || !slices.Equal(rows, []string{"1"}) {
					t.Errorf("table %q: %q %v", table.ID.Name, rows, err)
				}
			}
		})
	}
}

// A pipe would keep the gateway waiting for ever.
func TestOnlyOrdinaryFiles(t *testing.T) {
	f := newFolder(t)
	makePipe(t, filepath.Join(f.path, "pipe.csv"))
	f.describeError(f.path, errs.SourceFailed, "files_not_regular", "pipe.csv")
}

func TestPathOfAFileOrAPattern(t *testing.T) {
	f := newFolder(t)
	one := f.put("it's \"a\" [1] 表*?.csv", "a\n1\n")
	f.put("orders_1.json", `{"n": 1}`)
	f.put("orders_2.json", `[{"n": 2}]`)
	f.put("2024/1.csv", "a\n1\n")
	f.put("2024/2.csv", "a\n2\n")
	f.put("2024/x.txt", "no")
	f.wantRows(f.open(one, nil), "it's \"a\" [1] 表*?", "1")
	f.wantRows(f.open(filepath.Join(f.path, "2024", "[0-9]*.csv"), nil), "2024", "1", "2")
	f.wantRows(f.open(filepath.Join(f.path, "20*", "1.csv"), nil), "1", "1")
	f.describeError(filepath.Join(f.path, "orders_?.json"), errs.SourceFailed, "files_layout", "orders_2.json", "orders")
	f.put("orders_2.json", "{\n\"n\": 2}")
	f.put("orders_3.json", "")
	f.wantRows(f.open(filepath.Join(f.path, "orders_?.json"), nil), "orders", "1", "2")
	f.describeError(f.put("x.xlsx", ""), errs.SourceFailed, "files_unknown_kind", "x.xlsx")
	f.describeError(filepath.Join(f.path, "[.csv"), errs.SourceFailed, "files_pattern")
	// The instance of one file reads that file and nothing beside it.
	s := f.open(one, nil)
	table := *f.tables(s)["it's \"a\" [1] 表*?"]
	conns, err := s.Acquire(t.Context(), 1)
	must(t, err)
	defer conns[0].Release()
	for _, path := range []string{"/etc/hostname", filepath.Join(f.path, "2024", "1.csv")} {
		_, err := conns[0].Scan(t.Context(), connectors.Fragment{SQL: "SELECT * FROM read_csv(" + literal(path) + ", header = true, all_varchar = true)", Table: table.ID, Columns: table.Columns, Alloc: memory.DefaultAllocator})
		if code := errs.CodeOf(err); code != errs.SourceRefused {
			t.Errorf("%s is read: %v", path, err)
		}
	}
}

// The instance is closed when nobody reads, and the next one has no views yet.
func TestAnotherInstance(t *testing.T) {
	f := newFolder(t)
	f.put("a.csv", "a\n1\n")
	s := f.open(f.path, nil)
	table := f.tables(s)["a"]
	for range 2 {
		if rows, err := f.read(s, table); err != nil || len(rows) != 1 {
			t.Fatalf("%q %v", rows, err)
		}
		timer := time.NewTimer(duckscan.Idle + time.Second/2)
		<-timer.C
	}
}
