package config

import "strings"

// sameName compares names as SQL here does: without regard to case.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// splitDotted takes a dotted name apart, with parts in double quotes where they
// hold a dot or a quote, as in SQL: mz.main."a.b". False when it is no such name.
func splitDotted(s string) ([]string, bool) {
	var parts []string
	for {
		var part string
		if strings.HasPrefix(s, `"`) {
			end := closingQuote(s)
			if end < 0 {
				return nil, false
			}
			part, s = strings.ReplaceAll(s[1:end], `""`, `"`), s[end+1:]
		} else {
			end := strings.IndexByte(s, '.')
			if end < 0 {
				end = len(s)
			}
			part, s = s[:end], s[end:]
			if strings.Contains(part, `"`) || strings.TrimSpace(part) != part {
				return nil, false
			}
		}
		if part == "" {
			return nil, false
		}
		parts = append(parts, part)
		if s == "" {
			return parts, true
		}
		if s[0] != '.' {
			return nil, false
		}
		s = s[1:]
	}
}

// closingQuote finds the quote that ends the quoted name at the start of s.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return i
	}
	return -1
}
