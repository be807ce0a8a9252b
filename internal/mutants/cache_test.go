package mutants

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What was built before is there, and nothing that is built of broken trees stays.
func TestCache(t *testing.T) {
	parent := t.TempDir()
	from := filepath.Join(parent, "go-build")
	if err := os.MkdirAll(filepath.Join(from, "0a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "0a", "entry"), []byte("built"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", from)
	env, remove, err := cache()
	defer remove()
	if err != nil {
		t.Fatal(err)
	}
	to := strings.TrimPrefix(env[len(env)-1], "GOCACHE=")
	if text, err := os.ReadFile(filepath.Join(to, "0a", "entry")); err != nil || string(text) != "built" || to == from {
		t.Errorf("%s has %q, %v of what was built before", env[len(env)-1], text, err)
	}
	if err := os.WriteFile(filepath.Join(to, "0a", "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	remove()
	var left []string
	for _, dir := range []string{parent, filepath.Join(from, "0a")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			left = append(left, e.Name())
		}
	}
	if got := strings.Join(left, " "); got != "go-build entry" {
		t.Errorf("%s is left, want go-build entry", got)
	}
}
