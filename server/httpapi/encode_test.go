package httpapi_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// decoded reads a body in its coding.
func decoded(t *testing.T, res *http.Response) io.Reader {
	t.Helper()
	switch res.Header.Get("Content-Encoding") {
	case "gzip":
		r, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r
	case "zstd":
		r, err := zstd.NewReader(res.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		return r
	}
	return res.Body
}

// The coding is the one that the client likes best, and the answer the same as without.
func TestCompression(t *testing.T) {
	for _, c := range []struct{ accepts, form, want string }{
		{"gzip", "json", "gzip"}, {"zstd", "json", "zstd"}, {"gzip, deflate, br, zstd", "csv", "zstd"}, {"gzip;q=1, zstd;q=0.5", "arrow", "gzip"},
		{"*", "ndjson", "zstd"}, {"*;q=0.1, zstd;q=0", "json", "gzip"}, {"GZip; Q=0.5", "json", "gzip"},
		{"gzip;q=0", "json", ""}, {"gzip;q=x", "json", ""}, {"gzip;q=NaN", "json", ""}, {"br", "json", ""}, {"identity", "json", ""}, {"", "json", ""}, {"gzip", "parquet", ""}, {"gzip", "xlsx", ""},
	} {
		ask := func(accepts string) (*http.Response, []byte) {
			s := open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1300}, servertest.Row{Rows: 300})})
			if accepts == "" {
				accepts = "identity" // else Go's client asks for gzip
			}
			res := postTo(t, s, "/v1/query?format="+c.form, statement, "Accept-Encoding", accepts)
			body, err := io.ReadAll(decoded(t, res))
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			return res, body
		}
		res, got := ask(c.accepts)
		_, want := ask("")
		if res.Header.Get("Content-Encoding") != c.want || !bytes.Equal(got, want) && c.form != "parquet" || len(got) < 1000 {
			t.Errorf("%+v: %v, %d bytes for %d", c, res.Header, len(got), len(want))
		}
		if packed := c.form == "parquet" || c.form == "xlsx"; strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") == packed {
			t.Errorf("%+v: Vary %v", c, res.Header.Values("Vary"))
		}
	}
	// Little is not worth it, nor is what arrives at once; an error is no answer.
	for _, q := range []*servertest.Querier{{Feed: servertest.Feed(servertest.Row{Rows: 1})}, {Feed: servertest.Feed(servertest.Row{Rows: 400})}, {Err: errs.New(errs.SyntaxError, "syntax_error", nil)}} {
		if res := post(t, open(t, q), statement, "Accept-Encoding", "gzip"); res.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(text(t, res), "{") {
			t.Errorf("%s %v", res.Status, res.Header)
		}
	}
}

// Rows reach the client while others are waited for, and an answer that breaks off is seen
// to, in every coding.
func TestCompressionOfStreams(t *testing.T) {
	for _, coding := range []string{"gzip", "zstd"} {
		feed := make(chan servertest.Row, 1)
		feed <- servertest.Row{Rows: 500}
		res := postTo(t, open(t, &servertest.Querier{Feed: feed}), "/v1/query?format=ndjson", statement, "Accept-Encoding", coding)
		lines := bufio.NewScanner(decoded(t, res))
		for n := 0; n < 501 && lines.Scan(); n++ { // all but the end are there now
		}
		if lines.Err() != nil || lines.Text() != `["500","张500"]` {
			t.Errorf("%s: %v, the last line is %s", coding, lines.Err(), lines.Text())
		}
		feed <- servertest.Row{Err: errs.New(errs.Timeout, "timeout", nil)}
		if !lines.Scan() || !strings.Contains(lines.Text(), `"error":{`) || lines.Scan() || lines.Err() != nil {
			t.Errorf("%s: the end: %v %s", coding, lines.Err(), lines.Text())
		}
		res = postTo(t, open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 500}, servertest.Row{Err: errs.New(errs.Timeout, "timeout", nil)})}),
			"/v1/query?format=csv", statement, "Accept-Encoding", coding)
		if all, err := io.ReadAll(decoded(t, res)); err == nil {
			t.Errorf("%s: half of a text looks whole: %d bytes", coding, len(all))
		} else if len(all) == 0 {
			t.Errorf("%s: nothing of what came before the end", coding)
		} else if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Logf("%s: the reader says %v", coding, err)
		}
	}
}

const page = "https://map.example"

// Pages of other sites read nothing, unless their origin is listed: exactly, and alone.
func TestOrigins(t *testing.T) {
	for what, c := range map[string]struct {
		listed []string
		sent   []string
		want   int
	}{
		"off":          {nil, []string{"Origin", page}, 403},
		"listed":       {[]string{"https://a", page}, []string{"Origin", page, "Sec-Fetch-Site", "cross-site"}, 200},
		"another":      {[]string{page}, []string{"Origin", "https://evil.example"}, 403},
		"longer":       {[]string{page}, []string{"Origin", page + ".evil.example"}, 403},
		"in plain":     {[]string{page}, []string{"Origin", "http://map.example"}, 403},
		"null":         {[]string{page}, []string{"Origin", "null"}, 403},
		"two":          {[]string{page}, []string{"Origin", page, "Origin", "https://evil.example"}, 403},
		"without one":  {[]string{page}, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"another Host": {[]string{page}, []string{"Origin", page, "Host", "evil.example"}, 403},
	} {
		q := &servertest.Querier{}
		s := open(t, q, func(o *httpapi.Options) { o.Origins = c.listed })
		res := post(t, s, statement, c.sent...)
		allowed := map[bool]string{true: page}[c.want == 200]
		if res.StatusCode != c.want || res.Header.Get("Access-Control-Allow-Origin") != allowed || res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %s %v", what, res.Status, res.Header)
		}
		if strings.Contains(res.Header.Get("Access-Control-Expose-Headers"), httpapi.QueryIDHeader) != (c.want == 200) {
			t.Errorf("%s: %v", what, res.Header)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.URL+"/v1/query", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(c.sent); i += 2 {
			if r.Header.Add(c.sent[i], c.sent[i+1]); c.sent[i] == "Host" {
				r.Host = c.sent[i+1]
			}
		}
		r.Header.Set("Access-Control-Request-Method", "POST")
		if res, err = s.Client().Do(r); err != nil {
			t.Fatal(err)
		}
		if ok := c.want == 200; ok != (res.StatusCode == http.StatusNoContent) || ok != strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%s, before: %s %v", what, res.Status, res.Header)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}
