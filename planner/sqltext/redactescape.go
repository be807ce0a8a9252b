package sqltext

import "strings"

// To MySQL a backslash makes the quote behind it a part of the value; here the quote ends
// the string, and what follows of the value would be names. Quotes come in pairs: where a
// text means what it says here, MySQL takes the gaps between strings for strings from such
// a quote on, and the last one has no end.

// escapesAQuote reports whether a token is a string that MySQL reads otherwise.
func escapesAQuote(token string) bool {
	if !strings.HasPrefix(token, "'") {
		return false
	}
	for at := 1; at < len(token); at++ {
		if token[at] == '\\' {
			if at++; token[at] == '\'' { // a string ends with a quote
				return true
			}
		}
	}
	return false
}

// meansWhatItSays reports whether a text that begins with a string is made of tokens, the
// first of which no word touches, and is not in MySQL's reading.
func meansWhatItSays(text string) bool {
	l, end := NewLexer(text), 0
	for {
		first := end == 0
		t, err := l.Next()
		touches := t.Start == end && (t.Kind == Word || t.Kind == Number)
		if first {
			touches, end = false, t.End
		}
		switch {
		case err != nil, touches:
			return false
		case t.Kind == End:
			return !endsInMySQL(text)
		}
	}
}

// endsInMySQL reports whether all strings, names and comments of a text have an end in
// MySQL's reading (MySQL 8.0 Reference Manual, 11.1.1, 11.2 and 11.7).
func endsInMySQL(text string) bool {
	for text != "" {
		open, end := text[:1], ""
		switch {
		case open == "'" || open == `"` || open == "`":
			end = open
		case strings.HasPrefix(text, "/*"):
			open, end = "/*", "*/"
		case strings.HasPrefix(text, "--"), open == "#":
			_, text, _ = strings.Cut(text, "\n")
			continue
		default:
			text = text[1:]
			continue
		}
		text = text[len(open):]
		for !strings.HasPrefix(text, end) {
			if strings.HasPrefix(text, `\`) && (end == "'" || end == `"`) {
				text = text[1:]
			}
			if text == "" {
				return false
			}
			text = text[1:]
		}
		text = text[len(end):]
	}
	return true
}
