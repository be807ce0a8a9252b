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
file: a.go
old: 	x
new: 
# in between
file: b.go
old: y: z
new: y

guard: another
packages: ./b ./c
file: a.go
old: x
new: y`, "./a")
	if err != nil {
		t.Fatal(err)
	}
	want := []mutants.Guard{
		{Name: "the gate: names", Line: 3, Packages: []string{"./a"}, Breaks: []mutants.Mutant{{Line: 4, File: "a.go", Old: "\tx"}, {Line: 8, File: "b.go", Old: "y: z", New: "y"}}},
		{Name: "another", Line: 12, Packages: []string{"./b", "./c"}, Breaks: []mutants.Mutant{{Line: 14, File: "a.go", Old: "x", New: "y"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{
		"guard: x\n", "file: a.go\nold: x\nnew: y\n", "guard: x\nold: x\n", "guard: x\nfile: a.go\nold: x\nnew: x\n", "guard: x\nfile: a.go\nnew: x\n",
		"guard: x\nfile: a.go\nold: x\nnew: y\nstray\n", "guard: x\nfile: a.go\nold: x\nnew: y\ntest: ./a TestA\n",
	} {
		if got, err := mutants.ParseGuards(bad, "./a"); err == nil {
			t.Errorf("taken as %v:\n%s", got, bad)
		}
	}
}

func TestRunGuards(t *testing.T) {
	root := tree(t)
	before, err := os.ReadFile(filepath.Join(root, "a.go"))
	if err != nil {
		t.Fatal(err)
	}
	guard := func(name, old, new string) mutants.Guard {
		return mutants.Guard{Name: name, Packages: []string{"."}, Breaks: []mutants.Mutant{{File: "a.go", Old: old, New: new}}}
	}
	var out strings.Builder
	err = mutants.RunGuards(root, []mutants.Guard{guard("the product", "2 * n", "3 * n"), guard("the case", "n == 0", "n == -1"), guard("nothing", "2 * n", "2 * m")}, "^TestTwice$", &out)
	if err == nil || !strings.Contains(err.Error(), "all tests pass without it") || !strings.Contains(err.Error(), "does not compile") {
		t.Errorf("got %v, want one guard that is missed by no test and one that cannot be tried", err)
	}
	for _, line := range []string{"the product  TestTwice\n", "the case     NONE\n", "nothing      NONE\n", "3 guards, 2 of them missed by no test\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the table lacks %q:\n%s", line, out.String())
		}
	}
	// What fails by itself proves nothing, nor does a break whose place is not there.
	for want, g := range map[string]mutants.Guard{"fail in the unbroken tree": guard("x", "2 * n", "3 * n"), "stands there 0 times": guard("x", "4 * n", "3 * n")} {
		if err := mutants.RunGuards(root, []mutants.Guard{g}, "^Test", &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	after, err := os.ReadFile(filepath.Join(root, "a.go"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the work tree was changed: %v\n%s", err, after)
	}
}

// Whoever moves a guard moves its break too.
func TestGuardsAreInTheirPlaces(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "scripts", "leakmutants", "guards.txt"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := mutants.ParseGuards(string(text), "./internal/leak")
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
