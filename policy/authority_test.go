package policy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy"
)

// memory is a store whose state a test sets, and which can be away.
type memory struct {
	mu    sync.Mutex
	state *catalog.State
	err   error
	asked int
	hang  chan bool // once what it gives is asked for, Version waits for its end; nil for an ordinary store
}

func (m *memory) Version(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hang != nil {
		m.hang <- true
		<-m.hang
	}
	m.asked++
	if m.err != nil {
		return 0, m.err
	}
	return m.state.Version, nil
}

func (m *memory) Load(context.Context, *catalog.State) (*catalog.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, m.err
}

func (m *memory) change(c catalog.Changed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	version := int64(1)
	if m.state != nil {
		version = m.state.Version + 1
	}
	m.state = m.state.With(version, c)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a store with one provider, one grantee and what a test grants.
type world struct {
	*memory
	authority *policy.Authority
	now       time.Time
	refused   string // a text in a guard that the checker refuses
	unsure    string // a text in a guard of which the checker finds nothing out
	broken    []string
	described []policy.Described
}

// CheckGuard implements policy.GuardChecker.
func (w *world) CheckGuard(_ context.Context, r *policy.Resource) error {
	text := fmt.Sprint(*r.Guard)
	if w.unsure != "" && strings.Contains(text, w.unsure) {
		return &policy.Unsure{Err: context.DeadlineExceeded}
	}
	if w.refused != "" && strings.Contains(text, w.refused) {
		return errors.New("refused")
	}
	return nil
}

func newWorld(t *testing.T, grants ...*catalog.Grant) *world {
	t.Helper()
	w := &world{memory: &memory{}, now: noon, described: []policy.Described{
		{Source: "GA", Tables: []*catalog.Table{table("main", "renkou", "sfzh", "xm", "qx", "secret"), table("main", "mingdan", "k", "qx")}},
	}}
	c := catalog.Changed{
		Agencies: map[string]*catalog.Agency{
			"ga": {ID: "ga", Code: "GA", Name: "公安"}, "mz": {ID: "mz", Code: "MZ", Name: "民政", District: "和平区"}, "sw": {ID: "sw", Code: "SW", Name: "税务"},
		},
		Principals: map[string]*catalog.Principal{
			"wang": {ID: "wang", Login: "wang", Agency: "mz", Roles: []catalog.Role{catalog.Analyst}, Attributes: map[string]string{"level": "2"}},
			"li":   {ID: "li", Login: "li", Agency: "sw", Roles: []catalog.Role{catalog.Application}, Service: true},
		},
		Purposes: map[string]*catalog.Purpose{"DB-HC": {Code: "DB-HC"}, "JC": {Code: "JC"}},
		Sources:  map[string]*catalog.Source{"ga": {Name: "Ga", Agency: "ga"}},
		Resources: map[string]*catalog.Resource{"rk": {
			ID: "rk", Agency: "ga", Name: "人口", Class: catalog.Restricted, Source: "ga", Table: id("main", "renkou"),
			Items: []catalog.Item{{No: 1, Name: "xm"}, {No: 2, Name: "sfzh"}, {No: 3, Name: "qx"}, {No: 4, Name: "gone"}},
		}},
		Grants: map[string]*catalog.Grant{},
		Tokens: map[string]*catalog.Token{
			"t": {ID: "t", Principal: "wang", Expires: noon.Add(time.Hour)}, "l": {ID: "l", Principal: "li", Expires: noon.Add(time.Hour)},
			"jc": {ID: "jc", Principal: "wang", Purposes: []string{"JC"}, Modes: []catalog.Mode{catalog.Interface}, Expires: noon.Add(time.Hour)},
		},
		Hashes: map[string]string{"t": "hash-t", "l": "hash-l", "jc": "hash-jc"},
	}
	for _, g := range grants {
		c.Grants[g.ID] = g
	}
	w.change(c)
	var err error
	w.authority, err = policy.NewAuthority(t.Context(), policy.AuthorityOptions{
		Store: w, Zone: time.UTC, Now: func() time.Time { return w.now }, Checker: w,
		Broken:  func(b policy.Broken) { w.broken = append(w.broken, b.Grant+" of "+b.Resource) },
		Sources: func() []policy.Described { return w.described },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) refresh(t *testing.T) {
	t.Helper()
	if err := w.authority.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) snapshot(t *testing.T, hash, purpose string) *policy.Granted {
	t.Helper()
	g, err := w.authority.Snapshot(catalog.ByToken(hash), purpose, catalog.Interface)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// granted is a grant of items in clear, to 民政 for DB-HC by interface.
func granted(id, filter string, items ...int) *catalog.Grant {
	g := &catalog.Grant{
		ID: id, Resource: "rk", Grantee: catalog.Grantee{Kind: catalog.ToAgency, ID: "mz"}, Purposes: []string{"DB-HC"}, Modes: []catalog.Mode{catalog.Interface}, RowFilter: filter,
	}
	for _, no := range items {
		g.Items = append(g.Items, catalog.GrantedItem{No: no, Use: catalog.Clear})
	}
	return g
}

func masked(g *catalog.Grant, no int, mask string) *catalog.Grant {
	g.Items = append(g.Items, catalog.GrantedItem{No: no, Use: catalog.Masked, Mask: mask})
	return g
}

// seen writes what a snapshot opens of 人口: its columns, filter and masks.
func seen(t *testing.T, s policy.Snapshot) string {
	t.Helper()
	r, ok := s.Resolve([]string{"公安", "人口"})
	if !ok {
		return "nothing"
	}
	var out []string
	for _, c := range r.Columns {
		text := c.Name
		if r.Guard != nil && r.Guard.Masks[c.Name] != "" {
			text += "=" + strings.ReplaceAll(r.Guard.Masks[c.Name], "\n", "")
			if of, ok := r.Guard.Tokens[c.Name]; ok {
				text += " as " + of.Handle()
			}
		}
		out = append(out, text)
	}
	if r.Guard != nil && r.Guard.RowFilter != "" {
		out = append(out, "WHERE "+strings.ReplaceAll(r.Guard.RowFilter, "\n", ""))
	}
	return strings.Join(out, ", ")
}

const maskedName = `CASE WHEN "xm" IS NULL THEN NULL WHEN length("xm") > 1 THEN substring("xm", 1, 1) || '**' ELSE '**' END`

// tokenized adds the token of an item, a name, to a grant.
func tokenized(g *catalog.Grant, no int, version uint8) *catalog.Grant {
	g.Items = append(g.Items, catalog.GrantedItem{No: no, Use: catalog.Tokenized, Identifier: catalog.PersonName, KeyVersion: version})
	return g
}

// Keys go where every grant lets them go that opens the column.
func TestKeys(t *testing.T) {
	to := func(id string, agencies ...string) *catalog.Grant {
		g := granted(id, "", 1)
		g.Items[0].Keys = agencies
		return g
	}
	target := func(agency string) *policy.Resource { return &policy.Resource{Provider: agency} }
	for name, c := range map[string]struct {
		grants []*catalog.Grant
		class  catalog.Class
		want   string
	}{
		"none":                 {[]*catalog.Grant{to("a")}, catalog.Restricted, "GA"},
		"any":                  {[]*catalog.Grant{to("a", "*")}, catalog.Restricted, "GA MZ SB -"},
		"one":                  {[]*catalog.Grant{to("a", "MZ")}, catalog.Restricted, "GA MZ"},
		"two":                  {[]*catalog.Grant{to("a", "MZ", "SB")}, catalog.Restricted, "GA MZ SB"},
		"of two grants":        {[]*catalog.Grant{to("a", "MZ", "SB"), to("b", "SB")}, catalog.Restricted, "GA SB"},
		"of one and of any":    {[]*catalog.Grant{to("a", "*"), to("b", "SB")}, catalog.Restricted, "GA SB"},
		"of any and of one":    {[]*catalog.Grant{to("a", "SB"), to("b", "*")}, catalog.Restricted, "GA SB"},
		"one says none":        {[]*catalog.Grant{to("a", "*"), to("b")}, catalog.Restricted, "GA"},
		"of another column":    {[]*catalog.Grant{to("a", "*"), granted("b", "", 3)}, catalog.Restricted, "GA MZ SB -"},
		"unrestricted":         {[]*catalog.Grant{to("a")}, catalog.Unrestricted, "GA MZ SB -"},
		"unrestricted, to one": {[]*catalog.Grant{to("a", "MZ")}, catalog.Unrestricted, "GA MZ"},
		"masked":               {[]*catalog.Grant{masked(granted("a", ""), 1, "name")}, catalog.Unrestricted, ""},
		"tokenized":            {[]*catalog.Grant{tokenized(granted("a", ""), 1, 1)}, catalog.Unrestricted, ""},
	} {
		w := newWorld(t, c.grants...)
		state, err := w.authority.State()
		if err != nil {
			t.Fatal(err)
		}
		of := *state.Resources()[0]
		of.Class = c.class
		w.change(catalog.Changed{Resources: map[string]*catalog.Resource{of.ID: &of}})
		w.refresh(t)
		r, ok := w.snapshot(t, "hash-t", "DB-HC").Resolve([]string{"公安", "人口"})
		if !ok {
			t.Fatalf("%s: not there", name)
		}
		var got []string
		for _, agency := range []string{"GA", "MZ", "SB", ""} {
			if !r.KeyMayTravel("xm", target(agency)) {
				continue
			}
			if agency == "" {
				agency = "-"
			}
			got = append(got, agency)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// What grants open is what they name, and nothing else.
func TestGranted(t *testing.T) {
	other := func(change func(*catalog.Grant)) *catalog.Grant {
		g := granted("a", "", 1)
		change(g)
		return g
	}
	for name, c := range map[string]struct {
		grants []*catalog.Grant
		want   string
	}{
		"none":                            {nil, "nothing"},
		"items":                           {[]*catalog.Grant{granted("a", "", 1, 3)}, "xm, qx"},
		"an item that went":               {[]*catalog.Grant{granted("a", "", 1, 4)}, "xm"},
		"unknown number":                  {[]*catalog.Grant{granted("a", "", 9)}, "nothing"},
		"another purpose":                 {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Purposes = []string{"JC"} })}, "nothing"},
		"another mode":                    {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Modes = []catalog.Mode{catalog.Download} })}, "nothing"},
		"another agency":                  {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Grantee.ID = "sw" })}, "nothing"},
		"the principal":                   {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Grantee = catalog.Grantee{Kind: catalog.ToPrincipal, ID: "wang"} })}, "xm"},
		"another principal":               {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Grantee = catalog.Grantee{Kind: catalog.ToPrincipal, ID: "mz"} })}, "nothing"},
		"not yet":                         {[]*catalog.Grant{other(func(g *catalog.Grant) { g.From = noon.Add(time.Second) })}, "nothing"},
		"from now":                        {[]*catalog.Grant{other(func(g *catalog.Grant) { g.From = noon })}, "xm"},
		"until now":                       {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Until = noon })}, "nothing"},
		"until later":                     {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Until = noon.Add(time.Second) })}, "xm"},
		"these hours":                     {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Hours = catalog.Hours{From: 720, Until: 721} })}, "xm"},
		"hours before":                    {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Hours = catalog.Hours{From: 0, Until: 720} })}, "nothing"},
		"hours after":                     {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Hours = catalog.Hours{From: 721, Until: 1440} })}, "nothing"},
		"no use":                          {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Items[0].Use = "" })}, "nothing"},
		"a use of later":                  {[]*catalog.Grant{other(func(g *catalog.Grant) { g.Items[0].Use = "match" })}, "nothing"},
		"filter":                          {[]*catalog.Grant{granted("a", "qx = 'a'", 1)}, "xm, WHERE qx = 'a'"},
		"session functions":               {[]*catalog.Grant{granted("a", "qx = Agency_District() AND principal_attribute('level') = '2' AND agency_code() <> purpose_code()", 1)}, "xm, WHERE qx = '和平区' AND '2' = '2' AND 'MZ' <> 'DB-HC'"},
		"no such attribute":               {[]*catalog.Grant{granted("a", "qx = principal_attribute('x')", 1)}, "xm, WHERE qx = CAST(NULL AS VARCHAR)"},
		"names in quotes":                 {[]*catalog.Grant{granted("a", `qx = 'agency_code()' AND "agency_code" > 1`, 1)}, `xm, WHERE qx = 'agency_code()' AND "agency_code" > 1`},
		"a broken filter":                 {[]*catalog.Grant{granted("a", "qx = agency_code(1)", 1), granted("b", "qx = 'b'", 3)}, "qx, WHERE qx = 'b'"},
		"a comment":                       {[]*catalog.Grant{granted("a", "true -- x", 1)}, "nothing"},
		"mask":                            {[]*catalog.Grant{masked(granted("a", "", 3), 1, "name")}, "xm=" + maskedName + ", qx"},
		"an unknown mask":                 {[]*catalog.Grant{masked(granted("a", "", 3), 1, "nome")}, "nothing"},
		"rows without a column":           {[]*catalog.Grant{granted("a", "qx = 'a'", 1), granted("b", "", 4)}, "xm, WHERE qx = 'a'"},
		"rows of a mask that is none":     {[]*catalog.Grant{granted("a", "qx = 'a'", 1), masked(granted("b", ""), 3, "nome")}, "xm, WHERE qx = 'a'"},
		"rows of a mask for another type": {[]*catalog.Grant{granted("a", "qx = 'a'", 1), masked(granted("b", ""), 3, "year")}, "xm, WHERE qx = 'a'"},
		"rows of no use":                  {[]*catalog.Grant{granted("a", "qx = 'a'", 1), other(func(g *catalog.Grant) { g.ID, g.Items[0].Use = "b", "" })}, "xm, WHERE qx = 'a'"},
		"a qualified name":                {[]*catalog.Grant{granted("a", "人口.qx = 'a'", 1)}, "nothing"},
		"the same filter":                 {[]*catalog.Grant{granted("a", "qx = 'a'", 1), granted("b", "qx = 'a'", 3)}, "xm, qx, WHERE qx = 'a'"},
		"clear beats masked":              {[]*catalog.Grant{masked(granted("a", ""), 1, "name"), granted("b", "", 1)}, "xm"},
		"rows of either":                  {[]*catalog.Grant{granted("a", "qx = 'a'", 1), granted("b", "qx = 'b'", 1)}, "xm, WHERE (qx = 'a') OR (qx = 'b')"},
		"items of one, rows of either": {
			[]*catalog.Grant{granted("a", "qx = 'a'", 1, 3), granted("b", "qx = 'b'", 3)},
			`xm=CASE WHEN (qx = 'a') THEN "xm" END, qx, WHERE (qx = 'a') OR (qx = 'b')`,
		},
		"all rows of one": {[]*catalog.Grant{granted("a", "qx = 'a'", 1), granted("b", "", 3)}, `xm=CASE WHEN (qx = 'a') THEN "xm" END, qx`},
		"clear in some rows, masked in the others": {
			[]*catalog.Grant{granted("a", "qx = 'a'", 1), masked(granted("b", ""), 1, "name")},
			`xm=CASE WHEN (qx = 'a') THEN "xm" WHEN (true) THEN (` + maskedName + `) END`,
		},
		"two masks":        {[]*catalog.Grant{masked(granted("a", "qx = 'a'", 3), 1, "name"), masked(granted("b", ""), 1, "address")}, "nothing"},
		"two masks, aside": {[]*catalog.Grant{masked(granted("a", "qx = 'a'", 3), 1, "name"), masked(granted("b", ""), 1, "address"), granted("c", "", 3)}, "qx"},

		"a token":                        {[]*catalog.Grant{tokenized(granted("a", "", 3), 1, 1)}, `xm="xm" as 1:MZ:DB-HC:name, qx`},
		"a token of some rows":           {[]*catalog.Grant{tokenized(granted("a", "qx = 'a'", 3), 1, 1), granted("b", "", 3)}, `xm=CASE WHEN (qx = 'a') THEN ("xm") END as 1:MZ:DB-HC:name, qx`},
		"a token without a key":          {[]*catalog.Grant{tokenized(granted("a", "", 3), 1, 0)}, "nothing"},
		"tokens of two keys":             {[]*catalog.Grant{tokenized(granted("a", ""), 1, 2), tokenized(granted("b", ""), 1, 1), tokenized(granted("c", ""), 1, 3)}, `xm="xm" as 1:MZ:DB-HC:name`},
		"a token beside the item":        {[]*catalog.Grant{tokenized(granted("a", ""), 1, 1), granted("b", "", 1), granted("c", "", 3)}, "qx"},
		"a token beside a mask":          {[]*catalog.Grant{tokenized(granted("a", ""), 1, 1), masked(granted("b", ""), 1, "name"), granted("c", "", 3)}, "qx"},
		"a token beside the principal's": {[]*catalog.Grant{tokenized(granted("a", ""), 1, 1), other(func(g *catalog.Grant) { g.ID, g.Grantee = "b", catalog.Grantee{Kind: catalog.ToPrincipal, ID: "wang"} })}, "nothing"},
		"a mask that speaks of a token's item": {[]*catalog.Grant{tokenized(granted("a", ""), 1, 1), func() *catalog.Grant {
			g := masked(granted("b", ""), 3, `left("XM", 1)`)
			g.Items[0].Type = catalog.Type{Kind: catalog.Text}
			return g
		}(), granted("c", "", 3)}, "qx"},
		"an expression": {[]*catalog.Grant{func() *catalog.Grant {
			g := masked(granted("b", ""), 3, `left(xm, 1) || agency_code()`)
			g.Items[0].Type = catalog.Type{Kind: catalog.Text}
			return g
		}()}, `qx=left(xm, 1) || 'MZ'`},
		"tokens of two kinds": {[]*catalog.Grant{tokenized(granted("a", ""), 1, 1), func() *catalog.Grant {
			g := tokenized(granted("b", ""), 1, 1)
			g.Items[0].Identifier = catalog.OtherID
			return g
		}()}, "nothing"},
	} {
		if got := seen(t, newWorld(t, c.grants...).snapshot(t, "hash-t", "DB-HC")); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// What a session function gives stands in the expression as one text, whatever it holds.
func TestAttributesAreTexts(t *testing.T) {
	w := newWorld(t, granted("a", "qx = principal_attribute('level')", 1))
	w.change(catalog.Changed{Principals: map[string]*catalog.Principal{
		"wang": {ID: "wang", Login: "wang", Agency: "mz", Roles: []catalog.Role{catalog.Analyst}, Attributes: map[string]string{"level": "' OR true OR qx = '"}},
	}})
	w.refresh(t)
	if got, want := seen(t, w.snapshot(t, "hash-t", "DB-HC")), "xm, WHERE qx = ''' OR true OR qx = '''"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Columns that nothing grants are in the table of the resource, and nowhere else.
func TestNothingElseIsThere(t *testing.T) {
	s := newWorld(t, granted("a", "", 1)).snapshot(t, "hash-t", "DB-HC")
	if d := cmp.Diff([]string{"公安.人口"}, names(s)); d != "" {
		t.Error(d)
	}
	for _, path := range [][]string{{"ga", "renkou"}, {"ga", "main", "renkou"}, {"人口"}, {"公安"}} {
		if _, ok := s.Resolve(path); ok {
			t.Errorf("%v is there", path)
		}
	}
	r, _ := s.Resolve([]string{"公安", "人口"})
	if len(r.Keys) > 0 || cmp.Diff([]string{"a"}, r.Grants) != "" {
		t.Errorf("%+v", r)
	}
}

// Only who holds the role of a user of data is opened anything.
func TestRolesThatAsk(t *testing.T) {
	for _, role := range append(catalog.Roles(), "") {
		w := newWorld(t, granted("a", "", 1))
		w.change(catalog.Changed{Principals: map[string]*catalog.Principal{"wang": {ID: "wang", Login: "wang", Agency: "mz", Roles: []catalog.Role{role}}}})
		w.refresh(t)
		want := "nothing"
		if role == catalog.Analyst || role == catalog.Application {
			want = "xm"
		}
		if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != want {
			t.Errorf("%s sees %s", role, got)
		}
	}
}

func TestWhoMayAsk(t *testing.T) {
	w := newWorld(t, granted("a", "", 1))
	for name, c := range map[string]struct {
		hash, purpose string
		mode          catalog.Mode
		want          errs.Code
	}{
		"unknown token":          {"hash-x", "DB-HC", catalog.Interface, errs.Unauthenticated},
		"no token":               {"", "DB-HC", catalog.Interface, errs.Unauthenticated},
		"unknown purpose":        {"hash-t", "X", catalog.Interface, errs.ParameterInvalid},
		"a purpose not for it":   {"hash-jc", "DB-HC", catalog.Interface, errs.ParameterInvalid},
		"a mode not for it":      {"hash-jc", "JC", catalog.Download, errs.Forbidden},
		"off-line":               {"hash-t", "DB-HC", catalog.Offline, errs.NotSupported},
		"no purpose, some token": {"hash-jc", "", catalog.Interface, ""},
	} {
		g, err := w.authority.Snapshot(catalog.ByToken(c.hash), c.purpose, c.mode)
		if errs.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(g.Resources()) != 0 {
			t.Errorf("%s opens %v", name, names(g))
		}
	}
	w.now = noon.Add(time.Hour)
	w.refresh(t)
	if _, err := w.authority.Snapshot(catalog.ByToken("hash-t"), "DB-HC", catalog.Interface); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("after the token's end: %v", err)
	}
}

// What has a guard that cannot be applied is closed, the provider hears of it, and
// what has none stays open.
func TestGuardThatCannotBeApplied(t *testing.T) {
	w := newWorld(t, granted("a", "abs(qx) > 1", 1))
	w.refused = "abs("
	if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" || cmp.Diff([]string{"a of 公安.人口"}, w.broken) != "" {
		t.Errorf("%s; broken: %v", got, w.broken)
	}
	w = newWorld(t, granted("a", "", 1))
	w.refused = "qx"
	if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != "xm" {
		t.Errorf("without a guard: %s", got)
	}
}

// A grant that cannot be applied takes no others with it.
func TestBrokenGrantBesideAnother(t *testing.T) {
	for name, good := range map[string]string{"filtered": "qx = '和平区'", "whole": ""} {
		w := newWorld(t, granted("bad", "abs(qx) > 1", 1), granted("good", good, 2))
		w.refused = "abs("
		snapshot := w.snapshot(t, "hash-t", "DB-HC")
		r, ok := snapshot.Resolve([]string{"公安", "人口"})
		if !ok || len(r.Columns) != 1 || cmp.Diff([]string{"good"}, r.Grants) != "" || cmp.Diff([]string{"bad of 公安.人口"}, w.broken) != "" {
			t.Errorf("%s: %+v, broken: %v", name, r, w.broken)
			continue
		}
		if (r.Guard == nil) != (good == "") || r.Guard != nil && r.Guard.RowFilter != good {
			t.Errorf("%s: guard %+v", name, r.Guard)
		}
		if !snapshot.StillOpens(snapshot, r) {
			t.Errorf("%s: it opens otherwise than it does", name)
		}
	}
}

// A token that was just made holds at once; tokens that nobody has make no work for the
// store.
func TestFreshToken(t *testing.T) {
	w := newWorld(t, granted("a", "", 1))
	w.change(catalog.Changed{
		Tokens: map[string]*catalog.Token{"new": {ID: "new", Principal: "wang", Expires: noon.Add(time.Hour)}}, Hashes: map[string]string{"new": "hash-new"},
	})
	if got := seen(t, w.snapshot(t, "hash-new", "DB-HC")); got != "xm" {
		t.Errorf("a new token: %s", got)
	}
	w.now = w.now.Add(time.Second)
	before := w.asked
	for range 50 {
		if _, _, err := w.authority.Bearer(catalog.ByToken("hash-x")); errs.CodeOf(err) != errs.Unauthenticated {
			t.Error(err)
		}
	}
	if w.asked-before != 1 {
		t.Errorf("50 unknown tokens at one time asked the store %d times", w.asked-before)
	}
	// A store that does not answer holds up one of them.
	w.now = w.now.Add(time.Second)
	hang := make(chan bool)
	w.hang = hang
	first := safego.Run(func() error { _, _, err := w.authority.Bearer(catalog.ByToken("hash-x")); return err })
	<-hang
	w.now = w.now.Add(time.Second)
	if _, _, err := w.authority.Bearer(catalog.ByToken("hash-y")); errs.CodeOf(err) != errs.Unauthenticated {
		t.Error(err)
	}
	close(hang)
	if err := <-first; errs.CodeOf(err) != errs.Unauthenticated {
		t.Error(err)
	}
}

// A guard of which nothing was found out closes nothing for longer than that: whoever
// names the resource is told to try again, and who does may find it.
func TestUnsureGuard(t *testing.T) {
	for name, grants := range map[string][]*catalog.Grant{
		"alone": {granted("a", "qx = '和平区'", 1)}, "beside a broken one": {granted("bad", "abs(qx) > 1", 1), granted("a", "qx = '和平区'", 1)},
	} {
		w := newWorld(t, grants...)
		w.refused, w.unsure = "abs(", "和平区"
		path := []string{"公安", "人口"}
		for range 2 {
			snapshot := w.snapshot(t, "hash-t", "DB-HC")
			if _, ok := snapshot.Resolve(path); ok || errs.CodeOf(policy.Unavailable(snapshot, path)) != errs.Timeout || policy.Unavailable(snapshot, []string{"公安", "车辆"}) != nil {
				t.Errorf("%s: %v, %v", name, ok, policy.Unavailable(snapshot, path))
			}
		}
		w.unsure = ""
		snapshot := w.snapshot(t, "hash-t", "DB-HC")
		if _, ok := snapshot.Resolve(path); !ok || policy.Unavailable(snapshot, path) != nil {
			t.Errorf("%s: it stays closed", name)
		}
	}
}

// A snapshot ends at the next time at which a grant begins or ends.
func TestSnapshotEnds(t *testing.T) {
	g := granted("a", "", 1)
	g.Until = noon.Add(2 * time.Second)
	w := newWorld(t, g)
	first := w.snapshot(t, "hash-t", "DB-HC")
	if again := w.snapshot(t, "hash-t", "DB-HC"); again != first || !first.Until.Equal(g.Until) {
		t.Errorf("not kept, or until %v", first.Until)
	}
	w.now = g.Until
	if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" {
		t.Errorf("after its end: %s", got)
	}
	r, _ := first.Resolve([]string{"公安", "人口"})
	if err := w.authority.Holds(catalog.ByToken("hash-t"), first, []*policy.Resource{r}); errs.CodeOf(err) != errs.Revoked {
		t.Errorf("a statement goes on: %v", err)
	}
}

// A resource whose table is not there is closed, and somebody hears of it.
func TestTableNotThere(t *testing.T) {
	w := newWorld(t, granted("a", "", 1))
	r, _ := w.state.Resource("rk")
	moved := *r
	moved.Table = id("main", "nothing")
	w.change(catalog.Changed{Resources: map[string]*catalog.Resource{"rk": &moved}})
	w.refresh(t)
	if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" || cmp.Diff([]string{"a of 公安.人口"}, w.broken) != "" {
		t.Errorf("%s; %v", got, w.broken)
	}
}

// A source that is no longer the agency's closes what was made of it.
func TestSourceOfAnother(t *testing.T) {
	for name, now := range map[string]*catalog.Source{"another's": {Name: "ga", Agency: "mz"}, "nobody's": nil} {
		w := newWorld(t, granted("a", "", 1))
		w.change(catalog.Changed{Sources: map[string]*catalog.Source{"ga": now}})
		w.refresh(t)
		if got := seen(t, w.snapshot(t, "hash-t", "DB-HC")); got != "nothing" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A statement goes on while what it reads is open as it was, whatever else changes.
func TestHolds(t *testing.T) {
	w := newWorld(t, granted("a", "", 1))
	s := w.snapshot(t, "hash-t", "DB-HC")
	r, _ := s.Resolve([]string{"公安", "人口"})
	reads := []*policy.Resource{r}
	holds := func(want errs.Code, after string) {
		t.Helper()
		w.refresh(t)
		if err := w.authority.Holds(catalog.ByToken("hash-t"), s, reads); errs.CodeOf(err) != want {
			t.Errorf("after %s: %v", after, err)
		}
	}
	holds("", "nothing")
	w.change(catalog.Changed{Purposes: map[string]*catalog.Purpose{"NEW": {Code: "NEW"}}})
	holds("", "another change")
	w.change(catalog.Changed{Grants: map[string]*catalog.Grant{"a": nil}})
	holds(errs.Revoked, "revoke")
	w.change(catalog.Changed{Grants: map[string]*catalog.Grant{"a": granted("a", "", 1)}})
	holds("", "the same grant")
	w.change(catalog.Changed{Grants: map[string]*catalog.Grant{"a": granted("a", "qx = 'a'", 1)}})
	holds(errs.Revoked, "a row filter")
	w.change(catalog.Changed{Grants: map[string]*catalog.Grant{"a": granted("a", "", 1)}, Tokens: map[string]*catalog.Token{"t": nil}})
	holds(errs.Unauthenticated, "the token's end")
}

// When the store cannot be asked for five seconds, nothing is opened.
func TestStoreAway(t *testing.T) {
	w := newWorld(t, granted("a", "", 1))
	s := w.snapshot(t, "hash-t", "DB-HC")
	w.mu.Lock()
	w.err = errors.New("away")
	w.mu.Unlock()
	if err := w.authority.Refresh(t.Context()); err == nil {
		t.Fatal("the store is not away")
	}
	w.now = noon.Add(5 * time.Second)
	if _, err := w.authority.Snapshot(catalog.ByToken("hash-t"), "DB-HC", catalog.Interface); err != nil {
		t.Errorf("within five seconds: %v", err)
	}
	w.now = noon.Add(5*time.Second + 1)
	if _, err := w.authority.Snapshot(catalog.ByToken("hash-t"), "DB-HC", catalog.Interface); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("after five seconds: %v", err)
	}
	if err := w.authority.Holds(catalog.ByToken("hash-t"), s, nil); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("a statement goes on: %v", err)
	}
	if _, err := w.authority.State(); errs.CodeOf(err) != errs.StoreFailed {
		t.Errorf("its state: %v", err)
	}
}

// Snapshots of different people, purposes or modes are never the same to a cache.
func TestGrantedIdentity(t *testing.T) {
	both := granted("a", "", 1)
	both.Purposes = []string{"DB-HC", "JC"}
	both.Modes = append(both.Modes, catalog.Online)
	other := *both
	other.ID, other.Grantee = "b", catalog.Grantee{Kind: catalog.ToAgency, ID: "sw"}
	w := newWorld(t, both, &other)
	seenBefore := map[string]string{}
	for _, hash := range []string{"hash-t", "hash-l"} {
		for _, purpose := range []string{"DB-HC", "JC", ""} {
			for _, mode := range []catalog.Mode{catalog.Interface, catalog.Online} {
				g, err := w.authority.Snapshot(catalog.ByToken(hash), purpose, mode)
				if err != nil {
					t.Fatal(err)
				}
				what := hash + " " + purpose + " " + string(mode)
				if dup, ok := seenBefore[g.Identity()]; ok {
					t.Errorf("%s has the identity of %s", what, dup)
				}
				seenBefore[g.Identity()] = what
			}
		}
	}
}
