package lint

import (
	"os"
	"os/exec"
	"strings"
)

// Vet runs go vet over packages of the module at root.
func Vet(root string, packages ...string) error {
	_, err := output(root, "go", append([]string{"vet", "-tags=" + tag}, packages...)...)
	return err
}

// Staticcheck runs the version of staticcheck that go.mod names.
func Staticcheck(root string, packages ...string) error {
	_, err := output(root, "go", append([]string{"tool", "staticcheck", "-tags=" + tag}, packages...)...)
	return err
}

// WithoutTag builds a package without the build tag, and returns what the
// compiler said and whether the build failed.
func WithoutTag(root, pkg string) (said string, failed bool) {
	cmd := exec.Command("go", "build", "-o", os.DevNull, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=") // may hold the tag
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}

// NamesTag checks that a failed build said one thing, the tag, and nothing that
// would send its reader elsewhere.
func NamesTag(said string) []Finding {
	var found []Finding
	named := false
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.Contains(line, tag):
			named = true
		default:
			found = append(found, Finding{Path: "go build without -tags " + tag, Text: "says " + line})
		}
	}
	if !named {
		found = append(found, Finding{Path: "go build without -tags " + tag, Text: "does not name the tag"})
	}
	return found
}
