package document

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy"
)

// Writer makes changes; a transaction of the store is one.
type Writer interface {
	Agency(*catalog.Agency) error
	Purpose(*catalog.Purpose) error
	Principal(*catalog.Principal) error
	Source(*catalog.Source) error
	Resource(*catalog.Resource) error
	Grant(*catalog.Grant) error
	Revoke(id string) error
}

// Change is one difference between a document and a state.
type Change struct {
	Sign byte   // '+' new, '~' changed, '-' taken back
	What string // e.g. agency 公安, grant on 公安.人口 to 民政
	// Do makes the change. It finds what it names by made, which holds the IDs of the
	// agencies and principals that changes before it have made, by name.
	do func(w Writer, made *made) error
}

// made holds the IDs of new objects by their names.
type made struct{ agencies, principals, resources map[string]string }

// Apply makes changes in their order.
func Apply(w Writer, changes []Change) error {
	m := &made{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, c := range changes {
		if err := c.do(w, m); err != nil {
			e := *errs.From(err)
			e.Err = err
			return fmt.Errorf("%c %s: %w", c.Sign, c.What, &e)
		}
	}
	return nil
}

// Diff lists what makes a state into what a document says, in an order in which it
// can be done.
func Diff(s *catalog.State, d *Document) ([]Change, error) {
	b := &differ{state: s, doc: d}
	for _, step := range []func() error{b.agencies, b.purposes, b.principals, b.sources, b.resources, b.grants} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.out, nil
}

type differ struct {
	state *catalog.State
	doc   *Document
	out   []Change
}

func (b *differ) add(sign byte, what string, do func(Writer, *made) error) {
	b.out = append(b.out, Change{sign, what, do})
}

func wrong(what, member string) error {
	return errs.New(errs.ConfigInvalid, "document_wrong", msg.Args{"What": what, "Member": member})
}

// agencyID finds an agency that is there, or that the document makes.
func (b *differ) agencyID(name string) (func(*made) string, bool) {
	if a, ok := b.state.AgencyNamed(name); ok {
		return func(*made) string { return a.ID }, true
	}
	_, ok := b.doc.Agencies[name]
	return func(m *made) string { return m.agencies[name] }, ok
}

func (b *differ) agencies() error {
	names := slices.Collect(maps.Keys(b.doc.Agencies))
	// Those of the city first: the others stand below them.
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(min(len(b.doc.Agencies[x].Parent), 1), min(len(b.doc.Agencies[y].Parent), 1)), cmp.Compare(x, y))
	})
	for _, name := range names {
		want := b.doc.Agencies[name]
		parent := func(*made) string { return "" }
		if want.Parent != "" {
			var ok bool
			if parent, ok = b.agencyID(want.Parent); !ok {
				return wrong("agency "+name, "parent")
			}
		}
		a := &catalog.Agency{Name: name}
		sign := byte('+')
		if old, ok := b.state.AgencyNamed(name); ok {
			if agencyOf(b.state, old) == want {
				continue
			}
			copied := *old
			a, sign = &copied, '~'
		}
		b.add(sign, "agency "+name, func(w Writer, m *made) error {
			a.Code, a.CreditCode, a.Level, a.Parent, a.District = want.Code, want.CreditCode, catalog.Level(want.Level), parent(m), want.District
			err := w.Agency(a)
			m.agencies[name] = a.ID
			return err
		})
	}
	return nil
}

func (b *differ) purposes() error {
	for _, code := range slices.Sorted(maps.Keys(b.doc.Purposes)) {
		want := b.doc.Purposes[code]
		sign := byte('+')
		if old, ok := b.state.Purpose(code); ok {
			if (Purpose{old.Name, old.Basis}) == want {
				continue
			}
			sign = '~'
		}
		b.add(sign, "purpose "+code, func(w Writer, _ *made) error {
			return w.Purpose(&catalog.Purpose{Code: code, Name: want.Name, Basis: want.Basis})
		})
	}
	return nil
}

func (b *differ) principals() error {
	for _, login := range slices.Sorted(maps.Keys(b.doc.Principals)) {
		want := b.doc.Principals[login]
		agency, ok := b.agencyID(want.Agency)
		if !ok {
			return wrong("principal "+login, "agency")
		}
		p := &catalog.Principal{Login: login}
		sign := byte('+')
		slices.Sort(want.Roles)
		if old, ok := b.state.Login(login); ok {
			if reflect.DeepEqual(principalOf(b.state, old), want) {
				continue
			}
			copied := *old
			p, sign = &copied, '~'
		}
		b.add(sign, "principal "+login, func(w Writer, m *made) error {
			p.Name, p.Agency, p.Service, p.Disabled, p.Attributes, p.Roles = want.Name, agency(m), want.Service, want.Disabled, want.Attributes, nil
			for _, r := range want.Roles {
				p.Roles = append(p.Roles, catalog.Role(r))
			}
			err := w.Principal(p)
			m.principals[login] = p.ID
			return err
		})
	}
	return nil
}

func (b *differ) sources() error {
	for _, name := range slices.Sorted(maps.Keys(b.doc.Sources)) {
		agency, ok := b.agencyID(b.doc.Sources[name])
		if !ok {
			return wrong("source "+name, "agency")
		}
		sign := byte('+')
		if old, ok := b.state.Source(name); ok {
			if old.Name == name && agencyName(b.state, old.Agency) == b.doc.Sources[name] {
				continue
			}
			sign = '~'
		}
		b.add(sign, "source "+name, func(w Writer, m *made) error { return w.Source(&catalog.Source{Name: name, Agency: agency(m)}) })
	}
	return nil
}

// split takes agency.resource apart.
func split(name string) (agency, resource string, ok bool) {
	agency, resource, ok = strings.Cut(name, ".")
	return agency, resource, ok && agency != "" && resource != ""
}

func (b *differ) resources() error {
	for _, name := range slices.Sorted(maps.Keys(b.doc.Resources)) {
		want := b.doc.Resources[name]
		of, own, ok := split(name)
		if !ok {
			return wrong("resource "+name, "name")
		}
		agency, ok := b.agencyID(of)
		if !ok {
			return wrong("resource "+name, "agency")
		}
		r := &catalog.Resource{Name: own}
		sign := byte('+')
		if old, ok := b.state.ResourceNamed(of, own); ok {
			if reflect.DeepEqual(resourceOf(old), want) {
				continue
			}
			copied := *old
			r, sign = &copied, '~'
		}
		before := r.Items
		b.add(sign, "resource "+name, func(w Writer, m *made) error {
			r.Agency, r.Class, r.Source, r.Table, r.Items = agency(m), catalog.Class(want.Class), want.Source, catalog.TableID{Schema: want.Schema, Name: want.Table}, nil
			for _, i := range want.Items {
				item := catalog.Item{Name: fmt.Sprint(i.Key), Title: fmt.Sprint(i.Value)}
				for _, old := range before {
					if old.Name != "" && catalog.SameName(old.Name, item.Name) {
						item.No = old.No
					}
				}
				r.Items = append(r.Items, item)
			}
			err := w.Resource(r)
			m.resources[name] = r.ID
			return err
		})
	}
	return nil
}

func (b *differ) grants() error {
	for _, name := range slices.Sorted(maps.Keys(b.doc.Grants)) {
		of, own, _ := split(name)
		old, there := b.state.ResourceNamed(of, own)
		if !there {
			// Items have their numbers only when the resource is there.
			return errs.New(errs.ConfigInvalid, "document_resource", msg.Args{"Resource": name})
		}
		left := []*catalog.Grant{}
		for _, g := range b.state.Grants() {
			if g.Resource == old.ID {
				left = append(left, g)
			}
		}
		var added []Change
		for _, want := range b.doc.Grants[name] {
			slices.Sort(want.Modes)
			slices.Sort(want.Purposes)
			slices.Sort(want.KeysTo)
			g, to, err := b.grant(old, want)
			if err != nil {
				return err
			}
			want.From, want.Until, want.Hours = instant(g.From), instant(g.Until), hoursText(g.Hours)
			same := slices.IndexFunc(left, func(g *catalog.Grant) bool {
				have := grantOf(b.state, old, g)
				if want.From == "" {
					have.From = ""
				}
				return reflect.DeepEqual(have, want)
			})
			if same >= 0 {
				left = slices.Delete(left, same, same+1)
				continue
			}
			added = append(added, Change{'+', "grant on " + name + " to " + to, func(w Writer, m *made) error {
				if id, ok := m.agencies[want.Agency]; ok && want.Agency != "" {
					g.Grantee.ID = id
				}
				if id, ok := m.principals[want.Principal]; ok && want.Principal != "" {
					g.Grantee.ID = id
				}
				return w.Grant(g)
			}})
		}
		for _, g := range left {
			b.add('-', "grant "+g.ID+" on "+name, func(w Writer, _ *made) error { return w.Revoke(g.ID) })
		}
		b.out = append(b.out, added...)
	}
	return nil
}

// grant reads a grant of the document. The grantee's ID is empty where the document
// makes it.
func (b *differ) grant(r *catalog.Resource, want Grant) (*catalog.Grant, string, error) {
	what := "grant on " + nameOf(b.state, r)
	g := &catalog.Grant{Resource: r.ID, RowFilter: want.Where, Purposes: want.Purposes}
	to := want.Agency
	switch {
	case (want.Agency == "") == (want.Principal == ""):
		return nil, "", wrong(what, "agency")
	case want.Agency != "":
		g.Grantee.Kind = catalog.ToAgency
		if a, ok := b.state.AgencyNamed(want.Agency); ok {
			g.Grantee.ID = a.ID
		} else if _, ok := b.doc.Agencies[want.Agency]; !ok {
			return nil, "", wrong(what, "agency")
		}
	default:
		g.Grantee.Kind, to = catalog.ToPrincipal, want.Principal
		if p, ok := b.state.Login(want.Principal); ok {
			g.Grantee.ID = p.ID
		} else if _, ok := b.doc.Principals[want.Principal]; !ok {
			return nil, "", wrong(what, "principal")
		}
	}
	for _, m := range want.Modes {
		g.Modes = append(g.Modes, catalog.Mode(m))
	}
	for _, name := range slices.Sorted(maps.Keys(want.Items)) {
		i, ok := r.Item(name)
		if !ok {
			return nil, "", wrong(what, "items."+name)
		}
		use, mask, _ := strings.Cut(want.Items[name], " ")
		granted := catalog.GrantedItem{No: i.No, Use: catalog.Use(use), Mask: strings.TrimSpace(mask)}
		if granted.Use == catalog.Clear {
			granted.Keys = want.KeysTo
		}
		if granted.Use == catalog.Masked && !slices.Contains(policy.Masks(), granted.Mask) {
			return nil, "", errs.New(errs.ConfigInvalid, "document_mask", msg.Args{"What": what, "Item": name, "Known": strings.Join(policy.Masks(), ", ")})
		}
		g.Items = append(g.Items, granted)
	}
	if err := policy.CheckText(want.Where); err != nil {
		return nil, "", errs.New(errs.ConfigInvalid, "document_where", msg.Args{"What": what})
	}
	var ok bool
	if g.Hours, ok = parseHours(want.Hours); !ok {
		return nil, "", wrong(what, "hours")
	}
	var err error
	if g.From, err = parseInstant(want.From); err != nil {
		return nil, "", wrong(what, "from")
	}
	if g.Until, err = parseInstant(want.Until); err != nil {
		return nil, "", wrong(what, "until")
	}
	return g, to, nil
}

func parseInstant(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err == nil && t.Year() < 2000 { // the zero time would mean that there is none
		err = errors.New("too early")
	}
	return t.UTC(), err
}

func clockMinutes(text string) (int, bool) {
	hour, minute, ok := strings.Cut(text, ":")
	h, err := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	return h*60 + m, ok && err == nil && err2 == nil && len(hour) == 2 && len(minute) == 2 && h >= 0 && m >= 0 && m < 60 && h*60+m <= 24*60
}

func twoDigits(n int) string { return fmt.Sprintf("%02d", n) }

func placeOf(file string, line, column int) string {
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}
