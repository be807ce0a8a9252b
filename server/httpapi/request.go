package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

const (
	maxBody   = 4 << 20          // bytes: a statement of at most 1 MiB and its parameters
	readLimit = 30 * time.Second // for a body to come in
	maxParams = 1<<16 - 1        // as many as PostgreSQL's protocol can send
)

// bearer gives the token of a request, empty where it sends none.
func bearer(r *http.Request) (string, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		return "", nil
	}
	scheme, token, ok := strings.Cut(sent[0], " ")
	if len(sent) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) != token || token == "" {
		return "", errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return token, nil
}

// mode reads the mode of sharing. The door serves those in which the answer leaves
// at once.
func (d *decoder) mode(name string) (catalog.Mode, error) {
	text, err := d.text(name)
	if err != nil {
		return "", err
	}
	switch m := catalog.Mode(text); m {
	case catalog.Interface, catalog.Download, catalog.Online:
		return m, nil
	}
	return "", invalid("http_mode", nil)
}

// asked is the body of a request.
type asked struct {
	server.Request
	purpose string
	mode    catalog.Mode
	body    []byte // as it was sent
}

// refused is a request's error together with its HTTP status, where that is not
// the one of the code.
type refused struct {
	status int
	err    *errs.Error
}

func (r *refused) Error() string { return r.err.Error() }
func (r *refused) Unwrap() error { return r.err }

func refusal(status int, id string, args msg.Args) error {
	return &refused{status, errs.New(errs.RequestInvalid, id, args)}
}

func invalid(id string, args msg.Args) error { return errs.New(errs.RequestInvalid, id, args) }

// body reads the JSON of a request.
func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	large := refusal(http.StatusRequestEntityTooLarge, "http_body_large", msg.Args{"MiB": maxBody >> 20})
	return bodyWithin(w, r, maxBody, readLimit, large)
}

// bodyWithin reads JSON of at most some bytes, which comes in within a time. It reads it to
// its end, without which the server would not notice that a client goes away.
func bodyWithin(w http.ResponseWriter, r *http.Request, most int64, limit time.Duration, tooLarge error) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, given := params["charset"]
	if err != nil || kind != "application/json" || (given && !strings.EqualFold(charset, "utf-8")) || len(r.Header.Values("Content-Type")) != 1 {
		return nil, refusal(http.StatusUnsupportedMediaType, "http_content_type", nil)
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, refusal(http.StatusUnsupportedMediaType, "http_content_encoding", nil)
	}
	rc := http.NewResponseController(w)
	if err := rc.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return nil, errs.From(err)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, tooLarge
	case err != nil:
		return nil, invalid("http_body_cut", nil)
	}
	// The query may take longer than the body did; a deadline in the past would
	// look as if the client had gone.
	if err := rc.SetReadDeadline(time.Time{}); err != nil {
		return nil, errs.From(err)
	}
	return text, nil
}

// read reads and checks a request for rows.
func read(w http.ResponseWriter, r *http.Request) (asked, error) {
	text, err := body(w, r)
	if err != nil {
		return asked{}, err
	}
	a, err := decode(text)
	if err != nil {
		return asked{}, err
	}
	a.body, a.Traceparent = text, traceparent(r)
	switch sent := r.Header.Values(NonceHeader); {
	case len(sent) == 0:
	case len(sent) > 1, a.Nonce != "" && a.Nonce != sent[0]:
		return asked{}, invalid("http_nonce_twice", nil)
	default:
		a.Nonce = sent[0]
	}
	return a, nil
}

// traceparent gives the header by which a request says of which trace it is; empty without
// one. What is sent twice is of none.
func traceparent(r *http.Request) string {
	if sent := r.Header.Values("Traceparent"); len(sent) == 1 {
		return sent[0]
	}
	return ""
}

// decode reads {"sql": …, "params": …, "purpose": …, "mode": …} strictly: names are exact, none
// comes twice, nothing follows, and no text is changed on the way.
func decode(body []byte) (asked, error) {
	d, err := decoderOf(body)
	if err != nil {
		return asked{}, err
	}
	a := asked{mode: catalog.Interface}
	err = d.object(func(name string) (err error) {
		switch name {
		case "sql":
			a.SQL, err = d.text(name)
		case "purpose":
			a.purpose, err = d.text(name)
			if err == nil && !catalog.IsPurposeCode(a.purpose) {
				err = invalid("http_purpose", nil)
			}
		case "mode":
			a.mode, err = d.mode(name)
		case "params":
			a.Params, err = d.params()
		case "page":
			a.Page, err = d.text(name)
		case "nonce":
			a.Nonce, err = d.text(name)
		default:
			err = invalid("http_unknown_member", msg.Args{"Name": name})
		}
		return err
	})
	if err != nil {
		return asked{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return asked{}, invalid("http_json", nil)
	}
	switch {
	case a.Page != "":
		if a.SQL != "" || a.Params != nil || a.mode != catalog.Online {
			return asked{}, invalid("http_page", nil)
		}
	case strings.TrimSpace(a.SQL) == "":
		return asked{}, invalid("http_no_sql", nil)
	}
	return a, nil
}

type decoder struct{ *json.Decoder }

// decoderOf reads a body of which no text is changed on the way.
func decoderOf(body []byte) (*decoder, error) {
	if !utf8.Valid(body) || hasHalfPair(body) {
		return nil, invalid("http_not_utf8", nil)
	}
	d := &decoder{json.NewDecoder(bytes.NewReader(body))}
	d.UseNumber()
	return d, nil
}

// hasHalfPair reports whether JSON has half of a surrogate pair among its escapes, which the
// decoder turns into U+FFFD without a word.
func hasHalfPair(body []byte) bool {
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 {
			return false
		}
		body = body[at:]
		first, ok := escape(body)
		if !ok {
			body = body[min(2, len(body)):]
			continue
		}
		if body = body[escapeLen:]; !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escape(body)
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		body = body[escapeLen:]
	}
}

const escapeLen = len(`\u0000`)

// escape reads a \u that stands first.
func escape(text []byte) (rune, bool) {
	if len(text) < escapeLen || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:escapeLen]), 16, 16)
	return rune(n), err == nil
}

func (d *decoder) next() (json.Token, error) {
	t, err := d.Token()
	if err != nil {
		return nil, invalid("http_json", nil)
	}
	return t, nil
}

// object reads an object, calling member with the name of each member, which must
// read its value.
func (d *decoder) object(member func(name string) error) error {
	t, err := d.next()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return invalid("http_json", nil)
	}
	return d.members(member)
}

// members reads the rest of an object whose brace was read.
func (d *decoder) members(member func(name string) error) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.next()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return invalid("http_json", nil)
		}
		if seen[name] {
			return invalid("http_member_twice", msg.Args{"Name": name})
		}
		seen[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := d.next() // the closing brace
	return err
}

func (d *decoder) text(name string) (string, error) {
	t, err := d.next()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", invalid("http_member_text", msg.Args{"Name": name})
	}
	return s, nil
}

// params reads an array of values, or an object of values by name.
func (d *decoder) params() ([]server.Param, error) {
	t, err := d.next()
	if err != nil {
		return nil, err
	}
	var out []server.Param
	read := func(name string) error {
		if len(out) == maxParams {
			return invalid("http_params_many", msg.Args{"Most": maxParams})
		}
		p, err := d.param()
		p.Name = name
		out = append(out, p)
		return err
	}
	switch t {
	case json.Delim('['):
		for d.More() {
			if err := read(""); err != nil {
				return nil, err
			}
		}
		_, err := d.next() // the closing bracket
		return out, err
	case json.Delim('{'):
		err := d.members(func(name string) error {
			if name == "" {
				return invalid("http_params", nil)
			}
			return read(name)
		})
		return out, err
	}
	return nil, invalid("http_params", nil)
}

// param reads one scalar; a number keeps the digits that it was sent with.
func (d *decoder) param() (server.Param, error) {
	t, err := d.next()
	if err != nil {
		return server.Param{}, err
	}
	switch v := t.(type) {
	case string:
		return server.Param{Text: v}, nil
	case json.Number:
		return server.Param{Text: v.String(), Number: true}, nil
	case bool:
		if v {
			return server.Param{Text: "true", Bool: true}, nil
		}
		return server.Param{Text: "false", Bool: true}, nil
	case nil:
		return server.Param{Null: true}, nil
	}
	return server.Param{}, invalid("http_params", nil)
}
