package policy_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
)

func table(schema, name string, columns ...string) *catalog.Table {
	t := &catalog.Table{ID: catalog.TableID{Schema: schema, Name: name}, Rows: -1}
	for _, c := range columns {
		kind := catalog.Text
		if strings.HasPrefix(c, "?") { // a type that cannot be read
			kind = catalog.Invalid
		}
		t.Columns = append(t.Columns, catalog.Column{Name: strings.TrimPrefix(c, "?"), SourceName: c, Type: catalog.Type{Kind: kind}})
	}
	return t
}

func id(schema, name string) catalog.TableID { return catalog.TableID{Schema: schema, Name: name} }

func names(s policy.Snapshot) []string {
	var out []string
	for _, r := range s.Resources() {
		out = append(out, r.Name())
	}
	return out
}

func allOf(t *testing.T, published []policy.Published, sources []policy.Described) (*policy.Granted, []policy.Missing) {
	t.Helper()
	s, missing, err := policy.NewPublished(published, sources)
	if err != nil {
		t.Fatal(err)
	}
	return s, missing
}

func TestPublished(t *testing.T) {
	down := errs.New(errs.SourceUnreachable, "source_unreachable", nil)
	s, missing := allOf(t, []policy.Published{
		{Agency: "公安", Resource: "人口", Source: "ga", Table: id("main", "renkou")},
		{Agency: "公安", Resource: "Log", Source: "GA", Table: id("MAIN", "LOG")},
		{Agency: "公安", Resource: "log", Source: "ga", Table: id("main", "renkou")},
		{Agency: "公安", Resource: "none", Source: "ga", Table: id("main", "none")},
		{Agency: "公安", Resource: "blind", Source: "ga", Table: id("main", "blind")},
		{Agency: "公安", Resource: "twin", Source: "ga", Table: id("main", "TWIN")},
		{Agency: "公安", Resource: "exact", Source: "ga", Table: id("main", "Twin")},
		{Agency: "民政", Resource: "低保", Source: "mz", Table: id("public", "db")},
		{Agency: "民政", Resource: "x", Source: "nobody", Table: id("public", "db")},
	}, []policy.Described{
		{Source: "ga", Tables: []*catalog.Table{
			table("main", "renkou", "id", "?photo", "name"), table("main", "log", "a"), table("main", "blind", "?a"),
			table("main", "twin", "a"), table("main", "Twin", "b"), table("main", "secret", "a"),
		}},
		{Source: "mz", Err: down},
	})
	if d := cmp.Diff([]policy.Missing{0, 0, 0, policy.NoSuchTable, policy.NothingToRead, policy.ManySuchTables, 0, 0, policy.NoSuchTable}, missing); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"公安.Log", "公安.exact", "公安.log_2", "公安.人口"}, names(s)); d != "" {
		t.Error(d)
	}
	r, ok := s.Resolve([]string{"公安", "人口"})
	if !ok || r.Source != "ga" || r.Table.ID != id("main", "renkou") || len(r.Table.Columns) != 3 || len(r.Columns) != 2 || r.Columns[1].Name != "name" {
		t.Errorf("got %+v", r)
	}
	if r, ok := s.Resolve([]string{"公安", "LOG_2"}); !ok || r.Table.ID.Name != "renkou" {
		t.Errorf("case must not count: %+v", r)
	}
	if r, ok := s.Resolve([]string{"公安", "exact"}); !ok || r.Columns[0].Name != "b" {
		t.Errorf("the exact spelling comes first: %+v", r)
	}
	for _, path := range [][]string{nil, {"人口"}, {"公安"}, {"ga", "main", "renkou"}, {"ga", "renkou"}, {"公安", "secret"}, {"公安\x00人口"}, {"公安", "blind"}, {"民政", "低保"}} {
		if r, ok := s.Resolve(path); ok {
			t.Errorf("%v was found: %+v", path, r)
		}
	}
	if err := policy.Unavailable(s, []string{"民政", "低保"}); !errors.Is(err, down) {
		t.Errorf("a resource of a source that is down: %v", err)
	}
	for _, path := range [][]string{{"公安", "none"}, {"民政", "x"}, {"mz", "db"}, {"mz", "public", "db"}} {
		if err := policy.Unavailable(s, path); err != nil {
			t.Errorf("%v: %v", path, err)
		}
	}
}

// A name does not depend on which sources can be reached.
func TestNamesStayWhenASourceIsDown(t *testing.T) {
	published := []policy.Published{
		{Agency: "a", Resource: "T", Source: "one", Table: id("main", "t")},
		{Agency: "a", Resource: "t", Source: "two", Table: id("main", "t")},
	}
	up := policy.Described{Source: "two", Tables: []*catalog.Table{table("main", "t", "x")}}
	s, _ := allOf(t, published, []policy.Described{{Source: "one", Err: errors.New("down")}, up})
	if d := cmp.Diff([]string{"a.t_2"}, names(s)); d != "" {
		t.Error(d)
	}
	if err := policy.Unavailable(s, []string{"A", "t"}); err == nil {
		t.Error("a.T is unavailable, not unknown")
	}
}

func TestDirect(t *testing.T) {
	down := errs.New(errs.SourceRefused, "source_refused", nil)
	s, err := policy.NewDirect([]policy.Described{
		{Source: "pg", Tables: []*catalog.Table{
			table("public", "t", "a"), table("Public", "t", "b"), table("public", "T", "c"), table("hr", "blind", "?a"),
		}},
		{Source: "wj", Tables: []*catalog.Table{table("main", "税", "a", "?b"), table("main", "T", "x")}},
		{Source: "mz", Err: down},
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"pg.Public_2.t", "pg.public.T_2", "pg.public.t", "wj.main.T", "wj.main.税"}, names(s)); d != "" {
		t.Error(d)
	}
	for path, column := range map[string]string{
		"pg.PUBLIC.t": "a", "pg.public_2.T": "b", "pg.public.t_2": "c",
		"wj.t": "x", "WJ.Main.t": "x", "wj.税": "a",
	} {
		r, ok := s.Resolve(strings.Split(path, "."))
		if !ok || len(r.Columns) != 1 || r.Columns[0].Name != column || len(r.Path) != 3 {
			t.Errorf("%s: got %+v, want the table with column %s", path, r, column)
		}
	}
	for _, path := range []string{"pg.t", "pg.hr.blind", "t", "mz.public.t", "main.T"} {
		if _, ok := s.Resolve(strings.Split(path, ".")); ok {
			t.Errorf("%s was found", path)
		}
	}
	for _, path := range [][]string{{"mz", "public", "t"}, {"MZ", "t"}} {
		if err := policy.Unavailable(s, path); !errors.Is(err, down) {
			t.Errorf("%v: %v, want that the source refused", path, err)
		}
	}
	if policy.Unavailable(s, []string{"mz"}) != nil || policy.Unavailable(s, []string{"pg", "nothing"}) != nil || policy.Unavailable(policy.Denied{}, []string{"mz", "t"}) != nil {
		t.Error("unavailable without reason")
	}
}

func TestFoldingIsDuckDBs(t *testing.T) {
	for _, pair := range [][2]string{{"S", "s"}, {"K", "K"}, {"ſ", "S"}, {"É", "é"}, {"Σ", "ς"}, {"ß", "ss"}, {"a", "b"}, {"户籍", "户籍"}, {"İ", "i"}} {
		s, err := policy.NewDirect([]policy.Described{{Source: pair[0], Tables: []*catalog.Table{table("m", "t", "a")}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, got := s.Resolve([]string{pair[1], "t"}); got != (pair[0] == "S" || pair[0] == pair[1]) {
			t.Errorf("%q finds %q: %v", pair[1], pair[0], got)
		}
	}
}

// Whatever changes what a statement could answer changes the identity.
func TestIdentity(t *testing.T) {
	published := []policy.Published{{Agency: "a", Resource: "r", Source: "s", Table: id("m", "t")}}
	identity := func(p []policy.Published, tables ...*catalog.Table) string {
		s, _ := allOf(t, p, []policy.Described{{Source: "s", Tables: tables}})
		return s.Identity()
	}
	base := identity(published, table("m", "t", "x", "y"))
	if again := identity(published, table("m", "t", "x", "y")); again != base {
		t.Errorf("the same content has the identities %s and %s", base, again)
	}
	seen := map[string]string{base: "base"}
	changed := table("m", "t", "x", "y")
	changed.Columns[0].Collation = catalog.Collation{Name: "C", Binary: true}
	typed := table("m", "t", "x", "y")
	elem := catalog.Type{Kind: catalog.Int8}
	typed.Columns[0].Type = catalog.ListOf(elem)
	other := []policy.Published{{Agency: "a", Resource: "q", Source: "s", Table: id("m", "t")}}
	d, err := policy.NewDirect([]policy.Described{{Source: "s", Tables: []*catalog.Table{table("m", "t", "x", "y")}}})
	if err != nil {
		t.Fatal(err)
	}
	downs, _ := allOf(t, published, []policy.Described{{Source: "s", Err: errors.New("x")}})
	empty, _ := allOf(t, nil, nil)
	for what, got := range map[string]string{
		"another column": identity(published, table("m", "t", "x", "z")), "a column less": identity(published, table("m", "t", "x")),
		"an unreadable column": identity(published, table("m", "t", "x", "?y")), "a collation": identity(published, changed), "a type": identity(published, typed),
		"another name": identity(other, table("m", "t", "x", "y")), "direct": d.Identity(), "down": downs.Identity(), "empty": empty.Identity(), "denied": policy.Denied{}.Identity(),
	} {
		if before, dup := seen[got]; dup {
			t.Errorf("%s has the identity of %s", what, before)
		}
		seen[got] = what
	}
}

// The snapshots that ask for no grant are made by internal/app alone, and for tests.
func TestWhoMakesSnapshotsWithoutGrants(t *testing.T) {
	makers := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil // the compiler's business
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || (sel.Sel.Name != "NewPublished" && sel.Sel.Name != "NewDirect") {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "policy" {
				makers++
				switch filepath.Dir(path) {
				case filepath.Join("..", "internal", "app"):
				case filepath.Join("..", "planner", "plantest"): // no program imports it: see internal/lint
				default:
					t.Errorf("%s uses policy.%s", path, sel.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if makers == 0 {
		t.Error("nobody makes them: the test sees nothing")
	}
}
