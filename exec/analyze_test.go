package exec

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/policy"
)

// byTree makes the world's sources take what a DuckDB file takes.
func (w *world) byTree() {
	b := planner.NewInProcess("Asia/Shanghai")
	w.t.Cleanup(b.Close)
	w.planner = planner.New(b, func(string) dialect.Dialect { return dialect.For("duckdb") })
}

// analyze runs a statement and gives what was measured, by the explanation too.
func (w *world) analyze(sql string, values ...string) (*planner.Measured, *planner.Explanation) {
	w.t.Helper()
	p, err := w.plan(sql, values...)
	if err != nil {
		w.t.Fatalf("%s: %v (%s)", sql, err, errs.From(err).Detail)
	}
	m, err := w.engine.Analyze(w.t.Context(), p)
	if err != nil {
		w.t.Fatalf("%s: %v (%s)", sql, err, errs.From(err).Detail)
	}
	e := p.Explain()
	e.AddRun(m)
	return m, e
}

// rowsOf lists what the streams and then DuckDB's scans gave.
func rowsOf(m *planner.Measured) (streams, scans []int64) {
	for _, s := range m.Streams {
		streams = append(streams, s.Rows)
	}
	for _, o := range m.Operators {
		if o.Name == "TABLE_SCAN" {
			scans = append(scans, o.Rows)
		}
	}
	return streams, scans
}

func same(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAnalyzeCounts(t *testing.T) {
	const text, tree = "text", "tree"
	for _, c := range []struct {
		how, sql       string
		places         int
		answer         int64
		streams, scans []int64 // scans: what DuckDB reads, in the order of its operators
	}{
		{text, "SELECT id FROM 公安.人口 WHERE id < 100", 4, 100, []int64{100}, nil},
		{tree, "SELECT id FROM 公安.人口 WHERE id < 100", 4, 100, []int64{100}, nil},
		{text, "SELECT id, id FROM 公安.人口 WHERE id < 0", 4, 0, []int64{0}, nil},
		{text, "SELECT count(*) FROM 公安.人口", 4, 1, []int64{10000}, []int64{10000}},
		{text, "SELECT count(*) FROM 公安.人口 a JOIN 民政.低保 b USING (id) WHERE 姓名 = 'n9'", 4, 1, []int64{200, 3000}, nil},
		{tree, "SELECT a.id, a.f FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id AND abs(a.f) >= 0 WHERE a.id < 30", 4, 10, []int64{30, 10}, nil},
		// One place at the source: each is read into a table, one after the other.
		{text, "SELECT count(*) FROM 公安.人口 a, 公安.户 b WHERE a.区 = b.id", 1, 1, []int64{10000, 500}, nil},
		// DuckDB stops early, or need not begin.
		{text, "SELECT f FROM 公安.人口 WHERE f > 1 LIMIT 1", 4, 1, []int64{-1}, nil},
		{text, "SELECT f FROM 公安.人口 WHERE f > 1 AND 1 = 0", 4, 0, []int64{0}, []int64{}},
		{text, "SELECT 1", 4, 1, nil, nil},
	} {
		w := newWorld(t, c.places, Options{TempDir: t.TempDir()})
		if c.how == tree {
			w.byTree()
		}
		m, e := w.analyze(c.sql)
		if e.Plan != c.how && c.sql != "SELECT 1" {
			t.Errorf("%s: planned by %s: %s", c.sql, e.Plan, e.Fallback)
		}
		streams, scans := rowsOf(m)
		if len(c.streams) == 1 && c.streams[0] < 0 { // a batch or more
			if len(streams) != 1 || streams[0] < 1000 || streams[0] >= 10000 {
				t.Errorf("%s: streams gave %d", c.sql, streams)
			}
		} else if !same(streams, c.streams) {
			t.Errorf("%s: streams gave %d, want %d", c.sql, streams, c.streams)
		}
		if c.scans != nil && !same(scans, c.scans) {
			t.Errorf("%s: DuckDB read %d, want %d", c.sql, scans, c.scans)
		}
		if m.Answer.Rows != c.answer || e.Ran.Rows != c.answer {
			t.Errorf("%s: answer of %d rows, want %d", c.sql, m.Answer.Rows, c.answer)
		}
		if straight := len(m.Operators) == 0; straight != e.Straight {
			t.Errorf("%s: straight %t, operators %+v", c.sql, e.Straight, m.Operators)
		}
		for i, s := range m.Streams {
			if s.Took < 0 || s.Took > m.Answer.Took+time.Second || s.Waited < 0 || s.Waited > s.Took || (s.Rows > 0) != (s.Bytes > 0) || (s.Rows > 0 && s.Took == 0) {
				t.Errorf("%s: stream %d: %+v of %v", c.sql, i+1, s, m.Answer.Took)
			}
			if ran := e.Streams[i].Ran; ran == nil || ran.Rows != s.Rows || ran.Bytes != s.Bytes {
				t.Errorf("%s: explained %+v, measured %+v", c.sql, ran, s)
			}
		}
	}
}

// Sizes are those of the batches that a run gives: 8 bytes for each BIGINT and a
// bit for each row that may be NULL.
func TestAnalyzeBytes(t *testing.T) {
	w := newWorld(t, 4, Options{})
	m, _ := w.analyze("SELECT id, id FROM 公安.人口 WHERE id < 800")
	if got := m.Streams[0].Bytes; got < 800*8 || got > 800*8+100+64 {
		t.Errorf("the stream gave %d bytes", got)
	}
	if m.Answer.Bytes != 2*m.Streams[0].Bytes { // the answer has the column twice
		t.Errorf("the answer has %d bytes, the stream %d", m.Answer.Bytes, m.Streams[0].Bytes)
	}
}

// What policy drops or changes is not counted: the source's rows and times below a
// barrier are not said, and DuckDB's operators are those above it.
func TestAnalyzeAbovePolicy(t *testing.T) {
	for _, how := range []string{"text", "tree"} {
		w := newWorld(t, 4, Options{})
		w.byTree()
		if how == "text" {
			w.planner = w.planner.ByText()
		}
		guarded := *w.snapshot[0]
		guarded.Guard = &policy.Guard{RowFilter: "id % 5000 = 7"} // two of ten thousand
		w.snapshot[0] = &guarded
		m, e := w.analyze("SELECT b.id, a.姓名 FROM 公安.人口 a, 公安.户 b WHERE b.id < 3 OR random() < 0")
		if m.Answer.Rows != 6 {
			t.Errorf("%s: %d rows, want 6", how, m.Answer.Rows)
		}
		if len(m.Streams) != 2 || m.Streams[0].Rows < 2 || m.Streams[1].Rows < 3 {
			t.Fatalf("%s: streams %+v", how, m.Streams)
		}
		if e.Streams[0].Ran != nil || e.Streams[0].SQL != "" || e.Streams[0].Rows != -1 || e.Streams[1].Ran == nil || e.Streams[1].Ran.Rows != m.Streams[1].Rows {
			t.Errorf("%s: %+v", how, e.Streams)
		}
		for _, o := range m.Operators {
			if o.Rows == 10000 {
				t.Errorf("%s: an operator below policy: %+v", how, o)
			}
		}
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, told := range []string{"10000", "5000", "%"} {
			if strings.Contains(e.Text(), told) || strings.Contains(string(raw), told) {
				t.Errorf("%s: %s in %s", how, told, e.Text())
			}
		}
		times := []float64{e.Ran.Milliseconds, e.Streams[1].Ran.Milliseconds, e.Streams[1].Ran.Waited}
		for _, o := range e.Ran.Operators {
			times = append(times, o.Milliseconds)
		}
		for _, ms := range times {
			if tens := ms / 10; tens != float64(int64(tens)) {
				t.Errorf("%s: a time of %v ms", how, ms)
			}
		}
	}
}

// Neither literals nor parameters stand in any form of an explanation.
func TestAnalyzeHoldsNoValues(t *testing.T) {
	for _, how := range []string{"text", "tree"} {
		w := newWorld(t, 4, Options{})
		if how == "tree" {
			w.byTree()
		}
		for _, sql := range []string{
			"SELECT id FROM 公安.人口 WHERE 姓名 = 'hunter2' AND id < 8675309 AND id <> $1",
			"SELECT count(*) FROM 公安.人口 WHERE 姓名 IN ('hunter2', 'hunter2b') OR 姓名 LIKE 'hunter2%' OR id = $1",
			"SELECT 'hunter2' || 姓名, id + 8675309 FROM 公安.人口 a JOIN 民政.低保 b USING (id) WHERE 姓名 || 'hunter2' > 姓名 AND a.id < $1 LIMIT 7",
			"SELECT id FROM 公安.人口 WHERE id > $1 ORDER BY id LIMIT 7 OFFSET 8675309",
			"SELECT 姓名, sum(id) FILTER (WHERE 姓名 > 'hunter2') FROM 公安.人口 GROUP BY 姓名 HAVING sum(id) > 8675309 AND min(id) < $1",
			"SELECT string_agg(姓名, 'hunter2') FROM 公安.人口 WHERE id < $1",
			"SELECT * FROM (VALUES ('hunter2', 8675309)) v(a, b) JOIN 公安.户 ON id = $1",
		} {
			_, e := w.analyze(sql, "4242424")
			raw, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			for _, told := range []string{"hunter2", "8675309", "4242424"} {
				if strings.Contains(e.Text(), told) || strings.Contains(string(raw), told) {
					t.Errorf("%s, by %s: %s in\n%s", sql, how, told, e.Text())
				}
			}
		}
	}
}

// A statement fails as it does when it is run.
func TestAnalyzeErrors(t *testing.T) {
	w := newWorld(t, 4, Options{MemoryBytes: 1})
	for _, sql := range []string{
		"SELECT 姓名::INTEGER FROM 公安.人口",
		"SELECT sum(id::HUGEINT * 10000000000000000000000000000000000) FROM 公安.人口",
		"SELECT (SELECT id FROM 公安.户 LIMIT 2) FROM 公安.人口",
		"SELECT length(list(a.id)) FROM 公安.人口 a, 公安.户 b",
		"SELECT CASE WHEN id > 9000 THEN 姓名 ELSE '1' END::INTEGER FROM 公安.人口",                // after some batches
		"SELECT id * 17014118346046923173168730371588410::HUGEINT FROM 公安.人口 WHERE id > 999", // no decimal of 38 digits
	} {
		p, err := w.plan(sql)
		if err != nil {
			t.Fatal(err)
		}
		rows, ran := w.engine.Run(t.Context(), p)
		if ran == nil {
			for rows.Next() {
			}
			ran = rows.Err()
			rows.Release()
		}
		m, err := w.engine.Analyze(t.Context(), p)
		if m != nil || errs.From(ran) == nil || errs.From(err) == nil || errs.From(err).ID != errs.From(ran).ID || errs.CodeOf(err) != errs.CodeOf(ran) {
			t.Errorf("%s: analysed %v, run %v", sql, err, ran)
		}
	}
	p, err := w.plan("SELECT id FROM 公安.人口 WHERE id < 5")
	if err != nil {
		t.Fatal(err)
	}
	p.Streams[0].SQL = "SELECT nothing FROM 人口"
	if _, err := w.engine.Analyze(t.Context(), p); err == nil {
		t.Error("a stream that cannot start was analysed")
	}
}

// An analysis waits for its place like a run, ends with its context, and leaves
// nothing behind.
func TestAnalyzeIsBounded(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	w := newWorld(t, 4, Options{Alloc: alloc, TempDir: t.TempDir(), MaxRunning: 1, MaxQueued: 1, QueueTimeout: 20 * time.Millisecond})
	endless, err := w.plan("SELECT a.id FROM 公安.人口 a, 民政.低保 b, 公安.户 c")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := safego.Run(func() error {
		_, err := w.engine.Analyze(ctx, endless)
		return err
	})
	waitfor.True(t, 10*time.Second, "the analysis to read its sources", func() bool {
		s := w.sources["s2"]
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sent) > 0
	})
	if _, err := w.engine.Analyze(t.Context(), endless); errs.From(err) == nil || errs.From(err).ID != "queue_timeout" {
		t.Errorf("beside another one: %v", err)
	}
	cancel()
	if err := <-ended; errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	for name, s := range w.sources {
		if len(s.places) != 0 {
			t.Errorf("source %s: %d places were not given back", name, len(s.places))
		}
	}
	w.analyze("SELECT count(*) FROM 公安.人口 a JOIN 民政.低保 b USING (id)")
	w.analyze("SELECT id FROM 公安.人口 WHERE id < 5")
	alloc.AssertSize(t, 0)
	w.engine.pool.close()
	small, err := w.plan("SELECT count(*) FROM 公安.户 WHERE id + 主 > 5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine.Analyze(t.Context(), small); errs.From(err) == nil || errs.From(err).ID != "gateway_closing" {
		t.Errorf("after the end: %v", err)
	}
}

// An ordinary run reads its streams as they are.
func TestRunMeasuresNothing(t *testing.T) {
	var none *measure
	stream := &memStream{}
	got, err := none.open(nil, nil, func() (openStream, error) { return stream, nil })
	if err != nil || got != openStream(stream) {
		t.Errorf("%T %v", got, err)
	}
}
