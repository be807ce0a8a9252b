// Command mutants breaks the program by each line of mutants.txt and expects the
// tests named there to notice. With arguments it takes only the breaks whose
// file, package or test contains one of them; with -share=K/N as the first one, every
// Nth of them, from the Kth on (K from 0).
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
	if share, ok := strings.CutPrefix(strings.Join(words[:min(len(words), 1)], ""), "-share="); ok {
		var k, n int
		if _, err := fmt.Sscanf(share, "%d/%d", &k, &n); err != nil || n < 1 || k < 0 || k >= n {
			return fmt.Errorf("-share=%s: want K/N, as 0/2", share)
		}
		fmt.Printf("mutants: one of every %d, from number %d on\n", n, k+1)
		some := list[:0]
		for i, m := range list {
			if i%n == k {
				some = append(some, m)
			}
		}
		list, words = some, words[1:]
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
