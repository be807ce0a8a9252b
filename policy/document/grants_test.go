package document

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// small is a state with one grant of two items.
func small(g catalog.Grant) *catalog.State {
	g.ID, g.Resource, g.Grantee = "g", "r", catalog.Grantee{Kind: catalog.ToAgency, ID: "mz"}
	g.Items = []catalog.GrantedItem{{No: 1, Use: catalog.Clear}, {No: 2, Use: catalog.Clear}}
	g.Purposes, g.Modes = []string{"P"}, []catalog.Mode{catalog.Interface}
	return (*catalog.State)(nil).With(1, catalog.Changed{
		Agencies:  map[string]*catalog.Agency{"ga": {ID: "ga", Code: "GA", Name: "公安"}, "mz": {ID: "mz", Code: "MZ", Name: "民政"}},
		Purposes:  map[string]*catalog.Purpose{"P": {Code: "P"}},
		Resources: map[string]*catalog.Resource{"r": {ID: "r", Agency: "ga", Name: "人口", Items: []catalog.Item{{No: 1, Name: "a"}, {No: 2, Name: "b"}}}},
		Grants:    map[string]*catalog.Grant{"g": &g},
	})
}

// A part of a grant with a quota is not taken back: two grants in its place would have
// the quota twice. The whole of it is.
func TestWithdrawingFromAQuota(t *testing.T) {
	for name, g := range map[string]catalog.Grant{"rows": {Rows: 5}, "queries": {Queries: 5}} {
		s := small(g)
		if _, err := Withdrawing(s, "公安.人口", Withdrawal{Agency: "民政", Items: []string{"a"}}); errs.CodeOf(err) != errs.NotSupported {
			t.Errorf("%s: a part: %v", name, err)
		}
		if changes, err := Withdrawing(s, "公安.人口", Withdrawal{Agency: "民政", Items: []string{"a", "b"}}); err != nil || len(changes) != 1 || changes[0].Taken == nil {
			t.Errorf("%s: the whole: %+v %v", name, changes, err)
		}
	}
	if changes, err := Withdrawing(small(catalog.Grant{}), "公安.人口", Withdrawal{Agency: "民政", Items: []string{"a"}}); err != nil || len(changes) != 2 {
		t.Errorf("without one: %+v %v", changes, err)
	}
}
