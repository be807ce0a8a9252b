package app

import (
	"os"
	"strings"
	"testing"

	"github.com/lianji/lianji/policy/document"
)

// What apply refuses, diff refuses with the same words, and names what there could be;
// what diff only shows is not made, nor anything for it.
func TestDiffRefusesWhatApplyRefuses(t *testing.T) {
	k := newKept(t)
	grant := func(more string) string {
		return "grants: {公安.人口: [{agency: 民政, items: {xm: clear}, purposes: [DB-HC], modes: [interface]" + more + "}]}"
	}
	before, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := document.Parse("f", []byte("grants: {公安.人口: [{agency: 民政, items: {xm: token name}, purposes: [DB-HC], modes: [interface]}]}"))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := k.Apply(t.Context(), k.tokens["ga"], doc, true)
	if err != nil || len(changes) != 2 {
		t.Errorf("%d changes, %v", len(changes), err)
	}
	after, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if after.Version != before.Version || len(after.Grants()) != len(before.Grants()) {
		t.Errorf("version %d became %d", before.Version, after.Version)
	}
	if _, err := os.Stat(k.cfg.TokenKey); !os.IsNotExist(err) {
		t.Errorf("a key was made: %v", err)
	}
	for _, c := range []struct{ login, text, want string }{
		{"bureau", "agencies: {税务: {code: SW, level: village}}", "It can be: city, district"},
		{"bureau", "agencies: {税务: {code: 'S W', level: city}}", "It can be: [A-Za-z0-9._-]{1,32}"},
		{"bureau", "purposes: {x: {name: a, basis: b}}", "It can be: [A-Z0-9-]{1,32}"},
		{"secadmin", "principals: {li: {agency: 民政, roles: [king]}}", "It can be: analyst, application, cataloguer"},
		{"secadmin", "principals: {li: {agency: 民政, roles: [auditor, secadmin]}}", "auditor"},
		{"ga", "resources: {公安.车: {class: open, source: ga, schema: main, table: che, items: {x: ''}}}", "It can be: unrestricted, restricted, withheld"},
		{"ga", "resources: {公安.车: {class: restricted, source: mz, schema: main, table: che, items: {x: ''}}}", "mz"},
		{"ga", grant(", from: 2090-01-02T00:00:00Z, until: 2090-01-01T00:00:00Z"), "It can be: < until"},
		{"ga", grant(", until: 2001-01-01T00:00:00Z"), "It can be: > now"},
		{"ga", grant(", until: tomorrow"), "It can be: 2027-06-30T00:00:00+08:00"},
		{"ga", grant(", hours: 8-12"), "It can be: 08:00-18:00"},
		{"ga", grant(", keys_to: [XX]"), "It can be: *, DSJ, GA, HP, MZ"},
		{"ga", strings.Replace(grant(""), "[interface]", "[fax]", 1), "It can be: interface, download, online, offline"},
		{"ga", strings.Replace(grant(""), "xm: clear", "xn: clear", 1), "It can be: xm, sfzh, qx"},
		{"ga", strings.Replace(grant(""), "xm: clear", "xm: open", 1), "It can be: clear, token KIND"},
		{"ga", strings.Replace(grant(""), "agency: 民政, ", "", 1), "It can be: agency, principal"},
		// A token beside the item, of which wang has the value already.
		{"ga", "grants: {公安.人口: [{agency: 民政, items: {qx: token other}, purposes: [DB-HC], modes: [interface]}, {principal: wang, items: {qx: clear}, purposes: [DB-HC], modes: [interface]}]}", "token"},
	} {
		doc, err := document.Parse("f", []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		_, dry := k.Apply(t.Context(), k.tokens[c.login], doc, true)
		_, real := k.Apply(t.Context(), k.tokens[c.login], doc, false)
		if dry == nil || real == nil || dry.Error() != real.Error() || !strings.Contains(dry.Error(), c.want) || !strings.HasPrefix(dry.Error(), "f:1:") {
			t.Errorf("%s:\ndiff  %v\napply %v\nwant %s", c.text, dry, real, c.want)
		}
	}
}
