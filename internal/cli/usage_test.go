package cli_test

import (
	"strings"
	"testing"
)

// A wrong command line points at the help of the command that was asked for.
func TestUsagePointsAtTheCommand(t *testing.T) {
	config(t, good)
	for command, want := range map[string]string{
		"query --nosuch x":     "See: lianji query -h",
		"query":                "See: lianji query -h",
		"explain --format x s": "See: lianji explain -h",
		"check extra":          "See: lianji check -h",
		"nosuch":               "See: lianji -h",
		"":                     "See: lianji -h",
		"query --direct --url http://127.0.0.1:1 s": "See: lianji query -h",
	} {
		if code, _, stderr := (run{}).args(t, strings.Fields(command)...); code != 2 || !strings.HasSuffix(stderr, want+"\n") {
			t.Errorf("%s: exit %d, %q", command, code, stderr)
		}
	}
}

// How a statement that begins with - is written is told by those alone that take one.
func TestUnknownFlags(t *testing.T) {
	for command, want := range map[string]bool{
		"query --nosuch": true, "explain --=": true, "serve --nosuch": false, "check -x": false, "catalog app-key --url X": false, "policy export --nosuch": false, "--nosuch": false,
	} {
		code, _, stderr := run{}.args(t, strings.Fields(command)...)
		if code != 2 || !strings.Contains(stderr, "There is no flag -") || strings.Contains(stderr, "A statement that begins with - stands after --.") != want {
			t.Errorf("%s: exit %d, %q", command, code, stderr)
		}
	}
}

// The line of usage names what a command can do.
func TestUsageLines(t *testing.T) {
	for command, want := range map[string][]string{
		"explain": {"--analyze", "--param", "--format", "--direct", "--url"},
		"query":   {"--param", "--format", "-o", "--direct", "--url"},
	} {
		_, stdout, _ := (run{}).args(t, command, "-h")
		_, rest, _ := strings.Cut(stdout, "Usage:")
		line, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		for _, w := range want {
			if !strings.Contains(line, w) {
				t.Errorf("%s: %q lacks %s", command, line, w)
			}
		}
	}
}
