// Package planjson reads the JSON in which DuckDB writes bound plans. It is made for
// their size, and stricter than encoding/json: an object keeps the order of its keys,
// and a key that stands twice is an error.
package planjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind is a kind of JSON value.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Boolean
	Number // Text holds its spelling
	Text
	Array
	Object
)

// Value is a JSON value. Numbers stay as they are written: a plan holds integers up
// to 2^64-1. A value is never changed once it is read.
type Value struct {
	Key  string // of a member of an object
	Text string
	List []Value // what an array holds, or an object's members in their order
	Kind Kind
	Flag bool
}

// Member gives an object's member of that key; nil when there is none, and for what
// is no object.
func (v *Value) Member(key string) *Value {
	if v == nil || v.Kind != Object {
		return nil
	}
	for i := range v.List {
		if v.List[i].Key == key {
			return &v.List[i]
		}
	}
	return nil
}

// maxNesting bounds the nesting of values: a plan has at most 400 levels, each of
// which is a few values.
const maxNesting = 2000

// What Parse refuses; ErrNesting is told apart because such a text may be a plan.
var (
	ErrNesting = errors.New("nested too deep")
	errSyntax  = errors.New("not JSON")
	errTwice   = errors.New("a key that stands twice")
)

// Parse reads one JSON value. The value shares the memory of the text.
func Parse(text string) (*Value, error) {
	p := &parser{in: text}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d", err, p.at)
	}
	if p.space(); p.at != len(p.in) {
		return nil, fmt.Errorf("more than one value at byte %d", p.at)
	}
	return &v, nil
}

// parser keeps what it reads of open arrays and objects on a stack, and copies each
// to its place at its end.
type parser struct {
	in    string
	at    int
	stack []Value
	spare []Value // room for what is copied
}

// room is how many values are allocated at once.
const room = 256

// settle takes the stack's values from an index on.
func (p *parser) settle(from int) []Value {
	n := len(p.stack) - from
	if n > len(p.spare) {
		p.spare = make([]Value, max(n, room))
	}
	list := p.spare[:n:n]
	p.spare = p.spare[n:]
	copy(list, p.stack[from:])
	p.stack = p.stack[:from]
	return list
}

func (p *parser) space() {
	for p.at < len(p.in) {
		switch p.in[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next gives the next byte that is no space, 0 at the end.
func (p *parser) next() byte {
	if p.at < len(p.in) && p.in[p.at] > ' ' {
		return p.in[p.at]
	}
	p.space()
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

var words = [...]struct {
	word  string
	value Value
}{{"null", Value{}}, {"true", Value{Kind: Boolean, Flag: true}}, {"false", Value{Kind: Boolean}}}

func (p *parser) value(depth int) (Value, error) {
	if depth > maxNesting {
		return Value{}, ErrNesting
	}
	switch c := p.next(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.string()
		return Value{Kind: Text, Text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	for _, w := range words {
		if strings.HasPrefix(p.in[p.at:], w.word) {
			p.at += len(w.word)
			return w.value, nil
		}
	}
	return Value{}, errSyntax
}

func (p *parser) object(depth int) (Value, error) {
	p.at++
	if p.next() == '}' {
		p.at++
		return Value{Kind: Object}, nil
	}
	from := len(p.stack)
	for {
		if p.next() != '"' {
			return Value{}, errSyntax
		}
		key, err := p.string()
		if err != nil {
			return Value{}, err
		}
		for i := from; i < len(p.stack); i++ {
			if p.stack[i].Key == key {
				return Value{}, errTwice
			}
		}
		if p.next() != ':' {
			return Value{}, errSyntax
		}
		p.at++
		inner, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		inner.Key = key
		p.stack = append(p.stack, inner)
		switch p.next() {
		case ',':
			p.at++
		case '}':
			p.at++
			return Value{Kind: Object, List: p.settle(from)}, nil
		default:
			return Value{}, errSyntax
		}
	}
}

func (p *parser) array(depth int) (Value, error) {
	p.at++
	if p.next() == ']' {
		p.at++
		return Value{Kind: Array}, nil
	}
	from := len(p.stack)
	for {
		inner, err := p.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		p.stack = append(p.stack, inner)
		switch p.next() {
		case ',':
			p.at++
		case ']':
			p.at++
			return Value{Kind: Array, List: p.settle(from)}, nil
		default:
			return Value{}, errSyntax
		}
	}
}

// string reads a string. What is plain is taken as it is; the rest is left to
// encoding/json.
func (p *parser) string() (string, error) {
	start, plain, ascii := p.at, true, true
	for p.at++; p.at < len(p.in); p.at++ {
		switch c := p.in[p.at]; {
		case c == '"':
			p.at++
			if inner := p.in[start+1 : p.at-1]; plain && (ascii || utf8.ValidString(inner)) {
				return inner, nil
			}
			var s string
			err := json.Unmarshal([]byte(p.in[start:p.at]), &s)
			return s, err
		case c == '\\':
			plain = false
			p.at++
		case c < ' ':
			return "", errSyntax
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", errSyntax
}

func (p *parser) number() (Value, error) {
	start := p.at
	for p.at < len(p.in) && inNumber(p.in[p.at]) {
		p.at++
	}
	s := p.in[start:p.at]
	if !plainInteger(s) && !json.Valid([]byte(s)) {
		return Value{}, errSyntax
	}
	return Value{Kind: Number, Text: s}, nil
}

// plainInteger reports whether s is digits that do not begin with a zero.
func plainInteger(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && (s[0] != '0' || len(s) == 1)
}

func inNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
