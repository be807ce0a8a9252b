package planner

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner/gate"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/planjson"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/tokenize"
)

// binding takes one text through gate and binder.
type binding struct {
	planner  *Planner
	snapshot policy.Snapshot
	user     string // the text as the person sent it
	tokens   []sqltext.Param
	options  Options
	names    []string               // of the parameters, in order of their numbers
	types    map[int]cast           // by number: the cast that is written round it
	sampled  []int                  // by number: parameters whose type was guessed
	made     map[string]tokenize.Of // that guards make, by their handles
	lookups  []*reference           // of guards
	// shields are the casts that are written right round parameters, by where these start.
	shields map[int]gate.CastOfParam
}

// cast is what is written round a parameter.
type cast struct {
	typ catalog.Type // Invalid for some of those below
	// viaText is set for types whose values are handed over as text: DuckDB's spelling.
	viaText string
	probe   bool // to learn from its refusal; no parameter gets it
}

// attempt is the text in one choice of parameter types, gated.
type attempt struct {
	text string        // with casts, and each reference in a catalogue of its own
	back func(int) int // from text into the user's text
	refs []*reference
	// longest is how many bytes of text a parameter may have, by its number in digits.
	longest map[string]int
}

func (b *binding) run(ctx context.Context) (*Statement, error) {
	b.number()
	if err := b.look(ctx); err != nil {
		return nil, err
	}
	var first error
	for _, types := range b.said() {
		b.types = types
		bound, a, err := b.infer(ctx)
		if err == nil {
			return b.finish(ctx, bound, a)
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// said gives the types of parameters with which the statement is tried in turn: the place may
// want another than a NULL without a type has, or than the one that was declared, where that
// is not the value's own.
func (b *binding) said() []map[int]cast {
	all, typed, exact := map[int]cast{}, map[int]cast{}, map[int]cast{}
	for n, name := range b.names {
		t := b.options.declared(name)
		if t.Kind == catalog.Invalid {
			continue
		}
		all[n+1] = castOf(t)
		if t.Kind != catalog.Null {
			typed[n+1] = castOf(t)
		}
		if b.options.exact(name) {
			exact[n+1] = castOf(t)
		}
	}
	tries := []map[int]cast{all}
	if len(typed) < len(all) {
		tries = append(tries, typed)
	}
	if len(typed) > len(exact) {
		tries = append(tries, exact)
	}
	return tries
}

// number gives every parameter token its number: ? in order of appearance, $name
// in order of first appearance.
func (b *binding) number() {
	for i := range b.tokens {
		t := &b.tokens[i]
		switch {
		case t.Name == "": // ?
			b.names = append(b.names, strconv.Itoa(len(b.names)+1))
			t.Number = len(b.names)
		case t.Number > 0:
			for len(b.names) < t.Number {
				b.names = append(b.names, strconv.Itoa(len(b.names)+1))
			}
		default:
			for k, n := range b.names {
				if n == t.Name {
					t.Number = k + 1
				}
			}
			if t.Number == 0 {
				b.names = append(b.names, t.Name)
				t.Number = len(b.names)
			}
		}
	}
}

// gated writes the casts, passes the gate and gives each table reference its place.
func (b *binding) gated(ctx context.Context) (*attempt, error) {
	ctx, span := tracing.Start(ctx, tracing.Gate)
	defer span.End()
	var edits []edit
	for _, t := range b.tokens {
		with := "$" + strconv.Itoa(t.Number)
		if c, ok := b.types[t.Number]; ok {
			if c.viaText != "" {
				with = "CAST(CAST(" + with + " AS VARCHAR) AS " + c.viaText + ")"
			} else {
				with = "CAST(" + with + " AS " + c.typ.DuckDB() + ")"
			}
		}
		edits = append(edits, edit{at: t.Start, length: t.End - t.Start, with: b.shielded(t, with)})
	}
	casted, toUser := applyEdits(b.user, edits)
	tree, err := b.check(ctx, casted)
	if err != nil {
		return nil, b.placed(err, toUser)
	}
	casted = tree.SQL // what was checked is what runs
	if len(tree.Tables) > MaxReferences {
		return nil, errs.New(errs.StatementTooComplex, "too_many_references", msg.Args{"Limit": MaxReferences})
	}
	slices.SortStableFunc(tree.Tables, func(x, y gate.TableRef) int { return x.Offset - y.Offset })
	a := &attempt{longest: tree.Longest}
	edits = nil
	for i, t := range tree.Tables {
		at := toUser(t.Offset)
		resource, ok := b.snapshot.Resolve(t.Path)
		path := t.Path
		if ok && len(path) == 1 { // the snapshot says which schema is meant
			path = resource.Path
		}
		if !ok || len(path) < 2 || len(path) > 3 {
			return nil, unknownTable(b.snapshot, t.Path).At(b.user, at)
		}
		if t.Offset < 0 {
			return nil, errs.New(errs.NotSupported, "reference_without_place", msg.Args{"Name": resource.Name()})
		}
		ref := &reference{number: i + 1, resource: resource, schema: path[len(path)-2], name: t.Path[len(t.Path)-1], spool: t.InRecursive}
		e := edit{at: t.Offset, with: catalog.QuoteIdent(ref.catalog()) + "."}
		switch len(t.Path) {
		case 1:
			e.with += catalog.QuoteIdent(ref.schema) + "."
		case 3:
			first, ok := sqltext.Identifier(casted, t.Offset)
			if !ok {
				return nil, errs.New(errs.NotSupported, "reference_without_place", msg.Args{"Name": resource.Name()})
			}
			e.length, e.with = first-t.Offset, catalog.QuoteIdent(ref.catalog())
			ref.prefix = t.Path[0] + "."
		}
		edits = append(edits, e)
		a.refs = append(a.refs, ref)
	}
	for _, r := range tree.Replace {
		if r.Kind == gate.Identity && (r.Call || !anyColumn(a.refs, r.Name)) {
			return nil, notAllowed(r.Name).At(b.user, toUser(r.Offset))
		}
	}
	qualified, err := b.qualified(tree, casted, a.refs, toUser)
	if err != nil {
		return nil, err
	}
	var toCasted func(int) int
	a.text, toCasted = applyEdits(casted, append(edits, qualified...))
	a.back = func(offset int) int { return toUser(toCasted(offset)) }
	return a, nil
}

// qualified rewrites columns that name their table by all three parts: the first
// one is the reference's catalogue here.
func (b *binding) qualified(tree *gate.Tree, text string, refs []*reference, toUser func(int) int) ([]edit, error) {
	var edits []edit
	for _, c := range tree.Columns {
		if len(c.Names) < 4 || c.Offset < 0 {
			continue
		}
		var found *reference
		for i, t := range tree.Tables {
			if len(t.Path) == 3 && samePath(t.Path, c.Names[:3]) {
				if found != nil {
					return nil, errs.New(errs.AmbiguousName, "ambiguous_name", nil).At(b.user, toUser(c.Offset))
				}
				found = refs[i]
			}
		}
		if found == nil {
			continue
		}
		if end, ok := sqltext.Identifier(text, c.Offset); ok {
			edits = append(edits, edit{at: c.Offset, length: end - c.Offset, with: catalog.QuoteIdent(found.catalog())})
		}
	}
	return edits, nil
}

// anyColumn reports whether a table of the statement has a column of that name. A
// word such as current_user is DuckDB's own only where none has.
func anyColumn(refs []*reference, name string) bool {
	for _, ref := range refs {
		for _, c := range ref.resource.Columns {
			if catalog.SameName(c.Name, name) {
				return true
			}
		}
	}
	return false
}

// placed moves an error's position from the gated text into the user's.
func (b *binding) placed(err error, toUser func(int) int) error {
	e := errs.From(err)
	if e.Pos == nil {
		return e
	}
	return e.At(b.user, toUser(e.Pos.Offset))
}

func (b *binding) request(a *attempt, plan bool) BindRequest {
	r := BindRequest{SQL: a.text, PlanToo: plan, PlanFirst: len(b.names) == 0}
	for _, ref := range a.refs {
		r.Stubs = append(r.Stubs, Stub{Catalog: ref.catalog(), Schema: ref.schema, Name: ref.name, Columns: ref.resource.Columns})
	}
	return r
}

// guard binds what policy puts between the statement and its tables.
func (b *binding) guard(ctx context.Context, s *Statement) error {
	for _, ref := range s.refs {
		if ref.resource.Guard == nil {
			continue
		}
		plan, err := b.bindGuard(ctx, ref, s.refs)
		if err != nil {
			return err
		}
		if s.guards == nil {
			s.guards = map[int]*ir.Plan{}
		}
		s.guards[ref.number] = plan
		s.tokens, s.lookups = b.made, b.lookups
	}
	return nil
}

// decodeLogical reads the plan into the tree, or notes why the tree cannot hold it.
func (s *Statement) decodeLogical(ctx context.Context, tree *planjson.Value) error {
	var tables []logical.Table
	for _, ref := range s.refs {
		r := ref.resource
		tables = append(tables, logical.Table{
			Catalog: ref.catalog(), Ref: ref.number, Source: r.Source, Resource: r.Name(), Table: r.Table, Columns: r.Columns,
		})
	}
	plan, err := logical.Read(tree, tables)
	var unsupported *logical.Unsupported
	switch {
	case errors.As(err, &unsupported):
		s.fallback = unsupported.What
	case err != nil:
		return errs.Wrap(errs.NotSupported, "plan_not_known", nil, err)
	default:
		attach(plan, s.guards)
		s.bound = plan
		if s.planner.byText {
			s.fallback = "it was asked for"
			return nil
		}
		s.logical = plan.Clone()
		return s.early(ctx)
	}
	return nil
}

// early runs the rules that need no values.
func (s *Statement) early(ctx context.Context) error {
	var err error
	s.fired, err = rules.RunEarly(&rules.Context{Plan: s.logical, Err: ctx.Err}, rules.List(), s.planner.off)
	if err != nil {
		return errs.From(err)
	}
	return nil
}

// bindError makes the person's error of the binder's.
func (b *binding) bindError(ctx context.Context, err error, a *attempt) error {
	var be *BindError
	if !errors.As(err, &be) {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil { // the binder's own limit
			return errs.Wrap(errs.StatementTooComplex, "bind_too_long", nil, err)
		}
		return errs.From(err)
	}
	e := b.explainRefusal(be, a)
	e.Detail, e.Err = be.detail(), be
	if be.Position >= 0 && be.Position <= len(a.text) {
		return e.At(b.user, a.back(be.Position))
	}
	return e
}
