package output

import (
	"slices"
	"strconv"
	"strings"
)

// offered lists the forms that a client can ask for by media type, the first
// being the one for clients that take anything.
var offered = []Form{JSON, NDJSON, CSV, Arrow, Parquet, XLSX}

// IsOffered reports whether a client can ask for a form by media type.
func IsOffered(f Form) bool { return slices.Contains(offered, f) }

// Offered lists the forms that a client can ask for by media type.
func Offered() []Form { return slices.Clone(offered) }

// OfferedNames lists their names.
func OfferedNames() []string {
	var out []string
	for _, f := range offered {
		out = append(out, f.String())
	}
	return out
}

// ParseAccept chooses the form for an Accept header (RFC 9110, 12.5.1). An empty
// header takes anything. Of forms with the same weight the one that the header
// names most exactly wins, then the one that it names first. False means that
// nothing offered is acceptable. Parameters other than q are ignored, and so is
// an element that cannot be read.
func ParseAccept(header string) (Form, bool) {
	if strings.TrimSpace(header) == "" {
		return offered[0], true
	}
	ranges := parseRanges(header)
	best, bestRange := Form(0), mediaRange{}
	for _, f := range offered {
		if r, ok := match(ranges, f); ok && r.q > 0 && (best == 0 || r.before(bestRange)) {
			best, bestRange = f, r
		}
	}
	return best, best != 0
}

type mediaRange struct {
	kind, subtype string
	q             float64
	place         int // in the header
}

func (r mediaRange) exactness() int {
	switch {
	case r.kind == "*":
		return 0
	case r.subtype == "*":
		return 1
	}
	return 2
}

func (r mediaRange) before(o mediaRange) bool {
	if r.q != o.q {
		return r.q > o.q
	}
	if r.exactness() != o.exactness() {
		return r.exactness() > o.exactness()
	}
	return r.place < o.place
}

// match finds the range that speaks of f: the most exact one counts.
func match(ranges []mediaRange, f Form) (mediaRange, bool) {
	mediaType, _, _ := strings.Cut(ContentType(f), ";")
	kind, subtype, _ := strings.Cut(mediaType, "/")
	var best mediaRange
	found := false
	for _, r := range ranges {
		if (r.kind != "*" && r.kind != kind) || (r.subtype != "*" && r.subtype != subtype) {
			continue
		}
		if !found || r.exactness() > best.exactness() {
			best, found = r, true
		}
	}
	return best, found
}

func parseRanges(header string) []mediaRange {
	var out []mediaRange
	for i, element := range strings.Split(header, ",") {
		parts := strings.Split(element, ";")
		kind, subtype, ok := strings.Cut(strings.ToLower(strings.TrimSpace(parts[0])), "/")
		if !ok || kind == "" || subtype == "" || (kind == "*" && subtype != "*") {
			continue
		}
		r := mediaRange{kind: kind, subtype: subtype, q: 1, place: i}
		for _, p := range parts[1:] {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if strings.EqualFold(strings.TrimSpace(name), "q") {
				r.q, ok = parseWeight(strings.TrimSpace(value))
			}
		}
		if ok {
			out = append(out, r)
		}
	}
	return out
}

// parseWeight reads a number between 0 and 1 with at most three places.
func parseWeight(text string) (float64, bool) {
	if len(text) == 0 || len(text) > 5 || strings.Trim(text, "0123456789.") != "" {
		return 0, false
	}
	q, err := strconv.ParseFloat(text, 64)
	return q, err == nil && q <= 1
}
