package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

var errAway = errors.New("away")

// away makes the world's source one that an earlier run described.
func (w *world) away() {
	for i, d := range w.described {
		w.described[i] = policy.Described{Source: d.Source, Err: errAway, Kept: d.Tables}
	}
	w.authority.SourcesChanged()
}

var renkou = []string{"公安", "人口"}

// listed writes what a snapshot lists of 人口, and whether a statement may name it.
func listed(t *testing.T, s policy.Snapshot) string {
	t.Helper()
	r, ok := policy.Listed(s, renkou)
	if ok != slices.Contains(s.Resources(), r) {
		t.Error("what is listed is another resource")
	}
	if !ok {
		return "nothing"
	}
	var out []string
	for _, c := range r.Columns {
		out = append(out, c.Name)
	}
	if found, ok := s.Resolve(renkou); ok != (r.Away == nil) || ok && found != r {
		t.Errorf("away %v, and resolved %v", r.Away, ok)
	}
	if !errors.Is(policy.Unavailable(s, renkou), r.Away) {
		t.Errorf("unavailable because of %v", policy.Unavailable(s, renkou))
	}
	if r.Away != nil {
		out = append(out, "away")
	}
	return strings.Join(out, ", ")
}

// A source that is away is shown as it was to whom grants open it, with the columns that
// they open, and no statement names it.
func TestKept(t *testing.T) {
	w := newWorld(t, granted("a", "qx = 'x'", 1, 4))
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "xm" {
		t.Fatal(got)
	}
	before := w.snapshot(t, "hash-t", "DB-HC")
	w.away()
	gone := w.snapshot(t, "hash-t", "DB-HC")
	if got := listed(t, gone); got != "xm, away" {
		t.Errorf("away: %s", got)
	}
	if gone.Identity() == before.Identity() {
		t.Error("a plan of before would do")
	}
	for hash, purpose := range map[string]string{"hash-l": "DB-HC", "hash-jc": "JC"} {
		if got := listed(t, w.snapshot(t, hash, purpose)); got != "nothing" {
			t.Errorf("%s for %s: %s", hash, purpose, got)
		}
	}
	w.described[0].Kept = w.described[0].Kept[1:]
	w.authority.SourcesChanged()
	if s := w.snapshot(t, "hash-t", "DB-HC"); listed(t, s) != "nothing" || policy.Unavailable(s, renkou) == nil {
		t.Error("a table that was not kept is shown, or not said to be away")
	}
	// What it is once it is back is no reason to end what another source answers.
	w.described = []policy.Described{{Source: "GA", Tables: []*catalog.Table{table("main", "renkou", "sfzh", "qx")}}}
	w.authority.SourcesChanged()
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" {
		t.Errorf("the column went: %s", got)
	}
	if err := w.authority.Holds(catalog.ByToken("hash-t"), gone, gone.Resources()); err != nil {
		t.Errorf("what was open before no longer is: %v", err)
	}
	if !policy.Opens(w.snapshot(t, "hash-t", "DB-HC"), gone) {
		t.Error("a stored answer of before is another's")
	}
	if err := w.authority.Holds(catalog.ByToken("hash-t"), before, before.Resources()); err == nil {
		t.Error("a statement that reads the column that went goes on")
	}
}

// Of a grant that cannot be applied nothing is shown, whether the source is there or not.
func TestKeptIsGuarded(t *testing.T) {
	w := newWorld(t, granted("a", "qx = 'refuse'", 1), granted("b", "qx = 'b'", 3))
	w.refused = "refuse"
	w.away()
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "qx, away" {
		t.Errorf("shown: %s", got)
	}
	if d := cmp.Diff([]string{"a of 公安.人口"}, w.broken); d != "" {
		t.Error(d)
	}
}

// A table that a filter looks values up in may be at another source than the resource. One
// that is away takes away what needs it, and no more.
func TestKeptLookups(t *testing.T) {
	const filter = "xm IN (SELECT k FROM 公安.名单)"
	build := func(grants ...*catalog.Grant) *world {
		w := withLists(t, newWorld(t, grants...))
		w.change(catalog.Changed{
			Sources: map[string]*catalog.Source{"gb": {Name: "gb", Agency: "ga"}},
			Resources: map[string]*catalog.Resource{"md": {
				ID: "md", Agency: "ga", Name: "名单", Class: catalog.Withheld, Source: "gb", Table: id("main", "mingdan"), Items: []catalog.Item{{No: 1, Name: "k"}},
			}},
		})
		w.refresh(t)
		all := w.described[0].Tables
		w.described = []policy.Described{{Source: "GA", Tables: all[:1]}, {Source: "gb", Tables: all[1:]}}
		w.authority.SourcesChanged()
		return w
	}
	list := func(w *world, kept bool) {
		of := w.described[1].Tables
		w.described[1] = policy.Described{Source: "gb", Err: errAway}
		if kept {
			w.described[1].Kept = of
		}
		w.authority.SourcesChanged()
	}
	w := build(granted("a", filter, 1))
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "xm" {
		t.Errorf("with both: %s", got)
	}
	list(w, true)
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "xm, away" || len(w.broken) > 0 {
		t.Errorf("without the list: %s, broken %v", got, w.broken)
	}
	w.away()
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" {
		t.Errorf("with nothing of the list: %s", got)
	}
	w = build(granted("a", filter, 1))
	w.described[0] = policy.Described{Source: "GA", Err: errAway, Kept: w.described[0].Tables}
	list(w, true)
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "xm, away" {
		t.Errorf("without both: %s", got)
	}
	w = build(granted("a", filter, 1))
	list(w, false)
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" {
		t.Errorf("without the list, which is not known: %s", got)
	}
	// What another grant opens by itself is open still.
	w = build(granted("a", filter, 1), granted("b", "qx = 'b'", 3))
	list(w, true)
	if got := listed(t, w.snapshot(t, "hash-t", "DB-HC")); got != "qx" {
		t.Errorf("with a grant that needs no list: %s", got)
	}
}

// What the configuration publishes is shown like that too.
func TestKeptIsPublished(t *testing.T) {
	published := []policy.Published{{Agency: "公安", Resource: "人口", Source: "ga", Table: id("main", "T")}, {Agency: "a", Resource: "x", Source: "ga", Table: id("main", "x")}}
	s, missing := allOf(t, published, []policy.Described{{Source: "GA", Err: errAway, Kept: []*catalog.Table{table("main", "t", "b", "a")}}})
	if got := listed(t, s); got != "b, a, away" || len(s.Resources()) != 1 {
		t.Errorf("%s, %d listed", got, len(s.Resources()))
	}
	if d := cmp.Diff([]policy.Missing{policy.NotMissing, policy.NotMissing}, missing); d != "" {
		t.Error(d)
	}
}
