package gateway_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/connectors"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy/document"
)

// refusedFilters are row filters of 人口 that nothing can be answered with, and the place
// in each where the mistake is, in characters from 1; 0 for one that has none.
var refusedFilters = map[string]int{
	"nosuch = 1": 1,
	"qx = '和平区' AND (id > 1 OR nosuch IS NULL)":   27,
	"id IN (SELECT nosuch FROM 公安.名册)":            15,
	"id IN (SELECT id FROM 公安.名册 WHERE qx = 'a')": 35, // a column of 人口
	"id IN (SELECT id FROM 公安.没有)":                23,
	"id IN (SELECT id FROM 民政.名册)":                23,
	"id / 2 > 1":                                  0,
	"length(id) = 1 AND CAST(qx AS INTEGER) > 0":  0,
	"qx":                 0,
	"qx = 'a') OR (true": 9,
	"qx = principal_attribute('x') || lpad(qx, id)": 0,
}

var takenFilters = []string{
	"qx = '和平区' OR id IN (1, 2)", "qx = principal_attribute('district')", "id = principal_attribute('level')", "mm LIKE 'a%'",
	"id IN (SELECT id FROM 公安.名册 WHERE zt = 'z1')", "xm IN (SELECT mm FROM 公安.密档)",
}

// What cannot be applied to the table that is there is refused when it is saved, over
// every door alike, and the place of the mistake is told.
func TestGrantsAreLookedAt(t *testing.T) {
	s := newSite(t, plain)
	file := filepath.Join(s.dir, "lianji.yaml")
	cfg, err := config.Load(file, []string{"sqlite"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	options := app.Options{
		Openers: map[string]connectors.Opener{"sqlite": sqliteconn.Open},
		NewEngine: func(o app.EngineOptions) (app.Engine, error) {
			return gateway.New(gateway.Options{TempDir: o.TempDir, TimeZone: o.TimeZone, MemoryBytes: 64 << 20})
		},
	}
	cat, err := app.OpenCatalogue(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cat.Close() }()
	byFile := func(where string, dry bool) error {
		t.Helper()
		text, err := json.Marshal(where)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := document.Parse("f.yaml", []byte("grants:\n  公安.名册:\n  - {agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [interface]}\n  公安.人口:\n  - agency: 民政\n    items: {xm: clear}\n    purposes: [DB-HC]\n    modes: [download]\n    where: "+string(text)+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		end, err := cat.Checking(t.Context(), cfg, options, doc)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := end(); err != nil {
				t.Error(err)
			}
		}()
		_, err = cat.Apply(t.Context(), s.tokens["ga"], doc, dry)
		return err
	}
	bySQL := func(where string) *output.Problem {
		t.Helper()
		r := s.ask(t, "ga", "application/json", map[string]any{"sql": "GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' IN MODE download WHERE " + where})
		return problemOf(t, r)
	}
	byHTTP := func(where string) *output.Problem {
		t.Helper()
		body, err := json.Marshal(map[string]any{"resource": "公安.人口", "agency": "民政", "items": map[string]string{"xm": "clear"}, "purposes": []string{"DB-HC"}, "modes": []string{"download"}, "where": where})
		if err != nil {
			t.Fatal(err)
		}
		return problemOf(t, s.send(t, "ga", http.MethodPost, "/v1/catalog/grants", "application/json", body))
	}
	for where, at := range refusedFilters {
		for _, dry := range []bool{true, false} {
			if err := byFile(where, dry); err == nil || !strings.HasPrefix(err.Error(), "f.yaml:9:") {
				t.Errorf("by a file, only looked at %v: %s: %v", dry, where, err)
			} else if e := errs.From(err); at > 0 && (e.Pos == nil || e.Pos.Column != at) {
				t.Errorf("by a file: %s: at %+v, want %d", where, e.Pos, at)
			}
		}
		if where != "qx = 'a') OR (true" {
			if p := bySQL(where); p == nil || p.Position == nil || p.Position.Column < len([]rune("GRANT SELECT (xm) ON 公安.人口 TO AGENCY 民政 FOR PURPOSE 'DB-HC' IN MODE download WHERE "))+max(at, 1) {
				t.Errorf("by SQL: %s: %+v", where, p)
			}
		}
		if p := byHTTP(where); p == nil || p.Status != 400 && p.Status != 403 {
			t.Errorf("by HTTP: %s: %+v", where, p)
		}
	}
	for _, where := range takenFilters {
		if err := byFile(where, true); err != nil {
			t.Errorf("by a file: %s: %v", where, err)
		}
		if p := bySQL(where); p != nil {
			t.Errorf("by SQL: %s: %+v", where, p)
		}
		if p := byHTTP("(" + where + ")"); p != nil {
			t.Errorf("by HTTP: %s: %+v", where, p)
		}
	}
	if err := byFile("qx = 'b'", false); err != nil {
		t.Error(err)
	}
	// Masks are looked at with the type that they say.
	for mask, ok := range map[string]bool{"(left(xm, 1)) AS text": true, "(left(xm, 1)) AS date": false, "(CAST(xm AS INTEGER)) AS integer": false} {
		p := problemOf(t, s.ask(t, "ga", "application/json", map[string]any{"sql": "GRANT SELECT (xm MASKED WITH " + mask + ") ON 公安.人口 TO PRINCIPAL li FOR PURPOSE 'DB-HC' IN MODE offline"}))
		if (p == nil) != ok {
			t.Errorf("mask %s: %+v", mask, p)
		}
	}
}

func problemOf(t *testing.T, r reply) *output.Problem {
	t.Helper()
	if r.StatusCode < 300 {
		return nil
	}
	var p output.Problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return &p
}

// A grant that opens nothing since its table changed says so to whoever decides about it,
// and to nobody else.
func TestClosedGrantsAreShown(t *testing.T) {
	s := newSite(t, world{filter: "gone = 'x'", mask: "masked name"})
	shown := func(login string) string {
		return string(s.ask(t, login, "application/x-ndjson", map[string]any{"sql": "SHOW GRANTS ON 公安.人口 TO AGENCY 民政"}).body)
	}
	if got := shown("ga"); !strings.Contains(got, "has no column gone") {
		t.Error(got)
	}
	if got := shown("wang"); strings.Contains(got, "gone") || !strings.Contains(got, `""]`) {
		t.Error(got)
	}
	if got := string(s.ask(t, "ga", "application/x-ndjson", map[string]any{"sql": "SHOW GRANTS ON 公安.名册"}).body); strings.Contains(got, "no column") {
		t.Error(got)
	}
}

// Of an expression that can fail on a row nobody reads an error, a NULL or a row: the
// resource reads like one that is not there, whatever the rows hold.
func TestNoErrorOfPolicyReachesAReader(t *testing.T) {
	for name, w := range map[string]world{
		"divides":  {filter: "10 / (id - 2) > 1 OR qx = '和平区'", mask: "masked name"},
		"casts":    {filter: "CAST(mm AS INTEGER) = 1 OR qx = '和平区'", mask: "masked name"},
		"a mask":   {filter: "true", mask: `"masked substring(xm, id, 1) as text"`},
		"a list":   {filter: "id IN (SELECT mm FROM 公安.密档) OR true", mask: "masked name"},
		"its rows": {filter: "id IN (SELECT id FROM 公安.密档 WHERE CAST(mm AS INTEGER) = 1) OR true", mask: "masked name"},
	} {
		s := newSite(t, w)
		said := func(table string) string {
			r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT * FROM 公安." + table})
			return strings.ReplaceAll(queryID.ReplaceAllString(string(r.body), ""), table, "T")
		}
		got, want := said("人口"), said("没有")
		cut := func(text string) string { return strings.Split(text, `"nearest"`)[0] }
		if cut(got) != cut(want) || !strings.Contains(got, "unknown_name") {
			t.Errorf("%s: %s\nwhat is not there: %s", name, got, want)
		}
	}
}

// A grant whose row filter looks values up is open however often that is looked at, and
// stays so when the catalogue changes elsewhere.
func TestLookedAtAgain(t *testing.T) {
	s := newSite(t, plain)
	s.apply(t, "ga", "grants:\n  公安.人口:\n    - {agency: 民政, items: {id: clear, xm: masked name}, purposes: [DB-HC], modes: [interface], where: \"id IN (SELECT id FROM 公安.名册 WHERE zt = 'z1')\"}\n")
	for range 3 {
		r := s.ask(t, "ga", "application/json", map[string]any{"sql": "SHOW GRANTS ON 公安.人口"})
		if r.StatusCode != http.StatusOK || strings.Contains(string(r.body), "row filter or mask") || !strings.Contains(string(r.body), "zt = 'z1'") {
			t.Errorf("%d %s", r.StatusCode, r.body)
		}
		s.apply(t, "bureau", "purposes: {P"+strings.ToUpper(rand.Text()[:6])+": {name: x, basis: y}}")
	}
	waitfor.True(t, time.Second, "the grant to be in force", func() bool {
		r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT id, xm FROM 公安.人口"})
		return r.StatusCode == http.StatusOK && strings.Contains(string(r.body), `"row_count":1,`)
	})
}
