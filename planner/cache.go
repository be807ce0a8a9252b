package planner

import (
	recency "container/list"
	"strings"
	"sync"

	"github.com/lianji/lianji/catalog"
)

// Limits of the statements that a planner keeps. Most of a statement's memory is
// its plan, measured at nine times the bytes that DuckDB wrote: so the bytes are
// those of the text and of that.
const (
	cachedStatements = 1000
	cachedBytes      = 64 << 20
	perPlanByte      = 9
)

// cacheKey is what a text is bound in. Statements of two snapshots never meet.
type cacheKey struct{ text, identity, settings string }

// cached is a statement with everything else that its binding looked at.
type cached struct {
	key       cacheKey
	names     []string       // of its parameters
	declared  []catalog.Type // of each; Invalid where none was
	exact     []bool         // whether that is the value's own
	sampled   []int          // parameters whose type was guessed with a sample at hand
	numbers   []numeral      // what each of these samples would be as a number
	statement *Statement
	bytes     int
}

// numeral is the type that a parameter has if it is a number, and whether there is a sample:
// only that tells that one has digits behind its point.
type numeral struct {
	typ     catalog.Type
	sampled bool
}

// Equal reports whether two are the same.
func (n numeral) Equal(m numeral) bool { return n.sampled == m.sampled && n.typ.Equal(m.typ) }

// fits reports whether binding the same text with o would look at the same things.
func (c *cached) fits(o Options) bool {
	for i, name := range c.names {
		if !o.declared(name).Equal(c.declared[i]) || o.exact(name) != c.exact[i] {
			return false
		}
	}
	for i, n := range c.sampled {
		if !o.number(n).Equal(c.numbers[i]) {
			return false
		}
	}
	return true
}

// declared gives the type that the client declared for a parameter, Invalid for none.
func (o Options) declared(name string) catalog.Type {
	if o.Declared == nil {
		return catalog.Type{}
	}
	return o.Declared(name)
}

// exact reports whether the declared type of a parameter is its value's own.
func (o Options) exact(name string) bool { return o.Exact != nil && o.Exact(name) }

// number gives what the parameter of that number is if it is a number.
func (o Options) number(n int) numeral {
	if n > len(o.Samples) || o.Samples[n-1] == "" {
		return numeral{typ: catalog.Type{Kind: catalog.Int64}}
	}
	whole, frac, ok := strings.Cut(strings.TrimPrefix(o.Samples[n-1], "-"), ".")
	if ok && digits(whole) && digits(frac) && len(whole)+len(frac) <= 38 {
		return numeral{catalog.DecimalOf(int32(len(whole)+len(frac)), int32(len(frac))), true}
	}
	return numeral{catalog.Type{Kind: catalog.Int64}, true}
}

// cache keeps the statements that were prepared last. Errors are not kept: what
// is refused now may be there a moment later. The zero value is ready; it may be
// used by many goroutines.
type cache struct {
	mu    sync.Mutex
	byKey map[cacheKey][]*recency.Element // of *cached, one for each way that the text was bound
	order recency.List                    // the last one used in front
	bytes int

	hits, misses int64
}

// get gives the statement of that key and these options, or nil.
func (c *cache) get(key cacheKey, o Options) *Statement {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.find(key, o); e != nil {
		c.order.MoveToFront(e)
		c.hits++
		return e.Value.(*cached).statement
	}
	c.misses++
	return nil
}

func (c *cache) find(key cacheKey, o Options) *recency.Element {
	for _, e := range c.byKey[key] {
		if e.Value.(*cached).fits(o) {
			return e
		}
	}
	return nil
}

// put keeps what b has made of the text.
func (c *cache) put(key cacheKey, b *binding, s *Statement) {
	n := &cached{key: key, names: b.names, sampled: b.sampled, statement: s}
	n.bytes = len(key.text) + len(key.identity) + len(key.settings) + perPlanByte*s.planBytes
	if n.bytes > cachedBytes/8 {
		return
	}
	for _, name := range n.names {
		n.declared = append(n.declared, b.options.declared(name))
		n.exact = append(n.exact, b.options.exact(name))
	}
	for _, p := range n.sampled {
		n.numbers = append(n.numbers, b.options.number(p))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.find(key, b.options) != nil {
		return // another goroutine was faster
	}
	if c.byKey == nil {
		c.byKey = map[cacheKey][]*recency.Element{}
	}
	c.byKey[key] = append(c.byKey[key], c.order.PushFront(n))
	c.bytes += n.bytes
	for c.order.Len() > cachedStatements || c.bytes > cachedBytes {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *recency.Element) {
	old := c.order.Remove(e).(*cached)
	c.bytes -= old.bytes
	rest := c.byKey[old.key]
	for i := range rest {
		if rest[i] == e {
			rest[i] = rest[len(rest)-1]
			rest[len(rest)-1] = nil
			rest = rest[:len(rest)-1]
			break
		}
	}
	if len(rest) == 0 {
		delete(c.byKey, old.key)
	} else {
		c.byKey[old.key] = rest
	}
}
