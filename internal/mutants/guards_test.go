package mutants_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/mutants"
)

func TestParseGuards(t *testing.T) {
	got, err := mutants.ParseGuards(`# comment

guard: the gate: names
tests: TestA TestB
file: a.go
old: 	x
new: 
# in between
file: b.go
old: y: z
new: y

guard: another
file: a.go
package: ./a
old: x
new: y
tests: TestA`)
	if err != nil {
		t.Fatal(err)
	}
	want := []mutants.Guard{
		{Name: "the gate: names", Line: 3, Tests: []string{"TestA", "TestB"}, Breaks: []mutants.Mutant{{Line: 5, File: "a.go", Old: "\tx"}, {Line: 9, File: "b.go", Old: "y: z", New: "y"}}},
		{Name: "another", Line: 13, Package: "./a", Tests: []string{"TestA"}, Breaks: []mutants.Mutant{{Line: 14, File: "a.go", Old: "x", New: "y"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{
		"guard: x\ntests: TestA\n", "tests: TestA\nfile: a.go\nold: x\nnew: y\n", "guard: x\ntests: TestA\nold: x\nnew: y\n", "guard: x\ntests: TestA\nfile: a.go\nold: x\nnew: x\n",
		"guard: x\ntests: TestA\nfile: a.go\nnew: x\n", "guard: x\nfile: a.go\nold: x\nnew: y\n", "guard: x\ntests:\nfile: a.go\nold: x\nnew: y\n",
		"guard: x\ntests: TestA\nfile: a.go\nold: x\nnew: y\nstray\n", "guard: x\ntests: TestA\nfile: a.go\nold: x\nnew: y\ntest: ./a TestA\n",
	} {
		if got, err := mutants.ParseGuards(bad); err == nil {
			t.Errorf("taken as %v:\n%s", got, bad)
		}
	}
}

// guarded makes a tree of which all tests pass, but for TestRed when it is to be there.
func guarded(t *testing.T, red bool) string {
	t.Helper()
	root := tree(t)
	name := filepath.Join(root, "a_test.go")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text) + "\nfunc TestIdle(t *testing.T) {}\n"
	if !red {
		whole = strings.ReplaceAll(whole, "TestRed", "Red")
	}
	if err := os.WriteFile(name, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestRunGuards(t *testing.T) {
	root := guarded(t, false)
	if err := os.Mkdir(filepath.Join(root, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"b.go": "package b\n\nfunc half(n int) int { return n / 2 }\n", "b_test.go": "package b\n\nimport \"testing\"\n\nfunc TestHalf(t *testing.T) {\n\tif half(4) != 2 {\n\t\tt.Fail()\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(root, "b", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(filepath.Join(root, "a.go"))
	if err != nil {
		t.Fatal(err)
	}
	guard := func(name, old, new string, tests ...string) mutants.Guard {
		return mutants.Guard{Name: name, Tests: tests, Breaks: []mutants.Mutant{{File: "a.go", Old: old, New: new}}}
	}
	var out strings.Builder
	err = mutants.RunGuards(root, ".", []mutants.Guard{
		guard("the product", "2 * n", "3 * n", "TestTwice"), guard("the named one is idle", "2 * n", "3 * n", "TestIdle"),
		guard("the case", "n == 0", "n == -1", "TestTwice"), guard("nothing", "2 * n", "2 * m", "TestTwice"),
		{Name: "of another package", Package: "./b", Tests: []string{"TestHalf"}, Breaks: []mutants.Mutant{{File: "b/b.go", Old: "n / 2", New: "n / 3"}}},
	}, &out)
	if err == nil || !strings.Contains(err.Error(), "all tests pass without it") || !strings.Contains(err.Error(), "does not compile") {
		t.Errorf("got %v, want one guard that is missed by no test and one that cannot be tried", err)
	}
	for _, line := range []string{
		"the product            TestTwice\n", "the named one is idle  TestTwice\n", "the case               NONE\n", "nothing                NONE\n",
		"of another package     TestHalf\n", "5 guards, 2 of them missed by no test\n", ".: 2 tests in the unbroken tree\n", "./b: 1 tests in the unbroken tree\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the table lacks %q:\n%s", line, out.String())
		}
	}
	after, err := os.ReadFile(filepath.Join(root, "a.go"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the work tree was changed: %v\n%s", err, after)
	}
	// What fails by itself proves nothing, nor does a test or a break whose place is not there.
	root = guarded(t, true)
	for want, g := range map[string]mutants.Guard{
		"TestRed: fail in the unbroken tree": guard("x", "2 * n", "3 * n", "TestIdle"), "fail in the unbroken tree": guard("x", "2 * n", "3 * n", "TestRed"),
		"stands there 0 times": guard("x", "4 * n", "3 * n", "TestTwice"), "TestNone: not run": guard("x", "2 * n", "3 * n", "TestTwice", "TestNone"),
	} {
		if err := mutants.RunGuards(root, ".", []mutants.Guard{g}, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Whoever moves a guard moves its break too.
func TestGuardsAreInTheirPlaces(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "scripts", "leakmutants", "guards.txt"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := mutants.ParseGuards(string(text))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, g := range list {
		if names[g.Name] {
			t.Errorf("%s stands there twice", g.Name)
		}
		names[g.Name] = true
		for _, b := range g.Breaks {
			whole, err := os.ReadFile(filepath.Join(root, b.File))
			if err != nil {
				t.Error(err)
				continue
			}
			if _, err := b.Apply(string(whole)); err != nil {
				t.Errorf("%s: %v", g.Name, err)
			}
		}
	}
	if len(list) < 25 {
		t.Errorf("only %d guards", len(list))
	}
}
