package output

import (
	"encoding/json"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Warned is a warning as clients see it.
type Warned struct {
	Code  errs.WarningCode `json:"code"`
	Title string           `json:"title"`
}

// warned gives the warnings of a whole answer.
func (o Options) warned() []Warned {
	if o.Warnings == nil {
		return nil
	}
	return warnedOf(o.Warnings(), o.Langs)
}

func warnedOf(list []errs.Warning, langs []string) []Warned {
	out := make([]Warned, len(list))
	for i, w := range list {
		out[i] = Warned{w.Code, w.Text(langs...)}
	}
	return out
}

// appendWarnings appends the member warnings; nothing when there are none.
func appendWarnings(dst []byte, list []Warned) []byte {
	if len(list) == 0 {
		return dst
	}
	text, err := json.Marshal(list)
	if err != nil { // texts alone: it cannot fail
		return dst
	}
	return append(append(dst, `,"warnings":`...), text...)
}

// trailerBytes is the longest text of WarningsTrailer. Readers of HTTP keep all
// trailers in a buffer of 4 KiB.
const trailerBytes = 3 << 10

// WarningsTrailer gives warnings as one line of ASCII, for forms that have no place
// for them: a JSON array of the objects that the member warnings has. Those that do
// not fit are counted in a last one. It is empty when there are none.
func WarningsTrailer(list []errs.Warning, langs ...string) string {
	if len(list) == 0 {
		return ""
	}
	for fitting := len(list); ; fitting-- {
		some := list
		if left := len(list) - fitting; left > 0 {
			some = append(slices.Clone(list[:fitting]), errs.Warning{Code: errs.MoreWarnings, ID: "exec_more_warnings", Args: msg.Args{"Count": left}})
		}
		text, err := json.Marshal(warnedOf(some, langs))
		if err != nil { // texts alone: it cannot fail
			return ""
		}
		if line := inASCII(text); len(line) <= trailerBytes || fitting == 0 {
			return line
		}
	}
}

// ParseWarnings reads what WarningsTrailer wrote; what is not that gives none.
func ParseWarnings(line string) []Warned {
	var out []Warned
	if json.Unmarshal([]byte(line), &out) != nil {
		return nil
	}
	return out
}

// inASCII writes the characters of a JSON text that are not ASCII as escapes.
func inASCII(text []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(text))
	escape := func(r rune) {
		out = append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
	}
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf && r != 0x7f:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			escape(high)
			escape(low)
		default:
			escape(r)
		}
	}
	return string(out)
}
