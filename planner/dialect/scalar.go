package dialect

import (
	"math/big"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// valuing is a dialect whose source computes values of columns.
type valuing interface {
	judging
	computing
	// readable says why a column of type t, as it is stored, is no argument of functions;
	// empty when it is. The Base of p is there.
	readable(p Place) string
	// sendable says why a constant is none; at are the columns that it stands beside.
	sendable(v catalog.Value, at Columns) string
	// raises reports whether a value that does not fit its type can end the statement.
	raises(t catalog.Type) bool
	// returned says why a computed value of type t does not come back as one; empty when it does.
	returned(t catalog.Type) string
}

// computation is what is known of an expression that a source may compute.
type computation struct {
	reason string     // why it stays here; empty when it does not
	fails  bool       // it may fail on some row
	hidden bool       // it reads rows that a row filter hides
	most   *big.Float // bound of a number's magnitude; nil without one
}

func stays(reason string) computation { return computation{reason: reason} }

// computed judges an expression that is no column alone.
func computed(d judging, e ir.Expr, at Columns) computation {
	v, ok := d.(valuing)
	if !ok {
		return stays("a computed value and not a column")
	}
	return compute(v, e, at)
}

func compute(d valuing, e ir.Expr, at Columns) computation {
	switch e := e.(type) {
	case *ir.Ref:
		return computeRef(d, e, at)
	case *ir.Const:
		return computeConst(d, e, at)
	case *ir.Case:
		return computeCase(d, e, at)
	}
	name, args := callOf(e)
	if name == "" {
		return stays("a computed value and not a column")
	}
	types := make([]catalog.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	entry := d.table().find(name, e.Type(), types...)
	switch {
	case entry == nil:
		return stays("a computed value, of " + described(name, types, e.Type()) + ", which the source is not known to compute as here")
	case entry.Verdict != Exact:
		return stays(entry.Reason)
	case entry.only != nil && !entry.only(args):
		return stays(described(name, types, e.Type()) + " is computed there only with " + entry.Only)
	}
	out := computation{fails: !entry.NeverFails && !entry.Overflows}
	bounds := make([]*big.Float, len(args))
	for i, a := range args {
		c := compute(d, a, at)
		if c.reason != "" {
			return c
		}
		out.fails, out.hidden = out.fails || c.fails, out.hidden || c.hidden
		bounds[i] = c.most
	}
	out.most = typeBound(e.Type())
	if most := boundOf(entry, bounds, e, args); most != nil {
		if fits := within(most, e.Type()); fits {
			out.most = most
		} else if entry.Overflows {
			out.fails = true
			if entry.open && !d.raises(e.Type()) {
				return stays("it may not fit " + e.Type().DuckDB() + ", of which the source would say nothing")
			}
		}
	} else if entry.Overflows {
		return stays("a number without a bound")
	}
	return out
}

func boundOf(e *Entry, args []*big.Float, result ir.Expr, from []ir.Expr) *big.Float {
	for _, a := range args {
		if a == nil {
			return nil
		}
	}
	if e.most == nil {
		return nil
	}
	return e.most(args, result.Type().Scale < from[0].Type().Scale)
}

func computeRef(d valuing, e *ir.Ref, at Columns) computation {
	p, reason := baseOf(d, e, at)
	if reason == "" {
		reason = d.readable(p)
	}
	if reason != "" {
		return stays(reason)
	}
	return computation{hidden: p.Hidden, most: typeBound(e.Typ)}
}

func computeConst(d valuing, e *ir.Const, at Columns) computation {
	t := e.Value.Type
	if _, ok := d.computed(t); !ok || t.Kind == catalog.Bool || t.Kind == catalog.HugeInt {
		return stays("a constant of the type " + t.DuckDB() + " is not sent to be computed with")
	}
	if e.Value.IsNull() {
		return computation{most: typeBound(t)}
	}
	if reason := d.sendable(e.Value, at); reason != "" {
		return stays(reason)
	}
	out := computation{most: typeBound(t)}
	switch v := e.Value.V.(type) {
	case int64:
		out.most = bound(new(big.Float).SetInt64(v))
	case string:
		if f, _, err := big.ParseFloat(v, 10, boundBits, big.AwayFromZero); err == nil && t.Kind == catalog.Decimal {
			out.most = bound(f)
		}
	}
	return out
}

// computeCase takes values that may fail: they are looked at here and there where the
// conditions say so. A condition that may fail is none.
func computeCase(d valuing, e *ir.Case, at Columns) computation {
	entry := d.table().find(partCase, catalog.Type{}, e.Typ)
	switch {
	case entry == nil:
		return stays("a computed value, of CASE, of the type " + e.Typ.DuckDB())
	case entry.Verdict != Exact:
		return stays(entry.Reason)
	}
	var out computation
	for _, w := range e.When {
		if v, reason := condition(d, w, at); v != Exact {
			if reason == "" {
				reason = "a condition that is not exact"
			}
			return stays(reason)
		}
		for id := range ir.RefsOf(w) {
			out.hidden = out.hidden || at[id].Hidden
		}
	}
	most := new(big.Float)
	for _, a := range append([]ir.Expr{e.Else}, e.Then...) {
		c := compute(d, a, at)
		if c.reason != "" {
			return c
		}
		out.fails, out.hidden = out.fails || c.fails, out.hidden || c.hidden
		if most != nil && c.most != nil && c.most.Cmp(most) > 0 {
			most = c.most
		} else if c.most == nil {
			most = nil
		}
	}
	out.most = most
	return out
}

// callOf gives the name that entries have for what e calls, and what it is given; no
// name when it is no call. A constant word that tells a function what to do is part of
// its name.
func callOf(e ir.Expr) (string, []ir.Expr) {
	switch e := e.(type) {
	case *ir.Cast:
		if !e.Try {
			return partCast, []ir.Expr{e.Arg}
		}
	case *ir.Coalesce:
		return partCoalesce, e.List
	case *ir.Func:
		if !worded[e.Name] || len(e.List) < 2 {
			return e.Name, e.List
		}
		c, ok := e.List[0].(*ir.Const)
		if !ok {
			return e.Name, e.List
		}
		word, ok := c.Value.V.(string)
		if !ok {
			return e.Name, e.List
		}
		return e.Name + " " + word, e.List[1:]
	}
	return "", nil
}

// worded are the functions whose first argument is such a word.
var worded = map[string]bool{"date_part": true, "datepart": true, "date_trunc": true, "datetrunc": true, "date_diff": true, "datediff": true}

// described names a call for people: its values stay unnamed.
func described(name string, args []catalog.Type, result catalog.Type) string {
	words := make([]string, len(args))
	for i, t := range args {
		words[i] = t.DuckDB()
	}
	if name == partCast {
		return "CAST(" + words[0] + " AS " + result.DuckDB() + ")"
	}
	return name + "(" + strings.Join(words, ", ") + ")"
}

// neverFailing judges a value that a condition looks at.
func neverFailing(d judging, e ir.Expr, at Columns) (Place, string) {
	c := computed(d, e, at)
	switch {
	case c.reason != "":
		return Place{}, c.reason
	case c.fails:
		return Place{}, "a computed value that may fail on a row of which the statement does not ask it"
	}
	return standIn(d, e, c)
}

// ofEveryRow judges a value that is computed of every row that arrives, at the source as
// here: it may fail. Not of rows that a row filter hides.
func ofEveryRow(d judging, e ir.Expr, at Columns) (Place, string) {
	c := computed(d, e, at)
	switch {
	case c.reason != "":
		return Place{}, c.reason
	case c.fails && c.hidden:
		return Place{}, "a computed value that may fail on a row that is hidden"
	}
	return standIn(d, e, c)
}

// standIn gives the column that stands for a computed value.
func standIn(d judging, e ir.Expr, c computation) (Place, string) {
	k, ok := d.(computing)
	if !ok {
		return Place{}, "a computed column"
	}
	col, ok := k.computed(e.Type())
	if !ok {
		return Place{}, "a computed value of the type " + e.Type().DuckDB()
	}
	return Place{Base: &col, Hidden: c.hidden}, ""
}

// NeverFails reports whether DuckDB computes a call for every value of its arguments,
// which must be computed already.
func NeverFails(f *ir.Func) bool {
	name, args := callOf(f)
	types := make([]catalog.Type, len(args))
	for i, a := range args {
		types[i] = a.Type()
	}
	e := duckDBTable.find(name, f.Typ, types...)
	return e != nil && e.NeverFails && (e.only == nil || e.only(args))
}

// isComputed reports whether e is neither a column nor a cast that narrow takes off one.
func isComputed(e ir.Expr) bool {
	_, ok := e.(*ir.Ref)
	return !ok
}
