package dialect

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// loose is a dialect whose comparisons of text keep too many rows.
type loose struct{}

func (loose) table() *entries { return postgresTable }

func (loose) Verdict(p Predicate) (Verdict, string) {
	if p.Column.Type.Kind == catalog.Text && p.Op != IsNull && p.Op != NotNull {
		return Superset, "case is folded"
	}
	return Exact, ""
}

func (loose) pair(ir.CompareOp, Place, Place) (Verdict, string) { return Superset, "case is folded" }

func (loose) matching(catalog.Column, match) (Verdict, string) { return None, "no prefixes" }

func (loose) mayFail(Place) string { return "" }

// More rows of a part are more rows of the whole, but never under NOT.
func TestSupersets(t *testing.T) {
	typ := catalog.Type{Kind: catalog.Text}
	base := catalog.Column{Name: "x", Type: typ}
	x := &ir.Ref{ID: 1, Name: "x", Typ: typ}
	at := Columns{1: {Base: &base}}
	a := &ir.Const{Value: catalog.Value{Type: typ, V: "a"}}
	loosely := &ir.Compare{Op: ir.Eq, Left: x, Right: a}
	exactly := &ir.IsNull{Arg: x}
	nothing := &ir.Func{Name: "~~", List: []ir.Expr{x, &ir.Const{Value: catalog.Value{Type: typ, V: "a%"}}}, Typ: ir.Bool}
	for _, c := range []struct {
		name string
		e    ir.Expr
		want Verdict
	}{
		{"a comparison", loosely, Superset},
		{"two columns", &ir.Compare{Op: ir.Eq, Left: x, Right: x}, Superset},
		{"a list", &ir.In{Arg: x, List: []ir.Expr{a}}, Superset},
		{"and", &ir.And{List: []ir.Expr{exactly, loosely}}, Superset},
		{"or", &ir.Or{List: []ir.Expr{loosely, exactly}}, Superset},
		{"or of exact ones", &ir.Or{List: []ir.Expr{exactly, exactly}}, Exact},
		{"or with what stays", &ir.Or{List: []ir.Expr{loosely, nothing, exactly}}, None},
		{"and with what stays", &ir.And{List: []ir.Expr{loosely, nothing, exactly}}, None},
		{"not", &ir.Not{Arg: loosely}, None},
		{"not of an exact one", &ir.Not{Arg: exactly}, Exact},
		{"not of both", &ir.Not{Arg: &ir.And{List: []ir.Expr{exactly, loosely}}}, None},
		{"outside of a list", &ir.In{Arg: x, List: []ir.Expr{a}, Negated: true}, None},
		{"distinct from", &ir.Compare{Op: ir.IsDistinct, Left: x, Right: a}, None},
		{"not distinct from", &ir.Compare{Op: ir.IsNotDistinct, Left: x, Right: a}, None},
	} {
		v, reason := condition(loose{}, c.e, at)
		if v != c.want || (v == Exact) != (reason == "") {
			t.Errorf("%s: %s (%q), want %s", c.name, v, reason, c.want)
		}
	}
}
