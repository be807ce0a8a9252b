// Command mutants breaks the program by each line of mutants.txt and expects the
// tests named there to notice. With arguments it takes only the breaks whose
// file, package or test contains one of them.
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
	const file = "scripts/mutants/mutants.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("run it in the repository's root: %w", err)
	}
	list, err := mutants.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(words) > 0 {
		list = slices.DeleteFunc(list, func(m mutants.Mutant) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m.String(), w) })
		})
	}
	if len(list) == 0 {
		return fmt.Errorf("%s: no mutant to try", file)
	}
	return mutants.Run(".", list, os.Stdout)
}
