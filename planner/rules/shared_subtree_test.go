package rules_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/planner/plantest"
)

// Each subtree is compared with each, so that a statement of many is left as it is.
func TestManySubtreesAreNotCompared(t *testing.T) {
	const one = "SELECT max(t.a) FROM s.t, s.w WHERE t.a = w.a"
	for n, shared := range map[int]bool{1: false, 2: true, 16: true, 17: false, 40: false} { // two subtrees each
		got := afterLate(t, one+strings.Repeat(" UNION ALL "+one, n-1), plantest.Dialect)
		if strings.Contains(got, "shared") != shared {
			t.Errorf("of %d\n%s", n, got)
		}
	}
}
