package dialect

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// MaxKeys is how many keys of a join a statement is sent at most, whatever the
// dialect.
const MaxKeys = 10_000

// MaxList is the length of a list that no engine refuses.
const MaxList = 1000

// KeyCost is what sending keys costs in a dialect.
type KeyCost struct {
	Most int   // keys that one statement is sent
	Rows int64 // that are read in the time that it takes to send a key and to look it up
}

// KeysOf gives what sending keys costs in that dialect, from measurements (see
// docs/decisions.md). A server looks each row up in every list. SQLite and DuckDB get
// one list: with ten of them SQLite takes many times as long as to read all rows,
// and DuckDB compares each row with every value.
func KeysOf(d Dialect) KeyCost {
	switch d.Name() {
	case (postgres{}).Name(), (mysql{}).Name():
		return KeyCost{Most: MaxKeys, Rows: 50}
	}
	return KeyCost{Most: MaxList, Rows: 400}
}

// Searches reports whether it may take less time to look rows up by their keys than
// to read them all. In SQLite that takes an index: to compare a cell that may be of
// another class than its column's takes longer than to read its row.
func Searches(d Dialect, arg ir.Expr, at Columns) bool {
	if d.Name() != (sqlite{}).Name() {
		return true
	}
	r, ok := narrow(arg).(*ir.Ref)
	if !ok {
		return false
	}
	p := at[r.ID]
	return p.Base != nil && p.Table != nil &&
		(sqliteSure(*p.Base) && sqliteIndexed(p) || sqlite{}.searched(p.Table, Predicate{Column: *p.Base, Op: In}))
}

// Keys writes the condition that arg is one of values, of which there is one at
// least and no NULL, and judges it.
func Keys(d Dialect, arg ir.Expr, values []catalog.Value, at Columns) (ir.Expr, Verdict, string) {
	if len(values) > KeysOf(d).Most {
		return nil, None, "too many keys"
	}
	var lists []ir.Expr
	for len(values) > 0 {
		n := min(MaxList, len(values))
		in := &ir.In{Arg: arg, List: make([]ir.Expr, n)}
		for i, v := range values[:n] {
			in.List[i] = &ir.Const{Value: v}
		}
		lists, values = append(lists, in), values[n:]
	}
	cond := lists[0]
	if len(lists) > 1 {
		cond = &ir.Or{List: lists}
	}
	verdict, reason := d.Condition(cond, at)
	return cond, verdict, reason
}
