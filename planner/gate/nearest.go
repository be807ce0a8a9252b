package gate

import (
	"slices"
	"strings"
)

// Nearest gives those of candidates that name may have been meant to be, the best
// first, at most limit of them: by Damerau-Levenshtein distance over characters, case
// ignored. A short name must be closer than a long one; in Chinese every character
// counts, so one wrong character in two still counts as near.
func Nearest(name string, candidates []string, limit int) []string {
	type match struct {
		name string
		cost int
	}
	want := []rune(strings.ToLower(name))
	if len(want) == 0 || len(want) > 200 || limit <= 0 {
		return nil
	}
	allowed := max(1, len(want)/3)
	var found []match
	for _, c := range candidates {
		have := []rune(strings.ToLower(c))
		if d := len(have) - len(want); d > allowed && !containsRunes(have, want) || -d > allowed {
			continue
		}
		cost := distance(want, have)
		if cost > allowed {
			if !containsRunes(have, want) || len(want) < 2 {
				continue
			}
			cost = allowed + 1 // part of a longer name
		}
		found = append(found, match{c, cost})
	}
	slices.SortStableFunc(found, func(a, b match) int {
		if a.cost != b.cost {
			return a.cost - b.cost
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, m := range found {
		if len(out) < limit && !slices.Contains(out, m.name) {
			out = append(out, m.name)
		}
	}
	return out
}

func containsRunes(have, want []rune) bool { return strings.Contains(string(have), string(want)) }

// distance counts insertions, deletions, replacements and swaps of neighbours
// (optimal string alignment).
func distance(a, b []rune) int {
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
