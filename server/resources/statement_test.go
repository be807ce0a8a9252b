package resources

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// people has a key, of which test cases take away what makes it one.
func people(change func(*policy.Resource)) *policy.Resource {
	whole, text := catalog.Type{Kind: catalog.Int64}, catalog.Type{Kind: catalog.Text}
	columns := []catalog.Column{{Name: "id", Type: whole, NotNull: true}, {Name: `a"b`, Type: text}}
	r := &policy.Resource{Path: []string{"公安", `人"口`}, Columns: columns, Table: &catalog.Table{Columns: columns, PrimaryKey: []string{"id"}}}
	change(r)
	return r
}

// The key is what rows are in order of, as long as no two rows have the same values there.
func TestResourceKeys(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*policy.Resource)
		unique bool
	}{
		"a key":    {func(*policy.Resource) {}, true},
		"no key":   {func(r *policy.Resource) { r.Table.PrimaryKey = nil }, false},
		"another":  {func(r *policy.Resource) { r.Table.PrimaryKey, r.Table.Unique = nil, [][]string{{`a"b`}, {"id"}} }, true},
		"NULL":     {func(r *policy.Resource) { r.Columns[0].NotNull = false }, false},
		"masked":   {func(r *policy.Resource) { r.Guard = &policy.Guard{Masks: map[string]string{"id": "1"}} }, false},
		"hidden":   {func(r *policy.Resource) { r.Columns = r.Columns[1:] }, false},
		"half":     {func(r *policy.Resource) { r.Table.PrimaryKey = []string{"id", "other"} }, false},
		"dates":    {func(r *policy.Resource) { r.Columns[0].Type.Kind = catalog.Date }, false},
		"a double": {func(r *policy.Resource) { r.Columns[0].Type.Kind = catalog.Float64 }, false},
	} {
		s, err := Request{Rows: 2}.Statement(people(c.change), Place{})
		if err != nil || s.unique != c.unique {
			t.Errorf("%s: %v %v", what, s, err)
		}
	}
}

// Names stand in quotes and values are parameters.
func TestResourceStatements(t *testing.T) {
	asked, err := Parse(`公安.人"口`, `eq.a"b=x' OR 1=1&ge.id=2&rows=7&items=a"b`)
	if err != nil {
		t.Fatal(err)
	}
	last := "5"
	whole, text := catalog.Type{Kind: catalog.Int64}, catalog.Type{Kind: catalog.Text}
	for _, c := range []struct {
		order  []string
		from   Place
		want   string
		params []server.Param
	}{
		{nil, Place{}, `SELECT "a""b", "id" FROM "公安"."人""口" WHERE "a""b" = $1 AND "id" >= $2 ORDER BY "id" NULLS LAST LIMIT 7`, nil},
		{nil, Place{Values: []*string{&last}}, `SELECT "a""b", "id" FROM "公安"."人""口" WHERE "a""b" = $1 AND "id" >= $2 AND ("id" > $3) ORDER BY "id" NULLS LAST LIMIT 7`,
			[]server.Param{{Text: last, Type: whole}}},
		{[]string{`A"B`}, Place{Values: []*string{nil, &last}}, `SELECT "a""b", "id" FROM "公安"."人""口" WHERE "a""b" = $1 AND "id" >= $2 AND ("a""b" IS NULL AND ("id" > $3)) ORDER BY "a""b" NULLS LAST, "id" NULLS LAST LIMIT 7`,
			[]server.Param{{Text: last, Type: whole}}},
	} {
		asked.Order = c.order
		s, err := asked.Statement(people(func(*policy.Resource) {}), c.from)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, s.SQL); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(append([]server.Param{{Text: "x' OR 1=1", Type: text}, {Text: "2", Type: whole}}, c.params...), s.Params); d != "" {
			t.Error(d)
		}
	}
}
