// Command leakmutants switches off one guard of guards.txt at a time, runs the leak
// suite, and prints which of its tests fail. A guard that no test misses fails the run.
// With arguments it takes only the guards whose name contains one of them.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/lianji/lianji/internal/mutants"
)

func main() {
	pattern := flag.String("run", "", "only the tests whose names match, as go test -run")
	flag.Parse()
	if err := run(*pattern, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(pattern string, words []string) error {
	const file = "scripts/leakmutants/guards.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("run it in the repository's root: %w", err)
	}
	list, err := mutants.ParseGuards(string(text), "./internal/leak")
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
	return mutants.RunGuards(".", list, pattern, os.Stdout)
}
