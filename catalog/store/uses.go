package store

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// TokenKeys says where the newest version of the key for tokens is asked for when a
// grant is made; first tells that there has been none of a token before, so that a key
// that is not there may be made. Without it no grant of a token can be made.
func (s *Store) TokenKeys(newest func(first bool) (uint8, error)) { s.newestKey = newest }

// useOf checks how a grant's item is used. It gives a token the newest key, which it
// keeps as long as the grant lasts.
func (t *Tx) useOf(i *catalog.GrantedItem) error {
	mask, typ, identifier := i.Mask != "", i.Type.Kind != catalog.Invalid, i.Identifier != ""
	ok := false
	switch i.Use {
	case catalog.Clear:
		ok = !mask && !typ && !identifier
	case catalog.Masked:
		ok = mask && !identifier && len(i.Keys) == 0 && (!typ || i.Type.Readable())
	case catalog.Tokenized:
		ok = !mask && !typ && len(i.Keys) == 0 && slices.Contains(catalog.Identifiers(), i.Identifier)
	}
	if !ok {
		return invalid(kindGrant, "items")
	}
	if i.Use != catalog.Tokenized {
		i.KeyVersion = 0
		return nil
	}
	if t.newestKey == nil {
		return errs.New(errs.NotSupported, "store_no_token_key", nil)
	}
	if !t.tokened { // also those that are over count: what they showed is kept somewhere
		var before int64
		if err := t.tx.QueryRowContext(t.ctx, "SELECT count(*) FROM grants WHERE items LIKE '%\"key_version\":%'").Scan(&before); err != nil {
			return err
		}
		t.tokened = before > 0
	}
	version, err := t.newestKey(!t.tokened)
	if err != nil {
		return err
	}
	switch { // one that has a key is what is left of an earlier grant
	case i.KeyVersion == 0:
		i.KeyVersion = version
	case i.KeyVersion > version:
		return invalid(kindGrant, "items")
	}
	return nil
}

// keysTo checks that the agencies are there to which keys may go.
func (t *Tx) keysTo(keys []string) error {
	for _, code := range keys {
		if code == catalog.AnyAgency {
			continue
		}
		if a, err := one(t, scanAgency, "SELECT "+agencyColumns+" FROM agency WHERE code = $1", code); err != nil || a == nil {
			return orUnknown(err, kindAgency)
		}
	}
	return nil
}

// besides refuses a grant that would give somebody an item otherwise than another grant
// does which may be in force at the same time: the item itself, or a mask of it, beside
// its token, tokens of two kinds, or two masks. The item is a column of a table, also
// where two resources show it.
func (t *Tx) besides(g *catalog.Grant, r *catalog.Resource) error {
	resources, err := t.ofTable(r)
	if err != nil {
		return err
	}
	for _, i := range g.Items {
		for _, other := range g.Items {
			if tells(i, other, nameOf(r, other.No)) {
				return invalid(kindGrant, "items")
			}
		}
	}
	for _, other := range resources {
		grants, err := t.grantsOn(other.ID)
		if err != nil {
			return err
		}
		for _, before := range grants {
			if err := t.beside(g, r, before, other); err != nil {
				return err
			}
		}
	}
	return nil
}

// grantsOn gives the grants on a resource that were not taken back. They are read once in a
// transaction, and kept as it changes them: read for each of many grants on one resource, a
// file of them would take the square of their number.
func (t *Tx) grantsOn(resource string) ([]*catalog.Grant, error) {
	if there, read := t.inForce[resource]; read {
		return there, nil
	}
	grants, err := all(t, scanGrant, "SELECT "+grantColumns+" FROM grants WHERE resource = $1 AND revoked = 0", resource)
	if err != nil {
		return nil, err
	}
	if t.inForce == nil {
		t.inForce = map[string][]*catalog.Grant{}
	}
	t.inForce[resource] = grants
	return grants, nil
}

// table is a table of a source, by its folded names: they differ in more than case or
// not at all.
type table struct{ source, schema, name string }

func tableOf(r *catalog.Resource) table {
	return table{catalog.Fold(r.Source), catalog.Fold(r.Table.Schema), catalog.Fold(r.Table.Name)}
}

// ofTable lists the resources that show the table of one. All of its agency are looked
// for once in a transaction, as long as it changes none: a source is one agency's.
func (t *Tx) ofTable(r *catalog.Resource) ([]*catalog.Resource, error) {
	if t.tables[r.Agency] == nil {
		places, err := all(t, func(row scanner) (*catalog.Resource, error) {
			p := &catalog.Resource{}
			return p, row.Scan(&p.ID, &p.Source, &p.Table.Schema, &p.Table.Name)
		}, "SELECT id, source, table_schema, table_name FROM resource WHERE agency = $1", r.Agency)
		if err != nil {
			return nil, err
		}
		ids := map[table][]string{}
		for _, p := range places {
			ids[tableOf(p)] = append(ids[tableOf(p)], p.ID)
		}
		if t.tables == nil {
			t.tables = map[string]map[table][]string{}
		}
		t.tables[r.Agency] = ids
	}
	var out []*catalog.Resource
	for _, id := range t.tables[r.Agency][tableOf(r)] {
		same, err := one(t, scanResource, "SELECT "+resourceColumns+" FROM resource WHERE id = $1", id)
		if err != nil {
			return nil, err
		}
		if same != nil {
			out = append(out, same)
		}
	}
	return out, nil
}

// moved looks again at the grants on a resource that was changed: its items may be those
// of another table now.
func (t *Tx) moved(r *catalog.Resource) error {
	grants, err := t.grantsOn(r.ID)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if !g.Until.IsZero() && !g.Until.After(t.now) {
			continue
		}
		if err := t.besides(g, r); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) beside(g *catalog.Grant, r *catalog.Resource, before *catalog.Grant, other *catalog.Resource) error {
	if !before.Until.IsZero() && !before.Until.After(t.now) || !meet(g.Purposes, before.Purposes) {
		return nil
	}
	for _, i := range g.Items {
		for _, old := range before.Items {
			same := catalog.SameName(nameOf(r, i.No), nameOf(other, old.No))
			if same && clash(g, i, before, old, other.ID == r.ID) || tells(i, old, nameOf(other, old.No)) || tells(old, i, nameOf(r, i.No)) {
				if somebody, err := t.meet(g.Grantee, before.Grantee); err != nil || !somebody {
					return err
				}
				return errs.New(errs.Conflict, "store_two_uses", msg.Args{"Item": nameOf(r, i.No), "Grant": before.ID})
			}
		}
	}
	return nil
}

// clash reports whether two uses of one item cannot stand beside each other. A mask
// beside another one only cannot be shown: in another mode, at another time or in
// another resource it can.
func clash(g *catalog.Grant, i catalog.GrantedItem, before *catalog.Grant, old catalog.GrantedItem, sameResource bool) bool {
	if i.Use == catalog.Tokenized || old.Use == catalog.Tokenized {
		return i.Use != old.Use || i.Identifier != old.Identifier
	}
	masks := i.Use == catalog.Masked && old.Use == catalog.Masked && (i.Mask != old.Mask || !i.Type.Equal(old.Type))
	together := (g.Until.IsZero() || before.From.Before(g.Until)) && (before.Until.IsZero() || g.From.Before(before.Until))
	return masks && sameResource && together && meet(g.Modes, before.Modes)
}

// tells reports whether the expression in the place of one item may speak of another one
// of which the token is given. That its name stands in the text is enough.
func tells(masked, token catalog.GrantedItem, name string) bool {
	if masked.Type.Kind == catalog.Invalid || token.Use != catalog.Tokenized {
		return false
	}
	quoted := strings.ReplaceAll(name, `"`, `""`)
	return strings.Contains(catalog.Fold(masked.Mask), catalog.Fold(quoted))
}

func meet[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}

// meet reports whether somebody may be both of two grantees: an agency's people have
// its grants beside their own.
func (t *Tx) meet(a, b catalog.Grantee) (bool, error) {
	if a.Kind == b.Kind {
		return a.ID == b.ID, nil
	}
	if a.Kind == catalog.ToAgency {
		a, b = b, a
	}
	p, err := one(t, scanPrincipal, "SELECT "+principalColumns+" FROM principal WHERE id = $1", a.ID)
	return p != nil && p.Agency == b.ID, err
}

// nameOf gives the name of an item of a resource; of one that is no longer there, its
// number, which no column has for a name.
func nameOf(r *catalog.Resource, no int) string {
	for _, i := range r.Items {
		if i.No == no && i.Name != "" {
			return i.Name
		}
	}
	return "\x00" + r.ID
}

// all reads objects.
func all[T any](t *Tx, scan func(scanner) (*T, error), query string, args ...any) (out []*T, err error) {
	rows, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
