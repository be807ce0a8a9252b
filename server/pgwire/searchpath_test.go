package pgwire

import (
	"errors"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

// That a source cannot be reached is told of names that a search path completes too.
func TestSourcesOnThePath(t *testing.T) {
	published := []policy.Published{{Agency: "a", Resource: "t", Source: "one", Table: catalog.TableID{Schema: "main", Name: "t"}}}
	s, _, err := policy.NewPublished(published, []policy.Described{{Source: "one", Err: errors.New("down")}})
	if err != nil {
		t.Fatal(err)
	}
	on := onPath{s, []string{"b", "a"}}
	for _, path := range [][]string{{"t"}, {"a", "t"}} {
		if policy.Unavailable(on, path) == nil {
			t.Errorf("%v is unavailable, not unknown", path)
		}
	}
	for _, path := range [][]string{{"x"}, {"b", "t"}} {
		if err := policy.Unavailable(on, path); err != nil {
			t.Errorf("%v: %v", path, err)
		}
	}
	// One that is away is meant, and shown as it was, whatever another schema has of that name.
	kept := &catalog.Table{ID: catalog.TableID{Schema: "main", Name: "t"}, Columns: []catalog.Column{{Name: "x", Type: catalog.Type{Kind: catalog.Text}}}}
	other := policy.Published{Agency: "b", Resource: "t", Source: "two", Table: kept.ID}
	for _, of := range [][]*catalog.Table{nil, {kept}} {
		s, _, err := policy.NewPublished(append(published, other), []policy.Described{{Source: "one", Err: errors.New("down"), Kept: of}, {Source: "two", Tables: []*catalog.Table{kept}}})
		if err != nil {
			t.Fatal(err)
		}
		on := onPath{s, []string{"a", "b"}}
		if r, ok := on.Resolve([]string{"t"}); ok || policy.Unavailable(on, []string{"t"}) == nil {
			t.Errorf("t is %s", r.Name())
		}
		if r, ok := policy.Listed(on, []string{"t"}); ok != (of != nil) || ok && r.Name() != "a.t" {
			t.Errorf("t is shown: %v", ok)
		}
		if r, ok := (onPath{s, []string{"c", "b", "a"}}).Resolve([]string{"t"}); !ok || r.Name() != "b.t" {
			t.Errorf("b.t is not found: %v", ok)
		}
	}
}
