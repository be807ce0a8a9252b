package tokenize

import (
	"strings"
	"unicode"

	"github.com/lianji/lianji/catalog"
)

// Normalize gives the one way to write a value, of all those that mean the same:
//
//   - id_no: half-width; 15 digits get their century and the check character of
//     GB 11643, 18 characters a capital X.
//   - mobile: half-width, without spaces, hyphens and the country's 86; 11 digits that
//     begin with 1.
//   - uscc: half-width, 18 digits and capital letters.
//   - name: half-width letters in capitals, one form of the dot inside a name, no space
//     beside a Chinese character and single spaces elsewhere.
//   - other: as it is.
//
// Space around a value never counts. A value that has not the form of its kind is
// taken as it is written, without the space around it.
func Normalize(kind catalog.Identifier, text string) string {
	trimmed := strings.TrimFunc(text, isSpace)
	form := forms[kind]
	if form == nil {
		return trimmed
	}
	if n, ok := form(strings.TrimFunc(halfWidth(trimmed), isSpace)); ok {
		return n
	}
	return trimmed
}

var forms = map[catalog.Identifier]func(string) (string, bool){
	catalog.IDNumber: idNumber, catalog.Mobile: mobile, catalog.CreditCode: creditCode, catalog.PersonName: personName,
}

// isSpace also takes what forms bring along unseen: zero-width space and byte order mark.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }

// halfWidth writes full-width forms of ASCII as ASCII.
func halfWidth(text string) string {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return strings.Map(func(r rune) rune {
				switch {
				case r >= '！' && r <= '～':
					return r - '！' + '!'
				case r == '\u3000':
					return ' '
				}
				return r
			}, text)
		}
	}
	return text
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

func idNumber(text string) (string, bool) {
	switch {
	case len(text) == 18 && digits(text[:17]) && (digits(text[17:]) || text[17] == 'x' || text[17] == 'X'):
		return strings.ToUpper(text), true
	case len(text) == 15 && digits(text):
		// The last three digits tell persons of one place and day apart; 996 to 999 were
		// kept for those born in the century before.
		century := "19"
		if text[12:] >= "996" {
			century = "18"
		}
		long := text[:6] + century + text[6:]
		return long + string(checkCharacter(long)), true
	}
	return "", false
}

// checkCharacter is that of GB 11643 for 17 digits: ISO 7064, MOD 11-2.
func checkCharacter(body string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(body[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

func mobile(text string) (string, bool) {
	text = strings.Map(func(r rune) rune {
		if isSpace(r) || r == '-' {
			return -1
		}
		return r
	}, text)
	for _, country := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(text, country); ok && len(rest) == 11 {
			text = rest
			break
		}
	}
	return text, len(text) == 11 && digits(text) && text[0] == '1'
}

func creditCode(text string) (string, bool) {
	text = strings.ToUpper(text)
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return "", false
		}
	}
	return text, len(text) == 18
}

// dots are ways to write the dot between the parts of a name.
const dots = "·•‧・･∙⋅."

func personName(text string) (string, bool) {
	var b strings.Builder
	space, last := false, rune(0)
	for _, r := range strings.ToUpper(text) {
		if isSpace(r) {
			space = true
			continue
		}
		if strings.ContainsRune(dots, r) {
			r = '·'
		}
		if space && !closed(last) && !closed(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		space, last = false, r
	}
	return b.String(), true
}

// closed reports whether no space counts beside a character.
func closed(r rune) bool { return r == 0 || r == '·' || unicode.Is(unicode.Han, r) }
