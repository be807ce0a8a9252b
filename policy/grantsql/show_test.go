package grantsql

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
)

// A list that is put together in parts is the list that is put together at once: whatever
// the parts' size, each grant stands in it once and in its place.
func TestShownInParts(t *testing.T) {
	const many = 30
	c := catalog.Changed{
		Agencies:   map[string]*catalog.Agency{"ga": {ID: "ga", Code: "GA", Name: "公安"}},
		Principals: map[string]*catalog.Principal{"bureau": {ID: "bureau", Login: "bureau", Agency: "ga", Roles: []catalog.Role{catalog.Bureau}}},
		Sources:    map[string]*catalog.Source{"ga": {Name: "ga", Agency: "ga"}},
		Resources:  map[string]*catalog.Resource{},
		Grants:     map[string]*catalog.Grant{},
	}
	for i := range 3 {
		id := fmt.Sprint("mz", i)
		c.Agencies[id] = &catalog.Agency{ID: id, Code: id, Name: "民政" + id}
		c.Resources[id] = &catalog.Resource{ID: id, Agency: "ga", Name: "人口" + id, Source: "ga", Items: []catalog.Item{{No: 1, Name: "qx"}}}
	}
	for i := range many {
		id := fmt.Sprintf("g%02d", i)
		c.Grants[id] = &catalog.Grant{
			ID: id, Resource: fmt.Sprint("mz", i%3), Grantee: catalog.Grantee{Kind: catalog.ToAgency, ID: fmt.Sprint("mz", i/3%3)},
			Items: []catalog.GrantedItem{{No: 1, Use: catalog.Clear}}, Purposes: []string{"DB-HC"}, Modes: []catalog.Mode{catalog.Interface}, RowFilter: fmt.Sprintf("qx = '%d'", i),
		}
	}
	state := (*catalog.State)(nil).With(1, c)
	parts := func(most int) (all [][]string) {
		shown, err := parse(t, "SHOW GRANTS").Show(state, Asker{Principal: c.Principals["bureau"]}, time.Now(), shanghai)
		if err != nil {
			t.Fatal(err)
		}
		for rows := shown.Next(most); len(rows) > 0; rows = shown.Next(most) {
			if len(rows) > most {
				t.Fatalf("%d rows, at most %d were asked for", len(rows), most)
			}
			all = append(all, rows...)
		}
		return all
	}
	whole := parts(many + 1)
	if len(whole) != many {
		t.Fatalf("%d grants of %d", len(whole), many)
	}
	for most := 1; most <= many; most++ {
		if d := cmp.Diff(whole, parts(most)); d != "" {
			t.Errorf("%d at a time: (-whole +parts) %s", most, d)
		}
	}
}
