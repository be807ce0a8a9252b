package planner

import (
	"strconv"
	"strings"

	"github.com/lianji/lianji/planner/sqltext"
)

// DuckDB names a column without an alias after its text. What the planner wrote into that
// is taken out of the name: the references' catalogues, and what stands round parameters.

// asWritten gives a column's name as DuckDB would give it to the person's text.
func (b *binding) asWritten(name string, refs []*reference) string {
	if strings.Contains(name, catalogPrefix) {
		for i := len(refs) - 1; i >= 0; i-- { // 12 before 1
			name = strings.ReplaceAll(name, refs[i].catalog()+".", refs[i].prefix)
		}
	}
	if len(b.tokens) == 0 || !strings.Contains(name, "$") || anyColumn(refs, name) || b.quotes(name) {
		return name
	}
	tokens, err := sqltext.Tokens(name)
	if err != nil { // no expression's text
		return name
	}
	var edits []edit
	for i, t := range tokens {
		if t.Kind != sqltext.Placeholder {
			continue
		}
		n, err := strconv.Atoi(name[t.Start+1 : t.End])
		if err != nil || n < 1 || n > len(b.names) {
			continue
		}
		at := &nameSpan{name: name, tokens: tokens, from: i, to: i}
		c, typed := b.types[n]
		at.unwrap(typed, c.viaText != "")
		start, end := tokens[at.from].Start, tokens[at.to].End
		edits = append(edits, edit{at: start, length: end - start, with: b.called(n)})
	}
	out, _ := applyEdits(name, edits)
	return out
}

// quotes reports whether the person wrote the name out: then it is no text's.
func (b *binding) quotes(name string) bool {
	tokens, _ := sqltext.Tokens(b.user)
	for _, t := range tokens {
		if n, ok := t.Name(b.user); ok && t.Kind == sqltext.Quoted && n == name {
			return true
		}
	}
	return false
}

// called gives what DuckDB writes for a parameter of the person's text.
func (b *binding) called(n int) string {
	for _, p := range b.tokens {
		if p.Number != n || p.Name == "" || digits(p.Name) {
			continue
		}
		inner := b.user[p.Start+1 : p.End]
		if first, err := sqltext.NewLexer(inner).Next(); err == nil {
			name, _ := first.Name(inner)
			return "$" + name
		}
	}
	return "$" + strconv.Itoa(n)
}

// nameSpan is a stretch of a name, from a token to another one.
type nameSpan struct {
	name     string
	tokens   []sqltext.Token
	from, to int
}

// unwrap widens the stretch of a parameter to what the planner wrote round it: the cast
// to its type, and the shield.
func (s *nameSpan) unwrap(typed, viaText bool) {
	if viaText && !s.cast() || typed && !s.cast() {
		return
	}
	inner := *s
	if s.cast() && s.within([]string{"COALESCE", "("}, []string{",", "NULL", ")"}) {
		return
	}
	*s = inner
	s.within([]string{"COALESCE", "("}, []string{",", "NULL", ",", "NULL", ")"})
}

// cast widens the stretch by a CAST(.. AS type).
func (s *nameSpan) cast() bool {
	before := *s
	if !s.within([]string{"CAST", "("}, []string{"AS"}) {
		return false
	}
	depth := 0
	for s.to++; s.to < len(s.tokens); s.to++ {
		switch t := s.tokens[s.to]; {
		case t.Is(s.name, "("):
			depth++
		case t.Is(s.name, ")"):
			if depth--; depth < 0 {
				return true
			}
		}
	}
	*s = before
	return false
}

// within widens the stretch by words before and behind it, if these stand there.
func (s *nameSpan) within(before, behind []string) bool {
	from, to := s.from-len(before), s.to+len(behind)
	if from < 0 || to >= len(s.tokens) {
		return false
	}
	for i, word := range before {
		if !s.tokens[from+i].Is(s.name, word) {
			return false
		}
	}
	for i, word := range behind {
		if !s.tokens[s.to+1+i].Is(s.name, word) {
			return false
		}
	}
	s.from, s.to = from, to
	return true
}
