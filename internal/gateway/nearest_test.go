package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
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
		{Source: "many", Tables: []*catalog.Table{table("a", "t"), table("b", "t"), table("public", "dibao"), table("archive", "dibaos")}},
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
		// With its schema the name is a far one.
		"many.t":     {"many.a.t", "many.b.t"},
		"MANY.Dibao": {"many.public.dibao"},
		"many.dibao": {"many.public.dibao"},
		"ga.dibao":   {"ga.低宝册"},
	} {
		session := server.Session{Snapshot: snapshot}
		_, err := g.Query(t.Context(), session, server.Request{SQL: "SELECT * FROM " + name})
		_, described := g.Describe(t.Context(), session, server.Request{SQL: "SELECT * FROM " + name})
		_, shown := g.Query(t.Context(), session, server.Request{SQL: "DESCRIBE " + name})
		for what, err := range map[string]error{"asked": err, "prepared": described, "DESCRIBE": shown} {
			if what == "DESCRIBE" && !strings.Contains(fmt.Sprint(want), "many.") {
				continue // it tells fewer of the others
			}
			if e := errs.From(err); e == nil || e.Code != errs.UnknownName || !slices.Equal(e.Nearest, want) {
				t.Errorf("%s, %s: %+v", name, what, e)
			}
		}
	}
}

// What is no operator's has the names that the planner tells, and nothing of a schema.
func TestSchemasAreTheOperators(t *testing.T) {
	e := errs.New(errs.UnknownName, "unknown_table", msg.Args{"Name": "mz.低保"})
	published, _, err := policy.NewPublished([]policy.Published{{Agency: "mz", Resource: "低保", Source: "ga", Table: catalog.TableID{Schema: "main", Name: "t"}}},
		[]policy.Described{{Source: "ga", Tables: []*catalog.Table{{ID: catalog.TableID{Schema: "main", Name: "t"}, Columns: []catalog.Column{{Name: "id", SourceName: "id", Type: catalog.Type{Kind: catalog.Int64}}}}}}})
	if err != nil || len(published.Resources()) != 1 {
		t.Fatal(err)
	}
	for what, s := range map[string]policy.Snapshot{"published": published, "none": nil, "denied": policy.Denied{}} {
		if got := nameSchemas(s, e); got != e {
			t.Errorf("%s: %v", what, got.Nearest)
		}
	}
}
