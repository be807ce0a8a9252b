package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
)

func TestPublishNames(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a b c", "a b c"},
		{"Name name NAME", "Name name_2 NAME_3"},
		{"x X x_2", "x X_3 x_2"}, // x_2 is somebody's own name
		{"姓名 姓名", "姓名 姓名_2"},
	} {
		if got := strings.Join(catalog.PublishNames(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOf(rapid.StringMatching(`[aAbB](_[23])?`)).Draw(t, "names")
		out := catalog.PublishNames(in)
		seen := map[string]bool{}
		for i, n := range out {
			if seen[strings.ToLower(n)] {
				t.Fatalf("%v: %s twice in %v", in, n, out)
			}
			seen[strings.ToLower(n)] = true
			if !strings.HasPrefix(n, in[i]) {
				t.Fatalf("%s became %s", in[i], n)
			}
		}
		if !slices.Equal(out, catalog.PublishNames(in)) {
			t.Fatal("not the same twice")
		}
	})
}

func TestTypes(t *testing.T) {
	text := catalog.Type{Kind: catalog.Text}
	nested := catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: `a"b`, Type: catalog.ListOf(catalog.DecimalOf(5, 2))}, {Name: "m", Type: catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: text}, {Name: "value", Type: text}}}}}}
	if got, want := nested.DuckDB(), `STRUCT("a""b" DECIMAL(5,2)[], "m" MAP(VARCHAR, VARCHAR))`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !nested.Readable() || !nested.Equal(nested) || nested.Equal(text) || catalog.DecimalOf(5, 2).Equal(catalog.DecimalOf(5, 1)) || catalog.ListOf(text).Equal(catalog.ListOf(nested)) {
		t.Error("a type is readable and equal to itself alone")
	}
	for _, bad := range []catalog.Type{{}, {Kind: catalog.List}, {Kind: catalog.Map}, catalog.ListOf(catalog.Type{}), {Kind: catalog.Struct, Fields: []catalog.Field{{Name: "x"}}}} {
		if bad.Readable() {
			t.Errorf("readable: %+v", bad)
		}
	}
}

func TestColumnIgnoresCase(t *testing.T) {
	table := catalog.Table{Columns: []catalog.Column{{Name: "Id"}, {Name: "姓名"}}}
	if i, ok := table.Column("ID"); !ok || i != 0 {
		t.Error("ID is Id")
	}
	if _, ok := table.Column("nothing"); ok {
		t.Error("there is no such column")
	}
}
