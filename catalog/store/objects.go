package store

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Kinds of objects, as messages and the table change name them.
const (
	kindAgency    = "agency"
	kindPrincipal = "principal"
	kindPurpose   = "purpose"
	kindSource    = "source"
	kindResource  = "resource"
	kindGrant     = "grant"
	kindToken     = "token"
)

// Agency adds an agency, or changes one whose ID and Version it has.
func (t *Tx) Agency(a *catalog.Agency) error {
	if err := t.may(catalog.ActAgency, ""); err != nil {
		return err
	}
	return t.agency(a)
}

func (t *Tx) agency(a *catalog.Agency) error {
	switch {
	case !isCode(a.Code, 32):
		return invalid(kindAgency, "code", "[A-Za-z0-9._-]{1,32}")
	case !catalog.IsIdentifier(a.Name) || catalog.IsReserved(a.Name):
		return invalid(kindAgency, "name")
	case a.CreditCode != "" && !isCreditCode(a.CreditCode):
		return invalid(kindAgency, "credit_code")
	case a.Level != catalog.LevelCity && a.Level != catalog.LevelDistrict, (a.Level == catalog.LevelDistrict) != (a.Parent != ""):
		return invalid(kindAgency, "level", "city", "district + parent")
	}
	if a.ID != "" {
		a.Version++
		return t.put(kindAgency, a.ID, "UPDATE agency SET code = $1, name = $2, folded = $3, credit_code = $4, level = $5, parent = $6, district = $7, version = $8 WHERE id = $9 AND version = $10",
			a.Code, a.Name, catalog.Fold(a.Name), a.CreditCode, string(a.Level), a.Parent, a.District, a.Version, a.ID, a.Version-1)
	}
	a.ID, a.Version = newID(), 1
	return t.put(kindAgency, a.ID, "INSERT INTO agency (id, code, name, folded, credit_code, level, parent, district, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
		a.ID, a.Code, a.Name, catalog.Fold(a.Name), a.CreditCode, string(a.Level), a.Parent, a.District)
}

// Principal adds a principal, or changes one whose ID and Version it has.
func (t *Tx) Principal(p *catalog.Principal) error {
	if err := t.may(catalog.ActPrincipal, ""); err != nil {
		return err
	}
	return t.principal(p)
}

func (t *Tx) principal(p *catalog.Principal) error {
	if !isCode(p.Login, 64) {
		return invalid(kindPrincipal, "login", "[A-Za-z0-9._-]{1,64}")
	}
	for _, r := range p.Roles {
		if !slices.Contains(catalog.Roles(), r) {
			return invalid(kindPrincipal, "roles", texts(catalog.Roles())...)
		}
	}
	if a, b, conflict := catalog.Conflict(p.Roles); conflict {
		return errs.New(errs.Forbidden, "store_roles", msg.Args{"A": string(a), "B": string(b)})
	}
	if p.Roles == nil {
		p.Roles = []catalog.Role{}
	}
	if p.Attributes == nil {
		p.Attributes = map[string]string{}
	}
	if p.ID != "" {
		p.Version++
		return t.put(kindPrincipal, p.ID, "UPDATE principal SET login = $1, name = $2, service = $3, agency = $4, roles = $5, attributes = $6, demo = $7, disabled = $8, version = $9 WHERE id = $10 AND version = $11",
			p.Login, p.Name, asInt(p.Service), p.Agency, asJSON(p.Roles), asJSON(p.Attributes), asInt(p.Demo), asInt(p.Disabled), p.Version, p.ID, p.Version-1)
	}
	p.ID, p.Version = newID(), 1
	return t.put(kindPrincipal, p.ID, "INSERT INTO principal (id, login, name, service, agency, roles, attributes, demo, disabled, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
		p.ID, p.Login, p.Name, asInt(p.Service), p.Agency, asJSON(p.Roles), asJSON(p.Attributes), asInt(p.Demo), asInt(p.Disabled))
}

// Purpose adds a purpose, or changes the name and basis of the one with its code.
func (t *Tx) Purpose(p *catalog.Purpose) error {
	if err := t.may(catalog.ActPurpose, ""); err != nil {
		return err
	}
	switch {
	case !catalog.IsPurposeCode(p.Code):
		return invalid(kindPurpose, "code", "[A-Z0-9-]{1,32}")
	case p.Name == "" || p.Basis == "":
		return invalid(kindPurpose, "basis")
	}
	return t.put(kindPurpose, p.Code, "INSERT INTO purpose (code, name, basis) VALUES ($1, $2, $3) ON CONFLICT (code) DO UPDATE SET name = excluded.name, basis = excluded.basis", p.Code, p.Name, p.Basis)
}

// Source says whose a source is. The resources that another agency made of it before
// are closed from then on.
func (t *Tx) Source(s *catalog.Source) error {
	if err := t.may(catalog.ActSource, ""); err != nil {
		return err
	}
	if !catalog.IsIdentifier(s.Name) {
		return invalid(kindSource, "name")
	}
	return t.put(kindSource, catalog.Fold(s.Name), "INSERT INTO source (folded, name, agency) VALUES ($1, $2, $3) ON CONFLICT (folded) DO UPDATE SET name = excluded.name, agency = excluded.agency",
		catalog.Fold(s.Name), s.Name, s.Agency)
}

// Resource adds a resource, or changes one whose ID and Version it has. An item
// keeps its number for ever; one whose No is 0 gets a number that none ever had.
func (t *Tx) Resource(r *catalog.Resource) error {
	if err := t.may(catalog.ActResource, r.Agency); err != nil {
		return err
	}
	var before *catalog.Resource
	if r.ID != "" {
		var err error
		if before, err = one(t, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE id = $1", r.ID); err != nil {
			return err
		}
		if before == nil || before.Agency != r.Agency {
			return errs.New(errs.Forbidden, "store_not_allowed", nil)
		}
	}
	switch {
	case !catalog.IsPrintable(r.Name) || strings.ContainsAny(r.Name, `/\*?`): // these would be files in a statement
		return invalid(kindResource, "name")
	case r.Class != catalog.Unrestricted && r.Class != catalog.Restricted && r.Class != catalog.Withheld:
		return invalid(kindResource, "class", texts([]catalog.Class{catalog.Unrestricted, catalog.Restricted, catalog.Withheld})...)
	case len(r.Items) == 0:
		return invalid(kindResource, "items")
	}
	source, err := one(t, scanSource, "SELECT "+sourceColumns+" FROM source WHERE folded = $1", catalog.Fold(r.Source))
	if err != nil {
		return err
	}
	if source == nil || source.Agency != r.Agency {
		return errs.New(errs.Forbidden, "store_source", msg.Args{"Source": r.Source})
	}
	if err := number(r, before); err != nil {
		return err
	}
	delete(t.tables, r.Agency)
	if before != nil {
		r.Version++
		err := t.put(kindResource, r.ID, "UPDATE resource SET name = $1, folded = $2, class = $3, source = $4, table_schema = $5, table_name = $6, items = $7, version = $8 WHERE id = $9 AND version = $10",
			r.Name, catalog.Fold(r.Name), string(r.Class), r.Source, r.Table.Schema, r.Table.Name, asJSON(r.Items), r.Version, r.ID, r.Version-1)
		if err != nil {
			return err
		}
		return t.moved(r)
	}
	r.ID, r.Version = newID(), 1
	return t.put(kindResource, r.ID, "INSERT INTO resource (id, agency, name, folded, class, source, table_schema, table_name, items, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)",
		r.ID, r.Agency, r.Name, catalog.Fold(r.Name), string(r.Class), r.Source, r.Table.Schema, r.Table.Name, asJSON(r.Items))
}

// number gives new items their numbers. A number says by itself how many items there
// ever were, because one that is no longer an item stays in the list without a name.
func number(r *catalog.Resource, before *catalog.Resource) error {
	last := 0
	known := map[int]bool{}
	if before != nil {
		for _, i := range before.Items {
			last, known[i.No] = max(last, i.No), true
		}
	}
	names, numbers := map[string]bool{}, map[int]bool{}
	for k := range r.Items {
		i := &r.Items[k]
		if i.No == 0 {
			last++
			i.No = last
		} else if !known[i.No] {
			return invalid(kindResource, "items")
		}
		if i.Name != "" && names[catalog.Fold(i.Name)] || numbers[i.No] {
			return invalid(kindResource, "items")
		}
		names[catalog.Fold(i.Name)], numbers[i.No] = true, true
	}
	for no := range known {
		if !numbers[no] {
			r.Items = append(r.Items, catalog.Item{No: no})
		}
	}
	slices.SortFunc(r.Items, func(a, b catalog.Item) int { return cmp.Compare(a.No, b.No) })
	return nil
}

// Grant adds a grant. It comes after policy has checked its expressions.
func (t *Tx) Grant(g *catalog.Grant) error {
	r, err := t.granted(g.Resource)
	if err != nil {
		return err
	}
	if r.Class == catalog.Withheld {
		return errs.New(errs.Forbidden, "store_withheld", msg.Args{"Resource": r.Name})
	}
	if g.From.IsZero() {
		g.From = t.now.Truncate(time.Microsecond) // as it is kept
	}
	if err := t.checkGrant(g, r); err != nil {
		return err
	}
	g.ID, g.Version, g.By = newID(), 1, t.by.ID
	err = t.put(kindGrant, g.ID, `INSERT INTO grants (id, resource, grantee_kind, grantee, items, purposes, modes, row_filter, valid_from, valid_until, hours, row_limit, query_limit, granted_by, revoked, version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 1)`,
		g.ID, g.Resource, string(g.Grantee.Kind), g.Grantee.ID, asJSON(g.Items), asJSON(g.Purposes), asJSON(g.Modes), g.RowFilter, asMicros(g.From), asMicros(g.Until),
		asJSON(g.Hours), g.Rows, g.Queries, g.By)
	if there, read := t.inForce[g.Resource]; read && err == nil {
		own := *g
		own.Items = slices.Clone(g.Items)
		t.inForce[g.Resource] = append(there, &own)
	}
	return err
}

// granted finds the resource of a grant that the principal may give or take back.
func (t *Tx) granted(resource string) (*catalog.Resource, error) {
	r, err := one(t, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE id = $1", resource)
	if err != nil {
		return nil, err
	}
	if r == nil {
		r = &catalog.Resource{} // not there reads like not allowed
	}
	return r, t.may(catalog.ActGrant, r.Agency)
}

func (t *Tx) checkGrant(g *catalog.Grant, r *catalog.Resource) error {
	switch {
	case len(g.Items) == 0:
		return invalid(kindGrant, "items")
	case len(g.Purposes) == 0:
		return invalid(kindGrant, "purposes")
	case len(g.Modes) == 0:
		return invalid(kindGrant, "modes", texts(catalog.Modes())...)
	case !g.Until.IsZero() && !g.Until.After(t.now):
		return invalid(kindGrant, "until", "> now")
	case !g.Until.IsZero() && !g.From.Before(g.Until):
		return invalid(kindGrant, "from", "< until")
	case g.Rows < 0 || g.Queries < 0:
		return invalid(kindGrant, "quota")
	case g.Hours.From < 0 || g.Hours.Until > 24*60 || g.Hours.From > g.Hours.Until:
		return invalid(kindGrant, "hours", "00:00-24:00")
	}
	for _, m := range g.Modes {
		if !slices.Contains(catalog.Modes(), m) {
			return invalid(kindGrant, "modes", texts(catalog.Modes())...)
		}
	}
	seen := map[int]bool{}
	for k := range g.Items {
		i := &g.Items[k]
		there := slices.ContainsFunc(r.Items, func(of catalog.Item) bool { return of.No == i.No && of.Name != "" })
		if !there || seen[i.No] {
			return invalid(kindGrant, "items")
		}
		seen[i.No] = true
		if err := errors.Join(t.useOf(i), t.keysTo(i.Keys)); err != nil {
			return err
		}
	}
	for _, code := range g.Purposes {
		if p, err := one(t, scanPurpose, "SELECT "+purposeColumns+" FROM purpose WHERE code = $1", code); err != nil || p == nil {
			return orUnknown(err, kindPurpose)
		}
	}
	switch g.Grantee.Kind {
	case catalog.ToAgency:
		a, err := one(t, scanAgency, "SELECT "+agencyColumns+" FROM agency WHERE id = $1", g.Grantee.ID)
		if err != nil || a == nil {
			return orUnknown(err, kindAgency)
		}
	case catalog.ToPrincipal:
		p, err := one(t, scanPrincipal, "SELECT "+principalColumns+" FROM principal WHERE id = $1", g.Grantee.ID)
		if err != nil || p == nil {
			return orUnknown(err, kindPrincipal)
		}
	default:
		return invalid(kindGrant, "grantee")
	}
	return t.besides(g, r)
}

// Revoke takes a grant back. One that was taken back before is no error.
func (t *Tx) Revoke(id string) error {
	g, err := one(t, scanGrant, "SELECT "+grantColumns+" FROM grants WHERE id = $1", id)
	if err != nil {
		return err
	}
	if g == nil {
		g = &catalog.Grant{}
	}
	if _, err := t.granted(g.Resource); err != nil {
		return err
	}
	if there, read := t.inForce[g.Resource]; read {
		t.inForce[g.Resource] = slices.DeleteFunc(there, func(g *catalog.Grant) bool { return g.ID == id })
	}
	return t.takeBack(kindGrant, id, "UPDATE grants SET revoked = $1, version = version + 1 WHERE id = $2", asMicros(t.now), id)
}

func orUnknown(err error, kind string) error {
	if err != nil {
		return err
	}
	return errs.New(errs.UnknownName, "store_unknown", msg.Args{"Kind": kind})
}

// invalid says what of an object is missing or wrong, and what it can be.
func invalid(kind, what string, can ...string) error {
	return errs.New(errs.RequestInvalid, "store_invalid", msg.Args{"Kind": kind, "What": what, "Can": strings.Join(can, ", ")})
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = string(t)
	}
	return out
}

// isCode reports whether text is made of what may stand in comments at sources, log
// lines and labels: [A-Za-z0-9._-], and is not longer than limit.
func isCode(text string, limit int) bool {
	return text != "" && len(text) <= limit && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// isCreditCode checks a unified social credit code's length, characters and check
// digit (GB 32100-2015).
func isCreditCode(code string) bool {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	if len(code) != 18 {
		return false
	}
	sum, weight := 0, 1
	for k := range 17 {
		d := strings.IndexByte(digits, code[k])
		if d < 0 {
			return false
		}
		sum, weight = sum+d*weight, weight*3%31
	}
	return code[17] == digits[(31-sum%31)%31]
}
