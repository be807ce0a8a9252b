package oracle

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// Generator makes statements at random over tables. Every statement binds, gives
// the same rows wherever it runs, and says how much of their order is certain.
type Generator struct {
	seed   uint64
	tables []Table
}

// NewGenerator makes a generator over tables, whose rows give it the constants.
func NewGenerator(seed uint64, tables []Table) *Generator {
	return &Generator{seed: seed, tables: tables}
}

// Statement is a generated statement and what is known of it.
type Statement struct {
	SQL string
	// Unlimited is SQL without its last LIMIT and OFFSET: what the reference runs
	// when Order.Limited is set. Otherwise it is SQL.
	Unlimited string
	Order     Order
	Pairs     []Pair   // sorted, each once
	Tables    []string // the paths that it names, joined by dots, once per reference
	columns   []expr   // of the result, as the generator believes them to be
}

// Pair is a construct and the type of the column that it was used on, spelled as
// DuckDB does without parameters; empty for constructs without a column.
type Pair struct{ Construct, Type string }

func (p Pair) String() string {
	if p.Type == "" {
		return p.Construct
	}
	return p.Construct + " x " + p.Type
}

// Statement makes the statement of that number: the same seed, tables and number
// give the same statement, whatever was made before.
func (g *Generator) Statement(n uint64) Statement {
	b := &builder{r: rand.New(rand.NewPCG(g.seed, n)), tables: g.tables, pairs: map[Pair]bool{}}
	s := b.statement()
	for p := range b.pairs {
		s.Pairs = append(s.Pairs, p)
	}
	slices.SortFunc(s.Pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.Construct, b.Construct), cmp.Compare(a.Type, b.Type))
	})
	s.Tables = b.used
	return s
}

// builder holds the state of one statement in the making.
type builder struct {
	r       *rand.Rand
	tables  []Table
	aliases int
	pairs   map[Pair]bool
	used    []string
	ctes    []cte
}

// expr is an expression that can be written more than once: a column or more.
type expr struct {
	sql     string
	name    string // its name as a column of a relation or result
	typ     catalog.Type
	samples []any // values that it has, to compare with; nil when unknown
	// approx: a double whose last bits depend on the order of evaluation. It may be
	// selected, never compared, sorted, grouped or made distinct.
	approx bool
	small  bool // an integer for which arithmetic cannot overflow
}

// scope is what a FROM clause offers.
type scope struct {
	columns []expr
	keys    []string // expressions that together tell every row from the others; nil when there are none
	rows    float64  // an estimate
}

func (b *builder) note(construct string, t catalog.Type) {
	b.pairs[Pair{construct, typeWord(t)}] = true
}

// typeWord names a type without its parameters.
func typeWord(t catalog.Type) string {
	switch t.Kind {
	case catalog.Decimal:
		return "DECIMAL"
	case catalog.Text:
		return "TEXT"
	case catalog.TimestampTZ:
		return "TIMESTAMPTZ"
	case catalog.List, catalog.Struct, catalog.Map:
		return "NESTED"
	}
	return t.DuckDB()
}

func (b *builder) chance(p float64) bool { return b.r.Float64() < p }

func (b *builder) alias(prefix string) string {
	b.aliases++
	return prefix + integerText(int64(b.aliases))
}

// option is one of several things to do, as likely as its weight says.
type option struct {
	weight int
	make   func()
}

func (b *builder) one(options ...option) {
	total := 0
	for _, o := range options {
		total += o.weight
	}
	n := b.r.IntN(total)
	for _, o := range options {
		if n -= o.weight; n < 0 {
			o.make()
			return
		}
	}
}

// filter gives the expressions for which keep holds.
func filter(in []expr, keep func(expr) bool) []expr {
	var out []expr
	for _, e := range in {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

func certain(e expr) bool { return !e.approx }

var integerKinds = []catalog.Kind{catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64}

func isInteger(t catalog.Type) bool { return slices.Contains(integerKinds, t.Kind) }

func isNested(t catalog.Type) bool {
	return t.Kind == catalog.List || t.Kind == catalog.Struct || t.Kind == catalog.Map
}

// comparableWith finds expressions that may be compared with t without a cast that
// could fail.
func comparableWith(t catalog.Type) func(expr) bool {
	return func(e expr) bool {
		if e.approx {
			return false
		}
		return e.typ.Equal(t) || (isInteger(e.typ) && isInteger(t))
	}
}

// word writes an identifier: bare where that is allowed, in quotes otherwise,
// and now and then in another case, which DuckDB ignores.
func (b *builder) word(name string) string {
	bare := name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r < 0x80
	}) && !reserved[name]
	switch {
	case !bare || b.chance(0.1):
		return catalog.QuoteIdent(name)
	case b.chance(0.03):
		return strings.ToUpper(name)
	}
	return name
}

// reserved holds the names in test tables that stand for something else in SQL.
var reserved = map[string]bool{"at": true, "order": true, "day": true}

// path writes the path of a table.
func (b *builder) path(t Table) string {
	parts := make([]string, len(t.Path))
	for i, p := range t.Path {
		parts[i] = b.word(p)
	}
	b.used = append(b.used, strings.Join(t.Path, "."))
	return strings.Join(parts, ".")
}

// literal writes a constant of type t, sometimes bare where DuckDB then finds the
// type itself.
func (b *builder) literal(t catalog.Type, v any) string {
	if s, ok := v.(string); ok && t.Kind == catalog.UUID && b.chance(0.5) {
		return quote(s)
	}
	if d, ok := v.(int64); ok && t.Kind == catalog.Date {
		return choose(b.r, []string{quote(dateText(d)), "DATE " + quote(dateText(d))})
	}
	if t.Kind == catalog.Timestamp && b.chance(0.7) {
		text := quote(dateText(floorDay(v.(int64))) + " " + clockText(v.(int64)-floorDay(v.(int64))*dayMicros))
		return choose(b.r, []string{text, "TIMESTAMP " + text})
	}
	return DuckDB.Literal(t, v)
}

// constant gives a value to compare e with: mostly one that it has, so that
// answers are not empty; NULL never.
func (b *builder) constant(e expr) any {
	var have []any
	for range 8 {
		if len(e.samples) == 0 {
			break
		}
		if v := choose(b.r, e.samples); v != nil {
			have = append(have, v)
			break
		}
	}
	if len(have) > 0 && b.chance(0.85) {
		return have[0]
	}
	return sampleValue(b.r, DuckDB, e.typ)
}
