package planner

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/tokenize"
)

// guardSchema holds, in a reference's catalogue, the stub over which its guard is
// bound: the table with its own columns, where the statement's stub has what the
// session sees.
const guardSchema = "_lianji_guard"

// bindGuard binds a reference's guard: a tree that gives the resource's columns in
// their order, over a scan of the table.
func (b *binding) bindGuard(ctx context.Context, ref *reference, refs []*reference) (*ir.Plan, error) {
	r := ref.resource
	own := readableColumns(r.Table)
	request := BindRequest{PlanToo: true, Stubs: []Stub{{Catalog: ref.catalog(), Schema: guardSchema, Name: ref.name, Columns: own}}}
	tables := []logical.Table{{
		Catalog: ref.catalog(), Ref: ref.number, Source: r.Source, Resource: r.Name(), Table: r.Table, Columns: own,
	}}
	var err error
	request.SQL, err = b.placeLookups(guardText(r, ref), r.Guard, len(refs), func(l *reference) {
		request.Stubs = append(request.Stubs, Stub{Catalog: l.catalog(), Schema: l.schema, Name: l.name, Columns: l.resource.Columns})
		tables = append(tables, logical.Table{
			Catalog: l.catalog(), Ref: l.number, Source: l.resource.Source, Resource: l.resource.Name(), Table: l.resource.Table, Columns: l.resource.Columns,
		})
	})
	if err != nil {
		return nil, err
	}
	bound, err := b.planner.binder.Bind(ctx, request)
	switch {
	case ctx.Err() != nil:
		return nil, errs.From(ctx.Err())
	case errors.Is(err, context.DeadlineExceeded): // the binder's own limit, for a guard that was bound before
		return nil, errs.Wrap(errs.Timeout, "timeout", nil, err)
	case err != nil:
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	if err := checkPlan(bound.Plan, slices.Concat(refs, b.lookups)); err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	plan, err := logical.Read(bound.Plan, tables)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	output := plan.Root.Output()
	if len(output) != len(r.Columns) {
		return nil, errs.Internalf("the guard of %s gives %d columns", r.Name(), len(output))
	}
	for i, c := range output {
		if !c.Type.Equal(r.Columns[i].Type) {
			return nil, errs.Internalf("the guard of %s gives column %d as %s", r.Name(), i+1, c.Type)
		}
	}
	return plan, b.tokenize(plan, r)
}

// tokenize makes tokens of what a guard's masks give of some columns. They are put into
// the tree and not into a text, so that no text that is bound can ask for one.
func (b *binding) tokenize(plan *ir.Plan, r *policy.Resource) error {
	if len(r.Guard.Tokens) == 0 {
		return nil
	}
	top, ok := plan.Root.(*ir.Project)
	if !ok || len(top.Cols) != len(r.Columns) {
		return errs.Internalf("the guard of %s is no projection", r.Name())
	}
	over, made := *top, 0
	over.Cols = slices.Clone(top.Cols)
	for i, a := range over.Cols {
		of, ok := r.Guard.Tokens[r.Columns[i].Name]
		if !ok {
			continue
		}
		if a.Type.Kind != catalog.Text {
			return errs.Internalf("the guard of %s makes tokens of %s", r.Name(), a.Type)
		}
		made++
		over.Cols[i].Expr = &ir.Func{Name: duck.TextFunction, Typ: a.Type, List: []ir.Expr{
			&ir.Const{Value: textValue(of.Handle())}, a.Expr,
		}}
		if b.made == nil {
			b.made = map[string]tokenize.Of{}
		}
		b.made[of.Handle()] = of
	}
	if made != len(r.Guard.Tokens) {
		return errs.Internalf("the guard of %s lacks a column of tokens", r.Name())
	}
	plan.Root = &over
	return nil
}

// placeLookups gives each place of a guard's text that names a lookup table a reference of
// its own, beyond those of the statement: each is read by itself.
func (b *binding) placeLookups(text string, g *policy.Guard, statement int, found func(*reference)) (string, error) {
	if len(g.Lookups) == 0 {
		return text, nil
	}
	placed, err := policy.PlaceLookups(text, func(name string) (string, error) {
		r := g.Lookups[name]
		if r == nil {
			return "", errs.Internalf("a guard looks in %s, which it does not have", name)
		}
		l := &reference{number: statement + len(b.lookups) + 1, resource: r, schema: policy.LookupSchema, name: name}
		if l.number > MaxReferences {
			return "", errs.New(errs.StatementTooComplex, "too_many_references", msg.Args{"Limit": MaxReferences})
		}
		b.lookups = append(b.lookups, l)
		found(l)
		return l.catalog(), nil
	})
	return placed, err
}

func guardText(r *policy.Resource, ref *reference) string {
	return guardSelect(r, catalog.QuoteIdent(ref.catalog())+"."+catalog.QuoteIdent(guardSchema)+"."+catalog.QuoteIdent(ref.name))
}

// guardSelect writes what a guard makes of the rows of a table.
func guardSelect(r *policy.Resource, from string) string {
	list := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		list[i] = catalog.QuoteIdent(c.Name)
		if mask, ok := r.Guard.Masks[c.Name]; ok {
			list[i] = "(" + mask + "\n) AS " + list[i]
		}
	}
	text := "SELECT " + strings.Join(list, ", ") + " FROM " + from
	if r.Guard.RowFilter != "" {
		text += " WHERE (" + r.Guard.RowFilter + "\n)"
	}
	return text
}

func readableColumns(t *catalog.Table) []catalog.Column {
	var out []catalog.Column
	for _, c := range t.Columns {
		if c.Type.Readable() {
			out = append(out, c)
		}
	}
	return out
}

// attach puts each guard between its scans and the statement.
func attach(p *ir.Plan, guards map[int]*ir.Plan) {
	if len(guards) == 0 {
		return
	}
	p.Root = ir.Transform(p.Root, func(n ir.Node) ir.Node {
		s, ok := n.(*ir.Scan)
		if !ok || guards[s.Ref] == nil {
			return n
		}
		return guarded(p, guards[s.Ref], s)
	})
}

// guarded gives the barrier that takes a scan's place and gives its columns.
func guarded(p *ir.Plan, guard *ir.Plan, s *ir.Scan) *ir.Barrier {
	below, _ := p.Copy(guard.Root)
	over := &ir.Project{Input: below}
	given := below.Output()
	exprs := make([]ir.Expr, len(given))
	for i, c := range given {
		exprs[i] = c.Ref()
	}
	if top, ok := below.(*ir.Project); ok {
		over.Input = top.Input
		for i, a := range top.Cols {
			exprs[i] = a.Expr
		}
	}
	for _, c := range s.Columns {
		over.Cols = append(over.Cols, ir.Assign{Column: c.Column, Expr: exprs[c.Position]})
	}
	return &ir.Barrier{Input: over}
}

// guardedStream gives the rows of a guarded reference to the fallback: nothing of the
// statement goes below the barrier there, and every column is read, because a stage
// cannot be asked again for more.
func (s *Statement) guardedStream(scan *Scan, guard *ir.Plan, ref int) (*Stream, error) {
	scan = scan.Whole()
	plan := ir.NewPlan()
	place := &ir.Scan{Ref: ref, Source: scan.Resource.Source, Resource: scan.Resource.Name(), Table: scan.Resource.Table}
	for _, i := range scan.Positions {
		c := scan.Resource.Columns[i]
		place.Columns = append(place.Columns, ir.ScanColumn{Column: plan.NewColumn(c.Name, c.Type), Base: c, Position: i})
	}
	plan.Root = guarded(plan, guard, place)
	if _, err := rules.RunLate(&rules.Context{Plan: plan, Dialect: s.planner.dialect}, rules.List(), s.planner.off); err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	a := &assembly{dialect: s.planner.dialect, tokens: s.tokens}
	var stream *Stream
	switch root := plan.Root.(type) {
	case *ir.Remote:
		stream = a.remote(root)
	case *ir.Barrier:
		stream = a.stage(root)
	}
	if a.reason != "" || stream == nil {
		return nil, errs.Internalf("the guard of %s: %s", scan.Resource.Name(), a.reason)
	}
	shown := scan.stream()
	stream.Shown, stream.Fetched, stream.Spool, stream.view = shown.Shown, shown.Fetched, shown.Spool, shown.view
	return stream, nil
}
