package httpapi_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// What is signed reaches the one who knows as it was sent.
func TestSignedRequest(t *testing.T) {
	const statement = `{"sql": "x",  "purpose":"DB-HC"}`
	sign := base64.StdEncoding.EncodeToString([]byte("signed"))
	for header, want := range map[string]*server.Signed{
		"LIANJI-HMAC-SHA256 Key=k, Time=1764000000,Nonce=0123456789abcdef, Signature=" + sign: {How: "hmac-sha256", Key: "k", Time: 1764000000, Nonce: "0123456789abcdef"},
		"lianji-hmac-sm3 Signature=" + sign + ",Key=k":                                        {How: "hmac-sm3", Key: "k"},
		"LIANJI-HMAC-SHA256 Key=k":                                                            nil,
		"LIANJI-HMAC-SHA256 Signature=" + sign:                                                nil,
		"LIANJI-HMAC-SHA256 Key=k, Key=k, Signature=" + sign:                                  nil,
		"LIANJI-HMAC-SHA256 Key=k, More=1, Signature=" + sign:                                 nil,
		"LIANJI-HMAC-SHA256 Key=k, Time=x, Signature=" + sign:                                 nil,
		"LIANJI-HMAC-SHA256 Key=k, Signature=*":                                               nil,
		"LIANJI-HMAC-SHA256":                                                                  nil,
	} {
		var got *server.Asker
		address := open(t, &servertest.Querier{}, func(o *httpapi.Options) {
			o.Session = func(_ context.Context, a server.Asker) (server.Session, error) {
				got = &a
				return server.Session{Snapshot: none{}}, nil
			}
		})
		res := post(t, address, statement, "Authorization", header)
		if want == nil {
			if res.StatusCode != 401 || got != nil {
				t.Errorf("%s: %d", header, res.StatusCode)
			}
			continue
		}
		u, err := url.Parse(address.URL)
		if err != nil {
			t.Fatal(err)
		}
		want.Method, want.Target, want.Host, want.Body, want.Signature = "POST", "/v1/query", u.Host, []byte(statement), []byte("signed")
		if got == nil || got.Token != "" {
			t.Fatalf("%s: %d, %+v", header, res.StatusCode, got)
		}
		if d := cmp.Diff(want, got.Signed); d != "" {
			t.Errorf("%s: %s", header, d)
		}
	}
}
