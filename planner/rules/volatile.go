package rules

import "github.com/lianji/lianji/planner/ir"

// volatileFunctions gives another value, or does something, each time that it is
// called: such a call is never moved, copied, merged or left out. Functions that are
// the same within one statement, such as now(), are not among them.
var volatileFunctions = map[string]bool{
	"current_connection_id": true, "current_query": true, "current_query_id": true, "current_transaction_id": true,
	"currval": true, "error": true, "gen_random_uuid": true, "nextval": true, "random": true, "setseed": true,
	"sleep_ms": true, "stats": true, "uuid": true, "uuidv4": true, "uuidv7": true, "write_log": true,
}

// volatile reports whether one of the expressions calls a volatile function.
func volatile(list ...ir.Expr) bool {
	found := false
	for _, e := range list {
		ir.WalkExpr(e, func(x ir.Expr) {
			if f, ok := x.(*ir.Func); ok && volatileFunctions[f.Name] {
				found = true
			}
		})
	}
	return found
}
