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
		want    server.Asker
		status  int
	}{
		"token":           {[]string{"Bearer abc"}, `{"sql":"x"}`, server.Asker{Token: "abc", Mode: "interface"}, 200},
		"scheme's case":   {[]string{"bearer abc"}, `{"sql":"x","purpose":"DB-HC","mode":"download"}`, server.Asker{Token: "abc", Purpose: "DB-HC", Mode: "download"}, 200},
		"none":            {nil, `{"sql":"x"}`, server.Asker{Mode: "interface"}, 200},
		"another scheme":  {[]string{"Basic abc"}, `{"sql":"x"}`, server.Asker{}, 401},
		"without a token": {[]string{"Bearer"}, `{"sql":"x"}`, server.Asker{}, 401},
		"empty":           {[]string{"Bearer "}, `{"sql":"x"}`, server.Asker{}, 401},
		"two":             {[]string{"Bearer a", "Bearer b"}, `{"sql":"x"}`, server.Asker{}, 401},
		"refused":         {[]string{"Bearer bad"}, `{"sql":"x"}`, server.Asker{}, 401},
		"browsing":        {[]string{"Bearer abc"}, `{"sql":"x","mode":"online"}`, server.Asker{Token: "abc", Mode: "online"}, 200},
		"off-line":        {[]string{"Bearer abc"}, `{"sql":"x","mode":"offline"}`, server.Asker{}, 400},
		"no mode":         {[]string{"Bearer abc"}, `{"sql":"x","mode":""}`, server.Asker{}, 400},
	} {
		q := &servertest.Querier{}
		var got server.Asker
		url := open(t, q, func(o *httpapi.Options) {
			o.Session = func(_ context.Context, a server.Asker) (server.Session, error) {
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
		if c.status == 200 {
			c.want.Door, c.want.Client = "http", "127.0.0.1"
		}
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
		want        server.Refusal
	}{
		"passes":          {"good", `{"sql":"x","purpose":"DB-HC"}`, server.Refusal{}},
		"the statement":   {"good", `{"sql":"wrong"}`, server.Refusal{}},
		"the token":       {"bad", `{"sql":"x","purpose":"DB-HC"}`, server.Refusal{Asker: server.Asker{Token: "bad", Purpose: "DB-HC", Mode: "interface"}, Code: errs.Unauthenticated}},
		"no token at all": {"", `{"sql":"x","mode":"download"}`, server.Refusal{Asker: server.Asker{Mode: "download"}, Code: errs.Unauthenticated}},
		"a mode":          {"good", `{"sql":"x","mode":"nosuch"}`, server.Refusal{Asker: server.Asker{Token: "good"}, Code: errs.RequestInvalid}},
		"a panic":         {"panics", `{"sql":"x"}`, server.Refusal{Asker: server.Asker{Token: "panics", Mode: "interface"}, Code: errs.Internal}},
	} {
		q := &servertest.Querier{}
		if name == "the statement" {
			q.Err = errs.New(errs.UnknownName, "unknown_column", nil)
		}
		var heard []server.Refusal
		url := open(t, q, func(o *httpapi.Options) {
			o.Session = func(_ context.Context, a server.Asker) (server.Session, error) {
				switch a.Token {
				case "good":
					return server.Session{Snapshot: none{}}, nil
				case "panics":
					panic("in there")
				}
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			o.Refused = func(_ context.Context, r server.Refusal) error {
				heard = append(heard, r)
				return nil
			}
		})
		headers := []string{"Authorization", "Bearer " + c.token}
		if c.token == "" {
			headers = nil
		}
		res := post(t, url, c.body, headers...)
		if c.want == (server.Refusal{}) {
			if len(heard) != 0 {
				t.Errorf("%s: heard of %+v", name, heard)
			}
			continue
		}
		c.want.Query, c.want.Door, c.want.Client = res.Header.Get(httpapi.QueryIDHeader), "http", "127.0.0.1"
		if len(heard) != 1 || heard[0] != c.want || c.want.Query == "" {
			t.Errorf("%s: heard of %+v, want %+v", name, heard, c.want)
		}
	}
}
