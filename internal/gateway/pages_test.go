package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/waitfor"
)

// browsing is an answer of on-line browsing.
type browsing struct {
	Rows      [][]any `json:"rows"`
	Truncated bool    `json:"truncated"`
	Next      string  `json:"next_page"`
	By        string  `json:"truncated_by"`
	Sources   []output.SourceTimes
	Error     *output.Problem `json:"error"`
	Code      string          `json:"code"` // of a problem
}

func (s *site) browse(t *testing.T, login string, members map[string]any) browsing {
	t.Helper()
	members["mode"] = "online"
	r := s.ask(t, login, "application/json", members)
	var b browsing
	if err := json.Unmarshal(r.body, &b); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return b
}

// Page after page shows every row once, in the order of the statement, and nothing runs
// for it again: what was changed at the source in between is not seen.
func TestPages(t *testing.T) {
	s := newSite(t, plain)
	const sql = "SELECT id FROM 公安.名册 ORDER BY id"
	b := s.browse(t, "wang", map[string]any{"sql": sql})
	var got []string
	sizes, read := "", b.Sources
	for n := 0; n < 5; n++ {
		sizes += fmt.Sprintf("%d %v %v; ", len(b.Rows), b.Truncated, b.Next != "")
		if len(read) != 1 || read[0].Agency != "GA" || !slices.Equal(b.Sources, read) || (b.By == "online_page") != b.Truncated {
			t.Errorf("read %v, and then it tells %v %s", read, b.Sources, b.By)
		}
		for _, row := range b.Rows {
			got = append(got, fmt.Sprint(row[0]))
		}
		if b.Next == "" {
			break
		}
		if len(b.Next) < 26 {
			t.Errorf("a name that can be guessed: %s", b.Next)
		}
		used := b.Next
		b = s.browse(t, "wang", map[string]any{"page": used})
		if again := s.browse(t, "wang", map[string]any{"page": used}); again.Code != "unknown_name" {
			t.Errorf("a page is given twice: %+v", again)
		}
	}
	if want := "50 true true; 50 true true; 20 false false; "; sizes != want {
		t.Errorf("pages: %s, want %s", sizes, want)
	}
	for i := range 120 {
		if i >= len(got) || got[i] != fmt.Sprint(i+1) {
			t.Fatalf("row %d of %d: %v", i, len(got), got)
		}
	}
	// Every page is recorded before it leaves, as what it is.
	starts, ends := records[audit.Start](t, s, audit.KindStart), records[audit.End](t, s, audit.KindEnd)
	pages := ""
	for i, st := range starts {
		pages += fmt.Sprint(st.Page, " ", st.Statement, " ", ends[i].Rows, " ", len(ends[i].Reads), "; ")
		if len(st.Returned) != 1 || len(st.Grants) != 1 || st.Principal != "wang" {
			t.Errorf("%+v", st)
		}
	}
	if want := fmt.Sprintf("0 %[1]s 50 1; 2 %[1]s 50 0; 3 %[1]s 20 0; ", sql); pages != want {
		t.Errorf("recorded: %s\nwant %s", pages, want)
	}
	// A thousand rows are as many as can be browsed.
	rows, b := 0, s.browse(t, "wang", map[string]any{"sql": "SELECT a.id FROM 公安.名册 a, 公安.名册 b"})
	for {
		rows += len(b.Rows)
		if b.Next == "" {
			break
		}
		b = s.browse(t, "wang", map[string]any{"page": b.Next})
	}
	if rows != 1000 || !b.Truncated {
		t.Errorf("%d rows, truncated %v", rows, b.Truncated)
	}
}

// A page is for whoever asked the statement, for the purpose and in the mode, and as long
// as what was granted then is granted still. Every other name reads like no page.
func TestPagesOfOthers(t *testing.T) {
	s := newSite(t, plain)
	s.apply(t, "bureau", "purposes: {JC: {name: 稽查, basis: 办法}}")
	page := func() string {
		t.Helper()
		b := s.browse(t, "wang", map[string]any{"sql": "SELECT zt FROM 公安.名册"})
		if b.Next == "" {
			t.Fatalf("%+v", b)
		}
		return b.Next
	}
	waitfor.True(t, time.Second, "the purpose to be known", func() bool {
		return s.browse(t, "wang", map[string]any{"sql": "SELECT 1", "purpose": "JC"}).Code == ""
	})
	name := page()
	none := s.browse(t, "wang", map[string]any{"page": "AAAAAAAAAAAAAAAAAAAAAAAAAA"})
	for what, b := range map[string]browsing{
		"another principal": s.browse(t, "li", map[string]any{"page": name}),
		"another purpose":   s.browse(t, "wang", map[string]any{"page": name, "purpose": "JC"}),
	} {
		if b.Code != "unknown_name" || fmt.Sprint(b) != fmt.Sprint(none) {
			t.Errorf("%s: %+v, of no page %+v", what, b, none)
		}
	}
	for what, members := range map[string]map[string]any{
		"another mode":       {"page": name, "mode": "interface"},
		"beside a statement": {"page": name, "mode": "online", "sql": "SELECT 1"},
		"with parameters":    {"page": name, "mode": "online", "params": []int{1}},
	} {
		if r := s.ask(t, "wang", "application/json", members); r.StatusCode != 400 || !strings.Contains(string(r.body), "request_invalid") {
			t.Errorf("%s: %d %s", what, r.StatusCode, r.body)
		}
	}
	for _, form := range []output.Form{output.CSV, output.Arrow, output.Parquet} {
		if r := s.ask(t, "wang", output.ContentType(form), map[string]any{"page": name, "mode": "online"}); r.StatusCode != 406 {
			t.Errorf("%s: %d", form, r.StatusCode)
		}
	}
	if b := s.browse(t, "wang", map[string]any{"page": name}); len(b.Rows) != 50 {
		t.Errorf("none of these took it: %+v", b)
	}
	// What was taken back ends every page, also one that was read before.
	name = page()
	s.apply(t, "ga", "grants: {公安.名册: []}")
	waitfor.True(t, time.Second, "the grant to be taken back", func() bool {
		return s.browse(t, "wang", map[string]any{"sql": "SELECT count(*) FROM 公安.名册"}).Code == "unknown_name"
	})
	if b := s.browse(t, "wang", map[string]any{"page": name}); b.Code != "revoked" || len(b.Rows) != 0 {
		t.Errorf("%+v", b)
	}
}

// Of one principal the oldest answers go first.
func TestPagesAreFew(t *testing.T) {
	s := newSite(t, plain)
	var names []string
	for range 6 {
		names = append(names, s.browse(t, "wang", map[string]any{"sql": "SELECT zt FROM 公安.名册"}).Next)
	}
	other := s.browse(t, "li", map[string]any{"sql": "SELECT zt FROM 公安.名册"}).Next
	var there []int
	for i, name := range names {
		if b := s.browse(t, "wang", map[string]any{"page": name}); len(b.Rows) == 50 {
			there = append(there, i)
		}
	}
	if fmt.Sprint(there) != "[2 3 4 5]" {
		t.Errorf("there are %v", there)
	}
	if b := s.browse(t, "li", map[string]any{"page": other}); len(b.Rows) != 50 {
		t.Errorf("another's: %+v", b)
	}
}

// The rows of every page are charged to the quota that they are granted with.
func TestPagesAreCharged(t *testing.T) {
	s := newSite(t, plain)
	s.apply(t, "ga", "grants:\n  公安.名册: [{agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [online], quota: {rows: 60}}]")
	waitfor.True(t, time.Second, "the quota to be in force", func() bool {
		return s.browse(t, "wang", map[string]any{"sql": "SELECT zt FROM 公安.名册"}).Code == "unknown_name"
	})
	b := s.browse(t, "wang", map[string]any{"sql": "SELECT id FROM 公安.名册"})
	if len(b.Rows) != 50 || b.Next == "" {
		t.Fatalf("%+v", b)
	}
	if b = s.browse(t, "wang", map[string]any{"page": b.Next}); len(b.Rows) != 10 || b.Error == nil || b.Error.Code != "quota_spent" || b.Next != "" {
		t.Errorf("%+v, %+v", b, b.Error)
	}
}
