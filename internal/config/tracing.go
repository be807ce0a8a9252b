package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/lianji/lianji/internal/msg"
)

// Tracing is the section tracing: a collector of OpenTelemetry, and what it gets.
type Tracing struct {
	Endpoint string  // the address that takes spans by OTLP over HTTP
	Ratio    float64 // of the statements that are followed, from 0 to 1
	// Paths of PEM files: who is trusted to have signed the collector's certificate (empty:
	// whom the machine trusts), and what the gateway shows of itself (empty: nothing).
	CA, Certificate, Key string
	Headers              map[string]Secret // sent with everything, such as a token
}

// tracesPath is where collectors take spans unless the address says otherwise.
const tracesPath = "/v1/traces"

func (l *loader) readTracing(v value) error {
	t := &Tracing{Ratio: -1}
	err := l.section(v, []string{"endpoint", "ratio", "ca", "certificate", "key", "headers"}, func(e entry) (err error) {
		switch e.key {
		case "endpoint":
			t.Endpoint, err = l.collector(e.value)
		case "ratio":
			t.Ratio, err = l.ratio(e.value)
		case "ca":
			t.CA, err = l.path(e.value, false)
		case "certificate":
			t.Certificate, err = l.path(e.value, false)
		case "key":
			t.Key, err = l.path(e.value, false)
		case "headers":
			t.Headers, err = l.headers(e.value)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case t.Endpoint == "" || t.Ratio < 0:
		return l.fail(v.node, "config_missing_key", msg.Args{"Key": v.path + ".endpoint / .ratio"})
	case (t.Certificate == "") != (t.Key == ""):
		return l.fail(v.node, "config_missing_key", msg.Args{"Key": v.path + ".certificate / .key"})
	}
	l.cfg.Tracing = t
	return nil
}

func (l *loader) collector(v value) (string, error) {
	text, err := l.secureURL(v)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", l.failValue(v, "config_https")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = tracesPath
	}
	return u.String(), nil
}

// ratio reads a share from 0 to 1.
func (r reader) ratio(v value) (float64, error) {
	var text string
	switch n := v.node.(type) {
	case *ast.IntegerNode:
		text = n.GetToken().Value
	case *ast.FloatNode:
		text = n.GetToken().Value
	default:
		return 0, r.wrong(v, "config_ratio")
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, r.failValue(v, "config_ratio")
	}
	return f, nil
}

var (
	headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	// ownHeaders are those of a request that the gateway writes itself.
	ownHeaders = []string{"connection", "content-length", "content-type", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)

// headers reads headers, in whose values variables may stand. None of them is shown again.
func (l *loader) headers(v value) (map[string]Secret, error) {
	all, err := l.entries(v)
	if err != nil {
		return nil, err
	}
	out := map[string]Secret{}
	for _, e := range all {
		if !headerName.MatchString(e.key) || slices.Contains(ownHeaders, strings.ToLower(e.key)) {
			return nil, l.fail(e.at, "config_header", msg.Args{"Key": e.value.path})
		}
		text, err := l.rawText(e.value)
		if err != nil {
			return nil, err
		}
		vars, marked, err := l.findVariables(e.value, "tracing", text)
		if err != nil {
			return nil, err
		}
		filled, _ := vars.fill(marked)
		for _, secret := range append(vars.values, filled) {
			l.hide(secret)
		}
		out[e.key] = NewSecret(filled)
	}
	return out, nil
}
