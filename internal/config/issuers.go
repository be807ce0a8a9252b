package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/lianji/lianji/internal/msg"
)

// Issuer is one entry of issuers: an OpenID provider whose tokens are taken.
type Issuer struct {
	URL        string   // as the claim iss has it
	Audience   string   // one of the claim aud
	Algorithms []string // of signatures
	Claim      string   // whose value is the login
	Keys       string   // where its keys are; empty asks the provider
}

// DefaultClaim is the claim that names the login where none is given.
const DefaultClaim = "sub"

// algorithms are those of which the provider alone has the key that signs.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func (l *loader) readIssuers(v value) error {
	items, err := l.list(v)
	if err != nil {
		return err
	}
	for _, item := range items {
		i, err := l.issuer(item)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(l.cfg.Issuers, func(before Issuer) bool { return before.URL == i.URL }) {
			return l.failValue(item, "config_issuer_twice")
		}
		l.cfg.Issuers = append(l.cfg.Issuers, i)
	}
	return nil
}

func (l *loader) issuer(v value) (Issuer, error) {
	i := Issuer{Claim: DefaultClaim}
	err := l.section(v, []string{"issuer", "audience", "algorithms", "claim", "keys"}, func(e entry) (err error) {
		switch e.key {
		case "issuer":
			i.URL, err = l.secureURL(e.value)
		case "keys":
			i.Keys, err = l.secureURL(e.value)
		case "audience":
			i.Audience, err = l.text(e.value)
		case "claim":
			i.Claim, err = l.text(e.value)
		case "algorithms":
			i.Algorithms, err = l.algorithms(e.value)
		}
		return err
	})
	if err == nil && (i.URL == "" || i.Audience == "" || i.Claim == "" || len(i.Algorithms) == 0) {
		err = l.fail(v.node, "config_missing_key", msg.Args{"Key": v.path + ".issuer / .audience / .algorithms"})
	}
	return i, err
}

func (l *loader) algorithms(v value) (out []string, err error) {
	items, err := l.list(v)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		text, err := l.text(item)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(algorithms, text) {
			return nil, l.fail(item.node, "config_algorithm", msg.Args{"Key": item.path, "Known": strings.Join(algorithms, ", ")})
		}
		out = append(out, text)
	}
	return out, nil
}

// secureURL reads an address whose answers nobody can change on the way.
func (l *loader) secureURL(v value) (string, error) {
	text, err := l.text(v)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
		return "", l.failValue(v, "config_https")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", l.failValue(v, "config_https")
	}
	return text, nil
}
