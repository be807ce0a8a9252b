package gate

import (
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/sqltext"
)

// PreCheck is what Check does before DuckDB's parser sees a text, for one that is parsed
// elsewhere and has at most so many nodes. The error is an *errs.Error.
func PreCheck(sql string, nodes int) error {
	if err := preCheck(sql, Limits{Nodes: nodes}.withDefaults()); err != nil {
		return errs.From(err)
	}
	return nil
}

// preCheck bounds, from the tokens alone, what the parser will make of a text: it
// copies the operand of CASE x WHEN for every WHEN, a named window for every OVER,
// the source of a PIVOT for every ON without a list, and the order of an ARRAY(..).
// Nested, these turn some hundred bytes into gigabytes before there is a tree to
// count. The bound may be too high for odd texts, never too low.
func preCheck(sql string, limits Limits) error {
	tokens, err := sqltext.Tokens(sql)
	if err != nil {
		return err
	}
	p := &prechecker{sql: sql, tokens: tokens, words: make([]string, len(tokens)), frames: []frame{{}}}
	for i, t := range tokens {
		p.words[i] = t.Keyword(sql)
	}
	words, literals := 0, 0
	for i, t := range tokens {
		switch {
		case t.Kind == sqltext.String || t.Kind == sqltext.Number:
			literals++
		case p.isLiteralWord(i):
		case t.Kind == sqltext.Word || t.Kind == sqltext.Quoted || t.Kind == sqltext.Placeholder:
			words++
		}
		// A list of plain values may hold as many of them as constants are allowed, and
		// a part of a statement takes few words.
		switch {
		case literals > limits.Constants:
			return errs.New(errs.StatementTooComplex, "gate_too_many_constants", msg.Args{"Max": limits.Constants}).At(sql, t.Start)
		case words > wordsPerNode*limits.Nodes:
			return errs.New(errs.StatementTooComplex, "gate_too_many_nodes", msg.Args{"Max": limits.Nodes}).At(sql, t.Start)
		}
		p.token(i)
	}
	if extra := p.close() - int64(len(tokens)+len(sql)/bytesPerUnit); extra > copiesPerNode*int64(limits.Nodes) {
		return errs.New(errs.StatementTooComplex, "gate_too_expanded", msg.Args{"Max": limits.Expanded})
	}
	return nil
}

const (
	wordsPerNode  = 4
	copiesPerNode = 10
)

// frame is an open bracket or an open CASE.
type frame struct {
	isCase    bool
	cost      int64 // tokens within, copies counted
	operand   int64 // CASE: of these, the operand's
	inOperand bool
	whens     int64

	array   bool  // the bracket follows ARRAY
	ordered bool  // ORDER stands right within
	pivots  bool  // PIVOT stands right within
	commas  int64 // right within
	windows bool  // in the WINDOW clause right within
	isDef   bool  // the bracket defines a named window
	largest int64 // the costliest definition within
	overs   int64 // OVER name, within at any level
}

type prechecker struct {
	sql    string
	tokens []sqltext.Token
	words  []string // the tokens as keywords
	frames []frame
}

func (p *prechecker) word(i int) string {
	if i < 0 || i >= len(p.words) {
		return ""
	}
	return p.words[i]
}

func (p *prechecker) is(i int, sign string) bool {
	return i >= 0 && i < len(p.tokens) && p.tokens[i].Is(p.sql, sign)
}

// isLiteralWord reports whether a word is a value itself or types the string behind it.
func (p *prechecker) isLiteralWord(i int) bool {
	switch p.word(i) {
	case "NULL", "TRUE", "FALSE":
		return true
	case "":
		return false
	}
	return i+1 < len(p.tokens) && p.tokens[i+1].Kind == sqltext.String
}

// isName reports whether a keyword can only be a name where it stands.
func (p *prechecker) isName(i int) bool {
	return p.is(i-1, ".") || p.word(i-1) == "AS" || p.is(i+1, ":") || p.is(i+1, ":=") || p.is(i+1, "=>")
}

func (p *prechecker) top() *frame { return &p.frames[len(p.frames)-1] }

// bracket gives the innermost open bracket.
func (p *prechecker) bracket() *frame {
	for i := len(p.frames) - 1; i > 0; i-- {
		if !p.frames[i].isCase {
			return &p.frames[i]
		}
	}
	return &p.frames[0]
}

func (p *prechecker) add(n int64) {
	f := p.top()
	f.cost = saturate(f.cost + n)
	if f.inOperand {
		f.operand = saturate(f.operand + n)
	}
}

const saturated = int64(1) << 40

func saturate(n int64) int64 { return min(n, saturated) }

func (p *prechecker) token(i int) {
	t := p.tokens[i]
	p.add(int64(1 + (t.End-t.Start)/bytesPerUnit)) // a long string is copied as well
	if t.Kind == sqltext.Punct {
		p.punct(i)
		return
	}
	if t.Kind != sqltext.Word || p.isName(i) {
		return
	}
	p.keyword(i)
}

func (p *prechecker) punct(i int) {
	switch p.tokens[i].Text(p.sql) {
	case "(", "[", "{":
		p.frames = append(p.frames, frame{
			array: p.word(i-1) == "ARRAY" || p.is(i-1, "(") && p.top().array, // ARRAY((SELECT ..)) too
			isDef: p.bracket().windows && p.word(i-1) == "AS",
		})
	case ")", "]", "}":
		for p.top().isCase {
			p.pop()
		}
		if len(p.frames) > 1 {
			p.pop()
		}
	case ",":
		p.bracket().commas++
	}
}

func (p *prechecker) keyword(i int) {
	switch p.word(i) {
	case "CASE":
		p.frames = append(p.frames, frame{isCase: true, inOperand: p.word(i+1) != "WHEN"})
	case "WHEN":
		if f := p.top(); f.isCase {
			f.inOperand = false
			f.whens++
		}
	case "END":
		if p.top().isCase {
			p.pop()
		}
	case "ORDER":
		p.bracket().ordered = true
		p.bracket().windows = false
	case "LIMIT", "UNION", "EXCEPT", "INTERSECT", "QUALIFY", "SELECT", "FROM":
		p.bracket().windows = false
	case "WINDOW":
		p.bracket().windows = true
	case "PIVOT", "PIVOT_WIDER":
		p.bracket().pivots = true
	case "OVER":
		// OVER (w ORDER BY x) refers to a named window too.
		next := i + 1
		if p.is(next, "(") {
			next++
		}
		if k := p.tokens[min(next, len(p.tokens)-1)].Kind; k == sqltext.Word || k == sqltext.Quoted {
			p.top().overs++
		}
	}
}

// pop closes the innermost frame and hands its cost to the one round it.
func (p *prechecker) pop() {
	f := *p.top()
	p.frames = p.frames[:len(p.frames)-1]
	cost := f.total()
	p.add(cost)
	outer := p.top()
	outer.overs += f.overs
	outer.largest = max(outer.largest, f.largest)
	if f.isDef {
		outer.largest = max(outer.largest, cost)
	}
}

// total is what the parser makes of a frame.
func (f *frame) total() int64 {
	cost := f.cost
	if f.isCase {
		return saturate(cost + saturate(f.operand*max(f.whens-1, 0)))
	}
	if f.array && f.ordered {
		cost *= 3
	}
	if f.pivots {
		cost = saturate(cost * min(f.commas+1, saturated>>20))
	}
	return saturate(cost + saturate(min(f.overs, saturated>>20)*min(f.largest, saturated>>20)))
}

// close closes all frames and gives the whole text's cost.
func (p *prechecker) close() int64 {
	for len(p.frames) > 1 {
		p.pop()
	}
	return p.frames[0].total()
}
