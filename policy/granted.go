package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Granted is the snapshot of what grants open to somebody for a purpose in a mode.
type Granted struct {
	*index
	Subject Subject
	Until   time.Time // the snapshot is not to be used from then on; zero means without end
	Broken  []Broken  // grants whose policy could not be applied: they open nothing
	digests map[string]string
	// openings says, by the key of its path, what each resource was made of.
	openings map[string]opening
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
	g := &Granted{index: newIndex(), Subject: s, digests: map[string]string{}, openings: map[string]opening{}}
	of := map[string][]*catalog.Grant{}
	if s.Agency != nil && MayAsk(s.Principal) && s.Purpose != "" && s.Mode != "" {
		for _, to := range []catalog.Grantee{{Kind: catalog.ToAgency, ID: s.Agency.ID}, {Kind: catalog.ToPrincipal, ID: s.Principal.ID}} {
			for _, grant := range state.GrantsTo(to) {
				if s.names(grant.Resource) && grant.For(s.Purpose, s.Mode) && g.inForce(grant, at, zone) {
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
		of, t, missing := tableOf(sources, r)
		if of != nil && of.Err != nil {
			g.down[key(path)] = of.Err
			if t, missing := FindTable(of.Kept, r.Table); missing == NotMissing {
				g.open(opening{
					place: Resource{Path: path, Source: of.Source, Provider: a.Code, Table: t, Away: of.Err}, resource: r, grants: grants,
					lookups: lookupTables(grants, a, state, sources), kept: true,
				})
			}
			continue
		}
		if missing == NotMissing {
			g.open(opening{
				place: Resource{Path: path, Source: of.Source, Provider: a.Code, Table: t}, resource: r, grants: grants,
				lookups: lookupTables(grants, a, state, sources),
			})
			continue
		}
		for _, grant := range grants {
			g.Broken = append(g.Broken, Broken{grant.ID, strings.Join(path, "."), noTable()})
		}
	}
	// Two resources of an agency differ in more than case: the store keeps them so.
	if err := g.finish("granted:" + s.identity()); err != nil {
		return nil, err
	}
	return g, nil
}

// MayAsk reports whether a principal's role is to use data. Who decides what is
// shared, keeps the people or reads the audit does not ask by that role.
func MayAsk(p *catalog.Principal) bool { return p.Has(catalog.Analyst) || p.Has(catalog.Application) }

// check closes every grant whose guard cannot be applied, and the resource where what
// is left of its grants cannot be applied together. A resource of which that could not be
// found out is closed too, but whoever names it is told so: then sure is false.
func (g *Granted) check(check func(digest string, r *Resource) error) (sure bool, err error) {
	sure = true
	closed := false
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
		g.list = slices.DeleteFunc(g.list, func(x *Resource) bool { return x == r })
		delete(g.byPath, k)
		delete(g.digests, k)
		left, digest, broken, err := g.sound(g.openings[k], err, check)
		g.Broken = append(g.Broken, broken...)
		switch {
		case err != nil:
			sure = false
			g.down[k] = errs.Wrap(errs.Timeout, "policy_unsure", msg.Args{"Resource": r.Name()}, err)
		case left != nil:
			g.add(left)
			g.digests[k] = digest
		}
	}
	if !closed {
		return true, nil
	}
	return sure, g.finish("granted:" + g.Subject.identity())
}

// sound makes a resource of those of its grants whose guards can be applied, each and
// together; nil where none is left. What was wrong with all together is given. The error
// says that it could not be found out.
func (g *Granted) sound(o opening, wrong error, check func(digest string, r *Resource) error) (*Resource, string, []Broken, error) {
	var unsure *Unsure
	if errors.As(wrong, &unsure) {
		return nil, "", nil, wrong
	}
	try := func(grants []*catalog.Grant) (*Resource, string, error) {
		o.grants = grants
		r, digest, _ := g.build(o)
		if r == nil || r.Guard == nil {
			return r, digest, nil
		}
		return r, digest, check(digest, r)
	}
	var broken []Broken
	var rest []*catalog.Grant
	for _, grant := range o.grants {
		switch _, _, err := try([]*catalog.Grant{grant}); {
		case errors.As(err, &unsure):
			return nil, "", nil, err
		case err != nil:
			broken = append(broken, Broken{grant.ID, o.place.Name(), err})
		default:
			rest = append(rest, grant)
		}
	}
	left, digest, err := try(rest)
	switch {
	case errors.As(err, &unsure):
		return nil, "", nil, err
	case err != nil:
		for _, grant := range rest {
			broken = append(broken, Broken{grant.ID, o.place.Name(), err})
		}
		return nil, "", broken, nil
	}
	return left, digest, broken, nil
}

// names reports whether a resource can be there at all for the subject.
func (s Subject) names(resource string) bool {
	return len(s.Only) == 0 || slices.Contains(s.Only, resource)
}

// identity is what of the subject an answer can depend on.
func (s Subject) identity() string {
	if s.Principal == nil || s.Agency == nil {
		return "nobody"
	}
	text, err := json.Marshal(append([]string{s.Principal.ID, s.Agency.ID, s.Purpose, string(s.Mode)}, s.Only...))
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

// StillOpens reports whether a later snapshot of the same subject opens a resource
// exactly as g does: whether a statement that reads it may go on.
func (g *Granted) StillOpens(later *Granted, r *Resource) bool {
	if r.Away != nil { // nothing of it was read
		return true
	}
	k := key(r.Path)
	d, ok := g.digests[k]
	return ok && d == later.digests[k]
}

// Opens reports whether a snapshot opens everything that an earlier one of the same subject,
// purpose and mode opened, exactly as that did; it may open more. Of snapshots without grants
// it knows only that they are the same.
func Opens(later, earlier Snapshot) bool {
	if later.Identity() == earlier.Identity() {
		return true
	}
	now, ok := later.(*Granted)
	then, was := earlier.(*Granted)
	if !ok || !was {
		return false
	}
	for _, r := range then.Resources() {
		if !then.StillOpens(now, r) {
			return false
		}
	}
	return true
}
