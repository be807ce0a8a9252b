package listen

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Files are the PEM files of a door's TLS. They are read again when they change.
type Files struct {
	Cert, Key string
	// ClientCA signs the certificates that clients may show; empty asks for none.
	ClientCA string
}

// Certificates are what the doors show of the gateway. They may be used by many
// goroutines.
type Certificates struct {
	files  Files
	failed func(error)
	now    func() time.Time

	mu      sync.Mutex
	looked  time.Time
	seen    [3]fs.FileInfo
	missing bool // a file was, when they were last looked at
	current *material
	configs map[string]*tls.Config // by protocol; made of current
}

type material struct {
	cert    tls.Certificate
	clients *x509.CertPool // nil asks for no certificate
}

// lookEvery is how often the files are looked at, at the most.
const lookEvery = time.Second

// Load reads the files. Failed hears, once for each change, when they were changed into
// something that cannot be used; the gateway then goes on with what it has. It may be nil.
func Load(files Files, failed func(error)) (*Certificates, error) {
	if failed == nil {
		failed = func(error) {}
	}
	c := &Certificates{files: files, failed: failed, now: time.Now}
	seen, err := c.stat()
	if err != nil {
		return nil, err
	}
	if c.current, err = c.read(); err != nil {
		return nil, err
	}
	c.seen, c.looked, c.configs = seen, c.now(), map[string]*tls.Config{}
	return c, nil
}

// Config gives the TLS of a door that speaks a protocol (ALPN, such as h2 or http/1.1;
// empty names none). Certificates that are renewed are in it without a restart.
func (c *Certificates) Config(protocol string) *tls.Config {
	outer := c.fresh(protocol).Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.fresh(protocol), nil }
	return outer
}

// Shown gives the SHA-256 of the public key (SPKI) of the certificate that a client showed
// and that client_ca signed, in hexadecimal digits; empty where it showed none.
func Shown(s *tls.ConnectionState) string {
	if s == nil || len(s.VerifiedChains) == 0 || len(s.PeerCertificates) == 0 {
		return ""
	}
	return KeyOf(s.PeerCertificates[0])
}

// KeyOf gives the SHA-256 of a certificate's public key, in hexadecimal digits. It stays
// the same when the certificate is renewed for its key.
func KeyOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// Leaf gives the certificate that is shown now.
func (c *Certificates) Leaf() *x509.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh()
	return c.current.cert.Leaf
}

// fresh gives the configuration for a handshake. It stays the same one until the files
// change, so that sessions can be resumed; none outlives the client's authority.
func (c *Certificates) fresh(protocol string) *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refresh()
	if made := c.configs[protocol]; made != nil {
		return made
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.current.cert}}
	if protocol != "" {
		t.NextProtos = []string{protocol}
	}
	if c.current.clients != nil {
		t.ClientCAs, t.ClientAuth = c.current.clients, tls.VerifyClientCertIfGiven
	}
	c.configs[protocol] = t
	return t
}

// refresh reads the files again when they have changed.
func (c *Certificates) refresh() {
	now := c.now()
	if since := now.Sub(c.looked); since >= 0 && since < lookEvery {
		return
	}
	c.looked = now
	seen, err := c.stat()
	if err != nil {
		if !c.missing {
			c.failed(err)
		}
		c.missing = true
		return
	}
	c.missing = false
	if same(seen, c.seen) {
		return
	}
	c.seen = seen
	next, err := c.read()
	if err != nil {
		c.failed(err)
		return
	}
	c.current, c.configs = next, map[string]*tls.Config{}
}

func (c *Certificates) stat() (seen [3]fs.FileInfo, err error) {
	for i, path := range []string{c.files.Cert, c.files.Key, c.files.ClientCA} {
		if path == "" {
			continue
		}
		if seen[i], err = os.Stat(path); err != nil {
			return seen, unusable(path, err)
		}
	}
	return seen, nil
}

func same(a, b [3]fs.FileInfo) bool {
	for i := range a {
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil || b[i] == nil, !os.SameFile(a[i], b[i]), !a[i].ModTime().Equal(b[i].ModTime()), a[i].Size() != b[i].Size():
			return false
		}
	}
	return true
}

// othersRead is the right of everybody on the machine to read a file.
const othersRead fs.FileMode = 0o004

func (c *Certificates) read() (*material, error) {
	info, err := os.Stat(c.files.Key)
	if err != nil {
		return nil, unusable(c.files.Key, err)
	}
	if info.Mode()&othersRead != 0 {
		return nil, errs.New(errs.ConfigInvalid, "listen_key_open", msg.Args{"File": c.files.Key})
	}
	m := &material{}
	if m.cert, err = tls.LoadX509KeyPair(c.files.Cert, c.files.Key); err != nil {
		return nil, unusable(c.files.Cert, err)
	}
	if m.cert.Leaf == nil {
		return nil, unusable(c.files.Cert, errors.New("no certificate"))
	}
	if c.files.ClientCA == "" {
		return m, nil
	}
	pem, err := os.ReadFile(c.files.ClientCA)
	if err != nil {
		return nil, unusable(c.files.ClientCA, err)
	}
	if m.clients = x509.NewCertPool(); !m.clients.AppendCertsFromPEM(pem) {
		return nil, unusable(c.files.ClientCA, errors.New("no certificate"))
	}
	return m, nil
}

func unusable(path string, err error) error {
	return errs.Wrap(errs.ConfigInvalid, "listen_pem", msg.Args{"File": path}, err)
}
