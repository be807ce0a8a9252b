package connectortest

import (
	"bytes"
	"cmp"
	"math"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
)

// keeps is the naive evaluator: whether DuckDB would keep a row whose column
// holds v. It knows nothing of any source.
func keeps(p dialect.Predicate, v any) bool {
	switch p.Op {
	case dialect.IsNull:
		return v == nil
	case dialect.NotNull:
		return v != nil
	}
	if v == nil {
		return false
	}
	if p.Op == dialect.In {
		for _, c := range p.Values {
			if c.V != nil && compare(p.Column.Type, v, c.V) == 0 {
				return true
			}
		}
		return false
	}
	if p.Values[0].V == nil {
		return false
	}
	c := compare(p.Column.Type, v, p.Values[0].V)
	switch p.Op {
	case dialect.Eq:
		return c == 0
	case dialect.Ne:
		return c != 0
	case dialect.Lt:
		return c < 0
	case dialect.Le:
		return c <= 0
	case dialect.Gt:
		return c > 0
	case dialect.Ge:
		return c >= 0
	}
	return false
}

// compare orders two values of t as DuckDB does: text and blobs by bytes (which
// is code-point order in UTF-8), NaN equal to itself and above everything, zeros
// equal, false below true.
func compare(t catalog.Type, a, b any) int {
	switch x := a.(type) {
	case bool:
		y := b.(bool)
		switch {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	case int64:
		return cmp.Compare(x, b.(int64))
	case uint64:
		return cmp.Compare(x, b.(uint64))
	case float64:
		y := b.(float64)
		switch {
		case math.IsNaN(x) && math.IsNaN(y):
			return 0
		case math.IsNaN(x):
			return 1
		case math.IsNaN(y):
			return -1
		}
		return cmp.Compare(x, y)
	case []byte:
		return bytes.Compare(x, b.([]byte))
	case string:
		if t.Kind == catalog.Decimal || t.Kind == catalog.HugeInt {
			m, _ := number(x)
			n, _ := number(b)
			return m.Cmp(n)
		}
		return strings.Compare(x, b.(string))
	}
	return -2 // a type that has no constants; checkPredicates never asks
}
