package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
)

func TestDSN(t *testing.T) {
	for _, c := range []struct {
		dsn, host, user, password, database string
		port                                uint16
		tls, checked, fallback              bool
	}{
		{"postgres://u:p@db.example:6000/d?sslmode=require", "db.example", "u", "p", "d", 6000, true, false, false},
		{"postgresql://u@db.example/d", "db.example", "u", "", "d", 5432, true, true, false}, // elsewhere: checked unless said otherwise
		{"postgres://u:p@127.0.0.1/d", "127.0.0.1", "u", "p", "d", 5432, true, false, true},
		{"postgres://u:p@localhost/d", "localhost", "u", "p", "d", 5432, true, false, true},
		{"postgres://u:p@[::1]:5433/d", "::1", "u", "p", "d", 5433, true, false, true},
		{"postgres://u:p@10.0.0.1/d?sslmode=disable", "10.0.0.1", "u", "p", "d", 5432, false, false, false},
		{"postgres://u:p@h/d?sslmode=verify-full&sslrootcert=system", "h", "u", "p", "d", 5432, true, true, false},
		{"postgres://u%40x:p%20%27%2F%3F@h/%E4%BA%BA%2F%E5%8F%A3?sslmode=prefer", "h", "u@x", "p '/?", "人/口", 5432, true, false, true},
		{"postgres://u@/d?host=/run/pg&connect_timeout=3", "/run/pg", "u", "", "d", 5432, false, false, false},
	} {
		config, err := parseDSN("mz", c.dsn)
		if err != nil {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		if config.Host != c.host || config.User != c.user || config.Password != c.password || config.Database != c.database || config.Port != c.port {
			t.Errorf("%s: %s %s %s %s %d", c.dsn, config.Host, config.User, config.Password, config.Database, config.Port)
		}
		if (config.TLSConfig != nil) != c.tls || len(config.Fallbacks) > 0 != c.fallback || c.tls && config.TLSConfig.InsecureSkipVerify == c.checked {
			t.Errorf("%s: TLS %+v, %d fallbacks", c.dsn, config.TLSConfig, len(config.Fallbacks))
		}
		for _, f := range config.Fallbacks {
			if f.Host != c.host || f.TLSConfig != nil {
				t.Errorf("%s: a fallback to %s", c.dsn, f.Host)
			}
		}
		if c.checked && config.TLSConfig.ServerName != c.host {
			t.Errorf("%s: the certificate is checked for %q", c.dsn, config.TLSConfig.ServerName)
		}
	}
	config, err := parseDSN("mz", "postgres://u@/d?host=/run/pg&connect_timeout=3")
	if err != nil || config.ConnectTimeout != 3*time.Second {
		t.Errorf("connect_timeout: %v, %v", config.ConnectTimeout, err)
	}
	// verify-ca goes without the name but not without the chain.
	config, err = parseDSN("mz", "postgres://u@h/d?sslmode=verify-ca")
	if err != nil || config.TLSConfig.VerifyConnection == nil {
		t.Errorf("verify-ca checks nothing: %v", err)
	}
}

func TestForbiddenDSN(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct{ dsn, id, names string }{
		{"", "postgres_dsn_form", ""},
		{"host=h user=u password=" + secret, "postgres_dsn_form", ""},
		{"mysql://u:" + secret + "@h/d", "postgres_dsn_form", ""},
		{"postgres:u:" + secret, "postgres_dsn_form", ""},
		{"postgres://u:" + secret + "@h:port/d", "postgres_dsn_form", ""},
		{"postgres://u:" + secret + "@h/d?%zz", "postgres_dsn_form", ""},
		{"postgres://u:" + secret + "@h/d#x", "postgres_dsn_form", ""},
		{"postgres://u:" + secret + "@h:0/d", "postgres_dsn_part", "port"},
		{"postgres://:" + secret + "@h/d", "postgres_dsn_part", "user"},
		{"postgres://u:" + secret + "@h/", "postgres_dsn_part", "database"},
		{"postgres://u:" + secret + "@/d", "postgres_dsn_part", "host"},
		{"postgres://u:" + secret + "@h/d%00x", "postgres_dsn_part", "database"},
		{"postgres://u:" + secret + "%00@h/d", "postgres_dsn_part", "password"},
		{"postgres://u:" + secret + "@h/d?host=/x", "postgres_dsn_part", "host"},
		{"postgres://u:" + secret + "@/d?host=relative", "postgres_dsn_part", "host"},
		{"postgres://u:" + secret + "@a,b/d", "postgres_dsn_part", "host"},
		{"postgres://u:" + secret + "@h/d?sslmode=allow", "postgres_dsn_value", "sslmode"},
		{"postgres://u:" + secret + "@h/d?sslmode=", "postgres_dsn_value", "sslmode"},
		{"postgres://u:" + secret + "@h/d?sslmode=disable&sslmode=require", "postgres_dsn_twice", "sslmode"},
		{"postgres://u:" + secret + "@h/d?sslrootcert=/etc/passwd", "postgres_dsn_value", "sslrootcert"},
		{"postgres://u:" + secret + "@h/d?connect_timeout=0", "postgres_dsn_value", "connect_timeout"},
		{"postgres://u:" + secret + "@h/d?connect_timeout=" + secret, "postgres_dsn_value", "connect_timeout"},
	} {
		_, err := parseDSN("mz", c.dsn)
		checkConfigError(t, c.dsn, err, c.id, c.names)
	}
	for _, option := range []string{
		"passfile", "service", "servicefile", "sslkey", "sslcert", "sslpassword", "sslcrl", "options", "application_name", "user", "password",
		"dbname", "port", "hostaddr", "search_path", "TimeZone", "krbsrvname", "sslnegotiation", "target_session_attrs", "pool_max_conns", "SSLMODE", "",
	} {
		_, err := parseDSN("mz", "postgres://u:"+secret+"@h/d?"+option+"="+secret)
		checkConfigError(t, option, err, "postgres_dsn_option", option)
	}
}

func checkConfigError(t *testing.T, what string, err error, id, names string) {
	t.Helper()
	e := errs.From(err)
	if e == nil || e.Code != errs.ConfigInvalid || e.ID != id {
		t.Errorf("%s: %v, want %s", what, err, id)
		return
	}
	for _, lang := range []string{"en", "zh-CN"} {
		text := e.Text(lang)
		if !strings.Contains(text, "mz") || !strings.Contains(text, names) || strings.Contains(text, "hunter2") || strings.Contains(e.Detail, "hunter2") {
			t.Errorf("%s: %s", what, text)
		}
	}
}

// Nothing in the process's environment or home folder changes what the DSN says.
func TestEnvironmentHasNoPart(t *testing.T) {
	want, err := parseDSN("mz", "postgres://u@127.0.0.1/d")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for name, text := range map[string]string{
		".pgpass": "*:*:*:*:stolen\n", ".pg_service.conf": "[evil]\nhost=evil.example\nuser=evil\n", ".postgresql/root.crt": "no certificate",
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	for name, value := range map[string]string{
		"PGHOST": "evil.example", "PGPORT": "1", "PGDATABASE": "evil", "PGUSER": "evil", "PGPASSWORD": "stolen", "PGPASSFILE": filepath.Join(home, ".pgpass"),
		"PGAPPNAME": "evil", "PGCONNECT_TIMEOUT": "x", "PGSSLMODE": "nonsense", "PGSSLKEY": "/none", "PGSSLCERT": "/none", "PGSSLROOTCERT": "/none",
		"PGSSLCERTMODE": "x", "PGSSLNEGOTIATION": "direct", "PGTARGETSESSIONATTRS": "x", "PGTZ": "Asia/Shanghai", "PGOPTIONS": "-c search_path=evil",
		"PGMINPROTOCOLVERSION": "x", "PGMAXPROTOCOLVERSION": "x", "PGCHANNELBINDING": "x", "PGREQUIREAUTH": "x",
	} {
		t.Setenv(name, value)
	}
	for _, service := range []string{"", "evil", "no such service"} {
		t.Setenv("PGSERVICE", service)
		got, err := parseDSN("mz", "postgres://u@127.0.0.1/d")
		if err != nil {
			t.Fatalf("PGSERVICE=%q: %v", service, err)
		}
		if got.Host != want.Host || got.Port != want.Port || got.Database != want.Database || got.User != want.User || got.Password != "" ||
			got.SSLNegotiation != "" || got.SSLCertMode != want.SSLCertMode || got.ChannelBinding != want.ChannelBinding || got.RequireAuth != "" ||
			got.ConnectTimeout != want.ConnectTimeout || got.MinProtocolVersion != want.MinProtocolVersion || got.ValidateConnect != nil ||
			len(got.Fallbacks) != 1 || got.TLSConfig.RootCAs != nil || len(got.TLSConfig.Certificates) != 0 {
			t.Errorf("PGSERVICE=%q: %+v", service, got)
		}
		if len(got.RuntimeParams) != len(settings) {
			t.Errorf("PGSERVICE=%q: session settings %v", service, got.RuntimeParams)
		}
		for name, value := range settings {
			if got.RuntimeParams[name] != value {
				t.Errorf("PGSERVICE=%q: %s is %q", service, name, got.RuntimeParams[name])
			}
		}
	}
}

func TestOpenNeedsAConnection(t *testing.T) {
	_, err := Open(t.Context(), connectors.Config{Name: "mz", DSN: "postgres://u@h/d"})
	checkConfigError(t, "no connections", err, "postgres_no_connections", "")
}
