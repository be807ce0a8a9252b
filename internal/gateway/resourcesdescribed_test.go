package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type describedResources struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]struct {
		Get struct {
			Summary    string `json:"summary"`
			Parameters []struct {
				Name   string `json:"name"`
				Schema struct {
					Type    string `json:"type"`
					Format  string `json:"format"`
					Maximum int    `json:"maximum"`
					Const   string `json:"const"`
					Items   struct {
						Enum []string `json:"enum"`
					} `json:"items"`
					Enum []string `json:"enum"`
				} `json:"schema"`
			} `json:"parameters"`
			Responses map[string]struct {
				Content map[string]struct {
					Schema struct {
						Properties struct {
							Columns struct {
								PrefixItems []struct {
									Const any `json:"const"`
								} `json:"prefixItems"`
							} `json:"columns"`
							Rows struct {
								Items struct {
									PrefixItems []struct {
										Type []string `json:"type"`
									} `json:"prefixItems"`
								} `json:"items"`
							} `json:"rows"`
						} `json:"properties"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"responses"`
			Samples []struct{ Lang, Source string } `json:"x-codeSamples"`
		} `json:"get"`
	} `json:"paths"`
}

func (s *site) described(t *testing.T, login, query string) describedResources {
	t.Helper()
	return s.describedAt(t, login, "/v1/resources/openapi.json"+query)
}

func (s *site) describedAt(t *testing.T, login, address string) describedResources {
	t.Helper()
	r := s.send(t, login, http.MethodGet, address, "", nil)
	var d describedResources
	if err := json.Unmarshal(r.body, &d); err != nil || r.StatusCode != http.StatusOK || d.OpenAPI != "3.1.0" {
		t.Fatalf("%v %d %s", err, r.StatusCode, r.body)
	}
	for _, hidden := range []string{`"mm"`, "密档", "renkou", "keyed"} {
		if strings.Contains(string(r.body), hidden) {
			t.Errorf("the description says %s", hidden)
		}
	}
	return d
}

func (d describedResources) names() []string {
	var out []string
	for _, p := range d.Paths {
		out = append(out, p.Get.Summary)
	}
	slices.Sort(out)
	return out
}

// Whoever asks is told what is granted for a purpose through the interface, and of nothing
// else; what is described is what is served.
func TestResourcesDescribed(t *testing.T) {
	s := newPagedSite(t)
	for of, want := range map[[2]string][]string{
		{"wang", "?purpose=DB-HC"}: {"公安.人口", "公安.名册", "公安.图像", "公安.无键", "公安.有键"},
		{"wang", "?purpose=DB-YL"}: {"公安.有键"},
		{"li", "?purpose=DB-HC"}:   {"公安.人口", "公安.名册", "公安.无键"},
		{"wang", ""}:               nil,
	} {
		if d := cmp.Diff(want, s.described(t, of[0], of[1]).names()); d != "" {
			t.Errorf("%s: %s", of, d)
		}
	}
	for query, want := range map[string]int{"?purpose=x": 400, "?other=1": 400} {
		if r := s.send(t, "wang", http.MethodGet, "/v1/resources/openapi.json"+query, "", nil); r.StatusCode != want {
			t.Errorf("%s: %d", query, r.StatusCode)
		}
	}
	if r := s.send(t, "nobody", http.MethodGet, "/v1/resources/openapi.json", "", nil); r.StatusCode != 401 {
		t.Errorf("nobody: %d %s", r.StatusCode, r.body)
	}
	values := map[string]string{"BIGINT": "1", "INTEGER": "1", "VARCHAR": "x", "DATE": "2000-01-01", "DECIMAL(18,3)": "1"}
	for path, p := range s.described(t, "wang", "?purpose=DB-HC").Paths {
		ask := func(query string) reply {
			t.Helper()
			r := s.send(t, "wang", http.MethodGet, path+"?purpose=DB-HC"+query, "", nil)
			if r.StatusCode != http.StatusOK {
				t.Errorf("%s: %d %s", query, r.StatusCode, r.body)
			}
			return r
		}
		for _, f := range p.Get.Parameters {
			switch f.Name {
			case "purpose":
				if f.Schema.Const != "DB-HC" {
					t.Errorf("purpose %q", f.Schema.Const)
				}
			case "items", "order":
				ask("&" + f.Name + "=" + url.QueryEscape(strings.Join(f.Schema.Items.Enum, ",")))
			case "rows":
				ask("&rows=10000")
			case "page":
			case "format":
				for _, form := range f.Schema.Enum {
					ask("&format=" + form)
				}
			default:
				ask("&" + url.QueryEscape(f.Name) + "=" + values[f.Schema.Format])
			}
		}
		var answer struct {
			Columns []any
			Rows    [][]any
		}
		if err := json.Unmarshal(ask("&rows=10").body, &answer); err != nil {
			t.Fatal(err)
		}
		shape := p.Get.Responses["200"].Content["application/json"].Schema.Properties
		var columns []any
		for _, c := range shape.Columns.PrefixItems {
			columns = append(columns, c.Const)
		}
		if d := cmp.Diff(columns, answer.Columns); d != "" {
			t.Errorf("%s: (-described +served) %s", p.Get.Summary, d)
		}
		for _, row := range answer.Rows {
			for i, v := range row {
				kind := map[bool]string{true: "null", false: "string"}[v == nil]
				if _, ok := v.(float64); ok {
					kind = "integer"
				}
				if !slices.Contains(shape.Rows.Items.PrefixItems[i].Type, kind) {
					t.Errorf("%s: %v is no %v", p.Get.Summary, v, shape.Rows.Items.PrefixItems[i].Type)
				}
			}
		}
	}
}

// One resource is described alone by its code, in the words of the description of all. One
// that is not granted is answered like one that is not there, but for its name.
func TestOneResourceDescribed(t *testing.T) {
	s := newPagedSite(t)
	one, all := url.PathEscape("公安.名册"), s.described(t, "wang", "?purpose=DB-HC").Paths
	for _, address := range []string{
		"/v1/resources/" + one + "/openapi.json?purpose=DB-HC", "/v1/resources/openapi.json?purpose=DB-HC&code=" + one,
	} {
		got := s.describedAt(t, "wang", address)
		if d := cmp.Diff([]string{"公安.名册"}, got.names()); d != "" {
			t.Errorf("%s: %s", address, d)
		}
		for path, of := range got.Paths {
			if d := cmp.Diff(all[path], of); d != "" {
				t.Errorf("%s: (-among all +alone) %s", address, d)
			}
		}
	}
	for _, form := range []string{"/v1/resources/CODE/openapi.json?purpose=PURPOSE", "/v1/resources/openapi.json?code=CODE&purpose=PURPOSE"} {
		refused := func(login, code, purpose string) string {
			t.Helper()
			address := strings.NewReplacer("CODE", url.PathEscape(code), "PURPOSE", purpose).Replace(form)
			r := s.send(t, login, http.MethodGet, address, "", nil)
			var of struct {
				Code, Title string
			}
			if err := json.Unmarshal(r.body, &of); err != nil || r.StatusCode != http.StatusNotFound || of.Code != "unknown_name" {
				t.Errorf("%s for %s: %v %d %s", code, login, err, r.StatusCode, r.body)
			}
			return strings.ReplaceAll(of.Title, code, "NAME")
		}
		never := refused("wang", "公安.没有", "DB-HC")
		for _, c := range [][3]string{
			{"wang", "公安.密档", "DB-HC"}, {"li", "公安.图像", "DB-HC"}, {"wang", "公安.名册", "DB-YL"}, // for nobody, for another, for something else; the next one in another mode
			{"wang", "公安.下载", "DB-HC"}, {"wang", "renkou", "DB-HC"}, {"wang", "公安.名册.xm", "DB-HC"}, {"wang", "公安", "DB-HC"},
		} {
			if got := refused(c[0], c[1], c[2]); got != never {
				t.Errorf("%s: %q, and of what never was %q", c, got, never)
			}
		}
	}
	for address, want := range map[string]int{
		"/v1/resources/" + one + "/openapi.json?purpose=DB-HC&code=" + one: 400, "/v1/resources/" + one + "/openapi.json?purpose=DB-HC&items=id": 400,
		"/v1/resources/openapi.json?code=&purpose=DB-HC": 400, "/v1/resources/openapi.json?code=%FF&purpose=DB-HC": 400, "/v1/resources/%FF/openapi.json?purpose=DB-HC": 400,
		"/v1/resources/openapi.json?purpose=DB-HC&code=x&code=y": 400,
	} {
		if r := s.send(t, "wang", http.MethodGet, address, "", nil); r.StatusCode != want {
			t.Errorf("%s: %d %s", address, r.StatusCode, r.body)
		}
	}
	if r := s.send(t, "nobody", http.MethodGet, "/v1/resources/"+one+"/openapi.json", "", nil); r.StatusCode != 401 {
		t.Errorf("nobody: %d %s", r.StatusCode, r.body)
	}
}

// The calls of a description read all rows, in each language as it stands.
func TestResourceSamples(t *testing.T) {
	s := newPagedSite(t)
	programs := map[string]struct {
		file string
		run  []string
	}{
		"Shell": {"read.sh", []string{"sh", "read.sh"}}, "Python": {"read.py", []string{"python3", "read.py"}},
		"Go": {"read.go", []string{"go", "run", "read.go"}}, "Java": {"Read.java", []string{"java", "Read.java"}},
	}
	for _, p := range s.described(t, "wang", "?purpose=DB-HC").Paths {
		if p.Get.Summary != "公安.名册" {
			continue
		}
		for _, sample := range p.Get.Samples {
			of, ok := programs[sample.Lang]
			if !ok {
				t.Errorf("nobody runs %s", sample.Lang)
			}
			delete(programs, sample.Lang)
			if _, err := exec.LookPath(of.run[0]); err != nil {
				t.Logf("not run: there is no %s here", of.run[0])
				continue
			}
			if os.Getenv("LIANJI_LONG") == "" && (sample.Lang == "Go" || sample.Lang == "Java") {
				t.Logf("%s is run in the long form alone", sample.Lang)
				continue
			}
			dir := t.TempDir()
			source := strings.ReplaceAll(sample.Source, "format=ndjson", "format=ndjson&rows=50")
			if err := os.WriteFile(filepath.Join(dir, of.file), []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			program := exec.CommandContext(t.Context(), of.run[0], of.run[1:]...)
			program.Dir, program.Env = dir, append(os.Environ(), "LIANJI_TOKEN="+s.tokens["wang"], "GOFLAGS=-mod=mod", "no_proxy=127.0.0.1")
			out, err := program.CombinedOutput()
			if err != nil || strings.Count(string(out), "\n[") != 120 || strings.Count(string(out), `"row_count":`) != 3 {
				t.Errorf("%s: %v %d rows: %.2000s", sample.Lang, err, strings.Count(string(out), "\n["), out)
			}
		}
	}
	if len(programs) > 0 {
		t.Errorf("no calls for %v", programs)
	}
}
