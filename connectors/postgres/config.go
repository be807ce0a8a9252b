package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

const defaultConnectTimeout = 10 * time.Second

// settings hold for every session, and session.check reads them back. Startup
// parameters win over what a role or database has set for itself.
var settings = map[string]string{
	"application_name": "lianji",
	// What a value looks like on its way.
	"client_encoding":    "UTF8",
	"TimeZone":           "UTC",
	"DateStyle":          "ISO, YMD",
	"IntervalStyle":      "postgres",
	"extra_float_digits": "3",
	"bytea_output":       "hex",
	// The gateway reads.
	"default_transaction_read_only": "on",
	// A cached statement is planned for its values each time: a plan made for any
	// value is a bad one for keys that travel.
	"plan_cache_mode": "force_custom_plan",
}

// dsnOptions are all that may stand behind the question mark of a DSN. Whatever
// names a file, a library, a service or server settings is not among them.
var dsnOptions = []string{"sslmode", "sslrootcert", "connect_timeout", "host"}

// parseDSN turns postgres://user:password@host:port/database?option=value into
// the driver's configuration. Nothing of the process's environment, home folder
// or service files has a part in it. Errors never hold the DSN.
func parseDSN(source, dsn string) (*pgconn.Config, error) {
	invalid := func(id, option string) error {
		return errs.New(errs.ConfigInvalid, id, msg.Args{"Source": source, "Option": option})
	}
	u, err := url.Parse(dsn)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Opaque != "" || u.Fragment != "" {
		return nil, invalid("postgres_dsn_form", "")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalid("postgres_dsn_form", "")
	}
	options := map[string]string{}
	for name, values := range query {
		if !slices.Contains(dsnOptions, name) {
			return nil, invalid("postgres_dsn_option", name)
		}
		if len(values) != 1 {
			return nil, invalid("postgres_dsn_twice", name)
		}
		options[name] = values[0]
	}
	config, err := neutralConfig()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	config.Host, config.User = u.Hostname(), u.User.Username()
	config.Password, _ = u.User.Password()
	config.Database = strings.TrimPrefix(u.Path, "/")
	for part, value := range map[string]string{"user": config.User, "database": config.Database} {
		if value == "" || strings.ContainsRune(value, 0) {
			return nil, invalid("postgres_dsn_part", part)
		}
	}
	if strings.ContainsRune(config.Password, 0) {
		return nil, invalid("postgres_dsn_part", "password")
	}
	if folder, set := options["host"]; set {
		if config.Host != "" || !filepath.IsAbs(folder) {
			return nil, invalid("postgres_dsn_part", "host")
		}
		config.Host = folder
	}
	if config.Host == "" || strings.ContainsAny(config.Host, ",\x00") {
		return nil, invalid("postgres_dsn_part", "host")
	}
	config.Port = 5432
	if p := u.Port(); p != "" {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil || port == 0 {
			return nil, invalid("postgres_dsn_part", "port")
		}
		config.Port = uint16(port)
	}
	config.ConnectTimeout = defaultConnectTimeout
	if s, set := options["connect_timeout"]; set {
		seconds, err := strconv.ParseUint(s, 10, 16)
		if err != nil || seconds == 0 {
			return nil, invalid("postgres_dsn_value", "connect_timeout")
		}
		config.ConnectTimeout = time.Duration(seconds) * time.Second
	}
	if bad := setTLS(config, options); bad != "" {
		return nil, invalid("postgres_dsn_value", bad)
	}
	return config, nil
}

// setTLS follows sslmode and returns the option that it cannot follow. Without
// sslmode a server elsewhere must show a certificate that holds for its name;
// one on this machine may do without.
func setTLS(config *pgconn.Config, options map[string]string) string {
	if root, set := options["sslrootcert"]; set && root != "system" {
		return "sslrootcert"
	}
	mode, set := options["sslmode"]
	ip := net.ParseIP(config.Host)
	socket := filepath.IsAbs(config.Host)
	here := socket || config.Host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case set:
	case here:
		mode = "prefer"
	default:
		mode = "verify-full"
	}
	if !here && (mode == "disable" || mode == "prefer") {
		config.RequireAuth = "!password" // never the password itself in the clear
	}
	checked := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: config.Host}
	unchecked := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	if ip == nil {
		unchecked.ServerName = config.Host // the name that is asked for, not one that is checked
	}
	switch mode {
	case "disable":
	case "prefer":
		config.TLSConfig = unchecked
		config.Fallbacks = []*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port}}
	case "require":
		config.TLSConfig = unchecked
	case "verify-ca":
		config.TLSConfig = unchecked
		config.TLSConfig.VerifyConnection = verifyChain
	case "verify-full":
		config.TLSConfig = checked
	default:
		return "sslmode"
	}
	if socket {
		config.TLSConfig, config.Fallbacks = nil, nil
	}
	return ""
}

// verifyChain checks a certificate against the system's authorities and not for
// the server's name.
func verifyChain(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	if _, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Intermediates: between}); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

// neutralConfig is a configuration that owes nothing to where the process runs.
// The driver makes one only by parsing, and then fills in whatever is not said
// from PG* variables and files in the home folder: so everything is said here,
// and every field that reaches a server is set again by the caller.
func neutralConfig() (*pgconn.Config, error) {
	said := "host=none port=5432 user=none password=none dbname=none passfile='' target_session_attrs=any " +
		"sslmode=disable sslkey='' sslcert='' sslrootcert='' sslpassword='' sslcertmode=disable sslsni=1 sslnegotiation='' " +
		"channel_binding=prefer require_auth='' min_protocol_version='' max_protocol_version='' connect_timeout=10"
	if os.Getenv("PGSERVICE") != "" {
		// A service can be named otherwise but not taken back: this one is empty.
		file, err := os.CreateTemp("", "lianji-service-")
		if err != nil {
			return nil, err
		}
		defer os.Remove(file.Name())
		_, err = file.WriteString("[none]\n")
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(file.Name())
		said += " service=none servicefile='" + quoted + "'"
	}
	config, err := pgconn.ParseConfig(said)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams = make(map[string]string, len(settings))
	for name, value := range settings {
		config.RuntimeParams[name] = value
	}
	config.Fallbacks, config.ValidateConnect, config.KerberosSrvName, config.KerberosSpn = nil, nil, "", ""
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}
	config.LookupFunc = net.DefaultResolver.LookupHost
	return config, nil
}
