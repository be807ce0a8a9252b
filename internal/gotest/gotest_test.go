package gotest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/gotest"
)

// run tests a module of one package and returns what the summary printed.
func run(t *testing.T, test string, args ...string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example\n\ngo 1.26\n",
		"a_test.go": "package a\n\nimport \"testing\"\n\n" + test + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, stderr strings.Builder
	s := gotest.NewSummary(&out)
	passed, err := gotest.Run(dir, nil, append(args, "-vet=off", "."), &stderr, s.See)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	s.Close()
	return out.String(), passed
}

func TestSkipsAndCounts(t *testing.T) {
	out, passed := run(t, `
func TestA(t *testing.T) { t.Log("chatter") }
func TestB(t *testing.T) { t.Run("one", func(t *testing.T) { t.Log("first"); t.Skip("no server") }) }
func TestC(t *testing.T) { t.Skipf("no %s", "server") }
func TestD(t *testing.T) { t.SkipNow() }`)
	if !passed {
		t.Error("a run without a failure did not pass")
	}
	if !strings.HasPrefix(out, "ok  \texample\t") {
		t.Errorf("it does not start with go test's line:\n%s", out)
	}
	_, end, _ := strings.Cut(out, "\n")
	want := `skipped 1: no reason given
    example.TestD
skipped 2: no server
    example.TestB/one
    example.TestC
2 passed, 0 failed, 3 skipped
`
	if diff := cmp.Diff(want, end); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name, test string
		want       []string
		not        string
	}{
		{"assertion", `func TestA(t *testing.T) { t.Log("chatter") }
			func TestB(t *testing.T) { t.Error("bad value") }`,
			[]string{"bad value", "--- FAIL: TestB", "FAIL\texample", "1 passed, 1 failed, 0 skipped"}, "chatter"},
		{"crash", `func TestA(t *testing.T) { var p *int; *p = 1 }`,
			[]string{"nil pointer dereference", "a_test.go:", "FAIL\texample", "0 passed, 1 failed"}, "ok  "},
		{"exit", `import "os"
			func TestA(t *testing.T) { print("last words"); os.Exit(3) }`,
			[]string{"last words", "FAIL\texample", "0 passed, 1 failed"}, "ok  "},
		{"time-out", `func TestA(t *testing.T) { select {} }`,
			[]string{"test timed out after 1s", "FAIL\texample", "0 passed, 1 failed"}, "ok  "},
		{"does not compile", `func TestA(t *testing.T) { undefined() }`,
			[]string{"undefined: undefined", "FAIL\texample [build failed]", "0 passed, 0 failed"}, "ok  "},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, passed := run(t, c.test, "-timeout=1s")
			if passed {
				t.Error("it passed")
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in:\n%s", want, out)
				}
			}
			if strings.Contains(out, c.not) {
				t.Errorf("%q is in:\n%s", c.not, out)
			}
		})
	}
}

func TestBrokenStream(t *testing.T) {
	if err := gotest.Read(strings.NewReader("{\"Action\":\"run\"}\nnot json\n"), func(gotest.Event) {}); err == nil {
		t.Error("a line that is not JSON was taken")
	}
}
