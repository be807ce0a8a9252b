package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// onBoth runs a test over a store of each kind, each new and empty.
func onBoth(t *testing.T, test func(t *testing.T, address string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "目录 1.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, testpg.Start(t).Database(t).Admin) })
}

func open(t *testing.T, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// city is a store with two agencies, somebody of each role, a purpose and a resource.
type city struct {
	*Store
	people   map[catalog.Role]string // IDs
	gongan   string
	minzheng string
	renkou   *catalog.Resource
	first    []FirstToken
}

func (c *city) change(t *testing.T, by catalog.Role, do func(*Tx) error) {
	t.Helper()
	if err := c.Change(t.Context(), c.people[by], do); err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
}

func (c *city) load(t *testing.T, before *catalog.State) *catalog.State {
	t.Helper()
	state, err := c.Load(t.Context(), before)
	if err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
	return state
}

func newCity(t *testing.T, address string) *city {
	t.Helper()
	c := &city{Store: open(t, address), people: map[catalog.Role]string{}}
	var err error
	if c.first, err = c.Init(t.Context(), "DSJ", "大数据局", time.Hour); err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
	state := c.load(t, nil)
	bureau, _ := state.AgencyNamed("大数据局")
	for _, k := range c.first {
		p, ok := state.Login(k.Login)
		if !ok {
			t.Fatalf("no %s", k.Login)
		}
		c.people[k.Role] = p.ID
	}
	add := func(role catalog.Role, agency string) {
		p := &catalog.Principal{Login: string(role) + "." + agency[:4], Name: "某人", Agency: agency, Roles: []catalog.Role{role}, Attributes: map[string]string{"district": "和平区"}}
		c.change(t, catalog.SecurityAdmin, func(tx *Tx) error { return tx.Principal(p) })
		c.people[role] = p.ID
	}
	add(catalog.Bureau, bureau.ID)
	gongan, minzheng := &catalog.Agency{Code: "GA", Name: "公安", Level: catalog.LevelCity}, &catalog.Agency{Code: "MZ", Name: "民政", Level: catalog.LevelDistrict, Parent: bureau.ID, District: "和平区", CreditCode: "91350100M000100Y43"}
	c.change(t, catalog.Bureau, func(tx *Tx) error {
		return errors.Join(tx.Agency(gongan), tx.Agency(minzheng), tx.Purpose(&catalog.Purpose{Code: "DB-HC", Name: "低保核查", Basis: "社会救助暂行办法"}))
	})
	c.gongan, c.minzheng = gongan.ID, minzheng.ID
	c.change(t, catalog.SystemAdmin, func(tx *Tx) error {
		return errors.Join(tx.Source(&catalog.Source{Name: "ga", Agency: gongan.ID}), tx.Source(&catalog.Source{Name: "mz", Agency: minzheng.ID}))
	})
	for _, role := range []catalog.Role{catalog.Cataloguer, catalog.Reviewer, catalog.Leader} {
		add(role, c.gongan)
	}
	add(catalog.Analyst, c.minzheng)
	add(catalog.Application, c.minzheng)
	c.renkou = &catalog.Resource{
		Agency: c.gongan, Name: "人口", Class: catalog.Restricted, Source: "ga", Table: catalog.TableID{Schema: "main", Name: "renkou"},
		Items: []catalog.Item{{Name: "xm", Title: "姓名"}, {Name: "sfzh", Title: "身份证号"}, {Name: "district", Title: "区"}},
	}
	c.change(t, catalog.Cataloguer, func(tx *Tx) error { return tx.Resource(c.renkou) })
	return c
}

func (c *city) grant() *catalog.Grant {
	return &catalog.Grant{
		Resource: c.renkou.ID, Grantee: catalog.Grantee{Kind: catalog.ToAgency, ID: c.minzheng},
		Items:    []catalog.GrantedItem{{No: 1, Use: catalog.Clear, Keys: []string{"GA"}}, {No: 2, Use: catalog.Masked, Mask: "id_no"}},
		Purposes: []string{"DB-HC"}, Modes: []catalog.Mode{catalog.Interface, catalog.Online}, RowFilter: "district = agency_district()",
		From: time.Date(2026, 1, 2, 3, 4, 5, 678_000, time.UTC), Until: time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond),
		Hours: catalog.Hours{From: 480, Until: 1080},
	}
}

// What was put in comes out, whole or as the change since.
func TestObjects(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		g := c.grant()
		before := c.load(t, nil)
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(g) })
		step, whole := c.load(t, before), c.load(t, nil)
		if again := c.load(t, step); again != step {
			t.Error("an unchanged store was read again")
		}
		for name, state := range map[string]*catalog.State{"step": step, "whole": whole} {
			if state.Version != before.Version+1 {
				t.Errorf("%s: version %d after %d", name, state.Version, before.Version)
			}
			got, ok := state.Grant(g.ID)
			if !ok {
				t.Fatalf("%s: no grant", name)
			}
			if d := cmp.Diff(g, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			if list := state.GrantsTo(g.Grantee); len(list) != 1 || list[0] != got {
				t.Errorf("%s: the agency has %v", name, list)
			}
			r, ok := state.ResourceNamed("公安", "人口")
			if !ok || cmp.Diff(c.renkou, r) != "" || r.Items[2].No != 3 {
				t.Errorf("%s: %+v", name, r)
			}
			if a, ok := state.AgencyNamed("民政"); !ok || a.District != "和平区" || a.CreditCode != "91350100M000100Y43" || a.Level != catalog.LevelDistrict || a.Parent == "" {
				t.Errorf("%s: %+v", name, a)
			}
			p, ok := state.Principal(c.people[catalog.Analyst])
			if !ok || p.Attributes["district"] != "和平区" || p.Agency != c.minzheng || p.Version != 1 || !slices.Equal(p.Roles, []catalog.Role{catalog.Analyst}) {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if _, ok := before.Grant(g.ID); ok || len(before.GrantsTo(g.Grantee)) != 0 {
			t.Error("an older state has changed")
		}
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Revoke(g.ID) })
		for name, state := range map[string]*catalog.State{"step": c.load(t, step), "whole": c.load(t, nil)} {
			if _, ok := state.Grant(g.ID); ok || len(state.GrantsTo(g.Grantee)) != 0 {
				t.Errorf("%s: the grant is left", name)
			}
		}
	})
}

// Everything is refused to whoever has not the role for it, and leaves nothing.
func TestNobodyElseMay(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		leaderOfMinzheng := &catalog.Principal{Login: "leader.mz", Agency: c.minzheng, Roles: []catalog.Role{catalog.Leader, catalog.Cataloguer}}
		gone := &catalog.Principal{Login: "gone", Agency: c.gongan, Roles: []catalog.Role{catalog.Leader}, Disabled: true}
		reader := &catalog.Principal{Login: "reader", Agency: c.gongan}
		g := c.grant()
		c.change(t, catalog.SecurityAdmin, func(tx *Tx) error {
			return errors.Join(tx.Principal(leaderOfMinzheng), tx.Principal(gone), tx.Principal(reader))
		})
		c.change(t, catalog.Leader, func(tx *Tx) error { return tx.Grant(g) })
		acts := map[string]struct {
			do  func(*Tx) error
			may []catalog.Role
		}{
			"agency": {func(tx *Tx) error {
				return tx.Agency(&catalog.Agency{Code: "X1", Name: "新", Level: catalog.LevelCity})
			}, []catalog.Role{catalog.Bureau}},
			"purpose":   {func(tx *Tx) error { return tx.Purpose(&catalog.Purpose{Code: "X", Name: "x", Basis: "y"}) }, []catalog.Role{catalog.Bureau}},
			"principal": {func(tx *Tx) error { return tx.Principal(&catalog.Principal{Login: "x", Agency: c.gongan}) }, []catalog.Role{catalog.SecurityAdmin}},
			"token": {func(tx *Tx) error {
				_, err := tx.Token(&catalog.Token{Principal: reader.ID, Expires: time.Now().Add(time.Hour)})
				return err
			}, []catalog.Role{catalog.SecurityAdmin}},
			"resource": {func(tx *Tx) error {
				return tx.Resource(&catalog.Resource{Agency: c.gongan, Name: "x", Class: catalog.Restricted, Source: "GA", Items: []catalog.Item{{Name: "a"}}})
			}, []catalog.Role{catalog.Cataloguer}},
			"source": {func(tx *Tx) error { return tx.Source(&catalog.Source{Name: "ga", Agency: c.gongan}) }, []catalog.Role{catalog.SystemAdmin}},
			"grant":  {func(tx *Tx) error { return tx.Grant(c.grant()) }, []catalog.Role{catalog.Leader}},
			"revoke": {func(tx *Tx) error { return tx.Revoke(g.ID) }, []catalog.Role{catalog.Leader}},
		}
		who := map[string]string{"another agency": leaderOfMinzheng.ID, "disabled": gone.ID, "unknown": "nobody", "empty": ""}
		for role, id := range c.people {
			who[string(role)] = id
		}
		for what, act := range acts {
			for name, id := range who {
				if slices.Contains(act.may, catalog.Role(name)) {
					continue
				}
				before, _ := c.Version(t.Context())
				err := c.Change(t.Context(), id, act.do)
				if errs.CodeOf(err) != errs.Forbidden {
					t.Errorf("%s by %s: %v", what, name, err)
				}
				if after, _ := c.Version(t.Context()); after != before {
					t.Errorf("%s by %s left a change", what, name)
				}
			}
			for _, role := range act.may {
				if err := c.Change(t.Context(), c.people[role], act.do); err != nil {
					t.Errorf("%s by %s: %v", what, role, err)
				}
			}
		}
	})
}

// An agency makes resources of its own sources alone.
func TestSourcesOfOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		for _, source := range []string{"mz", "MZ", "nobody", ""} {
			r := &catalog.Resource{Agency: c.gongan, Name: "x", Class: catalog.Restricted, Source: source, Items: []catalog.Item{{Name: "a"}}}
			if err := c.Change(t.Context(), c.people[catalog.Cataloguer], func(tx *Tx) error { return tx.Resource(r) }); errs.From(err) == nil || errs.From(err).ID != "store_source" {
				t.Errorf("of %q: %v", source, err)
			}
			moved := *c.renkou
			moved.Source = source
			if err := c.Change(t.Context(), c.people[catalog.Cataloguer], func(tx *Tx) error { return tx.Resource(&moved) }); errs.From(err) == nil || errs.From(err).ID != "store_source" {
				t.Errorf("moved to %q: %v", source, err)
			}
		}
		if s, ok := c.load(t, nil).Source("GA"); !ok || s.Name != "ga" || s.Agency != c.gongan {
			t.Errorf("ga is %+v", s)
		}
	})
}

// No change gives a principal two roles that nobody holds together.
func TestForbiddenPairs(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		admins := []catalog.Role{catalog.SystemAdmin, catalog.SecurityAdmin, catalog.Auditor}
		for _, a := range admins {
			for _, b := range catalog.Roles() {
				if a == b {
					continue
				}
				fresh := &catalog.Principal{Login: "pair", Agency: c.gongan, Roles: []catalog.Role{a, b}}
				state := c.load(t, nil)
				p, _ := state.Principal(c.people[b])
				promoted := *p
				promoted.Roles = []catalog.Role{b, a}
				for _, x := range []*catalog.Principal{fresh, &promoted} {
					err := c.Change(t.Context(), c.people[catalog.SecurityAdmin], func(tx *Tx) error { return tx.Principal(x) })
					if errs.CodeOf(err) != errs.Forbidden {
						t.Errorf("%s with %s: %v", a, b, err)
					}
				}
			}
		}
	})
}

func TestTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		own := &catalog.Token{Principal: c.people[catalog.Analyst], Label: "notebook", Purposes: []string{"DB-HC"}, Modes: []catalog.Mode{catalog.Interface}, Expires: time.Now().Add(time.Hour)}
		var text string
		c.change(t, catalog.Analyst, func(tx *Tx) (err error) { text, err = tx.Token(own); return err })
		for _, other := range []string{text + "x", "", "lianji_", strings.ToLower(text), Hash(text)} {
			if _, _, ok := c.load(t, nil).Bearer(Hash(other), time.Now()); ok {
				t.Errorf("%q is a token", other)
			}
		}
		reopened := open(t, address) // tokens outlive the program
		state, err := reopened.Load(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		k, p, ok := state.Bearer(Hash(text), time.Now())
		if !ok || p.ID != own.Principal || cmp.Diff(own, k, cmpopts.EquateApproxTime(time.Microsecond)) != "" {
			t.Errorf("%v %+v %+v", ok, p, k)
		}
		if _, _, ok := state.Bearer(Hash(text), own.Expires); ok {
			t.Error("the token holds beyond its end")
		}
		for _, expires := range []time.Time{{}, time.Now().Add(-time.Second), time.Now().Add(MaxTokenLife + time.Hour)} {
			err := c.Change(t.Context(), c.people[catalog.Analyst], func(tx *Tx) error {
				_, err := tx.Token(&catalog.Token{Principal: own.Principal, Expires: expires})
				return err
			})
			if errs.CodeOf(err) != errs.RequestInvalid {
				t.Errorf("until %v: %v", expires, err)
			}
		}
		for _, wrong := range []*catalog.Token{{Purposes: []string{"NOPE"}}, {Modes: []catalog.Mode{"dwnload"}}} {
			wrong.Principal, wrong.Expires = own.Principal, time.Now().Add(time.Hour)
			if err := c.Change(t.Context(), c.people[catalog.Analyst], func(tx *Tx) error { _, err := tx.Token(wrong); return err }); err == nil {
				t.Errorf("a token for %v %v", wrong.Purposes, wrong.Modes)
			}
		}
		// Revoked, or with its principal disabled, it opens nothing.
		c.change(t, catalog.Analyst, func(tx *Tx) error { return tx.RevokeToken(own.ID) })
		if _, _, ok := c.load(t, state).Bearer(Hash(text), time.Now()); ok {
			t.Error("a revoked token holds")
		}
		for _, first := range c.first {
			if first.Role != catalog.Auditor {
				continue
			}
			if _, p, ok := c.load(t, nil).Bearer(Hash(first.Text), time.Now()); !ok || !p.Has(catalog.Auditor) {
				t.Errorf("the auditor's first token: %v", p)
			}
			auditor := *p
			if a, ok := c.load(t, nil).Login(first.Login); ok {
				auditor = *a
			}
			auditor.Disabled = true
			c.change(t, catalog.SecurityAdmin, func(tx *Tx) error { return tx.Principal(&auditor) })
			another := &catalog.Token{Principal: auditor.ID, Expires: time.Now().Add(time.Hour)}
			if err := c.Change(t.Context(), auditor.ID, func(tx *Tx) error { _, err := tx.Token(another); return err }); errs.CodeOf(err) != errs.Forbidden {
				t.Errorf("a disabled principal makes a token: %v", err)
			}
			if _, _, ok := c.load(t, state).Bearer(Hash(first.Text), time.Now()); ok {
				t.Error("a disabled principal's token holds")
			}
		}
		// The text stands nowhere.
		var found int
		if err := c.db.QueryRowContext(t.Context(), "SELECT count(*) FROM token WHERE hash = $1 OR label = $1", text).Scan(&found); err != nil || found != 0 {
			t.Errorf("%d rows hold the text, %v", found, err)
		}
	})
}

func TestInitOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		if _, err := c.Init(t.Context(), "B", "另一个", time.Hour); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("a second time: %v", err)
		}
		if len(c.first) != 3 || c.first[0].Text == c.first[1].Text {
			t.Errorf("first tokens: %d", len(c.first))
		}
	})
}

// What is wrong is refused, with the object and its member in the message.
func TestInvalid(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		wrong := map[string]func(*catalog.Grant){
			"no items":         func(g *catalog.Grant) { g.Items = nil },
			"no purpose":       func(g *catalog.Grant) { g.Purposes = nil },
			"no mode":          func(g *catalog.Grant) { g.Modes = nil },
			"a mode":           func(g *catalog.Grant) { g.Modes = []catalog.Mode{"any"} },
			"unknown item":     func(g *catalog.Grant) { g.Items[0].No = 9 },
			"an item twice":    func(g *catalog.Grant) { g.Items[1] = g.Items[0] },
			"no use":           func(g *catalog.Grant) { g.Items[0].Use = "" },
			"clear with mask":  func(g *catalog.Grant) { g.Items[0].Mask = "id_no" },
			"masked, no mask":  func(g *catalog.Grant) { g.Items[1].Mask = "" },
			"masked keys":      func(g *catalog.Grant) { g.Items[1].Keys = []string{catalog.AnyAgency} },
			"over":             func(g *catalog.Grant) { g.Until = time.Now().Add(-time.Hour) },
			"quota":            func(g *catalog.Grant) { g.Rows = -1 },
			"queries":          func(g *catalog.Grant) { g.Queries = -1 },
			"hours":            func(g *catalog.Grant) { g.Hours = catalog.Hours{From: 600, Until: 500} },
			"grantee":          func(g *catalog.Grant) { g.Grantee.Kind = "role" },
			"unknown agency":   func(g *catalog.Grant) { g.Grantee.ID = "x" },
			"unknown purpose":  func(g *catalog.Grant) { g.Purposes = []string{"X"} },
			"unknown resource": func(g *catalog.Grant) { g.Resource = "x" },
		}
		for name, spoil := range wrong {
			g := c.grant()
			spoil(g)
			err := c.Change(t.Context(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(g) })
			want := errs.RequestInvalid
			if strings.HasPrefix(name, "unknown ") {
				want = errs.UnknownName
			}
			switch name {
			case "unknown item":
				want = errs.RequestInvalid
			case "unknown resource":
				want = errs.Forbidden
			}
			if errs.CodeOf(err) != want {
				t.Errorf("%s: %v, want %s", name, err, want)
			}
		}
		withheld := *c.renkou
		withheld.Class = catalog.Withheld
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { return tx.Resource(&withheld) })
		if err := c.Change(t.Context(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(c.grant()) }); errs.From(err).ID != "store_withheld" {
			t.Errorf("of a resource that is not shared: %v", err)
		}
		for name, a := range map[string]catalog.Agency{
			"taken name": {Code: "N", Name: "公安", Level: catalog.LevelCity}, "taken code": {Code: "GA", Name: "甲", Level: catalog.LevelCity},
			"reserved": {Code: "N", Name: "Main", Level: catalog.LevelCity}, "quotes": {Code: "N", Name: `a"b`, Level: catalog.LevelCity},
			"code": {Code: "a b", Name: "甲", Level: catalog.LevelCity}, "parent": {Code: "N", Name: "甲", Level: catalog.LevelDistrict},
			"level": {Code: "N", Name: "甲"}, "credit code": {Code: "N", Name: "甲", Level: catalog.LevelCity, CreditCode: "91350100M000100Y44"},
		} {
			err := c.Change(t.Context(), c.people[catalog.Bureau], func(tx *Tx) error { return tx.Agency(&a) })
			if code := errs.CodeOf(err); code != errs.RequestInvalid && code != errs.Conflict {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Of two changes that were made from one reading the second is refused.
func TestOptimisticLocking(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		first, second := *c.renkou, *c.renkou
		first.Name, second.Name = "户籍人口", "常住人口"
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { return tx.Resource(&first) })
		if err := c.Change(t.Context(), c.people[catalog.Cataloguer], func(tx *Tx) error { return tx.Resource(&second) }); errs.From(err).ID != "store_changed" {
			t.Errorf("got %v", err)
		}
		if r, ok := c.load(t, nil).ResourceNamed("公安", "户籍人口"); !ok || r.Version != 2 {
			t.Errorf("got %+v", r)
		}
	})
}

// An item keeps its number: a grant of it never comes to mean another one.
func TestItemNumbersAreNeverUsedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		r := *c.renkou
		r.Items = []catalog.Item{r.Items[0], r.Items[1]} // the third goes
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { return tx.Resource(&r) })
		next := r
		next.Items = append(slices.Clone(r.Items), catalog.Item{Name: "phone"})
		c.change(t, catalog.Cataloguer, func(tx *Tx) error { return tx.Resource(&next) })
		got, _ := c.load(t, nil).Resource(r.ID)
		if i, ok := got.Item("phone"); !ok || i.No != 4 {
			t.Errorf("the new item is %+v of %+v", i, got.Items)
		}
		if _, ok := got.Item("district"); ok {
			t.Error("the item that went is there")
		}
	})
}

// Changes by several gateways come one after another, and none is lost.
func TestManyChange(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		before, _ := c.Version(t.Context())
		var g safego.Group
		const gateways, each = 4, 10
		for range gateways {
			other := open(t, address)
			g.Go(func() error {
				for range each {
					if err := other.Change(context.Background(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(c.grant()) }); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err, errs.From(err).Detail)
		}
		if after, _ := c.Version(t.Context()); after != before+gateways*each || len(c.load(t, nil).Grants()) != gateways*each {
			t.Errorf("version %d after %d, %d grants", after, before, len(c.load(t, nil).Grants()))
		}
	})
}

func TestOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.db")
	open(t, "sqlite:"+file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, address := range []string{"", "mysql://x", "file.db", "postgres:x"} {
		if _, err := Open(t.Context(), address); errs.From(err).ID != "store_address" {
			t.Errorf("%q: %v", address, err)
		}
	}
	_, err := Open(t.Context(), "postgres://u:hunter2@127.0.0.1:1/none")
	if errs.CodeOf(err) != errs.StoreFailed || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "no", "folder.db")); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("got %v", err)
	}
}

// Heads of the audit are kept all, conflicting ones too, and the last one is found.
func TestAuditHeads(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address)
		if _, ok, err := s.LastHead(t.Context(), "a"); ok || err != nil {
			t.Errorf("of an empty store: %v %v", ok, err)
		}
		heads := []audit.Head{
			{Gateway: "a", Boot: "000001-x", Number: 9, Hash: "h1", Signature: []byte{1}}, {Gateway: "a", Boot: "000002-y", Number: 3, Hash: "h2"},
			{Gateway: "a", Boot: "000002-y", Number: 3, Hash: "another"}, {Gateway: "b", Boot: "000009-z", Number: 1, Hash: "h3"},
		}
		for _, h := range heads {
			if err := s.PutHead(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		if h, ok, err := s.LastHead(t.Context(), "a"); !ok || err != nil || h.Boot != "000002-y" || h.Number != 3 {
			t.Errorf("the last one is %+v %v %v", h, ok, err)
		}
		got, err := s.Heads(t.Context())
		if err != nil || len(got) != len(heads) || cmp.Diff(heads[0], got[0]) != "" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// A store whose file was moved away or replaced has failed: what it answers is of
// another time.
func TestFileReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.db")
	c := newCity(t, "sqlite:"+file)
	if _, err := c.Version(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Version(t.Context()); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("moved away: %v", err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Version(t.Context()); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("replaced: %v", err)
	}
}

// A store that can only be read says so: it is no store that has failed.
func TestReadOnlyStore(t *testing.T) {
	c := newCity(t, "sqlite:"+filepath.Join(t.TempDir(), "s.db"))
	c.db.SetMaxOpenConns(1)
	if _, err := c.db.ExecContext(t.Context(), "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	err := c.Change(t.Context(), c.people[catalog.Leader], func(tx *Tx) error { return tx.Grant(c.grant()) })
	if errs.CodeOf(err) != errs.DiskFull {
		t.Errorf("got %v", err)
	}
}
