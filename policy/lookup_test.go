package policy_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
)

// withLists adds to a world a list of 公安 that is shared with nobody, and one of 民政.
func withLists(t *testing.T, w *world) *world {
	t.Helper()
	list := func(id, agency, source string) *catalog.Resource {
		return &catalog.Resource{ID: id, Agency: agency, Name: "名单", Class: catalog.Withheld, Source: source, Table: catalog.TableID{Schema: "main", Name: "mingdan"}, Items: []catalog.Item{{No: 1, Name: "k"}}}
	}
	w.change(catalog.Changed{Resources: map[string]*catalog.Resource{"md": list("md", "ga", "GA"), "mz-md": list("mz-md", "mz", "GA")}})
	w.refresh(t)
	return w
}

// A row filter may look values up in a resource of its own provider, and nowhere else.
func TestLookups(t *testing.T) {
	for filter, want := range map[string]string{
		"xm IN (SELECT k FROM 公安.名单)":                                      `xm, WHERE xm IN (SELECT k FROM "_lianji_lookup"."名单")`,
		`xm NOT IN (select "k" from "公安"."名单" where qx = agency_code())`:   `xm, WHERE xm NOT IN (select "k" from "_lianji_lookup"."名单" where qx = 'MZ')`,
		"xm IN (SELECT k FROM 公安.名单) OR qx IN (SELECT qx FROM 公安.名单)":      `xm, WHERE xm IN (SELECT k FROM "_lianji_lookup"."名单") OR qx IN (SELECT qx FROM "_lianji_lookup"."名单")`,
		"xm IN (SELECT k FROM 民政.名单)":                                      "nothing", // another's
		"xm IN (SELECT k FROM 公安.没有)":                                      "nothing",
		"xm IN (SELECT k FROM 名单)":                                         "nothing",
		"xm IN (SELECT k FROM ga.main.mingdan)":                            "nothing",
		`xm IN (SELECT k FROM "_lianji_lookup"."名单")`:                      "nothing",
		"xm IN (SELECT DISTINCT k FROM 公安.名单)":                             "nothing",
		"xm IN (SELECT k, qx FROM 公安.名单)":                                  "nothing",
		"xm IN (SELECT k FROM 公安.名单, 公安.人口)":                               "nothing",
		"xm IN (SELECT k FROM 公安.名单 WHERE k IN (SELECT k FROM 公安.名单))":     "nothing", // within another one
		"EXISTS (SELECT k FROM 公安.名单)":                                     "nothing",
		"xm = (SELECT k FROM 公安.名单)":                                       "nothing",
		"xm IN (SELECT k FROM 公安.名单 WHERE 名单.k = 'a')":                     "nothing",
		"xm IN ((SELECT k FROM 公安.名单))":                                    "nothing",
		"xm IN (SELECT k FROM 公安.名单 WHERE true) AND _lianji_lookup.名单 = 1": "nothing",
	} {
		w := withLists(t, newWorld(t, granted("a", filter, 1)))
		if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", filter, got, want)
		}
	}
}

// The list itself is nothing that somebody can name, and a grant whose list went, or is
// another table, is another grant.
func TestLookupTables(t *testing.T) {
	w := withLists(t, newWorld(t, granted("a", "xm IN (SELECT k FROM 公安.名单)", 1)))
	before := w.snapshot(t, "hash-t", "DB-HC")
	r, ok := before.Resolve([]string{"公安", "人口"})
	if !ok || len(r.Guard.Lookups) != 1 || r.Guard.Lookups["名单"].Name() != "公安.名单" || r.Guard.Lookups["名单"].Table.ID.Name != "mingdan" {
		t.Fatalf("%+v", r)
	}
	for _, path := range [][]string{{"公安", "名单"}, {policy.LookupSchema, "名单"}} {
		if _, ok := before.Resolve(path); ok {
			t.Errorf("%v is there", path)
		}
	}
	change := func(name string, table string, want bool) {
		t.Helper()
		w.change(catalog.Changed{Resources: map[string]*catalog.Resource{"md": {
			ID: "md", Agency: "ga", Name: name, Class: catalog.Withheld, Source: "GA", Table: catalog.TableID{Schema: "main", Name: table}, Items: []catalog.Item{{No: 1, Name: "xm"}},
		}}})
		w.refresh(t)
		err := w.authority.Holds(catalog.ByToken("hash-t"), before, []*policy.Resource{r})
		if (err == nil) != want || !want && errs.CodeOf(err) != errs.Revoked {
			t.Errorf("%s over %s: %v", name, table, err)
		}
		if now := w.snapshot(t, "hash-t", "DB-HC"); (now.Identity() == before.Identity()) != want {
			t.Errorf("%s over %s has the identity of before: %v", name, table, !want)
		}
	}
	change("名单", "mingdan", true)
	change("名单", "renkou", false)
	change("名单", "mingdan", true)
	change("黑名单", "mingdan", false)
	if got := strings.Join(w.broken, ", "); got != "a of 公安.人口" {
		t.Errorf("broken: %s", got)
	}
}

// A mask looks nothing up.
func TestMaskWithLookup(t *testing.T) {
	g := masked(granted("b", ""), 3, "CASE WHEN xm IN (SELECT k FROM 公安.名单) THEN qx END")
	g.Items[0].Type = catalog.Type{Kind: catalog.Text}
	if got := seen(t, withLists(t, newWorld(t, g)).snapshot(t, "hash-t", "DB-HC")); got != "nothing" {
		t.Errorf("got %s", got)
	}
}
