package dialect

import (
	"fmt"

	"github.com/lianji/lianji/catalog"
)

// readable asks of text what it asks of keys: functions count code points.
func (d postgres) readable(p Place) string { return d.keyed(p.Base.Type, p, false) }

// sendable lets text that is not ASCII go to a database that is known to be UTF-8: one
// of the tables has a column that says so.
func (d postgres) sendable(v catalog.Value, at Columns) string {
	c, _ := d.computed(v.Type)
	c.Collation.Name = ""
	for _, p := range at {
		if p.Table == nil {
			continue
		}
		for _, col := range p.Table.Columns {
			if col.Type.Kind == catalog.Text && col.Collation.Name != "" {
				c.Collation.Name = col.Collation.Name
			}
		}
	}
	_, reason := d.Verdict(Predicate{Column: c, Op: Eq, Values: []catalog.Value{v}})
	return reason
}

func (postgres) raises(t catalog.Type) bool { return t.Kind == catalog.Decimal }

func (postgres) returned(catalog.Type) string { return "" }

// argument gives text the collation that is by bytes: some functions refuse others.
func (d postgres) argument(o operand) string {
	if o.typ.Kind != catalog.Text {
		return o.text
	}
	return "(" + d.key(o) + ")"
}

func (postgres) constant(t catalog.Type, bound int) string {
	return fmt.Sprintf("$%d::%s", bound+1, postgresTypes[t.Kind])
}

func (postgres) null(t catalog.Type) string { return "NULL::" + postgresTypes[t.Kind] }

func (postgres) typeName(t catalog.Type) string { return postgresTypes[t.Kind] }

// fitted: a cast to a decimal that is too short is an error. There is nothing to round.
func (postgres) fitted(text string, t catalog.Type) (value, beyond string) {
	return fmt.Sprintf("%s::numeric(%d,%d)", text, t.Precision, t.Scale), ""
}

func (postgres) guarded(text string, _ []string) string { return text }

func (postgres) made(text string, _ catalog.Type) string { return text }
