package config

import (
	"slices"
	"strings"
)

// nearest lists the names, three at most, that may have been meant by name: those
// a few wrong, missing, added or swapped letters away, nearest first.
func nearest(name string, known []string) []string {
	type hit struct {
		name string
		far  int
	}
	var hits []hit
	for _, k := range known {
		far := distance([]rune(strings.ToLower(name)), []rune(strings.ToLower(k)))
		if far <= max(1, len([]rune(k))/3) {
			hits = append(hits, hit{k, far})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.far - b.far })
	var out []string
	for _, h := range hits[:min(3, len(hits))] {
		out = append(out, h.name)
	}
	return out
}

// distance counts the edits between two words (optimal string alignment).
func distance(a, b []rune) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
