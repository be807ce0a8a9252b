package planner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
)

// guardedAlone is the snapshot against which a guard's expressions are checked: one
// resource, with every column that can be read, and what its row filter looks values up in.
type guardedAlone struct {
	resource *policy.Resource
	lookups  map[string]*policy.Resource
}

// Identity differs where the table does: statements over the one must not answer for
// the other. The guard itself is in the statement's text.
func (g guardedAlone) Identity() string {
	text, err := json.Marshal([]any{g.resource, g.lookups})
	if err != nil { // then nothing else has its identity
		text = fmt.Appendf(nil, "%p", g.resource)
	}
	sum := sha256.Sum256(text)
	return "guard:" + hex.EncodeToString(sum[:])
}

func (g guardedAlone) Resolve(path []string) (*policy.Resource, bool) {
	if len(path) == 2 && path[0] == policy.LookupSchema {
		r, ok := g.lookups[path[1]]
		return r, ok
	}
	same := slices.EqualFunc(path, g.resource.Path, catalog.SameName)
	return g.resource, same
}

func (g guardedAlone) Resources() []*policy.Resource { return []*policy.Resource{g.resource} }

// mostArgument bounds a constant number in a policy's function.
const mostArgument = 10_000

// CheckGuard tells whether a resource's guard can be applied: whether its expressions
// pass the gate, look at the resource's own columns alone, can raise no error on any
// row, and give the types that the resource's columns have.
func (p *Planner) CheckGuard(ctx context.Context, r *policy.Resource) error {
	if r.Guard == nil {
		return nil
	}
	plain := *r
	plain.Guard, plain.Columns = nil, readableColumns(r.Table)
	path := make([]string, len(r.Path))
	for i, part := range r.Path {
		path[i] = catalog.QuoteIdent(part)
	}
	s, err := p.Prepare(ctx, guardSelect(r, strings.Join(path, ".")), guardedAlone{&plain, r.Guard.Lookups}, Options{})
	if err != nil {
		if unsure(err) {
			return &policy.Unsure{Err: err}
		}
		return err
	}
	wrong := errs.New(errs.NotAllowed, "policy_expression", msg.Args{"Resource": r.Name()})
	if s.bound == nil || len(s.Params) > 0 || len(s.Columns) != len(r.Columns) {
		return wrong
	}
	for i, c := range s.Columns {
		if !c.Type.Equal(r.Columns[i].Type) {
			return wrong
		}
	}
	ok := true
	ir.Walk(s.bound.Root, func(n ir.Node) {
		switch n := n.(type) {
		case *ir.Project, *ir.Filter, *ir.Scan:
		case *ir.Join: // a value that is looked up; what the other table is asked hangs on no row of this one
			ok = ok && n.Kind == ir.Mark && n.Delim == nil && oneEquality(n.On) && s.looksUp(n.Right, r.Guard.Lookups)
		default:
			ok = false
		}
		for _, e := range n.Exprs() {
			ir.WalkExpr(e, func(e ir.Expr) { ok = ok && cannotFail(e) })
		}
	})
	if !ok {
		return wrong
	}
	return nil
}

func oneEquality(on []ir.Expr) bool {
	if len(on) != 1 {
		return false
	}
	c, ok := on[0].(*ir.Compare)
	return ok && c.Op == ir.Eq
}

// looksUp reports whether a tree reads a lookup table and nothing else.
func (s *Statement) looksUp(n ir.Node, lookups map[string]*policy.Resource) bool {
	scans, found := 0, false
	ir.Walk(n, func(n ir.Node) {
		if scan, ok := n.(*ir.Scan); ok {
			scans++
			r := s.resource(scan.Ref)
			found = r != nil && sameTable(lookups[r.Path[len(r.Path)-1]], r)
		}
	})
	return found && scans == 1
}

// sameTable reports whether two resources are one table under one name: the statement may
// have been bound for an earlier picture of the catalogue that was just like this one.
func sameTable(a, b *policy.Resource) bool {
	return a != nil && slices.Equal(a.Path, b.Path) && a.Source == b.Source && a.Table.ID == b.Table.ID
}

// hasText are the types of which every value has a text.
var hasText = map[catalog.Kind]bool{
	catalog.Text: true, catalog.Bool: true, catalog.Date: true, catalog.Decimal: true, catalog.UUID: true,
	catalog.Int8: true, catalog.Int16: true, catalog.Int32: true, catalog.Int64: true, catalog.Uint8: true, catalog.Uint16: true, catalog.Uint32: true, catalog.Uint64: true,
}

// unsure reports whether an error says nothing of the text that was to be bound: the
// binder had no time, or its process ended.
func unsure(err error) bool {
	switch errs.CodeOf(err) {
	case errs.Timeout, errs.Canceled, errs.Internal:
		return true
	}
	var be *BindError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &be) && be.Type == "too_complex"
}

// cannotFail reports whether an expression, apart from its arguments, has a value on
// every row.
func cannotFail(e ir.Expr) bool {
	if cast, ok := e.(*ir.Cast); ok {
		if cast.Typ.Kind == catalog.Text && hasText[cast.Arg.Type().Kind] {
			return true
		}
		if c, ok := cast.Arg.(*ir.Const); ok { // such as true, which is written CAST('t' AS BOOLEAN)
			_, fits := ir.CastValue(c.Value, cast.Typ)
			return fits || rules.TotalHere(e)
		}
	}
	f, ok := e.(*ir.Func)
	if !ok {
		return rules.TotalHere(e)
	}
	if rules.TotalHere(e) {
		return true
	}
	if !policy.Functions[f.Name] {
		return false
	}
	for _, a := range f.List[min(1, len(f.List)):] {
		if a.Type().Kind == catalog.Text {
			continue
		}
		if cast, ok := a.(*ir.Cast); ok {
			a = cast.Arg
		}
		c, ok := a.(*ir.Const)
		if !ok {
			return false
		}
		n, err := strconv.ParseInt(fmt.Sprint(c.Value.V), 10, 64)
		if err != nil || n < 0 || n > mostArgument {
			return false
		}
	}
	return true
}
