package logical

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// steady are the aggregates that give the same value in whatever order rows come;
// of those that are false this holds only where they add no floats.
var steady = map[string]bool{
	"count": true, "count_star": true, "min": true, "max": true, "bool_and": true, "bool_or": true, "bit_and": true, "bit_or": true, "bit_xor": true,
	"median": true, "quantile_cont": true, "quantile_disc": true, "approx_count_distinct": true,
	"sum": false, "avg": false, "mean": false,
}

// steadyWindows are the window functions that give equal rows equal values.
var steadyWindows = map[string]bool{"rank": true, "dense_rank": true, "percent_rank": true, "cume_dist": true}

// unsteady reports whether two runs of a tree over the same tables may give
// different rows, because of chance or of an order that nobody asked for.
func unsteady(n ir.Node) bool {
	found := false
	ir.Walk(n, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Limit:
			found = true
		case *ir.Distinct:
			found = found || n.On != nil
		}
		for _, e := range n.Exprs() {
			ir.WalkExpr(e, func(x ir.Expr) {
				switch x := x.(type) {
				case *ir.Func:
					found = found || ir.VolatileFunction(x.Name)
				case *ir.Agg:
					found = found || !steadyCall(x.Name, x.List)
				case *ir.WindowCall:
					rows := x.Frame.Unit == "ROWS" && (x.Frame.Start != unboundedPreceding || x.Frame.End != unboundedFollowing)
					found = found || rows || (!steadyWindows[x.Name] && !(x.Aggregate && steadyCall(x.Name, x.List)))
				}
			})
		}
	})
	return found
}

func steadyCall(name string, args []ir.Expr) bool {
	always, known := steady[name]
	if !known {
		return false
	}
	for _, a := range args {
		if k := a.Type().Kind; !always && (k == catalog.Float32 || k == catalog.Float64) {
			return false
		}
	}
	return true
}
