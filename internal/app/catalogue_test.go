package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	if err := os.WriteFile(file, []byte("catalog: {store: \"sqlite://c.db\"}\nengine: {timezone: UTC}\n"), 0o600); err != nil {
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
	if _, err := k.Export(t.Context(), k.tokens["ga"]); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("a leader exports every agency's grants: %v", err)
	}
	if _, err := k.NewToken(t.Context(), limited, "ga", &catalog.Token{Expires: time.Now().Add(time.Hour)}); errs.CodeOf(err) != errs.Unauthenticated {
		t.Errorf("a limited token makes another one: %v", err)
	}
	if _, err := k.NewToken(t.Context(), k.tokens["ga"], "wang", &catalog.Token{Expires: time.Now().Add(time.Hour)}); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("a leader makes another's token: %v", err)
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
