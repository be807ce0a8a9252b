package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// recorder keeps an answer. Deadlines mean nothing to it.
type recorder struct{ *httptest.ResponseRecorder }

func (recorder) SetReadDeadline(time.Time) error  { return nil }
func (recorder) SetWriteDeadline(time.Time) error { return nil }

// published has one resource, of the columns that each answer has.
type published struct{ policy.Denied }

func (published) Resources() []*policy.Resource {
	return []*policy.Resource{{Path: []string{"公安", "人"}, Columns: servertest.Columns, Table: &catalog.Table{Columns: servertest.Columns}}}
}

// fuzzed is a door that keeps who asked, and what.
type fuzzed struct {
	handler http.Handler
	querier servertest.Querier
	asker   server.Asker
	login   [2]string
}

func newFuzzed() *fuzzed {
	d := &fuzzed{}
	d.querier.Feed = servertest.Feed(servertest.Row{Rows: 2})
	d.handler = httpapi.New(httpapi.Options{
		Querier: &d.querier,
		Session: func(_ context.Context, a server.Asker) (server.Session, error) {
			d.asker = a
			return server.Session{Snapshot: published{}, Purpose: a.Purpose, Mode: a.Mode}, nil
		},
		Login: func(_ context.Context, login, password, _ string) (string, error) {
			d.login = [2]string{login, password}
			return "token", nil
		},
		Confirm: func(context.Context, string, string, string) (string, error) { return "token", nil },
	})
	return d
}

// send sends a request. Whatever it is, it is answered, or it is an error of the client's
// that says what is wrong and none of the values that it came with.
func (d *fuzzed) send(t *testing.T, method, target, authorization string, body []byte, values []string) *httptest.ResponseRecorder {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1"+target, bytes.NewReader(body))
	if err != nil {
		t.Skip("no HTTP client could send it")
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	r.RequestURI = r.URL.RequestURI()
	w := recorder{httptest.NewRecorder()}
	d.handler.ServeHTTP(w, r)
	if w.Code < 400 {
		return w.ResponseRecorder
	}
	if w.Code >= 500 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Code == "" || p.Title == "" || !utf8.Valid(w.Body.Bytes()) {
		t.Fatalf("%v: %d %q", err, w.Code, w.Body)
	}
	for _, v := range values {
		if strings.Contains(p.Title, v) {
			t.Errorf("the error has %q in it: %s", v, p.Title)
		}
	}
	return w.ResponseRecorder
}

// long is the length from which a value does not stand in an error by chance.
const long = 12

// valuesIn lists the long texts and numbers of JSON that are no names in it: an error may
// say a name.
func valuesIn(body []byte) []string {
	var whole any
	if json.Unmarshal(body, &whole) != nil {
		return nil
	}
	var values, names []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			values = append(values, v)
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for name, one := range v {
				names = append(names, name)
				walk(one)
			}
		}
	}
	walk(whole)
	var out []string
	for _, v := range values {
		if len(v) >= long && !strings.Contains(strings.Join(names, "\n"), v) {
			out = append(out, v)
		}
	}
	return out
}

// FuzzQuery: a statement is taken for what encoding/json says that it is, and means the
// same when it is written anew.
func FuzzQuery(f *testing.F) {
	f.Add([]byte(`{"sql":"select $1","params":["张三",1.50,true,null],"purpose":"DB-HC","mode":"online"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := newFuzzed()
		if d.send(t, http.MethodPost, "/v1/query", "", body, valuesIn(body)).Code != http.StatusOK {
			return
		}
		requests, _ := d.querier.Asked()
		got, by := requests[0], d.asker
		var want struct{ SQL, Page, Nonce, Purpose string }
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("taken, and no JSON: %v", err)
		}
		if got.SQL != want.SQL || got.Page != want.Page || got.Nonce != want.Nonce || by.Purpose != want.Purpose {
			t.Fatalf("%+v for %+v", got, want)
		}
		anew := map[string]any{"sql": got.SQL, "mode": string(by.Mode)}
		for name, text := range map[string]string{"page": got.Page, "nonce": got.Nonce, "purpose": by.Purpose} {
			if text != "" {
				anew[name] = text
			}
		}
		if got.Params != nil {
			anew["params"] = written(got.Params)
		}
		text, err := json.Marshal(anew)
		if err != nil {
			t.Fatal(err)
		}
		again := newFuzzed()
		if w := again.send(t, http.MethodPost, "/v1/query", "", text, nil); w.Code != http.StatusOK {
			t.Fatalf("%s: %s", text, w.Body)
		}
		requests, _ = again.querier.Asked()
		requests[0].ID = got.ID
		var inOrder cmp.Option
		if len(got.Params) > 0 && got.Params[0].Name != "" { // whose order means nothing
			inOrder = cmpopts.SortSlices(func(a, b server.Param) bool { return a.Name < b.Name })
		}
		if diff := cmp.Diff(got, requests[0], inOrder); diff != "" || again.asker.Mode != by.Mode || again.asker.Purpose != by.Purpose {
			t.Errorf("written anew as %s: %s", text, diff)
		}
	})
}

// written writes parameters as they came.
func written(params []server.Param) any {
	value := func(p server.Param) any {
		switch {
		case p.Null:
			return nil
		case p.Number:
			return json.Number(p.Text)
		case p.Bool:
			return p.Text == "true"
		}
		return p.Text
	}
	if len(params) > 0 && params[0].Name != "" {
		out := map[string]any{}
		for _, p := range params {
			out[p.Name] = value(p)
		}
		return out
	}
	out := []any{}
	for _, p := range params {
		out = append(out, value(p))
	}
	return out
}

// FuzzLogin: no password is in an error, and none is another than was sent.
func FuzzLogin(f *testing.F) {
	f.Add([]byte(`{"login":"wang","password":"not to be told"}`), false)
	f.Fuzz(func(t *testing.T, body []byte, withToken bool) {
		d, token := newFuzzed(), ""
		if withToken {
			token = "Bearer 0123456789"
		}
		if d.send(t, http.MethodPost, "/v1/sessions", token, body, valuesIn(body)).Code != http.StatusCreated {
			return
		}
		var want struct{ Login, Password string }
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("taken, and no JSON: %v", err)
		}
		if d.login != [2]string{want.Login, want.Password} {
			t.Errorf("%q for %+v", d.login, want)
		}
	})
}

// FuzzSigned: what a signed request says of itself is read as it was sent, or it is nobody's.
func FuzzSigned(f *testing.F) {
	f.Add("LIANJI-HMAC-SHA256 Key=k, Time=1764000000, Nonce=0123456789abcdef, Signature=c2lnbmVk")
	f.Fuzz(func(t *testing.T, header string) {
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) {
			t.Skip("no header")
		}
		const target = "/v1/resources/openapi.json?code=x"
		d := newFuzzed()
		d.send(t, http.MethodGet, target, header, nil, nil)
		s := d.asker.Signed
		if s == nil {
			return
		}
		if s.Key == "" || len(s.Signature) == 0 || d.asker.Token != "" || s.Method != http.MethodGet || s.Target != target {
			t.Fatalf("%+v", s)
		}
		anew, err := json.Marshal(s.Time)
		if err != nil {
			t.Fatal(err)
		}
		again := newFuzzed()
		again.send(t, http.MethodGet, target, "LIANJI-"+string(s.How)+" Signature="+base64.StdEncoding.EncodeToString(s.Signature)+",Nonce="+s.Nonce+",Key="+s.Key+",Time="+string(anew), nil, nil)
		if diff := cmp.Diff(s, again.asker.Signed); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzAddress: an address names what is there, or the client is told that it does not.
func FuzzAddress(f *testing.F) {
	f.Add("/v1/resources/%E5%85%AC%E5%AE%89.%E4%BA%BA?purpose=DB-HC&items=id&ge.id=1&rows=2&format=csv")
	f.Fuzz(func(t *testing.T, target string) {
		if !strings.HasPrefix(target, "/") {
			t.Skip("no path")
		}
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			newFuzzed().send(t, method, target, "", nil, nil)
		}
	})
}
