package dialect

import (
	"math/big"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

// Entry says what a dialect's source does with one of DuckDB's functions, operators
// or casts, or with a part of SQL, for arguments of some types. A dialect's entries
// are all that it knows: what has none stays here. docs/pushdown.md is made of them.
type Entry struct {
	// Names are DuckDB's as it binds them, operators too, divided by ", ": more than one
	// where they are the same. A function that a constant tells what to do has it behind
	// its name: "date_trunc month". Parts of SQL are in capitals.
	Names string
	Args  []Kinds // one an argument; nil where there is none, or where Any says so
	Any   bool    // any number of arguments, one at least, each as Args[0] says
	To    Kinds   // the kinds of the result; nil where the name and the arguments tell

	Verdict Verdict
	// Text is the source's SQL, with #1, #2 for the arguments and #t for the type of
	// the result. Parts of SQL have none: write.go writes them.
	Text   string
	Reason string // why the verdict is not exact
	Only   string // what is asked beyond the types

	// NeverFails says that the source computes it for every value of its arguments.
	// Only that may be asked of rows that a row filter hides, or in a condition.
	NeverFails bool
	// Overflows says that it fails where the result does not fit its type, here and at
	// the source, and nowhere else: with arguments that are small enough it never fails.
	Overflows bool

	only func(args []ir.Expr) bool                        // Only, in code; nil for nothing
	most func(args []*big.Float, rounds bool) *big.Float  // bound of the result's magnitude; nil is its type's
	open bool                                             // of Overflows: Text does not fail by itself
	call func(args []ir.Expr, result catalog.Type) string // in the place of Text, where it hangs on more
}

// Kinds is a set of types.
type Kinds []catalog.Kind

func (k Kinds) has(t catalog.Type) bool { return slices.Contains(k, t.Kind) }

// String lists the types as DuckDB spells them.
func (k Kinds) String() string {
	if len(k) == len(everything) {
		return "any"
	}
	words := make([]string, len(k))
	for i, kind := range k {
		words[i] = catalog.Type{Kind: kind}.DuckDB()
		if kind == catalog.Decimal {
			words[i] = "DECIMAL"
		}
	}
	return strings.Join(words, ", ")
}

func (k Kinds) and(more ...catalog.Kind) Kinds { return append(slices.Clone(k), more...) }

// Sets of types that entries name.
var (
	texts      = Kinds{catalog.Text}
	dates      = Kinds{catalog.Date}
	moments    = Kinds{catalog.Timestamp}
	decimals   = Kinds{catalog.Decimal}
	wholes     = Kinds{catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64}
	bigints    = Kinds{catalog.Int64}
	truths     = Kinds{catalog.Bool}
	floating   = Kinds{catalog.Float32, catalog.Float64}
	naturals   = Kinds{catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64}
	everything = func() Kinds {
		var all Kinds
		for k := catalog.Invalid + 1; k <= catalog.Null; k++ {
			all = append(all, k)
		}
		return all
	}()
)

// entries is a dialect's table.
type entries struct {
	list   []Entry
	byName map[string][]int
}

func tableOf(parts ...[]Entry) *entries {
	t := &entries{byName: map[string][]int{}}
	for _, p := range parts {
		for _, e := range p {
			for _, name := range strings.Split(e.Names, ", ") {
				t.byName[name] = append(t.byName[name], len(t.list))
			}
			t.list = append(t.list, e)
		}
	}
	return t
}

// find gives the first entry of that name for arguments of these types; nil when
// there is none. A result of no kind is not asked for.
func (t *entries) find(name string, result catalog.Type, args ...catalog.Type) *Entry {
	for _, i := range t.byName[name] {
		if e := &t.list[i]; e.takes(args) && (e.To == nil || e.To.has(result)) {
			return e
		}
	}
	return nil
}

func (e *Entry) takes(args []catalog.Type) bool {
	if e.Any {
		return len(args) > 0 && !slices.ContainsFunc(args, func(t catalog.Type) bool { return !e.Args[0].has(t) })
	}
	if len(args) != len(e.Args) {
		return false
	}
	for i, t := range args {
		if !e.Args[i].has(t) {
			return false
		}
	}
	return true
}

// part judges a part of SQL over a column of type t.
func (t *entries) part(name string, over catalog.Type) (Verdict, string) {
	e := t.find(name, catalog.Type{}, over)
	switch {
	case e == nil:
		return None, notCompared(over)
	case e.Verdict == None:
		return None, e.Reason
	}
	return e.Verdict, e.Reason
}

func notCompared(t catalog.Type) string {
	return "values of the type " + t.DuckDB() + " are not compared with each other at the source"
}

// whole judges a part of SQL that is of no type; reason is empty when it is exact.
func (t *entries) whole(name string) string {
	e := t.find(name, catalog.Type{})
	switch {
	case e == nil:
		return "not an operator that sources are given"
	case e.Verdict != Exact:
		return e.Reason
	}
	return ""
}

// Entries gives the table of a dialect, in the order in which it is looked through.
func Entries(d Dialect) []Entry {
	if l, ok := d.(judging); ok {
		return slices.Clone(l.table().list)
	}
	return nil
}
