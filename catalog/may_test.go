package catalog

import (
	"slices"
	"testing"
)

// Each role may do what the table says, and nothing else.
func TestMay(t *testing.T) {
	acts := []Act{ActAgency, ActPrincipal, ActToken, ActPurpose, ActSource, ActResource, ActGrant, ActAudit, "", "other"}
	allowed := map[Role][]Act{
		SystemAdmin: {ActSource}, SecurityAdmin: {ActPrincipal, ActToken}, Bureau: {ActAgency, ActPurpose}, Cataloguer: {ActResource}, Leader: {ActGrant}, Auditor: {ActAudit},
	}
	for _, role := range append(Roles(), "", "root") {
		p := &Principal{Agency: "a", Roles: []Role{role}}
		for _, act := range acts {
			if got, want := May(p, act, "a"), slices.Contains(allowed[role], act); got != want {
				t.Errorf("%s %s: %v, want %v", role, act, got, want)
			}
			disabled := *p
			disabled.Disabled = true
			if May(&disabled, act, "a") || May(nil, act, "a") {
				t.Errorf("a disabled %s, or nobody, may %s", role, act)
			}
		}
	}
	for act, role := range map[Act]Role{ActResource: Cataloguer, ActGrant: Leader} {
		p := &Principal{Agency: "a", Roles: []Role{role}}
		if May(p, act, "b") || May(p, act, "") || May(&Principal{Roles: p.Roles}, act, "") {
			t.Errorf("%s may %s of another agency", role, act)
		}
	}
}

// No principal holds two of the administrators' roles, nor one beside another role.
func TestConflict(t *testing.T) {
	admins := []Role{SystemAdmin, SecurityAdmin, Auditor}
	for _, a := range Roles() {
		for _, b := range Roles() {
			want := a != b && (slices.Contains(admins, a) || slices.Contains(admins, b))
			if _, _, got := Conflict([]Role{a, b}); got != want {
				t.Errorf("%s with %s: %v, want %v", a, b, got, want)
			}
			if _, _, got := Conflict([]Role{Analyst, a, b}); got != (want || slices.Contains(admins, a) || slices.Contains(admins, b)) {
				t.Errorf("analyst, %s, %s: %v", a, b, got)
			}
		}
	}
}
