package mutants_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/mutants"
)

func TestParse(t *testing.T) {
	got, err := mutants.Parse(`# comment

file: a.go
old:  n + 1: x
new: n - 1
# in between
test: ./a TestA/one two

new:
test: ./b TestB
old: return nil
file: b.go`)
	if err != nil {
		t.Fatal(err)
	}
	want := []mutants.Mutant{
		{Line: 3, File: "a.go", Old: " n + 1: x", New: "n - 1", Package: "./a", Test: "TestA/one two"},
		{Line: 9, File: "b.go", Old: "return nil", New: "", Package: "./b", Test: "TestB"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range []string{
		"file: a.go\nold: x\nnew: y\n",
		"file: a.go\nold: x\nnew: y\ntest: ./a\n",
		"file: a.go\nold: x\ntest: ./a TestA\n",
		"file: a.go\nold:\nnew: y\ntest: ./a TestA\n",
		"file: a.go\nold: x\nnew: x\ntest: ./a TestA\n",
		"file: a.go\nfile: b.go\nold: x\nnew: y\ntest: ./a TestA\n",
		"file: a.go\nold: x\nnew: y\nruns: ./a TestA\n",
		"file: a.go\nold: x\nnew: y\ntest: ./a TestA\nstray\n",
	} {
		if got, err := mutants.Parse(bad); err == nil {
			t.Errorf("taken as %v:\n%s", got, bad)
		}
	}
}

// tree makes a git work tree of one module with one tested function.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example\n\ngo 1.26\n",
		"a.go":   "package a\n\nfunc twice(n int) int {\n\tif n == 0 {\n\t\treturn 0\n\t}\n\treturn 2 * n\n}\n",
		"a_test.go": `package a

import (
	"os"
	"strings"
	"testing"
)

func TestTwice(t *testing.T) {
	t.Run("three", func(t *testing.T) {
		if twice(3) != 6 {
			t.Error("not six")
		}
	})
	t.Run("zero", func(t *testing.T) {
		if twice(0) != 0 {
			t.Error("not zero")
		}
	})
}

func TestRed(t *testing.T) { t.Error("always") }

func TestOwnCache(t *testing.T) {
	if cache := os.Getenv("GOCACHE"); !strings.Contains(cache, "lianji-mutants-") {
		t.Error("the builds stay in " + cache)
	}
}

func helper() {}

type kind int

func (kind) TestOfKind(t *testing.T) {}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("git", "init", "-q")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func TestRun(t *testing.T) {
	root := tree(t)
	before, err := os.ReadFile(filepath.Join(root, "a.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, test, want string }{
		{"killed", "2 * n", "3 * n", "TestTwice", ""},
		{"killed by a subtest", "2 * n", "3 * n", "TestTwice/three", ""},
		{"killed by a crash", "2 * n", "2 * n / (n - 3)", "TestTwice/three", ""},
		{"other subtest", "2 * n", "3 * n", "TestTwice/zero", "did not go red: pass"},
		{"survives", "n == 0", "n == -1", "TestTwice", "did not go red: pass"},
		{"does not compile", "2 * n", "2 * m", "TestTwice", "does not compile"},
		{"old text missing", "4 * n", "3 * n", "TestTwice", "stands there 0 times"},
		{"old text twice", "return", "_ =", "TestTwice", "stands there 2 times"},
		{"no such test", "2 * n", "3 * n", "TestThrice", "not run in the unbroken tree"},
		{"a cache of its own", "2 * n", "3 * n", "TestOwnCache", "did not go red: pass"},
		{"red before", "2 * n", "3 * n", "TestRed", "fail in the unbroken tree"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			err := mutants.Run(root, []mutants.Mutant{{Line: 1, File: "a.go", Old: c.old, New: c.new, Package: ".", Test: c.test}}, &out)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "" && !strings.Contains(out.String(), "mutants: 1 passed, 0 failed\n"):
				t.Errorf("the report ends otherwise:\n%s", out.String())
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	after, err := os.ReadFile(filepath.Join(root, "a.go"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the work tree was changed: %v\n%s", err, after)
	}
}

// TestCopyIsMended: a mutant must not find the break of the one before it.
func TestCopyIsMended(t *testing.T) {
	list := []mutants.Mutant{
		{Line: 1, File: "a.go", Old: "2 * n", New: "3 * n", Package: ".", Test: "TestTwice/three"},
		{Line: 2, File: "a.go", Old: "n == 0", New: "n == -1", Package: ".", Test: "TestTwice/three"},
	}
	var out strings.Builder
	err := mutants.Run(tree(t), list, &out)
	if err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v, want that only the second survives", err)
	}
	if !strings.Contains(out.String(), "mutants: 1 passed, 1 failed\n") {
		t.Errorf("the report:\n%s", out.String())
	}
}
