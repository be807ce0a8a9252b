package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

func tokenOf(no int, of catalog.Identifier) catalog.GrantedItem {
	return catalog.GrantedItem{No: no, Use: catalog.Tokenized, Identifier: of}
}

// Nobody gets an item, or a mask of it, and its token for one purpose, over however many
// grants, nor two masks at once.
func TestTwoUses(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		c.TokenKeys(func(bool) (uint8, error) { return 3, nil })
		c.change(t, catalog.Bureau, func(tx *Tx) error {
			return tx.Purpose(&catalog.Purpose{Code: "JC", Name: "稽查", Basis: "办法"})
		})
		again := &catalog.Resource{Agency: c.gongan, Name: "户籍", Class: catalog.Restricted, Source: "GA", Table: c.renkou.Table, Items: []catalog.Item{{Name: "qt"}, {Name: "SFZH"}}}
		apart := &catalog.Resource{Agency: c.gongan, Name: "车辆", Class: catalog.Restricted, Source: "ga", Table: catalog.TableID{Schema: "main", Name: "cheliang"}, Items: []catalog.Item{{Name: "xm"}, {Name: "sfzh"}}}
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { return errors.Join(tx.Resource(again), tx.Resource(apart)) })

		clear, mask, token, other := catalog.GrantedItem{No: 2, Use: catalog.Clear}, catalog.GrantedItem{No: 2, Use: catalog.Masked, Mask: "id_no"}, tokenOf(2, catalog.IDNumber), tokenOf(2, catalog.OtherID)
		address2 := catalog.GrantedItem{No: 2, Use: catalog.Masked, Mask: "address"}
		expr := catalog.GrantedItem{No: 2, Use: catalog.Masked, Mask: "id_no", Type: catalog.Type{Kind: catalog.Text}}
		with := func(i catalog.GrantedItem, change ...func(*catalog.Grant)) *catalog.Grant {
			g := c.grant()
			g.Items = []catalog.GrantedItem{i}
			for _, f := range change {
				f(g)
			}
			return g
		}
		principal := func(role catalog.Role) func(*catalog.Grant) {
			return func(g *catalog.Grant) { g.Grantee = catalog.Grantee{Kind: catalog.ToPrincipal, ID: c.people[role]} }
		}
		download := func(g *catalog.Grant) { g.Modes = []catalog.Mode{catalog.Download} }
		later := func(g *catalog.Grant) { g.From, g.Until = g.Until, g.Until.Add(time.Hour) }
		for name, x := range map[string]struct {
			first, second *catalog.Grant
			refused       bool
		}{
			"the item and its token":       {with(clear), with(token), true},
			"the token and its item":       {with(token), with(clear), true},
			"a mask and the token":         {with(mask), with(token), true},
			"in another mode":              {with(clear), with(token, download), true},
			"later":                        {with(clear), with(token, later), true},
			"the agency and one of it":     {with(clear), with(token, principal(catalog.Analyst)), true},
			"one of the agency and it":     {with(token, principal(catalog.Analyst)), with(clear), true},
			"one person":                   {with(token, principal(catalog.Analyst)), with(clear, principal(catalog.Analyst)), true},
			"two kinds of token":           {with(token), with(other), true},
			"another resource of a table":  {with(token), with(clear, func(g *catalog.Grant) { g.Resource = again.ID }), true},
			"another purpose":              {with(token), with(clear, func(g *catalog.Grant) { g.Purposes = []string{"JC"} }), false},
			"two people":                   {with(token, principal(catalog.Application)), with(clear, principal(catalog.Analyst)), false},
			"somebody of another agency":   {with(token), with(clear, principal(catalog.Reviewer)), false},
			"another table":                {with(token), with(clear, func(g *catalog.Grant) { g.Resource = apart.ID }), false},
			"another item":                 {with(token), with(catalog.GrantedItem{No: 1, Use: catalog.Clear}), false},
			"the same token":               {with(token), with(token), false},
			"two masks":                    {with(mask), with(address2), true},
			"a mask's name and expression": {with(mask), with(expr), true},
			"two masks, two modes":         {with(mask, download), with(address2), false},
			"two masks, one later":         {with(mask), with(address2, later), false},
			"the same mask":                {with(mask), with(mask), false},
			"the item and a mask":          {with(clear), with(mask), false},
			"a mask that speaks of it":     {with(token), with(catalog.GrantedItem{No: 1, Use: catalog.Masked, Mask: "left(SFZH, 6)", Type: catalog.Type{Kind: catalog.Text}}), true},
			"what a mask speaks of":        {with(catalog.GrantedItem{No: 1, Use: catalog.Masked, Mask: `left("sfzh", 6)`, Type: catalog.Type{Kind: catalog.Text}}), with(token), true},
			"a mask of something else":     {with(token), with(catalog.GrantedItem{No: 1, Use: catalog.Masked, Mask: "left(district, 6)", Type: catalog.Type{Kind: catalog.Text}}), false},
		} {
			c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(x.first) })
			err := c.Change(t.Context(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(x.second) })
			if x.refused != (err != nil) || x.refused && errs.From(err).ID != "store_two_uses" {
				t.Errorf("%s: %v", name, err)
			}
			c.change(t, catalog.Leader, func(tx *Tx) error {
				if err == nil {
					return errors.Join(tx.Revoke(x.first.ID), tx.Revoke(x.second.ID))
				}
				return tx.Revoke(x.first.ID)
			})
		}
	})
}

// A table has one name, however it is spelt, and a resource that is moved onto another
// table is looked at again.
func TestTwoUsesOfATable(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		c.TokenKeys(func(bool) (uint8, error) { return 3, nil })
		table := c.renkou.Table
		spelt := &catalog.Resource{Agency: c.gongan, Name: "户籍", Class: catalog.Restricted, Source: "GA", Table: catalog.TableID{Schema: strings.ToUpper(table.Schema), Name: strings.ToUpper(table.Name)}, Items: []catalog.Item{{Name: "sfzh"}}}
		apart := &catalog.Resource{Agency: c.gongan, Name: "车辆", Class: catalog.Restricted, Source: "ga", Table: catalog.TableID{Schema: table.Schema, Name: "cheliang"}, Items: []catalog.Item{{Name: "sfzh"}}}
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { return errors.Join(tx.Resource(spelt), tx.Resource(apart)) })
		give := func(resource string, i catalog.GrantedItem) error {
			g := c.grant()
			g.Resource, g.Items = resource, []catalog.GrantedItem{i}
			return c.Change(t.Context(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(g) })
		}
		if err := errors.Join(give(c.renkou.ID, tokenOf(2, catalog.IDNumber)), give(apart.ID, catalog.GrantedItem{No: 1, Use: catalog.Clear})); err != nil {
			t.Fatal(err)
		}
		if err := give(spelt.ID, catalog.GrantedItem{No: 1, Use: catalog.Clear}); errs.From(err) == nil || errs.From(err).ID != "store_two_uses" {
			t.Errorf("another spelling of the table: %v", err)
		}
		apart.Table = spelt.Table
		err := c.Change(t.Context(), c.people[catalog.Cataloguer], func(tx *Tx) error { return tx.Resource(apart) })
		if errs.From(err) == nil || errs.From(err).ID != "store_two_uses" {
			t.Errorf("a resource that is moved onto the table: %v", err)
		}
		for _, name := range []string{"a/b", `a\b`, "a*", "a?"} {
			r := &catalog.Resource{Agency: c.gongan, Name: name, Class: catalog.Restricted, Source: "ga", Table: table, Items: []catalog.Item{{Name: "sfzh"}}}
			if err := c.Change(t.Context(), c.people[catalog.Cataloguer], func(tx *Tx) error { return tx.Resource(r) }); err == nil {
				t.Errorf("a resource is called %s, which no statement can name", name)
			}
		}
	})
}

// Within one change the grants on a resource are read once, and still what the change did
// to them counts.
func TestTwoUsesInOneChange(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		asked := []bool{}
		c.TokenKeys(func(first bool) (uint8, error) { asked = append(asked, first); return 3, nil })
		of := func(i catalog.GrantedItem) *catalog.Grant {
			g := c.grant()
			g.Items = []catalog.GrantedItem{i}
			return g
		}
		clear := func() *catalog.Grant { return of(catalog.GrantedItem{No: 2, Use: catalog.Clear}) }
		token := func() *catalog.Grant { return of(tokenOf(2, catalog.IDNumber)) }
		before := clear()
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(before) })
		refused := func(what string, err error) {
			t.Helper()
			if errs.From(err) == nil || errs.From(err).ID != "store_two_uses" {
				t.Errorf("%s: %v", what, err)
			}
		}
		c.change(t, catalog.Leader, func(tx *Tx) error {
			refused("beside one of before", tx.Grant(token()))
			if err := tx.Revoke(before.ID); err != nil {
				return err
			}
			given := token()
			if err := tx.Grant(given); err != nil {
				return err
			}
			refused("beside one of this change", tx.Grant(clear()))
			// No row is looked at again.
			if _, err := tx.tx.ExecContext(t.Context(), "UPDATE grants SET revoked = 1 WHERE id = $1", given.ID); err != nil {
				return err
			}
			refused("beside one that was read", tx.Grant(clear()))
			return tx.Grant(token())
		})
		if !slices.Equal(asked, []bool{true, true, false}) {
			t.Errorf("the first token: %v", asked)
		}
	})
}

// A token has the key that was the newest when its grant was made.
func TestTokenKey(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		g := c.grant()
		g.Items = []catalog.GrantedItem{tokenOf(2, catalog.IDNumber), {No: 1, Use: catalog.Clear, KeyVersion: 7}}
		give := func() error {
			return c.Change(t.Context(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(g) })
		}
		if err := give(); errs.From(err) == nil || errs.From(err).ID != "store_no_token_key" {
			t.Errorf("without keys: %v", err)
		}
		broken := errors.New("unreadable")
		c.TokenKeys(func(bool) (uint8, error) { return 0, broken })
		if err := give(); !errors.Is(err, broken) {
			t.Errorf("keys that cannot be read: %v", err)
		}
		c.TokenKeys(func(bool) (uint8, error) { return 2, nil })
		if err := give(); err != nil {
			t.Fatal(err)
		}
		got, ok := c.load(t, nil).Grant(g.ID)
		if !ok || got.Items[0].KeyVersion != 2 || got.Items[0].Identifier != catalog.IDNumber || got.Items[1].KeyVersion != 0 {
			t.Errorf("%+v", got)
		}
		c.TokenKeys(func(bool) (uint8, error) { return 3, nil })
		if err := give(); err != nil { // what is left of a grant
			t.Fatal(err)
		}
		if got, _ := c.load(t, nil).Grant(g.ID); got.Items[0].KeyVersion != 2 {
			t.Errorf("the rest of a grant has the key %d", got.Items[0].KeyVersion)
		}
		for name, change := range map[string]func(*catalog.GrantedItem){
			"no kind":      func(i *catalog.GrantedItem) { i.Identifier = "" },
			"unknown kind": func(i *catalog.GrantedItem) { i.Identifier = "sfz" },
			"a mask":       func(i *catalog.GrantedItem) { i.Mask = "name" },
			"keys":         func(i *catalog.GrantedItem) { i.Keys = []string{"*"} },
			"a later key":  func(i *catalog.GrantedItem) { i.KeyVersion = 4 },
			"a clear item": func(i *catalog.GrantedItem) { i.Use = catalog.Clear },
			"a type":       func(i *catalog.GrantedItem) { i.Type = catalog.Type{Kind: catalog.Text} },
		} {
			bad := tokenOf(2, catalog.IDNumber)
			change(&bad)
			g.Items = []catalog.GrantedItem{bad}
			if err := give(); errs.From(err) == nil || errs.From(err).ID != "store_invalid" {
				t.Errorf("%s: %v", name, err)
			}
		}
		g.Items = []catalog.GrantedItem{tokenOf(2, catalog.IDNumber), {No: 1, Use: catalog.Masked, Mask: "sfzh", Type: catalog.Type{Kind: catalog.Text}}}
		if err := give(); errs.From(err) == nil || errs.From(err).ID != "store_invalid" {
			t.Errorf("a mask that speaks of the token's item: %v", err)
		}
		g.Items = []catalog.GrantedItem{{No: 1, Use: catalog.Clear, Keys: []string{"NOBODY"}}}
		if err := give(); errs.From(err) == nil || errs.From(err).ID != "store_unknown" {
			t.Errorf("keys to nobody: %v", err)
		}
	})
}
