package gate

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Measuring goes through a tree whose shapes are known and adds up what binding
// would make of it: how wide lists of columns become, how many parts the statement
// has once *, COLUMNS, aliases and macros are written out, how often each table is
// read. All sums are upper bounds and stop at a large number.

// width is what is known of a relation's columns.
type width struct {
	columns int64
	leaves  int64 // members of all types together
	widest  int64 // members of the largest type
	names   int64 // bytes of the columns' names: that of an expression without alias is its text

	many  bool             // more than a few rows
	bytes int64            // of the largest value in a row
	large map[string]int64 // the same by column, in lower case, "" for any; of those that are large
}

func (a width) plus(b width) width {
	sum := a.merge(b)
	sum.columns, sum.leaves, sum.widest, sum.names = saturate(a.columns+b.columns), saturate(a.leaves+b.leaves), max(a.widest, b.widest), saturate(a.names+b.names)
	return sum
}

func (a width) orWider(b width) width {
	if b.bytes > columnBytes { // its columns have the names of a's
		b.large = map[string]int64{"": b.bytes}
	}
	sum := a.merge(b)
	sum.columns, sum.leaves, sum.widest, sum.names = max(a.columns, b.columns), max(a.leaves, b.leaves), max(a.widest, b.widest), max(a.names, b.names)
	return sum
}

// relation is one name in a FROM clause.
type relation struct {
	name string // in lower case
	width
}

// body is a part of the statement that runs as often as it is referred to: the
// statement itself, a WITH clause, a subquery in an expression.
type body struct {
	from      []use // who refers to it; none for the statement itself
	recursive bool  // runs in every round of a recursion
	units     int64 // parts of its own; a subquery's stand in the expression's sum
	uses      int64 // memo; -1 while unknown
}

type use struct {
	by     *body
	factor int64
}

func newBody(by *body) *body { return &body{from: []use{{by, 1}}, uses: -1} }

// count gives how often the body runs.
func (b *body) count() int64 {
	if b.uses < 0 {
		b.uses = 0
		var n int64
		for _, u := range b.from {
			n = saturate(n + saturate(min(u.factor, saturated>>20)*min(u.by.count(), saturated>>20)))
		}
		b.uses = n
	}
	return b.uses
}

func (b *body) inRecursion() bool {
	if b.recursive {
		return true
	}
	return slices.ContainsFunc(b.from, func(u use) bool { return u.by.inRecursion() })
}

// cte is a name of a WITH clause, visible to what hangs below it in the chain.
type cte struct {
	outer     *cte
	name      string // in lower case
	width     width
	body      *body // nil for the table of a recursion's last round
	recursion bool  // also known as recurring.name
}

func (c *cte) find(schema, name string) *cte {
	schema, name = asciiLower(schema), asciiLower(name)
	for ; c != nil; c = c.outer {
		if c.name == name && (schema == "" || schema == "recurring" && c.recursion) {
			return c
		}
	}
	return nil
}

// scope is what names mean at a place.
type scope struct {
	outer     *scope
	with      *cte
	body      *body
	relations []relation
	aliases   map[string]estimate
	lambda    map[string]estimate // the parameters of a lambda
}

func (s *scope) inner() *scope { return &scope{outer: s, with: s.with, body: s.body} }

type measurer struct {
	limits  Limits
	widths  Widths
	tree    *Tree
	refs    []*body // one for each name of a table or WITH clause and each table function
	bodies  []*body
	tableAt map[int]int // by offset: index into the tree's tables
	at      int

	made    int64            // what constants let a row grow to, of all expressions together
	lengths map[string]int64 // of parameters' texts, by their identifiers
	params  map[string]bool  // that were seen
	steps   int

	lambdas    int // round the expression at hand
	subqueries int // round the expression at hand, in expressions
}

func measureTree(tree *Tree, limits Limits, widths Widths) error {
	m := &measurer{limits: limits, widths: widths, tree: tree, tableAt: map[int]int{}}
	if err := m.run(); err != nil {
		return err
	}
	tree.Longest = longestParams(tree, limits, widths, m.params)
	return nil
}

func (m *measurer) run() error {
	main := &body{uses: 1}
	m.bodies = append(m.bodies, main)
	statement := sub(asObject(list(m.tree.root, "statements")[0]), "node")
	_, units, err := m.query(statement, &scope{body: main})
	if err != nil {
		return err
	}
	main.units = units
	return m.total()
}

func (m *measurer) tooComplex(id string, limit int) error {
	return errs.New(errs.StatementTooComplex, id, msg.Args{"Max": limit}).At(m.tree.SQL, m.at)
}

func (m *measurer) visit(o object) {
	if at := place(o); at >= 0 {
		m.at = at
	}
}

// total adds up what was found once all references are known.
func (m *measurer) total() error {
	var tables, units int64
	for _, b := range m.refs {
		tables = saturate(tables + b.count())
	}
	for i := range m.tree.Tables {
		t := &m.tree.Tables[i]
		for _, b := range t.bodies {
			t.Uses = int(saturate(int64(t.Uses) + b.count()))
			t.InRecursive = t.InRecursive || b.inRecursion()
		}
		t.bodies = nil
	}
	if tables > int64(m.limits.Tables) {
		return m.tooComplex("gate_too_many_tables", m.limits.Tables)
	}
	for _, b := range m.bodies {
		units = saturate(units + min(b.units, saturated>>20)*min(max(b.count(), 1), saturated>>20))
	}
	if units > int64(m.limits.Expanded) {
		return m.tooComplex("gate_too_expanded", m.limits.Expanded)
	}
	slices.SortStableFunc(m.tree.Tables, func(a, b TableRef) int { return a.Offset - b.Offset })
	slices.SortStableFunc(m.tree.Columns, func(a, b ColumnRef) int { return a.Offset - b.Offset })
	slices.SortStableFunc(m.tree.Replace, func(a, b Replacement) int { return a.Offset - b.Offset })
	return nil
}

// query measures a query node.
func (m *measurer) query(q object, s *scope) (width, int64, error) {
	units := int64(1)
	s, err := m.with(q, s)
	if err != nil {
		return width{}, 0, err
	}
	var w width
	var more int64
	order := s.inner()
	switch text(q, "type") {
	case "SELECT_NODE":
		w, more, err = m.selects(q, order)
	case "SET_OPERATION_NODE":
		w, more, err = m.setOperation(q, s)
	case "RECURSIVE_CTE_NODE":
		w, more, err = m.recursion(q, s, order)
	}
	if err != nil {
		return width{}, 0, err
	}
	units += more
	for _, mod := range list(q, "modifiers") {
		more, err := m.modifier(asObject(mod), order)
		if err != nil {
			return width{}, 0, err
		}
		units += more
	}
	return w, saturate(units), m.checkWidth(w)
}

func (m *measurer) checkWidth(w width) error {
	if w.columns > int64(m.limits.Columns) || w.leaves > int64(m.limits.Columns) || w.widest > int64(m.limits.Columns) {
		return m.tooComplex("gate_too_wide", m.limits.Columns)
	}
	return nil
}

// with puts the names of a WITH clause in scope, each for those behind it. A name
// does not mean itself within its own clause: there it is an outer one, or a table.
func (m *measurer) with(q object, s *scope) (*scope, error) {
	for _, e := range list(sub(q, "cte_map"), "map") {
		entry := asObject(e)
		b := &body{uses: -1}
		m.bodies = append(m.bodies, b)
		in := &scope{outer: s, with: s.with, body: b}
		w, units, err := m.query(sub(sub(sub(entry, "value"), "query"), "node"), in)
		if err != nil {
			return nil, err
		}
		for _, target := range list(sub(entry, "value"), "key_targets") {
			more, err := m.root(target, in)
			if err != nil {
				return nil, err
			}
			units += more.units
		}
		b.units = units
		named := *s
		named.with = &cte{outer: s.with, name: asciiLower(text(entry, "key")), width: w.renamed(list(sub(entry, "value"), "aliases")), body: b}
		s = &named
	}
	return s, nil
}

func (m *measurer) setOperation(q object, s *scope) (width, int64, error) {
	before := m.made
	left, n, err := m.query(sub(q, "left"), s.inner())
	if err != nil {
		return width{}, 0, err
	}
	// The arms are computed one after the other.
	first := m.made
	m.made = before
	right, more, err := m.query(sub(q, "right"), s.inner())
	if err != nil {
		return width{}, 0, err
	}
	m.made = max(m.made, first)
	left.many = true
	if text(q, "setop_type") == "UNION_BY_NAME" {
		left = left.plus(right)
	}
	return left.orWider(right), n + more, nil
}

// recursion measures a recursive WITH: the right arm sees the name as the rows of
// the last round, and runs in every round.
func (m *measurer) recursion(q object, s, order *scope) (width, int64, error) {
	left, n, err := m.query(sub(q, "left"), s.inner())
	if err != nil {
		return width{}, 0, err
	}
	left.many = true
	left = left.renamed(list(q, "aliases"))
	rounds := newBody(s.body)
	rounds.recursive = true
	in := s.inner()
	in.body = rounds
	in.with = &cte{outer: s.with, name: asciiLower(text(q, "cte_name")), width: left, recursion: true}
	right, more, err := m.query(sub(q, "right"), in)
	if err != nil {
		return width{}, 0, err
	}
	order.relations = append(order.relations, relation{asciiLower(text(q, "cte_name")), left})
	for _, target := range list(q, "key_targets") {
		e, err := m.root(target, order)
		if err != nil {
			return width{}, 0, err
		}
		more += e.units
	}
	return left.orWider(right), n + more, nil
}

// selects measures a SELECT; s becomes the scope that its modifiers see.
func (m *measurer) selects(q object, s *scope) (width, int64, error) {
	units, err := m.from(sub(q, "from_table"), s)
	if err != nil {
		return width{}, 0, err
	}
	var w width
	s.aliases = map[string]estimate{}
	for _, item := range list(q, "select_list") {
		got, more, err := m.item(item, s)
		if err != nil {
			return width{}, 0, err
		}
		w, units = w.plus(got), units+more
		if err := m.checkWidth(w); err != nil {
			return width{}, 0, err
		}
	}
	rest := []any{q.get("where_clause"), q.get("having"), q.get("qualify")}
	for _, e := range append(rest, list(q, "group_expressions")...) {
		if e == nil {
			continue
		}
		got, err := m.root(e, s)
		if err != nil {
			return width{}, 0, err
		}
		units += got.units
	}
	w.many = s.manyRows()
	return w, saturate(units), nil
}

func (m *measurer) modifier(mod object, s *scope) (int64, error) {
	parts := []any{mod.get("limit"), mod.get("offset")}
	parts = append(parts, list(mod, "distinct_on_targets")...)
	for _, o := range list(mod, "orders") {
		parts = append(parts, asObject(o).get("expression"))
	}
	var units int64
	for _, e := range parts {
		if e == nil {
			continue
		}
		got, err := m.root(e, s)
		if err != nil {
			return 0, err
		}
		units += got.units
	}
	return saturate(units), nil
}

// item measures one entry of a select list and takes note of its alias.
func (m *measurer) item(e any, s *scope) (width, int64, error) {
	o := asObject(e)
	if text(o, "class") == "STAR" && !flag(o, "columns") {
		w := s.star(text(o, "relation_name"))
		got, err := m.root(e, s)
		return w, got.units, err
	}
	got, err := m.root(e, s)
	if err != nil {
		return width{}, 0, err
	}
	name, known := got.chars, columnName(o)
	if alias := aliasOf(e); alias != "" {
		s.aliases[asciiLower(alias)] = got
		name, known = int64(len(alias)), alias
	}
	copies := max(got.columns, 1)
	w := width{columns: copies, leaves: product(got.leaves, copies), widest: got.leaves, names: product(name, copies)}
	if isUnnest(text(o, "function_name")) { // of a struct: its members become columns
		w.columns = max(w.columns, got.leaves)
	}
	return w.named(known, got.bytes), got.units, nil
}

// columnName gives the name of a column that was selected as it is; empty for an
// expression.
func columnName(o object) string {
	names := texts(o, "column_names")
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

func aliasOf(e any) string {
	if c, ok := e.(*constant); ok {
		return c.alias
	}
	return text(asObject(e), "alias")
}

func isUnnest(function string) bool {
	f := strings.ToLower(function)
	return f == "unnest" || f == "unlist"
}

// asciiLower folds case as DuckDB compares names: ASCII letters only.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
