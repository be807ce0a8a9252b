package residual

import (
	"fmt"
	"strings"

	"github.com/lianji/lianji/planner/ir"
)

// node makes a block of a node, whose columns in need are read above.
func (w *writer) node(n ir.Node, need ir.Set) *block {
	if name := w.named[n]; name != "" {
		return w.item(name, idsOf(n.Output()))
	}
	if text, ok := w.leaves[n]; ok {
		return w.item(text, idsOf(n.Output()))
	}
	switch n := n.(type) {
	case *ir.Filter:
		return w.filter(n, need)
	case *ir.Project:
		return w.project(n, need)
	case *ir.Join:
		return w.join(n, need)
	case *ir.DelimGet:
		return w.delimGet(n)
	case *ir.Aggregate:
		return w.aggregate(n, need)
	case *ir.Sort:
		return w.sort(n.Input, n.Keys, need)
	case *ir.Limit:
		return w.limit(w.node(n.Input, need), n.Count, n.Offset, need)
	case *ir.TopN:
		return w.limit(w.sort(n.Input, n.Keys, need), n.Count, n.Offset, need)
	case *ir.Distinct:
		return w.distinct(n, need)
	case *ir.SetOp:
		return w.setOp(n)
	case *ir.Window:
		return w.window(n, need)
	case *ir.Unnest:
		return w.unnest(n, need)
	case *ir.CTE:
		return w.cte(n, need)
	case *ir.CTERef:
		return w.cteRef(n, need)
	case *ir.Values:
		return w.values(n)
	case *ir.TableFunction:
		return w.tableFunction(n)
	}
	// A Scan, a Remote or a Barrier that nothing gives the rows of. What is below a
	// Barrier must never mix with what is above it in one text.
	w.unsupported(fmt.Sprintf("the rows of %T", n))
	return w.item("", idsOf(n.Output()))
}

func idsOf(columns []ir.Column) []ir.ColID {
	out := make([]ir.ColID, len(columns))
	for i, c := range columns {
		out[i] = c.ID
	}
	return out
}

func exprsOf(list []ir.Assign) []ir.Expr {
	out := make([]ir.Expr, len(list))
	for i, a := range list {
		out[i] = a.Expr
	}
	return out
}

// needed gives those that are read above.
func needed(list []ir.Assign, need ir.Set) []ir.Assign {
	var out []ir.Assign
	for _, a := range list {
		if need[a.ID] {
			out = append(out, a)
		}
	}
	return out
}

func (w *writer) filter(n *ir.Filter, need ir.Set) *block {
	below := union(need, n.Preds...)
	b := w.node(n.Input, below)
	if b.windowed || b.distinct != "" || b.limit != "" || !b.takes(need, n.Preds...) || b.grouped && b.any(isSubquery, n.Preds...) {
		b = w.wrap(b, below)
	}
	preds := w.exprs(b, n.Preds)
	if j, ok := n.Input.(*ir.Join); ok && w.joinedFew[j] {
		afterJoin(preds, n.Preds, j)
	}
	if b.grouped {
		b.having = append(b.having, preds...)
	} else {
		b.where = append(b.where, preds...)
	}
	return b
}

func (w *writer) project(n *ir.Project, need ir.Set) *block {
	cols := needed(n.Cols, need)
	exprs := exprsOf(cols)
	below := ir.RefsOf(exprs...)
	b := w.node(n.Input, below)
	reads := counts(nil, exprs...)
	handedOn := map[ir.ColID]ir.ColID{}
	onlyRefs := true
	for _, a := range cols {
		if r, ok := a.Expr.(*ir.Ref); ok {
			handedOn[r.ID] = a.ID
		} else {
			onlyRefs = false
		}
	}
	for _, k := range b.order {
		if k.id != 0 && handedOn[k.id] == 0 {
			reads[k.id]++
		}
	}
	// What a limit leaves out must not be computed: it might fail.
	if !b.bears(reads) || b.uses(isWary, exprs...) || !onlyRefs && (b.limit != "" || b.distinct != "") || b.frozen != nil && !covers(handedOn, b.frozen) {
		b = w.wrap(b, below)
	}
	out := *b
	out.cols = map[ir.ColID]value{}
	for i, v := range w.exprs(b, exprs) {
		out.cols[cols[i].ID] = v
	}
	out.order = nil
	for _, k := range b.order {
		if k.id != 0 && handedOn[k.id] != 0 {
			k.id = handedOn[k.id]
		} else if k.id != 0 {
			k = key{value: b.cols[k.id], direction: k.direction}
		}
		out.order = append(out.order, k)
	}
	if b.frozen != nil {
		out.frozen = nil
		for _, a := range cols {
			out.frozen = append(out.frozen, a.ID)
		}
	}
	return &out
}

func covers(handedOn map[ir.ColID]ir.ColID, ids []ir.ColID) bool {
	for _, id := range ids {
		if handedOn[id] == 0 {
			return false
		}
	}
	return true
}

func (w *writer) sort(input ir.Node, keys []ir.Key, need ir.Set) *block {
	var computed []ir.Expr // what needs more than the place of a listed column
	var all []ir.Expr
	for _, k := range keys {
		all = append(all, k.Expr)
		if r, ok := k.Expr.(*ir.Ref); !ok || !need[r.ID] {
			computed = append(computed, k.Expr)
		}
	}
	below := union(need, all...)
	b := w.node(input, below)
	if len(b.order) > 0 || b.limit != "" || b.picked || b.frozen != nil && len(computed) > 0 ||
		!b.takes(need, computed...) || b.any(isSubquery, all...) {
		b = w.wrap(b, below)
	}
	b.order = w.keys(b, keys)
	return b
}

// keys writes sort keys; columns stay ids until the list of columns is known.
func (w *writer) keys(b *block, keys []ir.Key) []key {
	out := make([]key, len(keys))
	for i, k := range keys {
		out[i].direction = direction(k)
		if r, ok := k.Expr.(*ir.Ref); ok {
			out[i].id = r.ID
		} else {
			out[i].value = w.expr(b, k.Expr)
		}
	}
	return out
}

func direction(k ir.Key) string {
	text := " ASC"
	if k.Desc {
		text = " DESC"
	}
	if k.NullsFirst {
		return text + " NULLS FIRST"
	}
	return text + " NULLS LAST"
}

func (w *writer) limit(b *block, count, offset ir.Expr, need ir.Set) *block {
	if b.limit != "" || b.picked {
		b = w.wrap(b, need)
	}
	nothing := &block{}
	if count != nil {
		b.limit += " LIMIT " + w.expr(nothing, count).text
	}
	if offset != nil {
		b.limit += " OFFSET " + w.expr(nothing, offset).text
	}
	return b
}

func (w *writer) distinct(n *ir.Distinct, need ir.Set) *block {
	if n.On == nil && n.Keys == nil {
		all := ir.SetOf(n.Input.Output())
		b := w.node(n.Input, all)
		if b.distinct != "" || len(b.order) > 0 || b.limit != "" {
			b = w.wrap(b, all)
		}
		b.distinct, b.frozen = "DISTINCT", idsOf(n.Input.Output())
		return b
	}
	exprs := n.Exprs()
	below := union(need, exprs...)
	b := w.node(n.Input, below)
	if b.distinct != "" || len(b.order) > 0 || b.limit != "" || !b.takes(need, exprs...) || b.any(isSubquery, exprs...) {
		b = w.wrap(b, below)
	}
	b.distinct, b.picked = "DISTINCT ON ("+list(w.exprs(b, n.On))+")", true
	if n.On == nil {
		w.unsupported("a distinct with an order and no keys")
	}
	b.order = w.keys(b, n.Keys)
	return b
}

func (w *writer) setOp(n *ir.SetOp) *block {
	names := make([]string, len(n.Columns))
	for i, c := range n.Columns {
		names[i] = Name(c.ID)
	}
	side := func(in ir.Node) string {
		ids := idsOf(in.Output())
		b := w.node(in, ir.SetOf(in.Output()))
		if !b.mayList(ids) {
			b = w.wrap(b, ir.SetOf(in.Output()))
		}
		return "(" + w.query(b, ids, names) + ")"
	}
	word := strings.ToUpper(n.Kind.String())
	if n.All {
		word += " ALL"
	}
	left := side(n.Left)
	return w.item("("+left+" "+word+" "+side(n.Right)+")", idsOf(n.Columns))
}

func (w *writer) unnest(n *ir.Unnest, need ir.Set) *block {
	lists := exprsOf(n.Calls)
	kept := within(need, n.Input.Output())
	below := union(kept, lists...)
	b := w.node(n.Input, below)
	// One row becomes several: what differs from call to call is computed before.
	if !b.open() || !b.takes(kept, lists...) || b.any(isSubquery, lists...) || b.gives(isVolatile, below) {
		b = w.wrap(b, below)
	}
	out := *b
	out.cols = map[ir.ColID]value{}
	ids := sorted(kept)
	for _, id := range ids {
		out.cols[id] = b.cols[id]
	}
	for i, v := range w.exprs(b, lists) { // every one of them: the longest list says how many rows there are
		ids = append(ids, n.Calls[i].ID)
		out.cols[n.Calls[i].ID] = value{text: `"unnest"(` + v.text + ")"}
	}
	return w.item("("+w.query(&out, ids, nil)+")", ids)
}

// gives reports whether one of these columns has the property.
func (b *block) gives(has func(value) bool, ids ir.Set) bool {
	for id := range ids {
		if has(b.cols[id]) {
			return true
		}
	}
	return false
}

func (w *writer) cte(n *ir.CTE, need ir.Set) *block {
	switch {
	case w.uses[n.ID] == 0:
	case w.uses[n.ID] == 1 && !n.Materialized:
		w.inline[n.ID] = n.Def
	default:
		read := w.refs[n.ID]
		b := w.node(n.Def, read)
		if !b.mayList(sorted(read)) {
			b = w.wrap(b, read)
		}
		w.with[n.ID] = w.table(b, sorted(read))
	}
	return w.node(n.Body, need)
}

// table puts a block into WITH and gives its name. It is computed once.
func (w *writer) table(b *block, ids []ir.ColID) string {
	name := w.ident("_lianji_with_" + fmt.Sprint(len(w.tables)+1))
	w.tables = append(w.tables, name+" AS MATERIALIZED ("+w.query(b, ids, nil)+")")
	return name
}

func (w *writer) cteRef(n *ir.CTERef, need ir.Set) *block {
	if def, ok := w.inline[n.ID]; ok {
		read := ir.Set{}
		for i, c := range n.Columns {
			if need[c.ID] {
				read[n.From[i]] = true
			}
		}
		b := w.node(def, read)
		if !b.mayList(sorted(read)) {
			b = w.wrap(b, read)
		}
		var columns []ir.Column
		var from []ir.ColID
		for i, c := range n.Columns {
			if need[c.ID] {
				columns, from = append(columns, c), append(from, n.From[i])
			}
		}
		return b.rename(columns, from)
	}
	name, ok := w.with[n.ID]
	if !ok {
		w.unsupported("a reference to a CTE that is not there")
	}
	return w.item(name, n.From).rename(n.Columns, n.From)
}

func (w *writer) values(n *ir.Values) *block {
	nothing := &block{}
	if len(n.Rows) == 1 {
		b := &block{cols: map[ir.ColID]value{}}
		for i, v := range w.exprs(nothing, n.Rows[0]) {
			b.cols[n.Columns[i].ID] = v
		}
		return b
	}
	names := make([]string, len(n.Columns))
	for i, c := range n.Columns {
		names[i] = w.ident(Name(c.ID))
	}
	if len(n.Rows) == 0 {
		items := make([]string, len(n.Columns))
		for i, c := range n.Columns {
			items[i] = w.null(c.Type) + " AS " + names[i]
		}
		return w.item("(SELECT "+strings.Join(items, ", ")+" WHERE "+typed("false", "BOOLEAN")+")", idsOf(n.Columns))
	}
	rows := make([]string, len(n.Rows))
	for i, r := range n.Rows {
		rows[i] = "(" + list(w.exprs(nothing, r)) + ")"
	}
	b := w.item("(VALUES "+strings.Join(rows, ", ")+")", idsOf(n.Columns))
	b.from += "(" + strings.Join(names, ", ") + ")"
	return b
}

func (w *writer) tableFunction(n *ir.TableFunction) *block {
	names := make([]string, len(n.Columns))
	for i, c := range n.Columns {
		names[i] = w.ident(Name(c.ID))
	}
	b := w.item(w.ident(n.Name)+"("+list(w.exprs(&block{}, n.Args))+")", idsOf(n.Columns))
	b.from += "(" + strings.Join(names, ", ") + ")"
	return b
}
