package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/tokenize"
)

// part is what one grant opens of a resource.
type part struct {
	id     string
	filter string               // empty keeps every row
	items  map[string]opened    // by the column's folded name
	tables map[string]*Resource // in which filter looks values up, by their names in it
}

// opened is how a part opens a column.
type opened struct {
	use  catalog.Use
	expr string       // what stands in the column's place; empty for a clear one
	typ  catalog.Type // of what stands there
	keys []string     // the agencies into whose sources the values may be sent
	own  bool         // expr is an expression of the grant's own, and may speak of other columns

	identifier catalog.Identifier // of a tokenized one
	version    uint8
}

// same reports whether two parts can open one column: the values themselves beside a
// mask of them, but no two masks, and nothing beside a token.
func (o opened) same(p opened) bool {
	if o.use == catalog.Tokenized || p.use == catalog.Tokenized {
		return o.use == p.use && o.identifier == p.identifier
	}
	return o.use == catalog.Clear || p.use == catalog.Clear || o.expr == p.expr && o.typ.Equal(p.typ)
}

// tells reports whether a mask of one column speaks of another one, of which no more
// than the token is open.
func (o opened) tells(column string, other opened) bool {
	return other.use == catalog.Tokenized && o.own && mentions(o.expr, column)
}

// opening is what a resource of a snapshot is made of.
type opening struct {
	place    Resource // without what grants say
	resource *catalog.Resource
	grants   []*catalog.Grant
	lookups  map[string]lookupTable // that the grants name, by the key of their names
	kept     bool                   // it is only shown: lookups in tables of sources that are away are as they were
}

// open puts into the snapshot what grants open of a resource. Where they open nothing
// because the tables that they look values up in are away, it is shown as it was.
func (g *Granted) open(o opening) {
	out, digest, broken := g.build(o)
	if shown := o; out == nil && !o.kept {
		shown.kept = true
		if kept, of, closed := g.build(shown); kept != nil && kept.Away != nil {
			o, out, digest, broken = shown, kept, of, closed
		}
	}
	g.Broken = append(g.Broken, broken...)
	if out == nil {
		return
	}
	g.add(out)
	k := key(out.Path)
	g.openings[k] = o
	if digest != "" {
		g.digests[k] = digest
	}
}

// build makes what grants open of a resource; nil when they open nothing. A grant that
// cannot be applied opens nothing.
func (g *Granted) build(o opening) (out *Resource, digest string, closed []Broken) {
	place, r := o.place, o.resource
	out = &place
	broken := func(grant string, err error) { closed = append(closed, Broken{grant, out.Name(), err}) }
	var parts []part
	for _, grant := range o.grants {
		p, err := g.part(o, grant)
		if err != nil {
			broken(grant.ID, err)
			continue
		}
		if len(p.items) > 0 { // without a column it must not open rows either
			parts = append(parts, p)
		}
	}
	parts = agree(parts, func(p part) { broken(p.id, errs.New(errs.Conflict, "policy_two_masks", nil)) })
	if len(parts) == 0 {
		return nil, "", closed
	}
	guard := &Guard{RowFilter: either(parts), Masks: map[string]string{}}
	out.Keys = map[string][]string{}
	for _, c := range out.Table.Columns {
		if column, ok := g.column(c, parts, guard); ok {
			if i, ok := r.Item(column.Name); ok && i.Title != "" {
				column.Comment = i.Title
			}
			out.Columns = append(out.Columns, column)
			if keys := keysOf(c, parts); len(keys) > 0 {
				out.Keys[c.Name] = keys
			}
		}
	}
	for _, p := range parts {
		out.Grants = append(out.Grants, p.id)
		for name, t := range p.tables {
			if guard.Lookups == nil {
				guard.Lookups = map[string]*Resource{}
			}
			guard.Lookups[name] = t
			if out.Away == nil {
				out.Away = t.Away
			}
		}
	}
	g.meter(out, o.grants, parts, guard)
	if guard.RowFilter != "" || len(guard.Masks) > 0 {
		out.Guard = guard
	}
	if text, err := json.Marshal(out); err == nil {
		sum := sha256.Sum256(text)
		digest = hex.EncodeToString(sum[:])
	}
	return out, digest, closed
}

// part tells what a grant opens of a table. One of whose masks or filter cannot be
// applied opens not half of what it says either.
func (g *Granted) part(o opening, grant *catalog.Grant) (part, error) {
	t, r := o.place.Table, o.resource
	p := part{id: grant.ID, items: map[string]opened{}}
	var err error
	used := &lookups{agency: o.place.Path[0], known: o.lookups, kept: o.kept}
	if p.filter, err = expand(grant.RowFilter, g.Subject, used); err != nil {
		return p, err
	}
	p.tables = used.used
	for _, granted := range grant.Items {
		for _, i := range r.Items {
			if i.No != granted.No || i.Name == "" {
				continue
			}
			for _, c := range t.Columns {
				if !catalog.SameName(c.Name, i.Name) || !c.Type.Readable() {
					continue
				}
				o, err := g.opened(granted, c)
				if err != nil {
					return p, err
				}
				if o.use == catalog.Clear {
					o.keys = granted.Keys
					if len(o.keys) == 0 && r.Class == catalog.Unrestricted {
						o.keys = []string{catalog.AnyAgency}
					}
				}
				p.items[catalog.Fold(c.Name)] = o
			}
		}
	}
	return p, nil
}

// opened tells how a grant's item opens a column.
func (g *Granted) opened(i catalog.GrantedItem, c catalog.Column) (opened, error) {
	switch i.Use {
	case catalog.Clear:
		return opened{use: i.Use, typ: c.Type}, nil
	case catalog.Masked:
		expr, typ, err := maskText(i, c, g.Subject)
		return opened{use: i.Use, expr: expr, typ: typ, own: i.Type.Readable()}, err
	case catalog.Tokenized:
		expr, ok := textForToken(c)
		if !ok || i.KeyVersion == 0 || !slices.Contains(catalog.Identifiers(), i.Identifier) {
			return opened{}, errs.New(errs.TypeMismatch, "policy_token", nil)
		}
		return opened{use: i.Use, expr: expr, typ: catalog.Type{Kind: catalog.Text}, identifier: i.Identifier, version: i.KeyVersion}, nil
	}
	return opened{}, errs.Internalf("a use %q", i.Use)
}

// agree drops every part that gives a column what another part does not let stand
// beside it: no column can have both, and which of them is right nobody knows.
func agree(parts []part, drop func(part)) []part {
	against := func(p part) bool {
		for name, o := range p.items {
			for _, q := range parts {
				if other, ok := q.items[name]; ok && !o.same(other) {
					return true
				}
				for column, other := range q.items {
					if o.tells(column, other) || other.tells(name, o) {
						return true
					}
				}
			}
		}
		return false
	}
	var kept []part
	for _, p := range parts {
		if against(p) {
			drop(p)
		} else {
			kept = append(kept, p)
		}
	}
	return kept
}

// either gives the filter that keeps a row which any of the parts keeps.
func either(parts []part) string {
	var filters []string
	for _, p := range parts {
		if p.filter == "" {
			return ""
		}
		if !slices.Contains(filters, p.filter) {
			filters = append(filters, p.filter)
		}
	}
	if len(filters) == 1 {
		return filters[0]
	}
	for i, f := range filters {
		filters[i] = "(" + f + "\n)"
	}
	return strings.Join(filters, " OR ")
}

// column gives a table's column as the parts open it; not ok when none does. A row
// that only another grant keeps shows NULL in it.
func (g *Granted) column(c catalog.Column, parts []part, guard *Guard) (catalog.Column, bool) {
	var clear, masked []string // filters, by use
	var mask opened
	for _, p := range parts {
		o, ok := p.items[catalog.Fold(c.Name)]
		switch {
		case !ok:
		case o.use == catalog.Clear:
			clear = append(clear, p.filter)
		default:
			if o.use == catalog.Tokenized && mask.version > 0 { // who has tokens of an older key goes on with it
				o.version = min(o.version, mask.version)
			}
			mask, masked = o, append(masked, p.filter)
		}
	}
	if len(clear)+len(masked) == 0 {
		return c, false
	}
	// Every row that is kept is one that the filters keep.
	covers := func(filters []string) bool {
		return len(filters) == len(parts) || len(filters) > 0 && sameFilter(parts) || slices.Contains(filters, "")
	}
	if covers(clear) {
		return c, true
	}
	if mask.use == catalog.Tokenized {
		if guard.Tokens == nil {
			guard.Tokens = map[string]tokenize.Of{}
		}
		guard.Tokens[c.Name] = tokenize.Of{Version: mask.version, Agency: g.Subject.Agency.Code, Purpose: g.Subject.Purpose, Identifier: mask.identifier}
	}
	if len(clear) > 0 && len(masked) > 0 && !mask.typ.Equal(c.Type) {
		clear, masked = nil, append(clear, masked...) // one column has one type: what shows less
	}
	if len(clear) == 0 {
		c.Type = mask.typ
		if covers(masked) {
			guard.Masks[c.Name] = mask.expr
			return c, true
		}
	}
	text := "CASE"
	for _, f := range clear {
		text += " WHEN (" + orTrue(f) + "\n) THEN " + catalog.QuoteIdent(c.Name)
	}
	for _, f := range masked {
		text += " WHEN (" + orTrue(f) + "\n) THEN (" + mask.expr + "\n)"
	}
	guard.Masks[c.Name] = text + " END"
	return c, true
}

func orTrue(filter string) string {
	if filter == "" {
		return "true"
	}
	return filter
}

func sameFilter(parts []part) bool {
	for _, p := range parts {
		if p.filter != parts[0].filter {
			return false
		}
	}
	return true
}

// keysOf lists the agencies into whose sources the values of a column may go: those
// that every part names which opens it.
func keysOf(c catalog.Column, parts []part) []string {
	var out []string
	first := true
	for _, p := range parts {
		o, ok := p.items[catalog.Fold(c.Name)]
		if !ok {
			continue
		}
		any := slices.Contains(o.keys, catalog.AnyAgency)
		switch {
		case first:
			out, first = slices.Clone(o.keys), false
		case any:
		case slices.Contains(out, catalog.AnyAgency):
			out = slices.Clone(o.keys)
		default:
			out = slices.DeleteFunc(out, func(agency string) bool { return !slices.Contains(o.keys, agency) })
		}
	}
	slices.Sort(out)
	return out
}

// maskText gives a mask's expression over a column, and its type.
func maskText(i catalog.GrantedItem, c catalog.Column, s Subject) (string, catalog.Type, error) {
	if !i.Type.Readable() {
		return maskOver(i.Mask, c)
	}
	text, err := expand(i.Mask, s, nil)
	return text, i.Type, err
}

// textForToken gives the text of a column's values, of which tokens are made; not ok for a
// type whose values can be written in several ways.
func textForToken(c catalog.Column) (string, bool) {
	switch c.Type.Kind {
	case catalog.Text:
		return catalog.QuoteIdent(c.Name), true
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		return "CAST(" + catalog.QuoteIdent(c.Name) + " AS VARCHAR)", true
	case catalog.Decimal:
		return "CAST(" + catalog.QuoteIdent(c.Name) + " AS VARCHAR)", c.Type.Scale == 0
	}
	return "", false
}
