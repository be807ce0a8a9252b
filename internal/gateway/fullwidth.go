package gateway

import (
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/sqltext"
)

// halfWidth are the signs that a Chinese keyboard writes, with what SQL wants in their
// place.
var halfWidth = map[rune]string{
	'，': ",", '、': ",", '；': ";", '：': ":", '（': "(", '）': ")", '‘': "'", '’': "'", '“': "'", '”': "'",
	'＝': "=", '＞': ">", '＜': "<", '＋': "+", '－': "-", '＊': "*", '／': "/", '％': "%", '．': ".", '。': ".", '！': "!",
}

// explainFullWidth says which sign is to blame, where a statement has a full-width one at
// the place of a mistake or just before it. To SQL such a sign is a letter, so that what
// is wrong is told of a name that nobody meant to write.
func explainFullWidth(e *errs.Error, sql string) *errs.Error {
	if e.Pos == nil || e.Code != errs.SyntaxError && e.Code != errs.UnknownName {
		return e
	}
	for _, name := range e.Nearest {
		if _, _, is := fullWidthIn(name); is {
			return e // there are names with such signs, and one of them may be meant
		}
	}
	at := suspect(e, sql)
	if at < 0 {
		return e
	}
	sign, offset, is := fullWidthIn(sql[at:])
	if !is {
		return e
	}
	return errs.New(errs.SyntaxError, "full_width_sign", msg.Args{"Sign": string(sign), "Plain": halfWidth[sign]}).At(sql, at+offset)
}

// suspect gives the place of a word that a full-width sign in it may have made; -1 for
// none. A name may have several parts; before a syntax error it is the word before, or
// one whose bracket is missing elsewhere.
func suspect(e *errs.Error, sql string) int {
	if e.ID == "gate_unterminated" {
		return e.Pos.Offset // the quote is closed by a full-width one
	}
	tokens, err := sqltext.Tokens(sql)
	if err != nil {
		return -1
	}
	at, end := -1, e.Pos.Offset
	for _, t := range tokens {
		word := t.Text(sql)
		_, _, is := fullWidthIn(word)
		is = is && t.Kind == sqltext.Word
		switch {
		case e.Code == errs.UnknownName:
			if t.Start == end {
				end = t.End
				if is {
					return t.Start
				}
			}
		case t.Start > e.Pos.Offset:
			return at
		case is && (t.End >= e.Pos.Offset || strings.Count(word, "（") != strings.Count(word, "）")):
			at = t.Start
		}
	}
	return at
}

// fullWidthIn finds the first full-width sign of a text.
func fullWidthIn(text string) (sign rune, offset int, found bool) {
	offset = strings.IndexFunc(text, func(r rune) bool { return halfWidth[r] != "" })
	if offset < 0 {
		return 0, 0, false
	}
	for _, sign = range text[offset:] {
		break
	}
	return sign, offset, true
}
