// Package dialect judges what a source does exactly and writes it as SQL. It knows no
// driver and opens no connection. <engine>.go has an engine's predicates and scans,
// <engine>tree.go its part in trees; what the engines share of trees is judged in
// judge.go and operator.go and written in write.go and writeexpr.go.
package dialect

import (
	"errors"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Verdict says what a source's answer to a predicate is worth.
type Verdict uint8

// The zero Verdict sends nothing.
const (
	None     Verdict = iota // the predicate stays here
	Superset                // the source may keep more rows; checked again here
	Exact                   // the source keeps exactly the rows DuckDB would keep
)

func (v Verdict) String() string { return [...]string{"none", "superset", "exact"}[v] }

// Op is a predicate's operator. The list is closed.
type Op uint8

// Operators of one column against constants.
const (
	Eq Op = iota + 1
	Ne
	Lt
	Le
	Gt
	Ge
	In      // one or more values, none of them NULL
	IsNull  // no value
	NotNull // no value
)

func (o Op) String() string {
	return [...]string{"", "=", "<>", "<", "<=", ">", ">=", "IN", "IS NULL", "IS NOT NULL"}[o]
}

// Predicate is `column op values`. The values have the column's type: who
// builds a predicate converts them first, or builds none.
type Predicate struct {
	Column catalog.Column
	Op     Op
	Values []catalog.Value
}

// Dialect is one engine's SQL.
type Dialect interface {
	// Name is the one in connectors.Capabilities.
	Name() string
	// Verdict judges p and gives the reason in words when it is not Exact.
	Verdict(p Predicate) (Verdict, string)
	// Scan writes the statement that reads columns of t where all of preds hold,
	// with the values in the order of their placeholders. Identifiers are always
	// quoted, values never written. columns is never empty.
	Scan(t *catalog.Table, columns []catalog.Column, preds []Predicate) (string, []catalog.Value)

	// Condition judges a condition over columns that the source gives, and gives the
	// reason in words when it is not Exact. An Exact or Superset condition cannot fail
	// on a row of a column whose Place says Hidden.
	Condition(e ir.Expr, at Columns) (Verdict, string)
	// Operator judges a node whose inputs are at the source and whose conditions were
	// judged: Exact means that the source gives the rows that DuckDB would give, in
	// the same order where the node orders. It is never Superset.
	Operator(n ir.Node, at Columns) (Verdict, string)
	// Statement writes a tree of which every condition and operator is Exact or, for
	// the conditions of a Filter, Superset. Values stand in the order of their
	// placeholders; each Columns[i] is column i of the tree's output, as the connector
	// reads it.
	Statement(n ir.Node) (Statement, error)
}

// Statement is a fragment's text.
type Statement struct {
	SQL     string
	Values  []catalog.Value
	Columns []catalog.Column  // a HugeInt of the plan comes as DECIMAL(38,0), its form in Arrow
	Tables  []catalog.TableID // that SQL reads, each once, in the order of the text
}

// Columns tells what the columns below an operator are at the source.
type Columns map[ir.ColID]Place

// Place is a column at the source.
type Place struct {
	// Base is the table's column that is handed on unchanged; nil for a computed one,
	// such as a sum.
	Base  *catalog.Column
	Table *catalog.Table // of Base
	// Hidden says that rows which a row filter hides are still there: only conditions
	// that cannot fail may look at the column.
	Hidden bool
}

// For gives the dialect of that name, or nil.
func For(name string) Dialect { return dialects[name] }

var dialects = map[string]Dialect{
	"duckdb":   duckDB{},
	"mysql":    mysql{},
	"postgres": postgres{},
	"sqlite":   sqlite{},
}

var errNotWritten = errors.New("no text for this tree")
