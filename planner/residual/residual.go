// Package residual writes a tree as one SQL text for DuckDB: what the sources do
// not do themselves. The text means exactly what the tree means, or there is none.
//
// It holds as few SELECT levels as that allows, because each derived table may be
// a border for DuckDB's optimiser; above all a whole tree of joins is one FROM.
// Nothing in it is left to DuckDB's reading of literals: every constant has its
// type, every function its quoted name, every identifier its quotes.
package residual

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Unsupported says what of a tree cannot be written exactly; the statement then
// runs by the fallback.
type Unsupported struct{ What string }

func (e *Unsupported) Error() string { return "no text for " + e.What }

// Name gives the name of a column in the text, unquoted.
func Name(id ir.ColID) string { return "c" + strconv.Itoa(int(id)) }

// Write gives the DuckDB text of a tree. from names the rows of a leaf that is read
// from elsewhere: it is asked once for every node, outermost first, and where it
// answers true its text is an item of FROM without an alias, `(SELECT ...)` or a
// function's call, whose columns carry the names that Name gives for the node's
// Output, in its order; nothing below that node is written, and the item occurs
// once in the text. The result's columns are called names, in the order of root's
// Output, and its rows come in the order of a Sort or TopN at the root. The error
// is an *Unsupported.
func Write(root ir.Node, names []string, from func(n ir.Node) (string, bool)) (string, error) {
	w := &writer{leaves: map[ir.Node]string{}, refs: map[int]ir.Set{}, uses: map[int]int{}, inline: map[int]ir.Node{}, with: map[int]string{}, delims: map[int]string{},
		reduced: map[*ir.Aggregate]*reduction{}, joinedFew: map[*ir.Join]bool{}, named: map[ir.Node]string{}}
	w.ask(root, from)
	output := root.Output()
	if len(names) != len(output) {
		w.unsupported("a result whose columns have no names")
		return "", w.err
	}
	ids := make([]ir.ColID, len(output))
	for i, c := range output {
		ids[i] = c.ID
	}
	b := w.node(root, ir.SetOf(output))
	if !b.mayList(ids) {
		b = w.wrap(b, ir.SetOf(output))
	}
	text := w.query(b, ids, names)
	if len(w.tables) > 0 {
		text = "WITH " + strings.Join(w.tables, ", ") + " " + text
	}
	if strings.ContainsRune(text, 0) {
		w.unsupported("a name with a NUL in it")
	}
	if w.err != nil {
		return "", w.err
	}
	return text, nil
}

// writer holds the state of one text. The first thing that cannot be written stops
// nothing but makes the text worthless: err is looked at once, at the end.
type writer struct {
	err       error
	leaves    map[ir.Node]string // what from answered
	aliases   int
	tables    []string           // the items of WITH, each after those it reads
	uses      map[int]int        // how many CTERefs are written of each CTE
	refs      map[int]ir.Set     // the columns that they read
	inline    map[int]ir.Node    // a CTE written in the place of its only reference
	with      map[int]string     // a CTE's name in the text
	delims    map[int]string     // the name of a delim join's left side in the text
	named     map[ir.Node]string // the name in the text of what both sides of a join read
	reduced   map[*ir.Aggregate]*reduction
	joinedFew map[*ir.Join]bool // joins of which the right side was reduced
	fresh     ir.ColID          // ids that only the text has count down from -1
}

func (w *writer) unsupported(what string) {
	if w.err == nil {
		w.err = &Unsupported{What: what}
	}
}

// ask finds the leaves, and counts the references to CTEs above them.
func (w *writer) ask(n ir.Node, from func(ir.Node) (string, bool)) {
	if text, ok := from(n); ok {
		w.leaves[n] = text
		return
	}
	if r, ok := n.(*ir.CTERef); ok {
		w.uses[r.ID]++
		if w.refs[r.ID] == nil {
			w.refs[r.ID] = ir.Set{}
		}
		for _, id := range r.From {
			w.refs[r.ID][id] = true
		}
	}
	for _, in := range n.Inputs() {
		w.ask(in, from)
	}
}

func (w *writer) alias() string {
	w.aliases++
	return "t" + strconv.Itoa(w.aliases)
}

func (w *writer) newID() ir.ColID {
	w.fresh--
	return w.fresh
}

// ident quotes a name. DuckDB has none that is empty.
func (w *writer) ident(name string) string {
	if name == "" {
		w.unsupported("a column without a name")
	}
	return catalog.QuoteIdent(name)
}

// sorted lists a set in the order of ids, so that a tree has one text.
func sorted(s ir.Set) []ir.ColID {
	out := make([]ir.ColID, 0, len(s))
	for id, in := range s {
		if in {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

func union(a ir.Set, more ...ir.Expr) ir.Set {
	s := ir.Set{}
	for id := range a {
		s[id] = true
	}
	s.Add(more...)
	return s
}

func within(s ir.Set, columns []ir.Column) ir.Set {
	out := ir.Set{}
	for _, c := range columns {
		if s[c.ID] {
			out[c.ID] = true
		}
	}
	return out
}
