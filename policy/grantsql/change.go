package grantsql

import (
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/document"
)

// Changes gives what a GRANT or REVOKE changes in a state, in the name of a principal,
// and the ID of the grant that says already what GRANT asks for. Who may not change the
// resource's grants learns nothing of it.
func (s *Statement) Changes(state *catalog.State, by *catalog.Principal, check ...document.Check) (changes []document.Change, there string, err error) {
	if !document.May(by, state, &document.Document{Grants: map[string][]document.Grant{s.Resource: nil}}) {
		return nil, "", errs.New(errs.Forbidden, "store_not_allowed", nil)
	}
	if _, ok := document.ResourceNamed(state, s.Resource); !ok {
		return nil, "", s.at("resource", errs.New(errs.UnknownName, "grants_no_resource", msg.Args{"Resource": s.Resource}))
	}
	g, err := s.document(state)
	if err != nil {
		return nil, "", err
	}
	if s.Kind == Revoke {
		changes, err = document.Withdrawing(state, s.Resource, document.Withdrawal{Agency: g.Agency, Principal: g.Principal, Items: s.Items, Purposes: s.Purposes})
	} else {
		changes, there, err = document.Granting(state, s.Resource, g, check...)
	}
	return changes, there, s.Located(err)
}

// ChangeColumns are the columns of an answer to GRANT and REVOKE.
func ChangeColumns() []string { return []string{"change", "grant", "statement"} }

// Words for what a statement did to a grant.
const (
	granted = "granted"
	revoked = "revoked"
	kept    = "unchanged"
)

// Changed writes what a statement changed, once the changes are made. There is the ID
// of a grant that was there before.
func Changed(state *catalog.State, changes []document.Change, there string, zone *time.Location) [][]string {
	var rows [][]string
	add := func(what string, g *catalog.Grant) {
		resource, of, _ := document.Named(state, g)
		rows = append(rows, []string{what, g.ID, Write(resource, spoken(state, of), zone)})
	}
	for _, c := range changes {
		if c.Taken != nil {
			add(revoked, c.Taken)
		}
		if c.Given != nil {
			add(granted, c.Given)
		}
	}
	if g, ok := state.Grant(there); ok {
		add(kept, g)
	}
	return rows
}
