// Package grantsql reads and writes grants as SQL: GRANT, REVOKE and SHOW GRANTS. What
// a statement says is a grant of policy/document, so that it means what the same grant
// means in a file.
package grantsql

import (
	"errors"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/document"
)

// Kind is what a statement does.
type Kind uint8

// The kinds.
const (
	Grant Kind = iota + 1
	Revoke
	Show
)

// Grantees, as statements name them.
const (
	toAgency      = "AGENCY"
	toPrincipal   = "PRINCIPAL"
	toApplication = "APPLICATION"
)

// Grantee is whom a statement names.
type Grantee struct {
	Kind string // AGENCY, PRINCIPAL or APPLICATION; empty for none
	Name string // an agency's name in SQL, or a login
}

// Statement is a statement as it was read. Names are not looked up yet.
type Statement struct {
	Kind     Kind
	Resource string // agency.resource; empty in SHOW GRANTS for every one
	Grantee  Grantee
	Grant    document.Grant // of GRANT; KeysTo has names of agencies
	Items    []string       // of REVOKE: what is taken back; nil for everything
	Purposes []string       // of REVOKE: for what it is taken back; nil for every purpose

	text   string
	places map[string]int // where the text names its parts, in bytes
}

// at points an error at the part of the statement that it speaks of.
func (s *Statement) at(part string, err error) error {
	offset, ok := s.places[part]
	if !ok || err == nil {
		return err
	}
	return errs.From(err).At(s.text, offset)
}

// Located gives an error of a member of a document its place in the statement. There is
// no configuration that would be wrong: the request is.
func (s *Statement) Located(err error) error {
	var of *document.MemberError
	if !errors.As(err, &of) {
		return err
	}
	e := *errs.From(of.Err)
	if e.Code == errs.ConfigInvalid {
		e.Code = errs.RequestInvalid
	}
	path := of.Path
	if len(path) > 0 && (path[0] == "agency" || path[0] == "principal") {
		path = []string{"grantee"}
	}
	for n := len(path); n > 0; n-- {
		part := strings.Join(path[:n], "/")
		if s.places[part] > 0 && part == policy.PartWhere && e.Pos != nil { // within the row filter
			return e.At(s.text, s.places[part]+e.Pos.Offset)
		}
		if s.places[part] > 0 {
			return s.at(part, &e)
		}
	}
	return &e
}

// document gives the grant that a statement says, with what it names looked up.
func (s *Statement) document(state *catalog.State) (document.Grant, error) {
	g := s.Grant
	g.Agency, g.Principal, g.KeysTo = "", "", nil
	if s.Grantee.Kind == toAgency {
		g.Agency = s.Grantee.Name
	} else {
		g.Principal = s.Grantee.Name
	}
	for _, name := range s.Grant.KeysTo {
		if name == catalog.AnyAgency {
			g.KeysTo = append(g.KeysTo, name)
			continue
		}
		a, ok := state.AgencyNamed(name)
		if !ok {
			return g, s.at("keys_to/"+name, unknown("agency"))
		}
		g.KeysTo = append(g.KeysTo, a.Code)
	}
	slices.Sort(g.KeysTo)
	return g, s.application(state)
}

// application refuses TO APPLICATION for somebody who is none.
func (s *Statement) application(state *catalog.State) error {
	if s.Grantee.Kind != toApplication {
		return nil
	}
	p, ok := state.Login(s.Grantee.Name)
	if !ok {
		return s.at("grantee", unknown("principal"))
	}
	if !slices.Contains(p.Roles, catalog.Application) {
		return s.at("grantee", errs.New(errs.RequestInvalid, "grants_no_application", nil))
	}
	return nil
}
