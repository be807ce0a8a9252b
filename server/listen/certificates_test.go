package listen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// authority signs certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.cert, a.key, a.pem, _ = a.make(t, "authority", true)
	return a
}

// make makes a certificate of a name; the authority's own is signed by itself.
func (a *authority) make(t *testing.T, name string, own bool) (*x509.Certificate, *ecdsa.PrivateKey, []byte, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"gateway.test"}, IsCA: own, BasicConstraintsValid: own,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	by, byKey := a.cert, a.key
	if own {
		by, byKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return made, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// site is a folder with the files of a gateway.
type site struct {
	*authority
	*Certificates
	dir    string
	now    time.Time
	failed int
}

func (s *site) write(t *testing.T, name string, text []byte) {
	t.Helper()
	next := filepath.Join(s.dir, name+".new")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(s.dir, name)); err != nil {
		t.Fatal(err)
	}
}

// renew gives the gateway another certificate.
func (s *site) renew(t *testing.T, name string) {
	t.Helper()
	_, _, cert, key := s.make(t, name, false)
	s.write(t, "cert.pem", cert)
	s.write(t, "key.pem", key)
}

func newSite(t *testing.T, clients *authority) *site {
	t.Helper()
	s := &site{authority: newAuthority(t), dir: t.TempDir(), now: time.Now()}
	s.renew(t, "first")
	files := Files{Cert: filepath.Join(s.dir, "cert.pem"), Key: filepath.Join(s.dir, "key.pem")}
	if clients != nil {
		files.ClientCA = filepath.Join(s.dir, "clients.pem")
		s.write(t, "clients.pem", clients.pem)
	}
	var err error
	if s.Certificates, err = Load(files, func(error) { s.failed++ }); err != nil {
		t.Fatal(err, errs.From(err).Detail)
	}
	s.Certificates.now = func() time.Time { return s.now }
	return s
}

// shake makes a connection with a client's settings, and gives what each side saw.
func (s *site) shake(t *testing.T, client *tls.Config) (server, seen tls.ConnectionState, err error) {
	t.Helper()
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	pool := x509.NewCertPool()
	pool.AddCert(s.cert)
	client.RootCAs, client.ServerName = pool, "gateway.test"
	in := tls.Server(a, s.Config("h2"))
	done := safego.Run(func() error {
		if err := in.HandshakeContext(t.Context()); err != nil {
			_ = a.Close()
			return err
		}
		_, err := in.Write([]byte("x"))
		return err
	})
	out := tls.Client(b, client)
	err = out.HandshakeContext(t.Context())
	if err == nil {
		_, err = out.Read(make([]byte, 1)) // with TLS 1.3 a refusal comes after the handshake
	}
	if err != nil {
		_ = b.Close()
	}
	if e := <-done; err == nil {
		err = e
	}
	return in.ConnectionState(), out.ConnectionState(), err
}

func (s *site) shown(t *testing.T) string {
	t.Helper()
	_, seen, err := s.shake(t, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return seen.PeerCertificates[0].Subject.CommonName
}

func TestCertificatesAreReadAgain(t *testing.T) {
	s := newSite(t, nil)
	if got := s.shown(t); got != "first" {
		t.Fatal(got)
	}
	s.renew(t, "second")
	if got := s.shown(t); got != "first" {
		t.Errorf("the files were looked at for a second handshake in a second: %s", got)
	}
	s.now = s.now.Add(lookEvery)
	if got := s.shown(t); got != "second" || s.Leaf().Subject.CommonName != "second" {
		t.Errorf("%s is shown after a renewal", got)
	}
	before := s.Config("h2")
	s.now = s.now.Add(lookEvery)
	if c, _ := before.GetConfigForClient(nil); c != s.fresh("h2") {
		t.Error("nothing changed, and there is another configuration")
	}
	// Between the certificate and its key the two do not belong together.
	_, _, cert, key := s.make(t, "third", false)
	s.write(t, "cert.pem", cert)
	for range 3 {
		s.now = s.now.Add(lookEvery)
		if got := s.shown(t); got != "second" || s.failed != 1 {
			t.Errorf("half renewed: %s, told %d times", got, s.failed)
		}
	}
	s.write(t, "key.pem", key)
	s.now = s.now.Add(lookEvery)
	if got := s.shown(t); got != "third" {
		t.Errorf("%s is shown after both", got)
	}
	if err := os.Remove(filepath.Join(s.dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.now = s.now.Add(lookEvery)
		if got := s.shown(t); got != "third" || s.failed != 2 {
			t.Errorf("without a key: %s, told %d times", got, s.failed)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	s := newSite(t, nil)
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		_, seen, err := s.shake(t, &tls.Config{MinVersion: version, MaxVersion: version, NextProtos: []string{"h2"}})
		if (err == nil) != want || want && (seen.Version != version || seen.NegotiatedProtocol != "h2") {
			t.Errorf("%x: %v", version, err)
		}
	}
}

// A client need not show a certificate, but one that it shows is of the authority.
func TestClientsCertificates(t *testing.T) {
	clients, others := newAuthority(t), newAuthority(t)
	s := newSite(t, clients)
	show := func(a *authority) *tls.Config {
		cert, key, _, _ := a.make(t, "app", false)
		return &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}, nil
		}}
	}
	if got, _, err := s.shake(t, show(clients)); err != nil || len(got.VerifiedChains) != 1 || got.PeerCertificates[0].Subject.CommonName != "app" {
		t.Errorf("of the authority: %v, %d chains", err, len(got.VerifiedChains))
	}
	if got, _, err := s.shake(t, &tls.Config{}); err != nil || len(got.PeerCertificates) != 0 {
		t.Errorf("none: %v", err)
	}
	if _, _, err := s.shake(t, show(others)); err == nil {
		t.Error("another authority's is taken")
	}
	s.write(t, "clients.pem", others.pem)
	s.now = s.now.Add(lookEvery)
	if _, _, err := s.shake(t, show(others)); err != nil {
		t.Errorf("after a change of the authority: %v", err)
	}
	if _, _, err := s.shake(t, show(clients)); err == nil {
		t.Error("the authority before is still taken")
	}
}

// What a client shows counts only where it was verified.
func TestShown(t *testing.T) {
	cert, _, _, _ := newAuthority(t).make(t, "app", false)
	shown := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
	if got := Shown(shown); len(got) != 64 || got != KeyOf(cert) {
		t.Errorf("%q", got)
	}
	shown.VerifiedChains = nil
	if Shown(shown) != "" || Shown(nil) != "" || Shown(&tls.ConnectionState{}) != "" {
		t.Error("one that was not verified is shown")
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	s := newSite(t, nil)
	path := func(name string) string { return filepath.Join(s.dir, name) }
	s.write(t, "text.pem", []byte("no certificate"))
	open := path("open.pem")
	key, err := os.ReadFile(path("key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(open, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files Files
		id    string
	}{
		"no file":        {Files{Cert: path("nosuch"), Key: path("key.pem")}, "listen_pem"},
		"no certificate": {Files{Cert: path("text.pem"), Key: path("key.pem")}, "listen_pem"},
		"no key":         {Files{Cert: path("cert.pem"), Key: path("text.pem")}, "listen_pem"},
		"no authority":   {Files{Cert: path("cert.pem"), Key: path("key.pem"), ClientCA: path("text.pem")}, "listen_pem"},
		"an open key":    {Files{Cert: path("cert.pem"), Key: open}, "listen_key_open"},
	} {
		if _, err := Load(c.files, nil); err == nil || errs.From(err).ID != c.id || errs.CodeOf(err) != errs.ConfigInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
