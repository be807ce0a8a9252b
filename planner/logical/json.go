package logical

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	p := &parser{in: string(raw)}
	v, err := p.value(0)
	if err != nil {
		return value{}, fmt.Errorf("%w at byte %d", err, p.at)
	}
	if p.space(); p.at != len(p.in) {
		return value{}, fmt.Errorf("more than one value at byte %d", p.at)
	}
	return v, nil
}

// parser keeps what it reads of open lists and objects on stacks, so that each is
// allocated once, at its size.
type parser struct {
	in      string
	at      int
	list    []value
	members []member
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

var (
	errSyntax = errors.New("not JSON")
	errTwice  = errors.New("a key that stands twice")
)

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
		if strings.HasPrefix(p.in[p.at:], word) {
			p.at += len(word)
			return wordValues[i], nil
		}
	}
	return value{}, errSyntax
}

func (p *parser) object(depth int) (value, error) {
	p.at++
	if p.next() == '}' {
		p.at++
		return value{kind: object}, nil
	}
	from := len(p.members)
	for {
		if p.next() != '"' {
			return value{}, errSyntax
		}
		key, err := p.string()
		if err != nil {
			return value{}, err
		}
		for i := from; i < len(p.members); i++ {
			if p.members[i].key == key {
				return value{}, errTwice
			}
		}
		if p.next() != ':' {
			return value{}, errSyntax
		}
		p.at++
		inner, err := p.value(depth + 1)
		if err != nil {
			return value{}, err
		}
		p.members = append(p.members, member{key: key, value: inner})
		switch p.next() {
		case ',':
			p.at++
		case '}':
			p.at++
			v := value{kind: object, members: slices.Clone(p.members[from:])}
			p.members = p.members[:from]
			return v, nil
		default:
			return value{}, errSyntax
		}
	}
}

func (p *parser) array(depth int) (value, error) {
	p.at++
	if p.next() == ']' {
		p.at++
		return value{kind: array}, nil
	}
	from := len(p.list)
	for {
		inner, err := p.value(depth + 1)
		if err != nil {
			return value{}, err
		}
		p.list = append(p.list, inner)
		switch p.next() {
		case ',':
			p.at++
		case ']':
			p.at++
			v := value{kind: array, list: slices.Clone(p.list[from:])}
			p.list = p.list[:from]
			return v, nil
		default:
			return value{}, errSyntax
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
			if inner := p.in[start+1 : p.at-1]; plain && utf8.ValidString(inner) {
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
	if !plainInteger(s) && !json.Valid([]byte(s)) {
		return value{}, errSyntax
	}
	return value{kind: number, text: s}, nil
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
