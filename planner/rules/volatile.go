package rules

import "github.com/lianji/lianji/planner/ir"

// volatile reports whether one of the expressions calls a function of which no rule
// may move, copy, merge or leave out a call.
func volatile(list ...ir.Expr) bool { return ir.Volatile(list...) }
