package residual

import (
	"strconv"
	"strings"

	"github.com/lianji/lianji/planner/ir"
)

// value is how a column or an expression is written inside a SELECT.
type value struct {
	text     string
	size     int  // how many parts it has
	column   bool // a column of FROM
	once     bool // it may stand in the text once only: it would cost, or be another one the second time
	volatile bool // it differs from call to call
	subquery bool
	wary     bool // not to be compared with a constant where it is computed
}

// mostTwice is the size of an expression up to which it may be written, and
// computed, more than once.
const mostTwice = 16

// block is a SELECT in the making. Its clauses are filled in the order in which SQL
// runs them; what does not fit any more goes round it, as a derived table.
type block struct {
	cols     map[ir.ColID]value // the columns it can give
	from     string             // "" where it reads nothing
	joined   bool               // from is a join, and needs parentheses on a join's right side
	where    []value
	grouped  bool
	groupBy  string
	having   []value
	windowed bool
	distinct string
	frozen   []ir.ColID // DISTINCT compares these: all must be listed, and nothing else
	picked   bool       // DISTINCT ON, whose ORDER BY is its own
	order    []key
	limit    string
}

// key is an item of ORDER BY: a column that the block gives, or an expression.
type key struct {
	id        ir.ColID // 0 for an expression
	value     value
	direction string
}

// open reports whether the block has a FROM and a WHERE at the most.
func (b *block) open() bool {
	return !b.grouped && !b.windowed && b.distinct == "" && len(b.order) == 0 && b.limit == ""
}

// mayList reports whether the block may list these columns: a DISTINCT must not
// lose any.
func (b *block) mayList(ids []ir.ColID) bool {
	listed := ir.Set{}
	for _, id := range ids {
		listed[id] = true
	}
	for _, id := range b.frozen {
		if !listed[id] {
			return false
		}
	}
	return true
}

// item makes a block that reads one item of FROM, whose columns have their names.
func (w *writer) item(text string, ids []ir.ColID) *block {
	alias := w.ident(w.alias())
	b := &block{from: text + " AS " + alias, cols: map[ir.ColID]value{}}
	for _, id := range ids {
		b.cols[id] = value{text: alias + "." + w.ident(Name(id)), size: 1, column: true}
	}
	return b
}

// wrap makes a derived table of a block, with the columns that are needed.
func (w *writer) wrap(b *block, need ir.Set) *block {
	ids := sorted(need)
	if b.frozen != nil {
		ids = b.frozen
	}
	return w.item("("+w.query(b, ids, nil)+")", ids)
}

// query writes a block with the columns in this order; nil names are those that
// Name gives.
func (w *writer) query(b *block, ids []ir.ColID, names []string) string {
	var t strings.Builder
	t.WriteString("SELECT ")
	if b.distinct != "" {
		t.WriteString(b.distinct + " ")
	}
	place := map[ir.ColID]int{}
	for i, id := range ids {
		if i > 0 {
			t.WriteString(", ")
		}
		name := Name(id)
		if names != nil {
			name = names[i]
		}
		v, ok := b.cols[id]
		if !ok {
			w.unsupported("a column that is not there")
		}
		t.WriteString(v.text + " AS " + w.ident(name))
		if place[id] == 0 {
			place[id] = i + 1
		}
	}
	if len(ids) == 0 { // nobody reads more than the number of rows
		t.WriteString(typed("1", "INTEGER") + " AS " + w.ident("c0"))
	}
	if b.from != "" {
		t.WriteString(" FROM " + b.from)
	}
	clause(&t, " WHERE ", b.where, " AND ")
	if b.grouped {
		t.WriteString(" GROUP BY " + b.groupBy)
	}
	clause(&t, " HAVING ", b.having, " AND ")
	keys := make([]value, len(b.order))
	for i, k := range b.order {
		text := k.value.text
		if k.id != 0 {
			text = b.cols[k.id].text
			if n := place[k.id]; n > 0 {
				text = strconv.Itoa(n)
			}
		}
		keys[i] = value{text: text + k.direction}
	}
	clause(&t, " ORDER BY ", keys, ", ")
	t.WriteString(b.limit)
	return t.String()
}

func clause(t *strings.Builder, word string, list []value, by string) {
	for i, v := range list {
		if i == 0 {
			t.WriteString(word)
		} else {
			t.WriteString(by)
		}
		t.WriteString(v.text)
	}
}

// counts tells how often each column is read: by expressions, and once if the
// node hands it on.
func counts(need ir.Set, list ...ir.Expr) map[ir.ColID]int {
	n := map[ir.ColID]int{}
	for id := range need {
		n[id]++
	}
	for _, e := range list {
		ir.WalkExpr(e, func(x ir.Expr) {
			if r, ok := x.(*ir.Ref); ok {
				n[r.ID]++
			}
		})
	}
	return n
}

// bears reports whether the block's columns may be read that often where they are
// written.
func (b *block) bears(reads map[ir.ColID]int) bool {
	for id, n := range reads {
		if v := b.cols[id]; n > 1 && !v.column && (v.once || v.size > mostTwice) {
			return false
		}
	}
	return true
}

// takes reports whether expressions may be written over the block, which hands on
// the columns of need as well.
func (b *block) takes(need ir.Set, list ...ir.Expr) bool {
	return b.bears(counts(need, list...)) && !b.uses(isWary, list...)
}

// uses is any, for expressions that do more than hand a column on.
func (b *block) uses(has func(value) bool, list ...ir.Expr) bool {
	for _, e := range list {
		if _, ok := e.(*ir.Ref); !ok && b.any(has, e) {
			return true
		}
	}
	return false
}

// any reports whether a column that is read has the property.
func (b *block) any(has func(value) bool, list ...ir.Expr) bool {
	for id := range ir.RefsOf(list...) {
		if has(b.cols[id]) {
			return true
		}
	}
	return false
}

func isSubquery(v value) bool { return v.subquery }
func isWary(v value) bool     { return v.wary }
func isVolatile(v value) bool { return v.volatile }

// rename gives the block's columns other ids.
func (b *block) rename(columns []ir.Column, from []ir.ColID) *block {
	c := *b
	c.cols = map[ir.ColID]value{}
	to := map[ir.ColID]ir.ColID{}
	for i, col := range columns {
		c.cols[col.ID] = b.cols[from[i]]
		to[from[i]] = col.ID
	}
	c.order = nil
	for _, k := range b.order {
		if k.id != 0 && to[k.id] != 0 {
			k.id = to[k.id]
		} else if k.id != 0 {
			k = key{value: b.cols[k.id], direction: k.direction}
		}
		c.order = append(c.order, k)
	}
	if b.frozen != nil {
		c.frozen = make([]ir.ColID, 0, len(columns))
		for _, col := range columns {
			c.frozen = append(c.frozen, col.ID)
		}
	}
	return &c
}
