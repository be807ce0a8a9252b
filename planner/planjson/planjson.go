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
	p := &parser{in: text, stack: make([]Value, 1, room)}
	if err := p.value(0, 0); err != nil {
		return nil, fmt.Errorf("%w at byte %d", err, p.at)
	}
	if p.space(); p.at != len(p.in) {
		return nil, fmt.Errorf("more than one value at byte %d", p.at)
	}
	v := p.stack[0]
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

// value reads a value into the stack's place to, whose key stays.
func (p *parser) value(to, depth int) error {
	if depth > maxNesting {
		return ErrNesting
	}
	switch c := p.next(); {
	case c == '{':
		return p.object(to, depth)
	case c == '[':
		return p.array(to, depth)
	case c == '"':
		s, err := p.string()
		v := &p.stack[to]
		v.Kind, v.Text = Text, s
		return err
	case c == '-' || '0' <= c && c <= '9':
		return p.number(to)
	}
	for _, w := range words {
		if strings.HasPrefix(p.in[p.at:], w.word) {
			p.at += len(w.word)
			v := &p.stack[to]
			v.Kind, v.Flag = w.value.Kind, w.value.Flag
			return nil
		}
	}
	return errSyntax
}

func (p *parser) object(to, depth int) error {
	p.at++
	p.stack[to].Kind = Object
	if p.next() == '}' {
		p.at++
		return nil
	}
	from := len(p.stack)
	met := uint64(0) // a bit for each key; two keys may share one
	for {
		if p.next() != '"' {
			return errSyntax
		}
		key, err := p.string()
		if err != nil {
			return err
		}
		bit := bitOf(key)
		if met&bit != 0 && p.has(from, key) {
			return errTwice
		}
		met |= bit
		if p.next() != ':' {
			return errSyntax
		}
		p.at++
		p.stack = append(p.stack, Value{Key: key})
		if err := p.value(len(p.stack)-1, depth+1); err != nil {
			return err
		}
		switch p.next() {
		case ',':
			p.at++
		case '}':
			p.at++
			p.stack[to].List = p.settle(from)
			return nil
		default:
			return errSyntax
		}
	}
}

// bitOf gives the bit that stands for a key.
func bitOf(key string) uint64 {
	if key == "" {
		return 1
	}
	return 1 << ((uint(len(key))*5 + uint(key[0])*3 + uint(key[len(key)-1])) % 64)
}

// has reports whether one of the stack's values from an index on has that key.
func (p *parser) has(from int, key string) bool {
	for i := from; i < len(p.stack); i++ {
		if p.stack[i].Key == key {
			return true
		}
	}
	return false
}

func (p *parser) array(to, depth int) error {
	p.at++
	p.stack[to].Kind = Array
	if p.next() == ']' {
		p.at++
		return nil
	}
	from := len(p.stack)
	for {
		p.stack = append(p.stack, Value{})
		if err := p.value(len(p.stack)-1, depth+1); err != nil {
			return err
		}
		switch p.next() {
		case ',':
			p.at++
		case ']':
			p.at++
			p.stack[to].List = p.settle(from)
			return nil
		default:
			return errSyntax
		}
	}
}

// asIs says of which bytes a string may consist that is taken as it is.
var asIs = func() (is [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

// string reads a string. What is plain is taken as it is; the rest is left to
// encoding/json.
func (p *parser) string() (string, error) {
	for i := p.at + 1; i < len(p.in); i++ {
		if c := p.in[i]; !asIs[c] {
			if c != '"' {
				break
			}
			s := p.in[p.at+1 : i]
			p.at = i + 1
			return s, nil
		}
	}
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

func (p *parser) number(to int) error {
	start := p.at
	for p.at < len(p.in) && inNumber(p.in[p.at]) {
		p.at++
	}
	s := p.in[start:p.at]
	if !plainInteger(s) && !json.Valid([]byte(s)) {
		return errSyntax
	}
	v := &p.stack[to]
	v.Kind, v.Text = Number, s
	return nil
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
