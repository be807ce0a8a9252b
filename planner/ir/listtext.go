package ir

import "strings"

// ListItems takes apart the text of a list, at most so many elements of it: their texts,
// nil for NULL. It reads the form in which a list that a client binds is written, each
// element in quotes, and plain numbers and dates without them; DuckDB takes more forms.
func ListItems(text string, most int) (items []*string, ok bool) {
	rest, opened := strings.CutPrefix(text, "[")
	rest = strings.TrimLeft(rest, " ")
	if !opened || rest == "]" {
		return nil, opened
	}
	for len(items) < most {
		item, behind, ok := listItem(rest)
		if !ok {
			return nil, false
		}
		items = append(items, item)
		behind = strings.TrimLeft(behind, " ")
		if behind == "]" {
			return items, true
		}
		if rest, ok = strings.CutPrefix(behind, ","); !ok {
			return nil, false
		}
		rest = strings.TrimLeft(rest, " ")
	}
	return nil, false
}

// listItem reads the element with which text begins.
func listItem(text string) (item *string, behind string, ok bool) {
	quoted, inQuotes := strings.CutPrefix(text, `"`)
	if !inQuotes {
		plain := strings.TrimLeft(text, "0123456789.-")
		if word := text[:len(text)-len(plain)]; word != "" {
			return &word, plain, true
		}
		behind, ok = strings.CutPrefix(text, "NULL")
		return nil, behind, ok
	}
	var word strings.Builder
	for i := 0; i < len(quoted); i++ {
		switch c := quoted[i]; c {
		case '"':
			read := word.String()
			return &read, quoted[i+1:], true
		case '\\':
			if i++; i == len(quoted) {
				return nil, "", false
			}
			word.WriteByte(quoted[i])
		default:
			word.WriteByte(c)
		}
	}
	return nil, "", false
}
