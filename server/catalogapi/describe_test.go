package catalogapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

type described struct {
	OpenAPI    string                                `json:"openapi"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct{ Schemas map[string]schema }   `json:"components"`
}

func readDescription(t *testing.T) described {
	t.Helper()
	var d described
	if err := json.Unmarshal(description, &d); err != nil {
		t.Fatal(err)
	}
	if d.OpenAPI != "3.1.0" {
		t.Errorf("version %q", d.OpenAPI)
	}
	return d
}

// Every route is described, and what is described is a route.
func TestDescribedRoutes(t *testing.T) {
	d := readDescription(t)
	want := []string{"get " + descriptionPath}
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r, " ")
		want = append(want, strings.ToLower(method)+" "+path)
	}
	for _, r := range (&api{}).routes() {
		want = append(want, strings.ToLower(r.method)+" "+r.path)
	}
	var got []string
	for path, methods := range d.Paths {
		for method := range methods {
			if method != "parameters" {
				got = append(got, method+" "+path)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-served +described) %s", d)
	}
}

// The query fields that a description of resources is said to take are those that it takes.
func TestDescribedFields(t *testing.T) {
	door := httptest.NewServer(httpapi.New(httpapi.Options{Querier: &servertest.Querier{}, Session: func(context.Context, server.Asker) (server.Session, error) {
		return server.Session{Snapshot: policy.Denied{}}, nil
	}}))
	defer door.Close()
	for _, path := range []string{"/v1/resources/openapi.json", "/v1/resources/{code}/openapi.json"} {
		var of struct{ Parameters []struct{ Name, In string } }
		if err := json.Unmarshal(readDescription(t).Paths[path]["get"], &of); err != nil {
			t.Fatal(err)
		}
		described := map[string]bool{}
		for _, p := range of.Parameters {
			described[p.Name] = p.In == "query"
		}
		for _, field := range []string{"purpose", "code", "items", "order", "rows", "page", "format", "eq.a"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, door.URL+strings.ReplaceAll(path, "{code}", "a.b")+"?"+field+"=A-1", nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := door.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if taken := res.StatusCode != http.StatusBadRequest; taken != described[field] {
				t.Errorf("%s?%s: %s, described %v", path, field, res.Status, described[field])
			}
		}
	}
}

// Whatever tells its place in the queue before the answer is described so.
func TestDescribedPlaces(t *testing.T) {
	paths := readDescription(t).Paths
	for _, of := range [][2]string{{"/v1/query", "post"}, {"/v1/resources", "get"}, {"/v1/resources/{code}", "get"}} {
		var d struct {
			Responses map[string]struct{ Headers map[string]any }
		}
		if err := json.Unmarshal(paths[of[0]][of[1]], &d); err != nil || d.Responses["102"].Headers[httpapi.PlaceHeader] == nil {
			t.Errorf("%s: %v %v", of, err, d.Responses["102"])
		}
	}
}

// What reads takes a signature too, and the catalogue does not; each way is described.
func TestDescribedSecurity(t *testing.T) {
	type ways []map[string][]string
	var d struct {
		Security   ways
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			SecuritySchemes map[string]struct{ Type string }
		}
	}
	if err := json.Unmarshal(description, &d); err != nil {
		t.Fatal(err)
	}
	for path, methods := range d.Paths {
		for method, text := range methods {
			var of struct{ Security ways }
			if method == "parameters" {
				continue
			}
			if err := json.Unmarshal(text, &of); err != nil {
				t.Fatal(err)
			}
			if of.Security == nil {
				of.Security = d.Security
			}
			signed := false
			for _, way := range of.Security {
				for name := range way {
					signed = signed || name == "signed"
					if d.Components.SecuritySchemes[name].Type == "" {
						t.Errorf("%s %s: %s is not described", method, path, name)
					}
				}
			}
			if reads := strings.HasPrefix(path, "/v1/query") || strings.HasPrefix(path, "/v1/resources") || strings.HasPrefix(path, "/v1/statements"); signed != reads {
				t.Errorf("%s %s: signed %t", method, path, signed)
			}
		}
	}
}

// Every member of an object is described with its type, and what is described is one.
func TestDescribedMembers(t *testing.T) {
	d := readDescription(t)
	known := map[string]any{
		"Agency": agency{}, "Purpose": purpose{}, "Principal": principal{}, "Source": source{}, "Resource": resource{}, "Item": item{},
		"Grant": grant{}, "Quota": quota{}, "Token": token{}, "Enrolment": enrolment{}, "Confirmation": confirmation{}, "NewPassword": newPassword{}, "Problem": output.Problem{},
		"Applicable": httpapi.Applicable{}, "ApplicableItem": httpapi.ApplicableItem{}, "Statement": httpapi.Statement{}, "StatementColumn": httpapi.StatementColumn{},
	}
	for name, s := range d.Components.Schemas {
		if name == "Query" {
			continue // TestDescribedQuery
		}
		of, ok := known[name]
		if !ok {
			t.Errorf("%s is described and not there", name)
			continue
		}
		delete(known, name)
		sameMembers(t, d, name, s, reflect.TypeOf(of))
	}
	for name := range known {
		t.Errorf("%s is not described", name)
	}
}

func sameMembers(t *testing.T, d described, name string, s schema, of reflect.Type) {
	t.Helper()
	var got []string
	for member := range s.Properties {
		got = append(got, member)
	}
	want := members(of)
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: (-is +described) %s", name, d)
		return
	}
	for i := range of.NumField() {
		f := of.Field(i)
		member, optional := strings.CutSuffix(strings.ReplaceAll(f.Tag.Get("json"), "omitzero", "omitempty"), ",omitempty")
		if slices.Contains(s.Required, member) == optional {
			t.Errorf("%s.%s: required or not", name, member)
		}
		p := s.Properties[member]
		if ref, ok := strings.CutPrefix(p.Ref, "#/components/schemas/"); ok {
			p = d.Components.Schemas[ref]
		}
		kinds := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int64: "integer", reflect.Int: "integer", reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object", reflect.Pointer: "object"}
		if p.Type != kinds[f.Type.Kind()] {
			t.Errorf("%s.%s: described as %v, is %s", name, member, p.Type, f.Type)
		}
	}
}

// The door takes the members of a statement that are described, and those alone.
func TestDescribedQuery(t *testing.T) {
	d := readDescription(t)
	values := map[string]string{"sql": `"x"`, "params": `[]`, "purpose": `"P"`, "mode": `"interface"`, "nonce": `"00112233445566778899aabbccddeeff"`}
	for member := range d.Components.Schemas["Query"].Properties {
		if values[member] == "" {
			t.Errorf("%s is described; there is no such member", member)
		}
	}
	door := httptest.NewServer(httpapi.New(httpapi.Options{Querier: &servertest.Querier{}, Session: func(_ context.Context, _ server.Asker) (server.Session, error) { return server.Session{}, nil }}))
	t.Cleanup(door.Close)
	ask := func(body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, door.URL+"/v1/query", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := door.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	for member, value := range values {
		body := `{"sql": "x", "` + member + `": ` + value + `}`
		if member == "sql" {
			body = `{"sql": "x"}`
		}
		status, text := ask(body)
		if _, ok := d.Components.Schemas["Query"].Properties[member]; !ok || strings.Contains(text, "not known") {
			t.Errorf("%s: %d %s", member, status, text)
		}
	}
	if status, text := ask(`{"sql": "x", "other": 1}`); status != http.StatusBadRequest || !strings.Contains(text, "not known") {
		t.Errorf("an unknown member: %d %s", status, text)
	}
}
