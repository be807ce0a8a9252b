package logical

import (
	"strconv"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// classes reads each class of expression. Aggregates, windows and unnest stand in
// nodes of their own and are read there.
var classes map[string]func(d *decoder, r *reader, in []ir.Column) ir.Expr

func init() {
	classes = map[string]func(d *decoder, r *reader, in []ir.Column) ir.Expr{
		"BOUND_REF":         (*decoder).ref,
		"BOUND_CONSTANT":    (*decoder).boundConstant,
		"BOUND_PARAMETER":   (*decoder).parameter,
		"BOUND_CAST":        (*decoder).cast,
		"BOUND_FUNCTION":    (*decoder).function,
		"BOUND_COMPARISON":  (*decoder).comparison,
		"BOUND_CONJUNCTION": (*decoder).conjunction,
		"BOUND_OPERATOR":    (*decoder).operator,
		"BOUND_CASE":        (*decoder).caseOf,
	}
}

// expr reads an expression over the columns in, and its alias. When something went
// wrong it gives an expression without meaning, never nil.
func (d *decoder) expr(v *value, in []ir.Column) (ir.Expr, string) {
	if !d.enter() {
		return &ir.Const{}, ""
	}
	defer d.leave()
	r := d.object(v, "an expression")
	class := r.text("expression_class")
	read, ok := classes[class]
	if !ok {
		d.unsupported("the expression %s", class)
	}
	if d.err != nil {
		return &ir.Const{}, ""
	}
	r.what = class
	alias := r.text("alias")
	r.numbers("query_location")
	e := read(d, r, in)
	r.done()
	if d.err != nil {
		return &ir.Const{}, ""
	}
	return e, alias
}

func (d *decoder) exprs(list []value, in []ir.Column) []ir.Expr {
	if len(list) == 0 {
		return nil
	}
	out := make([]ir.Expr, 0, len(list))
	for i := range list {
		e, _ := d.expr(&list[i], in)
		out = append(out, e)
	}
	return out
}

func (d *decoder) ref(r *reader, in []ir.Column) ir.Expr {
	r.is("type", "BOUND_REF")
	t, i := d.typ(r.get("return_type")), r.index("index")
	switch {
	case d.err != nil:
	case i >= uint64(len(in)):
		d.broken("column %d of %d is read", i+1, len(in))
	case in[i].ID == 0:
		d.broken("the number of a row is read")
	case !in[i].Type.Equal(t):
		d.broken("column %d is %s, and read as %s", i+1, in[i].Type, t)
	default:
		return in[i].Ref()
	}
	return &ir.Const{}
}

func (d *decoder) boundConstant(r *reader, _ []ir.Column) ir.Expr {
	r.is("type", "VALUE_CONSTANT")
	return d.constant(r.object("value"))
}

func (d *decoder) parameter(r *reader, _ []ir.Column) ir.Expr {
	r.is("type", "VALUE_PARAMETER")
	n, err := strconv.Atoi(r.text("identifier"))
	if err != nil || n < 1 {
		d.broken("a parameter without a number")
	}
	t := d.typ(r.get("return_type"))
	data := d.object(r.object("parameter_data"), "a parameter")
	// What the binder knew of the value: nothing. The type here may be none yet.
	v := d.object(data.object("value"), "a parameter's value")
	d.declared([]value{*v.get("type"), *data.get("return_type")})
	if !v.flag("is_null") {
		d.unsupported("a parameter that was bound with a value")
	}
	v.done()
	data.done()
	if was, ok := d.params[n]; ok && d.err == nil && !was.Equal(t) {
		d.unsupported("a parameter of two types, %s and %s", was, t)
	}
	d.params[n] = t
	return &ir.Param{Number: n, Typ: t}
}

func (d *decoder) cast(r *reader, in []ir.Column) ir.Expr {
	r.is("type", "OPERATOR_CAST")
	e, _ := d.expr(r.get("child"), in)
	return &ir.Cast{Arg: e, Typ: d.typ(r.get("return_type")), Try: r.flag("try_cast")}
}

func (d *decoder) comparison(r *reader, in []ir.Column) ir.Expr {
	op := enum(r, "type", comparisons)
	left, _ := d.expr(r.get("left"), in)
	right, _ := d.expr(r.get("right"), in)
	return d.compare(op, left, right)
}

func (d *decoder) compare(op ir.CompareOp, left, right ir.Expr) ir.Expr {
	if d.err == nil && !left.Type().Equal(right.Type()) {
		d.unsupported("a comparison of %s with %s", left.Type(), right.Type())
	}
	return &ir.Compare{Op: op, Left: left, Right: right}
}

// conjunctions says which one is AND.
var conjunctions = map[string]bool{"CONJUNCTION_AND": true, "CONJUNCTION_OR": false}

func (d *decoder) conjunction(r *reader, in []ir.Column) ir.Expr {
	and := enum(r, "type", conjunctions)
	list := d.conditions(r.list("children"), in)
	if len(list) == 0 {
		d.broken("a conjunction of nothing")
	}
	if and {
		return &ir.And{List: list}
	}
	return &ir.Or{List: list}
}

// operator is one of those that are no functions; most says how many arguments it
// takes, 0 for as many as there are.
type operator struct {
	most int
	make func(list []ir.Expr) ir.Expr
}

var operators = map[string]operator{
	"OPERATOR_NOT":         {1, func(l []ir.Expr) ir.Expr { return &ir.Not{Arg: l[0]} }},
	"OPERATOR_IS_NULL":     {1, func(l []ir.Expr) ir.Expr { return &ir.IsNull{Arg: l[0]} }},
	"OPERATOR_IS_NOT_NULL": {1, func(l []ir.Expr) ir.Expr { return &ir.IsNull{Arg: l[0], Negated: true} }},
	"COMPARE_IN":           {0, func(l []ir.Expr) ir.Expr { return &ir.In{Arg: l[0], List: l[1:]} }},
	"COMPARE_NOT_IN":       {0, func(l []ir.Expr) ir.Expr { return &ir.In{Arg: l[0], List: l[1:], Negated: true} }},
	"OPERATOR_COALESCE":    {0, func(l []ir.Expr) ir.Expr { return &ir.Coalesce{List: l} }},
}

func (d *decoder) operator(r *reader, in []ir.Column) ir.Expr {
	op := enum(r, "type", operators)
	t, list := d.typ(r.get("return_type")), d.exprs(r.list("children"), in)
	if d.err != nil {
		return &ir.Const{}
	}
	if len(list) == 0 || (op.most > 0 && len(list) != op.most) {
		d.broken("an operator with %d arguments", len(list))
		return &ir.Const{}
	}
	e := op.make(list)
	if in, ok := e.(*ir.In); ok && len(in.List) == 0 {
		d.broken("IN without values")
		return e
	}
	switch e.(type) {
	case *ir.Not:
		d.boolean(list[0])
	case *ir.In, *ir.Coalesce:
		for _, x := range list {
			if !x.Type().Equal(list[0].Type()) {
				d.unsupported("one list of %s and %s", list[0].Type(), x.Type())
			}
		}
	}
	if !e.Type().Equal(t) {
		d.broken("an operator that gives %s, not %s", t, e.Type())
	}
	// COALESCE(x, NULL) is x. The planner writes it round casts of parameters.
	if c, ok := e.(*ir.Coalesce); ok && len(c.List) == 2 && isNull(c.List[1]) {
		return c.List[0]
	}
	return e
}

// isNull reports a NULL, also one that was given a type.
func isNull(e ir.Expr) bool {
	if cast, ok := e.(*ir.Cast); ok {
		e = cast.Arg
	}
	c, ok := e.(*ir.Const)
	return ok && c.Value.IsNull()
}

func (d *decoder) caseOf(r *reader, in []ir.Column) ir.Expr {
	r.is("type", "CASE_EXPR")
	c := &ir.Case{Typ: d.typ(r.get("return_type"))}
	list := r.list("case_checks")
	for i := range list {
		check := d.object(&list[i], "a WHEN")
		when, _ := d.expr(check.get("when_expr"), in)
		then, _ := d.expr(check.get("then_expr"), in)
		check.done()
		d.boolean(when)
		c.When, c.Then = append(c.When, when), append(c.Then, then)
	}
	c.Else, _ = d.expr(r.get("else_expr"), in)
	if len(c.When) == 0 {
		d.broken("a CASE without a WHEN")
	}
	d.gives(c, c.Else)
	for _, e := range c.Then {
		d.gives(c, e)
	}
	return c
}

// gives makes sure that a CASE has the type of one of its results.
func (d *decoder) gives(c *ir.Case, e ir.Expr) {
	if d.err == nil && !e.Type().Equal(c.Typ) {
		d.unsupported("a CASE of %s that gives %s", c.Typ, e.Type())
	}
}

func (d *decoder) function(r *reader, in []ir.Column) ir.Expr {
	r.is("type", "BOUND_FUNCTION")
	f := &ir.Func{Name: r.text("name"), Typ: d.typ(r.get("return_type"))}
	d.system(r)
	d.declared(r.list("arguments"))
	r.empty("original_arguments")
	r.flag("is_operator") // how it was written
	f.List = d.exprs(r.list("children"), in)
	d.modulo(f)
	if !r.flag("has_serialize") {
		if r.has("function_data") {
			d.broken("%s has data that it does not have", f.Name)
		}
		return f
	}
	d.functionData(r.object("function_data"), f)
	return f
}

// modulo refuses the remainder of numbers that were made DOUBLE. DuckDB computes that of
// decimals with too many digits so, as NULL where the divisor is 0; of doubles it is NaN
// there, and the plan does not tell the two apart.
func (d *decoder) modulo(f *ir.Func) {
	if f.Name != "%" && f.Name != "mod" || f.Typ.Kind != catalog.Float64 && f.Typ.Kind != catalog.Float32 {
		return
	}
	for _, e := range f.List {
		switch e := e.(type) {
		case *ir.Const:
			d.unsupported("the remainder %s of a constant and floating point", f.Name)
		case *ir.Cast:
			if k := e.Arg.Type().Kind; k != catalog.Float32 && k != catalog.Float64 {
				d.unsupported("the remainder %s of numbers that were made floating point", f.Name)
			}
		}
	}
}

// functionData makes sure that a function's data say nothing that its name, its
// arguments and its type do not say.
func (d *decoder) functionData(v *value, f *ir.Func) {
	data := d.object(v, "the data of "+f.Name)
	switch {
	case data.has("lambda_expr"):
		d.unsupported("a lambda")
	case data.has("variable_return_type"): // struct_pack, row
		d.same(d.typ(data.get("variable_return_type")), f)
	case data.has("check_overflow"): // arithmetic of decimals
		data.flag("check_overflow") // follows from the types
		d.same(d.typ(data.get("return_type")), f)
		for i, t := range d.types(data.list("arguments")) {
			if d.err == nil && (i >= len(f.List) || !f.List[i].Type().Equal(t)) {
				d.unsupported("arguments of %s with other types", f.Name)
			}
		}
	case data.has("bind_data"):
		d.listAggregate(data, f)
	default:
		d.unsupported("the data of the function %s", f.Name)
	}
	data.done()
}

func (d *decoder) same(t catalog.Type, f *ir.Func) {
	if d.err == nil && !t.Equal(f.Typ) {
		d.unsupported("%s of the type %s that gives %s", f.Name, f.Typ, t)
	}
}

// listAggregate reads what list_aggregate calls for the elements of its list. What
// DuckDB folded into that call comes back behind the aggregate's name.
func (d *decoder) listAggregate(data *reader, f *ir.Func) {
	b := d.object(data.object("bind_data"), "the data of "+f.Name)
	d.same(d.typ(b.get("stype")), f)
	a, _ := d.agg(b.get("aggr_expr"), nil)
	b.done()
	if d.err != nil {
		return
	}
	if len(f.List) != 2 || len(a.List) == 0 || a.Distinct || a.Filter != nil || a.Order != nil {
		d.unsupported("%s over %s", f.Name, a.Name)
		return
	}
	if name, ok := f.List[1].(*ir.Const); !ok || name.Value.V != a.Name {
		d.unsupported("%s by another name than %s", f.Name, a.Name)
		return
	}
	f.List = append(f.List, a.List[1:]...)
}
