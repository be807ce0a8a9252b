package sqltext

import (
	"sort"
	"strconv"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// MaxParams is the largest number a parameter may have.
const MaxParams = 65535

// Param is one place in a text where a parameter stands; one parameter may stand
// in several places.
type Param struct {
	Name       string // of $name, in lower case as DuckDB compares it; the digits of $1 and ?1; empty for ?
	Number     int    // of $1, ?1 and, counted from 1, of each ?; 0 for $name
	Start, End int    // byte offsets of the token
}

// Params finds the parameters of text in the order in which they stand there. A
// text that mixes $1, $name and ? is refused, as is a number out of 1..MaxParams.
func Params(text string) ([]Param, error) {
	var refs []Param
	var first byte
	var refused error // told only of a text that has tokens to its end
	for l := NewLexer(text); ; {
		t, err := l.Next()
		switch {
		case err != nil:
			return nil, err
		case t.Kind == End && refused != nil:
			return nil, refused
		case t.Kind == End:
			return refs, nil
		case t.Kind != Placeholder || refused != nil:
			continue
		}
		ref, style, err := paramRef(text, t, len(refs)+1)
		if first == 0 {
			first = style
		}
		switch {
		case err != nil:
			refused = err
		case style != first:
			refused = errs.New(errs.ParameterInvalid, "gate_params_mixed", nil).At(text, t.Start)
		default:
			refs = append(refs, ref)
		}
	}
}

// paramRef reads one parameter token; style is ?, n for a name or 1 for a number.
func paramRef(text string, t Token, next int) (ref Param, style byte, err error) {
	ref = Param{Start: t.Start, End: t.End}
	digits := text[t.Start+1 : t.End]
	switch {
	case digits == "":
		ref.Number, style = next, '?'
	case isDigit(digits[0]):
		style = '1'
		ref.Number, err = strconv.Atoi(digits)
		ref.Name = strconv.Itoa(ref.Number)
	default:
		name, err := paramName(text, t)
		if err != nil {
			return ref, 0, err
		}
		ref.Name = strings.ToLower(name)
		return ref, 'n', nil
	}
	if err != nil || ref.Number < 1 || ref.Number > MaxParams {
		return ref, 0, errs.New(errs.ParameterInvalid, "gate_param_number", msg.Args{"Max": MaxParams}).At(text, t.Start)
	}
	return ref, style, nil
}

// paramName reads the name behind the dollar sign, with which space may stand.
func paramName(text string, t Token) (string, error) {
	inner := NewLexer(text[t.Start+1 : t.End])
	name, err := inner.Next()
	if err != nil {
		return "", err
	}
	s, _ := name.Name(inner.text)
	return s, nil
}

// WithCasts writes CAST($n AS T) round every parameter for which typeName gives a
// type, and numbers each bare ?. The type names must be spelled by us, never by a
// person. back maps a byte offset of the rewritten text to the place in text that
// it came from; offsets within what was written map to the parameter's start. A
// text whose parameters cannot be read comes back unchanged.
func WithCasts(text string, typeName func(p Param) (name string, ok bool)) (rewritten string, back func(offset int) int) {
	refs, err := Params(text)
	if err != nil || len(refs) == 0 {
		return text, func(offset int) int { return offset }
	}
	var b strings.Builder
	type piece struct{ at, from, size int } // of the rewritten text; copied pieces have a size
	var pieces []piece
	end := 0
	for _, p := range refs {
		pieces = append(pieces, piece{b.Len(), end, p.Start - end}, piece{b.Len() + p.Start - end, p.Start, 0})
		b.WriteString(text[end:p.Start])
		token := text[p.Start:p.End]
		if p.Number > 0 {
			token = "$" + strconv.Itoa(p.Number)
		}
		if name, ok := typeName(p); ok {
			b.WriteString("CAST(" + token + " AS " + name + ")")
		} else {
			b.WriteString(token)
		}
		end = p.End
	}
	pieces = append(pieces, piece{b.Len(), end, len(text) - end})
	b.WriteString(text[end:])
	return b.String(), func(offset int) int {
		i := sort.Search(len(pieces), func(i int) bool { return pieces[i].at > offset }) - 1
		if i < 0 {
			return offset
		}
		return pieces[i].from + min(offset-pieces[i].at, pieces[i].size)
	}
}
