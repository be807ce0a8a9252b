package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
)

// What an account may do beyond reading is a warning; what it may not read too.
func TestFindingsOfAnAccount(t *testing.T) {
	for _, c := range []struct {
		account connectors.Account
		want    string
	}{
		{connectors.Account{}, ""},
		{connectors.Account{Superuser: connectors.No, FileWritable: connectors.No}, ""},
		{connectors.Account{Superuser: connectors.Yes, Writes: 5, Creates: 5}, "warning account_superuser"}, // the rest follows
		{connectors.Account{Writes: 1}, "warning account_writes"},
		{connectors.Account{Creates: 1, Denied: 2}, "warning account_creates, warning tables_denied"},
		{connectors.Account{Writes: -1, Creates: -1, Denied: -1}, ""},
		{connectors.Account{FileWritable: connectors.Yes}, "hint file_writable"},
	} {
		r := SourceReport{Tables: 1, Examined: &connectors.Examination{Account: c.account}}
		var got []string
		for _, f := range r.findings() {
			got = append(got, string(f.Level)+" "+f.Code)
			for _, lang := range []string{"en", "zh-CN"} {
				if text := f.Text(lang); strings.Contains(text, "[") || strings.Contains(text, "<no value>") {
					t.Errorf("%s in %s: %q", f.Code, lang, text)
				}
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%+v: %q, want %q", c.account, got, c.want)
		}
	}
}

func TestReportOfTables(t *testing.T) {
	old, new := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	text := func(name, collation string, binary bool) catalog.Column {
		return catalog.Column{Name: name, Type: catalog.Type{Kind: catalog.Text}, Collation: catalog.Collation{Name: collation, Binary: binary}}
	}
	table := func(name string, columns ...catalog.Column) *catalog.Table {
		return &catalog.Table{ID: catalog.TableID{Schema: "s", Name: name}, Columns: columns}
	}
	tables := []*catalog.Table{
		table("a", text("x", "C", true), text("y", "zh", false), catalog.Column{Name: "m", SourceType: "money"}),
		table("b", text("x", "zh", false), text("y", "de", false), catalog.Column{Name: "m", SourceType: "money"}, catalog.Column{Name: "p", SourceType: "box"}),
		table("c"), table("v"),
	}
	tables[3].View = true
	var r SourceReport
	r.describe(tables)
	r.count(tables, map[catalog.TableID]*catalog.Statistics{
		tables[0].ID: {Rows: 5, Analyzed: new}, tables[1].ID: {Rows: 5, Analyzed: old}, tables[2].ID: {Rows: -1, Never: true},
	})
	if r.Tables != 3 || r.Views != 1 || r.Text.Binary != 1 || r.Text.Other != 3 || !slices.Equal(r.Text.Collations, []string{"de", "zh"}) {
		t.Errorf("%+v", r)
	}
	if d := cmp.Diff(StatisticsReport{Read: true, Tables: 2, Never: 1, NeverNames: []string{"s.c"}, Oldest: old, Newest: new}, r.Statistics); d != "" {
		t.Error(d)
	}
	if !slices.Equal(r.UnreadableTypes(), []string{"box", "money"}) || len(r.Unreadable) != 3 {
		t.Errorf("%v", r.Unreadable)
	}
}

// Numbers that are text here are named, a few of them, and are none of the columns whose
// collation is told of.
func TestCheckOfNumbersAsText(t *testing.T) {
	for _, c := range []struct {
		numbers int
		want    string
	}{
		{0, ""},
		{2, "2 column(s) are numbers (s.t.n1, s.t.n2):"},
		{7, "7 column(s) are numbers (s.t.n1, s.t.n2, s.t.n3, s.t.n4, s.t.n5 and 2 more):"},
	} {
		table := &catalog.Table{ID: catalog.TableID{Schema: "s", Name: "t"}, Columns: []catalog.Column{
			{Name: "x", Type: catalog.Type{Kind: catalog.Text}, Collation: catalog.Collation{Name: "C", Binary: true}},
		}}
		for i := range c.numbers {
			table.Columns = append(table.Columns, catalog.Column{Name: fmt.Sprint("n", i+1), Type: catalog.Type{Kind: catalog.Text}, NumberAsText: true})
		}
		var r SourceReport
		r.describe([]*catalog.Table{table})
		got := ""
		for _, f := range r.findings() {
			got += string(f.Level) + " " + f.Code + ": " + f.Text("en")
			if text := f.Text("zh-CN"); c.numbers > mostNames && !strings.Contains(text, "（s.t.n1, s.t.n2, s.t.n3, s.t.n4, s.t.n5，另有 2 列）") {
				t.Error(text)
			}
		}
		want := strings.Replace(c.want, "are numbers", "are numbers whose digits the source does not bound, and text here", 1)
		if (c.want == "") != (got == "") || c.want != "" && !strings.HasPrefix(got, "hint numbers_as_text: "+want) {
			t.Errorf("%d: %s", c.numbers, got)
		}
	}
}

// A source that tells neither its privileges nor its statistics is of use.
func TestCheckOfASourceThatSaysLittle(t *testing.T) {
	w := newWorld(t, "sources: {mute: {kind: sqlite, path: a.db}}\ndirect: on\n")
	report, err := Check(t.Context(), w.cfg, w.options, func(SourceReport) {})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range append(report.Sources[0].Findings, report.Findings...) {
		got = append(got, string(f.Level)+" "+f.Code)
	}
	want := "warning columns_unreadable, hint text_compared_here, warning not_examined, warning no_statistics, warning nothing_published"
	if strings.Join(got, ", ") != want || !report.Sources[0].Usable() {
		t.Errorf("%q, want %q", got, want)
	}
}

// serve would refuse an address that others can reach; so does check.
func TestCheckOfTheAddress(t *testing.T) {
	w := newWorld(t, strings.Replace(two, "sources:", "listen: {http: \"0.0.0.0:8080\"}\nsources:", 1))
	report, err := Check(t.Context(), w.cfg, w.options, func(SourceReport) {})
	if err != nil {
		t.Fatal(err)
	}
	if wrong := report.Wrong(); len(wrong) != 1 || errs.From(wrong[0]).ID != "http_not_loopback" {
		t.Errorf("%v", wrong)
	}
}

// A finding names the first tables that it is about, and says where there are more.
func TestFirstNames(t *testing.T) {
	if got := firstNames([]string{"a", "b"}, 2) + "|" + firstNames([]string{"a", "b"}, 3); got != "a, b|a, b, …" {
		t.Error(got)
	}
}
