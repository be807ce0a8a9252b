package leak

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
)

// filterMaker makes row filters at random over a table.
type filterMaker struct {
	r *rand.Rand
	t oracle.Table
	// others are the tables of the same provider, in which values can be looked up.
	others []oracle.Table
}

func (m filterMaker) one(texts ...string) string { return texts[m.r.IntN(len(texts))] }

// filter makes one of so many levels at most.
func (m filterMaker) filter(depth int) string {
	if depth == 0 {
		return m.atom()
	}
	switch m.r.IntN(10) {
	case 0, 1, 2, 3:
		return m.atom()
	case 4, 5:
		return "(" + m.filter(depth-1) + " OR " + m.filter(depth-1) + ")"
	case 6:
		return "(" + m.filter(depth-1) + " AND " + m.filter(depth-1) + ")"
	case 7:
		return "NOT (" + m.filter(depth-1) + ")"
	case 8:
		return "CASE WHEN " + m.filter(depth-1) + " THEN " + m.filter(depth-1) + " ELSE " + m.one("true", "false", "NULL", m.atom()) + " END"
	}
	return "coalesce(" + m.filter(depth-1) + ", " + m.one("true", "false") + ")"
}

// atom makes a condition on one column, or two.
func (m filterMaker) atom() string {
	at := m.r.IntN(len(m.t.Columns))
	c := m.t.Columns[at]
	name := catalog.QuoteIdent(c.Name)
	value := func() string {
		for range 8 {
			if v := m.t.Rows[m.r.IntN(len(m.t.Rows))][at]; v != nil && v != int64(math.MinInt64) {
				// These are no plain constants, and policy takes no others.
				if text := oracle.DuckDB.Literal(c.Type, v); !strings.Contains(text, "Infinity'") && !strings.Contains(text, "NaN'") {
					return text
				}
			}
		}
		return "NULL"
	}
	if m.r.IntN(3) == 0 {
		switch c.Type.Kind {
		case catalog.Text:
			return m.text(name, value())
		case catalog.Date, catalog.Timestamp:
			return m.one("year("+name+") >= 2000", "month("+name+") IN (1, 2, 3)", "day("+name+") < 15")
		case catalog.Bool:
			return m.one(name, "NOT "+name)
		}
	}
	if len(m.others) > 0 && m.r.IntN(8) == 0 {
		if text := m.lookup(c); text != "" {
			return text
		}
	}
	choice := m.r.IntN(9)
	switch c.Type.Kind {
	case catalog.Time, catalog.TimestampTZ, catalog.Uint32, catalog.Uint64, catalog.Float32, catalog.Blob: // policy takes no constant of these
		choice = 4 + choice%2
	}
	switch choice {
	case 0:
		return name + " = " + value()
	case 1:
		return name + m.one(" <> ", " < ", " >= ") + value()
	case 2, 3:
		return name + m.one(" IN (", " NOT IN (") + value() + ", " + value() + ", " + m.one(value(), "NULL") + ")"
	case 4:
		return name + " IS NULL"
	case 5:
		return name + " IS NOT NULL"
	case 6:
		return name + m.one(" IS DISTINCT FROM ", " IS NOT DISTINCT FROM ") + value()
	case 7:
		return name + " BETWEEN " + value() + " AND " + value()
	}
	for range 4 {
		if other := m.t.Columns[m.r.IntN(len(m.t.Columns))]; other.Name != c.Name && other.Type.Equal(c.Type) {
			return name + m.one(" = ", " <= ", " <> ") + catalog.QuoteIdent(other.Name)
		}
	}
	return name + " IS NOT NULL"
}

// lookup looks a column's value up in another table, or the same; empty where none has a
// column of the type. Where one of the values there is NULL, NOT IN keeps no row.
func (m filterMaker) lookup(c catalog.Column) string {
	for range 6 {
		there := m.others[m.r.IntN(len(m.others))]
		of := there.Columns[m.r.IntN(len(there.Columns))]
		if !of.Type.Equal(c.Type) {
			continue
		}
		name, where := catalog.QuoteIdent(of.Name), ""
		switch m.r.IntN(4) {
		case 0:
			where = " WHERE " + name + " IS NOT NULL"
		case 1:
			where = " WHERE " + filterMaker{r: m.r, t: there}.atom()
		}
		return fmt.Sprintf("%s %s (SELECT %s FROM %s%s)", catalog.QuoteIdent(c.Name), m.one("IN", "NOT IN"), name, strings.Join(there.Path, "."), where)
	}
	return ""
}

// text makes a condition on a column of text; value is a literal that it may have.
func (m filterMaker) text(name, value string) string {
	if value == "NULL" {
		value = "'a'"
	}
	calls := slices.Sorted(maps.Keys(asker))
	switch m.r.IntN(9) {
	case 0:
		return name + m.one(" LIKE ", " NOT LIKE ") + m.one("'a%'", "'%市'", "'_'", "'张三%'", "'%b%'", "'A_'")
	case 1:
		return name + m.one(" = ", " <> ") + m.one(calls...)
	case 2:
		return name + " IN (" + m.one(calls...) + ", " + value + ")"
	case 3:
		return "length(" + name + ") " + m.one("= 1", "> 1", "<= 2")
	case 4:
		return m.one("substring("+name+", 1, 1)", "left("+name+", 1)", "right("+name+", 1)") + " = " + m.one("'a'", "'A'", "'张'", "' '", "'三'")
	case 5:
		return m.one("lower(", "upper(", "trim(") + name + ") = " + value
	case 6:
		return m.one("starts_with(", "contains(", "ends_with(", "prefix(", "suffix(") + name + ", " + m.one("'a'", "'张'", "'三 '", "''") + ")"
	case 7:
		return name + " || 'x' = " + strings.TrimSuffix(value, "'") + "x'"
	}
	return fmt.Sprintf("coalesce(%s, %s) = %s", name, value, m.one(value, "''"))
}
