package policy_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

func metered(g *catalog.Grant) *catalog.Grant {
	g.Queries = 5
	return g
}

// A statement is charged to every quota of the grants that open the resource, but to none
// where grants without a quota open just the same of what it uses.
func TestCharged(t *testing.T) {
	const xm, sfzh, qx = 1, 2, 3
	for name, c := range map[string]struct {
		grants []*catalog.Grant
		want   map[string]string // by the columns that are used: the grants that are charged
	}{
		"no quota":  {[]*catalog.Grant{granted("a", "", xm, sfzh)}, map[string]string{"": "", "xm sfzh": ""}},
		"one quota": {[]*catalog.Grant{metered(granted("a", "", xm, sfzh))}, map[string]string{"": "a", "xm": "a"}},
		"two quotas of the same": {[]*catalog.Grant{metered(granted("a", "", xm)), metered(granted("b", "", xm))},
			map[string]string{"": "a b", "xm": "a b"}},
		"more columns by a quota": {[]*catalog.Grant{granted("a", "", xm), metered(granted("b", "", xm, sfzh))},
			map[string]string{"": "", "xm": "", "sfzh": "b", "xm sfzh": "b"}},
		"more rows by a quota": {[]*catalog.Grant{granted("a", "qx = '甲'", xm), metered(granted("b", "qx = '乙'", xm))},
			map[string]string{"": "b", "xm": "b"}},
		"all rows by a quota": {[]*catalog.Grant{granted("a", "qx = '甲'", xm), metered(granted("b", "", xm))},
			map[string]string{"": "b", "xm": "b"}},
		"the same rows": {[]*catalog.Grant{granted("a", "qx = '甲'", xm), metered(granted("b", "qx = '甲'", xm, qx))},
			map[string]string{"": "", "xm": "", "qx": "b"}},
		"values by a quota, a mask without": {[]*catalog.Grant{masked(granted("a", "", sfzh), xm, "name"), metered(granted("b", "", xm))},
			map[string]string{"": "", "sfzh": "", "xm": "b"}},
		"a mask by a quota, values without": {[]*catalog.Grant{granted("a", "", xm), metered(masked(granted("b", ""), xm, "name"))},
			map[string]string{"xm": ""}},
		"a mask of another type": {[]*catalog.Grant{masked(granted("a", "", sfzh), xm, "null"), metered(masked(granted("b", ""), qx, "null"))},
			map[string]string{"xm": "", "qx": "b"}},
	} {
		w := newWorld(t, c.grants...)
		r, ok := w.snapshot(t, "hash-t", "DB-HC").Resolve([]string{"公安", "人口"})
		if !ok {
			t.Fatalf("%s: nothing is open", name)
		}
		for columns, want := range c.want {
			var got []string
			for _, q := range r.Charged(strings.Fields(columns)) {
				if got = append(got, q.Grant); q.Queries != 5 {
					t.Errorf("%s: the quota is %+v", name, q)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %q is charged to %q, want %q", name, columns, got, want)
			}
		}
	}
}

// Nothing that was bound under one quota is used under another.
func TestQuotaIsOfTheIdentity(t *testing.T) {
	of := func(queries int64) *policy.Granted {
		g := granted("a", "", 1)
		g.Queries = queries
		return newWorld(t, g).snapshot(t, "hash-t", "DB-HC")
	}
	if five, six := of(5), of(6); five.Identity() == six.Identity() || five.Identity() == of(0).Identity() {
		t.Error("snapshots with and without a quota are one")
	}
}
