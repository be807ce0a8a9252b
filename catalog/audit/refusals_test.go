package audit

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"
)

// refusalsOf reads the refusals of a folder.
func refusalsOf(t *testing.T, dir string) []Start {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []Start
	for _, f := range files {
		err := readLines(f, func(l line) error {
			r, err := parseRecord(l.bytes)
			if err != nil || r.Kind != KindRefused {
				return err
			}
			var s Start
			if err := json.Unmarshal(r.Body, &s); err != nil {
				return err
			}
			out = append(out, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// However many requests are refused, so many are recorded and no more, of one client
// and of all; none is forgotten, because the others are counted.
func TestRefusalsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	r := NewRefusals(opened(t, Options{Dir: dir}))
	r.now = func() time.Time { return now }
	refuse := func(client string, n int) {
		t.Helper()
		for range n {
			if err := r.Refuse(t.Context(), Start{Client: client, Code: "unauthenticated"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	refuse("10.0.0.1", 5000) // 10 recorded
	if n := len(refusalsOf(t, dir)); n != 10 {
		t.Fatalf("one client: %d recorded, want 10", n)
	}
	now = now.Add(25 * time.Second)
	refuse("10.0.0.1", 50) // two more, for 25 seconds
	if n := len(refusalsOf(t, dir)); n != 12 {
		t.Fatalf("25 seconds later: %d recorded, want 12", n)
	}
	for i := range 300 { // each client its own: the bound of all holds
		refuse("10.1."+string(rune('a'+i%26))+string(rune('a'+i/26)), 3)
	}
	// 100 at once: the 98 that the 2 last ones left. The clock stands still.
	if n := len(refusalsOf(t, dir)); n != 12+98 {
		t.Fatalf("many clients: %d recorded, want 110", n)
	}
	if err := r.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := uint64(0)
	for _, s := range refusalsOf(t, dir) {
		if s.Code != "unauthenticated" {
			t.Errorf("recorded %+v", s)
		}
		all += max(s.Count, 1)
	}
	if want := uint64(5000 + 50 + 900); all != want {
		t.Errorf("%d requests accounted for, want %d", all, want)
	}
	if err := r.flush(t.Context()); err != nil || len(refusalsOf(t, dir)) != 111 {
		t.Errorf("counted twice: %d, %v", len(refusalsOf(t, dir)), err)
	}
}
