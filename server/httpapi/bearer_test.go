package httpapi_test

import (
	"context"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// What a request says of who asks reaches the one who knows, whole or not at all.
func TestBearer(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		body    string
		want    httpapi.Asker
		status  int
	}{
		"token":           {[]string{"Bearer abc"}, `{"sql":"x"}`, httpapi.Asker{Token: "abc", Mode: "interface"}, 200},
		"scheme's case":   {[]string{"bearer abc"}, `{"sql":"x","purpose":"DB-HC","mode":"download"}`, httpapi.Asker{Token: "abc", Purpose: "DB-HC", Mode: "download"}, 200},
		"none":            {nil, `{"sql":"x"}`, httpapi.Asker{Mode: "interface"}, 200},
		"another scheme":  {[]string{"Basic abc"}, `{"sql":"x"}`, httpapi.Asker{}, 401},
		"without a token": {[]string{"Bearer"}, `{"sql":"x"}`, httpapi.Asker{}, 401},
		"empty":           {[]string{"Bearer "}, `{"sql":"x"}`, httpapi.Asker{}, 401},
		"two":             {[]string{"Bearer a", "Bearer b"}, `{"sql":"x"}`, httpapi.Asker{}, 401},
		"refused":         {[]string{"Bearer bad"}, `{"sql":"x"}`, httpapi.Asker{}, 401},
		"browsing":        {[]string{"Bearer abc"}, `{"sql":"x","mode":"online"}`, httpapi.Asker{Token: "abc", Mode: "online"}, 200},
		"off-line":        {[]string{"Bearer abc"}, `{"sql":"x","mode":"offline"}`, httpapi.Asker{}, 400},
		"no mode":         {[]string{"Bearer abc"}, `{"sql":"x","mode":""}`, httpapi.Asker{}, 400},
	} {
		q := &servertest.Querier{}
		var got httpapi.Asker
		url := open(t, q, func(o *httpapi.Options) {
			o.Session = func(a httpapi.Asker) (server.Session, error) {
				if a.Token == "bad" {
					return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
				}
				got = a
				return server.Session{Snapshot: none{}}, nil
			}
		})
		var headers []string
		for _, h := range c.headers {
			headers = append(headers, "Authorization", h)
		}
		res := post(t, url, c.body, headers...)
		asked, _ := q.Asked()
		if res.StatusCode != c.status || got != c.want || (len(asked) > 0) != (c.status == 200) {
			t.Errorf("%s: status %d, %+v, %d asked", name, res.StatusCode, got, len(asked))
		}
		if (res.Header.Get("WWW-Authenticate") == "Bearer") != (c.status == 401) {
			t.Errorf("%s: WWW-Authenticate %q", name, res.Header.Get("WWW-Authenticate"))
		}
	}
}

// Whoever keeps account hears of every request that is refused before its statement is
// looked at, and of no other.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		token, body string
		want        httpapi.Refusal
	}{
		"passes":          {"good", `{"sql":"x","purpose":"DB-HC"}`, httpapi.Refusal{}},
		"the statement":   {"good", `{"sql":"wrong"}`, httpapi.Refusal{}},
		"the token":       {"bad", `{"sql":"x","purpose":"DB-HC"}`, httpapi.Refusal{Asker: httpapi.Asker{Token: "bad", Purpose: "DB-HC", Mode: "interface"}, Code: errs.Unauthenticated}},
		"no token at all": {"", `{"sql":"x","mode":"download"}`, httpapi.Refusal{Asker: httpapi.Asker{Mode: "download"}, Code: errs.Unauthenticated}},
		"a mode":          {"good", `{"sql":"x","mode":"nosuch"}`, httpapi.Refusal{Asker: httpapi.Asker{Token: "good"}, Code: errs.RequestInvalid}},
		"a panic":         {"panics", `{"sql":"x"}`, httpapi.Refusal{Asker: httpapi.Asker{Token: "panics", Mode: "interface"}, Code: errs.Internal}},
	} {
		q := &servertest.Querier{}
		if name == "the statement" {
			q.Err = errs.New(errs.UnknownName, "unknown_column", nil)
		}
		var heard []httpapi.Refusal
		url := open(t, q, func(o *httpapi.Options) {
			o.Session = func(a httpapi.Asker) (server.Session, error) {
				switch a.Token {
				case "good":
					return server.Session{Snapshot: none{}}, nil
				case "panics":
					panic("in there")
				}
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			o.Refused = func(_ context.Context, r httpapi.Refusal) error {
				heard = append(heard, r)
				return nil
			}
		})
		headers := []string{"Authorization", "Bearer " + c.token}
		if c.token == "" {
			headers = nil
		}
		res := post(t, url, c.body, headers...)
		if c.want == (httpapi.Refusal{}) {
			if len(heard) != 0 {
				t.Errorf("%s: heard of %+v", name, heard)
			}
			continue
		}
		c.want.Query, c.want.Client = res.Header.Get(httpapi.QueryIDHeader), "127.0.0.1"
		if len(heard) != 1 || heard[0] != c.want || c.want.Query == "" {
			t.Errorf("%s: heard of %+v, want %+v", name, heard, c.want)
		}
	}
}
