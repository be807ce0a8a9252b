package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/document"
)

// kept is a catalogue with the tokens of its people.
type kept struct {
	*Catalogue
	cfg    *config.Config
	tokens map[string]string
}

func newKept(t *testing.T) *kept {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lianji.yaml")
	if err := os.WriteFile(file, []byte("catalog: {store: \"sqlite://c.db\", second_factor: waived}\nengine: {timezone: UTC}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, nil, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return keepIn(t, cfg)
}

// keepIn fills the store of a configuration.
func keepIn(t *testing.T, cfg *config.Config) *kept {
	t.Helper()
	c, err := OpenCatalogue(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &kept{c, cfg, map[string]string{}}
	first, err := c.Init(t.Context(), "DSJ", "大数据局", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range first {
		k.tokens[f.Login] = f.Text
	}
	k.apply(t, "secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}")
	k.token(t, "bureau", &catalog.Token{})
	k.apply(t, "bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}, 和平民政: {code: HP, level: district, parent: 民政, district: 和平区}}\npurposes: {DB-HC: {name: 核查, basis: 办法}}")
	k.apply(t, "secadmin", "principals: {ga: {agency: 公安, roles: [leader, cataloguer]}, wang: {name: 王, agency: 民政, roles: [analyst], attributes: {district: 和平区}}}")
	k.token(t, "ga", &catalog.Token{})
	k.apply(t, "sysadmin", "sources: {ga: 公安}")
	k.apply(t, "ga", "resources: {公安.人口: {class: restricted, source: ga, schema: main, table: renkou, items: {xm: 姓名, sfzh: 身份证号, qx: 区}}}")
	k.apply(t, "ga", grants)
	return k
}

const grants = `
grants:
  公安.人口:
    - {agency: 民政, items: {xm: masked name, sfzh: clear}, keys_to: ["*"], purposes: [DB-HC], modes: [interface, download], where: "qx = agency_district()", until: 2099-01-01T08:00:00+08:00, hours: "08:00-18:30"}
    - {principal: wang, items: {qx: clear}, purposes: [DB-HC], modes: [interface]}
`

func (k *kept) try(t *testing.T, token, text string) ([]document.Change, error) {
	t.Helper()
	doc, err := document.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k.Apply(t.Context(), token, doc, false)
}

func (k *kept) apply(t *testing.T, login, text string) []document.Change {
	t.Helper()
	changes, err := k.try(t, k.tokens[login], text)
	if err != nil {
		t.Fatalf("%s: %v\n%s", login, err, text)
	}
	return changes
}

func (k *kept) token(t *testing.T, login string, token *catalog.Token) string {
	t.Helper()
	token.Expires = time.Now().Add(time.Hour)
	text, err := k.NewToken(t.Context(), k.tokens["secadmin"], login, token)
	if err != nil {
		t.Fatal(err)
	}
	k.tokens[login] = text
	return text
}

// What was exported changes nothing when it is applied, and neither does a file that
// was applied before.
func TestApplyIsIdempotent(t *testing.T) {
	k := newKept(t)
	if again := k.apply(t, "ga", grants); len(again) != 0 {
		t.Errorf("applied again: %+v", again)
	}
	text, err := k.Export(t.Context(), k.tokens["bureau"])
	if err != nil {
		t.Fatal(err)
	}
	doc, err := document.Parse("export", text)
	if err != nil {
		t.Fatal(err)
	}
	state, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if changes, err := document.Diff(state, doc); err != nil || len(changes) != 0 {
		t.Errorf("the export differs: %+v %v\n%s", changes, err, text)
	}
	for _, want := range []string{"xm: masked name", "district: 和平区", "hours: 08:00-18:30", "parent: 民政", "roles: [cataloguer, leader]"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the export has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "lianji_") {
		t.Error("the export holds a token")
	}
}

// The list of a resource's grants is all there is; of what is not named nothing changes.
func TestApplyTakesBack(t *testing.T) {
	k := newKept(t)
	one := "grants: {公安.人口: [{principal: wang, items: {qx: clear}, purposes: [DB-HC], modes: [interface]}]}"
	if changes := k.apply(t, "ga", one); len(changes) != 1 || changes[0].Sign != '-' {
		t.Errorf("got %+v", changes)
	}
	if changes := k.apply(t, "ga", "grants: {}"); len(changes) != 0 {
		t.Errorf("of an empty list of resources: %+v", changes)
	}
	if changes := k.apply(t, "ga", "grants: {公安.人口: []}"); len(changes) != 1 || changes[0].Sign != '-' {
		t.Errorf("got %+v", changes)
	}
	state, err := k.Load(t.Context(), nil)
	if err != nil || len(state.Grants()) != 0 {
		t.Errorf("left: %v %v", state.Grants(), err)
	}
}

// Whoever has not the role, no token that holds, or one that is limited, changes
// nothing, and a file is applied whole or not at all.
func TestApplyRefused(t *testing.T) {
	k := newKept(t)
	limited := k.token(t, "ga", &catalog.Token{Purposes: []string{"DB-HC"}})
	modes := k.token(t, "ga", &catalog.Token{Modes: []catalog.Mode{catalog.Interface}})
	k.token(t, "ga", &catalog.Token{})
	none := "grants: {公安.人口: []}"
	for name, c := range map[string]struct {
		token, text string
		want        errs.Code
	}{
		"no token":         {"", none, errs.Unauthenticated},
		"an unknown token": {"lianji_x", none, errs.Unauthenticated},
		"one purpose":      {limited, none, errs.Unauthenticated},
		"one mode":         {modes, none, errs.Unauthenticated},
		"another role":     {k.tokens["bureau"], none, errs.Forbidden},
		"half of it":       {k.tokens["ga"], none + "\npurposes: {X: {name: x, basis: y}}", errs.Forbidden},
		"another's":        {k.tokens["ga"], "grants: {民政.低保: []}", errs.Forbidden},
		"an item":          {k.tokens["ga"], "grants: {公安.人口: [{agency: 民政, items: {nosuch: clear}, purposes: [DB-HC], modes: [interface]}]}", errs.ConfigInvalid},
		"a resource":       {k.tokens["ga"], "grants: {公安.无: []}", errs.ConfigInvalid},
		"a mask":           {k.tokens["ga"], "grants: {公安.人口: [{agency: 民政, items: {xm: masked nome}, purposes: [DB-HC], modes: [interface]}]}", errs.ConfigInvalid},
		"a comment":        {k.tokens["ga"], "grants: {公安.人口: [{agency: 民政, items: {xm: clear}, purposes: [DB-HC], modes: [interface], where: 'true -- x'}]}", errs.ConfigInvalid},
		"two grantees":     {k.tokens["ga"], "grants: {公安.人口: [{agency: 民政, principal: wang, items: {xm: clear}, purposes: [DB-HC], modes: [interface]}]}", errs.ConfigInvalid},
		"hours":            {k.tokens["ga"], "grants: {公安.人口: [{agency: 民政, items: {xm: clear}, purposes: [DB-HC], modes: [interface], hours: '8-18'}]}", errs.ConfigInvalid},
		"until":            {k.tokens["ga"], "grants: {公安.人口: [{agency: 民政, items: {xm: clear}, purposes: [DB-HC], modes: [interface], until: tomorrow}]}", errs.ConfigInvalid},
	} {
		before, err := k.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.try(t, c.token, c.text); errs.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if after, err := k.Version(t.Context()); err != nil || after != before {
			t.Errorf("%s left a change, %v", name, err)
		}
	}
	doc, err := document.Parse("test", []byte(none))
	if err != nil {
		t.Fatal(err)
	}
	k.token(t, "wang", &catalog.Token{})
	if got, err := k.Apply(t.Context(), k.tokens["wang"], doc, true); errs.CodeOf(err) != errs.Forbidden || got != nil {
		t.Errorf("an analyst compares: %+v %v", got, err)
	}
	if _, err := k.NewToken(t.Context(), limited, "ga", &catalog.Token{Expires: time.Now().Add(time.Hour)}); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("a limited token makes another one: %v", err)
	}
	if _, err := k.NewToken(t.Context(), k.tokens["ga"], "wang", &catalog.Token{Expires: time.Now().Add(time.Hour)}); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("a leader makes another's token: %v", err)
	}
}

// Who keeps the catalogue exports it; an agency's leader and cataloguer what is theirs,
// which applied again changes nothing; nobody else anything.
func TestExport(t *testing.T) {
	k := newKept(t)
	k.apply(t, "sysadmin", "sources: {mz: 民政}")
	k.apply(t, "secadmin", "principals: {mz: {agency: 民政, roles: [leader, cataloguer]}, ga.ld: {agency: 公安, roles: [leader]}, ga.rev: {agency: 公安, roles: [reviewer]}}")
	for _, login := range []string{"mz", "ga.ld", "ga.rev", "wang"} {
		k.token(t, login, &catalog.Token{})
	}
	k.apply(t, "mz", "resources: {民政.低保: {class: restricted, source: mz, schema: main, table: dibao, items: {je: 金额}}}")
	k.apply(t, "mz", "grants: {民政.低保: [{agency: 公安, items: {je: clear}, purposes: [DB-HC], modes: [interface], where: je > 7}]}")
	for login, want := range map[string]string{"bureau": "whole", "secadmin": "whole", "auditor": "whole", "ga": "公安.人口", "ga.ld": "公安.人口", "mz": "民政.低保", "wang": "", "ga.rev": "", "sysadmin": ""} {
		text, err := k.Export(t.Context(), k.tokens[login])
		got := ""
		switch {
		case errs.CodeOf(err) == errs.Forbidden:
		case err != nil:
			t.Fatal(err)
		case strings.Contains(string(text), "principals:") && strings.Contains(string(text), "公安.人口:") && strings.Contains(string(text), "民政.低保:"):
			got = "whole"
		default:
			doc, err := document.Parse("export", text)
			if err != nil {
				t.Fatal(err)
			}
			for name := range doc.Grants {
				got += name
			}
			if len(doc.Agencies)+len(doc.Principals)+len(doc.Purposes)+len(doc.Sources) > 0 || len(doc.Resources) != 1 {
				t.Errorf("%s exports %s", login, text)
			}
			if login == "ga.ld" {
				doc.Resources = nil // the cataloguer's
			}
			if changes, err := k.Apply(t.Context(), k.tokens[login], doc, false); err != nil || len(changes) != 0 {
				t.Errorf("%s: the export differs: %+v %v", login, changes, err)
			}
		}
		if got != want {
			t.Errorf("%s exports %q, want %q", login, got, want)
		}
	}
}

// What a change is of is told member by member: what is new, what was, and what is to be.
func TestDiffTells(t *testing.T) {
	k := newKept(t)
	doc, err := document.Parse("test", []byte(strings.NewReplacer("2099-01-01", "2098-01-01", "xm: masked name, ", "", "{principal: wang", "{principal: ga").Replace(grants)))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := k.Apply(t.Context(), k.tokens["ga"], doc, true)
	if err != nil || len(changes) != 3 {
		t.Fatalf("got %+v %v", changes, err)
	}
	want := map[byte][]string{
		'~': {"items.xm: masked name ->", "until: 2099-01-01T00:00:00Z -> 2098-01-01T00:00:00Z"},
		'+': {"items.qx: clear", "modes: interface", "principal: ga", "purposes: DB-HC"},
	}
	for _, c := range changes {
		if c.Sign == '-' {
			if !strings.Contains(strings.Join(c.Details, "\n"), "principal: wang") {
				t.Errorf("taken back: %q", c.Details)
			}
			continue
		}
		if d := cmp.Diff(want[c.Sign], c.Details); d != "" {
			t.Errorf("%c %s: %s", c.Sign, c.What, d)
		}
	}
	// Applied, the one grant is in the other's place.
	applied, err := k.Apply(t.Context(), k.tokens["ga"], doc, false)
	if err != nil || len(applied) != 3 {
		t.Fatalf("got %+v %v", applied, err)
	}
	if again := k.apply(t, "ga", strings.NewReplacer("2099-01-01", "2098-01-01", "xm: masked name, ", "", "{principal: wang", "{principal: ga").Replace(grants)); len(again) != 0 || len(k.stored(t)) != 2 {
		t.Errorf("again: %+v", again)
	}
	changes = k.apply(t, "secadmin", "principals: {wang: {name: 王, agency: 民政, roles: [analyst, leader], attributes: {district: 沈河区}}}")
	if d := cmp.Diff([]string{"attributes.district: 和平区 -> 沈河区", "roles: analyst -> analyst, leader"}, changes[0].Details); d != "" {
		t.Error(d)
	}
}

// A mistake in a file has its line and column, whatever finds it.
func TestMistakesHavePlaces(t *testing.T) {
	k := newKept(t)
	const head = "grants:\n  公安.人口:\n    - agency: 民政\n      items: {xm: clear}\n      purposes: [DB-HC]\n      modes: [interface]\n"
	for _, c := range []struct{ login, text, place string }{
		{"ga", strings.Replace(head, "xm: clear", "xm: clear, nosuch: clear", 1), "test:4:26"},
		{"ga", strings.Replace(head, "xm: clear", "xm: masked nome", 1), "test:4:15"},
		{"ga", strings.Replace(head, "agency: 民政", "agency: 无", 1), "test:3:7"},
		{"ga", strings.Replace(head, "[DB-HC]", "[DB-HC, NO]", 1), "test:5:7"},
		{"ga", head + "      hours: 8-18\n", "test:7:7"},
		{"ga", head + "      until: tomorrow\n", "test:7:7"},
		{"ga", head + "      where: \"true -- x\"\n", "test:7:7"},
		{"ga", strings.Replace(head, "modes: [interface]", "modes: [paper]", 1), "test:3:7"},
		{"ga", strings.Replace(head, "公安.人口", "公安.无", 1), "test:2:3"},
		{"secadmin", "principals:\n  x: {agency: 无}\n", "test:2:7"},
		{"secadmin", "principals:\n  x: {agency: 民政, roles: [king]}\n", "test:2:3"},
		{"sysadmin", "sources:\n  ga: 公安\n  mz: 无\n", "test:3:3"},
		{"ga", "resources:\n  公安.x: {class: restricted, source: nosuch, schema: main, table: t, items: {a: b}}\n", "test:2:3"},
	} {
		_, err := k.try(t, k.tokens[c.login], c.text)
		var placed *Placed
		if !errors.As(err, &placed) || placed.Place != c.place {
			t.Errorf("%s\n%v, want %s", c.text, err, c.place)
		}
	}
}

// Tokens are listed and ended by those whose they are, and by the security administrator.
func TestTokensListed(t *testing.T) {
	k := newKept(t)
	k.token(t, "wang", &catalog.Token{Label: "mine", Purposes: []string{"DB-HC"}})
	full := k.token(t, "wang", &catalog.Token{})
	count := func(login string) (n int, id string) {
		all, logins, err := k.Tokens(t.Context(), k.tokens[login])
		if err != nil {
			t.Fatal(err)
		}
		for i, one := range all {
			if logins[i] == "wang" {
				n++
			}
			if one.Label == "mine" {
				id = one.ID
			}
		}
		return n, id
	}
	for login, want := range map[string]int{"wang": 2, "secadmin": 2, "auditor": 2, "ga": 0, "bureau": 0, "sysadmin": 0} {
		if n, _ := count(login); n != want {
			t.Errorf("%s sees %d tokens of wang, want %d", login, n, want)
		}
	}
	_, id := count("wang")
	for _, login := range []string{"ga", "bureau", "auditor"} {
		if err := k.RevokeToken(t.Context(), k.tokens[login], id); errs.CodeOf(err) != errs.Forbidden {
			t.Errorf("%s ends it: %v", login, err)
		}
	}
	if err := k.RevokeToken(t.Context(), k.tokens["wang"], "nosuch"); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("one that is not there: %v", err)
	}
	if err := k.RevokeToken(t.Context(), k.tokens["wang"], id); err != nil {
		t.Error(err)
	}
	state, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if one, ok := state.Token(id); !ok || one.Revoked.IsZero() {
		t.Errorf("it is %+v", one)
	}
	if err := k.RevokeToken(t.Context(), k.tokens["secadmin"], id); err != nil {
		t.Errorf("again: %v", err)
	}
	if after, err := k.Version(t.Context()); err != nil || after != state.Version {
		t.Errorf("ended again it changed something: %v", err)
	}
	if _, _, err := k.Tokens(t.Context(), full); err != nil {
		t.Error(err)
	}
}

// A key that is not known, or a text that is no YAML, has its place in the error.
func TestDocumentMistakes(t *testing.T) {
	for text, place := range map[string]string{
		"grants:\n  a.b:\n    - {agancy: x}\n": "f.yaml:3:", "agencies: [1": "f.yaml:1:", "purposes: {X: {name: a, basis: b, extra: c}}": "f.yaml:1:",
	} {
		_, err := document.Parse("f.yaml", []byte(text))
		if errs.CodeOf(err) != errs.ConfigInvalid || !strings.Contains(err.Error(), place) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
