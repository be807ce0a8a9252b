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
}
