package gate

import "encoding/json"

// Tree is a statement that passed the gate.
type Tree struct {
	// SQL is the text that was checked: the one given to Check with comments and
	// Unicode spaces blanked, byte for byte, so that offsets are the same in both.
	SQL string
	// Tables are the references to tables, in the order in which they stand in the
	// text. References to names of WITH clauses are not among them. Here and below one
	// place in the text is one entry, although the parser may have made several nodes
	// of it: it copies the operand of CASE x WHEN and named windows.
	Tables []TableRef
	// Columns are all column names written in the statement, in the order of the text,
	// parameters of lambdas among them.
	Columns []ColumnRef
	// Replace are the names for which the gateway gives the value itself.
	Replace []Replacement
	// NonDeterministic: two runs over the same rows may answer differently, because
	// of random() and its kin or a SAMPLE.
	NonDeterministic bool
	// Longest is how many bytes of text a parameter may have, by its identifier; one
	// that is not there may have any number.
	Longest map[string]int

	root object
}

// TableRef is one place that names a table.
type TableRef struct {
	Path   []string // catalog, schema and table, as many as were written, without quotes
	Alias  string   // as written; empty for none
	Offset int      // byte offset of the name's first character in SQL; -1 if unknown
	// Uses is how often the place is read when WITH clauses are written out where
	// they are referred to: 0 in a clause that nobody refers to, which DuckDB does not
	// bind. DuckDB may write them out when it optimises.
	Uses int
	// InRecursive: the place is read again in every round of a recursive WITH.
	InRecursive bool
	// Nodes are the BASE_TABLE nodes that the parser made of the place, one mostly.
	Nodes []*Node

	bodies []*body
}

// ColumnRef is one place that names a column, or a table whose row is meant.
type ColumnRef struct {
	Names  []string // the parts as written, without quotes
	Offset int      // byte offset of the name's first character in SQL; -1 if unknown
	Nodes  []*Node
}

// ReplacementKind says what the gateway's own value is about.
type ReplacementKind uint8

// Kinds of values of the gateway's own.
const (
	Identity ReplacementKind = iota + 1 // who and where one is: current_user, current_schema ..
	Clock                               // the instant at which the statement began: now(), current_date ..
)

// Replacement is a place where a value of the gateway's own belongs.
type Replacement struct {
	Kind ReplacementKind
	Name string // in lower case
	// Call: written as a function. If not, it is a column's name to DuckDB unless no
	// table in scope has such a column.
	Call   bool
	Offset int // byte offset of the name's first character in SQL; -1 if unknown
	Nodes  []*Node
}

// JSON gives the tree for json_deserialize_sql, with whatever was changed in its
// nodes meanwhile.
func (t *Tree) JSON() ([]byte, error) { return json.Marshal(t.root) }
