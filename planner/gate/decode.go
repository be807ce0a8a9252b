package gate

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// constant is an expression of class CONSTANT. There may be a hundred thousand of
// them, so each is kept as the bytes that DuckDB wrote, with what the gate asks for
// beside them.
type constant struct {
	raw   string // its JSON
	typ   string // the value's type id
	value any    // nil for NULL; string, bool, json.Number, or object for what is larger
	info  object // the type's type_info, nil mostly
	alias string
	at    int // query_location, -1 for none
}

// MarshalJSON gives the constant as DuckDB wrote it.
func (c *constant) MarshalJSON() ([]byte, error) { return []byte(c.raw), nil }

var (
	errNotJSON   = errors.New("the parse tree is not JSON")
	errTreeDeep  = errors.New("the parse tree is nested too deep")
	errNotFinite = errors.New("the parse tree holds a number that JSON cannot write")
)

// maxJSONLevels bounds the reader's own recursion; one node of the tree takes up to
// five levels of JSON.
const maxJSONLevels = 4000

// reader decodes the JSON that json_serialize_sql writes.
type reader struct {
	text  string
	pos   int
	level int
	// members and items of open objects and lists, each of which is made at its size.
	members []entry
	items   []any
	nodes   []Node  // room for objects
	room    []entry // room for their members
	texts   [256]any
	numbers [256]any
}

// objectRoom is how many objects are allocated at once, each with about so many members.
const (
	objectRoom = 64
	memberRoom = 8
)

// decodeTree decodes a whole document.
func decodeTree(text string) (any, error) {
	r := &reader{text: text}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	if r.space(); r.pos != len(r.text) {
		return nil, errNotJSON
	}
	return v, nil
}

func (r *reader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// peek gives the next byte that is no space, 0 at the end.
func (r *reader) peek() byte {
	r.space()
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

// take moves over c if it comes next.
func (r *reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.pos++
	return true
}

func (r *reader) value() (any, error) {
	if r.level > maxJSONLevels {
		return nil, errTreeDeep
	}
	switch c := r.peek(); {
	case c == '{':
		return r.object()
	case c == '[':
		return r.list()
	case c == '"':
		text, err := r.string()
		return boxed(&r.texts, text), err
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	}
	switch {
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	case r.word("null"):
		return nil, nil
	}
	if r.word("Infinity") || r.word("NaN") {
		return nil, errNotFinite
	}
	return nil, errNotJSON
}

func (r *reader) word(w string) bool {
	if !strings.HasPrefix(r.text[r.pos:], w) {
		return false
	}
	r.pos += len(w)
	return true
}

func (r *reader) number() (any, error) {
	start := r.pos
	for r.pos < len(r.text) {
		c := r.text[r.pos]
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
		r.pos++
	}
	if r.word("Infinity") {
		return nil, errNotFinite
	}
	text := r.text[start:r.pos]
	if !digits(text) {
		if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) {
			return nil, errNotFinite
		}
	}
	return boxed(&r.numbers, json.Number(text)), nil
}

// boxed gives a text as a value. The names of a tree are few, and its places are
// mostly unknown: a text that was met lately is the same value again.
func boxed[T ~string](met *[256]any, text T) any {
	if text == "" || len(text) > 40 {
		return text
	}
	at := &met[(len(text)*7+int(text[0])*31+int(text[len(text)-1]))%len(met)]
	if s, ok := (*at).(T); !ok || s != text {
		*at = text
	}
	return *at
}

// noItems is the list without items.
var noItems any = []any{}

// digits reports whether s is a whole number of so few digits that it is finite.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) < 100
}

// asIs says of which bytes a string may consist that is taken as it is.
var asIs = func() (is [256]bool) {
	for c := range utf8.RuneSelf {
		is[c] = c != '"' && c != '\\'
	}
	return is
}()

func (r *reader) string() (string, error) {
	for i := r.pos + 1; i < len(r.text); i++ {
		if c := r.text[i]; !asIs[c] {
			if c != '"' {
				break
			}
			s := r.text[r.pos+1 : i]
			r.pos = i + 1
			return s, nil
		}
	}
	start := r.pos
	plain := true
	for r.pos++; r.pos < len(r.text); r.pos++ {
		switch r.text[r.pos] {
		case '\\':
			plain = false
			r.pos++
		case '"':
			r.pos++
			if inner := r.text[start+1 : r.pos-1]; plain && utf8.ValidString(inner) {
				return inner, nil
			}
			var s string
			if err := json.Unmarshal([]byte(r.text[start:r.pos]), &s); err != nil {
				return "", errNotJSON
			}
			return s, nil
		}
	}
	return "", errNotJSON
}

func (r *reader) list() (any, error) {
	r.pos++
	r.level++
	defer func() { r.level-- }()
	if r.take(']') {
		return noItems, nil
	}
	from := len(r.items)
	for {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		r.items = append(r.items, v)
		if r.take(']') {
			list := slices.Clone(r.items[from:])
			r.items = r.items[:from]
			return list, nil
		}
		if !r.take(',') {
			return nil, errNotJSON
		}
	}
}

// object reads an object; one that says it is a constant becomes one.
func (r *reader) object() (any, error) {
	start := r.pos
	r.pos++
	r.level++
	defer func() { r.level-- }()
	if r.take('}') {
		return &Node{}, nil
	}
	from := len(r.members)
	for {
		key, v, err := r.member()
		if err != nil {
			return nil, err
		}
		for i := from; i < len(r.members); i++ {
			if r.members[i].key == key {
				return nil, errNotJSON
			}
		}
		r.members = append(r.members, entry{key, v})
		if r.take('}') {
			break
		}
		if !r.take(',') {
			return nil, errNotJSON
		}
	}
	o := r.node(r.members[from:])
	r.members = r.members[:from]
	if o.get("class") == "CONSTANT" {
		return newConstant(o, r.text[start:r.pos])
	}
	return o, nil
}

// node makes an object of its members.
func (r *reader) node(members []entry) *Node {
	if len(members) > len(r.room) {
		r.room = make([]entry, max(len(members), objectRoom*memberRoom))
	}
	if len(r.nodes) == 0 {
		r.nodes = make([]Node, objectRoom)
	}
	n := &r.nodes[0]
	r.nodes = r.nodes[1:]
	n.members = r.room[:len(members):len(members)]
	r.room = r.room[len(members):]
	copy(n.members, members)
	return n
}

func (r *reader) member() (string, any, error) {
	if r.peek() != '"' {
		return "", nil, errNotJSON
	}
	key, err := r.string()
	if err != nil {
		return "", nil, err
	}
	if !r.take(':') {
		return "", nil, errNotJSON
	}
	v, err := r.value()
	return key, v, err
}

// newConstant makes a constant of its members. One that is not known, or missing,
// makes an error: nothing of a tree may go unread.
func newConstant(o object, raw string) (*constant, error) {
	c := &constant{raw: raw, at: place(o)}
	alias, hasAlias := o.get("alias").(string)
	_, hasPlace := o.get("query_location").(json.Number)
	value, hasValue := o.get("value").(object)
	if !hasAlias || !hasPlace || !hasValue || o.get("type") != "VALUE_CONSTANT" || len(o.members) != 5 || !c.setValue(value) {
		return nil, errUnknownShape
	}
	c.alias = alias
	return c, nil
}

var errUnknownShape = errors.New("the parse tree has a part that is not known")

// setValue reads {type, is_null, value}.
func (c *constant) setValue(o object) bool {
	typ, ok := o.get("type").(object)
	if !ok {
		return false
	}
	id, ok := typ.get("id").(string)
	null, isBool := o.get("is_null").(bool)
	if !ok || !isBool {
		return false
	}
	c.typ = id
	for _, m := range typ.members {
		switch m.key {
		case "id":
		case "type_info":
			if c.info, ok = m.value.(object); !ok {
				return false
			}
		default:
			return false
		}
	}
	for _, m := range o.members {
		switch m.key {
		case "type", "is_null":
		case "value":
			if !null {
				c.value = m.value
			}
		default:
			return false
		}
	}
	return null || c.value != nil
}

// location turns a query_location into a byte offset, -1 for none (2^64-1).
func location(n json.Number) int {
	v, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil || v < 0 || v > math.MaxInt32 {
		return -1
	}
	return int(v)
}
