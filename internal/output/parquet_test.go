package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
)

// readCase is a file for testdata/readparquet.py.
type readCase struct {
	Name   string   `json:"name"`
	File   string   `json:"file"`
	Arrow  string   `json:"arrow"`
	Type   string   `json:"type"`
	Values []string `json:"values"`
}

// python gives an interpreter that has the packages of scripts/requirements.txt.
func python(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "lianji-test", "venv", "bin", "python")
	if out, err := exec.Command(path, "-c", "import duckdb, pyarrow").CombinedOutput(); err != nil {
		t.Skipf("needs the Python packages duckdb and pyarrow (scripts/install-test-deps.sh): %v %s", err, out)
	}
	return path
}

// readElsewhere has DuckDB and pyarrow read files.
func readElsewhere(t *testing.T, python string, cases []readCase) {
	t.Helper()
	asked, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/readparquet.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(asked), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	if err := json.Unmarshal(out, &problems); err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// inParquet says as what DuckDB must read the values of each kindCase, between a
// NULL before and one after them.
var inParquet = map[string]struct {
	typ    string
	values []string
}{
	"bool":           {"BOOLEAN", []string{"true", "false"}},
	"int8":           {"TINYINT", []string{"-128", "127"}},
	"int16":          {"SMALLINT", []string{"-32768"}},
	"int32":          {"INTEGER", []string{"0", "-2147483648"}},
	"int64":          {"BIGINT", []string{"-9223372036854775808", "9007199254740993"}},
	"uint8":          {"UTINYINT", []string{"255"}},
	"uint16":         {"USMALLINT", []string{"65535"}},
	"uint32":         {"UINTEGER", []string{"4294967295"}},
	"uint64":         {"UBIGINT", []string{"18446744073709551615"}},
	"float32":        {"FLOAT", []string{"'0.1'", "16777216", "'-inf'"}},
	"float64":        {"DOUBLE", []string{"0", "'-0'", "'0.1'", "'1e300'", "123456789012", "'1e21'", "'5e-324'", "'nan'", "'inf'"}},
	"decimal(12,2)":  {"DECIMAL(12,2)", []string{"-12.50", "0.05", "-0.05", "0", "9999999999.99"}},
	"decimal(38,10)": {"DECIMAL(38,10)", []string{"1844674407.3709551616", "9999999999999999999999999999.9999999999", "-1.0000000001"}},
	"decimal(38,38)": {"DECIMAL(38,38)", []string{"'0.00000000000000000000000000000000000001'"}},
	"hugeint":        {"DECIMAL(38,0)", []string{"-99999999999999999999999999999999999999", "10000000000000000000"}},
	"text":           {"VARCHAR", []string{"'张三'", "''", "'a,b'", `'say "hi"'`, "'two\nlines'", "' a'", "'a\t'", "'NULL'", "'\x1b[2J\u202e'", "'bad'", "'\u2028'"}},
	"blob":           {"BLOB", []string{`'\x00\xFFa'`, "''", `'\xFB'`}},
	"date": {"DATE", []string{"'2024-02-29'", "'1970-01-01'", "'1969-12-31'", "'0001-01-01 (BC)'", "'0002-12-31 (BC)'", "'9999-12-31'", "'10000-01-01'",
		"'infinity'", "'-infinity'"}},
	"time":         {"TIME", []string{"'00:00:00'", "'13:04:05.123456'", "'23:59:59.999999'", "'00:00:01.5'", "'24:00:00'"}},
	"timestamp_s":  {"TIMESTAMP", []string{"'2024-02-29 13:04:05'", "'1969-12-31 23:59:59'"}},
	"timestamp_ms": {"TIMESTAMP", []string{"'2024-02-29 13:04:05.007'"}},
	"timestamp":    {"TIMESTAMP", []string{"'2024-02-29 13:04:05.123456'", "'1969-12-31 23:59:59.999999'", "'infinity'", "'-infinity'"}},
	"timestamp_ns": {"TIMESTAMP_NS", []string{"'2024-02-29 13:04:05.00000001'"}},
	"timestamptz":  {"TIMESTAMP WITH TIME ZONE", []string{"'2024-02-29 13:04:05+00'"}},
	"interval":     {"VARCHAR", []string{"'P1Y2M3DT4H5M6.000007S'", "'PT0S'", "'P-1M'", "'P1DT-0.5S'", "'PT-1H'"}},
	"uuid":         {"VARCHAR", []string{"'0f0e0d0c-0b0a-0908-0706-050403020100'"}},
	"json":         {"VARCHAR", []string{`'{"a": 1}'`}},
	"null":         {"INTEGER", nil},
	"list":         {"BIGINT[]", []string{"[1, NULL, 3]", "[]"}},
	"struct":       {`STRUCT("a""b" INTEGER, "乙" DOUBLE)`, []string{`{'a"b': 1, '乙': 'nan'::DOUBLE}`}},
	// DuckDB calls fields of a struct by names alone.
	"unnamed struct":            {"STRUCT(f1 INTEGER, f2 BOOLEAN)", []string{"{'f1': NULL, 'f2': true}"}},
	"map":                       {"MAP(VARCHAR, DATE)", []string{"MAP {'z': '1970-01-01', 'a': NULL}", "MAP {}"}},
	"list of lists of structs":  {"STRUCT(t TIMESTAMP WITH TIME ZONE)[][]", []string{"[NULL, [NULL, {'t': '1970-01-01 00:00:00+00'}]]"}},
	"struct of list of seconds": {"STRUCT(s TIMESTAMP[], i VARCHAR)", []string{"{'s': ['2024-02-29 13:04:05', NULL], 'i': 'PT1H'}", "{'s': NULL, 'i': NULL}"}},
	"map of intervals":          {"MAP(VARCHAR, VARCHAR)", []string{"MAP {'a': 'P1M', 'b': NULL}", "MAP {'c': 'PT0S'}"}},
}

// recodedCases are nested types within which values change on the way to Parquet.
func recodedCases() []kindCase {
	seconds := catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{
		{Name: "s", Type: catalog.ListOf(kind(catalog.TimestampS))}, {Name: "i", Type: kind(catalog.Interval)},
	}}
	intervals := catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: kind(catalog.Text)}, {Name: "value", Type: kind(catalog.Interval)}}}
	return []kindCase{
		{name: "struct of list of seconds", typ: seconds, fill: func(b array.Builder) {
			s := b.(*array.StructBuilder)
			list, interval := s.FieldBuilder(0).(*array.ListBuilder), s.FieldBuilder(1).(*array.MonthDayNanoIntervalBuilder)
			s.Append(true)
			list.Append(true)
			list.ValueBuilder().(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{1709211845, math.MaxInt64}, []bool{true, false})
			interval.Append(arrow.MonthDayNanoInterval{Nanoseconds: 3600e9})
			s.Append(true)
			list.AppendNull()
			interval.AppendNull()
		}},
		{name: "map of intervals", typ: intervals, fill: func(b array.Builder) {
			m := b.(*array.MapBuilder)
			item := m.ItemBuilder().(*array.MonthDayNanoIntervalBuilder)
			m.Append(true)
			m.KeyBuilder().(*array.StringBuilder).AppendValues([]string{"a", "b"}, nil)
			item.Append(arrow.MonthDayNanoInterval{Months: 1})
			item.AppendNull()
			m.Append(true)
			m.KeyBuilder().(*array.StringBuilder).Append("c")
			item.Append(arrow.MonthDayNanoInterval{})
		}},
	}
}

// Every type is read back by DuckDB and by pyarrow: its values, its NULLs, its type.
func TestParquetIsReadBack(t *testing.T) {
	interpreter := python(t)
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	dir := t.TempDir()
	var cases []readCase
	for i, c := range append(kindCases(t), recodedCases()...) {
		want, ok := inParquet[c.name]
		if !ok {
			t.Errorf("no values for %s", c.name)
			continue
		}
		r := readCase{Name: c.name, Type: want.typ, Values: append(append([]string{"NULL"}, want.values...), "NULL"), File: filepath.Join(dir, fmt.Sprintf("%d.parquet", i))}
		batch, types := column(alloc, c)
		defer batch.Release()
		if c.name == "text" { // its bytes that are no UTF-8 are no text for anybody
			batch.Release()
			batch, types = column(alloc, kindCase{typ: c.typ, fill: func(b array.Builder) {
				for _, v := range want.values {
					b.(*array.StringBuilder).Append(strings.Trim(v, "'"))
				}
			}})
			defer batch.Release()
		}
		store(t, r.File, written(t, output.Parquet, batch, types))
		if want.typ != "VARCHAR" && !strings.Contains(want.typ, "f1") && !strings.Contains(c.name, " of ") || c.name == "list of lists of structs" {
			r.Arrow = r.File + ".arrow"
			store(t, r.Arrow, written(t, output.Arrow, batch, types))
		}
		cases = append(cases, r)
	}
	readElsewhere(t, interpreter, cases)
}

func store(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Rows in several row groups, a result without a row, and columns of one name.
func TestParquetOfManyBatches(t *testing.T) {
	interpreter := python(t)
	dir := t.TempDir()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int8, Nullable: true}, {Name: "v", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	types := []catalog.Type{kind(catalog.Int8), kind(catalog.Int64)}
	part := func(from, rows int) arrow.RecordBatch {
		b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
		defer b.Release()
		for i := range rows {
			b.Field(0).(*array.Int8Builder).Append(0)
			b.Field(1).(*array.Int64Builder).Append(int64(from + i))
		}
		batch := b.NewRecordBatch()
		t.Cleanup(batch.Release)
		return batch
	}
	s := &fakeStream{schema: schema, batches: []arrow.RecordBatch{part(0, 100_000), part(0, 0), part(100_000, 50_000), part(150_000, 1)}}
	var out bytes.Buffer
	var sizes []int // of what had left when each batch was asked for
	s.onNext = func(int) { sizes = append(sizes, out.Len()) }
	sum, err := output.Write(t.Context(), &out, output.Parquet, s, output.Options{Types: types})
	if err != nil || sum.Rows != 150_001 || sum.Bytes != int64(out.Len()) {
		t.Fatalf("%v, %+v", err, sum)
	}
	if sizes[3] != 0 || sizes[4] == 0 {
		t.Errorf("%v bytes had left before each batch, want the first row group only after the third", sizes)
	}
	r, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if n := r.NumRowGroups(); n != 2 || r.RowGroup(0).NumRows() != 150_000 {
		t.Errorf("%d row groups, the first of %d rows", n, r.RowGroup(0).NumRows())
	}
	many := filepath.Join(dir, "many.parquet")
	store(t, many, out.String())
	empty := filepath.Join(dir, "empty.parquet")
	store(t, empty, written(t, output.Parquet, part(0, 0), types))
	twins, twinTypes := people(t, memory.NewGoAllocator())
	out.Reset()
	if _, err := output.Write(t.Context(), &out, output.Parquet, twins, output.Options{Types: twinTypes}); err != nil {
		t.Fatal(err)
	}
	store(t, filepath.Join(dir, "twins.parquet"), out.String())
	const look = `
import duckdb, json, sys
import pyarrow.parquet as pq
dir = sys.argv[1]
many = f"FROM '{dir}/many.parquet'"
twins = pq.read_table(dir + "/twins.parquet")
json.dump([
    str(duckdb.sql(f"SELECT count(*), count(DISTINCT v), min(v), max(v) {many}").fetchall()),
    str(duckdb.sql(f"SELECT count(*) {many} WHERE v BETWEEN 149999 AND 150000").fetchall()),
    str(duckdb.sql(f"DESCRIBE FROM '{dir}/empty.parquet'").fetchall()),
    str(duckdb.sql(f"SELECT count(*) FROM '{dir}/empty.parquet'").fetchall()),
    str(pq.read_table(dir + "/empty.parquet").num_rows),
    str(twins.column_names),
    str(twins.to_pylist()[2]),
], sys.stdout)`
	got, err := exec.CommandContext(t.Context(), interpreter, "-c", look, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	var lines []string
	if err := json.Unmarshal(got, &lines); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"[(150001, 150001, 0, 150000)]", "[(2,)]",
		"[('n', 'TINYINT', 'YES', None, None, None), ('v', 'BIGINT', 'YES', None, None, None)]", "[(0,)]", "0",
		"['id', '姓名', 'amount', '姓名_1']", "{'id': 30, '姓名': None, 'amount': Decimal('-1000.00'), '姓名_1': '上海市'}",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A file that broke off has no footer, at whatever point that was.
func TestABrokenParquetFileIsNone(t *testing.T) {
	for name, batches := range map[string]int{"within the first row group": 1, "after one": 4} {
		s, types := people(t, memory.NewGoAllocator())
		large := largeText(t, 8<<20)
		if batches > 1 {
			s = &fakeStream{schema: large.Schema(), batches: []arrow.RecordBatch{large, large, large, large, large}}
			types = []catalog.Type{kind(catalog.Text)}
		} else {
			s.batches = s.batches[:1]
		}
		s.err = errs.New(errs.SourceFailed, "source_failed", nil)
		var out bytes.Buffer
		sum, err := output.Write(t.Context(), &out, output.Parquet, s, output.Options{Types: types})
		if errs.CodeOf(err) != errs.SourceFailed || sum.Bytes != int64(out.Len()) || (out.Len() == 0) != (batches == 1) {
			t.Errorf("%s: %v, %+v, %d bytes", name, err, sum, out.Len())
		}
		if _, err := file.NewParquetReader(bytes.NewReader(out.Bytes())); err == nil {
			t.Errorf("%s: passes for a whole file", name)
		}
		if out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), make([]byte, 8)) {
			t.Errorf("%s: the end is not marked", name)
		}
	}
}

// largeText is a batch of one text, which no codec makes small.
func largeText(t *testing.T, size int) arrow.RecordBatch {
	t.Helper()
	text := make([]byte, size)
	state := uint64(1)
	for i := range text {
		state = state*6364136223846793005 + 1442695040888963407
		text[i] = 'a' + byte(state>>59)%26
	}
	b := array.NewStringBuilder(memory.NewGoAllocator())
	defer b.Release()
	b.Append(string(text))
	values := b.NewArray()
	defer values.Release()
	batch := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.BinaryTypes.String, Nullable: true}}, nil), []arrow.Array{values}, 1)
	t.Cleanup(batch.Release)
	return batch
}

// A value that a file cannot hold ends the answer, with the column's name.
func TestParquetOfValuesBeyond(t *testing.T) {
	for _, c := range []kindCase{
		{name: "milliseconds in 64 bits", typ: kind(catalog.TimestampS), fill: func(b array.Builder) { b.(*array.TimestampBuilder).Append(math.MaxInt64/1000 + 1) }},
		{name: "four digits in five", typ: catalog.DecimalOf(4, 1), fill: func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal(10000)) }},
		{name: "and below zero", typ: catalog.DecimalOf(4, 1), fill: func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal(-10000)) }},
		{name: "in a list", typ: catalog.ListOf(catalog.DecimalOf(38, 0)), fill: func(b array.Builder) {
			b.(*array.ListBuilder).Append(true)
			b.(*array.ListBuilder).ValueBuilder().(*array.Decimal128Builder).Append(decimal128.New(math.MaxInt64, 0))
		}},
	} {
		batch, types := column(memory.NewGoAllocator(), c)
		defer batch.Release()
		s := &fakeStream{schema: batch.Schema(), batches: []arrow.RecordBatch{batch}}
		_, err := output.Write(t.Context(), io.Discard, output.Parquet, s, output.Options{Types: types})
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != errs.DataError || !strings.Contains(e.Text("en"), "Column v ") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
