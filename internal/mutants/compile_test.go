package mutants_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/mutants"
)

// Whoever changes a line that is broken somewhere, or renames a test, changes the list too.
// Which test notices a break is seen by make mutants alone.
func TestListsCompile(t *testing.T) {
	root := filepath.Join("..", "..")
	read := func(name ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{root, "scripts"}, name...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	list, err := mutants.Parse(read("mutants", "mutants.txt"))
	if err != nil {
		t.Fatal(err)
	}
	guards, err := mutants.ParseGuards(read("leakmutants", "guards.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 800 || len(guards) < 80 {
		t.Errorf("only %d mutants and %d guards", len(list), len(guards))
	}
	if err := mutants.Compile(root, "./internal/leak", list, guards); err != nil {
		t.Error(err)
	}
}

func TestCompile(t *testing.T) {
	root := tree(t)
	broken := func(old, new string) mutants.Mutant {
		return mutants.Mutant{Line: 7, File: "a.go", Old: old, New: new, Package: ".", Test: "TestTwice"}
	}
	if err := mutants.Compile(root, ".", []mutants.Mutant{broken("2 * n", "3 * n")}, nil); err != nil {
		t.Error(err)
	}
	for want, m := range map[string]mutants.Mutant{
		"undefined: m": broken("2 * n", "2 * m"), "declared and not used: k": broken("return 2", "k := 1\n\treturn 2"),
		"expected": broken("2 * n", "2 * ("), "stands there 0 times": broken("4 * n", "3 * n"),
		"b.go": {File: "b.go", Old: "x", New: "y"},
	} {
		if err := mutants.Compile(root, ".", []mutants.Mutant{m}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s became %s: got %v, want %q", m.Old, m.New, err, want)
		}
		g := mutants.Guard{Name: "the guard", Tests: []string{"TestTwice"}, Breaks: []mutants.Mutant{m}}
		if err := mutants.Compile(root, ".", nil, []mutants.Guard{g}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a guard whose %s became %s: got %v, want %q", m.Old, m.New, err, want)
		}
	}
}

// A test that was renamed is missed without a run.
func TestCompileNamesTests(t *testing.T) {
	root := tree(t)
	for _, c := range []struct{ pkg, test, want string }{
		{".", "TestTwice", ""},
		{".", "TestTwice/three", ""},
		{".", "TestTwic", ". has no test TestTwic"},
		{".", "TestThrice/three", ". has no test TestThrice"},
		{".", "TestTwice|TestThrice", ". has no test TestTwice|TestThrice"},
		{".", "TestOfKind", ". has no test TestOfKind"},
		{".", "helper", ". has no test helper"},
		{"./b", "TestTwice", "./b: no package"},
	} {
		m := mutants.Mutant{File: "a.go", Old: "2 * n", New: "3 * n", Package: c.pkg, Test: c.test}
		g := mutants.Guard{Name: "the guard", Package: c.pkg, Tests: []string{"TestTwice", c.test}, Breaks: []mutants.Mutant{m}}
		own := g
		own.Package = ""
		for _, err := range []error{
			mutants.Compile(root, "nowhere", []mutants.Mutant{m}, nil),
			mutants.Compile(root, "nowhere", nil, []mutants.Guard{g}),
			mutants.Compile(root, c.pkg, nil, []mutants.Guard{own}),
		} {
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %s: got %v, want %q", c.pkg, c.test, err, c.want)
			}
		}
	}
}
