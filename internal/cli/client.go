package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
)

const (
	tokenVariable = "LIANJI_TOKEN"
	maxToken      = 16 << 10
	maxProblem    = 1 << 20
)

// client asks a gateway over HTTP.
type client struct {
	address string // as it was given, for messages
	query   string // the URL to post to
	token   string
	purpose string
	mode    string // empty means the door's own
	langs   []string
	http    *http.Client
	// placed hears which place in the queue a statement has that waits for its turn, and 0 when
	// it does not wait any more; nil where nobody looks on.
	placed func(place int)
}

// remote makes the target for --url.
func (c *command) remote(f queryFlags, p *progress) (*target, error) {
	cl, err := c.client(f)
	if err != nil {
		return nil, err
	}
	if p != nil {
		cl.placed = p.placed
	}
	return &target{query: cl.ask, close: func() error { cl.http.CloseIdleConnections(); return nil }}, nil
}

func (c *command) client(f queryFlags) (*client, error) {
	u, err := url.Parse(f.url)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usage("cli_url", nil)
	}
	token, err := c.token(f.tokenFile)
	if err != nil {
		return nil, err
	}
	if token != "" && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, usage("cli_token_in_clear", nil)
	}
	if f.ca != "" && u.Scheme != "https" {
		return nil, usage("cli_ca_without_https", nil)
	}
	trusted, err := trust(f.ca)
	if err != nil {
		return nil, err
	}
	// A transport of its own: its connections end with it. The door speaks HTTP/1.1, and so do
	// options of a connection, which later versions refuse.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true, TLSClientConfig: trusted, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(true)
	return &client{
		address: f.url, query: u.JoinPath("v1", "query").String(), token: token, purpose: f.purpose, mode: f.mode, langs: c.langs,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// token reads the token from its file, or from the environment.
func (c *command) token(file string) (string, error) {
	if file == "" {
		token, _ := c.LookupEnv(tokenVariable)
		return token, nil
	}
	f, err := os.Open(file)
	if err != nil {
		id := "cli_token_unreadable"
		if errors.Is(err, fs.ErrNotExist) {
			id = "cli_token_no_file"
		}
		return "", errs.Wrap(errs.Usage, id, msg.Args{"File": file}, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	err = errors.Join(err, f.Close())
	token := strings.TrimSpace(string(data))
	if err != nil || token == "" || len(data) > maxToken || strings.ContainsAny(token, "\r\n") {
		return "", errs.Wrap(errs.Usage, "cli_token_file", msg.Args{"File": file}, err)
	}
	return token, nil
}

// ask posts a statement. The answer comes as Arrow and is shown here.
func (cl *client) ask(ctx context.Context, r server.Request) (*server.Answer, error) {
	res, err := cl.post(ctx, r, output.Arrow)
	if err != nil {
		return nil, err
	}
	s := &remoteStream{ctx: ctx, body: res.Body, id: res.Header.Get(httpapi.QueryIDHeader), answer: res}
	if s.reader, err = ipc.NewReader(s); err != nil {
		return nil, closing(s.broken(err), res.Body.Close)
	}
	return &server.Answer{ID: s.id, Columns: columns(s.reader.Schema()), Stream: s, Times: func() []server.SourceTimes { return s.times }}, nil
}

// send posts a body and asks for a form. It gives the response and its media type.
func (cl *client) send(ctx context.Context, body []byte, form output.Form) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, cl.query, bytes.NewReader(body))
	if err != nil {
		return nil, "", usage("cli_url", nil)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", output.ContentType(form))
	req.Header.Set("Accept-Language", strings.Join(cl.langs, ", "))
	if cl.token != "" {
		req.Header.Set("Authorization", "Bearer "+cl.token)
	}
	if cl.placed != nil {
		req.Header.Set("Connection", httpapi.PlaceHeader)
		req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: cl.interim}))
		defer cl.placed(0)
	}
	res, err := cl.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, "", errs.From(ctx.Err())
		}
		return nil, "", unreachable(cl.address, err)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res, kind, nil
}

// interim reads an answer that comes before the answer.
func (cl *client) interim(_ int, h textproto.MIMEHeader) error {
	if place, err := strconv.Atoi(h.Get(httpapi.PlaceHeader)); err == nil {
		cl.placed(place)
	}
	return nil
}

// closing gives err after something was closed whose own error does not matter
// any more.
func closing(err error, close func() error) error {
	_ = close()
	return err
}

type requestBody struct {
	SQL     string `json:"sql,omitempty"`
	Page    string `json:"page,omitempty"`
	Nonce   string `json:"nonce,omitempty"`
	Params  any    `json:"params,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	Mode    string `json:"mode,omitempty"`
}

func (cl *client) body(r server.Request) requestBody {
	b := requestBody{SQL: r.SQL, Page: r.Page, Nonce: r.Nonce, Purpose: cl.purpose, Mode: cl.mode}
	if len(r.Params) == 0 {
		return b
	}
	var list []string
	named := map[string]string{}
	for _, p := range r.Params {
		list, named[p.Name] = append(list, p.Text), p.Text
	}
	if b.Params = list; r.Params[0].Name != "" {
		b.Params = named
	}
	return b
}

// problem turns the gateway's problem into the error that it was there.
func (cl *client) problem(res *http.Response, kind, sql string) error {
	var p output.Problem
	data, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if err != nil || kind != "application/problem+json" || json.Unmarshal(data, &p) != nil || p.Code.HTTP() == 0 || p.Title == "" {
		id := "cli_no_gateway"
		if wantsTLS(res.StatusCode, data) && strings.HasPrefix(cl.query, "http:") {
			id = "cli_answers_https"
		}
		return errs.Wrap(errs.SourceFailed, id, msg.Args{"URL": cl.address, "Status": res.StatusCode}, err)
	}
	e := errs.New(p.Code, "cli_remote", msg.Args{"Text": p.Title})
	e.Nearest, e.RetryAfter = p.Nearest, time.Duration(p.RetryAfter)*time.Second
	if p.Position != nil {
		e = e.At(sql, p.Position.Offset)
	}
	return e
}

// wantsTLS tells whether an answer is one with which a server that speaks TLS refuses a
// request in the clear: the gateway's own, which says that an HTTP request was sent to an
// HTTPS server, or that of a proxy before it, which speaks of a port.
func wantsTLS(status int, said []byte) bool {
	return status == http.StatusBadRequest && bytes.Contains(said, []byte("HTTP request")) && bytes.Contains(said, []byte("HTTPS"))
}

// remoteStream is an answer that comes over HTTP.
type remoteStream struct {
	ctx      context.Context
	body     io.ReadCloser
	reader   *ipc.Reader
	id       string
	tail     []byte         // the last bytes that were read
	answer   *http.Response // its trailer comes with the end of body
	warnings []errs.Warning
	times    []server.SourceTimes
	err      error
}

func (s *remoteStream) Schema() *arrow.Schema          { return s.reader.Schema() }
func (s *remoteStream) RecordBatch() arrow.RecordBatch { return s.reader.RecordBatch() }
func (s *remoteStream) Err() error                     { return s.err }

func (s *remoteStream) Next() bool {
	if s.err != nil || s.reader.Next() {
		return s.err == nil
	}
	if err := s.reader.Err(); err != nil {
		s.err = s.broken(err)
		return false
	}
	s.ended()
	return false
}

// maxRest is how much is read behind the end of an answer, where nothing should stand.
const maxRest = 64 << 10

// ended reads the footer, which comes after the rows. An answer that is whole stays so
// without it.
func (s *remoteStream) ended() {
	if _, err := io.Copy(io.Discard, io.LimitReader(s.body, maxRest)); err != nil {
		return
	}
	f, _ := output.ParseFooter(s.answer.Trailer.Get(httpapi.FooterTrailer))
	s.times = f.Times()
	for _, w := range f.Warnings {
		s.warnings = append(s.warnings, errs.Warning{Code: w.Code, ID: "cli_remote", Args: msg.Args{"Text": w.Title}})
	}
}

func (s *remoteStream) Warnings() []errs.Warning { return s.warnings }

// Read reads the answer's bytes and keeps the last of them.
func (s *remoteStream) Read(b []byte) (int, error) {
	n, err := s.body.Read(b)
	last := b[max(n-output.ReasonTail, 0):n]
	if over := len(s.tail) + len(last) - output.ReasonTail; over > 0 {
		s.tail = append(s.tail[:0], s.tail[over:]...)
	}
	s.tail = append(s.tail, last...)
	return n, err
}

// broken says that the answer is not whole, and why, where the gateway could say it.
func (s *remoteStream) broken(cause error) error {
	if s.ctx.Err() != nil {
		return errs.From(s.ctx.Err())
	}
	if p, ok := output.ReasonIn(s.tail); ok {
		return errs.Wrap(p.Code, "cli_broken_for", msg.Args{"Text": p.Title, "Query": s.id}, cause)
	}
	return errs.Wrap(errs.SourceFailed, "cli_broken", msg.Args{"Query": s.id}, cause)
}

func (s *remoteStream) Release() {
	s.reader.Release()
	_ = s.body.Close()
}

// columns gives the columns of an Arrow schema that a gateway sent.
func columns(schema *arrow.Schema) []catalog.Column {
	out := make([]catalog.Column, schema.NumFields())
	names := output.TypeNames(schema)
	for i, f := range schema.Fields() {
		out[i] = catalog.Column{Name: f.Name, Type: typeOf(f.Type)}
		if names != nil {
			out[i].Type = typeNamed(f.Type, names[i])
		}
	}
	return out
}
