package dialect

import "github.com/lianji/lianji/planner/ir"

// What entries ask of constants, in words and in code.
const (
	onlyDivisors = "a constant divisor other than 0 and -1"
	onlyPlaces   = "a constant place from 1 on and a constant length, each up to 1,000,000,000"
	onlyLengths  = "a constant length up to 1,000,000,000"

	mostPlace = 1_000_000_000
)

// numberOf gives a constant whole number.
func numberOf(e ir.Expr) (int64, bool) {
	c, ok := e.(*ir.Const)
	if !ok {
		return 0, false
	}
	n, ok := c.Value.V.(int64)
	return n, ok && signed(c.Value.Type.Kind)
}

func divisor(args []ir.Expr) bool {
	n, ok := numberOf(args[1])
	return ok && n != 0 && n != -1
}

func places(args []ir.Expr) bool {
	start, ok := numberOf(args[1])
	return ok && start >= 1 && start <= mostPlace && lengths(args[1:])
}

// lengths asks for whole numbers behind the first argument.
func lengths(args []ir.Expr) bool {
	for _, a := range args[1:] {
		if n, ok := numberOf(a); !ok || n < 0 || n > mostPlace {
			return false
		}
	}
	return true
}

func roundPlaces(args []ir.Expr) bool {
	n, ok := numberOf(args[1])
	return ok && n >= 0 && n <= 38
}
