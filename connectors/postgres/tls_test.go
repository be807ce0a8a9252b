package postgres_test

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
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// A server that encrypts, with a certificate that nobody here trusts.
func TestTLS(t *testing.T) {
	server := testpg.StartOwn(t, selfSigned(t)...)
	db := server.Database(t)
	dsn := func(options string) string {
		u, err := url.Parse(db.Reader)
		if err != nil {
			t.Fatal(err)
		}
		u.RawQuery = options
		return u.String()
	}
	const encrypted = "SELECT count(*) AS n FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
	for _, c := range []struct {
		options string
		want    int64
	}{{"sslmode=require", 1}, {"sslmode=prefer", 1}, {"", 1}, {"sslmode=disable", 0}} {
		s := open(t, dsn(c.options), 1)
		conn := s.acquire()
		rows, err := s.rows(conn, s.statement(encrypted))
		if err != nil || rows[0][0] != c.want {
			t.Errorf("%q: encrypted %v, %v", c.options, rows, err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if _, err := readAll(ctx, conn, s.statement(silent)); errs.CodeOf(err) != errs.Timeout {
			t.Errorf("%q: a deadline: %v", c.options, err)
		}
		cancel()
		waitfor.True(t, promptly, "the statement to be gone", func() bool { return running(t, db.Reader) == 0 })
	}
	for _, options := range []string{"sslmode=verify-full", "sslmode=verify-ca", "sslmode=verify-full&sslrootcert=system"} {
		if _, err := open(t, dsn(options), 1).Ping(t.Context()); errs.From(err) == nil || errs.From(err).ID != "postgres_tls_untrusted" {
			t.Errorf("%q: want a certificate that is not trusted: %v", options, err)
		}
	}
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
		if os.Geteuid() == 0 { // the server runs as user postgres then
			account, err := user.Lookup("postgres")
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
	return []string{"ssl=on", "ssl_cert_file=" + write("cert.pem", "CERTIFICATE", cert), "ssl_key_file=" + write("key.pem", "PRIVATE KEY", private)}
}
