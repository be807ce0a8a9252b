package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var (
	people = Items{Resource: "公安.人口", Items: []string{"姓名", "身份证号"}}
	relief = Items{Resource: "民政.低保", Items: []string{"金额"}}
)

// joined is a statement over two providers' resources, which sends keys from one to
// the other.
func joined() Start {
	return Start{
		Query: "q-1", Principal: "zhang", Agency: "minzheng", Client: "10.0.0.1", Door: "http", Purpose: "DB-HC", Mode: "interface",
		Grants:   []Grant{{"g-1", people.Resource}, {"g-2", relief.Resource}},
		Returned: []Items{people, relief}, Compared: []Items{{people.Resource, []string{"身份证号"}}},
		Policy:    []Items{{relief.Resource, []string{"区县"}}},
		Sent:      []Sent{{Items{people.Resource, []string{"身份证号"}}, []Target{{"minzheng", relief.Resource}}}},
		Shape:     []Condition{{people.Resource, "姓名", "=", 0}, {relief.Resource, "区县", "IN", 3}},
		Statement: "SELECT secret-text",
	}
}

func exported(t *testing.T, dir string, f Filter) []string {
	t.Helper()
	var b bytes.Buffer
	r, err := Export(dir, f, &b)
	if err != nil {
		t.Fatal(err)
	}
	out := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if b.Len() == 0 {
		out = nil
	}
	if r.Records != len(out) || r.Skipped != 0 {
		t.Errorf("%+v for %d lines", r, len(out))
	}
	for _, l := range out {
		if !json.Valid([]byte(l)) {
			t.Errorf("no JSON: %s", l)
		}
	}
	return out
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	first := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	later := first.Add(time.Hour)
	var clock atomic.Pointer[time.Time]
	clock.Store(&first)
	l := opened(t, Options{Dir: dir, Now: func() time.Time { return *clock.Load() }, sealEvery: time.Hour})
	start := func(s Start) ID {
		id, err := l.Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	a := start(joined())
	b := start(Start{Query: "q-2", Principal: "li", Agency: "shuiwu", Returned: []Items{relief}})
	clock.Store(&later)
	if _, err := l.Refuse(t.Context(), Start{Query: "q-3", Principal: "li", Agency: "shuiwu", Code: "unknown_name"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Act(t.Context(), Act{Principal: "root", Action: "login", Outcome: Done}); err != nil {
		t.Fatal(err)
	}
	for _, e := range []End{
		{Start: b, Outcome: Done, Rows: 5, Reads: []Read{{Source: "mz", Resources: []string{relief.Resource}, Rows: 5}}},
		{Start: a, Outcome: Done, Rows: 7, Reads: []Read{
			{Source: "ga", Resources: []string{people.Resource}, Rows: 70}, {Source: "mz", Resources: []string{relief.Resource}, Rows: 71},
			{Source: "both", Resources: []string{people.Resource, relief.Resource}, Rows: 72}, {Source: "unknown", Rows: 73},
		}},
	} {
		if _, err := l.EndDurable(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, l)
	for name, c := range map[string]struct {
		f    Filter
		want string // kinds, and the query of each that has one
	}{
		"all":          {Filter{}, "start:q-1 start:q-2 refused:q-3 act: end:q-2 end:q-1"},
		"principal":    {Filter{Principal: "li"}, "start:q-2 refused:q-3 end:q-2"},
		"agency":       {Filter{Agency: "minzheng"}, "start:q-1 end:q-1"},
		"resource":     {Filter{Resources: []string{people.Resource}}, "start:q-1 end:q-1"},
		"of two":       {Filter{Resources: []string{people.Resource, relief.Resource}}, "start:q-1 start:q-2 end:q-2 end:q-1"},
		"none":         {Filter{Resources: []string{"x.y"}}, ""},
		"from":         {Filter{From: later}, "refused:q-3 act:"},
		"to":           {Filter{To: later}, "start:q-1 start:q-2 end:q-2 end:q-1"},
		"from that on": {Filter{From: first, To: first.Add(1)}, "start:q-1 start:q-2 end:q-2 end:q-1"},
	} {
		var got []string
		for _, l := range exported(t, dir, c.f) {
			var r struct {
				Kind string
				Body struct{ Query string }
			}
			if err := json.Unmarshal([]byte(l), &r); err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Kind+":"+r.Body.Query)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), c.want)
		}
	}
	provider(t, dir)
}

// provider checks what the provider of people sees: its own, and no trace of relief.
func provider(t *testing.T, dir string) {
	t.Helper()
	got := exported(t, dir, Filter{Own: []string{people.Resource}})
	all := strings.Join(got, "\n")
	for _, secret := range []string{"民政", "低保", "金额", "区县", "secret-text", "g-2", `"rows":71`, `"rows":72`, `"rows":73`, "10.0.0.1", `"rows":7,`, `"rows":7}`, "q-2", `"mz"`, `"both"`} {
		if strings.Contains(all, secret) {
			t.Errorf("a provider sees %s: %s", secret, all)
		}
	}
	for _, known := range []string{"公安.人口", "身份证号", "姓名", `"g-1"`, `"rows":70`, "zhang", "minzheng", "DB-HC", `"op":"="`, `"to":[{"agency":"minzheng"}]`} {
		if !strings.Contains(all, known) {
			t.Errorf("a provider does not see %s: %s", known, all)
		}
	}
	if len(got) != 2 {
		t.Errorf("%d lines: %v", len(got), got)
	}
	// The other one learns that keys came, not which item they were of.
	all = strings.Join(exported(t, dir, Filter{Own: []string{relief.Resource}}), "\n")
	if !strings.Contains(all, `"received":["民政.低保"]`) || strings.Contains(all, "公安") || strings.Contains(all, "身份证号") || strings.Contains(all, `"rows":70`) {
		t.Errorf("the receiver sees %s", all)
	}
	if !strings.Contains(all, `"rows":5,"reads"`) {
		t.Errorf("of a statement that is all its own a provider sees the answer's rows: %s", all)
	}
	if got := exported(t, dir, Filter{Own: []string{}}); got != nil {
		t.Errorf("who provides nothing sees %v", got)
	}
}

// A line that is no record is counted, and does not end the export.
func TestExportOfBrokenFile(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, Options{Dir: dir})
	started(t, l, "q-1")
	name := filepath.Join(dir, nameOfSegment("g1", l.Boot(), 1))
	shut(t, l)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append([]byte("broken\n"), data...), segmentMode); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if r, err := Export(dir, Filter{}, &b); err != nil || r.Records != 1 || r.Skipped != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

// Long statements are cut between characters, and the record says how much is gone.
func TestStatementIsCut(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, Options{Dir: dir})
	text := "x" + strings.Repeat("表", maxStatement)
	if _, err := l.Start(t.Context(), Start{Query: "q", Statement: text}); err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	for _, r := range records(t, dir) {
		var s Start
		if r.Kind != KindStart {
			continue
		}
		if err := json.Unmarshal(r.Body, &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Statement) > maxStatement || len(s.Statement) < maxStatement-3 || s.Cut != len(text)-len(s.Statement) || !strings.HasPrefix(text, s.Statement) {
			t.Error(fmt.Sprint(len(s.Statement), s.Cut))
		}
	}
}
