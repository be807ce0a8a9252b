package ir

import "github.com/lianji/lianji/catalog"

// Scan reads one table reference of the statement.
type Scan struct {
	Ref      int    // the reference's number in the statement, from 1; copies of an inlined CTE share it
	Source   string // the source's name
	Resource string // the published name, for people
	Table    *catalog.Table
	Columns  []ScanColumn
}

// ScanColumn is a column of a Scan: Base is what the source has, Position its
// place among the resource's columns.
type ScanColumn struct {
	Column
	Base     catalog.Column
	Position int
}

// Barrier is the border of policy: what is below it was put there by grants (a row
// filter, masks), what is above it by the statement. Nothing that can fail, or
// that tells hidden rows or unmasked values apart, moves below it. Its Input gives
// the columns that the statement sees, with masked ones under ids of their own.
type Barrier struct{ Input Node }

// Remote is the border of a source: its Input runs there, as one statement.
type Remote struct {
	Source string
	Input  Node
}

// Filter keeps the rows in which all of Preds are true.
type Filter struct {
	Input Node
	Preds []Expr
}

// Assign is a computed column.
type Assign struct {
	Column
	Expr Expr
}

// Project computes columns. One that is handed on is a *Ref to its own id.
type Project struct {
	Input Node
	Cols  []Assign
}

// JoinKind says which rows a join gives.
type JoinKind uint8

// The kinds of join. SEMI and ANTI give Left's columns: of rows for which a pair
// exists in which all of On are true, or none. MARK gives Left and a boolean: true
// where such a pair exists, else NULL where a pair's On is NULL, else false. SINGLE
// gives what LEFT gives and fails where a row has several pairs.
const (
	Inner JoinKind = iota + 1
	Left
	Right
	Full
	Semi
	Anti
	Mark
	Single
)

func (k JoinKind) String() string {
	return [...]string{"?", "inner", "left", "right", "full", "semi", "anti", "mark", "single"}[k]
}

// Join joins two inputs. Empty On pairs every row with every row.
type Join struct {
	Kind        JoinKind
	Left, Right Node
	On          []Expr // ANDed
	Mark        Column // of a Mark join
	// Delim is set while a correlated subquery is not untangled: Right then holds
	// DelimGets that give the distinct values of columns of Left.
	Delim *Delim
}

// Delim names the columns of a join's left side whose distinct values its right
// side reads. NULL is one of them where it occurs.
type Delim struct {
	ID      int // unique in the plan
	Columns []ColID
}

// DelimGet gives the distinct rows of From, columns of the left side of the join
// whose Delim has the same ID, under ids of its own.
type DelimGet struct {
	Delim   int
	Columns []Column
	From    []ColID
}

// Aggregate groups. Its output is Groups, then Aggs, then Grouping.
type Aggregate struct {
	Input  Node
	Groups []Assign
	// Sets are the grouping sets, as places in Groups; nil is one set of all Groups.
	// With no Groups and nil Sets there is exactly one row.
	Sets     [][]int
	Aggs     []Assign // of *Agg
	Grouping []GroupingCall
}

// GroupingCall is GROUPING(groups...), a bit mask.
type GroupingCall struct {
	Column
	Groups []int
}

// Key is a sort key. Nulls have a place always.
type Key struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// Sort orders rows.
type Sort struct {
	Input Node
	Keys  []Key
}

// Limit keeps Count rows after Offset rows. Each may be nil; they read no columns.
type Limit struct {
	Input         Node
	Count, Offset Expr
}

// TopN is a Limit over a Sort.
type TopN struct {
	Input         Node
	Keys          []Key
	Count, Offset Expr
}

// Distinct keeps one row of equal ones; with On, the first in the order of Keys of
// those that are equal in On.
type Distinct struct {
	Input Node
	On    []Expr
	Keys  []Key
}

// SetKind is a set operation.
type SetKind uint8

// The set operations.
const (
	Union SetKind = iota + 1
	Intersect
	Except
)

func (k SetKind) String() string { return [...]string{"?", "union", "intersect", "except"}[k] }

// SetOp combines two inputs by position: column i of the output is column i of each.
type SetOp struct {
	Kind        SetKind
	All         bool
	Left, Right Node
	Columns     []Column
}

// Window adds Calls, of *WindowCall, to its input.
type Window struct {
	Input Node
	Calls []Assign
}

// Unnest adds columns that list the elements of lists, side by side; a row without
// elements is dropped.
type Unnest struct {
	Input Node
	Calls []Assign // Expr is the list
}

// CTE makes the rows of Def readable, more than once, in Body.
type CTE struct {
	ID           int // unique in the plan
	Name         string
	Materialized bool // computed once, whatever it costs: it is not the same each time, or was asked for
	Def, Body    Node
}

// CTERef reads the columns From of the CTE's Def, under ids of its own.
type CTERef struct {
	ID      int
	Name    string
	Columns []Column
	From    []ColID
}

// Values gives rows that the statement holds.
type Values struct {
	Columns []Column
	Rows    [][]Expr
}

// TableFunction gives the rows of a generator such as range.
type TableFunction struct {
	Name    string
	Args    []Expr
	Columns []Column
}
