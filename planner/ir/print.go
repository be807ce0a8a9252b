package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// Style says what the printer shows of values.
type Style uint8

// Redacted, the zero Style, shows no value; Exactly shows values with their types.
const (
	Redacted Style = iota
	Exactly
)

// Text prints a tree, a node a line, inputs below and indented.
func Text(n Node, s Style) string {
	var b strings.Builder
	Lines(n, s, func(_ Node, depth int, line string) {
		b.WriteString(strings.Repeat("  ", depth) + line + "\n")
	})
	return b.String()
}

// Lines calls f for each node with its depth and its line.
func Lines(n Node, s Style, f func(n Node, depth int, line string)) { lines(n, s, 0, f) }

func lines(n Node, s Style, depth int, f func(Node, int, string)) {
	f(n, depth, Line(n, s))
	for _, c := range n.Inputs() {
		lines(c, s, depth+1, f)
	}
}

// Line prints one node without its inputs.
func Line(n Node, s Style) string {
	switch n := n.(type) {
	case *Scan:
		cols := make([]string, len(n.Columns))
		for i, c := range n.Columns {
			cols[i] = c.text() + " " + c.Type.DuckDB()
		}
		return fmt.Sprintf("scan %d %s at %s: %s", n.Ref, n.Resource, n.Source, strings.Join(cols, ", "))
	case *Barrier:
		return "barrier"
	case *Remote:
		return "remote " + n.Source
	case *Filter:
		return "filter " + join(n.Preds, " AND ", s)
	case *Project:
		return "project " + assigns(n.Cols, s)
	case *Join:
		return joinLine(n, s)
	case *DelimGet:
		return fmt.Sprintf("delim get %d: %s", n.Delim, renamed(n.Columns, n.From))
	case *Aggregate:
		return aggregateLine(n, s)
	case *Sort:
		return "sort " + keys(n.Keys, s)
	case *Limit:
		return "limit" + bounds(n.Count, n.Offset, s)
	case *TopN:
		return "top" + bounds(n.Count, n.Offset, s) + " by " + keys(n.Keys, s)
	case *Distinct:
		line := "distinct"
		if n.On != nil {
			line += " on " + join(n.On, ", ", s)
		}
		if n.Keys != nil {
			line += " by " + keys(n.Keys, s)
		}
		return line
	case *SetOp:
		line := n.Kind.String()
		if n.All {
			line += " all"
		}
		return line + ": " + columns(n.Columns)
	case *Window:
		return "window " + assigns(n.Calls, s)
	case *Unnest:
		return "unnest " + assigns(n.Calls, s)
	case *CTE:
		line := fmt.Sprintf("cte %d %s", n.ID, n.Name)
		if n.Materialized {
			line += " materialized"
		}
		return line
	case *CTERef:
		return fmt.Sprintf("cte ref %d %s: %s", n.ID, n.Name, renamed(n.Columns, n.From))
	case *Values:
		rows := make([]string, len(n.Rows))
		for i, r := range n.Rows {
			rows[i] = "(" + join(r, ", ", s) + ")"
		}
		if s == Redacted {
			rows = []string{fmt.Sprintf("%d rows", len(n.Rows))}
		}
		return "values " + columns(n.Columns) + ": " + strings.Join(rows, ", ")
	case *TableFunction:
		return "table function " + n.Name + "(" + join(n.Args, ", ", s) + "): " + columns(n.Columns)
	}
	return fmt.Sprintf("%T", n)
}

func joinLine(n *Join, s Style) string {
	line := n.Kind.String() + " join"
	if n.Delim != nil {
		ids := make([]string, len(n.Delim.Columns))
		for i, id := range n.Delim.Columns {
			ids[i] = fmt.Sprintf("#%d", id)
		}
		line += fmt.Sprintf(" delim %d (%s)", n.Delim.ID, strings.Join(ids, ", "))
	}
	if len(n.On) > 0 {
		line += " on " + join(n.On, " AND ", s)
	}
	if n.Kind == Mark {
		line += " mark " + n.Mark.text()
	}
	return line
}

func aggregateLine(n *Aggregate, s Style) string {
	line := "aggregate"
	if len(n.Groups) > 0 {
		line += " by " + assigns(n.Groups, s)
	}
	if n.Sets != nil {
		line += fmt.Sprintf(" sets %v", n.Sets)
	}
	if len(n.Aggs) > 0 {
		line += ": " + assigns(n.Aggs, s)
	}
	for _, g := range n.Grouping {
		line += fmt.Sprintf(", %s = grouping%v", g.text(), g.Groups)
	}
	return line
}

func (c Column) text() string { return c.Name + "#" + strconv.Itoa(int(c.ID)) }

func columns(list []Column) string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.text()
	}
	return strings.Join(out, ", ")
}

func renamed(list []Column, from []ColID) string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.text()
		if i < len(from) { // a tree that Check is to find fault with may have too few
			out[i] += fmt.Sprintf(" = #%d", from[i])
		}
	}
	return strings.Join(out, ", ")
}

func assigns(list []Assign, s Style) string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.text()
		if r, ok := a.Expr.(*Ref); !ok || r.ID != a.ID {
			out[i] += " = " + ExprText(a.Expr, s)
		}
	}
	return strings.Join(out, ", ")
}

func bounds(count, offset Expr, s Style) string {
	line := ""
	if count != nil {
		line += " " + ExprText(count, s)
	}
	if offset != nil {
		line += " offset " + ExprText(offset, s)
	}
	return line
}

func keys(list []Key, s Style) string {
	out := make([]string, len(list))
	for i, k := range list {
		out[i] = ExprText(k.Expr, s)
		if k.Desc {
			out[i] += " desc"
		}
		if k.NullsFirst {
			out[i] += " nulls first"
		} else {
			out[i] += " nulls last"
		}
	}
	return strings.Join(out, ", ")
}

func join(list []Expr, by string, s Style) string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = ExprText(e, s)
	}
	return strings.Join(out, by)
}

// ExprText prints an expression.
func ExprText(e Expr, s Style) string {
	switch e := e.(type) {
	case *Ref:
		return e.Name + "#" + strconv.Itoa(int(e.ID))
	case *Const:
		if s == Redacted {
			return "?"
		}
		if e.Value.IsNull() {
			return "NULL::" + e.Value.Type.DuckDB()
		}
		return fmt.Sprintf("%q::%s", fmt.Sprint(e.Value.V), e.Value.Type.DuckDB())
	case *Param:
		return "$" + strconv.Itoa(e.Number)
	case *Cast:
		name := "cast"
		if e.Try {
			name = "try_cast"
		}
		return name + "(" + ExprText(e.Arg, s) + " as " + e.Typ.DuckDB() + ")"
	case *Func:
		return strconv.Quote(e.Name) + "(" + join(e.List, ", ", s) + ")"
	case *Compare:
		return nested(e.Left, s) + " " + e.Op.String() + " " + nested(e.Right, s)
	case *And:
		return "(" + join(e.List, " AND ", s) + ")"
	case *Or:
		return "(" + join(e.List, " OR ", s) + ")"
	case *Not:
		return "NOT (" + ExprText(e.Arg, s) + ")"
	case *IsNull:
		if e.Negated {
			return nested(e.Arg, s) + " IS NOT NULL"
		}
		return nested(e.Arg, s) + " IS NULL"
	case *In:
		return inText(e, s)
	case *Coalesce:
		return "coalesce(" + join(e.List, ", ", s) + ")"
	case *Case:
		var b strings.Builder
		b.WriteString("case")
		for i := range e.When {
			b.WriteString(" when " + ExprText(e.When[i], s) + " then " + ExprText(e.Then[i], s))
		}
		return b.String() + " else " + ExprText(e.Else, s) + " end"
	case *Agg:
		return aggText(e, s)
	case *WindowCall:
		return windowText(e, s)
	}
	return fmt.Sprintf("%T", e)
}

func nested(e Expr, s Style) string {
	switch e.(type) {
	case *Compare, *In, *IsNull:
		return "(" + ExprText(e, s) + ")"
	}
	return ExprText(e, s)
}

func inText(e *In, s Style) string {
	list := join(e.List, ", ", s)
	if s == Redacted {
		list = fmt.Sprintf("%d values", len(e.List))
	}
	if e.Negated {
		return nested(e.Arg, s) + " NOT IN (" + list + ")"
	}
	return nested(e.Arg, s) + " IN (" + list + ")"
}

func aggText(e *Agg, s Style) string {
	var b strings.Builder
	b.WriteString(e.Name + "(")
	if e.Distinct {
		b.WriteString("distinct ")
	}
	b.WriteString(join(e.List, ", ", s))
	if len(e.Order) > 0 {
		b.WriteString(" order by " + keys(e.Order, s))
	}
	b.WriteString(")")
	if e.Filter != nil {
		b.WriteString(" filter " + ExprText(e.Filter, s))
	}
	return b.String()
}

func windowText(e *WindowCall, s Style) string {
	var b strings.Builder
	b.WriteString(aggText(&Agg{Name: e.Name, List: e.List, Distinct: e.Distinct, Order: e.ArgOrder, Filter: e.Filter}, s))
	if e.IgnoreNulls {
		b.WriteString(" ignore nulls")
	}
	b.WriteString(" over (")
	if len(e.Partition) > 0 {
		b.WriteString("partition by " + join(e.Partition, ", ", s) + " ")
	}
	if len(e.Order) > 0 {
		b.WriteString("order by " + keys(e.Order, s) + " ")
	}
	if f := e.Frame; f.Explicit {
		b.WriteString(f.Unit + " " + frameBound(f.From, f.Start, s) + " to " + frameBound(f.To, f.End, s))
		if f.Exclude != "" {
			b.WriteString(" exclude " + f.Exclude)
		}
	}
	return strings.TrimRight(b.String(), " ") + ")"
}

func frameBound(e Expr, bound string, s Style) string {
	if e == nil {
		return bound
	}
	return ExprText(e, s) + " " + bound
}
