package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/residual"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy/tokenize"
)

// planTree plans the statement by its tree. Without a plan the reason says in words
// why the fallback has to do; an error is a rule's failed check, which fails the query, or ctx's.
func (s *Statement) planTree(ctx context.Context, values []catalog.Value) (*Plan, string, error) {
	c := &rules.Context{Plan: s.logical.Clone(), Dialect: s.planner.dialect, Err: ctx.Err}
	c.Plan.Root = withValues(c.Plan.Root, s.Params, values)
	fired, err := rules.RunLate(c, rules.List(), s.planner.off)
	if err != nil {
		return nil, "", err
	}
	p := &Plan{Columns: s.Columns, tree: c.Plan.Root, notes: c.Notes, fired: append(append([]string{}, s.fired...), fired...)}
	p.byText = func() (*Plan, error) {
		return s.planText(values, "DuckDB does not take the text of the tree", false)
	}
	a := &assembly{dialect: s.planner.dialect, tokens: s.tokens}
	if r, ok := c.Plan.Root.(*ir.Remote); ok {
		stream := a.remote(r)
		p.Straight, p.Streams = true, a.streams
		if a.reason == "" && !straightTypes(stream, s.Columns) {
			a.reason = "the source's columns are not those of the answer"
		}
	} else {
		names := make([]string, len(s.Columns))
		for i, col := range s.Columns {
			names[i] = col.Name
		}
		p.Text = a.write(c.Plan.Root, names)
		if slices.ContainsFunc(values, catalog.Value.IsNull) {
			p.Text = typed(p.Text, s.Columns)
		}
		p.Streams = a.streams
		s.sendKeys(c.Plan.Root, p.Streams)
	}
	if a.reason != "" {
		return nil, a.reason, nil
	}
	return p, "", nil
}

// straightTypes reports whether a stream's rows have the answer's form as they come.
func straightTypes(s *Stream, columns []catalog.Column) bool {
	if s == nil || len(s.Columns) != len(columns) {
		return false
	}
	for i, c := range s.Columns {
		t := c.Type
		if columns[i].Type.Kind == catalog.HugeInt && t.Equal(hugeOnWire) {
			continue
		}
		if !t.Equal(columns[i].Type) {
			return false
		}
	}
	return true
}

// hugeOnWire is the form in which a HUGEINT comes from a source.
var hugeOnWire = catalog.DecimalOf(38, 0)

// withValues puts the parameters' values into the tree, as typed constants.
func withValues(n ir.Node, params []Param, values []catalog.Value) ir.Node {
	if len(values) == 0 {
		return n
	}
	return ir.Transform(n, func(n ir.Node) ir.Node {
		changed := false
		for _, e := range n.Exprs() {
			ir.WalkExpr(e, func(x ir.Expr) {
				if _, ok := x.(*ir.Param); ok {
					changed = true
				}
			})
		}
		if !changed {
			return n
		}
		return n.MapExprs(func(e ir.Expr) ir.Expr {
			return ir.TransformExpr(e, func(x ir.Expr) ir.Expr {
				p, ok := x.(*ir.Param)
				if !ok || p.Number < 1 || p.Number > len(values) {
					return x
				}
				v := values[p.Number-1]
				var value ir.Expr = &ir.Const{Value: v}
				if v.IsNull() {
					return &ir.Const{Value: catalog.Value{Type: p.Typ}}
				}
				// Of the casts round a parameter DuckDB's plan has the last one alone.
				if told := params[p.Number-1].Told(); !told.Equal(v.Type) {
					value = &ir.Cast{Arg: value, Typ: told}
				}
				if value.Type().Equal(p.Typ) {
					return value
				}
				return &ir.Cast{Arg: value, Typ: p.Typ}
			})
		})
	})
}

// assembly turns a tree into texts and the streams that they read.
type assembly struct {
	dialect func(source string) dialect.Dialect
	tokens  map[string]tokenize.Of // that a stage may make, by their handles
	streams []*Stream
	reason  string // why it cannot be done; the first one
}

func (a *assembly) fail(format string, args ...any) {
	if a.reason == "" {
		a.reason = fmt.Sprintf(format, args...)
	}
}

// write gives the text of a tree for DuckDB.
func (a *assembly) write(n ir.Node, names []string) string {
	text, err := residual.Write(n, names, a.from)
	var unsupported *residual.Unsupported
	switch {
	case errors.As(err, &unsupported):
		a.fail("%s", unsupported.What)
	case err != nil:
		a.fail("%s", err)
	}
	return text
}

// from gives the rows of a border: of a source, or of policy.
func (a *assembly) from(n ir.Node) (string, bool) {
	switch n := n.(type) {
	case *ir.Remote:
		s := a.remote(n)
		if s == nil {
			return "", false
		}
		return a.shown(s, n.Output()), true
	case *ir.Barrier:
		return a.shown(a.stage(n), n.Output()), true
	case *ir.Scan:
		a.fail("source %s takes scans alone", n.Source)
	}
	return "", false
}

// shown names a stream as a FROM item.
func (a *assembly) shown(s *Stream, output []ir.Column) string {
	name := catalog.QuoteIdent(fmt.Sprintf("f%d", len(a.streams)))
	s.view = func(kind, from string) []string { return []string{"CREATE TEMP " + kind + " " + name + " AS " + from} }
	s.Shown = make([]catalog.Column, len(s.Columns))
	s.Fetched = make([]int, len(s.Columns))
	converted := false
	list := make([]string, len(output))
	for i, col := range output {
		s.Shown[i] = catalog.Column{Name: residual.Name(col.ID), Type: s.Columns[i].Type}
		s.Fetched[i] = i
		list[i] = catalog.QuoteIdent(residual.Name(col.ID))
		if !s.Columns[i].Type.Equal(col.Type) {
			converted = true
			list[i] = "CAST(" + list[i] + " AS " + col.Type.DuckDB() + ") AS " + list[i]
		}
	}
	if !converted {
		return name
	}
	return "(SELECT " + strings.Join(list, ", ") + " FROM " + name + ")"
}

// remote makes the stream of a source's part; nil when its dialect cannot write it.
func (a *assembly) remote(r *ir.Remote) *Stream {
	d := a.dialect(r.Source)
	if d == nil {
		a.fail("source %s cannot be reached", r.Source)
		return nil
	}
	text, err := d.Statement(r.Input)
	if err != nil {
		a.fail("source %s: %s", r.Source, err)
		return nil
	}
	s := &Stream{Source: r.Source, SQL: text.SQL, Values: text.Values, Columns: text.Columns, Rows: estimate(r.Input), part: r}
	if len(text.Tables) > 0 {
		s.Table, s.More = text.Tables[0], text.Tables[1:]
	}
	a.streams = append(a.streams, s)
	return s
}

// stage makes the stream of a barrier whose policy is computed here, apart from
// everything that the statement says.
func (a *assembly) stage(b *ir.Barrier) *Stream {
	own := &assembly{dialect: a.dialect}
	output := b.Output()
	names := make([]string, len(output))
	s := &Stream{Rows: estimate(b.Input), Stage: &Stage{}}
	for i, col := range output {
		names[i] = residual.Name(col.ID)
		s.Columns = append(s.Columns, catalog.Column{Name: names[i], Type: col.Type})
	}
	s.Stage.Text = own.write(b.Input, names)
	s.Stage.Streams = own.streams
	s.Stage.Tokens = a.made(b.Input)
	if own.reason != "" {
		a.fail("%s", own.reason)
	}
	a.streams = append(a.streams, s)
	return s
}

// made lists the tokens that a stage makes.
func (a *assembly) made(n ir.Node) []tokenize.Of {
	var out []tokenize.Of
	ir.Walk(n, func(n ir.Node) {
		for _, e := range n.Exprs() {
			ir.WalkExpr(e, func(e ir.Expr) {
				f, ok := e.(*ir.Func)
				if !ok || f.Name != duck.TextFunction {
					return
				}
				handle, _ := f.List[0].(*ir.Const)
				name, _ := handle.Value.V.(string)
				of, ok := a.tokens[name]
				if !ok {
					a.fail("tokens that no guard makes")
				} else if !slices.Contains(out, of) {
					out = append(out, of)
				}
			})
		}
	})
	return out
}
