package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// Granted is the snapshot of what grants open to somebody for a purpose in a mode.
type Granted struct {
	*index
	Subject Subject
	Until   time.Time // the snapshot is not to be used from then on; zero means without end
	Broken  []Broken  // grants whose policy could not be applied: they open nothing
	digests map[string]string
}

// Broken is a grant that is closed because its policy cannot be applied.
type Broken struct {
	Grant    string // its ID
	Resource string // its name
	Err      error
}

// NewGranted makes the snapshot of a subject at a time, out of a state of the store
// and the sources as they were described. Hours of grants are of zone's clock.
func NewGranted(state *catalog.State, sources []Described, s Subject, at time.Time, zone *time.Location) (*Granted, error) {
	g := &Granted{index: newIndex(), Subject: s, digests: map[string]string{}}
	of := map[string][]*catalog.Grant{}
	if s.Agency != nil && mayAsk(s.Principal) && s.Purpose != "" && s.Mode != "" {
		for _, to := range []catalog.Grantee{{Kind: catalog.ToAgency, ID: s.Agency.ID}, {Kind: catalog.ToPrincipal, ID: s.Principal.ID}} {
			for _, grant := range state.GrantsTo(to) {
				if grant.For(s.Purpose, s.Mode) && g.inForce(grant, at, zone) {
					of[grant.Resource] = append(of[grant.Resource], grant)
				}
			}
		}
	}
	for id, grants := range of {
		r, ok := state.Resource(id)
		if !ok || r.Class == catalog.Withheld {
			continue
		}
		a, ok := state.Agency(r.Agency)
		if !ok {
			continue
		}
		// Whose the source is may have changed since the resource was made.
		if of, ok := state.Source(r.Source); !ok || of.Agency != r.Agency {
			continue
		}
		path := []string{a.Name, r.Name}
		at := slices.IndexFunc(sources, func(d Described) bool { return catalog.SameName(d.Source, r.Source) })
		var t *catalog.Table
		missing := NoSuchTable
		switch {
		case at < 0:
		case sources[at].Err != nil:
			g.down[key(path)] = sources[at].Err
			continue
		default:
			t, missing = FindTable(sources[at].Tables, r.Table)
		}
		if missing == NotMissing {
			g.open(path, sources[at].Source, r, t, grants)
			continue
		}
		for _, grant := range grants {
			g.Broken = append(g.Broken, Broken{grant.ID, strings.Join(path, "."), errs.New(errs.UnknownName, "policy_no_table", nil)})
		}
	}
	// Two resources of an agency differ in more than case: the store keeps them so.
	if err := g.finish("granted:" + s.identity()); err != nil {
		return nil, err
	}
	return g, nil
}

// mayAsk reports whether a principal's role is to use data. Who decides what is
// shared, keeps the people or reads the audit does not ask by that role.
func mayAsk(p *catalog.Principal) bool { return p.Has(catalog.Analyst) || p.Has(catalog.Application) }

// check closes every resource whose guard cannot be applied.
func (g *Granted) check(check func(digest string, r *Resource) error) error {
	var closed bool
	for _, r := range slices.Clone(g.list) {
		if r.Guard == nil {
			continue
		}
		k := key(r.Path)
		err := check(g.digests[k], r)
		if err == nil {
			continue
		}
		closed = true
		for _, id := range r.Grants {
			g.Broken = append(g.Broken, Broken{id, r.Name(), err})
		}
		g.list = slices.DeleteFunc(g.list, func(x *Resource) bool { return x == r })
		delete(g.byPath, k)
		delete(g.digests, k)
	}
	if !closed {
		return nil
	}
	return g.finish("granted:" + g.Subject.identity())
}

// identity is what of the subject an answer can depend on.
func (s Subject) identity() string {
	if s.Principal == nil || s.Agency == nil {
		return "nobody"
	}
	text, err := json.Marshal([]string{s.Principal.ID, s.Agency.ID, s.Purpose, string(s.Mode)})
	if err != nil {
		return "nobody"
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// inForce reports whether a grant holds at a time, and notes the next time at which
// that changes.
func (g *Granted) inForce(grant *catalog.Grant, at time.Time, zone *time.Location) bool {
	holds := true
	edge := func(t time.Time) {
		if t.After(at) && (g.Until.IsZero() || t.Before(g.Until)) {
			g.Until = t
		}
	}
	if !grant.From.IsZero() && at.Before(grant.From) {
		edge(grant.From)
		holds = false
	}
	if !grant.Until.IsZero() {
		edge(grant.Until)
		holds = holds && at.Before(grant.Until)
	}
	if h := grant.Hours; h != (catalog.Hours{}) {
		local := at.In(zone)
		for day := range 2 {
			midnight := time.Date(local.Year(), local.Month(), local.Day()+day, 0, 0, 0, 0, zone)
			edge(midnight.Add(time.Duration(h.From) * time.Minute))
			edge(midnight.Add(time.Duration(h.Until) * time.Minute))
		}
		minute := local.Hour()*60 + local.Minute()
		holds = holds && h.From <= minute && minute < h.Until
	}
	return holds
}

// part is what one grant opens of a resource.
type part struct {
	id     string
	filter string // empty keeps every row
	items  map[string]catalog.GrantedItem
}

// opens reports whether a part shows a column of a table. Its error says which mask
// cannot be applied.
func (p part) opens(t *catalog.Table, s Subject) (bool, error) {
	opens := false
	for _, c := range t.Columns {
		i, ok := p.items[catalog.Fold(c.Name)]
		if !ok || !c.Type.Readable() {
			continue
		}
		switch i.Use {
		case catalog.Clear:
			opens = true
		case catalog.Masked:
			if _, _, err := maskText(i, c, s); err != nil {
				return false, err
			}
			opens = true
		}
	}
	return opens, nil
}

// agree drops every part that gives a column another mask than a part before it: no
// column can have both.
func agree(parts []part, drop func(part)) []part {
	masks := map[string]catalog.GrantedItem{}
	return slices.DeleteFunc(parts, func(p part) bool {
		for name, i := range p.items {
			if before, ok := masks[name]; ok && i.Use == catalog.Masked && (before.Mask != i.Mask || !before.Type.Equal(i.Type)) {
				drop(p)
				return true
			}
		}
		for name, i := range p.items {
			if i.Use == catalog.Masked {
				masks[name] = i
			}
		}
		return false
	})
}

// open puts into the snapshot what grants open of a resource. A grant that cannot be
// applied opens nothing.
func (g *Granted) open(path []string, source string, r *catalog.Resource, t *catalog.Table, grants []*catalog.Grant) {
	var parts []part
	for _, grant := range grants {
		p := part{id: grant.ID, items: map[string]catalog.GrantedItem{}}
		var err error
		if p.filter, err = expand(grant.RowFilter, g.Subject); err != nil {
			g.Broken = append(g.Broken, Broken{grant.ID, strings.Join(path, "."), err})
			continue
		}
		for _, granted := range grant.Items {
			for _, i := range r.Items {
				if i.No == granted.No && i.Name != "" {
					p.items[catalog.Fold(i.Name)] = granted
				}
			}
		}
		// Without a column it must not open rows either, nor half of what it says.
		opens, err := p.opens(t, g.Subject)
		if err != nil {
			g.Broken = append(g.Broken, Broken{grant.ID, strings.Join(path, "."), err})
			continue
		}
		if opens {
			parts = append(parts, p)
		}
	}
	parts = agree(parts, func(p part) {
		g.Broken = append(g.Broken, Broken{p.id, strings.Join(path, "."), errs.New(errs.Conflict, "policy_two_masks", nil)})
	})
	if len(parts) == 0 {
		return
	}
	out := &Resource{Path: path, Source: source, Table: t, KeysMayTravel: len(parts) > 0}
	guard := &Guard{RowFilter: either(parts), Masks: map[string]string{}}
	for _, c := range t.Columns {
		column, err := g.column(c, parts, guard)
		if err != nil {
			for _, p := range parts {
				g.Broken = append(g.Broken, Broken{p.id, strings.Join(path, "."), err})
			}
			continue
		}
		if column != nil {
			if i, ok := r.Item(column.Name); ok && i.Title != "" {
				column.Comment = i.Title
			}
			out.Columns = append(out.Columns, *column)
		}
	}
	for _, p := range parts {
		out.Grants = append(out.Grants, p.id)
		for _, i := range p.items {
			out.KeysMayTravel = out.KeysMayTravel && i.Use == catalog.Clear && slices.Contains(i.Keys, catalog.AnyAgency)
		}
	}
	if len(out.Columns) == 0 {
		return
	}
	if guard.RowFilter != "" || len(guard.Masks) > 0 {
		out.Guard = guard
	}
	g.add(out)
	if text, err := json.Marshal(out); err == nil {
		sum := sha256.Sum256(text)
		g.digests[key(path)] = hex.EncodeToString(sum[:])
	}
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

// column gives a table's column as the parts open it, nil when none does. A row that
// only another grant keeps shows NULL in it.
func (g *Granted) column(c catalog.Column, parts []part, guard *Guard) (*catalog.Column, error) {
	if !c.Type.Readable() {
		return nil, nil
	}
	var clear, masked []string // filters, by use
	expr, given := "", catalog.Type{}
	everywhere := true // every part opens it
	for _, p := range parts {
		i, ok := p.items[catalog.Fold(c.Name)]
		switch {
		case !ok:
			everywhere = false
		case i.Use == catalog.Clear:
			clear = append(clear, p.filter)
		case i.Use == catalog.Masked:
			text, t, err := maskText(i, c, g.Subject)
			if err != nil {
				return nil, err
			}
			if expr != "" && (text != expr || !t.Equal(given)) {
				return nil, errs.New(errs.Conflict, "policy_two_masks", nil)
			}
			expr, given = text, t
			masked = append(masked, p.filter)
		default:
			everywhere = false
		}
	}
	out := c
	one := sameFilter(parts)
	switch {
	case len(clear) == 0 && len(masked) == 0:
		return nil, nil
	case len(masked) == 0 && (everywhere || one || slices.Contains(clear, "")):
		return &out, nil
	case len(masked) > 0 && len(clear) > 0 && (one || slices.Contains(clear, "")):
		return &out, nil // the values themselves are open in every row that is kept
	case len(clear) == 0 && (everywhere || one || slices.Contains(masked, "")):
		out.Type = given
		guard.Masks[c.Name] = expr
		return &out, nil
	}
	if len(masked) > 0 && len(clear) > 0 && !given.Equal(c.Type) {
		clear = nil // one column has one type: what shows less
		masked = filtersOf(parts, c.Name)
	}
	text := "CASE"
	for _, f := range clear {
		text += " WHEN (" + orTrue(f) + "\n) THEN " + catalog.QuoteIdent(c.Name)
	}
	for _, f := range masked {
		text += " WHEN (" + orTrue(f) + "\n) THEN (" + expr + "\n)"
	}
	if len(clear) == 0 {
		out.Type = given
	}
	guard.Masks[c.Name] = text + " END"
	return &out, nil
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

func filtersOf(parts []part, column string) []string {
	var out []string
	for _, p := range parts {
		if _, ok := p.items[catalog.Fold(column)]; ok {
			out = append(out, p.filter)
		}
	}
	return out
}

// maskText gives a mask's expression over a column, and its type.
func maskText(i catalog.GrantedItem, c catalog.Column, s Subject) (string, catalog.Type, error) {
	if !i.Type.Readable() {
		return maskOver(i.Mask, c)
	}
	text, err := expand(i.Mask, s)
	return text, i.Type, err
}

// StillOpens reports whether a later snapshot of the same subject opens a resource
// exactly as g does: whether a statement that reads it may go on.
func (g *Granted) StillOpens(later *Granted, r *Resource) bool {
	k := key(r.Path)
	d, ok := g.digests[k]
	return ok && d == later.digests[k]
}
