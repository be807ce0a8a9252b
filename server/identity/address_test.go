package identity

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// A token that is tied to addresses holds from these alone, by itself and in the place of
// a password.
func TestTiedToken(t *testing.T) {
	w := newWorld(t)
	w.state = w.state.With(2, catalog.Changed{
		Tokens: map[string]*catalog.Token{"tied": {ID: "tied", Principal: "w", Expires: noon.Add(time.Hour), Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}},
		Hashes: map[string]string{"tied": "hash of lianji_tied"},
	})
	for client, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "2001:db8::1": false, "": false, "socket": false} {
		by, err := w.Credential("lianji_tied", client)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := by.Bearer(w.state, w.now); ok != want {
			t.Errorf("from %q: %v", client, ok)
		}
		if _, err := w.Login(t.Context(), "wang", "lianji_tied", client); (err == nil) != want || !want && errs.CodeOf(err) != errs.Unauthenticated {
			t.Errorf("as a password from %q: %v", client, err)
		}
		free, err := w.Credential("lianji_t", client)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := free.Bearer(w.state, w.now); !ok {
			t.Errorf("one that is not tied, from %q", client)
		}
	}
	if _, _, ok := catalog.ByToken("hash of lianji_tied").Bearer(w.state, w.now); ok {
		t.Error("it holds from nowhere")
	}
}
