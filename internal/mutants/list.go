// Package mutants proves that the tests see what they are said to see: it breaks
// one line of the program at a time, in a copy of the tree, and expects the test
// named for that break to go red.
package mutants

import (
	"fmt"
	"strings"
)

// Mutant is one break and the test that must notice it.
type Mutant struct {
	Line    int    // in the list, for messages
	File    string // from the repository's root
	Old     string // text that stands in File exactly once
	New     string // what replaces it
	Package string // such as ./exec
	Test    string // such as TestScan or TestScan/two_batches
}

func (m Mutant) String() string {
	return fmt.Sprintf("line %d: %s: %s %s", m.Line, m.File, m.Package, m.Test)
}

// Parse reads a list: blocks divided by blank lines, each of the lines "file:",
// "old:", "new:" and "test: PACKAGE TEST" in any order. Text after the key and
// one space is taken as it stands, "new:" alone means nothing. Lines that start
// with # are comments.
func Parse(text string) ([]Mutant, error) {
	var list []Mutant
	block := map[string]string{}
	begin := 0
	finish := func() error {
		if len(block) == 0 {
			return nil
		}
		m := Mutant{Line: begin, File: block["file"], Old: block["old"], New: block["new"]}
		var ok bool
		m.Package, m.Test, ok = strings.Cut(block["test"], " ")
		if _, hasNew := block["new"]; !hasNew || !ok || m.File == "" || m.Old == "" {
			return fmt.Errorf("line %d: a block needs file:, old:, new: and test: PACKAGE TEST", begin)
		}
		if m.Old == m.New {
			return fmt.Errorf("line %d: old and new are the same", begin)
		}
		list = append(list, m)
		clear(block)
		return nil
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			if err := finish(); err != nil {
				return nil, err
			}
			continue
		case strings.HasPrefix(line, "#"):
			continue
		}
		if len(block) == 0 {
			begin = i + 1
		}
		key, value, ok := strings.Cut(line, ":")
		if _, twice := block[key]; !ok || twice {
			return nil, fmt.Errorf("line %d: not a key of its block: %q", i+1, line)
		}
		switch key {
		case "file", "old", "new", "test":
			block[key] = strings.TrimPrefix(value, " ")
		default:
			return nil, fmt.Errorf("line %d: unknown key %q", i+1, key)
		}
	}
	if err := finish(); err != nil {
		return nil, err
	}
	return list, nil
}

// Apply returns the text of the mutant's file with the break in it.
func (m Mutant) Apply(text string) (string, error) {
	if n := strings.Count(text, m.Old); n != 1 {
		return "", fmt.Errorf("%s: the old text stands there %d times, want once: %s", m, n, m.Old)
	}
	return strings.Replace(text, m.Old, m.New, 1), nil
}
