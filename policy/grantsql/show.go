package grantsql

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy/document"
)

// Asker is who sends a statement.
type Asker struct {
	Principal *catalog.Principal
	// Purposes and Modes limit what is shown to grants that are for one of them; empty
	// means no limit. Who is limited sees only what is granted to them.
	Purposes []string
	Modes    []catalog.Mode
	// Resources, by ID, limit it in the same way.
	Resources []string
	// Closed tells why a grant opens nothing as things are, empty for one that does. It is
	// asked of grants that the asker sees whole; nil means that nobody can tell.
	Closed func(*catalog.Grant) string
}

// sees tells what an asker sees of a grant.
func (a Asker) sees(s *catalog.State, g *catalog.Grant, at time.Time) catalog.Sight {
	sight := s.SeesGrant(a.Principal, g, at)
	if sight == catalog.Nothing || len(a.Purposes) == 0 && len(a.Modes) == 0 && len(a.Resources) == 0 {
		return sight
	}
	purpose := func(code string) bool { return len(a.Purposes) == 0 || slices.Contains(a.Purposes, code) }
	in := func(m catalog.Mode) bool { return len(a.Modes) == 0 || slices.Contains(a.Modes, m) }
	own := g.Grantee == catalog.Grantee{Kind: catalog.ToAgency, ID: a.Principal.Agency} || g.Grantee == catalog.Grantee{Kind: catalog.ToPrincipal, ID: a.Principal.ID}
	if len(a.Resources) > 0 && !slices.Contains(a.Resources, g.Resource) {
		return catalog.Nothing
	}
	if !own || !slices.ContainsFunc(g.Purposes, purpose) || !slices.ContainsFunc(g.Modes, in) {
		return catalog.Nothing
	}
	return catalog.Outline
}

// ShowColumns are the columns of an answer to SHOW GRANTS.
func ShowColumns() []string {
	return []string{"grant", "resource", "grantee", "granted_by", "statement", "closed"}
}

// Columns names the columns of the answer to a statement.
func Columns(text string, zone *time.Location) ([]string, error) {
	s, err := Parse(text, zone)
	switch {
	case err != nil:
		return nil, err
	case s.Kind == Show:
		return ShowColumns(), nil
	}
	return ChangeColumns(), nil
}

// Shown are the grants that SHOW GRANTS lists. Their rows are written when they are asked
// for: a city has more grants than anybody wants in memory as text. It is used by one
// goroutine at a time.
type Shown struct {
	state  *catalog.State
	zone   *time.Location
	closed func(*catalog.Grant) string
	list   []shown
}

// shown is one of them, with the names by which they are in order.
type shown struct {
	*catalog.Grant
	sight             catalog.Sight
	resource, grantee string
}

// Next gives the rows that follow, at most so many; none at the end.
func (s *Shown) Next(most int) [][]string {
	var rows [][]string
	for _, g := range s.list[:min(most, len(s.list))] {
		rows = append(rows, s.row(g))
	}
	s.list = s.list[len(rows):]
	return rows
}

// Show gives the grants of SHOW GRANTS that an asker sees. What it names reads as not
// there, where nothing of it is to be seen.
func (s *Statement) Show(state *catalog.State, by Asker, at time.Time, zone *time.Location) (*Shown, error) {
	to, err := s.shownTo(state, by, at)
	if err != nil {
		return nil, err
	}
	var of string // the resource's ID
	if s.Resource != "" {
		r, ok := document.ResourceNamed(state, s.Resource)
		if !ok || !s.named(state, by, r, at) {
			return nil, s.at("resource", unknown("resource"))
		}
		of = r.ID
	}
	out := &Shown{state: state, zone: zone, closed: by.Closed}
	resources, grantees := map[string]string{}, map[catalog.Grantee]string{}
	for _, g := range state.Visible(by.Principal, at) {
		if (of != "" && g.Resource != of) || (s.Grantee.Kind != "" && g.Grantee != to) {
			continue
		}
		sight := by.sees(state, g, at)
		if sight == catalog.Nothing {
			continue
		}
		one := shown{Grant: g, sight: sight}
		var ok bool
		if one.resource, ok = resources[g.Resource]; !ok {
			one.resource = resourceName(state, g)
			resources[g.Resource] = one.resource
		}
		if one.grantee, ok = grantees[g.Grantee]; !ok {
			one.grantee = granteeName(state, g.Grantee)
			grantees[g.Grantee] = one.grantee
		}
		out.list = append(out.list, one)
	}
	slices.SortStableFunc(out.list, func(a, b shown) int {
		return cmp.Or(strings.Compare(a.resource, b.resource), strings.Compare(a.grantee, b.grantee))
	})
	return out, nil
}

func resourceName(state *catalog.State, g *catalog.Grant) string {
	r, ok := state.Resource(g.Resource)
	if !ok {
		r = &catalog.Resource{}
	}
	return document.NameOf(state, r)
}

func granteeName(state *catalog.State, to catalog.Grantee) string {
	if p, ok := state.Principal(to.ID); ok && to.Kind == catalog.ToPrincipal {
		return toPrincipal + " " + p.Login
	}
	name := ""
	if a, ok := state.Agency(to.ID); ok && to.Kind == catalog.ToAgency {
		name = a.Name
	}
	return toAgency + " " + name
}

// named reports whether an asker knows a resource: sees it, or a grant on it.
func (s *Statement) named(state *catalog.State, by Asker, r *catalog.Resource, at time.Time) bool {
	if len(by.Purposes) == 0 && len(by.Modes) == 0 && len(by.Resources) == 0 {
		return state.SeesResource(by.Principal, r, at) != catalog.Nothing
	}
	return slices.ContainsFunc(state.Grants(), func(g *catalog.Grant) bool {
		return g.Resource == r.ID && by.sees(state, g, at) != catalog.Nothing
	})
}

// shownTo finds the grantee of SHOW GRANTS TO. Of one that an asker may not know, and
// that nothing they see is granted to, it tells nothing.
func (s *Statement) shownTo(state *catalog.State, by Asker, at time.Time) (catalog.Grantee, error) {
	to := catalog.Grantee{}
	var known bool
	switch s.Grantee.Kind {
	case "":
		return to, nil
	case toAgency:
		if a, ok := state.AgencyNamed(s.Grantee.Name); ok {
			to, known = catalog.Grantee{Kind: catalog.ToAgency, ID: a.ID}, state.SeesAgency(by.Principal, a, at)
		}
	default:
		if p, ok := state.Login(s.Grantee.Name); ok && (s.Grantee.Kind != toApplication || slices.Contains(p.Roles, catalog.Application)) {
			to, known = catalog.Grantee{Kind: catalog.ToPrincipal, ID: p.ID}, state.SeesPrincipal(by.Principal, p)
		}
	}
	known = known || to.ID != "" && slices.ContainsFunc(state.GrantsTo(to), func(g *catalog.Grant) bool { return by.sees(state, g, at) != catalog.Nothing })
	if !known {
		kind := "principal"
		if s.Grantee.Kind == toAgency {
			kind = "agency"
		}
		return to, s.at("grantee", unknown(kind))
	}
	return to, nil
}

// row writes a grant for somebody who sees it whole or in outline.
func (s *Shown) row(g shown) []string {
	_, of, by := document.Named(s.state, g.Grant)
	closed := ""
	switch {
	case g.sight != catalog.Whole:
		of, by = Outline(of), ""
	case s.closed != nil:
		closed = s.closed(g.Grant)
	}
	return []string{g.ID, g.resource, g.grantee, by, Write(g.resource, spoken(s.state, of), s.zone), closed}
}

// spoken writes the agencies to which keys may go by their names in SQL, in the place
// of their codes.
func spoken(state *catalog.State, g document.Grant) document.Grant {
	var to []string
	for _, code := range g.KeysTo {
		name := code
		for _, a := range state.Agencies() {
			if a.Code == code {
				name = a.Name
			}
		}
		to = append(to, name)
	}
	g.KeysTo = to
	return g
}

// Outline takes out of a grant what its provider alone decides and knows: how rows are
// chosen and values masked tells of rows and values that are not shown.
func Outline(g document.Grant) document.Grant {
	items := map[string]string{}
	for name, use := range g.Items {
		if document.IsMasked(use) {
			use = string(catalog.Masked) + " " + hiddenMask
		}
		items[name] = use
	}
	g.Items = items
	if g.Where != "" {
		g.Where = hiddenFilter
	}
	return g
}
