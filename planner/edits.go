package planner

import (
	"sort"
	"strings"
)

// edit replaces text[at:at+length] by with.
type edit struct {
	at, length int
	with       string
}

// applyEdits writes the edits, which must not overlap, into text. back maps an
// offset of the new text to the place in the old one where it comes from.
func applyEdits(text string, edits []edit) (out string, back func(int) int) {
	sorted := append([]edit(nil), edits...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].at < sorted[j].at })
	var b strings.Builder
	type stretch struct{ newAt, oldAt, length, oldLength int } // of written text
	var written []stretch
	pos := 0
	for _, e := range sorted {
		b.WriteString(text[pos:e.at])
		written = append(written, stretch{newAt: b.Len(), oldAt: e.at, length: len(e.with), oldLength: e.length})
		b.WriteString(e.with)
		pos = e.at + e.length
	}
	b.WriteString(text[pos:])
	return b.String(), func(offset int) int {
		shift := 0
		for _, w := range written {
			if offset < w.newAt {
				break
			}
			if offset < w.newAt+w.length {
				return w.oldAt
			}
			shift += w.oldLength - w.length
		}
		return offset + shift
	}
}
