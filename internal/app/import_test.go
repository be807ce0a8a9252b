package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/document"
)

const toImport = `
sources:
  ga: {kind: sqlite, path: ga.db}
  mz: {kind: sqlite, path: mz.db}
publish:
  公安: {人口: ga.main.renkou, 户口: ga.main.hukou}
  民政: {低保: mz.main.dibao}
`

func table(name string, columns ...catalog.Column) *catalog.Table {
	return &catalog.Table{ID: catalog.TableID{Schema: "main", Name: name}, Columns: columns}
}

// importing gives a configuration with sources ga and mz of these tables; mz is away.
func importing(t *testing.T, text string, tables ...*catalog.Table) (*config.Config, Options) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lianji.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"sqlite"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, Options{Openers: map[string]connectors.Opener{"sqlite": func(_ context.Context, c connectors.Config) (connectors.Source, error) {
		f := &fake{config: c, tables: tables}
		if c.Name == "mz" {
			f.err, f.tables = unreachable("mz"), nil
		}
		return f, nil
	}}}
}

var (
	text       = catalog.Type{Kind: catalog.Text}
	household  = table("hukou", catalog.Column{Name: "户号", Type: text, Comment: "户口簿编号"}, catalog.Column{Name: "人数", Type: text}, catalog.Column{Name: "额", SourceType: "money"})
	population = table("renkou", catalog.Column{Name: "xm", Type: text}, catalog.Column{Name: "sfzh", Type: text})
)

// What is published of the bearer's agency becomes resources that nobody is opened; what
// is there stays as it is.
func TestImport(t *testing.T) {
	k := newKept(t)
	cfg, o := importing(t, toImport, household, population)
	changes, err := k.Import(t.Context(), k.tokens["ga"], cfg, o)
	if err != nil || len(changes) != 1 || changes[0].What != "resource 公安.户口" {
		t.Fatalf("%+v %v", changes, err)
	}
	state, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := state.ResourceNamed("公安", "户口")
	want := []catalog.Item{{No: 1, Name: "户号", Title: "户口簿编号"}, {No: 2, Name: "人数", Title: "人数"}}
	if !ok || r.Class != catalog.Unrestricted || r.Source != "ga" || r.Table.Name != "hukou" || !slices.Equal(r.Items, want) {
		t.Errorf("%+v", r)
	}
	if before, _ := state.ResourceNamed("公安", "人口"); before.Class != catalog.Restricted || len(before.Items) != 3 {
		t.Errorf("what was there became %+v", before)
	}
	if _, ok := state.ResourceNamed("民政", "低保"); ok {
		t.Error("another agency's resource was made")
	}
	for _, g := range state.Grants() {
		if g.Resource == r.ID {
			t.Errorf("opened by %+v", g)
		}
	}
	if again, err := k.Import(t.Context(), k.tokens["ga"], cfg, o); err != nil || len(again) != 0 {
		t.Errorf("again: %+v %v", again, err)
	}
}

func TestImportRefused(t *testing.T) {
	k := newKept(t)
	k.apply(t, "secadmin", "principals: {mz: {agency: 民政, roles: [cataloguer]}, hp: {agency: 和平民政, roles: [cataloguer]}, ld: {agency: 公安, roles: [leader]}}")
	for _, login := range []string{"mz", "hp", "ld"} {
		k.token(t, login, &catalog.Token{})
	}
	cfg, o := importing(t, toImport, population)
	for login, want := range map[string]string{
		"sysadmin": "store_not_allowed", "bureau": "store_not_allowed", "ld": "store_not_allowed", "nobody": "unauthenticated",
		"mz": "source_unreachable", "hp": "app_import_nothing", "ga": "app_publish_no_table",
	} {
		if changes, err := k.Import(t.Context(), k.tokens[login], cfg, o); err == nil || errs.From(err).ID != want || changes != nil {
			t.Errorf("%s: %+v %v, want %s", login, changes, err, want)
		}
	}
	// A source of another agency.
	k.apply(t, "sysadmin", "sources: {ga: 民政}")
	cfg, o = importing(t, toImport, household, population)
	if _, err := k.Import(t.Context(), k.tokens["ga"], cfg, o); err == nil || !strings.Contains(err.Error(), "ga") || errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("of another agency's source: %v", err)
	}
}

// Resources that are not at their sources are told, whether all or those of a document.
func TestAbsent(t *testing.T) {
	k := newKept(t)
	const more = "resources: {公安.户口: {class: restricted, source: ga, schema: main, table: hukou, items: {户号: 户号, 人数: 人数, 额: 金额}}, 公安.无: {class: withheld, source: ga, schema: main, table: wu, items: {a: a}}}"
	k.apply(t, "ga", more)
	k.apply(t, "sysadmin", "sources: {away: 公安, gone: 公安}")
	k.apply(t, "ga", "resources: {公安.外: {class: withheld, source: away, schema: main, table: t, items: {a: a}}, 公安.走: {class: withheld, source: gone, schema: main, table: t, items: {a: a}}}")
	cfg, o := importing(t, strings.Replace(toImport, "  mz:", "  away: {kind: sqlite, path: x.db}\n  mz:", 1), household, population)
	opened := o.Openers["sqlite"]
	o.Openers["sqlite"] = func(ctx context.Context, c connectors.Config) (connectors.Source, error) {
		if c.Name == "away" {
			return nil, unreachable("away")
		}
		return opened(ctx, c)
	}
	doc, err := document.Parse("test", []byte(more))
	if err != nil {
		t.Fatal(err)
	}
	found := func(list []Finding) (out []string) {
		for _, f := range list {
			items, _ := f.Args["Items"].(string)
			out = append(out, strings.TrimSpace(f.Code+" "+f.Args["Resource"].(string)+" "+items))
		}
		return out
	}
	got, err := k.Absent(t.Context(), cfg, o, doc)
	if want := []string{"resource_no_item 公安.户口 额", "resource_no_table 公安.无"}; err != nil || !slices.Equal(found(got), want) {
		t.Errorf("of the document: %q %v", found(got), err)
	}
	state, err := k.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	described, err := describeNow(t.Context(), cfg, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"resource_no_item 公安.人口 qx", "resource_no_item 公安.户口 额", "resource_no_table 公安.无", "resource_no_source 公安.走"}
	if got := found(absent(state, described, nil)); !slices.Equal(got, all) {
		t.Errorf("of all: %q", got)
	}
	if none, err := k.Absent(t.Context(), cfg, o, &document.Document{}); err != nil || none != nil {
		t.Errorf("of none: %+v %v", none, err)
	}
}
