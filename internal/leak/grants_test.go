package leak

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
)

// asker is who asks in the property test, as its row filters see it.
var asker = map[string]string{
	"principal_attribute('district')": "'张三'", "principal_attribute('level')": "'ab'", "principal_attribute('none')": "CAST(NULL AS VARCHAR)",
	"agency_code()": "'A'", "agency_name()": "'民政'", "agency_district()": "'上海市'", "principal_login()": "'wang'",
}

// means writes a row filter with what the session functions are for the asker.
func means(filter string) string {
	for call, value := range asker {
		filter = strings.ReplaceAll(filter, call, value)
	}
	return lookedUp.ReplaceAllString(filter, " FROM whole.$1")
}

// lookedUp finds the tables in which a row filter looks values up.
var lookedUp = regexp.MustCompile(` FROM ((?:pgx|lite|quack|maria)\.\w+)`)

// grant is a grant at random.
type grant struct {
	items       map[string]string // by column: clear, or a mask's name
	where       string
	toPrincipal bool
	keys        bool // to any agency
}

// resource is a table and what is granted of it in one round.
type resource struct {
	table  oracle.Table
	grants []grant
}

// mask is what a built-in mask is to make of a column.
type mask struct {
	over  func(catalog.Type) bool
	sql   func(c string, t catalog.Type) string
	gives func(catalog.Type) catalog.Type
	shows func(v any) any // of a value, for statements that guess
}

// masks say what each is to do in other words than the gateway's own.
var masks = map[string]mask{
	"name": {isText, func(c string, _ catalog.Type) string {
		return "if(length(" + c + ") >= 2, left(" + c + ", 1) || '**', CASE WHEN " + c + " IS NOT NULL THEN '**' END)"
	}, sameType, func(v any) any {
		if r := []rune(v.(string)); len(r) > 1 {
			return string(r[:1]) + "**"
		}
		return "**"
	}},
	"id_no": {isText, func(c string, _ catalog.Type) string {
		return "CASE length(" + c + ") WHEN 18 THEN left(" + c + ", 6) || repeat('*', 8) || right(" + c + ", 4) WHEN 15 THEN left(" + c + ", 6) || repeat('*', 6) || right(" + c + ", 3) ELSE if(" + c + " IS NULL, NULL, '****') END"
	}, sameType, stars},
	"phone": {isText, func(c string, _ catalog.Type) string {
		return "if(" + c + " IS NULL, NULL, if(length(" + c + ") = 11, left(" + c + ", 3) || '****' || right(" + c + ", 4), '****'))"
	}, sameType, stars},
	"address": {isText, func(c string, _ catalog.Type) string {
		return "if(" + c + " IS NULL, NULL, if(length(" + c + ") < 7, '', left(" + c + ", 6)) || '****')"
	}, sameType, stars},
	"year": {func(t catalog.Type) bool { return t.Kind == catalog.Date }, func(c string, _ catalog.Type) string {
		return "extract(year FROM " + c + ")"
	}, func(catalog.Type) catalog.Type { return catalog.Type{Kind: catalog.Int64} }, func(any) any { return int64(2024) }},
	"null": {func(catalog.Type) bool { return true }, func(_ string, t catalog.Type) string {
		return "CAST(NULL AS " + t.DuckDB() + ")"
	}, sameType, func(any) any { return nil }},
}

func isText(t catalog.Type) bool           { return t.Kind == catalog.Text }
func sameType(t catalog.Type) catalog.Type { return t }
func stars(any) any                        { return "****" }

// masksOver lists the masks that a type can have.
func masksOver(t catalog.Type) []string {
	var out []string
	for name, m := range masks {
		if m.over(t) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// randomResource makes grants over a table. One in twelve tables is not granted at all.
// Others are the tables of its provider.
func randomResource(r *rand.Rand, t oracle.Table, others []oracle.Table) resource {
	out := resource{table: t}
	if r.IntN(12) == 0 {
		return out
	}
	keyed := r.IntN(3) > 0        // the first two columns are open wherever something is
	masked := map[string]string{} // no column can have two masks
	for _, c := range t.Columns {
		over := masksOver(c.Type)
		masked[c.Name] = over[r.IntN(len(over))]
	}
	n := []int{1, 1, 1, 2, 2, 3}[r.IntN(6)]
	for i := range n {
		g := grant{items: map[string]string{}, toPrincipal: r.IntN(2) == 0, keys: r.IntN(2) == 0}
		for k, c := range t.Columns {
			switch x := r.IntN(100); {
			case k < 2 && keyed, x < 62:
				g.items[c.Name] = "clear"
			case x < 78:
				g.items[c.Name] = masked[c.Name]
			}
		}
		if len(g.items) == 0 {
			g.items[t.Columns[2].Name] = "clear"
		}
		switch x := r.IntN(100); {
		case i > 0 && x < 20:
			g.where = out.grants[0].where
		case x < 88:
			g.where = filterMaker{r, t, others}.filter(2)
		}
		out.grants = append(out.grants, g)
	}
	return out
}

// shown is a column as the grants open it.
type shown struct {
	catalog.Column
	// expr is over a row of the table that has a flag __n for each grant that keeps it.
	expr string
	mask string // empty where some rows show the values themselves
}

// columns gives the columns that the grants open, in order.
func (o resource) columns() (columns []catalog.Column) {
	for _, c := range o.table.Columns {
		if s, ok := o.column(c); ok {
			columns = append(columns, s.Column)
		}
	}
	return columns
}

// column gives what the grants make of a column; not ok when none opens it.
func (o resource) column(c catalog.Column) (out shown, ok bool) {
	var clear, masked []int
	name := ""
	for i, g := range o.grants {
		switch use := g.items[c.Name]; use {
		case "":
		case "clear":
			clear = append(clear, i)
		default:
			masked, name = append(masked, i), use
		}
	}
	if clear == nil && masked == nil {
		return out, false
	}
	out.Column = catalog.Column{Name: c.Name, Type: c.Type}
	m, quoted := masks[name], catalog.QuoteIdent(c.Name)
	switch {
	case masked == nil:
	case clear != nil && o.covers(clear):
		masked = nil
	case clear == nil || !m.gives(c.Type).Equal(c.Type): // a column has one type: that which shows less
		masked, clear = append(masked, clear...), nil
		out.mask, out.Type = name, m.gives(c.Type)
	}
	out.expr = "CASE"
	for _, i := range clear {
		out.expr += fmt.Sprintf(" WHEN __%d THEN %s", i, quoted)
	}
	for _, i := range masked {
		out.expr += fmt.Sprintf(" WHEN __%d THEN %s", i, m.sql(quoted, c.Type))
	}
	out.expr += " END"
	return out, true
}

// covers reports whether some grants surely keep every row that any keeps: all have
// one filter, or one of these has none.
func (o resource) covers(some []int) bool {
	one := true
	for _, g := range o.grants {
		one = one && g.where == o.grants[0].where
	}
	return one || slices.ContainsFunc(some, func(i int) bool { return o.grants[i].where == "" })
}

// sql writes what the grants leave of the whole table.
func (o resource) sql(whole string) string {
	var flags, list, kept []string
	for i, g := range o.grants {
		where := "true"
		if g.where != "" {
			where = means(g.where)
		}
		flags = append(flags, fmt.Sprintf("coalesce(%s, false) AS __%d", where, i))
		kept = append(kept, fmt.Sprintf("__%d", i))
	}
	for _, c := range o.table.Columns {
		if s, ok := o.column(c); ok {
			list = append(list, fmt.Sprintf("CAST(%s AS %s) AS %s", s.expr, s.Type.DuckDB(), catalog.QuoteIdent(c.Name)))
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (SELECT *, " + strings.Join(flags, ", ") + " FROM " + whole + ") WHERE " + strings.Join(kept, " OR ")
}

// granted gives the table as the generator of statements is to know it. Its rows are
// all of the table's, hidden ones too: the constants of statements guess at them.
func (o resource) granted() oracle.Table {
	out := oracle.Table{Path: o.table.Path, Columns: o.columns(), Keyless: true}
	if len(out.Columns) > 1 {
		first, second := o.table.Columns[0].Name, o.table.Columns[1].Name
		out.Keyless = !o.clearEverywhere(first) || !o.clearEverywhere(second)
	}
	for _, row := range o.table.Rows {
		var cells []any
		for i, c := range o.table.Columns {
			s, ok := o.column(c)
			switch {
			case !ok:
			case s.mask == "" || row[i] == nil:
				cells = append(cells, row[i])
			default:
				cells = append(cells, masks[s.mask].shows(row[i]))
			}
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

func (o resource) clearEverywhere(column string) bool {
	for _, g := range o.grants {
		if g.items[column] != "clear" {
			return false
		}
	}
	return true
}

// document writes the grants of a resource as the leader of its agency applies them.
// Beside them stand some that open everything, but not to whoever asks here and now.
func (o resource) document(r *rand.Rand, purpose string) string {
	all := map[string]string{}
	for _, c := range o.table.Columns {
		all[c.Name] = "clear"
	}
	text := ""
	line := func(to string, items map[string]string, keys bool, purpose, mode, where, more string) {
		var list []string
		for name, use := range items {
			if use != "clear" {
				use = "masked " + use
			}
			list = append(list, fmt.Sprintf("%q: %q", name, use))
		}
		slices.Sort(list)
		travel := ""
		if keys {
			travel = `keys_to: ["*"], `
		}
		text += fmt.Sprintf("    - {%s, items: {%s}, %spurposes: [%s], modes: [%s], where: %q%s}\n", to, strings.Join(list, ", "), travel, purpose, mode, where, more)
	}
	for _, g := range o.grants {
		to := "agency: 民政"
		if g.toPrincipal {
			to = "principal: wang"
		}
		line(to, g.items, g.keys, purpose, "interface", g.where, "")
	}
	switch r.IntN(8) {
	case 0:
		line("principal: li", all, true, purpose, "interface", "", "")
	case 1:
		line("agency: 民政", all, true, purpose, "download", "", "")
	case 2:
		line("agency: 民政", all, true, purpose, "interface", "", ", from: 2099-01-01T00:00:00+08:00")
	case 3:
		line("agency: 民政", all, true, "OTHER", "interface", "", "")
	case 4:
		line("agency: 教育", all, true, purpose, "interface", "", "")
	}
	return text
}
