package leak

import (
	"encoding/json"
	"net/http"
	"regexp"
	"testing"

	"github.com/lianji/lianji/server/httpapi"
)

// statementsDoor is a client that does not wait: it begins a statement over HTTP, hears of
// its end, and fetches the rows.
type statementsDoor struct{ *place }

// ownOfStatements is what differs between what is told of one statement twice.
var ownOfStatements = regexp.MustCompile(`"(id|asked|ended|until)":"[^"]*",?|"bytes":[0-9]+,?`)

func (d statementsDoor) Ask(t *testing.T, statement, token, purpose string) answer {
	t.Helper()
	at, refused := d.begin(t, statement, token, purpose)
	if at == "" {
		return refused
	}
	a := d.result(t, at, token)
	if status, text := d.call(t, http.MethodDelete, at, token); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, text)
	}
	return a
}

// Prepare implements preparer: what is kept of a statement's rows is asked for later.
func (d statementsDoor) Prepare(t *testing.T, statement, token, purpose string) func() answer {
	t.Helper()
	at, refused := d.begin(t, statement, token, purpose)
	if at == "" {
		t.Fatal(refused.Said)
	}
	return func() answer {
		t.Helper()
		return d.result(t, at, token)
	}
}

// begin gives where a statement is found when it has ended; nowhere for one that is
// refused.
func (d statementsDoor) begin(t *testing.T, statement, token, purpose string) (at string, refused answer) {
	t.Helper()
	r, err := d.request(t.Context(), token, statement, purpose, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Path = "/v1/statements"
	if token == "" {
		r.Header.Del("Authorization")
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	status, text := whole(res)
	if at = res.Header.Get("Location"); status != http.StatusAccepted || at == "" {
		return "", statementsAnswer(t, status, text)
	}
	if status, text := d.call(t, http.MethodGet, at+"/events", token); status != http.StatusOK { // they go on until its end
		t.Fatalf("%d %s", status, text)
	}
	return at, answer{}
}

// result gives what is told of a statement that has ended, and its rows.
func (d statementsDoor) result(t *testing.T, at, token string) answer {
	t.Helper()
	told, text := d.call(t, http.MethodGet, at, token)
	var st httpapi.Statement // or a problem, where it cannot be had
	if err := json.Unmarshal([]byte(text), &st); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	about := ownOfStatements.ReplaceAllString(repeated(told, text), "")
	status, rows := d.call(t, http.MethodGet, at+"/result", token)
	a := statementsAnswer(t, status, rows)
	if told == http.StatusOK && (st.State == "done") != (a.Code == "") {
		t.Errorf("of one statement it is told %s, and then %s", text, rows)
	}
	a.Said = about + "\n" + a.Said
	return a
}

func statementsAnswer(t *testing.T, status int, text string) answer {
	t.Helper()
	var body struct {
		Code string
		Rows []any
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v: %d %s", err, status, text)
	}
	return answer{body.Code, len(body.Rows), repeated(status, text)}
}

// call makes a request that has no body.
func (p *place) call(t *testing.T, method, at, token string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.url+at, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return whole(res)
}
