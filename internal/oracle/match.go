package oracle

import (
	"cmp"
	"slices"
	"sort"
)

// member is a row of a group: rows that are equal in all but their finite floats.
type member struct {
	row    int
	floats []float64
}

func groupRows(rows [][]any) map[string][]member {
	groups := map[string][]member{}
	for i, r := range rows {
		key, floats := fingerprint(nil, nil, r)
		groups[string(key)] = append(groups[string(key)], member{row: i, floats: floats})
	}
	return groups
}

// pair finds a partner in want for each member of got, no partner twice, such
// that as many as possible have one. It gives, per member of got, the index into
// want, or -1.
func pair(want, got []member) []int {
	out := make([]int, len(got))
	if len(got) == 0 {
		return out
	}
	if len(got[0].floats) == 0 { // exactly equal, all of them
		for i := range out {
			out[i] = i
			if i >= len(want) {
				out[i] = -1
			}
		}
		return out
	}
	w, g := sortedByFloats(want), sortedByFloats(got)
	if len(w) == len(g) && pairwiseClose(want, got, w, g) {
		for i := range g {
			out[g[i]] = w[i]
		}
		return out
	}
	return augment(want, got, w, out)
}

func sortedByFloats(members []member) []int {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.CompareFunc(members[a].floats, members[b].floats, cmp.Compare) })
	return order
}

func pairwiseClose(want, got []member, w, g []int) bool {
	for i := range g {
		if !allClose(want[w[i]].floats, got[g[i]].floats) {
			return false
		}
	}
	return true
}

// augment is bipartite matching by augmenting paths. Sorting is not enough: of
// two rows whose first doubles differ by rounding alone either may come first.
// sorted lists want by its floats, so that candidates are found by their first.
func augment(want, got []member, sorted, out []int) []int {
	owner := make([]int, len(want)) // which member of got has this one of want
	for i := range owner {
		owner[i] = -1
	}
	for i := range out {
		out[i] = -1
	}
	candidates := func(f []float64) []int {
		lo := sort.Search(len(sorted), func(k int) bool {
			first := want[sorted[k]].floats[0]
			return first >= f[0] || closeEnough(first, f[0])
		})
		var c []int
		for k := lo; k < len(sorted); k++ {
			m := want[sorted[k]].floats
			if m[0] > f[0] && !closeEnough(m[0], f[0]) {
				break
			}
			if allClose(m, f) {
				c = append(c, sorted[k])
			}
		}
		return c
	}
	edges := make([][]int, len(got))
	for i := range got {
		edges[i] = candidates(got[i].floats)
	}
	for i := range got {
		seen := make(map[int]bool)
		var try func(g int) bool
		try = func(g int) bool {
			for _, w := range edges[g] {
				if seen[w] {
					continue
				}
				seen[w] = true
				if owner[w] < 0 || try(owner[w]) {
					owner[w], out[g] = g, w
					return true
				}
			}
			return false
		}
		try(i)
	}
	return out
}
