// Command leakmutants switches off one guard of guards.txt at a time, runs tests of the
// leak suite, and prints which of them fail. A guard that no test misses fails the run.
// With arguments it takes only the guards whose name contains one of them.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/lianji/lianji/internal/mutants"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	const file = "scripts/leakmutants/guards.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("run it in the repository's root: %w", err)
	}
	list, err := mutants.ParseGuards(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(words) > 0 {
		list = slices.DeleteFunc(list, func(g mutants.Guard) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(g.Name, w) })
		})
	}
	if len(list) == 0 {
		return fmt.Errorf("%s: no guard to try", file)
	}
	return mutants.RunGuards(".", "./internal/leak", list, os.Stdout)
}
