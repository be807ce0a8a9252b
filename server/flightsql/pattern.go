package flightsql

import "github.com/lianji/lianji/catalog"

// escape stands before a wildcard in a pattern that is meant as it is.
const escape = '\\'

// matches tells whether a name matches a pattern of metadata calls: % is any text, _ one
// character. Names of ASCII's letters match in either case, as they do in statements.
// Without a pattern every name does.
func matches(pattern *string, name string) bool {
	if pattern == nil {
		return true
	}
	p, s := partsOf(catalog.Fold(*pattern)), []rune(catalog.Fold(name))
	// Where the last % stands, and how far the text had come there: no more of a pattern
	// is ever tried again.
	i, j, back, from := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i].any:
			back, from = i, j
			i++
		case i < len(p) && (p[i].one || p[i].r == s[j]):
			i, j = i+1, j+1
		case back >= 0:
			from++
			i, j = back+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i].any {
		i++
	}
	return i == len(p)
}

// part is what one place of a pattern matches.
type part struct {
	any, one bool
	r        rune
}

func partsOf(pattern string) []part {
	var out []part
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			out, escaped = append(out, part{r: r}), false
		case r == escape:
			escaped = true
		case r == '%':
			out = append(out, part{any: true})
		case r == '_':
			out = append(out, part{one: true})
		default:
			out = append(out, part{r: r})
		}
	}
	if escaped {
		out = append(out, part{r: escape})
	}
	return out
}
