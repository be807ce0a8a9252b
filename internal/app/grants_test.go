package app

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

// Who decides about a resource is who works for its agency, in a role that decides.
func TestProvides(t *testing.T) {
	own, other := &catalog.Agency{Name: "公安"}, &catalog.Agency{Name: "民政"}
	r := &policy.Resource{Path: []string{"公安", "人口"}}
	for _, role := range catalog.Roles() {
		p := &catalog.Principal{Roles: []catalog.Role{catalog.Analyst, role}}
		want := role == catalog.Leader || role == catalog.Cataloguer
		if provides(policy.Subject{Principal: p, Agency: own}, r) != want {
			t.Errorf("%s decides: %v", role, !want)
		}
		if provides(policy.Subject{Principal: p, Agency: other}, r) {
			t.Errorf("%s of another agency decides", role)
		}
	}
}
