package sqlite

import (
	"context"
	"errors"
	"io"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// TestLockedFile: a writer that holds the whole file makes a scan wait, and fail
// after a while; a cancel ends the waiting.
func TestLockedFile(t *testing.T) {
	path := scratch(t, `CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('a')`)
	src, tables := described(t, path)
	db := writer(t, path)
	defer db.Close()
	alone(t, db, "BEGIN EXCLUSIVE")
	frag := where(t, tables["t"], []string{"x"})

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := read(ctx, t, src, frag)
	wantCode(t, err, errs.Timeout)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > busyWait {
		t.Errorf("waiting for a lock ends after %s with %v", time.Since(start), err)
	}

	// The same where the file is not open yet.
	fresh := openFile(t, path)
	short, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	start = time.Now()
	_, err = fresh.Ping(short)
	wantCode(t, err, errs.Timeout)
	if time.Since(start) > busyWait {
		t.Errorf("opening a locked file ends after %s", time.Since(start))
	}

	_, err = read(t.Context(), t, src, frag)
	if e := wantCode(t, err, errs.SourceBusy); !strings.Contains(e.Error(), "本地 is locked") {
		t.Errorf("a locked file: %s", e)
	}

	waiting := safego.Run(func() error {
		rows, err := read(t.Context(), t, src, frag)
		if err == nil && len(rows) != 1 {
			err = errors.New("rows are missing")
		}
		return err
	})
	alone(t, db, "COMMIT")
	if err := <-waiting; err != nil {
		t.Errorf("after the writer's end: %v", err)
	}
}

// TestFirstBatch: an answer begins before many rows are read.
func TestFirstBatch(t *testing.T) {
	src, tables := described(t, scratch(t, `CREATE TABLE t (x INTEGER PRIMARY KEY);
		WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO t SELECT n FROM c`))
	frag := where(t, tables["t"], []string{"x"})
	frag.Alloc = memory.NewGoAllocator()
	conns, err := src.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer conns[0].Release()
	s, err := conns[0].Scan(t.Context(), frag)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	var sizes []int64
	for s.Next() {
		sizes = append(sizes, s.RecordBatch().NumRows())
	}
	if s.Err() != nil || !slices.Equal(sizes, []int64{firstRows, 5000 - firstRows}) {
		t.Errorf("batches of %d rows, %v", sizes, s.Err())
	}
}

// TestPanic: a panic while rows are read is an internal error with its stack for
// the operator, and its session is not used again.
func TestPanic(t *testing.T) {
	src := openFile(t, scratch(t, ""))
	db := &session{}
	panicked := <-safego.Run(func() error { panic("机密") })
	e := wantCode(t, src.fail(t.Context(), db, panicked, "t"), errs.Internal)
	if strings.Contains(e.Error(), "机密") || !strings.Contains(e.Detail, "file_test.go") || !db.broken {
		t.Errorf("a panic becomes %s [%s], the session is given up: %t", e, e.Detail, db.broken)
	}
}

// TestReadersLeaveNoLock: after a scan, ended early or not, a writer can commit.
func TestReadersLeaveNoLock(t *testing.T) {
	path := scratch(t, `CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('a'), ('b'), ('c')`)
	src, tables := described(t, path)
	frag := where(t, tables["t"], []string{"x"})
	frag.Rows = 1
	frag.Alloc = memory.NewGoAllocator()
	conns, err := src.Acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer conns[0].Release()
	for range 2 {
		s, err := conns[0].Scan(t.Context(), frag)
		if err != nil {
			t.Fatal(err)
		}
		s.Next()
		s.Release()
		db := writer(t, path)
		db.SetBusyTimeout(0)
		alone(t, db, "BEGIN EXCLUSIVE")
		alone(t, db, "UPDATE t SET x = x")
		alone(t, db, "COMMIT")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWriteAheadLog: a file with a log is read while a program writes to it, each
// statement at one moment.
func TestWriteAheadLog(t *testing.T) {
	path := scratch(t, "")
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenWAL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	alone(t, db, "CREATE TABLE t (x TEXT)")
	src, tables := described(t, path)
	frag := where(t, tables["t"], []string{"x"})
	for want := range 3 {
		rows, err := read(t.Context(), t, src, frag)
		if err != nil || len(rows) != want {
			t.Fatalf("%d rows, %v, want %d", len(rows), err, want)
		}
		alone(t, db, "BEGIN IMMEDIATE")
		alone(t, db, "INSERT INTO t VALUES ('a')")
		if rows, err = read(t.Context(), t, src, frag); err != nil || len(rows) != want {
			t.Fatalf("beside a writer: %d rows, %v, want %d", len(rows), err, want)
		}
		alone(t, db, "COMMIT")
	}
}

// TestReplacedFile: a new file under the old name is read at once.
func TestReplacedFile(t *testing.T) {
	path := scratch(t, `CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('old')`)
	src, tables := described(t, path)
	frag := where(t, tables["t"], []string{"x"})
	if rows, err := read(t.Context(), t, src, frag); err != nil || rows[0][0] != "old" {
		t.Fatal(rows, err)
	}
	if err := os.Rename(scratch(t, `CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('new')`), path); err != nil {
		t.Fatal(err)
	}
	if rows, err := read(t.Context(), t, src, frag); err != nil || rows[0][0] != "new" {
		t.Errorf("after the file was replaced: %v, %v", rows, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := read(t.Context(), t, src, frag)
	wantCode(t, err, errs.SourceUnreachable)
}

func TestDamagedFile(t *testing.T) {
	path := scratch(t, `CREATE TABLE t (x TEXT); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000) INSERT INTO t SELECT 'value ' || n FROM c`)
	src, tables := described(t, path)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("\xa5", 4096)), 5*4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = read(t.Context(), t, src, where(t, tables["t"], []string{"x"}))
	e := wantCode(t, err, errs.SourceFailed)
	if strings.Contains(e.Error(), "value") || strings.Contains(e.Detail, path) {
		t.Errorf("the error tells too much: %s [%s]", e, e.Detail)
	}
}

// TestHalfPairs: text of a UTF-16 file that is no text is an error.
func TestHalfPairs(t *testing.T) {
	for _, c := range []struct{ encoding, good, bad string }{
		{"UTF-16le", "3DD800DE2d4e", "3DD82d4e"}, {"UTF-16be", "D83DDE004e2d", "D83D4e2d"}, // U+1F600 U+4E2D
		{"UTF-16le", "00DE", "00DE"}, {"UTF-16be", "4e2d", "4e2dDE00"}, {"UTF-16le", "2d4e", "2d4e3DD8"},
	} {
		path := scratch(t, "")
		db := writer(t, path)
		alone(t, db, "PRAGMA encoding = '"+c.encoding+"'")
		exec(t, db, "CREATE TABLE good (x TEXT); CREATE TABLE bad (x TEXT)")
		exec(t, db, "INSERT INTO good VALUES (CAST(x'"+c.good+"' AS TEXT)); INSERT INTO bad VALUES (CAST(x'"+c.bad+"' AS TEXT))")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		src, tables := described(t, path)
		rows, err := read(t.Context(), t, src, where(t, tables["good"], []string{"x"}))
		if c.good != c.bad && (err != nil || strings.ContainsRune(rows[0][0].(string), '\ufffd') || !strings.ContainsRune(rows[0][0].(string), '中')) {
			t.Errorf("%s %s is read as %q, %v", c.encoding, c.good, rows, err)
		}
		_, err = read(t.Context(), t, src, where(t, tables["bad"], []string{"x"}))
		if e := wantCode(t, err, errs.ValueUnreadable); !strings.Contains(e.Error(), "UTF-16") {
			t.Errorf("%s %s: %s", c.encoding, c.bad, e)
		}
	}
}

// TestDates compares with the time package on days of ten thousand years.
func TestDates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.Int64Range(-719528, 2932896).Draw(t, "day")
		want := time.Unix(day*86_400, 0).UTC().Format("2006-01-02")
		if got := isoDate(day); got != want {
			t.Fatalf("day %d is %s, want %s", day, got, want)
		}
		if back, ok := parseDate([]byte(want)); !ok || back != day {
			t.Fatalf("%s is day %d, want %d", want, back, day)
		}
	})
}

// TestDecimals compares with rational numbers.
func TestDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.OneOf(rapid.Float64(), rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.Int64Range(-1e15, 1e15).Draw(t, "units")) / []float64{1, 10, 100, 1000, 1e6}[rapid.IntRange(0, 4).Draw(t, "places")]
		})).Draw(t, "f")
		precision := rapid.IntRange(1, 38).Draw(t, "precision")
		scale := rapid.IntRange(0, precision).Draw(t, "scale")
		text := strconv.FormatFloat(f, 'f', -1, 64)
		want, finite := new(big.Rat).SetString(text)
		fits := finite
		if finite {
			units := new(big.Rat).Mul(want, new(big.Rat).SetInt(power(scale)))
			fits = units.IsInt() && new(big.Int).Abs(units.Num()).Cmp(power(precision)) < 0
		}
		got, ok := parseDecimal([]byte(text), precision, scale)
		if ok != fits {
			t.Fatalf("%s as DECIMAL(%d,%d): taken is %t, want %t", text, precision, scale, ok, fits)
		}
		if !ok {
			return
		}
		value := new(big.Rat).SetFrac(got.BigInt(), power(scale))
		if value.Cmp(want) != 0 {
			t.Fatalf("%s as DECIMAL(%d,%d) is %s", text, precision, scale, value)
		}
	})
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// TestFileIsUntouched reads a file in every way and compares its bytes.
func TestFileIsUntouched(t *testing.T) {
	path := scratch(t, `CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('a')`)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	src, tables := described(t, path)
	if _, err := src.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t.Context(), t, src, where(t, tables["t"], []string{"x"})); err != nil {
		t.Fatal(err)
	}
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	after, err := io.ReadAll(f)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file changed: %v", err)
	}
	names, err := os.ReadDir(strings.TrimSuffix(path, "数据 1.db"))
	if err != nil || len(names) != 1 {
		t.Errorf("files beside it: %v, %v", names, err)
	}
}
