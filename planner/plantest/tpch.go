package plantest

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"
)

var inFrom = regexp.MustCompile(`(\bfrom|,|\bjoin)(\s+)(lineitem|orders|customer|partsupp|part|supplier|nation|region)\b`)

// TPCH gives the texts of TPC-H over the agency tpch; number 1 is at place 0.
func TPCH(t testing.TB) []string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), "..", "testdata", "tpch", "q*.sql"))
	if err != nil || len(files) != 22 {
		t.Fatalf("%d statements, %v", len(files), err)
	}
	slices.Sort(files)
	var out []string
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, inFrom.ReplaceAllString(string(raw), "${1}${2}tpch.${3}"))
	}
	return out
}
