package dialect

import "github.com/lianji/lianji/planner/ir"

// partsOf counts what may stand in each other's way in one expression's depth.
func partsOf(list ...ir.Expr) int {
	n := 0
	for _, e := range list {
		ir.WalkExpr(e, func(e ir.Expr) {
			if _, ok := e.(*ir.Const); !ok {
				n++
			}
		})
	}
	return n
}

// scansOf counts the tables that a tree reads.
func scansOf(n ir.Node) int {
	tables := 0
	ir.Walk(n, func(n ir.Node) {
		if _, ok := n.(*ir.Scan); ok {
			tables++
		}
	})
	return tables
}
