package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// variables are the ${...} of one DSN. While the DSN is parsed a marker made of
// letters and digits stands in the place of each, so that no value can change how
// the text is understood; then each value is put into the part where its marker is.
type variables struct {
	marker string // does not occur in the DSN
	values []string
}

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	hostPattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$|^\[[0-9A-Fa-f:.]+\]$`)
)

const (
	filePrefix    = "file:"
	maxSecretFile = 64 << 10
)

// urlDSN reads a DSN that is a URL, or stands for one, and gives it as a URL with every variable in its place.
func (l *loader) urlDSN(v value, source string, schemes []string) (Secret, error) {
	text, err := l.rawText(v)
	if err != nil {
		return Secret{}, err
	}
	vars, marked, err := l.findVariables(v, source, text)
	if err != nil {
		return Secret{}, err
	}
	u := driverForm(marked, schemes)
	if u == nil {
		// The parser's error would show the DSN, and with it a password.
		u, err = url.Parse(marked)
		if err != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(marked, "#") || !slices.Contains(schemes, u.Scheme) {
			return Secret{}, l.fail(v.node, "config_dsn", msg.Args{"Key": v.path, "Scheme": schemes[0]})
		}
	}
	if err := l.putIn(v, source, u, vars); err != nil {
		return Secret{}, err
	}
	if password, ok := u.User.Password(); ok && password != "" {
		l.hide(password)
	}
	dsn := u.String()
	// What the connector's parser will read must be what was put together here.
	if again, err := url.Parse(dsn); err != nil || again.Host != u.Host || again.Path != u.Path || again.User.String() != u.User.String() {
		return Secret{}, errs.Internalf("the DSN of source %s does not survive being written", source)
	}
	return NewSecret(dsn), nil
}

// driverDSN is the form in which drivers of MySQL take a DSN:
// user:password@tcp(host:port)/database?option=value. Nothing of it but the database
// and the options is written with %.
var driverDSN = regexp.MustCompile(`^([^:@/]*)(?::(.*))?@(tcp|unix)\(([^()]*)\)/([^?]*)(?:\?(.*))?$`)

// driverForm gives the URL that means the same as a DSN of that form; nil when text is
// none, or the kind of source has no such form.
func driverForm(text string, schemes []string) *url.URL {
	m := driverDSN.FindStringSubmatch(text)
	if m == nil || !slices.Contains(schemes, "mysql") || strings.HasPrefix(text, "mysql://") {
		return nil
	}
	user, password, network, address, options := m[1], m[2], m[3], m[4], m[6]
	database, err := url.PathUnescape(m[5])
	if err != nil {
		return nil
	}
	u := &url.URL{Scheme: "mysql", User: url.User(user), Host: address, Path: "/" + database, RawQuery: options}
	if strings.HasPrefix(text, user+":") {
		u.User = url.UserPassword(user, password)
	}
	if network == "unix" {
		socket := "socket=" + url.QueryEscape(address)
		u.Host, u.RawQuery = "", strings.TrimSuffix(socket+"&"+options, "&")
	}
	return u
}

// hide remembers a text, and how it looks in a URL, for redacting handlers.
func (l *loader) hide(text string) {
	l.cfg.secrets = append(l.cfg.secrets, text)
	if escaped := strings.TrimPrefix(url.UserPassword("", text).String(), ":"); escaped != text {
		l.cfg.secrets = append(l.cfg.secrets, escaped)
	}
}

// findVariables replaces each ${...} by a marker and looks its value up.
func (l *loader) findVariables(v value, source, text string) (*variables, string, error) {
	vars := &variables{}
	for k := 0; vars.marker == "" || strings.Contains(text, vars.marker); k++ {
		vars.marker = fmt.Sprintf("lianjivariable%dx", k)
	}
	var marked strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "${")
		marked.WriteString(before)
		if !found {
			return vars, marked.String(), nil
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return nil, "", l.fail(v.node, "config_variable_open", msg.Args{"Key": v.path})
		}
		val, err := l.lookUp(v, source, name)
		if err != nil {
			return nil, "", err
		}
		marked.WriteString(vars.markerOf(len(vars.values)))
		vars.values = append(vars.values, val)
		rest = after
	}
}

// lookUp finds a variable's value: in the environment, or in a file for
// ${file:path}. An empty one is as good as missing: a driver would go and look for
// a password elsewhere.
func (l *loader) lookUp(v value, source, name string) (string, error) {
	args := msg.Args{"Source": source, "Variable": name}
	var val string
	if path, ok := strings.CutPrefix(name, filePrefix); ok {
		real, err := l.allowed(v, path, false)
		if err != nil {
			return "", err
		}
		data, err := readLimited(real, maxSecretFile)
		if err != nil {
			return "", l.fail(v.node, "config_secret_file", msg.Args{"Source": source, "Path": path})
		}
		val = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	} else {
		if !variableName.MatchString(name) {
			return "", l.fail(v.node, "config_variable_name", msg.Args{"Key": v.path})
		}
		val, _ = l.getenv(name)
	}
	switch {
	case val == "":
		return "", l.fail(v.node, "config_variable_missing", args)
	case !utf8.ValidString(val) || strings.ContainsFunc(val, unicode.IsControl):
		return "", l.fail(v.node, "config_variable_text", args)
	}
	return val, nil
}

// fill puts the values in the places of the markers of one part, all at once: a
// value that looks like a marker stays as it is.
func (vars *variables) fill(part string) (filled string, any bool) {
	pairs := make([]string, 0, 2*len(vars.values))
	for i, val := range vars.values {
		pairs = append(pairs, vars.markerOf(i), val)
	}
	return strings.NewReplacer(pairs...).Replace(part), strings.Contains(part, vars.marker)
}

func (vars *variables) markerOf(i int) string { return fmt.Sprintf("%s%dz", vars.marker, i) }

// putIn puts the values into the parsed URL: user, password, host, path and the
// values of options, each as a whole part that its own encoder writes.
func (l *loader) putIn(v value, source string, u *url.URL, vars *variables) error {
	misplaced := func() error {
		return l.fail(v.node, "config_variable_place", msg.Args{"Key": v.path})
	}
	if u.User != nil {
		name, _ := vars.fill(u.User.Username())
		if password, ok := u.User.Password(); ok {
			password, _ = vars.fill(password)
			u.User = url.UserPassword(name, password)
		} else {
			u.User = url.User(name)
		}
	}
	if host, any := vars.fill(u.Host); any {
		port := u.Port()
		name, _ := vars.fill(u.Hostname())
		if !hostPattern.MatchString(name) {
			return l.fail(v.node, "config_variable_host", msg.Args{"Source": source})
		}
		if port != "" {
			name += ":" + port
		}
		if host != name {
			return misplaced()
		}
		u.Host = name
	}
	path, _ := vars.fill(u.Path)
	u.Path, u.RawPath = path, ""
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return l.fail(v.node, "config_dsn", msg.Args{"Key": v.path, "Scheme": u.Scheme})
	}
	for key, list := range options {
		if _, any := vars.fill(key); any {
			return misplaced()
		}
		for i := range list {
			var any bool
			if list[i], any = vars.fill(list[i]); any {
				l.hide(list[i])
			}
		}
	}
	u.RawQuery = options.Encode()
	return nil
}
