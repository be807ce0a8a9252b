package logical

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// DuckDB 1.5.5 makes two casts without looking at its session: what it compares of a subquery
// in IN, ANY and ALL (of a list too), and the default of lag and lead. A wall clock becomes
// the instant that it is in UTC there; a cast of the tree's would take the session's zone.

// castInUTC gives the subquery's side of a condition as DuckDB computes it.
func (d *decoder) castInUTC(e ir.Expr) ir.Expr {
	c, ok := e.(*ir.Cast)
	if !ok || !hangsOnSettings(c) {
		return e
	}
	clock := c.Arg
	switch from := clock.Type().Kind; {
	case c.Typ.Kind == catalog.TimestampTZ && from == catalog.Timestamp:
	case c.Typ.Kind == catalog.TimestampTZ && from == catalog.Date:
		clock = &ir.Cast{Arg: clock, Typ: catalog.Type{Kind: catalog.Timestamp}}
	default:
		d.unsupported("a subquery of %s that is compared as %s", clock.Type(), c.Typ)
		return e
	}
	utc := &ir.Const{Value: catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: "UTC"}}
	return &ir.Func{Name: "timezone", List: []ir.Expr{utc, clock}, Typ: c.Typ}
}

// hangsOnSettings reports a cast that DuckDB's extensions make in another way than its core.
func hangsOnSettings(c *ir.Cast) bool {
	return ofExtension(c.Typ) || ofExtension(c.Arg.Type())
}

func ofExtension(t catalog.Type) bool {
	switch t.Kind {
	case catalog.TimestampTZ, catalog.JSON:
		return true
	}
	if t.Elem != nil && ofExtension(*t.Elem) {
		return true
	}
	for _, f := range t.Fields {
		if ofExtension(f.Type) {
			return true
		}
	}
	return false
}
