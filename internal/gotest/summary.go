package gotest

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Summary prints a run as go test does without -v, a line for each package and
// what failing tests said, and at the end counts and the skipped tests by reason.
type Summary struct {
	out     io.Writer
	said    map[string][]string // lines of tests that have not ended, by package and test
	passed  int
	failed  int
	skipped map[string][]string // reason -> tests
}

// NewSummary makes a Summary that prints to out as events arrive.
func NewSummary(out io.Writer) *Summary {
	return &Summary{out: out, said: map[string][]string{}, skipped: map[string][]string{}}
}

// See takes the next event.
func (s *Summary) See(e Event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "output":
		if e.Test == "" && isClosingLine(e.Output) {
			fmt.Fprint(s.out, e.Output)
			return
		}
		s.said[key] = append(s.said[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e, key)
		}
	}
}

func (s *Summary) endTest(e Event, key string) {
	lines := s.said[key]
	delete(s.said, key)
	switch e.Action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
		s.print(lines)
	case "skip":
		reason := reasonOf(lines)
		s.skipped[reason] = append(s.skipped[reason], e.Package+"."+e.Test)
	}
}

// endPackage prints what is left when a package failed: words outside of tests,
// and of tests that a crash or a time-out left without an end, which failed too.
func (s *Summary) endPackage(e Event) {
	var keys []string
	for key := range s.said {
		if strings.HasPrefix(key, e.Package+" ") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if e.Action == "fail" {
			s.print(s.said[key])
			if key != e.Package+" " {
				s.failed++
			}
		}
		delete(s.said, key)
	}
}

func (s *Summary) print(lines []string) {
	for _, line := range lines {
		if !strings.HasPrefix(line, "=== ") && line != "PASS\n" && line != "FAIL\n" {
			fmt.Fprint(s.out, line)
		}
	}
}

// Close prints the end of the report: skipped tests by reason, then the counts.
func (s *Summary) Close() {
	reasons := make([]string, 0, len(s.skipped))
	skipped := 0
	for reason, tests := range s.skipped {
		reasons = append(reasons, reason)
		skipped += len(tests)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		tests := s.skipped[reason]
		fmt.Fprintf(s.out, "skipped %d: %s\n", len(tests), reason)
		for _, test := range tests {
			fmt.Fprintf(s.out, "    %s\n", test)
		}
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, skipped)
}

// isClosingLine knows the line with which go test ends a package.
func isClosingLine(line string) bool {
	for _, start := range []string{"ok  \t", "FAIL\t", "?   \t"} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reasonOf is the last thing that a skipped test said.
func reasonOf(lines []string) string {
	for _, line := range slices.Backward(lines) {
		if at := place.FindString(line); at != "" {
			return strings.TrimSpace(line[len(at):])
		}
	}
	return "no reason given"
}
