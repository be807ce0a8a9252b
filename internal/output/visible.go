package output

import (
	"bytes"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// terminal measures text; East Asian characters of ambiguous width count one
// column wherever the program runs, so that the same table is the same bytes.
var terminal = &runewidth.Condition{StrictEmojiNeutral: true}

// width counts the terminal columns of printable text.
func width(text []byte) int {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return terminal.StringWidth(string(text))
		}
	}
	return len(text)
}

// cutMark stands for what was cut off a text.
const cutMark = "…"

// mostBytes is how much of one text is looked at to shorten it: a character may
// have any number of marks upon it, which take no room.
const mostBytes = 4 << 10

// shorten cuts dst[start:], which is printable, to a number of columns, mark
// included, and reports whether it had to. Characters stay whole.
func shorten(dst []byte, start, columns int) ([]byte, bool) {
	text := dst[start:]
	if len(text) <= mostBytes && width(text) <= columns {
		return dst, false
	}
	if len(text) > mostBytes {
		end := mostBytes
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = append(text[:end:end], bytes.Repeat([]byte{'.'}, columns)...) // too wide, whatever it holds
	}
	return append(dst[:start], terminal.Truncate(string(text), columns, cutMark)...), true
}

// Printable gives text with escapes for what steers a terminal; the ends of lines
// stay.
func Printable(text string) string {
	var out []byte
	for len(text) > 0 {
		line, end := text, 0
		for end < len(line) && line[end] != '\n' {
			end++
		}
		out = appendVisible(out, []byte(line[:end]))
		if end < len(line) {
			out = append(out, '\n')
			end++
		}
		text = line[end:]
	}
	return string(out)
}

func allPrintable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c >= 0x7f {
			return isVisible(text)
		}
	}
	return true
}

func isVisible(text []byte) bool {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if isHidden(r) || (r == utf8.RuneError && size == 1) {
			return false
		}
		i += size
	}
	return true
}

// isHidden reports characters that steer a terminal, turn the direction of writing
// or cannot be seen at all: a value from a database must not be able to do so.
// Joiners are none of them: emoji and some scripts need them.
func isHidden(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0xad, r == 0x61c:
		return true
	case r < 0x180e:
		return false
	}
	return r == 0x180e || r == 0x200b || r == 0x200e || r == 0x200f || (r >= 0x2028 && r <= 0x202e) || (r >= 0x2060 && r <= 0x206f) ||
		r == 0xfeff || (r >= 0xfff9 && r <= 0xfffb)
}

// appendVisible appends text with such characters as escapes: \n, \t, \x1b, \u202e.
func appendVisible(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case isHidden(r) && r < 0x100:
			dst = append(dst, '\\', 'x', hex[r>>4], hex[r&0xF])
		case isHidden(r):
			dst = append(dst, '\\', 'u', hex[r>>12], hex[r>>8&0xF], hex[r>>4&0xF], hex[r&0xF])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
