package lint

import (
	"fmt"
	"slices"
)

const (
	maxSource    = 800
	maxTest      = 1200
	medianSource = 200
)

// short lists files that a newcomer reads first.
var short = map[string]int{
	"cmd/lianji/main.go":      100,
	"connectors/connector.go": 150,
}

// Sizes checks the length of Go files that people write, and returns the median
// length of those that are not tests.
func Sizes(tree Tree) (found []Finding, median int) {
	var lengths []int
	for _, f := range tree {
		if !f.isGo() || f.generated() {
			continue
		}
		limit := maxSource
		if f.isGoTest() {
			limit = maxTest
		} else {
			lengths = append(lengths, f.lines())
		}
		if n, ok := short[f.Path]; ok {
			limit = n - 1
		}
		if f.lines() > limit {
			found = append(found, Finding{Path: f.Path, Text: fmt.Sprintf("%d lines, the most is %d: split it by subject", f.lines(), limit)})
		}
	}
	if len(lengths) == 0 {
		return found, 0
	}
	slices.Sort(lengths)
	median = lengths[len(lengths)/2]
	if median >= medianSource {
		found = append(found, Finding{Path: ".", Text: fmt.Sprintf("the median source file has %d lines: it must stay under %d", median, medianSource)})
	}
	return found, median
}
