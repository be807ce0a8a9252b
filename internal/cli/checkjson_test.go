package cli_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/cli"
)

// members lists the paths of all that a value of t has as JSON.
func members(t reflect.Type, path string) []string {
	switch t.Kind() {
	case reflect.Pointer:
		return members(t.Elem(), path)
	case reflect.Slice:
		return members(t.Elem(), path+"[]")
	case reflect.Struct:
	default:
		return nil
	}
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		at := strings.TrimPrefix(path+"."+name, ".")
		out = append(append(out, at), members(t.Field(i).Type, at)...)
	}
	return out
}

// Every member of the JSON form and every code stands in the document, and no other.
func TestCheckIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	findings, programs, ok := strings.Cut(string(raw), "## For programs")
	if !ok {
		t.Fatal("the document has no part for programs")
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	listed := func(text string) []string {
		var out []string
		for _, m := range rows.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return out
	}
	has := members(reflect.TypeFor[cli.CheckDocument](), "")
	slices.Sort(has)
	if d := cmp.Diff(has, listed(programs)); d != "" {
		t.Errorf("docs/check.md (+) and the types (-) differ: %s", d)
	}
	catalogue, err := os.ReadFile("../msg/text/check.en.json")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	if err := json.Unmarshal(catalogue, &texts); err != nil {
		t.Fatal(err)
	}
	for _, code := range listed(findings) {
		if texts["check_"+code] == "" {
			t.Errorf("%s is documented and has no text", code)
		}
		delete(texts, "check_"+code)
	}
	for id := range texts {
		if !strings.HasPrefix(id, "check_fact_") && !strings.HasPrefix(id, "check_level_") && !slices.Contains([]string{"check_comma", "check_finding", "check_flag_json", "check_ok_but"}, id) {
			t.Errorf("%s has a text and is not documented", id)
		}
	}
}

func TestCheckJSON(t *testing.T) {
	config(t, "sources:\n  away: {kind: sqlite, path: a.db}\n  ga: {kind: sqlite, path: b.db}\npublish: {a: {b: ga.main.none}}\n")
	code, stdout, stderr := run{querier: rows()}.args(t, "check", "--json")
	var d cli.CheckDocument
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil || code != 2 || stderr != "" {
		t.Fatalf("exit %d, %v, stderr %q, stdout %s", code, err, stderr, stdout)
	}
	for i := range d.Sources {
		d.Sources[i].MS = 0
	}
	place := "lianji.yaml:4:18"
	want := cli.CheckDocument{
		File: "lianji.yaml", Errors: 2, Warnings: 2, Hints: 2, TimeZone: "UTC", Published: 1,
		Findings: []cli.CheckedFinding{{Level: "error", Code: "config_invalid", Text: "Source ga has no table main.none.", Place: place}},
		Sources: []cli.CheckedSource{
			{Name: "away", Kind: "sqlite", Text: cli.CheckedText{Collations: []string{}}, Unreadable: []cli.CheckedColumn{},
				Findings: []cli.CheckedFinding{{Level: "error", Code: "source_unreachable", Text: "Source away cannot be reached."}}},
			{Name: "ga", Kind: "sqlite", Usable: true, Version: "Fake 1.0", Tables: 1,
				Account: &cli.CheckedAccount{Superuser: "no", Writes: 2, FileWritable: "unknown"}, Standby: "no", Zone: "UTC", Encoding: "UTF8", Collation: "zh_CN.UTF-8",
				Text: cli.CheckedText{Collations: []string{}}, Unreadable: []cli.CheckedColumn{{Column: "main.t.费用", Type: "money"}}, Statistics: &cli.CheckedStatistics{Tables: 1, Never: 1},
				Findings: []cli.CheckedFinding{
					{Level: "warning", Code: "account_writes", Text: "The account may change 2 table(s). The gateway never does; an account that can only read makes sure of it."},
					{Level: "warning", Code: "columns_unreadable", Text: "1 column(s) cannot be read, for their types: money."},
					{Level: "hint", Code: "never_analyzed", Text: "No statistics were ever gathered of 1 table(s) (main.t): estimates are poor until the source's owner runs ANALYZE."},
				}},
		},
	}
	want.Hints = 1
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(stdout, "hunter2") || strings.Contains(stdout, "refused") {
		t.Error("the source's own words are shown")
	}

	config(t, "sources: {}\nnonsense: 1\n")
	code, stdout, _ = run{querier: rows()}.args(t, "check", "--json")
	d = cli.CheckDocument{}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || code != 2 || d.OK || d.Errors != 1 || d.Findings[0].Code != "config_invalid" || d.Findings[0].Place != "lianji.yaml:2:1" || !strings.HasPrefix(d.Findings[0].Text, "unknown key nonsense") {
		t.Errorf("exit %d, %v, %s", code, err, stdout)
	}

	config(t, good)
	code, stdout, _ = run{querier: rows(), env: map[string]string{"LANG": "zh_CN.UTF-8"}}.args(t, "check", "--json")
	d = cli.CheckDocument{}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || code != 0 || !d.OK || d.Errors != 0 || !strings.Contains(d.Sources[0].Findings[0].Text, "账号") {
		t.Errorf("exit %d, %v, %s", code, err, stdout)
	}
}
