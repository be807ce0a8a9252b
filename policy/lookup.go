package policy

import (
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/lex"
)

// LookupSchema is the schema that lookup tables have in the texts of guards. Dots are
// refused in what people write, so nothing else in such a text can stand in it.
const LookupSchema = "_lianji_lookup"

// Lookup is what a row filter looks values up in: an item of a resource.
type Lookup struct {
	Agency, Resource, Item string
	At                     int // byte of the text where the resource's name begins
}

// query is a lookup in a row filter: IN (SELECT item FROM agency.resource [WHERE ...]).
type query struct {
	Lookup
	word, table int // tokens: SELECT, and the agency's name
}

// tableTokens is how many tokens the name of a lookup table has.
const tableTokens = 3

// queriesIn finds the lookups of a row filter, in their order. A query of any other form,
// and one within another, is refused.
func queriesIn(text string, tokens []lex.Token) ([]query, error) {
	var out []query
	name := func(i int) bool {
		t := tokens[min(i, len(tokens)-1)]
		word := strings.ToLower(t.Value)
		return t.Kind == lex.Quoted && t.Value != "" || t.Kind == lex.Word && !plainWords[word] && !queryWords[word]
	}
	is := func(i int, word string) bool { return tokens[min(i, len(tokens)-1)].Is(word) }
	depth, within := 0, -1 // within: the depth outside of the lookup at hand
	for i, t := range tokens {
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			if depth--; depth == within {
				within = -1
			}
		case t.Is("SELECT"):
			ok := within < 0 && i >= 2 && is(i-1, "(") && is(i-2, "IN") &&
				name(i+1) && is(i+2, "FROM") && name(i+3) && is(i+4, ".") && name(i+5) && (is(i+6, ")") || is(i+6, "WHERE"))
			if !ok {
				return nil, errs.New(errs.NotAllowed, "policy_lookup_form", nil).At(text, t.From)
			}
			within = depth - 1
			out = append(out, query{Lookup{tokens[i+3].Value, tokens[i+5].Value, tokens[i+1].Value, tokens[i+3].From}, i, i + 3})
		}
	}
	return out, nil
}

// LookupsIn lists what a row filter looks values up in.
func LookupsIn(text string) ([]Lookup, error) {
	tokens, err := lex.Tokens(text)
	if err != nil {
		return nil, err
	}
	queries, err := queriesIn(text, tokens)
	var out []Lookup
	for _, q := range queries {
		out = append(out, q.Lookup)
	}
	return out, err
}

// lookupTable is a table that grants name, or why it cannot be used.
type lookupTable struct {
	resource *Resource
	err      error
	kept     *Resource // what it was, where err is that of its source and that is known
}

// lookupTables finds the tables in which the row filters of a provider's grants look
// values up: resources of the same provider, at sources of its own, whatever their class,
// whole.
func lookupTables(grants []*catalog.Grant, provider *catalog.Agency, state *catalog.State, sources []Described) map[string]lookupTable {
	var out map[string]lookupTable
	for _, g := range grants {
		if g.RowFilter == "" {
			continue
		}
		wanted, err := LookupsIn(g.RowFilter)
		if err != nil {
			continue // the grant is refused where its filter is written out
		}
		for _, w := range wanted {
			if out == nil {
				out = map[string]lookupTable{}
			}
			if k := key([]string{w.Resource}); out[k] == (lookupTable{}) {
				out[k] = lookupTableOf(w.Resource, provider, state, sources)
			}
		}
	}
	return out
}

func lookupTableOf(name string, provider *catalog.Agency, state *catalog.State, sources []Described) lookupTable {
	absent := lookupTable{err: errs.New(errs.UnknownName, "policy_lookup", msg.Args{"Resource": provider.Name + "." + name})}
	r, ok := state.ResourceNamed(provider.Name, name)
	if !ok {
		return absent
	}
	if s, ok := state.Source(r.Source); !ok || s.Agency != provider.ID {
		return absent
	}
	of, t, missing := tableOf(sources, r)
	switch {
	case missing != NotMissing:
		return absent
	case of.Err != nil:
		out := lookupTable{err: of.Err}
		if t, missing := FindTable(of.Kept, r.Table); missing == NotMissing {
			out.kept = &Resource{Path: []string{provider.Name, r.Name}, Source: of.Source, Provider: provider.Code, Table: t, Columns: readable(t), Away: of.Err}
		}
		return out
	}
	return lookupTable{resource: &Resource{Path: []string{provider.Name, r.Name}, Source: of.Source, Provider: provider.Code, Table: t, Columns: readable(t)}}
}

// orKept gives the table as it was, where there is no other.
func (t lookupTable) orKept() lookupTable {
	if t.kept != nil {
		return lookupTable{resource: t.kept}
	}
	return t
}

// lookups are the tables that one text may use, of one provider. The nil one has none.
type lookups struct {
	any    bool   // only to see whether the text can be taken apart
	agency string // the provider's name
	known  map[string]lookupTable
	used   map[string]*Resource // by the names in the text
	kept   bool                 // tables of sources that are away will do, as they were
}

// use gives the name of a lookup table in the text of a guard.
func (l *lookups) use(text string, q query) (string, error) {
	if l == nil {
		return "", errs.New(errs.NotAllowed, "policy_lookup_form", nil).At(text, q.At)
	}
	if l.any {
		return catalog.QuoteIdent(LookupSchema) + "." + catalog.QuoteIdent(q.Resource), nil
	}
	if !catalog.SameName(q.Agency, l.agency) {
		return "", errs.New(errs.NotAllowed, "policy_lookup_other", msg.Args{"Resource": q.Agency + "." + q.Resource}).At(text, q.At)
	}
	t := l.known[key([]string{q.Resource})]
	if l.kept {
		t = t.orKept()
	}
	switch {
	case t.err != nil:
		return "", t.err
	case t.resource == nil:
		return "", errs.Internalf("the lookup table %s was not looked for", q.Resource)
	}
	if l.used == nil {
		l.used = map[string]*Resource{}
	}
	name := t.resource.Path[1]
	l.used[name] = t.resource
	return catalog.QuoteIdent(LookupSchema) + "." + catalog.QuoteIdent(name), nil
}

// PlaceLookups writes a catalogue before each lookup table in the text of a guard. At
// gives it for the table's name; each place in the text is asked for once, in order.
func PlaceLookups(text string, at func(name string) (catalogue string, err error)) (string, error) {
	tokens, err := lex.Tokens(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	from := 0
	for i, t := range tokens {
		if t.Kind != lex.Quoted || t.Value != LookupSchema || i+2 >= len(tokens) || !tokens[i+1].Is(".") {
			continue
		}
		catalogue, err := at(tokens[i+2].Value)
		if err != nil {
			return "", err
		}
		b.WriteString(text[from:t.From])
		b.WriteString(catalog.QuoteIdent(catalogue) + ".")
		from = t.From
	}
	b.WriteString(text[from:])
	return b.String(), nil
}
