package gateway

import (
	"slices"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// In direct mode a name of two parts has near names too, out of what the operator sees.
func TestNearestNamesOfSources(t *testing.T) {
	table := func(schema, name string) *catalog.Table {
		return &catalog.Table{ID: catalog.TableID{Schema: schema, Name: name}, Columns: []catalog.Column{{Name: "id", SourceName: "id", Type: catalog.Type{Kind: catalog.Int64}}}}
	}
	snapshot, err := policy.NewDirect([]policy.Described{
		{Source: "mz", Tables: []*catalog.Table{table("public", "低保"), table("public", "救助")}},
		{Source: "ga", Tables: []*catalog.Table{table("main", "低宝册")}},
		{Source: "many", Tables: []*catalog.Table{table("a", "t"), table("b", "t")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, Options{})
	for name, want := range map[string][]string{
		"mz.低宝":    {"mz.低保"},
		"mz.无关的名字": {"mz.低保", "mz.救助"},
		"many.u":   nil, // neither many.a.t nor many.b.t has a name of two parts
		"no.无关的名字": nil,
	} {
		_, err := g.Query(t.Context(), server.Session{Snapshot: snapshot}, server.Request{SQL: "SELECT * FROM " + name})
		if e := errs.From(err); e == nil || e.Code != errs.UnknownName || !slices.Equal(e.Nearest, want) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
