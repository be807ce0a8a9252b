package audit

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/waitfor"
)

// aged makes a folder of boots that were written so many days ago, and gives the
// clock of the newest, which is now.
func aged(t *testing.T, dir string, key *Signer, heads Heads, days ...int) {
	t.Helper()
	for _, d := range days {
		l := opened(t, Options{Dir: dir, Signer: key, Heads: heads, segmentBytes: 1500, Now: ago(d)})
		for range 8 {
			if _, err := l.EndDurable(t.Context(), End{Start: started(t, l, "q"), Outcome: Done}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.retire(t.Context()); err != nil {
			t.Fatal(err)
		}
		shut(t, l)
	}
}

func ago(days int) func() time.Time {
	return func() time.Time { return time.Now().Add(-time.Duration(days) * day) }
}

func bootsIn(t *testing.T, dir string) map[uint64]int {
	t.Helper()
	segments, _, err := segmentsOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := map[uint64]int{}
	for _, s := range segments {
		n[sequence(s.boot)]++
	}
	return n
}

// What is older than three years goes, whole segments, and the folder stays sound.
func TestRetain(t *testing.T) {
	dir, key, heads := t.TempDir(), signer(t), &store{}
	const years = 3 * 365
	aged(t, dir, key, heads, years+30, years+20, years-1, 0)
	before := bootsIn(t, dir)
	if before[1] != 0 || before[2] != 0 || before[3] < 2 {
		t.Fatalf("files of boots: %v", before)
	}
	r := verified(t, dir, heads.heads, key)
	if !r.OK() || len(r.Limits) != 0 || !slices.ContainsFunc(r.Notes, func(f Finding) bool { return f.Problem == NoteRemoved && sequence(f.Boot) == 2 }) {
		t.Errorf("%+v", r)
	}
	// Two days later the third boot's time is over too, the note of the first removal
	// is still there, and a new one says more.
	l := opened(t, Options{Dir: dir, Signer: key, Heads: heads, Now: ago(-2)})
	waitfor.True(t, time.Second, "the third boot's files to go", func() bool { return bootsIn(t, dir)[3] == 0 })
	shut(t, l)
	if after := bootsIn(t, dir); after[3] != 0 || after[4] != before[4] {
		t.Errorf("files of boots: %v", after)
	}
	if r := verified(t, dir, heads.heads, key); !r.OK() {
		t.Errorf("%+v", r)
	}
	// A longer time keeps them.
	other := t.TempDir()
	aged(t, other, key, nil, years+30)
	l = opened(t, Options{Dir: other, Signer: key, Retain: 2 * DefaultRetain})
	if err := l.retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	if after := bootsIn(t, other); after[1] == 0 {
		t.Errorf("files of boots: %v", after)
	}
}

// A boot that runs for years loses its own first segments, never the one it writes.
func TestRetainWithinBoot(t *testing.T) {
	dir, key := t.TempDir(), signer(t)
	var days atomic.Int64
	days.Store(2000)
	l := opened(t, Options{Dir: dir, Signer: key, segmentBytes: 1500, sealEvery: time.Hour, Now: func() time.Time { return ago(int(days.Load()))() }})
	for range 10 {
		started(t, l, "q")
	}
	days.Store(0)
	for range 10 {
		started(t, l, "young")
	}
	if err := l.retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	all := records(t, dir)
	if all[0].Number == 1 || all[0].Number > 11 {
		t.Errorf("the first record is %d", all[0].Number)
	}
	// A segment that has both old records and young ones stays.
	if young := slices.IndexFunc(all, func(r *Record) bool { return r.At().After(ago(1)()) }); young < 1 || all[young].Number != 12 {
		t.Errorf("the first young record stands at %d", young)
	}
	if r := verified(t, dir, nil, key); !r.OK() {
		t.Errorf("%+v", r)
	}
}

// Removing what the note does not cover, or before it is over, is found; and so is a
// note that nobody signed.
func TestRemovalIsChecked(t *testing.T) {
	dir, key := t.TempDir(), signer(t)
	const years = 3 * 365
	aged(t, dir, key, nil, years+30, 10, 0)
	segments, _, err := segmentsOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	second := segments[0]
	if sequence(second.boot) != 2 {
		t.Fatalf("%v", segments)
	}
	data, err := os.ReadFile(filepath.Join(dir, second.name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, second.name)); err != nil {
		t.Fatal(err)
	}
	if got := problems(verified(t, dir, nil, key)); !slices.Equal(got, []Problem{Missing}) {
		t.Errorf("a young segment away: %v", got)
	}
	// The same with a note of one's own at the end of the file: nobody signed it.
	last := segments[len(segments)-1]
	path := filepath.Join(dir, last.name)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ls := lines(whole)
	for i, l := range ls {
		r, err := parseRecord(l)
		if err != nil {
			t.Fatal(err)
		}
		if r.Kind == KindClose {
			body, err := json.Marshal(removedBody{UpTo: Point{Boot: second.boot, Number: 1000}})
			if err != nil {
				t.Fatal(err)
			}
			r.Kind, r.Body = KindRemoved, body
			whole = append(bytes.Join(ls[:i], nil), appendRecord(nil, sha256Hashing, r)...)
		}
	}
	if err := os.WriteFile(path, whole, segmentMode); err != nil {
		t.Fatal(err)
	}
	if got := problems(verified(t, dir, nil, key)); !slices.Contains(got, Missing) {
		t.Errorf("with a note that nobody signed: %v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, second.name), data, segmentMode); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, dir, nil, key); !r.OK() {
		t.Errorf("put back: %+v", r.Findings)
	}
}
