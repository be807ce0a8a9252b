package policy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/lex"
)

// Parts of a grant in which something can be wrong, by their names in a document.
const (
	PartWhere = "where"
	PartItems = "items"
)

// PartError says which part of a grant cannot be applied.
type PartError struct {
	Part string // PartWhere or PartItems
	Item string // the item that is wrong by itself; empty where none is
	Err  error
}

func (e *PartError) Error() string { return e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// samples are what session functions may give somebody, when it is not known whom: a
// guard is refused when it can be applied with none of them. The first is no value.
var samples = []string{"", "x", "1", "2000-01-01"}

// ValidateGrant tells, before a grant is saved, whether its row filter and masks can be
// applied to the resource's table as it is now. Nothing is found wrong with a grant of a
// resource that is not at its source yet, or whose source cannot be described, nor where
// the checker finds nothing out in time: then the grant shows over the table, and one
// that cannot be applied opens nothing. The error is a *PartError.
func ValidateGrant(ctx context.Context, state *catalog.State, sources []Described, grant *catalog.Grant, checker GuardChecker) error {
	r, ok := state.Resource(grant.Resource)
	if !ok {
		return nil
	}
	provider, ok := state.Agency(r.Agency)
	if !ok {
		return nil
	}
	of, t, missing := tableOf(sources, r)
	if t == nil || missing != NotMissing {
		return nil
	}
	tried := *grant
	tried.Items = slices.Clone(grant.Items)
	for i := range tried.Items {
		if tried.Items[i].Use == catalog.Tokenized && tried.Items[i].KeyVersion == 0 {
			tried.Items[i].KeyVersion = 1 // it gets the newest when it is saved
		}
	}
	o := opening{
		place:    Resource{Path: []string{provider.Name, r.Name}, Source: of.Source, Provider: provider.Code, Table: t},
		resource: r, lookups: lookupTables([]*catalog.Grant{&tried}, provider, state, sources),
	}
	for _, l := range o.lookups {
		if l.err != nil { // what it holds is not known now
			return nil
		}
	}
	err := o.valid(ctx, &tried, checker)
	var part *PartError
	if errors.As(err, &part) && part.Part == PartWhere { // a name can be pointed at
		if named := namesIn(grant.RowFilter, t, o.lookups); named != nil {
			part.Err = named
		}
	}
	return err
}

// AtSource tells of a grant whose resource's table is not at its source, so that it opens
// nothing. Nothing is found wrong where that is not known, because the source is away.
func AtSource(state *catalog.State, sources []Described, grant *catalog.Grant) error {
	r, ok := state.Resource(grant.Resource)
	if !ok {
		return nil
	}
	if _, _, missing := tableOf(sources, r); missing != NotMissing {
		return noTable()
	}
	return nil
}

func noTable() *errs.Error { return errs.New(errs.UnknownName, "policy_no_table", nil) }

// tableOf finds a resource's table at its source; no table and nothing missing where the
// source could not be described.
func tableOf(sources []Described, r *catalog.Resource) (of *Described, t *catalog.Table, missing Missing) {
	at := slices.IndexFunc(sources, func(d Described) bool { return catalog.SameName(d.Source, r.Source) })
	if at < 0 {
		return nil, nil, NoSuchTable
	}
	of = &sources[at]
	if of.Err == nil {
		t, missing = FindTable(of.Tables, r.Table)
	}
	return of, t, missing
}

// valid looks at the row filter alone, then at the grant as it is.
func (o opening) valid(ctx context.Context, grant *catalog.Grant, checker GuardChecker) error {
	filter := *grant
	filter.Items = nil
	for _, i := range o.resource.Items {
		if i.Name != "" {
			filter.Items = append(filter.Items, catalog.GrantedItem{No: i.No, Use: catalog.Clear})
		}
	}
	if err := o.tryAll(ctx, &filter, checker); err != nil {
		return &PartError{Part: PartWhere, Err: err}
	}
	err := o.tryAll(ctx, grant, checker)
	if err == nil {
		return nil
	}
	for _, granted := range grant.Items {
		alone := *grant
		alone.Items = []catalog.GrantedItem{granted}
		if wrong := o.tryAll(ctx, &alone, checker); wrong != nil {
			return &PartError{Part: PartItems, Item: itemName(o.resource, granted.No), Err: wrong}
		}
	}
	return &PartError{Part: PartItems, Err: err}
}

func itemName(r *catalog.Resource, no int) string {
	for _, i := range r.Items {
		if i.No == no {
			return i.Name
		}
	}
	return ""
}

// tryAll tries a grant with what session functions may give. Of several errors it gives
// the first.
func (o opening) tryAll(ctx context.Context, grant *catalog.Grant, checker GuardChecker) error {
	var first error
	for _, sample := range samples {
		err := o.try(ctx, grant, sample, checker)
		var unsure *Unsure
		if err == nil || errors.As(err, &unsure) {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	e := *errs.From(first)
	e.Pos = nil // in the text of the guard, which nobody wrote
	return &e
}

// try tells whether a grant can be applied when every session function gives one text.
func (o opening) try(ctx context.Context, grant *catalog.Grant, sample string, checker GuardChecker) error {
	o.grants = []*catalog.Grant{grant}
	g := &Granted{index: newIndex(), Subject: Subject{Principal: &catalog.Principal{}, Agency: &catalog.Agency{}, sample: sample}}
	r, _, broken := g.build(o)
	switch {
	case len(broken) > 0:
		return broken[0].Err
	case r == nil || r.Guard == nil || checker == nil:
		return nil
	}
	return checker.CheckGuard(ctx, r)
}

// namesIn tells which name of a row filter is no column of the table, nor, within a
// lookup, of the table in which values are looked up.
func namesIn(text string, t *catalog.Table, known map[string]lookupTable) error {
	tokens, err := lex.Tokens(text)
	if err != nil {
		return err
	}
	queries, err := queriesIn(text, tokens)
	if err != nil {
		return err
	}
	within, depth, outside := []*catalog.Table{t}, 0, -1
	for i := 0; i < len(tokens); i++ {
		tok := tokens[i]
		if len(queries) > 0 && queries[0].table == i {
			i += tableTokens - 1
			continue
		}
		switch {
		case tok.Is("("):
			depth++
		case tok.Is(")"):
			if depth--; depth == outside {
				within, outside = within[:1], -1
			}
		case len(queries) > 0 && queries[0].word == i:
			of := known[key([]string{queries[0].Resource})]
			if of.resource == nil {
				return nil // what it holds is not known now
			}
			within, outside = append(within, of.resource.Table), depth-1
		case tok.Kind != lex.Word && tok.Kind != lex.Quoted, tok.Kind == lex.Word && plainWords[strings.ToLower(tok.Value)],
			tok.Is("SELECT"), tok.Is("WHERE"), tokens[min(i+1, len(tokens)-1)].Is("("):
		case !hasColumn(within[len(within)-1], tok.Value):
			return errs.New(errs.UnknownName, "policy_filter_name", msg.Args{"Name": tok.Value, "Table": within[len(within)-1].ID.Name}).At(text, tok.From)
		}
		if len(queries) > 0 && queries[0].table < i {
			queries = queries[1:]
		}
	}
	return nil
}

func hasColumn(t *catalog.Table, name string) bool {
	return slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return catalog.SameName(c.Name, name) && c.Type.Readable() })
}
