package policy_test

import (
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
)

// A token that is limited to some resources opens no others, and its snapshot is never
// another one's.
func TestTokenForSomeResources(t *testing.T) {
	w := newWorld(t, granted("g", "", 1))
	token := func(id string, resources ...string) {
		w.change(catalog.Changed{
			Tokens: map[string]*catalog.Token{id: {ID: id, Principal: "wang", Resources: resources, Expires: noon.Add(time.Hour)}}, Hashes: map[string]string{id: "hash-" + id},
		})
	}
	token("rk", "rk", "xx")
	token("xx", "xx")
	if err := w.authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range []string{"t", "xx", "rk", "xx", "t"} {
		g, err := w.authority.Snapshot(catalog.ByToken("hash-"+id), "DB-HC", catalog.Interface)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := g.Resolve([]string{"公安", "人口"}); ok != (id != "xx") {
			t.Errorf("with the token %s it is there: %v", id, ok)
		}
		seen[g.Identity()] = true
	}
	if len(seen) != 3 {
		t.Errorf("three tokens have %d snapshots", len(seen))
	}
}
