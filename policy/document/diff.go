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
	// Details says member by member what the change is of: member: value of what is new
	// or taken back, member: old -> new of what is changed.
	Details []string
	Given   *catalog.Grant // of a grant that is added; it has its ID once the change is made
	Taken   *catalog.Grant // of a grant that is taken back
	path    []string       // the member of the document that asks for it
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
			return &MemberError{Path: c.path, Err: err}
		}
	}
	return nil
}

// Check tells whether a grant that is to be saved can be applied. Its error may be a
// *policy.PartError, which says which part of the grant is wrong.
type Check func(*catalog.Grant) error

// Diff lists what makes a state into what a document says, in an order in which it
// can be done.
func Diff(s *catalog.State, d *Document, check ...Check) ([]Change, error) {
	b := &differ{state: s, doc: d, checks: check}
	for _, step := range []func() error{b.agencies, b.purposes, b.principals, b.sources, b.resources, b.grants} {
		if err := step(); err != nil {
			return nil, d.Placed(err)
		}
	}
	return b.out, nil
}

type differ struct {
	state  *catalog.State
	doc    *Document
	out    []Change
	checks []Check // of grants that are new
}

func (b *differ) add(sign byte, path [2]string, details []string, do func(Writer, *made) error) {
	kind := map[string]string{"agencies": "agency", "purposes": "purpose", "principals": "principal", "sources": "source", "resources": "resource"}[path[0]]
	b.out = append(b.out, Change{Sign: sign, What: kind + " " + path[1], Details: details, path: path[:], do: do})
}

// wrong says what of an object is missing, wrong or not there, and what it can be.
func wrong(what, member string, can ...string) error {
	return errs.New(errs.ConfigInvalid, "document_wrong", msg.Args{"What": what, "Member": member, "Can": strings.Join(can, ", ")})
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
				return member(wrong("agency "+name, "parent"), "agencies", name, "parent")
			}
		}
		a := &catalog.Agency{Name: name}
		sign, have := byte('+'), any(nil)
		if old, ok := b.state.AgencyNamed(name); ok {
			if AgencyOf(b.state, old) == want {
				continue
			}
			copied := *old
			a, sign, have = &copied, '~', AgencyOf(b.state, old)
		}
		b.add(sign, [2]string{"agencies", name}, differences(have, want), func(w Writer, m *made) error {
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
		sign, have := byte('+'), any(nil)
		if old, ok := b.state.Purpose(code); ok {
			if (Purpose{old.Name, old.Basis}) == want {
				continue
			}
			sign, have = '~', Purpose{old.Name, old.Basis}
		}
		b.add(sign, [2]string{"purposes", code}, differences(have, want), func(w Writer, _ *made) error {
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
			return member(wrong("principal "+login, "agency"), "principals", login, "agency")
		}
		p := &catalog.Principal{Login: login}
		sign, have := byte('+'), any(nil)
		slices.Sort(want.Roles)
		if old, ok := b.state.Login(login); ok {
			if reflect.DeepEqual(PrincipalOf(b.state, old), want) {
				continue
			}
			copied := *old
			p, sign, have = &copied, '~', PrincipalOf(b.state, old)
		}
		b.add(sign, [2]string{"principals", login}, differences(have, want), func(w Writer, m *made) error {
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
			return member(wrong("source "+name, "agency"), "sources", name, "agency")
		}
		type source struct{ Agency string }
		sign, have := byte('+'), any(nil)
		if old, ok := b.state.Source(name); ok {
			if old.Name == name && agencyName(b.state, old.Agency) == b.doc.Sources[name] {
				continue
			}
			sign, have = '~', source{agencyName(b.state, old.Agency)}
		}
		b.add(sign, [2]string{"sources", name}, differences(have, source{b.doc.Sources[name]}), func(w Writer, m *made) error { return w.Source(&catalog.Source{Name: name, Agency: agency(m)}) })
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
			return member(wrong("resource "+name, "name", "agency.resource"), "resources", name, "name")
		}
		agency, ok := b.agencyID(of)
		if !ok {
			return member(wrong("resource "+name, "agency"), "resources", name, "agency")
		}
		r := &catalog.Resource{Name: own}
		sign, have := byte('+'), any(nil)
		if old, ok := b.state.ResourceNamed(of, own); ok {
			if reflect.DeepEqual(resourceOf(old), want) {
				continue
			}
			copied := *old
			r, sign, have = &copied, '~', resourceOf(old)
		}
		before := r.Items
		b.add(sign, [2]string{"resources", name}, differences(have, want), func(w Writer, m *made) error {
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
