package exec

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
)

// byKeys makes the world's planner send keys wherever it may, up to so many rows.
func (w *world) byKeys(rows int) {
	w.byTree()
	w.planner = w.planner.Eager(rows)
	for i, r := range w.snapshot {
		own := *r
		own.Keys = map[string][]string{}
		for _, c := range own.Columns {
			own.Keys[c.Name] = []string{catalog.AnyAgency}
		}
		w.snapshot[i] = &own
	}
}

// keysSent lists, for each stream that waits, how many keys were sent, or why none was.
func keysSent(m *planner.Measured) []string {
	var out []string
	for _, s := range m.Streams {
		if s.Keys != nil && s.Keys.Without != "" {
			out = append(out, s.Keys.Without)
		} else if s.Keys != nil {
			out = append(out, fmt.Sprint(s.Keys.Keys))
		}
	}
	return out
}

const tooMany = "there are too many rows with keys"

func TestKeysAreSent(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	w := newWorld(t, 4, Options{Alloc: alloc, TempDir: t.TempDir()})
	w.byKeys(1000)
	tree := w.planner
	for _, c := range []struct {
		sql     string
		rows    int // that are looked at for keys
		sent    []string
		streams []int64 // rows that came, in the order of the streams; nil: not looked at
	}{
		// 200 rows of the one, 20 of the other have a partner.
		{"SELECT a.id, b.金额 FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.姓名 = 'n9' ORDER BY 1", 1000, []string{"200"}, []int64{200, 60}},
		// The bound is on rows, not on keys: 100 rows of two values.
		{"SELECT count(*), min(b.id) FROM 公安.人口 a LEFT JOIN 民政.低保 b ON a.区 = b.id WHERE a.id < 1000 AND a.区 IN (3, 6)", 1000, []string{"2"}, nil},
		{"SELECT count(*), min(b.id) FROM 公安.人口 a LEFT JOIN 民政.低保 b ON a.区 = b.id WHERE a.id < 1000 AND a.区 IN (3, 6)", 10, []string{tooMany}, nil},
		{"SELECT count(*), sum(b.金额) FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.u < '00000000-0000-0000-0000-000000005000'", 4999, []string{tooMany}, []int64{5000, 3000}},
		// DuckDB's files take a thousand.
		{"SELECT count(*), sum(b.金额) FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.u < '00000000-0000-0000-0000-000000005000'", 5000, []string{"too many keys"}, []int64{5000, 3000}},
		{"SELECT count(*), sum(b.金额) FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.u < '00000000-0000-0000-0000-000000001000'", 1000, []string{"1000"}, []int64{1000, 334}},
		// No key, and NULL alone, which is none: the source is not asked.
		{"SELECT a.id, b.金额 FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.姓名 = 'nobody'", 1000, []string{"0"}, []int64{0, 0}},
		{"SELECT a.id, b.金额 FROM 公安.人口 a LEFT JOIN 民政.低保 b ON a.区 = b.id WHERE a.id = 11 OR a.id = 22 ORDER BY 1", 1000, []string{"0"}, []int64{2, 0}},
		{"SELECT a.id, b.金额 FROM 公安.人口 a LEFT JOIN 民政.低保 b ON a.区 = b.id WHERE a.id < 24 ORDER BY 1", 1000, []string{"21"}, []int64{24, 7}},
		{"SELECT a.id FROM 公安.人口 a WHERE a.id < 24 AND NOT EXISTS (FROM 民政.低保 b WHERE a.区 = b.id) ORDER BY 1", 1000, []string{"21"}, []int64{24, 7}},
		// One stream's keys for another, whose keys are for a third.
		{"SELECT c.id, b.id, a.id FROM 公安.户 c JOIN 民政.低保 b ON b.id = c.主 LEFT JOIN (SELECT id, 区 FROM 公安.人口 WHERE f >= 0) a ON a.区 = b.金额 WHERE c.id < 9 ORDER BY ALL", 1000, nil, nil},
	} {
		w.planner = tree.Eager(c.rows)
		p := w.same(c.sql)
		if p == nil {
			continue
		}
		m, e := w.analyze(c.sql)
		sent := keysSent(m)
		if c.sent == nil && len(sent) == 0 || c.sent != nil && !slices.Equal(sent, c.sent) {
			t.Errorf("%s: keys sent: %q\n%s", c.sql, sent, e.Text())
		}
		if streams, _ := rowsOf(m); c.streams != nil && !same(streams, c.streams) {
			t.Errorf("%s: streams gave %d, want %d", c.sql, streams, c.streams)
		}
		alloc.AssertSize(t, 0)
	}
}

// With fewer places than streams the streams are read one after another, whole.
func TestNoKeysWhereAPlaceIsShared(t *testing.T) {
	w := newWorld(t, 1, Options{TempDir: t.TempDir()})
	w.byKeys(1000)
	sql := "SELECT count(*) FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id JOIN (SELECT *, abs(id) AS x FROM 公安.户) c ON c.x = b.id WHERE a.姓名 = 'n9'"
	p := w.same(sql)
	if p == nil || !slices.ContainsFunc(p.Streams, func(s *planner.Stream) bool { return s.Keyed != nil }) {
		t.Fatal("no stream waits for keys")
	}
	m, _ := w.analyze(sql)
	if sent := keysSent(m); len(sent) != 0 {
		t.Errorf("keys sent: %q", sent)
	}
}

// A stream of a shared place is read while streams are shown, before those that come
// after it: it waits for no keys, also where another one waits for the same ones.
func TestNoKeysForASharedPlaceBesideAnother(t *testing.T) {
	w := newWorld(t, 1, Options{TempDir: t.TempDir()})
	w.byKeys(10_000)
	for _, r := range w.snapshot {
		if r.Name() == "民政.低保" {
			w.sources[r.Source].places = make(chan struct{}, 2)
		}
	}
	sql := "SELECT count(*), count(d.id) FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id JOIN (SELECT *, abs(id) AS x FROM 公安.户) c ON c.x = b.id " +
		"LEFT JOIN 民政.低保 d ON d.id = b.id AND abs(d.id + a.id) >= 0 WHERE b.金额 > 30"
	p := w.same(sql)
	waiting := map[*planner.Stream]int{}
	for _, s := range p.Streams {
		if s.Keyed != nil {
			waiting[s.Keyed.By]++
		}
	}
	if len(waiting) != 1 || slices.Max(slices.Collect(maps.Values(waiting))) < 2 {
		t.Fatalf("%d streams have keys that others wait for", len(waiting))
	}
	m, _ := w.analyze(sql)
	if sent := keysSent(m); len(sent) != 1 {
		t.Errorf("keys sent: %q", sent)
	}
}

// A stream that has keys gives every row once, whatever was looked at: in several
// batches, over the limit in the midst of them, and to a reader that leaves early.
func TestKeySourceGivesEveryRow(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	batch := func(from, n int) arrow.RecordBatch {
		b := array.NewInt64Builder(alloc)
		defer b.Release()
		for i := range n {
			if (from+i)%5 == 0 {
				b.AppendNull()
			} else {
				b.Append(int64((from + i) % 7))
			}
		}
		a := b.NewArray()
		defer a.Release()
		return array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "k", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil), []arrow.Array{a}, int64(n))
	}
	for _, limit := range []int64{0, 9, 10, 25, 29, 30, 100} {
		for _, reads := range []int{0, 1, 2, 100} {
			for _, fails := range []bool{false, true} {
				source := &fixedStream{batches: []arrow.RecordBatch{batch(0, 10), batch(10, 10), batch(20, 10)}}
				if fails {
					source.err = errs.Internalf("no more")
				}
				starts := 0
				k := &keySource{
					start:  func(context.Context) (openStream, error) { starts++; return source, nil },
					types:  []catalog.Type{{Kind: catalog.Int64}},
					limits: planner.Keyed{Rows: limit, Bytes: 1 << 20}, keys: map[int][]catalog.Value{0: nil},
				}
				name := fmt.Sprintf("limit %d, %d reads, fails %t", limit, reads, fails)
				keys, why, err := k.of(t.Context(), 0)
				switch {
				case fails && limit >= 30:
					if err != source.err {
						t.Errorf("%s: %v", name, err)
					}
				case err != nil:
					t.Errorf("%s: %v", name, err)
				case limit < 30 && (why != tooMany || len(keys) != 0):
					t.Errorf("%s: %d keys, %q", name, len(keys), why)
				case limit >= 30 && (why != "" || len(keys) != 7):
					t.Errorf("%s: %d keys, %q", name, len(keys), why)
				}
				got := []int64{}
				for range reads {
					if !k.Next() {
						break
					}
					a := k.RecordBatch().Column(0)
					for i := range a.Len() {
						got = append(got, int64(a.Len()))
						if want := int64(len(got)-1) % 7; a.IsValid(i) && a.(*array.Int64).Value(i) != want {
							t.Errorf("%s: row %d", name, len(got))
						}
					}
				}
				want := min(reads, 3) * 10
				if fails && limit >= 30 {
					want = 0
				}
				if len(got) != want {
					t.Errorf("%s: %d rows, want %d", name, len(got), want)
				}
				if reads == 100 && (k.Err() != nil) != fails {
					t.Errorf("%s: ends with %v", name, k.Err())
				}
				if err2 := k.gather(t.Context()); err2 != err || starts != 1 {
					t.Errorf("%s: again %v, %d starts", name, err2, starts)
				}
				k.Release()
				k.Release()
				if !source.released {
					t.Errorf("%s: the stream was not released", name)
				}
			}
		}
	}
	alloc.AssertSize(t, 0)
	never := &keySource{start: func(context.Context) (openStream, error) { t.Error("started after its release"); return nil, nil }}
	never.Release()
	if err := never.gather(t.Context()); err == nil {
		t.Error("gathered after its release")
	}
}

// fixedStream gives batches, which it owns, and then an error or the end.
type fixedStream struct {
	batches  []arrow.RecordBatch
	at       int
	err      error
	released bool
}

func (s *fixedStream) Next() bool {
	if s.at > 0 && s.at <= len(s.batches) {
		s.batches[s.at-1].Release()
	}
	s.at++
	return s.at <= len(s.batches)
}
func (s *fixedStream) RecordBatch() arrow.RecordBatch { return s.batches[s.at-1] }
func (s *fixedStream) Err() error {
	if s.at > len(s.batches) {
		return s.err
	}
	return nil
}
func (s *fixedStream) Release() {
	if s.released {
		return
	}
	s.released = true
	for i := max(s.at-1, 0); i < len(s.batches); i++ {
		s.batches[i].Release()
	}
}
func (s *fixedStream) Schema() *arrow.Schema { return nil }

// Every type whose values are sent as keys comes out of Arrow as it went in.
func TestKeysOfEveryType(t *testing.T) {
	num := func(unscaled string, scale int32) arrow.Array {
		b := array.NewDecimal128Builder(memory.DefaultAllocator, &arrow.Decimal128Type{Precision: 38, Scale: scale})
		n, err := decimal128.FromString(unscaled, 38, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.Append(n)
		return b.NewArray()
	}
	text := array.NewStringBuilder(memory.DefaultAllocator)
	text.Append("Ä 字\x00")
	stamp := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Microsecond})
	stamp.Append(-1)
	day := array.NewDate32Builder(memory.DefaultAllocator)
	day.Append(-719528)
	small := array.NewInt8Builder(memory.DefaultAllocator)
	small.Append(-128)
	truth := array.NewBooleanBuilder(memory.DefaultAllocator)
	truth.Append(true)
	float := array.NewFloat64Builder(memory.DefaultAllocator)
	float.Append(0)
	for _, c := range []struct {
		a    arrow.Array
		want any
	}{
		{num("0", 0), "0"}, {num("0", 2), "0.00"}, {num("-5", 2), "-0.05"}, {num("-1250", 2), "-12.50"}, {num("99", 2), "0.99"}, {num("100", 2), "1.00"},
		{num("99999999999999999999999999999999999999", 38), "0.99999999999999999999999999999999999999"},
		{num("-99999999999999999999999999999999999999", 0), "-99999999999999999999999999999999999999"},
		{text.NewArray(), "Ä 字\x00"}, {stamp.NewArray(), int64(-1)}, {day.NewArray(), int64(-719528)}, {small.NewArray(), int64(-128)}, {truth.NewArray(), true},
		{float.NewArray(), nil},
	} {
		got, ok := keyAt(c.a, 0)
		if ok != (c.want != nil) || got != c.want {
			t.Errorf("%s: %v (%t), want %v", c.a, got, ok, c.want)
		}
	}
}

// What goes wrong with the stream that has the keys is the statement's error, once;
// a cancelled statement ends while keys are read; nothing is left behind.
func TestKeysFail(t *testing.T) {
	alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
	w := newWorld(t, 4, Options{Alloc: alloc, TempDir: t.TempDir()})
	w.byKeys(100_000)
	const sql = "SELECT count(*) FROM 公安.人口 a LEFT JOIN 民政.低保 b ON a.id = b.id WHERE a.f >= 0"
	plan := func(change func(s *planner.Stream)) *planner.Plan {
		p, err := w.plan(sql)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, s := range p.Streams {
			if s.Keyed != nil {
				found = true
				change(s.Keyed.By)
			}
		}
		if !found {
			t.Fatal("no stream waits for keys")
		}
		return p
	}
	run := func(ctx context.Context, p *planner.Plan) error {
		rows, err := w.engine.Run(ctx, p)
		if err != nil {
			return err
		}
		defer rows.Release()
		for rows.Next() {
		}
		return rows.Err()
	}
	for name, from := range map[string]string{
		"at the start":       "SELECT nothing FROM 人口",
		"after some batches": `SELECT CASE WHEN id < 5000 THEN id ELSE CAST('x' || id AS BIGINT) END FROM 人口`,
		"another type":       `SELECT CAST(id AS VARCHAR) FROM 人口`,
	} {
		w.sources["s1"].sent, w.sources["s2"].sent = nil, nil
		if err := run(t.Context(), plan(func(s *planner.Stream) { s.SQL, s.Values = from, nil })); err == nil {
			t.Errorf("%s: no error", name)
		}
		if own, waiting := w.sources["s1"].sent, w.sources["s2"].sent; len(own) != 1 || len(waiting) != 0 {
			t.Errorf("%s: sent %q and %q", name, own, waiting)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	slow := plan(func(s *planner.Stream) {
		s.Values, s.SQL = nil, "SELECT (SELECT sum(x.i % 7 + y.i % 3)::BIGINT FROM range(1000000) x(i), range(1000000) y(i)) + id AS id FROM 人口"
	})
	ended := safego.Run(func() error { return run(ctx, slow) })
	waitfor.True(t, 10*time.Second, "the keys to be read", func() bool {
		s := w.sources["s1"]
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.ContainsFunc(s.sent, func(sql string) bool { return strings.Contains(sql, "1000000") })
	})
	cancel()
	if err := <-ended; errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled: %v (%s)", err, errs.From(err).Detail)
	}
	for name, s := range w.sources {
		if len(s.places) != 0 {
			t.Errorf("source %s: %d places were not given back", name, len(s.places))
		}
	}
	alloc.AssertSize(t, 0)
}

// One plan may run many times at once.
func TestKeysOfOnePlanInManyRuns(t *testing.T) {
	w := newWorld(t, 8, Options{TempDir: t.TempDir(), MaxRunning: 4})
	w.byKeys(1000)
	p, err := w.plan("SELECT a.id, b.金额 FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.姓名 = 'n9' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	g, ctx := safego.WithContext(t.Context())
	var mu sync.Mutex
	answers := map[string]int{}
	for range 8 {
		g.Go(func() error {
			rows, err := w.engine.Run(ctx, p)
			if err != nil {
				return err
			}
			defer rows.Release()
			text, err := rowsText(t, rows)
			mu.Lock()
			defer mu.Unlock()
			answers[strings.Join(text, "\n")]++
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(answers) != 1 {
		t.Errorf("%d answers", len(answers))
	}
}

// Beside policy nothing is said of how many keys there were.
func TestKeysAboveAGuardAreNotCounted(t *testing.T) {
	w := newWorld(t, 4, Options{})
	w.byKeys(1000)
	guarded := *w.snapshot[0]
	guarded.Guard = &policy.Guard{RowFilter: "id < 7000"}
	w.snapshot[0] = &guarded
	sql := "SELECT a.id, b.金额 FROM 公安.人口 a JOIN 民政.低保 b ON a.id = b.id WHERE a.姓名 = 'n9' ORDER BY 1"
	m, e := w.analyze(sql)
	if len(keysSent(m)) != 1 || e.Streams[1].Keys == nil || e.Streams[1].Keys.Ran != nil {
		t.Errorf("%q\n%s", keysSent(m), e.Text())
	}
}
