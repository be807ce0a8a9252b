package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// memory is a store of one budget for every grant; it notes what is asked of it.
type memory struct {
	used  map[string]int64 // rows, by day and grant
	asked []string
	err   error
	hang  bool // until the context ends
}

func (m *memory) Charge(ctx context.Context, day string, of []catalog.Quota, queries, rows int64) (int64, error) {
	if m.hang {
		<-ctx.Done()
		return 0, errs.From(ctx.Err())
	}
	if m.err != nil {
		return 0, m.err
	}
	got := rows
	for _, q := range of {
		left := q.Rows - m.used[day+q.Grant]
		if q.Rows > 0 && left <= 0 {
			return 0, &catalog.Spent{Grant: q.Grant}
		}
		if q.Rows > 0 {
			got = min(got, left)
		}
	}
	for _, q := range of {
		m.used[day+q.Grant] += got
	}
	m.note("charge", day, of, queries, rows)
	return got, nil
}

func (m *memory) GiveBack(_ context.Context, day string, of []catalog.Quota, queries, rows int64) error {
	for _, q := range of {
		m.used[day+q.Grant] -= rows
	}
	m.note("give back", day, of, queries, rows)
	return m.err
}

func (m *memory) note(what, day string, of []catalog.Quota, queries, rows int64) {
	var ids []string
	for _, q := range of {
		ids = append(ids, q.Grant)
	}
	slices.Sort(ids)
	m.asked = append(m.asked, fmt.Sprintf("%s %s %s: %d, %d", day, what, strings.Join(ids, "+"), queries, rows))
}

func (m *memory) asks(t *testing.T, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, m.asked); d != "" {
		t.Errorf("the store was asked (-want +got): %s", d)
	}
	m.asked = nil
}

// shanghai is 23:30 of 23 November there, and another day in UTC.
var (
	zone     = time.FixedZone("", 8*3600)
	shanghai = time.Date(2026, 11, 23, 23, 30, 0, 0, zone)
)

func newMeter() (*Meter, *memory, *time.Time) {
	s, now := &memory{used: map[string]int64{}}, shanghai
	m := NewMeter(s, zone)
	m.now = func() time.Time { return now }
	return m, s, &now
}

func take(t *testing.T, b *Budget, n, want int64) {
	t.Helper()
	got, err := b.Take(t.Context(), n)
	if got != want || (err == nil) != (want == n) {
		t.Errorf("%d of %d rows, %v; want %d", got, n, err, want)
	}
	if want < n && errs.CodeOf(err) != errs.QuotaSpent {
		t.Errorf("the error is %v", err)
	}
}

// A short answer is charged as it is, a long one with ever fewer questions, and what it did
// not take is given back.
func TestRowsInAdvance(t *testing.T) {
	m, s, _ := newMeter()
	b, err := m.Open(t.Context(), []Read{{"a.b", []catalog.Quota{{Grant: "g", Rows: 1600}}}})
	if err != nil {
		t.Fatal(err)
	}
	s.asks(t, "2026-11-23 charge g: 1, 0")
	take(t, b, 10, 10)
	s.asks(t, "2026-11-23 charge g: 0, 10")
	take(t, b, 50, 50)
	take(t, b, 80, 80)
	take(t, b, 130, 130)
	take(t, b, 100, 100) // of what came in advance
	// No more in advance than was used, and than a sixteenth of the quota.
	s.asks(t, "2026-11-23 charge g: 0, 60", "2026-11-23 charge g: 0, 130", "2026-11-23 charge g: 0, 170")
	b.Close()
	b.Close()
	s.asks(t)
	take(t, b, 10, 10)
	s.asks(t, "2026-11-23 charge g: 0, 110")
	b.PutBack(0)
	b.PutBack(4)
	b.PutBack(9) // of the six that are left of the last ten
	b.PutBack(1)
	b.Close()
	b.Close()
	s.asks(t, "2026-11-23 give back g: 0, 110")
	if s.used["2026-11-23g"] != 370 {
		t.Errorf("%d rows are charged, 370 were taken and kept", s.used["2026-11-23g"])
	}
}

// The last rows are given, then none; the error says when there are more.
func TestSpent(t *testing.T) {
	m, s, _ := newMeter()
	reads := []Read{{"公安.人口", []catalog.Quota{{Grant: "g", Rows: 100}, {Grant: "h", Rows: 1000}}}, {"公安.户", []catalog.Quota{{Grant: "i", Rows: 60}, {Grant: "g", Rows: 100}}}}
	b, err := m.Open(t.Context(), reads)
	if err != nil {
		t.Fatal(err)
	}
	s.asks(t, "2026-11-23 charge g+h+i: 1, 0")
	take(t, b, 40, 40)
	take(t, b, 40, 20)
	take(t, b, 40, 0)
	_, err = b.Take(t.Context(), 1)
	e := errs.From(err)
	if e == nil || e.RetryAfter != 30*time.Minute || !strings.Contains(e.Text("en"), "公安.户 ") || !strings.Contains(e.Text("en"), "2026-11-24 00:00 +08:00") {
		t.Errorf("spent: %v, again after %v", err, e.RetryAfter)
	}
	b.Close()
	if s.used["2026-11-23h"] != 60 {
		t.Errorf("beside a quota that is spent %d rows are charged", s.used["2026-11-23h"])
	}
	if _, err := m.Open(t.Context(), reads); errs.CodeOf(err) != errs.QuotaSpent {
		t.Errorf("the next statement: %v", err)
	}
	if _, err := m.Open(t.Context(), reads[:1]); err != nil {
		t.Errorf("one that does not read by the quota that is spent: %v", err)
	}
}

// What is read after midnight is of the next day, and nothing is carried over.
func TestMidnight(t *testing.T) {
	m, s, now := newMeter()
	b, err := m.Open(t.Context(), []Read{{"a.b", []catalog.Quota{{Grant: "g", Rows: 160}}}})
	if err != nil {
		t.Fatal(err)
	}
	take(t, b, 30, 30)
	take(t, b, 5, 5)
	s.asked = nil
	*now = now.Add(30 * time.Minute)
	take(t, b, 20, 20)
	s.asks(t, "2026-11-23 give back g: 0, 10", "2026-11-24 charge g: 0, 30")
	b.Close()
	s.asks(t, "2026-11-24 give back g: 0, 10")
	if s.used["2026-11-23g"] != 35 || s.used["2026-11-24g"] != 20 {
		t.Errorf("charged: %v", s.used)
	}
}

// A quota of statements alone asks nothing more after its charge, which can be undone.
func TestStatementsAlone(t *testing.T) {
	m, s, _ := newMeter()
	b, err := m.Open(t.Context(), []Read{{"a.b", []catalog.Quota{{Grant: "g", Queries: 5}}}})
	if err != nil {
		t.Fatal(err)
	}
	take(t, b, 1_000_000, 1_000_000)
	b.Undo()
	b.Close()
	s.asks(t, "2026-11-23 charge g: 1, 0", "2026-11-23 give back g: 1, 0")
}

// Where the store cannot be asked nothing is given.
func TestStoreAway(t *testing.T) {
	m, s, _ := newMeter()
	reads := []Read{{"a.b", []catalog.Quota{{Grant: "g", Rows: 100}}}}
	b, err := m.Open(t.Context(), reads)
	if err != nil {
		t.Fatal(err)
	}
	s.err = errs.Wrap(errs.StoreFailed, "store_failed", nil, errors.New("gone"))
	if n, err := b.Take(t.Context(), 5); n != 0 || errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("%d rows, %v", n, err)
	}
	if _, err := m.Open(t.Context(), reads); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("a statement: %v", err)
	}
	s.err, s.hang = nil, true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Open(ctx, reads); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled while the store hangs: %v", err)
	}
	m.patience = time.Nanosecond
	if _, err := m.Open(t.Context(), reads); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("a store that hangs: %v", err)
	}
}
