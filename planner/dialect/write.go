package dialect

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// writing is what differs between engines in the text of a tree. Placeholders that
// a method writes follow the first bound ones.
type writing interface {
	operating
	valuing
	Operator(n ir.Node, at Columns) (Verdict, string)
	// quote writes a name.
	quote(name string) string
	// read writes the expression that gives a base column as the connector reads it.
	read(o operand) string
	// predicate writes a judged predicate, whose placeholders stand for p.Values.
	predicate(o operand, p Predicate, bound int) string
	// compare writes op between two columns that were judged as a pair.
	compare(op ir.CompareOp, a, b operand) string
	// matches writes a judged match, without its NOT, and gives the placeholders' values.
	matches(o operand, m match, bound int) (string, []catalog.Value)
	// key writes a column, a computed one too, as it groups, sorts and counts as
	// distinct as in DuckDB, and still reads the same.
	key(o operand) string
	// given writes a column of the answer, which is written as it is read.
	given(o operand, read string) string
	// present writes what is NULL where a column, written as it is read, is NULL here.
	present(o operand, read string) string
	// extreme gives the function of the greatest value of a column, or of the least,
	// and writes what it is given.
	extreme(greatest bool, o operand) (name, arg string)
	// summand writes what is added up for the sum of a base column.
	summand(o operand) string
	// filtered writes an aggregate of the rows in which a condition, given as text, is
	// true. arg is a star where it counts rows.
	filtered(name string, distinct bool, arg, condition string) string
	// order writes a key of a sort, given as text.
	order(key string, desc, nullsFirst bool) string
	// number writes the placeholder of a whole number.
	number(bound int) string
	// argument writes a column as functions are given it.
	argument(o operand) string
	// constant writes the placeholder of a constant that functions are given.
	constant(t catalog.Type, bound int) string
	// null writes NULL as a value of a type.
	null(t catalog.Type) string
	// typeName writes the type of a value that a function gives.
	typeName(t catalog.Type) string
	// fitted writes a number that ends the statement where it does not fit t, or the
	// condition under which it does not, for guarded.
	fitted(text string, t catalog.Type) (value, beyond string)
	// guarded writes a value that ends the statement where one of some conditions holds.
	guarded(text string, beyond []string) string
	// made writes what functions gave as a column that was computed.
	made(text string, t catalog.Type) string
	// truth writes a constant condition.
	truth(v bool) string
	// looked writes a condition, given as text, that can be settled without a look at
	// each of its columns: where a look can fail, it must fail all the same.
	looked(text string, columns []operand) string
}

// operand is a column inside of a statement.
type operand struct {
	text  string // what gives its value there
	typ   catalog.Type
	place Place
	read  bool // text gives it as the connector reads it
	made  bool // text computes it, and is no column
	binds bool // values were bound for text, which must not be left out then
	keyed bool // text is what key has written at a level below, or is of an aggregate
	alone bool // the predicate that is written keeps or drops a row by itself, in a WHERE
	sieve bool // so in a WHERE or in the condition of a join: NULL there is as good as false
}

// statement writes a tree.
func statement(d writing, n ir.Node) (Statement, error) {
	w := &writer{d: d}
	q, err := w.write(n)
	if err != nil {
		return Statement{}, err
	}
	output := n.Output()
	s := Statement{SQL: w.text(q, output, d.given), Columns: make([]catalog.Column, 0, len(output)), Values: w.values, Tables: w.read}
	for _, c := range output {
		s.Columns = append(s.Columns, arrives(c, q.columns[c.ID].place))
	}
	return s, nil
}

// arrives gives an output column as the connector reads it.
func arrives(c ir.Column, p Place) catalog.Column {
	if p.Base != nil {
		return *p.Base
	}
	t := c.Type
	if t.Kind == catalog.HugeInt {
		t = catalog.DecimalOf(38, 0)
	}
	return catalog.Column{Name: c.Name, SourceName: c.Name, Type: t, SourceType: t.DuckDB()}
}

type writer struct {
	d      writing
	values []catalog.Value
	read   []catalog.TableID // each once
	scans  int
	levels int
	alone  bool // see operand
	sieve  bool // see operand
}

// query is a SELECT whose list is not written yet. Its parts are in the order in
// which SQL computes them: what belongs to an earlier part than the last one that is
// there needs a level of its own.
type query struct {
	from    string
	joined  bool // from is a join, not one table
	where   []string
	group   []string
	grouped bool // an aggregate, with or without group
	order   []string
	limit   string
	columns map[ir.ColID]operand
}

// plain reports that there is nothing behind WHERE.
func (q *query) plain() bool { return !q.grouped && len(q.order) == 0 && q.limit == "" }

// computes reports whether a column is computed here: it would be NULL in a row that a
// left join completes, and of its NULLs something else may be computed.
func (q *query) computes() bool {
	for _, o := range q.columns {
		if o.made {
			return true
		}
	}
	return false
}

// text writes q with output as its list, each column as given writes it.
func (w *writer) text(q *query, output []ir.Column, given func(o operand, read string) string) string {
	var b strings.Builder
	for i, c := range output {
		if i == 0 {
			b.WriteString("SELECT ")
		} else {
			b.WriteString(", ")
		}
		o := q.columns[c.ID]
		b.WriteString(given(o, w.value(o)) + " AS " + w.columnName(c.ID))
	}
	b.WriteString(" FROM " + q.from)
	for _, part := range []struct {
		word string
		list []string
		by   string
	}{{" WHERE ", q.where, " AND "}, {" GROUP BY ", q.group, ", "}, {" ORDER BY ", q.order, ", "}} {
		if len(part.list) > 0 {
			b.WriteString(part.word + strings.Join(part.list, part.by))
		}
	}
	return b.String() + q.limit
}

func (w *writer) columnName(id ir.ColID) string { return w.d.quote("c" + strconv.Itoa(int(id))) }

// level closes q, which gives output, and opens the next level over it.
func (w *writer) level(q *query, output []ir.Column) *query {
	w.levels++
	alias := w.d.quote("q" + strconv.Itoa(w.levels))
	over := &query{from: "(" + w.text(q, output, w.handed) + ") AS " + alias, columns: map[ir.ColID]operand{}}
	for _, c := range output {
		o := q.columns[c.ID]
		over.columns[c.ID] = operand{text: alias + "." + w.columnName(c.ID), typ: c.Type, place: o.place, read: true, keyed: o.keyed}
	}
	return over
}

// handed writes a column for the level above.
func (w *writer) handed(o operand, read string) string { return read }

func (w *writer) bind(values ...catalog.Value) { w.values = append(w.values, values...) }

// write gives the query of a tree. Every node is judged again: what a rule put there
// against a verdict is an error and never another question to the source.
func (w *writer) write(n ir.Node) (*query, error) {
	var inputs []*query
	at := Columns{}
	for _, in := range n.Inputs() {
		q, err := w.write(in)
		if err != nil {
			return nil, err
		}
		for id, o := range q.columns {
			at[id] = o.place
		}
		inputs = append(inputs, q)
	}
	if v, reason := w.d.Operator(n, at); v != Exact {
		return nil, fmt.Errorf("%w: %s", errNotWritten, reason)
	}
	q, err := w.node(n, inputs)
	if err != nil {
		return nil, err
	}
	for id, p := range placesOver(n, at) {
		o := q.columns[id]
		o.place = p
		q.columns[id] = o
	}
	return q, nil
}

func (w *writer) node(n ir.Node, in []*query) (*query, error) {
	switch n := n.(type) {
	case *ir.Scan:
		return w.scan(n), nil
	case *ir.Barrier:
		return w.level(in[0], n.Output()), nil
	case *ir.Filter:
		q := w.until(in[0], n.Input, (*query).plain)
		w.alone, w.sieve = true, true
		for _, e := range n.Preds {
			q.where = append(q.where, w.condition(e, q.columns))
		}
		w.alone, w.sieve = false, false
		return q, nil
	case *ir.Project:
		q := w.until(in[0], n.Input, func(q *query) bool { return !q.grouped })
		if w.loses(q, n.Exprs()) {
			if len(q.order) > 0 { // which a level would not keep
				return nil, fmt.Errorf("%w: values that nothing reads below an order", errNotWritten)
			}
			q = w.level(q, n.Input.Output())
		}
		columns := map[ir.ColID]operand{}
		for _, c := range n.Cols {
			columns[c.ID] = w.operand(c.Expr, q.columns)
		}
		q.columns = columns
		return q, nil
	case *ir.Join:
		return w.join(n, in[0], in[1]), nil
	case *ir.Aggregate:
		return w.aggregate(n, in[0]), nil
	case *ir.Distinct:
		return w.distinct(n, in[0]), nil
	case *ir.SetOp:
		q := &query{columns: map[ir.ColID]operand{}}
		w.levels++
		alias := w.d.quote("q" + strconv.Itoa(w.levels))
		q.from = "(" + w.combined(n, in[0], in[1], w.handed) + ") AS " + alias
		for _, c := range n.Columns {
			q.columns[c.ID] = operand{text: alias + "." + w.columnName(c.ID), typ: c.Type, read: true, keyed: true}
		}
		return q, nil
	case *ir.Sort:
		return w.sort(n.Keys, n.Input, in[0]), nil
	case *ir.TopN:
		q := w.sort(n.Keys, n.Input, in[0])
		q.limit = w.bounds(n.Count, n.Offset)
		return q, nil
	case *ir.Limit:
		q := w.until(in[0], n.Input, func(q *query) bool { return !q.grouped && q.limit == "" })
		q.limit = w.bounds(n.Count, n.Offset)
		return q, nil
	}
	return nil, errNotWritten
}

// loses reports whether q computes a column with values of its own that none of list
// reads: without its text those would be sent all the same.
func (w *writer) loses(q *query, list []ir.Expr) bool {
	read := ir.RefsOf(list...)
	for id, o := range q.columns {
		if o.binds && !read[id] {
			return true
		}
	}
	return false
}

// until closes q, which is of node n, unless it is still open enough.
func (w *writer) until(q *query, n ir.Node, open func(*query) bool) *query {
	if open(q) {
		return q
	}
	return w.level(q, n.Output())
}

func (w *writer) scan(n *ir.Scan) *query {
	w.scans++
	alias := w.d.quote("t" + strconv.Itoa(w.scans))
	table := w.d.quote(n.Table.ID.Schema) + "." + w.d.quote(n.Table.ID.Name)
	q := &query{from: table + " AS " + alias, columns: map[ir.ColID]operand{}}
	for i := range n.Columns {
		c := &n.Columns[i]
		q.columns[c.ID] = operand{text: alias + "." + w.d.quote(c.Base.SourceName), typ: c.Type}
	}
	for _, id := range w.read {
		if id == n.Table.ID {
			return q
		}
	}
	w.read = append(w.read, n.Table.ID)
	return q
}

// join makes one FROM of both sides. What stands in the WHERE of a side may move to
// the WHERE of an inner join, and of a left join's left side; it cannot move over
// the border that the right side of a left join is.
func (w *writer) join(n *ir.Join, left, right *query) *query {
	left = w.until(left, n.Left, (*query).plain)
	right = w.until(right, n.Right, func(q *query) bool {
		exists := n.Kind == ir.Semi || n.Kind == ir.Anti
		return q.plain() && (n.Kind != ir.Left || len(q.where) == 0 && !q.computes()) && !(exists && w.loses(q, n.On))
	})
	both := map[ir.ColID]operand{}
	for _, q := range []*query{left, right} {
		for id, o := range q.columns {
			both[id] = o
		}
	}
	var on []string
	w.sieve = true
	for _, e := range n.On {
		on = append(on, w.condition(e, both))
	}
	w.sieve = false
	if n.Kind == ir.Semi || n.Kind == ir.Anti {
		exists := "EXISTS (SELECT 1 FROM " + right.from + " WHERE " + strings.Join(append(right.where, on...), " AND ") + ")"
		if n.Kind == ir.Anti {
			exists = "NOT " + exists
		}
		left.where = append(left.where, exists)
		return left
	}
	word, from := " INNER JOIN ", right.from
	if n.Kind == ir.Left {
		word = " LEFT JOIN "
	}
	if right.joined {
		from = "(" + from + ")"
	}
	return &query{
		from: left.from + word + from + " ON " + strings.Join(on, " AND "), joined: true,
		where: append(left.where, right.where...), columns: both,
	}
}

// distinct groups by all columns: they are written as keys are, which DISTINCT would
// compare as they come back.
func (w *writer) distinct(n *ir.Distinct, q *query) *query {
	q = w.until(q, n.Input, func(q *query) bool { return q.plain() && !q.computes() })
	q.grouped = true
	columns := map[ir.ColID]operand{}
	for _, c := range n.Output() {
		o := q.columns[c.ID]
		key := w.d.key(o)
		q.group = append(q.group, key)
		columns[c.ID] = operand{text: key, typ: c.Type, place: o.place, read: true, keyed: true}
	}
	q.columns = columns
	return q
}

// combined writes a set operation, each side's columns as keys under its own names.
func (w *writer) combined(n *ir.SetOp, left, right *query, given func(o operand, read string) string) string {
	var sides []string
	for i, q := range []*query{left, right} {
		of := n.Inputs()[i]
		q = w.until(q, of, (*query).plain)
		columns := map[ir.ColID]operand{}
		for k, c := range of.Output() {
			o := q.columns[c.ID]
			columns[n.Columns[k].ID] = operand{text: w.d.key(o), typ: c.Type, read: true, keyed: true}
		}
		q.columns = columns
		sides = append(sides, w.text(q, n.Columns, given))
	}
	word := " " + strings.ToUpper(n.Kind.String()) + " "
	if n.All {
		word += "ALL "
	}
	return strings.Join(sides, word)
}

// aggregate gives keys that are computed a level of their own: two placeholders of one
// value are not the same expression to every engine.
func (w *writer) aggregate(n *ir.Aggregate, q *query) *query {
	q = w.until(q, n.Input, func(q *query) bool { return q.plain() && !w.loses(q, n.Exprs()) })
	output, made := n.Input.Output(), false
	for _, g := range n.Groups {
		o := w.operand(g.Expr, q.columns)
		made = made || o.made
		if isComputed(g.Expr) {
			q.columns[g.ID] = o
			output = append(output, g.Column)
		}
	}
	if made {
		q = w.level(q, output)
	}
	q.grouped = true
	columns := map[ir.ColID]operand{}
	for _, g := range n.Groups {
		id := g.ID
		if r, ok := g.Expr.(*ir.Ref); ok {
			id = r.ID
		}
		key := w.d.key(q.columns[id])
		q.group = append(q.group, key)
		columns[g.ID] = operand{text: key, typ: g.Type, read: true, keyed: true}
	}
	for _, a := range n.Aggs {
		columns[a.ID] = operand{text: w.call(a.Expr.(*ir.Agg), q.columns), typ: a.Type, read: true, keyed: true}
	}
	q.columns = columns
	return q
}

// call writes an aggregate.
func (w *writer) call(a *ir.Agg, columns map[ir.ColID]operand) string {
	name, arg := count, "*"
	if len(a.List) == 1 {
		o := w.operand(a.List[0], columns)
		switch {
		case a.Name == sum:
			name, arg = sum, w.d.summand(o)
		case a.Name == count && a.Distinct:
			arg = w.d.key(o)
		case a.Name == count:
			arg = w.d.present(o, w.value(o))
		default:
			name, arg = w.d.extreme(a.Name == maximum, o)
		}
	}
	if a.Filter != nil {
		return w.d.filtered(name, a.Distinct, arg, w.condition(a.Filter, columns))
	}
	return called(name, a.Distinct, arg)
}

func (w *writer) sort(keys []ir.Key, of ir.Node, q *query) *query {
	q = w.until(q, of, (*query).plain)
	for _, k := range keys {
		q.order = append(q.order, w.d.order(w.d.key(w.operand(k.Expr, q.columns)), k.Desc, k.NullsFirst))
	}
	return q
}

func (w *writer) bounds(count, offset ir.Expr) string {
	text := ""
	for _, b := range []struct {
		word string
		e    ir.Expr
	}{{" LIMIT ", count}, {" OFFSET ", offset}} {
		if b.e == nil {
			continue
		}
		v, _ := countOf(b.e)
		text += b.word + w.d.number(len(w.values))
		w.bind(catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: v})
	}
	return text
}
