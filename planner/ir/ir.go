// Package ir holds the planner's relational tree: typed, with columns that have
// stable ids instead of positions. Nodes and expressions are never changed once
// they are made; a rule makes new ones. Everything prints itself by one printer.
package ir

import "github.com/lianji/lianji/catalog"

// ColID names a column of one plan. The zero ColID is no column.
type ColID int32

// Column is a column that a node gives.
type Column struct {
	ID   ColID
	Name string // for people; two columns may share it
	Type catalog.Type
}

// Ref gives the expression that reads the column.
func (c Column) Ref() *Ref { return &Ref{ID: c.ID, Name: c.Name, Typ: c.Type} }

// Node is an operator. Every id in a plan is made by one node only; a node that
// hands a column on keeps its id.
type Node interface {
	// Output lists the columns that the node gives, in order. It is never empty, and
	// no id is in it twice.
	Output() []Column
	// Inputs lists the nodes below, left first.
	Inputs() []Node
	// With gives a copy over other inputs, as many as Inputs has.
	With(inputs []Node) Node
	// Exprs lists the node's own expressions, in a fixed order.
	Exprs() []Expr
	// MapExprs gives a copy in which f replaced each of Exprs.
	MapExprs(f func(Expr) Expr) Node
}

// Expr is a typed expression over the columns of its node's inputs.
type Expr interface {
	Type() catalog.Type
	// Args lists the expressions below.
	Args() []Expr
	// WithArgs gives a copy over other arguments, as many as Args has.
	WithArgs(args []Expr) Expr
}

// Plan is a tree and what must stay true of it.
type Plan struct {
	Root       Node
	last       ColID
	lastNumber int
}

// NewPlan makes an empty plan, whose ids begin at 1.
func NewPlan() *Plan { return &Plan{} }

// NewID gives an id that the plan does not have yet.
func (p *Plan) NewID() ColID {
	p.last++
	return p.last
}

// NewNumber gives a number for a delim join or a CTE that the plan does not have yet.
func (p *Plan) NewNumber() int {
	p.lastNumber++
	return p.lastNumber
}

// NewColumn gives a column with an id of its own.
func (p *Plan) NewColumn(name string, t catalog.Type) Column {
	return Column{ID: p.NewID(), Name: name, Type: t}
}

// Clone gives a plan with the same tree whose new ids do not meet p's.
func (p *Plan) Clone() *Plan {
	c := *p
	return &c
}
