package mysql_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/waitfor"
)

// A server that encrypts, with a certificate that nobody here trusts, and logins by
// each method that the server has.
func TestTLS(t *testing.T) {
	server := testmaria.StartOwn(t, selfSigned(t)...)
	db := server.Database(t)
	const encrypted = "SELECT CAST(VARIABLE_VALUE <> '' AS SIGNED) AS n FROM information_schema.session_status WHERE VARIABLE_NAME = 'SSL_CIPHER'"
	for _, c := range []struct {
		options string
		want    int64
	}{{"tls=skip-verify", 1}, {"tls=preferred", 1}, {"", 1}, {"tls=false", 0}} {
		s := open(t, withOptions(t, db, c.options), 1)
		conn := s.acquire()
		rows, err := s.rows(conn, s.statement(encrypted))
		if err != nil || rows[0][0] != c.want {
			t.Errorf("%q: encrypted %v, %s", c.options, rows, detail(err))
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if _, err := readAll(ctx, conn, s.statement(silent)); errs.CodeOf(err) != errs.Timeout {
			t.Errorf("%q: a deadline: %s", c.options, detail(err))
		}
		cancel()
		waitfor.True(t, promptly, "the statement to be gone", func() bool { return running(t, db) == 0 })
		if rows, err := s.rows(conn, s.statement("SELECT seq AS n FROM seq_1_to_100000")); err == nil && len(rows) != 100000 {
			t.Errorf("%q: %d rows", c.options, len(rows))
		}
	}
	if _, err := open(t, withOptions(t, db, "tls=true"), 1).Ping(t.Context()); errs.From(err) == nil || errs.From(err).ID != "mysql_tls_untrusted" {
		t.Errorf("want a certificate that is not trusted: %s", detail(err))
	}
	db.Exec(t, "ALTER USER '"+db.ReaderName+"'@'%' REQUIRE SSL")
	if _, err := open(t, withOptions(t, db, "tls=false"), 1).Ping(t.Context()); errs.CodeOf(err) != errs.SourceRefused {
		t.Errorf("an account that must encrypt: %s", detail(err))
	}
	if _, err := open(t, withOptions(t, db, "tls=skip-verify"), 1).Ping(t.Context()); err != nil {
		t.Error(detail(err))
	}
	db.Exec(t, "INSTALL SONAME 'auth_ed25519'; ALTER USER '"+db.ReaderName+"'@'%' REQUIRE NONE; ALTER USER '"+db.ReaderName+"'@'%' IDENTIFIED VIA ed25519 USING PASSWORD("+literal(db.ReaderPassword)+")")
	for _, options := range []string{"tls=skip-verify", "tls=false"} { // the server asks for another method than it began with
		if _, err := open(t, withOptions(t, db, options), 1).Ping(t.Context()); err != nil {
			t.Errorf("ed25519 with %s: %s", options, detail(err))
		}
	}
}

// A server that takes encrypted connections alone. MariaDB calls it a wrong password,
// MySQL has a number for it.
func TestTLSDemanded(t *testing.T) {
	server := testmaria.StartOwn(t, selfSigned(t)...)
	db := server.Database(t)
	db.Exec(t, "SET GLOBAL require_secure_transport = 1")
	_, err := open(t, withOptions(t, db, "tls=false"), 1).Ping(t.Context())
	if e := errs.From(err); e == nil || e.Code != errs.SourceRefused || strings.Contains(detail(err), db.ReaderPassword) {
		t.Errorf("without encryption: %s", detail(err))
	}
	if _, err := open(t, withOptions(t, db, "tls=skip-verify"), 1).Ping(t.Context()); err != nil {
		t.Error(detail(err))
	}
}

func withOptions(t *testing.T, db *testmaria.Database, options string) string {
	t.Helper()
	u, err := url.Parse(db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = options
	return u.String()
}

// selfSigned gives the settings of a server with a certificate of its own.
func selfSigned(t *testing.T) []string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "self"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "lianji-tls-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 { // the server runs as user mysql then
			account, err := user.Lookup("mysql")
			if err != nil {
				t.Fatal(err)
			}
			uid, err := strconv.Atoi(account.Uid)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(path, uid, -1); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	return []string{"ssl-cert=" + write("cert.pem", "CERTIFICATE", cert), "ssl-key=" + write("key.pem", "PRIVATE KEY", private)}
}
