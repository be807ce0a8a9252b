package ir

import "strings"

// volatileFunctions give another value, or do something, each time that they are
// called. Functions that are the same within one statement, such as now(), are not
// among them.
var volatileFunctions = map[string]bool{
	"current_connection_id": true, "current_query": true, "current_query_id": true, "current_transaction_id": true,
	"currval": true, "error": true, "gen_random_uuid": true, "nextval": true, "random": true, "setseed": true,
	"sleep_ms": true, "stats": true, "uuid": true, "uuidv4": true, "uuidv7": true, "write_log": true,
}

// VolatileFunction reports whether calls of DuckDB's scalar function of that name are
// not to be moved, copied, merged or left out: each gives another value, fails, or
// does something.
func VolatileFunction(name string) bool { return volatileFunctions[strings.ToLower(name)] }

// Volatile reports whether one of the expressions calls a volatile function.
func Volatile(list ...Expr) bool {
	found := false
	for _, e := range list {
		WalkExpr(e, func(x Expr) {
			if f, ok := x.(*Func); ok && VolatileFunction(f.Name) {
				found = true
			}
		})
	}
	return found
}
