package exec

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/planner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// With one place at each source, self joins and joins of two tables of one source
// run through a spool, many at once and in both orders, without waiting for each other.
func TestOnePlaceAtEachSource(t *testing.T) {
	w := newWorld(t, 1, Options{TempDir: t.TempDir(), MaxRunning: 4})
	statements := []string{
		"SELECT count(*) FROM 公安.人口 a JOIN 公安.人口 b ON a.id = b.区 JOIN 民政.低保 c ON c.id = a.id",
		"SELECT count(*) FROM 民政.低保 a JOIN 民政.低保 b ON a.id = b.id JOIN 公安.户 c ON c.主 = a.id",
		"SELECT count(*) FROM 公安.户 a, 公安.人口 b WHERE a.主 = b.id",
	}
	for _, sql := range statements {
		w.same(sql)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	g, _ := safego.WithContext(ctx)
	for i := range 12 {
		p, err := w.plan(statements[i%len(statements)])
		if err != nil {
			t.Fatal(err)
		}
		g.Go(func() error {
			rows, err := w.engine.Run(ctx, p)
			if err != nil {
				return err
			}
			defer rows.Release()
			for rows.Next() {
			}
			return rows.Err()
		})
	}
	if err := g.Wait(); err != nil {
		t.Errorf("twelve queries over sources with one place each: %v", err)
	}
	for name, s := range w.sources {
		if len(s.places) != 0 {
			t.Errorf("source %s: %d places were not given back", name, len(s.places))
		}
	}
}

// oneRuns gives an engine whose only place for DuckDB is taken until the test ends, and the
// plan of a statement that needs one.
func oneRuns(t *testing.T, patience time.Duration) (*world, *planner.Plan) {
	t.Helper()
	w := newWorld(t, 8, Options{MaxRunning: 1, MaxQueued: 1, QueueTimeout: patience})
	p, err := w.plan("SELECT a.id FROM 公安.人口 a, 公安.户 b")
	if err != nil {
		t.Fatal(err)
	}
	first, err := w.engine.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Release)
	return w, p
}

// A query does not wait for ever, and one that needs no DuckDB not at all.
func TestQueue(t *testing.T) {
	w, p := oneRuns(t, 50*time.Millisecond)
	if _, err := w.engine.Run(t.Context(), p); errs.CodeOf(err) != errs.QueueFull || errs.From(err).ID != "queue_timeout" {
		t.Errorf("waiting too long: %v", err)
	}
	straight, err := w.plan("SELECT id FROM 公安.人口 WHERE id = 1")
	if err != nil || !straight.Straight {
		t.Fatalf("not straight: %v", err)
	}
	rows, err := w.engine.Run(t.Context(), straight)
	if err != nil {
		t.Fatalf("a statement that needs no DuckDB waited for one: %v", err)
	}
	rows.Release()
}

// Beyond the queue nobody waits, and whoever waits may leave.
func TestQueueFull(t *testing.T) {
	w, p := oneRuns(t, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	blocked := safego.Run(func() error {
		_, err := w.engine.Run(ctx, p)
		return err
	})
	waitfor.True(t, time.Second, "a query to wait", func() bool { return w.engine.Waiting() == 1 })
	if _, err := w.engine.Run(t.Context(), p); errs.From(err).ID != "queue_full" {
		t.Errorf("beyond the queue: %v", err)
	}
	cancel()
	if err := <-blocked; errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled while waiting: %v", err)
	}
}

// Everything is freed, whether rows are read to their end, left, cancelled or broken.
func TestNothingLeaks(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	dir := t.TempDir()
	w := newWorld(t, 4, Options{Alloc: alloc, TempDir: dir})
	for _, sql := range []string{"SELECT * FROM 公安.人口", "SELECT a.*, b.* FROM 公安.人口 a JOIN 民政.低保 b USING (id)", "SELECT a.id FROM 公安.人口 a, 民政.低保 b, 公安.户 c"} {
		p, err := w.plan(sql)
		if err != nil {
			t.Fatal(err)
		}
		for _, batches := range []int{0, 1, 1000000} {
			ctx, cancel := context.WithCancel(t.Context())
			rows, err := w.engine.Run(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			if batches == 1000000 && len(p.Scans) == 3 {
				rows.Next()
				start := time.Now()
				cancel()
				for rows.Next() {
				}
				if errs.CodeOf(rows.Err()) != errs.Canceled {
					t.Errorf("cancelled: %v", rows.Err())
				}
				t.Logf("cancelled after %v", time.Since(start))
			} else {
				for range batches {
					if !rows.Next() {
						break
					}
				}
			}
			rows.Release()
			rows.Release()
			cancel()
		}
	}
	alloc.AssertSize(t, 0)
	spills, _ := filepath.Glob(filepath.Join(dir, "*", "spill-*"))
	if len(spills) > w.engine.pool.most+1 { // those that are ready have one each, and one may be opening
		t.Errorf("spill folders left: %v", spills)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*", "spill-*", "duckdb_temp*")); len(files) > 0 {
		t.Errorf("spilled and left: %v", files)
	}
}

func TestRunErrors(t *testing.T) {
	w := newWorld(t, 4, Options{MemoryBytes: 1}) // the least that a residual gets: 64 MiB
	for sql, want := range map[string]errs.Code{
		"SELECT 姓名::INTEGER FROM 公安.人口":                                            errs.DataError,
		"SELECT (id * 10000000000000)::INTEGER FROM 公安.人口":                         errs.DataError,
		"SELECT sum(id::HUGEINT * 10000000000000000000000000000000000) FROM 公安.人口": errs.DataError,
		"SELECT id FROM 公安.人口 WHERE 姓名 LIKE '%' || chr(92) ESCAPE chr(92)":         errs.DataError,
		"SELECT (SELECT id FROM 公安.户 LIMIT 2) FROM 公安.人口":                          errs.DataError,
		"SELECT 1::BIGINT // 0 FROM 公安.人口 WHERE id = 'x'::VARCHAR::INTEGER":        errs.DataError,
		"SELECT length(list(a.id)) FROM 公安.人口 a, 公安.户 b":                           errs.OutOfMemory,
	} {
		p, err := w.plan(sql)
		if err == nil {
			var rows *Rows
			if rows, err = w.engine.Run(t.Context(), p); err == nil {
				for rows.Next() {
				}
				err = rows.Err()
				rows.Release()
			}
		}
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: %v (%v), want %s", sql, err, errs.CodeOf(err), want)
		}
	}
}

// A gateway that closes cancels what runs and says so; one that never opened refuses.
func TestClose(t *testing.T) {
	w := newWorld(t, 4, Options{TempDir: t.TempDir()})
	p, err := w.plan("SELECT a.id FROM 公安.人口 a, 民政.低保 b, 公安.户 c")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := w.engine.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.engine.Close(short); err == nil {
		t.Error("Close said nothing of an open query")
	}
	for rows.Next() {
	}
	if e := errs.From(rows.Err()); e == nil || e.ID != "gateway_closing" {
		t.Errorf("a query that the closing ended: %v", rows.Err())
	}
	rows.Release()
	if _, err := w.engine.Run(t.Context(), p); errs.From(err).ID != "gateway_closing" {
		t.Errorf("after Close: %v", err)
	}
}

// Folders of processes that are gone are removed at the start, others are left.
func TestOldSpillFoldersGo(t *testing.T) {
	dir := t.TempDir()
	gone, other := filepath.Join(dir, "lianji-999999999-x"), filepath.Join(dir, "mine")
	for _, d := range []string{gone, other} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	e, err := New(Options{TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close(context.Background()) }()
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Error("the folder of a process that is gone was left")
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("a folder of somebody else was removed")
	}
}

// A plan that left out a column which DuckDB reads gives the right answer all the same.
func TestPrunedTooMuch(t *testing.T) {
	w := newWorld(t, 4, Options{})
	p, err := w.plan("SELECT count(分), count(区) FROM 公安.人口")
	if err != nil {
		t.Fatal(err)
	}
	s := p.Streams[0]
	for i, k := range s.Fetched {
		if k > 0 {
			s.Fetched[i] = -1
		}
	}
	s.Columns = s.Columns[:1]
	s.SQL = `SELECT ` + catalog.QuoteIdent(s.Columns[0].Name) + ` FROM "人口"`
	rows, err := w.engine.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	got, err := rowsText(t, rows)
	if err != nil || len(got) != 1 || got[0] != "10000|9090" {
		t.Errorf("%q %v", got, err)
	}
}
