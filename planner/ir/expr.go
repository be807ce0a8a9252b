package ir

import "github.com/lianji/lianji/catalog"

// Bool is the type of every condition.
var Bool = catalog.Type{Kind: catalog.Bool}

// Ref reads a column of an input.
type Ref struct {
	ID   ColID
	Name string // for people
	Typ  catalog.Type
}

// Const is a constant. Its Value has the forms that catalog.Value names; a HugeInt
// is a string of digits, an Interval a string such as "1 months 2 days 3 microseconds".
type Const struct{ Value catalog.Value }

// Param is a parameter of the statement, by its number from 1.
type Param struct {
	Number int
	Typ    catalog.Type
}

// Cast converts. Try gives NULL where the other would fail.
type Cast struct {
	Arg Expr
	Typ catalog.Type
	Try bool
}

// Func calls a scalar function of DuckDB by its name, operators such as "+" too. The
// arguments have the types that the function was bound with.
type Func struct {
	Name string
	List []Expr
	Typ  catalog.Type
}

// CompareOp is a comparison.
type CompareOp uint8

// The comparisons. The last two take NULL for a value like others.
const (
	Eq CompareOp = iota + 1
	Ne
	Lt
	Le
	Gt
	Ge
	IsDistinct
	IsNotDistinct
)

func (o CompareOp) String() string {
	return [...]string{"?", "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"}[o]
}

// Flip gives the comparison with its sides exchanged.
func (o CompareOp) Flip() CompareOp {
	switch o {
	case Lt:
		return Gt
	case Le:
		return Ge
	case Gt:
		return Lt
	case Ge:
		return Le
	}
	return o
}

// Compare compares two values of one type.
type Compare struct {
	Op          CompareOp
	Left, Right Expr
}

// And is true where all of List are; Or where one is.
type And struct{ List []Expr }

// Or is true where one of List is.
type Or struct{ List []Expr }

// Not negates; NULL stays NULL.
type Not struct{ Arg Expr }

// IsNull tells whether Arg is NULL, or with Negated whether it is not.
type IsNull struct {
	Arg     Expr
	Negated bool
}

// In tells whether Arg equals one of List, with SQL's NULL.
type In struct {
	Arg     Expr
	List    []Expr
	Negated bool
}

// Coalesce gives the first of List that is not NULL.
type Coalesce struct{ List []Expr }

// Case gives the Then of the first When that is true, else Else, which is never nil.
type Case struct {
	When, Then []Expr
	Else       Expr
	Typ        catalog.Type
}

// Agg is a call of an aggregate; it stands in Aggregate.Aggs only. count(*) is
// "count_star" without arguments.
type Agg struct {
	Name     string
	List     []Expr
	Distinct bool
	Filter   Expr // or nil
	Order    []Key
	Typ      catalog.Type
}

// WindowCall is a call of a window function; it stands in Window.Calls only.
type WindowCall struct {
	Name        string // row_number, rank, lag, ..., or an aggregate's
	Aggregate   bool
	List        []Expr
	Partition   []Expr
	Order       []Key
	ArgOrder    []Key
	Filter      Expr // or nil
	Distinct    bool
	IgnoreNulls bool
	Frame       Frame
	Typ         catalog.Type
}

// Frame is a window's frame. From and To are for PRECEDING and FOLLOWING, else nil.
type Frame struct {
	Unit     string // ROWS, RANGE, GROUPS
	Start    string // UNBOUNDED PRECEDING, CURRENT ROW, PRECEDING, FOLLOWING
	From     Expr
	End      string // UNBOUNDED FOLLOWING, CURRENT ROW, PRECEDING, FOLLOWING
	To       Expr
	Exclude  string // "", CURRENT ROW, GROUP, TIES
	Explicit bool   // false for functions that take no frame, such as row_number
}

// Type implements Expr.
func (e *Ref) Type() catalog.Type { return e.Typ }

// Type implements Expr.
func (e *Const) Type() catalog.Type { return e.Value.Type }

// Type implements Expr.
func (e *Param) Type() catalog.Type { return e.Typ }

// Type implements Expr.
func (e *Cast) Type() catalog.Type { return e.Typ }

// Type implements Expr.
func (e *Func) Type() catalog.Type { return e.Typ }

// Type implements Expr.
func (*Compare) Type() catalog.Type { return Bool }

// Type implements Expr.
func (*And) Type() catalog.Type { return Bool }

// Type implements Expr.
func (*Or) Type() catalog.Type { return Bool }

// Type implements Expr.
func (*Not) Type() catalog.Type { return Bool }

// Type implements Expr.
func (*IsNull) Type() catalog.Type { return Bool }

// Type implements Expr.
func (*In) Type() catalog.Type { return Bool }

// Type implements Expr.
func (e *Coalesce) Type() catalog.Type { return e.List[0].Type() }

// Type implements Expr.
func (e *Case) Type() catalog.Type { return e.Typ }

// Type implements Expr.
func (e *Agg) Type() catalog.Type { return e.Typ }

// Type implements Expr.
func (e *WindowCall) Type() catalog.Type { return e.Typ }
