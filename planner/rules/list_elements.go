package rules

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
)

// constantRows gives the value that e has on each row of n, where all of them are
// constants and there are no more than a list may have.
func constantRows(n ir.Node, e ir.Expr) ([]ir.Expr, bool) {
	switch n := n.(type) {
	case *ir.Project:
		by := map[ir.ColID]ir.Expr{}
		for _, a := range n.Cols {
			by[a.ID] = a.Expr
		}
		return constantRows(n.Input, ir.Substitute(e, by))
	case *ir.Unnest:
		if one, ok := n.Input.(*ir.Values); ok && len(one.Rows) == 1 && len(n.Calls) == 1 {
			return eachElement(n.Calls[0].Column, n.Calls[0].Expr, e)
		}
	case *ir.TableFunction:
		if n.Name == "unnest" && len(n.Args) == 1 && len(n.Columns) == 1 {
			return eachElement(n.Columns[0], n.Args[0], e)
		}
	}
	return nil, false
}

// eachElement gives the values of e, over one column that has the elements of a list.
func eachElement(column ir.Column, list, e ir.Expr) ([]ir.Expr, bool) {
	elements, ok := elementsOf(list, column.Type)
	for i, x := range elements {
		elements[i] = fold(ir.Substitute(e, map[ir.ColID]ir.Expr{column.ID: x}))
		if _, constant := elements[i].(*ir.Const); !constant {
			return nil, false
		}
	}
	return elements, ok
}

// elementsOf gives the elements of a constant list as constants of a type, where there
// are no more than a list may have.
func elementsOf(list ir.Expr, t catalog.Type) ([]ir.Expr, bool) {
	if of := list.Type(); of.Kind != catalog.List || !of.Elem.Equal(t) {
		return nil, false
	}
	switch list := list.(type) {
	case *ir.Const:
		return nil, list.Value.IsNull()
	case *ir.Func:
		if list.Name != "list_value" || len(list.List) > dialect.MaxList {
			return nil, false
		}
		return castAll(list.List, t)
	case *ir.Cast:
		if list.Try {
			return nil, false
		}
		if from := list.Arg.Type(); from.Kind == catalog.List {
			elements, ok := elementsOf(list.Arg, *from.Elem)
			if !ok {
				return nil, false
			}
			return castAll(elements, t)
		}
		if text, ok := list.Arg.(*ir.Const); ok && text.Value.Type.Kind == catalog.Text {
			return readElements(text.Value, t)
		}
	}
	return nil, false
}

// readElements reads the text of a list.
func readElements(text catalog.Value, t catalog.Type) ([]ir.Expr, bool) {
	if text.IsNull() {
		return nil, true
	}
	items, ok := ir.ListItems(text.V.(string), dialect.MaxList)
	if !ok {
		return nil, false
	}
	elements := make([]ir.Expr, len(items))
	for i, item := range items {
		v := catalog.Value{Type: catalog.Type{Kind: catalog.Text}}
		if item != nil {
			v.V = *item
		}
		elements[i] = &ir.Const{Value: v}
	}
	return castAll(elements, t)
}

// castAll brings constants to a type, where DuckDB's cast gives that very value.
func castAll(list []ir.Expr, t catalog.Type) ([]ir.Expr, bool) {
	out := make([]ir.Expr, len(list))
	for i, e := range list {
		c, ok := e.(*ir.Const)
		if !ok {
			return nil, false
		}
		v, ok := ir.CastValue(c.Value, t)
		if !ok {
			return nil, false
		}
		out[i] = &ir.Const{Value: v}
	}
	return out, true
}
