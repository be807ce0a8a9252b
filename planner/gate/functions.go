package gate

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

//go:embed functions/allow.txt
var allowText string

//go:embed functions/deny.txt
var denyText string

// function is what the list says of an allowed name.
type function struct {
	scalar, aggregate, table, own, plan bool

	nested   bool // may return a list, a struct or a map
	fixed    bool // returns numbers, dates and the like only
	volatile bool // another value for each call
	copies   int  // a macro writes one of its arguments so often
}

var (
	functions = parseFunctions(allowText)
	denied    = parseDenied(denyText)

	scalarNames = allowedNames(func(f function) bool { return f.scalar || f.aggregate || f.own })
	tableNames  = allowedNames(func(f function) bool { return f.table })
)

func lines(text string) [][]string {
	var out [][]string
	for line := range strings.SplitSeq(text, "\n") {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] != "#" {
			out = append(out, fields)
		}
	}
	return out
}

// parseFunctions reads allow.txt. A word it does not know leaves the name out, and
// with it denied; a test finds such a line.
func parseFunctions(text string) map[string]function {
	all := map[string]function{}
	for _, fields := range lines(text) {
		f := all[fields[1]]
		f.copies = max(f.copies, 1)
		switch fields[0] {
		case "aggregate":
			f.aggregate = true
		case "scalar", "macro", "binder":
			f.scalar = true
		case "table":
			f.table = true
		case "own":
			f.own = true
		case "plan":
			f.plan = true
		default:
			continue
		}
		for _, note := range fields[2:] {
			switch n, err := strconv.Atoi(strings.TrimPrefix(note, "x")); {
			case note == "nested":
				f.nested = true
			case note == "fixed":
				f.fixed = true
			case note == "volatile":
				f.volatile = true
			case err == nil:
				f.copies = max(f.copies, n)
			}
		}
		all[fields[1]] = f
	}
	return all
}

func parseDenied(text string) map[string]string {
	all := map[string]string{}
	for _, fields := range lines(text) {
		if len(fields) == 3 {
			all[fields[1]] = fields[2]
		}
	}
	return all
}

func allowedNames(keep func(function) bool) []string {
	var names []string
	for name, f := range functions {
		if keep(f) && 'a' <= name[0] && name[0] <= 'z' && !strings.HasPrefix(name, "icu_collate_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// AllowedScalar reports whether a scalar function may stand in a bound plan: those
// that a statement may call, those with a value of the gateway's own, and the few
// that DuckDB writes there itself.
func AllowedScalar(name string) bool {
	f := functions[strings.ToLower(name)]
	return f.scalar || f.own || f.plan
}

// AllowedAggregate reports whether an aggregate or window function may stand in a
// statement or a bound plan.
func AllowedAggregate(name string) bool { return functions[strings.ToLower(name)].aggregate }

// AllowedTable reports whether a table function may stand in a statement or a
// bound plan.
func AllowedTable(name string) bool { return functions[strings.ToLower(name)].table }

// DeniedReason gives the group in which a name was judged and denied; ok is false
// for a name that nobody judged, which is denied as well. It is for operators and
// tests: people are not told.
func DeniedReason(name string) (group string, ok bool) {
	group, ok = denied[strings.ToLower(name)]
	return group, ok
}

// own is a name for which the gateway gives the value.
type own struct {
	kind ReplacementKind
	bare bool // may be written without parentheses
}

var ownValues = map[string]own{
	"current_user": {Identity, true}, "session_user": {Identity, true}, "user": {Identity, true}, "current_role": {Identity, true},
	"current_catalog": {Identity, true}, "current_database": {Identity, false},
	"current_schema": {Identity, true}, "current_schemas": {Identity, false},

	"current_date": {Clock, true}, "current_time": {Clock, true}, "current_timestamp": {Clock, true}, "localtime": {Clock, true}, "localtimestamp": {Clock, true},
	"now": {Clock, false}, "today": {Clock, false}, "transaction_timestamp": {Clock, false}, "get_current_time": {Clock, false},
	"get_current_timestamp": {Clock, false}, "current_localtime": {Clock, false}, "current_localtimestamp": {Clock, false}, "ago": {Clock, false},
}

// takesAggregate are the functions whose second argument names an aggregate.
var takesAggregate = set("list_aggregate", "list_aggr", "array_aggr", "array_aggregate", "aggregate")

// function checks a call. In x.upper() DuckDB hands the column x over as the schema.
func (w *walk) function(o object) error {
	name := text(o, "function_name")
	lower := strings.ToLower(name)
	f := functions[lower]
	if !f.scalar && !f.aggregate && !f.own {
		return w.refuseName("gate_unknown_function", name, scalarNames)
	}
	if f.volatile {
		w.tree.NonDeterministic = true
	}
	w.ours(o, name, true)
	args := len(list(o, "children"))
	if text(o, "schema") != "" {
		args++
	}
	if lower == "age" && args == 1 { // the other instant is now
		w.replace(Replacement{Kind: Clock, Name: lower, Call: true, Offset: place(o), Nodes: []*Node{o}})
	}
	if takesAggregate[lower] {
		if err := w.aggregateName(o, name); err != nil {
			return err
		}
	}
	return w.qualifiedCall(o)
}

// qualifiedCall looks at what stands before a function's name: a schema, or the
// column whose method is called.
func (w *walk) qualifiedCall(o object) error {
	for _, part := range []string{text(o, "schema"), text(o, "catalog")} {
		if isRowID(part) {
			return w.refuseColumn(part)
		}
	}
	return nil
}

// aggregateName checks that the aggregate is named by a plain string on the list.
func (w *walk) aggregateName(o object, function string) error {
	at := 1
	if schema := text(o, "schema"); schema != "" && !strings.EqualFold(schema, "main") {
		at = 0 // the list stands before the dot
	}
	if args := list(o, "children"); at < len(args) {
		if c, ok := args[at].(*constant); ok {
			if s, ok := c.value.(string); ok && AllowedAggregate(s) {
				return nil
			}
		}
	}
	return w.fail(errs.NotSupported, "gate_aggregate_name", msg.Args{"Name": function})
}

// aTableFunction checks the call in FROM f(..).
func aTableFunction(w *walk, v any) error {
	o := asObject(v)
	if text(o, "class") != "FUNCTION" || text(o, "type") != "FUNCTION" {
		return errUnknownShape
	}
	if err := w.node(v, expressionShapes, "class"); err != nil {
		return err
	}
	if at := place(o); at >= 0 {
		w.at = at
	}
	name := text(o, "function_name")
	if !AllowedTable(name) {
		return w.refuseName("gate_unknown_table_function", name, tableNames)
	}
	if _, filtered := o.lookup("filter"); filtered || flag(o, "distinct") || len(list(sub(o, "order_bys"), "orders")) > 0 {
		return errUnknownShape
	}
	return w.qualifiedCall(o)
}

// window checks a window function's name.
func (w *walk) window(o object) error {
	name := text(o, "function_name")
	if !AllowedAggregate(name) {
		return w.refuseName("gate_unknown_function", name, scalarNames)
	}
	return w.qualifiedCall(o)
}
