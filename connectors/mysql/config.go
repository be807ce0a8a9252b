package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

const (
	defaultTimeout = 10 * time.Second
	defaultPort    = 3306
)

// dsnOptions are all that may stand behind the question mark of a DSN.
var dsnOptions = []string{"tls", "timeout", "socket"}

// config is where and as whom to connect.
type config struct {
	network, address string // as net.Dial takes them
	user, password   string
	database         string        // empty: every database that the account may see
	timeout          time.Duration // for a login as a whole
	tls              *tls.Config   // nil: without
	fallback         bool          // without TLS where the server has none
	here             bool          // the server is on this machine
}

// parseDSN takes mysql://user:password@host:port/database?option=value apart. The
// database may be left out. Errors never hold the DSN.
func parseDSN(source, dsn string) (*config, error) {
	invalid := func(id, option string) error {
		return errs.New(errs.ConfigInvalid, id, msg.Args{"Source": source, "Option": option})
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "mysql" || u.Opaque != "" || u.Fragment != "" {
		return nil, invalid("mysql_dsn_form", "")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalid("mysql_dsn_form", "")
	}
	options := map[string]string{}
	for name, values := range query {
		if !slices.Contains(dsnOptions, name) {
			return nil, invalid("mysql_dsn_option", name)
		}
		if len(values) != 1 {
			return nil, invalid("mysql_dsn_twice", name)
		}
		options[name] = values[0]
	}
	c := &config{user: u.User.Username(), database: strings.TrimPrefix(u.Path, "/"), timeout: defaultTimeout}
	c.password, _ = u.User.Password()
	if c.user == "" {
		return nil, invalid("mysql_dsn_part", "user")
	}
	for part, value := range map[string]string{"user": c.user, "database": c.database, "password": c.password} {
		if strings.ContainsRune(value, 0) {
			return nil, invalid("mysql_dsn_part", part)
		}
	}
	host := u.Hostname()
	if socket, set := options["socket"]; set {
		if u.Host != "" || !filepath.IsAbs(socket) || strings.ContainsRune(socket, 0) {
			return nil, invalid("mysql_dsn_part", "socket")
		}
		c.network, c.address = "unix", socket
	} else {
		if host == "" || strings.ContainsAny(host, ",\x00") {
			return nil, invalid("mysql_dsn_part", "host")
		}
		port := uint64(defaultPort)
		if p := u.Port(); p != "" {
			if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
				return nil, invalid("mysql_dsn_part", "port")
			}
		}
		c.network, c.address = "tcp", net.JoinHostPort(host, strconv.FormatUint(port, 10))
	}
	if s, set := options["timeout"]; set {
		if c.timeout, err = time.ParseDuration(s); err != nil || c.timeout <= 0 || c.timeout > time.Hour {
			return nil, invalid("mysql_dsn_value", "timeout")
		}
	}
	mode, set := options["tls"]
	if !c.setTLS(host, mode, set) {
		return nil, invalid("mysql_dsn_value", "tls")
	}
	return c, nil
}

// setTLS follows the option tls, in the words of the Go driver. Without it a server
// elsewhere must show a certificate that holds for its name; one on this machine may
// do without.
func (c *config) setTLS(host, mode string, set bool) bool {
	ip := net.ParseIP(host)
	c.here = c.network == "unix" || host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case set:
	case c.here:
		mode = "preferred"
	default:
		mode = "true"
	}
	checked := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	unchecked := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	if ip == nil {
		unchecked.ServerName = host // the name that is asked for, not one that is checked
	}
	switch mode {
	case "false":
	case "preferred":
		c.tls, c.fallback = unchecked, true
	case "skip-verify":
		c.tls = unchecked
	case "true":
		c.tls = checked
	default:
		return false
	}
	if c.network == "unix" {
		c.tls, c.fallback = nil, false
	}
	return true
}

// untrusted reports that a TLS handshake failed because of the server's certificate.
func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &name)
}
