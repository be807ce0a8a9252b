package httpapi_test

import (
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
		"browsing":        {[]string{"Bearer abc"}, `{"sql":"x","mode":"online"}`, httpapi.Asker{}, 400},
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
