package dialect

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// MaxKeys is how many keys of a join a statement is sent at most, whatever the
// dialect.
const MaxKeys = 10_000

// keysInList is the length of a list that no engine refuses.
const keysInList = 1000

// KeysOf gives how many keys a statement in that dialect is sent at most. A server
// looks each row up in every list. SQLite and DuckDB, whose rows are read as fast, get
// one list: with ten of them SQLite takes five times as long as to read all rows,
// and DuckDB compares with every value.
func KeysOf(d Dialect) int {
	switch d.Name() {
	case (postgres{}).Name(), (mysql{}).Name():
		return MaxKeys
	}
	return keysInList
}

// Keys writes the condition that arg is one of values, of which there is one at
// least and no NULL, and judges it.
func Keys(d Dialect, arg ir.Expr, values []catalog.Value, at Columns) (ir.Expr, Verdict, string) {
	if len(values) > KeysOf(d) {
		return nil, None, "too many keys"
	}
	var lists []ir.Expr
	for len(values) > 0 {
		n := min(keysInList, len(values))
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
