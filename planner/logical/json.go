package logical

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// kind is a kind of JSON value.
type kind uint8

const (
	null kind = iota
	boolean
	number // text holds its spelling
	text
	array
	object
)

// value is a JSON value. Numbers stay as they are written: a plan holds integers up
// to 2^64-1.
type value struct {
	kind    kind
	flag    bool
	text    string
	list    []value
	members []member
}

// member is a key of an object. used is set once something reads it: a key that
// nothing reads is one that is not known.
type member struct {
	key   string
	value value
	used  bool
}

// maxNesting bounds the nesting of values: every level of a plan is a few of them.
const maxNesting = 5 * maxDepth

var errNesting = errors.New("nested too deep")

// parse reads one JSON value. It differs from encoding/json in that an object keeps
// the order of its keys, and that a key which stands twice is an error.
func parse(raw []byte) (value, error) {
	p := &parser{in: raw}
	v, err := p.value(0)
	if err != nil {
		return value{}, fmt.Errorf("%w at byte %d", err, p.at)
	}
	if p.space(); p.at != len(p.in) {
		return value{}, fmt.Errorf("more than one value at byte %d", p.at)
	}
	return v, nil
}

type parser struct {
	in []byte
	at int
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
	p.space()
	if p.at == len(p.in) {
		return 0
	}
	return p.in[p.at]
}

var errSyntax = errors.New("not JSON")

var (
	words      = [...]string{"null", "true", "false"}
	wordValues = [...]value{{}, {kind: boolean, flag: true}, {kind: boolean}}
)

func (p *parser) value(depth int) (value, error) {
	if depth > maxNesting {
		return value{}, errNesting
	}
	switch c := p.next(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, err := p.string()
		return value{kind: text, text: s}, err
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	for i, word := range words {
		if bytes.HasPrefix(p.in[p.at:], []byte(word)) {
			p.at += len(word)
			return wordValues[i], nil
		}
	}
	return value{}, errSyntax
}

func (p *parser) object(depth int) (value, error) {
	v := value{kind: object}
	p.at++
	if p.next() == '}' {
		p.at++
		return v, nil
	}
	for {
		if p.next() != '"' {
			return v, errSyntax
		}
		key, err := p.string()
		if err != nil {
			return v, err
		}
		for i := range v.members {
			if v.members[i].key == key {
				return v, errSyntax
			}
		}
		if p.next() != ':' {
			return v, errSyntax
		}
		p.at++
		inner, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.members = append(v.members, member{key: key, value: inner})
		switch p.next() {
		case ',':
			p.at++
		case '}':
			p.at++
			return v, nil
		default:
			return v, errSyntax
		}
	}
}

func (p *parser) array(depth int) (value, error) {
	v := value{kind: array}
	p.at++
	if p.next() == ']' {
		p.at++
		return v, nil
	}
	for {
		inner, err := p.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.list = append(v.list, inner)
		switch p.next() {
		case ',':
			p.at++
		case ']':
			p.at++
			return v, nil
		default:
			return v, errSyntax
		}
	}
}

// string reads a string. What is plain is taken as it is; the rest is left to
// encoding/json.
func (p *parser) string() (string, error) {
	start, plain := p.at, true
	for p.at++; p.at < len(p.in); p.at++ {
		switch c := p.in[p.at]; {
		case c == '"':
			p.at++
			if inner := p.in[start+1 : p.at-1]; plain && utf8.Valid(inner) {
				return string(inner), nil
			}
			var s string
			err := json.Unmarshal(p.in[start:p.at], &s)
			return s, err
		case c == '\\':
			plain = false
			p.at++
		case c < ' ':
			return "", errSyntax
		}
	}
	return "", errSyntax
}

func (p *parser) number() (value, error) {
	start := p.at
	for p.at < len(p.in) && inNumber(p.in[p.at]) {
		p.at++
	}
	s := p.in[start:p.at]
	if !json.Valid(s) {
		return value{}, errSyntax
	}
	return value{kind: number, text: string(s)}, nil
}

func inNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}
