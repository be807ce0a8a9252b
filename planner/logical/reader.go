package logical

import (
	"fmt"
	"strconv"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/planjson"
)

// maxDepth bounds how deep operators and expressions may be nested, both together.
const maxDepth = 400

// none is how a plan writes that there is no index: 2^64-1.
const none = ^uint64(0)

// decoder holds the first thing that went wrong; what is read after that does not
// matter any more.
type decoder struct {
	plan   *ir.Plan
	tables map[string]Table
	delims []*delimScope
	ctes   map[uint64]*cteScope
	params map[int]catalog.Type
	depth  int
	above  string // the kind of the node whose inputs are read
	room   []reader
	err    error
}

// unsupported notes that the plan holds something that the tree cannot.
func (d *decoder) unsupported(format string, args ...any) {
	if d.err == nil {
		d.err = &Unsupported{What: fmt.Sprintf(format, args...)}
	}
}

// broken notes that the plan contradicts itself or what it was bound over.
func (d *decoder) broken(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("the plan is not understood: "+format, args...)
	}
}

// enter counts a level; leave gives it back. At the limit enter notes it and says no.
func (d *decoder) enter() bool {
	d.depth++
	if d.depth > maxDepth {
		d.unsupported("a plan of more than %d levels", maxDepth)
	}
	return d.err == nil
}

func (d *decoder) leave() { d.depth-- }

// value is a part of a plan.
type value = planjson.Value

// The kinds of values.
const (
	boolean = planjson.Boolean
	number  = planjson.Number
	text    = planjson.Text
	array   = planjson.Array
	object  = planjson.Object
)

// reader reads an object key by key. Each key must be asked for: done notes those
// that were not, because nothing here knows them.
type reader struct {
	d       *decoder
	what    string
	above   string // of a node: the kind of the one above
	members []value
	// used has a bit for each member that was asked for. What is known has fewer than 64
	// members; one beyond them counts as never asked for.
	used  uint64
	after int // the place behind the last one that was found
}

func (d *decoder) object(v *value, what string) *reader {
	if len(d.room) == 0 {
		d.room = make([]reader, 64)
	}
	r := &d.room[0]
	d.room = d.room[1:]
	r.d, r.what = d, what
	if v.Kind != object {
		d.broken("%s is not an object", what)
	} else {
		r.members = v.List
	}
	return r
}

// find gives a key's place, -1 when it is not there. Keys are asked for in about the
// order in which they stand.
func (r *reader) find(key string) int {
	for i := r.after; i < len(r.members); i++ {
		if r.members[i].Key == key {
			return i
		}
	}
	for i := range min(r.after, len(r.members)) {
		if r.members[i].Key == key {
			return i
		}
	}
	return -1
}

// has reports whether a key is there that need not be.
func (r *reader) has(key string) bool { return r.find(key) >= 0 }

var nothing value

func (r *reader) get(key string) *value {
	i := r.find(key)
	if i < 0 {
		r.d.broken("%s has no %s", r.what, key)
		return &nothing
	}
	r.used |= 1 << i
	r.after = i + 1
	return &r.members[i]
}

// done notes a key that nothing asked for.
func (r *reader) done() {
	for i := range r.members {
		if r.used&(1<<i) == 0 {
			r.d.unsupported("the key %s of %s", r.members[i].Key, r.what)
		}
	}
}

func (r *reader) of(key string, k planjson.Kind) *value {
	v := r.get(key)
	if v.Kind != k {
		r.d.broken("%s of %s has a value of another kind", key, r.what)
		return &nothing
	}
	return v
}

func (r *reader) text(key string) string   { return r.of(key, text).Text }
func (r *reader) flag(key string) bool     { return r.of(key, boolean).Flag }
func (r *reader) list(key string) []value  { return r.of(key, array).List }
func (r *reader) object(key string) *value { return r.of(key, object) }

func (r *reader) index(key string) uint64 {
	n, err := strconv.ParseUint(r.of(key, number).Text, 10, 64)
	if err != nil {
		r.d.broken("%s of %s is not an index", key, r.what)
	}
	return n
}

// label reads texts that are for people, and places, none of which changes what
// the plan means.
func (r *reader) label(keys ...string) {
	for _, k := range keys {
		r.text(k)
	}
}

// numbers reads table indexes and places in the text. References here are by
// position, so no index is looked up by them but those of CTEs.
func (r *reader) numbers(keys ...string) {
	for _, k := range keys {
		r.index(k)
	}
}

// is makes sure of a text that has one known value.
func (r *reader) is(key, want string) {
	if got := r.text(key); got != want {
		r.d.unsupported("%s %q of %s", key, got, r.what)
	}
}

// not makes sure that a flag is off.
func (r *reader) not(key string) {
	if r.flag(key) {
		r.d.unsupported("%s of %s", key, r.what)
	}
}

// empty makes sure that lists are empty.
func (r *reader) empty(keys ...string) {
	for _, k := range keys {
		if len(r.list(k)) > 0 {
			r.d.unsupported("%s of %s", k, r.what)
		}
	}
}

// enum reads one of the texts that are known.
func enum[T any](r *reader, key string, known map[string]T) T {
	s := r.text(key)
	v, ok := known[s]
	if !ok {
		r.d.unsupported("%s %q of %s", key, s, r.what)
	}
	return v
}

// indexes reads a list of positions below limit.
func (r *reader) indexes(key string, limit int) []int { return r.d.positions(r.list(key), limit, key) }

func (d *decoder) positions(list []value, limit int, what string) []int {
	out := make([]int, 0, len(list))
	for i := range list {
		n, err := strconv.ParseUint(list[i].Text, 10, 64)
		if list[i].Kind != number || err != nil || n >= uint64(limit) {
			d.broken("a position in %s that does not exist", what)
			return nil
		}
		out = append(out, int(n))
	}
	return out
}
