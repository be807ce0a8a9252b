package document

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
)

// Granting gives what adds a grant to those of a resource; nothing where there is one
// that says the same, whose ID it gives.
func Granting(s *catalog.State, resource string, want Grant, check ...Check) (changes []Change, there string, err error) {
	b := &differ{state: s, doc: &Document{}, checks: check}
	r, err := b.granted(resource)
	if err != nil {
		return nil, "", err
	}
	w, err := b.wanted(r, want)
	if err != nil {
		return nil, "", err
	}
	left := grantsOn(s, r)
	if same := b.same(r, w, left); same >= 0 {
		return nil, left[same].ID, nil
	}
	if err := b.checked(w); err != nil {
		return nil, "", err
	}
	return []Change{b.give(resource, w, nil)}, "", nil
}

// checked tells what is wrong with a grant that is new.
func (b *differ) checked(w *wanted) error {
	for _, check := range b.checks {
		err := check(w.grant)
		var of *policy.PartError
		switch {
		case errors.As(err, &of):
			return member(of.Err, w.path(of)...)
		case err != nil:
			return err
		}
	}
	return nil
}

// path leads to the part of a grant in which something is wrong, as the document spells it.
func (w *wanted) path(of *policy.PartError) []string {
	if name, ok := w.spelled[catalog.Fold(of.Item)]; ok {
		return []string{of.Part, name}
	}
	return []string{of.Part}
}

// Withdrawal is what is taken back of a resource.
type Withdrawal struct {
	Agency, Principal string   // of whom: one of both, by name in SQL or login
	Items             []string // nil for every item
	Purposes          []string // nil for every purpose
}

// Withdrawing gives what takes back, of every grant of somebody on a resource, exactly
// the items for the purposes that are named. What is left of a grant becomes a grant of
// its own.
func Withdrawing(s *catalog.State, resource string, what Withdrawal) ([]Change, error) {
	b := &differ{state: s, doc: &Document{}}
	r, err := b.granted(resource)
	if err != nil {
		return nil, err
	}
	to, _, err := b.grantee("grant on "+resource, what.Agency, what.Principal)
	if err != nil {
		return nil, err
	}
	items := map[int]bool{}
	for _, name := range what.Items {
		i, ok := r.Item(name)
		if !ok {
			return nil, member(wrong("grant on "+resource, "items."+name, itemsOf(r)...), "items", name)
		}
		items[i.No] = true
	}
	for _, code := range what.Purposes {
		if _, ok := s.Purpose(code); !ok {
			return nil, unknownPurpose(code)
		}
	}
	var out []Change
	for _, g := range grantsOn(s, r) {
		if g.Grantee != to {
			continue
		}
		changes, err := b.withdraw(resource, r, g, items, what)
		if err != nil {
			return nil, err
		}
		out = append(out, changes...)
	}
	return out, nil
}

// withdraw takes items for purposes out of one grant.
func (b *differ) withdraw(resource string, r *catalog.Resource, g *catalog.Grant, items map[int]bool, what Withdrawal) ([]Change, error) {
	taken := func(i catalog.GrantedItem) bool { return what.Items == nil || items[i.No] }
	ended := func(code string) bool { return what.Purposes == nil || slices.Contains(what.Purposes, code) }
	if !slices.ContainsFunc(g.Items, taken) || !slices.ContainsFunc(g.Purposes, ended) {
		return nil, nil
	}
	left := slices.DeleteFunc(slices.Clone(g.Items), taken)
	other := slices.DeleteFunc(slices.Clone(g.Purposes), ended)
	out := []Change{b.take(resource, r, g)}
	if len(left) == 0 && len(other) == 0 {
		return out, nil
	}
	if g.Rows != 0 || g.Queries != 0 {
		// Two grants in its place would have its quota twice.
		return nil, errs.New(errs.NotSupported, "document_quota_part", msg.Args{"Grant": g.ID})
	}
	keep := func(items []catalog.GrantedItem, purposes []string) {
		copied := *g
		copied.ID, copied.Version, copied.Items, copied.Purposes = "", 0, items, purposes
		w := &wanted{grant: &copied, want: grantOf(b.state, r, &copied)}
		w.to = w.want.Agency + w.want.Principal
		out = append(out, b.give(resource, w, nil))
	}
	if len(other) > 0 {
		keep(g.Items, other)
	}
	if len(left) > 0 {
		keep(left, slices.DeleteFunc(slices.Clone(g.Purposes), func(code string) bool { return !ended(code) }))
	}
	return out, nil
}

// granted finds the resource of grants. Items have their numbers only when it is there.
func (b *differ) granted(name string) (*catalog.Resource, error) {
	of, own, _ := split(name)
	r, ok := b.state.ResourceNamed(of, own)
	if !ok {
		return nil, member(errs.New(errs.ConfigInvalid, "document_resource", msg.Args{"Resource": name}), "resource")
	}
	return r, nil
}

func grantsOn(s *catalog.State, r *catalog.Resource) []*catalog.Grant {
	var out []*catalog.Grant
	for _, g := range s.Grants() {
		if g.Resource == r.ID {
			out = append(out, g)
		}
	}
	return out
}

// wanted is a grant that a document asks for.
type wanted struct {
	grant *catalog.Grant
	want  Grant // in the form in which grants are compared
	to    string
	// spelled gives items as the document has them, by the form in which names are compared.
	spelled map[string]string
}

// wanted reads a grant of the document. The grantee's ID is empty where the document
// makes it.
func (b *differ) wanted(r *catalog.Resource, want Grant) (*wanted, error) {
	slices.Sort(want.Modes)
	slices.Sort(want.Purposes)
	slices.Sort(want.KeysTo)
	g, to, err := b.grant(r, want)
	if err != nil {
		return nil, err
	}
	want.From, want.Until, want.Hours = instant(g.From), instant(g.Until), hoursText(g.Hours)
	// Names are compared as they are kept, in whatever case they were written.
	if a, ok := b.state.AgencyNamed(want.Agency); ok {
		want.Agency = a.Name
	}
	spelled := map[string]string{}
	for name := range want.Items {
		spelled[catalog.Fold(name)] = name
	}
	want.Items = grantOf(b.state, r, g).Items
	return &wanted{g, want, to, spelled}, nil
}

// same finds a grant that says what is wanted; -1 for none. A beginning that is not
// named is as it is.
func (b *differ) same(r *catalog.Resource, w *wanted, in []*catalog.Grant) int {
	return slices.IndexFunc(in, func(g *catalog.Grant) bool {
		if g.Grantee != w.grant.Grantee { // it is cheap to see, and there may be thousands
			return false
		}
		have := grantOf(b.state, r, g)
		if w.want.From == "" {
			have.From = ""
		}
		return reflect.DeepEqual(have, w.want)
	})
}

// give is the change that adds a grant, in the place of an old one where there is one.
func (b *differ) give(resource string, w *wanted, old *catalog.Grant, path ...string) Change {
	c := Change{Sign: '+', What: "grant on " + resource + " to " + w.to, Details: differences(nil, w.want), Given: w.grant, path: path}
	c.do = func(out Writer, m *made) error {
		if id, ok := m.agencies[w.want.Agency]; ok && w.want.Agency != "" {
			w.grant.Grantee.ID = id
		}
		if id, ok := m.principals[w.want.Principal]; ok && w.want.Principal != "" {
			w.grant.Grantee.ID = id
		}
		if old != nil {
			if err := out.Revoke(old.ID); err != nil {
				return err
			}
		}
		return out.Grant(w.grant)
	}
	if old != nil {
		c.Sign, c.Taken = '~', old
	}
	return c
}

// take is the change that takes a grant back.
func (b *differ) take(resource string, r *catalog.Resource, g *catalog.Grant) Change {
	return Change{Sign: '-', What: "grant " + g.ID + " on " + resource, Details: differences(nil, grantOf(b.state, r, g)), Taken: g, do: func(w Writer, _ *made) error { return w.Revoke(g.ID) }}
}

func (b *differ) grants() error {
	for _, name := range slices.Sorted(maps.Keys(b.doc.Grants)) {
		r, err := b.granted(name)
		if err != nil {
			return member(err, "grants", name)
		}
		left := grantsOn(b.state, r)
		var added []*wanted
		var paths [][]string
		for i, want := range b.doc.Grants[name] {
			path := []string{"grants", name, fmt.Sprint(i)}
			w, err := b.wanted(r, want)
			if err != nil {
				return member(err, path...)
			}
			if same := b.same(r, w, left); same >= 0 {
				left = slices.Delete(left, same, same+1)
				continue
			}
			if err := b.checked(w); err != nil {
				return member(err, path...)
			}
			added, paths = append(added, w), append(paths, path)
		}
		var given []Change
		for i, w := range added {
			// What the same grantee had before is changed into it.
			before := slices.IndexFunc(left, func(g *catalog.Grant) bool { return g.Grantee == w.grant.Grantee })
			if before < 0 {
				given = append(given, b.give(name, w, nil, paths[i]...))
				continue
			}
			have := grantOf(b.state, r, left[before])
			if w.want.From == "" {
				have.From = ""
			}
			c := b.give(name, w, left[before], paths[i]...)
			c.Details = differences(have, w.want)
			given = append(given, c)
			left = slices.Delete(left, before, before+1)
		}
		for _, g := range left {
			c := b.take(name, r, g)
			c.path = []string{"grants", name}
			b.out = append(b.out, c)
		}
		b.out = append(b.out, given...)
	}
	return nil
}

func unknownPurpose(code string) error {
	return member(errs.New(errs.UnknownName, "store_unknown", msg.Args{"Kind": "purpose"}), "purposes", code)
}

// hasCode reports whether there is an agency with a code, or the document makes one.
func (b *differ) hasCode(code string) bool {
	for _, a := range b.doc.Agencies {
		if a.Code == code {
			return true
		}
	}
	return slices.ContainsFunc(b.state.Agencies(), func(a *catalog.Agency) bool { return a.Code == code })
}

// grantee finds whom a grant is to. The ID is empty where the document makes it.
func (b *differ) grantee(what, agency, principal string) (to catalog.Grantee, name string, err error) {
	switch {
	case (agency == "") == (principal == ""):
		return to, "", member(wrong(what, "agency", "agency", "principal"), "grantee")
	case agency != "":
		to.Kind = catalog.ToAgency
		if a, ok := b.state.AgencyNamed(agency); ok {
			to.ID = a.ID
		} else if _, ok := b.doc.Agencies[agency]; !ok {
			return to, "", member(wrong(what, "agency"), "agency")
		}
		return to, agency, nil
	}
	to.Kind = catalog.ToPrincipal
	if p, ok := b.state.Login(principal); ok {
		to.ID = p.ID
	} else if _, ok := b.doc.Principals[principal]; !ok {
		return to, "", member(wrong(what, "principal"), "principal")
	}
	return to, principal, nil
}

// grant reads a grant of the document.
func (b *differ) grant(r *catalog.Resource, want Grant) (*catalog.Grant, string, error) {
	what := "grant on " + NameOf(b.state, r)
	g := &catalog.Grant{Resource: r.ID, RowFilter: want.Where, Purposes: want.Purposes, Rows: want.Quota.Rows, Queries: want.Quota.Queries}
	var to string
	var err error
	if g.Grantee, to, err = b.grantee(what, want.Agency, want.Principal); err != nil {
		return nil, "", err
	}
	for _, code := range want.Purposes {
		_, there := b.state.Purpose(code)
		if _, made := b.doc.Purposes[code]; !there && !made {
			return nil, "", unknownPurpose(code)
		}
	}
	for _, code := range want.KeysTo {
		if code != catalog.AnyAgency && !b.hasCode(code) {
			return nil, "", member(wrong(what, "keys_to", b.codes()...), "keys_to")
		}
	}
	for _, m := range want.Modes {
		g.Modes = append(g.Modes, catalog.Mode(m))
	}
	for _, name := range slices.Sorted(maps.Keys(want.Items)) {
		i, ok := r.Item(name)
		if !ok {
			return nil, "", member(wrong(what, "items."+name, itemsOf(r)...), "items", name)
		}
		item, err := granted(r, what, name, want.Items[name])
		if err != nil {
			return nil, "", member(err, "items", name)
		}
		item.No = i.No
		if item.Use == catalog.Clear {
			item.Keys = want.KeysTo
		}
		g.Items = append(g.Items, item)
	}
	if err := b.where(r, what, want.Where); err != nil {
		return nil, "", member(err, "where")
	}
	var ok bool
	if g.Hours, ok = parseHours(want.Hours); !ok {
		return nil, "", member(wrong(what, "hours", "08:00-18:00"), "hours")
	}
	if g.From, err = parseInstant(want.From); err != nil {
		return nil, "", member(wrong(what, "from", anInstant), "from")
	}
	if g.Until, err = parseInstant(want.Until); err != nil {
		return nil, "", member(wrong(what, "until", anInstant), "until")
	}
	return g, to, nil
}
