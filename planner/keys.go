package planner

import (
	"fmt"
	"math"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
)

// Keyed says that a stream's source is asked for the rows of some keys alone, once
// another stream has told which ones there are. To ask for all rows is as right.
type Keyed struct {
	By     *Stream // has the keys; of the same plan
	Column int     // of By.Columns: each of its values but NULL is a key
	Most   int     // keys; with more of them all rows are asked for
	// Rows and Bytes are how much of By is looked at: where there is more of it, all
	// rows are asked for.
	Rows, Bytes int64
	write       func(keys []catalog.Value) (dialect.Statement, string)
}

// WithKeys gives the stream that asks for the rows of the keys alone, of which there
// is at least one; nil and the reason in words where that cannot be asked.
func (s *Stream) WithKeys(keys []catalog.Value) (*Stream, string) {
	text, why := s.Keyed.write(keys)
	if why == "" && !sameColumns(text.Columns, s.Columns) {
		why = "the columns are others then"
	}
	if why != "" {
		return nil, why
	}
	w := *s
	w.SQL, w.Values = text.SQL, text.Values
	return &w, ""
}

func sameColumns(a, b []catalog.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Type.Equal(b[i].Type) {
			return false
		}
	}
	return true
}

// keyLimits say when keys are sent.
type keyLimits struct {
	rows, bytes int64 // of the stream that has the keys
	least       int64 // rows that the other one would give at least
	always      bool  // whatever is estimated
}

// Fewer rows are read while the second source waits for the first one.
var usualKeys = keyLimits{rows: dialect.MaxKeys, bytes: 8 << 20, least: 10_000}

// fewKeys are sent to a source of which it is not known how many rows it has.
const fewKeys = 100

// Eager gives a planner that sends keys wherever that changes no answer, whatever
// the sizes, as long as the stream that has them gives no more than so many rows.
func (p *Planner) Eager(rows int) *Planner {
	q := New(p.binder, p.dialect)
	q.off = p.off
	q.keys.rows, q.keys.always = int64(rows), true
	return q
}

// KeysRule is the name by which Without leaves out that keys are sent.
const KeysRule = "keys"

// sendKeys looks for streams of which only the rows of some keys matter, and lets
// them wait for these keys.
//
// In a join on l = r a row without a partner is often dropped, or does not count.
// Where the left side's l comes out of one stream unchanged, and r out of another,
// the second needs no rows whose r is not among the first one's l. Whatever stands
// between must keep or drop a row of the second by its values alone: that is where
// predicate_pushdown would bring a condition over r. Of the first it is enough that
// rows are dropped or repeated on the way.
func (s *Statement) sendKeys(root ir.Node, streams []*Stream) {
	if s.planner.off[KeysRule] || len(streams) < 2 {
		return
	}
	k := &keyPlanner{s: s, limits: s.planner.keys, streams: map[*ir.Remote]*Stream{}, parts: map[*Stream]*keyPart{}}
	for _, t := range streams {
		if t.part == nil {
			continue
		}
		if k.streams[t.part] != nil { // one node of the tree at two places
			return
		}
		k.streams[t.part] = t
		k.parts[t] = k.partOf(t)
	}
	k.collect(root)
	for k.best() {
	}
}

// keyPlanner finds which streams wait for which keys.
type keyPlanner struct {
	s       *Statement
	limits  keyLimits
	streams map[*ir.Remote]*Stream
	parts   map[*Stream]*keyPart
	found   []*keyPair
}

// keyPart is what is known of a stream.
type keyPart struct {
	reads   []*policy.Resource // nil ones where it is not known
	rows    int64              // estimate, less once it waits for keys; -1 unknown
	few     int64              // surely no more rows than that; -1 unknown
	narrows bool               // something drops rows, so that some keys are missing
}

// keyPair says that a condition of a join lets one stream's keys serve others.
type keyPair struct {
	by     *Stream
	column ir.Column // of by's output
	as     catalog.Type
	side   ir.Node // below which streams are looked for that can wait
	arg    ir.Expr // what the keys are compared with, over side
	reach  []rules.Reached
	looked bool
}

func (k *keyPlanner) partOf(t *Stream) *keyPart {
	p := &keyPart{rows: t.Rows, few: atMost(t.part.Input), narrows: narrows(t.part.Input)}
	hidden := false
	ir.Walk(t.part, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Scan:
			p.reads = append(p.reads, k.s.resource(n.Ref))
		case *ir.Barrier:
			hidden = true
		}
	})
	if hidden { // whether keys are sent must not tell how many rows policy hides
		p.rows = -1
	}
	return p
}

// guardedRef gives the reference whose guard a barrier is; 0 where that is not known.
func (s *Statement) guardedRef(b *ir.Barrier) int {
	ref := 0
	ir.Walk(b.Input, func(n ir.Node) {
		if scan, ok := n.(*ir.Scan); ok && s.resource(scan.Ref) != nil {
			ref = scan.Ref
		}
	})
	return ref
}

// resource gives what a reference of the statement reads; nil for no reference.
func (s *Statement) resource(ref int) *policy.Resource {
	for _, r := range s.refs {
		if r.number == ref {
			return r.resource
		}
	}
	return nil
}

// toLeft and toRight say to which side of a join the keys of the other side may go:
// to one whose rows without a partner are dropped or do not count. A mark join is not
// among them: it tells NULL from false by rows without a partner.
var (
	toLeft  = map[ir.JoinKind]bool{ir.Inner: true, ir.Right: true, ir.Semi: true}
	toRight = map[ir.JoinKind]bool{ir.Inner: true, ir.Left: true, ir.Semi: true, ir.Anti: true, ir.Single: true}
)

// collect finds the pairs of n and what is below it.
func (k *keyPlanner) collect(n ir.Node) {
	switch n := n.(type) {
	case *ir.Remote, *ir.Barrier:
		return
	case *ir.Join:
		if n.Delim != nil || ir.Volatile(n.On...) {
			break
		}
		left, right := ir.SetOf(n.Left.Output()), ir.SetOf(n.Right.Output())
		for _, e := range ir.Conjuncts(n.On...) {
			c, ok := e.(*ir.Compare)
			if !ok || c.Op != ir.Eq {
				continue
			}
			l, r := c.Left, c.Right
			if left.Has(r) && right.Has(l) {
				l, r = r, l
			}
			if !left.Has(l) || !right.Has(r) {
				continue
			}
			if toLeft[n.Kind] {
				k.pair(n.Right, r, n.Left, l)
			}
			if toRight[n.Kind] {
				k.pair(n.Left, l, n.Right, r)
			}
		}
	}
	for _, in := range n.Inputs() {
		k.collect(in)
	}
}

// pair notes that the values of key, over from, serve those who are compared with
// them as arg, over side.
func (k *keyPlanner) pair(from ir.Node, key ir.Expr, side ir.Node, arg ir.Expr) {
	as := key.Type()
	if !isKey(as) || !arg.Type().Equal(as) {
		return
	}
	if c, ok := key.(*ir.Cast); ok && !c.Try {
		key = c.Arg
	}
	ref, ok := key.(*ir.Ref)
	if !ok || !isKey(ref.Typ) {
		return
	}
	if _, ok := ir.CastValue(sampleKey(ref.Typ), as); !ok {
		return
	}
	remote, id := giver(from, ref.ID)
	by := k.streams[remote]
	if by == nil {
		return
	}
	for i, c := range remote.Output() {
		if c.ID == id && i < len(by.Columns) && by.Columns[i].Type.Equal(c.Type) && c.Type.Equal(ref.Typ) {
			k.found = append(k.found, &keyPair{by: by, column: c, as: as, side: side, arg: arg})
			return
		}
	}
}

// isKey reports whether equality of values of the type is equality of what stands
// for them in a list: not so for floating point, in which 0 is -0.
func isKey(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Decimal, catalog.Text,
		catalog.Date, catalog.Timestamp, catalog.TimestampTZ, catalog.UUID:
		return true
	}
	return false
}

// giver finds the Remote that gives a column of n, and the column's id there: every
// value that the column has in n, NULL aside, it has in the Remote too. None for a
// column that is computed in between.
func giver(n ir.Node, id ir.ColID) (*ir.Remote, ir.ColID) {
	renamed := func(list []ir.Assign) (ir.ColID, bool) {
		for _, a := range list {
			if a.ID == id {
				r, ok := a.Expr.(*ir.Ref)
				if ok {
					return r.ID, true
				}
			}
		}
		return 0, false
	}
	switch n := n.(type) {
	case *ir.Remote:
		if ir.SetOf(n.Output())[id] {
			return n, id
		}
	case *ir.Filter, *ir.Sort, *ir.Limit, *ir.TopN, *ir.Distinct, *ir.Window, *ir.Unnest:
		return giver(n.Inputs()[0], id)
	case *ir.Project:
		if below, ok := renamed(n.Cols); ok {
			return giver(n.Input, below)
		}
	case *ir.Aggregate:
		if below, ok := renamed(n.Groups); ok {
			return giver(n.Input, below)
		}
	case *ir.Join:
		for _, side := range []ir.Node{n.Left, n.Right} {
			if n.Delim == nil && ir.SetOf(side.Output())[id] {
				return giver(side, id)
			}
		}
	}
	return nil, 0
}

// best lets one more stream wait for keys, those of the smallest stream that has
// some; false when there is none left.
func (k *keyPlanner) best() bool {
	var pair *keyPair
	var waits rules.Reached
	rows := int64(-1)
	for _, p := range k.found {
		size, ok := k.size(p.by)
		if !ok || (rows >= 0 && size >= rows) {
			continue
		}
		if !p.looked {
			p.looked, p.reach = true, rules.Reach(p.side, p.arg)
		}
		for _, r := range p.reach {
			if k.serves(p, r, size) {
				pair, waits, rows = p, r, size
				break
			}
		}
	}
	if pair == nil {
		return false
	}
	k.wait(pair, waits)
	return true
}

// size gives how many rows a stream that has keys is taken to give; not ok for one
// whose keys are too many, or all that there are.
func (k *keyPlanner) size(by *Stream) (int64, bool) {
	p := k.parts[by]
	rows := p.rows
	if p.few >= 0 && (rows < 0 || p.few < rows) {
		rows = p.few
	}
	if k.limits.always {
		if rows < 0 && p.narrows {
			rows = k.limits.least
		} else if rows < 0 {
			rows = math.MaxInt64
		}
		return rows, true
	}
	return rows, (p.narrows || by.Keyed != nil) && rows >= 0 && rows <= k.limits.rows
}

// serves reports whether it is right and pays that a stream waits for a pair's keys.
func (k *keyPlanner) serves(p *keyPair, r rules.Reached, size int64) bool {
	waiting := k.streams[r.Remote]
	if waiting == nil || waiting == p.by || waiting.Keyed != nil || !k.keysMayTravel(p.by, p.column.ID, k.parts[waiting].reads) {
		return false
	}
	for by := p.by; by.Keyed != nil; by = by.Keyed.By {
		if by.Keyed.By == waiting { // nobody waits for itself
			return false
		}
	}
	d := k.s.planner.dialect(r.Remote.Source)
	if d == nil {
		return false
	}
	at := dialect.Places(r.Remote.Input)
	if _, verdict, _ := dialect.Keys(d, r.Arg, []catalog.Value{sampleKey(p.as)}, at); verdict == dialect.None {
		return false
	}
	return k.limits.always || k.pays(p, r, size, d, at)
}

// pays reports whether it takes less time to send so many keys and to read the rows
// that they leave than to read all.
func (k *keyPlanner) pays(p *keyPair, r rules.Reached, size int64, d dialect.Dialect, at dialect.Columns) bool {
	cost := dialect.KeysOf(d)
	if size > int64(cost.Most) || listed(r.Remote.Input, r.Arg) || !dialect.Searches(d, r.Arg, at) {
		return false
	}
	if rows := k.parts[k.streams[r.Remote]].rows; rows >= 0 {
		return rows >= k.limits.least && rows/cost.Rows >= size && k.left(p, r) <= rows/2
	}
	return k.parts[p.by].few >= 0 && size <= fewKeys
}

// wait lets a stream wait for a pair's keys.
func (k *keyPlanner) wait(p *keyPair, r rules.Reached) {
	t, column := k.streams[r.Remote], 0
	for i, c := range p.by.part.Output() {
		if c.ID == p.column.ID {
			column = i
		}
	}
	d := k.s.planner.dialect(r.Remote.Source)
	t.Keyed = &Keyed{
		By: p.by, Column: column, Most: min(dialect.KeysOf(d).Most, int(k.limits.rows)), Rows: k.limits.rows, Bytes: k.limits.bytes,
		write: func(keys []catalog.Value) (dialect.Statement, string) { return keyed(d, r, p.as, keys) },
	}
	k.parts[t].rows = k.left(p, r)
}

// keyed writes what a source is asked with keys.
func keyed(d dialect.Dialect, r rules.Reached, as catalog.Type, keys []catalog.Value) (dialect.Statement, string) {
	values := make([]catalog.Value, len(keys))
	for i, v := range keys {
		w, ok := ir.CastValue(v, as)
		if !ok {
			return dialect.Statement{}, "a key that cannot be converted"
		}
		values[i] = w
	}
	cond, verdict, reason := dialect.Keys(d, r.Arg, values, dialect.Places(r.Remote.Input))
	if verdict == dialect.None {
		return dialect.Statement{}, reason
	}
	text, err := d.Statement(rules.Ask(r.Remote.Input, cond))
	if err != nil {
		return dialect.Statement{}, fmt.Sprint(err)
	}
	return text, ""
}

// sampleKey gives a value of the type that every engine which compares it holds.
func sampleKey(t catalog.Type) catalog.Value {
	v := catalog.Value{Type: t}
	switch t.Kind {
	case catalog.Bool:
		v.V = true
	case catalog.Decimal:
		v.V = "0"
	case catalog.Text:
		v.V = "a"
	case catalog.UUID:
		v.V = "00000000-0000-0000-0000-000000000000"
	default:
		v.V = int64(0)
	}
	return v
}

// KeysSent is what became of a stream that waited for keys.
type KeysSent struct {
	Keys    int    // that were sent; with none the source was not asked
	Without string // why all rows were asked for, in words; empty when they were not
}
