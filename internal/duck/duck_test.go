package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, o Options) (*DB, *Conn) {
	t.Helper()
	db, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	c, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return db, c
}

func exec(t *testing.T, c *Conn, sql string) {
	t.Helper()
	if err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// batches is an ArrowStream over batches that the test owns.
type batches struct {
	recs []arrow.RecordBatch
	at   int
	fail error
}

func (b *batches) Next() bool                     { b.at++; return b.at <= len(b.recs) }
func (b *batches) RecordBatch() arrow.RecordBatch { return b.recs[b.at-1] }
func (b *batches) Err() error {
	if b.at > len(b.recs) {
		return b.fail
	}
	return nil
}

func read(t *testing.T, c *Conn, sql string, alloc memory.Allocator) ([]arrow.RecordBatch, *arrow.Schema) {
	t.Helper()
	stmt, err := c.Prepare(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	r, err := stmt.Stream(t.Context(), nil, StreamOptions{Alloc: alloc, Rows: 5000, Bytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var recs []arrow.RecordBatch
	for r.Next() {
		b := r.RecordBatch()
		b.Retain()
		recs = append(recs, b)
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return recs, r.Schema()
}

const everyType = `CREATE TABLE every AS SELECT
	i::BIGINT AS id,
	(i % 2 = 0) AS b, (i % 256 - 128)::TINYINT AS i8, (i * 3 - 7000)::SMALLINT AS i16, (i * 300003)::INTEGER AS i32, (i::HUGEINT * 1300000000000000 - 9100000000000000000)::BIGINT AS i64,
	(i % 256)::UTINYINT AS u8, i::USMALLINT AS u16, (i * 5)::UINTEGER AS u32, (18446744073709551615 - i::HUGEINT)::UBIGINT AS u64,
	(i / 3)::FLOAT AS f32, CASE i % 5 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN '-infinity'::DOUBLE ELSE i / 7 END AS f64,
	(i % 1000 - 500)::DECIMAL(4,1) AS d4, (i - 3500)::DECIMAL(5,1) AS d5, (i - 5000)::DECIMAL(9,3) AS d9, (i * 1234)::DECIMAL(10,3) AS d10,
	(i * 12345)::DECIMAL(18,6) AS d18, (i::HUGEINT * -1400000000000)::DECIMAL(19,3) AS d19, (i * -1234567890)::DECIMAL(38,10) AS d38,
	repeat('中🎉a', (i % 9)::INTEGER) AS txt, repeat('x', (i % 20)::INTEGER)::BLOB AS bin,
	DATE '1600-01-01' + (i * 17)::INTEGER AS dt, TIME '00:00:00' + to_microseconds(i * 1000003) AS tm, TIMESTAMP '1900-01-01' + to_microseconds(i * 1000000007) AS ts,
	(TIMESTAMP '1900-01-01' + to_seconds(i))::TIMESTAMP_S AS tss, (TIMESTAMP '1900-01-01' + to_milliseconds(i))::TIMESTAMP_MS AS tsm, (TIMESTAMP '1970-01-01' + to_microseconds(i))::TIMESTAMP_NS AS tsn,
	(TIMESTAMP '2024-03-10 00:30:00' + to_minutes(i)) AT TIME ZONE 'Asia/Shanghai' AS tz,
	to_months((i % 7)::INTEGER) + to_days((i % 5)::INTEGER) + to_microseconds(i) AS iv,
	('00000000-0000-0000-' || lpad((i % 10000)::VARCHAR, 4, '0') || '-ffffffffffff')::UUID AS id128, ('{"k": ' || i || '}')::JSON AS js,
	(i::HUGEINT * 10000000000000000000000000) AS huge,
	CASE i % 3 WHEN 0 THEN [] WHEN 1 THEN [i, NULL, -i] ELSE NULL END AS li, [['甲', NULL], [i::VARCHAR]] AS lli,
	{'a': i, 'b': CASE WHEN i % 2 = 0 THEN 'x' || i END} AS st, map([i, i + 1], ['v' || i, NULL]) AS mp, [{'u': [i]}] AS lst, CASE WHEN i % 4 = 0 THEN NULL ELSE ['p', 'q' || i] END AS lt
FROM range(7001) r(i)`

// Every type goes out as Arrow and back in as a scan without a change, with and
// without NULLs, in batches that are not whole chunks.
func TestEveryTypeRoundTrips(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer alloc.AssertSize(t, 0)
	_, c := open(t, Options{Scans: true, Threads: 2})
	exec(t, c, everyType)
	exec(t, c, "CREATE TABLE holes AS SELECT id, "+holes(t, c)+" FROM every")
	for _, table := range []string{"every", "holes"} {
		stmt, err := c.Prepare(t.Context(), "FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		var columns []catalog.Column
		for _, r := range stmt.Columns() {
			if !r.Type.Readable() {
				t.Fatalf("column %s has no type", r.Name)
			}
			columns = append(columns, catalog.Column{Name: r.Name, Type: r.Type})
		}
		stmt.Close()
		recs, schema := read(t, c, "FROM "+table+" ORDER BY id", alloc)
		if want := catalog.ArrowSchema(columns); !schema.Equal(want) {
			t.Fatalf("schema\n%s\nwant\n%s", schema, want)
		}
		scan := NewScan(t.Context(), ScanOptions{Columns: columns, Rows: 7001, Threads: 2, Open: func(context.Context, bool) (ArrowStream, error) { return &batches{recs: recs}, nil }})
		exec(t, c, "CREATE OR REPLACE TEMP TABLE back AS "+scan.SQL())
		scan.Close()
		for _, col := range columns {
			q := catalog.QuoteIdent(col.Name)
			got, err := c.QueryText(t.Context(), fmt.Sprintf("SELECT CAST(count(*) AS VARCHAR) || ' ' || CAST(count(b.id) AS VARCHAR) FROM %s a LEFT JOIN back b ON a.id = b.id AND a.%s IS NOT DISTINCT FROM b.%s AND typeof(a.%s) = typeof(b.%s)", table, q, q, q, q))
			if err != nil {
				t.Fatal(err)
			}
			if got != "7001 7001" {
				t.Errorf("%s.%s: rows and rows that came back: %s", table, col.Name, got)
			}
		}
		for _, r := range recs {
			r.Release()
		}
	}
}

func holes(t *testing.T, c *Conn) string {
	stmt, err := c.Prepare(t.Context(), "SELECT * EXCLUDE (id) FROM every")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	var parts []string
	for i, r := range stmt.Columns() {
		q := catalog.QuoteIdent(r.Name)
		parts = append(parts, fmt.Sprintf("CASE WHEN (id + %d) %% 3 = 0 THEN NULL ELSE %s END AS %s", i, q, q))
	}
	return strings.Join(parts, ", ")
}

// Types that Arrow would change on the way out are text, and exactly DuckDB's own.
func TestTypesReadAsText(t *testing.T) {
	_, c := open(t, Options{})
	for _, expr := range []string{"'b'::ENUM('a','b')", "'010110111'::BIT", "'12:34:56.7+08:30'::TIMETZ", "'00:00:00-15:59:59'::TIMETZ", "'ffffffff-0000-4000-8000-0123456789ab'::UUID"} {
		recs, schema := read(t, c, "SELECT "+expr+", CAST("+expr+" AS VARCHAR)", memory.DefaultAllocator)
		if schema.Field(0).Type.ID() != arrow.STRING {
			t.Errorf("%s is read as %s", expr, schema.Field(0).Type)
		}
		if got, want := recs[0].Column(0).ValueStr(0), recs[0].Column(1).ValueStr(0); got != want {
			t.Errorf("%s: %q, DuckDB writes %q", expr, got, want)
		}
	}
}

func TestValuesWithoutAnExactFormAreErrors(t *testing.T) {
	_, c := open(t, Options{})
	for _, expr := range []string{"'infinity'::DATE", "'-infinity'::TIMESTAMP", "'infinity'::TIMESTAMPTZ", "100000000000000000000000000000000000000::HUGEINT", "-100000000000000000000000000000000000000::HUGEINT", "340282366920938463463374607431768211455::UHUGEINT", "to_microseconds(9223372036854775807)"} {
		err := streamError(t, c, "SELECT "+expr+" AS v")
		var v *ValueError
		if !errors.As(err, &v) || v.Column != "v" {
			t.Errorf("%s: %v, want a ValueError of column v", expr, err)
		}
	}
	var e *Error
	if err := streamError(t, c, "SELECT 1::VARIANT"); !errors.As(err, &e) || e.Kind != KindUnsupported {
		t.Errorf("a type that the gateway does not have: %v", err)
	}
}

func streamError(t *testing.T, c *Conn, sql string) error {
	t.Helper()
	stmt, err := c.Prepare(t.Context(), sql)
	if err != nil {
		return err
	}
	defer stmt.Close()
	r, err := stmt.Stream(t.Context(), nil, StreamOptions{Alloc: memory.DefaultAllocator, Rows: 1 << 16, Bytes: 1 << 20})
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
	}
	return r.Err()
}

// A stream is read once: the second opening fails the statement, it does not give zero rows.
func TestSecondOpeningFails(t *testing.T) {
	_, c := open(t, Options{Scans: true})
	recs, _ := read(t, c, "SELECT i FROM range(5000) r(i)", memory.DefaultAllocator)
	columns := []catalog.Column{{Name: "i", Type: catalog.Type{Kind: catalog.Int64}}}
	scan := NewScan(t.Context(), ScanOptions{Columns: columns, Rows: -1, Open: func(context.Context, bool) (ArrowStream, error) { return &batches{recs: recs}, nil }})
	defer scan.Close()
	exec(t, c, "CREATE TEMP VIEW s AS "+scan.SQL())
	err := streamError(t, c, "SELECT count(*) FROM s a JOIN s b USING (i)")
	if err == nil || !strings.Contains(err.Error(), "second time") || scan.Err() == nil {
		t.Errorf("self join over one stream: %v (scan: %v)", err, scan.Err())
	}
}

func TestScanFailureAndCount(t *testing.T) {
	_, c := open(t, Options{Scans: true})
	recs, _ := read(t, c, "SELECT i, i::VARCHAR AS v FROM range(150000) r(i)", memory.DefaultAllocator)
	columns := []catalog.Column{{Name: "i", Type: catalog.Type{Kind: catalog.Int64}}, {Name: "v", Type: catalog.Type{Kind: catalog.Text}}}
	start := func(fail error) *Scan {
		s := NewScan(t.Context(), ScanOptions{Columns: columns, Rows: -1, Open: func(context.Context, bool) (ArrowStream, error) { return &batches{recs: recs, fail: fail}, nil }})
		t.Cleanup(s.Close)
		return s
	}
	got, err := c.QueryText(t.Context(), "SELECT count(*)::VARCHAR FROM ("+start(nil).SQL()+")")
	if err != nil || got != "150000" {
		t.Errorf("count(*) over a scan: %q %v", got, err)
	}
	// Rows had left before the source broke: the statement must still end with an error.
	broken := start(errors.New("wire cut"))
	if err := streamError(t, c, broken.SQL()); err == nil || broken.Err() == nil {
		t.Errorf("a broken source ended like a complete one: %v", err)
	}
	panics := NewScan(t.Context(), ScanOptions{Columns: columns, Rows: -1, Open: func(context.Context, bool) (ArrowStream, error) { var s *batches; return s, nil }})
	defer panics.Close()
	if err := streamError(t, c, panics.SQL()); err == nil || !strings.Contains(err.Error(), "scan failed") {
		t.Errorf("a panic of a stream: %v", err)
	}
}

func TestInterrupt(t *testing.T) {
	_, c := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	stmt, err := c.Prepare(ctx, "SELECT count(*) FROM range(100000000000) a(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	r, err := stmt.Stream(ctx, nil, StreamOptions{Alloc: memory.DefaultAllocator, Rows: 1, Bytes: 1})
	if err == nil {
		for r.Next() {
		}
		err = r.Err()
		r.Release()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("interrupt took %v, stated 1 s", took)
	} else {
		t.Logf("interrupt took %v", took)
	}
	if got, err := c.QueryText(t.Context(), "SELECT 'usable'"); err != nil || got != "usable" {
		t.Errorf("after an interrupt: %q %v", got, err)
	}
}

// What the lock-down paper calls closed is closed.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.csv")
	if err := os.WriteFile(file, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, c := open(t, Options{TempDir: filepath.Join(dir, "tmp"), TempBytes: 1 << 20, TimeZone: "Asia/Shanghai"})
	for _, sql := range []string{
		"FROM " + quote(file), "COPY (SELECT 1) TO " + quote(filepath.Join(dir, "out.csv")), "ATTACH " + quote(filepath.Join(dir, "y.db")), "INSTALL httpfs", "LOAD httpfs",
		"SET memory_limit = '8GB'", "SET threads = 8", "SET enable_external_access = true", "SET lock_configuration = false", "SET TimeZone = 'UTC'", "SET temp_directory = '/'", "FROM glob('/*')", "FROM read_text('/etc/hostname')",
	} {
		if err := c.Exec(t.Context(), sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
	st, err := os.Stat(filepath.Join(dir, "tmp"))
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("spill folder: %v %v", st, err)
	}
	if got, _ := c.QueryText(t.Context(), "SELECT (TIMESTAMPTZ '2024-01-01 00:00:00+00')::VARCHAR"); got != "2024-01-01 08:00:00+08" {
		t.Errorf("session zone: %q", got)
	}
	if _, err := Open(t.Context(), Options{TimeZone: "Mars/Olympus"}); err == nil {
		t.Error("an unknown zone was accepted")
	}
	if _, err := Open(t.Context(), Options{Path: filepath.Join(dir, "missing.duckdb")}); err == nil {
		t.Error("a missing database file was accepted")
	}
}

// A quote in a folder's or file's name ends no literal of the settings.
func TestQuotesInPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "o'clock.csv")
	if err := os.WriteFile(file, []byte("a\n7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, c := open(t, Options{TempDir: filepath.Join(dir, "tmp'"), TempBytes: 1 << 20, ReadPaths: []string{file}})
	sql := "SELECT max(a)::VARCHAR FROM read_csv('" + strings.ReplaceAll(file, "'", "''") + "')"
	if got, err := c.QueryText(t.Context(), sql); err != nil || got != "7" {
		t.Errorf("%q %v", got, err)
	}
}

// A statement that needs more than it may spill fails as such, and a capped instance streams more than its cap.
func TestMemoryCap(t *testing.T) {
	dir := t.TempDir()
	_, c := open(t, Options{MemoryBytes: 64 << 20, TempDir: dir, TempBytes: 8 << 20})
	err := streamError(t, c, "SELECT hash(i) AS h FROM range(30000000) r(i) ORDER BY h")
	var e *Error
	if !errors.As(err, &e) || (e.Kind != KindDiskFull && e.Kind != KindMemory) {
		t.Errorf("a sort beyond memory and spill: %v", err)
	}
	if err := streamError(t, c, "SELECT i, repeat('x', 100) FROM range(2000000) r(i)"); err != nil {
		t.Errorf("streaming 200 MB through 64 MB: %v", err)
	}
}

func TestParameters(t *testing.T) {
	_, c := open(t, Options{TimeZone: "Asia/Shanghai"})
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	for _, p := range []struct {
		cast string
		v    catalog.Value
		want string
	}{
		{"DECIMAL(38,10)", catalog.Value{Type: catalog.DecimalOf(38, 10), V: "-1234567890123456789012345678.0123456789"}, "-1234567890123456789012345678.0123456789"},
		{"DECIMAL(5,2)", catalog.Value{Type: catalog.DecimalOf(5, 2), V: "-0.5"}, "-0.50"},
		{"DATE", catalog.Value{Type: kind(catalog.Date), V: int64(-1)}, "1969-12-31"},
		{"TIMESTAMP", catalog.Value{Type: kind(catalog.Timestamp), V: int64(1_500_000)}, "1970-01-01 00:00:01.5"},
		{"TIMESTAMPTZ", catalog.Value{Type: kind(catalog.TimestampTZ), V: int64(0)}, "1970-01-01 08:00:00+08"},
		{"TIME", catalog.Value{Type: kind(catalog.Time), V: int64(1)}, "00:00:00.000001"},
		{"VARCHAR", catalog.Value{Type: kind(catalog.Text), V: "'; 中 \x00"}, "'; 中 \x00"},
		{"BLOB", catalog.Value{Type: kind(catalog.Blob), V: []byte{0, 0xff}}, `\x00\xFF`},
		{"UBIGINT", catalog.Value{Type: kind(catalog.Uint64), V: uint64(1<<64 - 1)}, "18446744073709551615"},
		{"BIGINT", catalog.Value{Type: kind(catalog.Int64), V: int64(-1 << 63)}, "-9223372036854775808"},
		{"BOOLEAN", catalog.Value{Type: kind(catalog.Bool), V: true}, "true"},
		{"UUID", catalog.Value{Type: kind(catalog.UUID), V: "FFFFFFFF-0000-4000-8000-0123456789AB"}, "ffffffff-0000-4000-8000-0123456789ab"},
		{"INTEGER", catalog.Value{Type: kind(catalog.Int32)}, ""},
	} {
		got, err := c.QueryText(t.Context(), "SELECT CAST(CAST($1 AS "+p.cast+") AS VARCHAR)", p.v)
		if err != nil || got != p.want {
			t.Errorf("%s: %q %v, want %q", p.cast, got, err, p.want)
		}
	}
	if _, err := c.QueryText(t.Context(), "SELECT CAST($1 AS VARCHAR)", catalog.Value{Type: catalog.DecimalOf(3, 1), V: "12.34"}); err == nil {
		t.Error("a decimal with too many places was bound")
	}
	if _, err := c.QueryText(t.Context(), "SELECT CAST($1 AS VARCHAR)"); err == nil {
		t.Error("a missing value was accepted")
	}
}

// The first of no rows is none, not one of NULLs.
func TestFirstOfNoRows(t *testing.T) {
	_, c := open(t, Options{})
	const sql = "SELECT count(*)::VARCHAR FROM (SELECT y FROM (SELECT y, row_number() OVER (ORDER BY y) AS n FROM range(5) t(y) WHERE y > 10) WHERE n <= 1)"
	if got, err := c.QueryText(t.Context(), sql); err != nil || got != "0" {
		t.Errorf("%q rows, %v", got, err)
	}
}

// A column that the plan left out is not NULL when DuckDB reads it all the same:
// then the whole table is read.
func TestColumnsLeftOut(t *testing.T) {
	_, c := open(t, Options{Scans: true})
	pruned, _ := read(t, c, "SELECT i FROM range(10) r(i)", memory.DefaultAllocator)
	all, _ := read(t, c, "SELECT 'x' || i AS a, i FROM range(10) r(i)", memory.DefaultAllocator)
	columns := []catalog.Column{{Name: "a", Type: catalog.Type{Kind: catalog.Text}}, {Name: "i", Type: catalog.Type{Kind: catalog.Int64}}}
	for sql, want := range map[string]struct {
		answer string
		whole  bool
	}{
		"SELECT sum(i)::VARCHAR FROM (%s)":   {"45", false},
		"SELECT count(*)::VARCHAR FROM (%s)": {"10", false},
		"SELECT max(a) || max(i) FROM (%s)":  {"x99", true},
	} {
		whole := false
		s := NewScan(t.Context(), ScanOptions{Columns: columns, Fetched: []int{-1, 0}, Rows: -1, Open: func(_ context.Context, w bool) (ArrowStream, error) {
			whole = w
			if w {
				return &batches{recs: all}, nil
			}
			return &batches{recs: pruned}, nil
		}})
		got, err := c.QueryText(t.Context(), fmt.Sprintf(sql, s.SQL()))
		if err != nil || got != want.answer || whole != want.whole {
			t.Errorf("%s: %q %v, whole %v; want %+v", sql, got, err, whole, want)
		}
		s.Close()
	}
}
