package mysql

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
)

func TestDSN(t *testing.T) {
	for _, c := range []struct {
		dsn                                 string
		network, address, user, password, d string
		tls, checked, fallback, here        bool
	}{
		{"mysql://u:p@db.example:3307/d?tls=skip-verify", "tcp", "db.example:3307", "u", "p", "d", true, false, false, false},
		{"mysql://u@db.example/d", "tcp", "db.example:3306", "u", "", "d", true, true, false, false}, // elsewhere: checked unless said otherwise
		{"mysql://u@db.example/", "tcp", "db.example:3306", "u", "", "", true, true, false, false},
		{"mysql://u:p@127.0.0.1/d", "tcp", "127.0.0.1:3306", "u", "p", "d", true, false, true, true},
		{"mysql://u:p@localhost/d?tls=true", "tcp", "localhost:3306", "u", "p", "d", true, true, false, true},
		{"mysql://u:p@[::1]:3307/d", "tcp", "[::1]:3307", "u", "p", "d", true, false, true, true},
		{"mysql://u:p@10.0.0.1/d?tls=false", "tcp", "10.0.0.1:3306", "u", "p", "d", false, false, false, false},
		{"mysql://u:p@10.0.0.1/d?tls=preferred", "tcp", "10.0.0.1:3306", "u", "p", "d", true, false, true, false},
		{"mysql://u%40x:p%20%27%2F%3F@h/%E4%BA%BA%2F%E5%8F%A3", "tcp", "h:3306", "u@x", "p '/?", "人/口", true, true, false, false},
		{"mysql://u@/d?socket=/run/m.sock&timeout=3s", "unix", "/run/m.sock", "u", "", "d", false, false, false, true},
	} {
		got, err := parseDSN("sj", c.dsn)
		if err != nil {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		if got.network != c.network || got.address != c.address || got.user != c.user || got.password != c.password || got.database != c.d || got.here != c.here {
			t.Errorf("%s: %+v", c.dsn, got)
		}
		if (got.tls != nil) != c.tls || got.fallback != c.fallback || c.tls && got.tls.InsecureSkipVerify == c.checked {
			t.Errorf("%s: TLS %+v, fallback %t", c.dsn, got.tls, got.fallback)
		}
	}
	if c, err := parseDSN("sj", "mysql://u@h/d?timeout=1m30s"); err != nil || c.timeout != 90*time.Second {
		t.Errorf("timeout: %v", err)
	}
}

func TestForbiddenDSN(t *testing.T) {
	const secret = "hunter2"
	for _, c := range []struct{ dsn, id, names string }{
		{"", "mysql_dsn_form", ""},
		{"u:" + secret + "@tcp(h)/d", "mysql_dsn_form", ""},
		{"postgres://u:" + secret + "@h/d", "mysql_dsn_form", ""},
		{"mysql://u:" + secret + "@h:port/d", "mysql_dsn_form", ""},
		{"mysql://u:" + secret + "@h/d?%zz", "mysql_dsn_form", ""},
		{"mysql://u:" + secret + "@h/d#x", "mysql_dsn_form", ""},
		{"mysql://u:" + secret + "@h:0/d", "mysql_dsn_part", "port"},
		{"mysql://:" + secret + "@h/d", "mysql_dsn_part", "user"},
		{"mysql://u:" + secret + "@/d", "mysql_dsn_part", "host"},
		{"mysql://u:" + secret + "@a,b/d", "mysql_dsn_part", "host"},
		{"mysql://u:" + secret + "@h/d%00x", "mysql_dsn_part", "database"},
		{"mysql://u:" + secret + "%00@h/d", "mysql_dsn_part", "password"},
		{"mysql://u:" + secret + "@h/d?socket=/x", "mysql_dsn_part", "socket"},
		{"mysql://u:" + secret + "@/d?socket=x", "mysql_dsn_part", "socket"},
		{"mysql://u:" + secret + "@h/d?tls=custom", "mysql_dsn_value", "tls"},
		{"mysql://u:" + secret + "@h/d?timeout=3", "mysql_dsn_value", "timeout"},
		{"mysql://u:" + secret + "@h/d?timeout=-3s", "mysql_dsn_value", "timeout"},
		{"mysql://u:" + secret + "@h/d?tls=true&tls=false", "mysql_dsn_twice", "tls"},
		{"mysql://u:" + secret + "@h/d?allowAllFiles=true", "mysql_dsn_option", "allowAllFiles"},
		{"mysql://u:" + secret + "@h/d?multiStatements=true", "mysql_dsn_option", "multiStatements"},
		{"mysql://u:" + secret + "@h/d?sql_mode=ANSI", "mysql_dsn_option", "sql_mode"},
	} {
		_, err := Open(t.Context(), connectors.Config{Name: "sj", Kind: "mysql", DSN: c.dsn, Connections: 1})
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != errs.ConfigInvalid || e.ID != c.id || !strings.Contains(e.Error(), "sj") || !strings.Contains(e.Error(), c.names) {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		if strings.Contains(e.Text("en")+e.Text("zh-CN")+e.Detail, secret) {
			t.Errorf("%s: the password is in the error", c.dsn)
		}
	}
	if _, err := Open(t.Context(), connectors.Config{Name: "sj", DSN: "mysql://u@h/d"}); errs.CodeOf(err) != errs.ConfigInvalid {
		t.Errorf("no connections: %v", err)
	}
}

// The product is named by what the server says of itself.
func TestProduct(t *testing.T) {
	for said, want := range map[string]string{
		"10.11.19-MariaDB-0+deb12u1": "MariaDB 10.11.19", "8.0.36": "MySQL 8.0.36", "8.4.3-3": "MySQL 8.4.3",
		"5.5.5-10.4.2-MariaDB-log": "MariaDB 10.4.2", "5.7.44-log": "MySQL 5.7.44",
	} {
		if got := product(said); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}
