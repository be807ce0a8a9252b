package audit

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.heads)
}

// Heads are given away while the log is written, and at its end for its last record.
func TestHeads(t *testing.T) {
	key, dir, heads := signer(t), t.TempDir(), &store{}
	l := opened(t, Options{Dir: dir, Signer: key, Heads: heads, headEvery: 5 * time.Millisecond})
	id := started(t, l, "q1")
	waitfor.True(t, time.Second, "a head of the start or later", func() bool {
		h, ok, err := heads.LastHead(t.Context(), "g1")
		return err == nil && ok && h.Number >= id.Number
	})
	shut(t, l)
	all := records(t, dir)
	last := all[len(all)-1]
	h, _, err := heads.LastHead(t.Context(), "g1")
	if err != nil || h.point() != last.point() || last.Kind != KindSeal {
		t.Errorf("the last head is %+v, the last record %d %s", h, last.Number, last.Kind)
	}
	for _, h := range heads.heads {
		if !h.Verify(key.Public()) {
			t.Errorf("head %d is not signed", h.Number)
		}
	}
	if r := verified(t, dir, heads.heads, key); !r.OK() {
		t.Errorf("%+v", r)
	}
	if n := heads.count(); n > len(all) {
		t.Errorf("%d heads of %d records: one that nothing was added to was given again", n, len(all))
	}
}

// A store that cannot be asked is no store without heads.
func TestHeadsUnreachable(t *testing.T) {
	away := errs.New(errs.SourceUnreachable, "internal", nil)
	if _, err := Open(t.Context(), Options{Dir: t.TempDir(), GatewayID: "g1", Signer: signer(t), Heads: &store{err: away}}); !errors.Is(err, away) {
		t.Errorf("opened without knowing the last head: %v", err)
	}
	heads := &store{}
	l := opened(t, Options{Dir: t.TempDir(), Heads: heads})
	heads.mu.Lock()
	heads.err = away
	heads.mu.Unlock()
	if err := l.Close(); !errors.Is(err, away) {
		t.Errorf("the last head was lost in silence: %v", err)
	}
}

// Each part of a head is signed, and a gateway's folder that was lost is missed.
func TestHeadIsSignedWhole(t *testing.T) {
	key := signer(t)
	h, err := key.signHead("g1", Point{Boot: "000001-aaaaaaaa", Number: 7, Hash: "h"}, "t")
	if err != nil || !h.Verify(key.Public()) || h.Verify() || h.Verify(signer(t).Public()) {
		t.Fatalf("%+v %v", h, err)
	}
	for name, change := range map[string]func(*Head){
		"gateway": func(h *Head) { h.Gateway = "g2" }, "boot": func(h *Head) { h.Boot = "000002-aaaaaaaa" },
		"number": func(h *Head) { h.Number++ }, "hash": func(h *Head) { h.Hash = "i" }, "time": func(h *Head) { h.Time = "u" },
		"algorithm": func(h *Head) { h.Algorithm = SM2 }, "signature": func(h *Head) { h.Signature = bytes.Clone(h.Signature); h.Signature[3] ^= 1 },
	} {
		other := h
		change(&other)
		if other.Verify(key.Public()) {
			t.Errorf("another %s passes", name)
		}
	}
}

func TestLostFolder(t *testing.T) {
	key, heads := signer(t), &store{}
	shut(t, opened(t, Options{Dir: t.TempDir(), Signer: key, Heads: heads}))
	dir := t.TempDir()
	l := opened(t, Options{Dir: dir, Signer: key, Heads: heads})
	if sequence(l.Boot()) != 2 {
		t.Errorf("boot %s takes the place of one that the store knows", l.Boot())
	}
	shut(t, l)
	// Also without the heads: the boot itself says what it lacks.
	if got := problems(verified(t, dir, nil, key)); !slices.Equal(got, []Problem{BootMissing}) {
		t.Errorf("%v", got)
	}
}

// In the gm profile everything is SM3 and SM2, and both profiles stand in one folder.
func TestNationalAlgorithms(t *testing.T) {
	dir := t.TempDir()
	gm, err := OpenSigner(filepath.Join(t.TempDir(), "sm2"), SM2)
	if err != nil {
		t.Fatal(err)
	}
	std, heads := signer(t), &store{}
	for _, key := range []*Signer{gm, std, gm} {
		l := opened(t, Options{Dir: dir, Signer: key, Heads: heads})
		started(t, l, "q")
		shut(t, l)
	}
	algorithms := map[string]int{}
	for _, r := range records(t, dir) {
		algorithms[r.Hashing]++
	}
	if algorithms["sm3"] == 0 || algorithms["sha256"] == 0 {
		t.Errorf("%v", algorithms)
	}
	keys := []PublicKey{gm.Public(), std.Public()}
	if r, err := Verify(dir, heads.heads, keys); err != nil || !r.OK() || len(r.Limits) != 0 || r.Seals < 3 {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := Verify(dir, nil, keys[1:]); err != nil || !slices.Contains(problems(r), UnknownKey) {
		t.Errorf("%+v %v", r, err)
	}
	parsed, err := ParsePublicKeys(append(gm.Public().PEM(), std.Public().PEM()...))
	if err != nil || len(parsed) != 2 || parsed[0].Algorithm != SM2 || parsed[1].Algorithm != Ed25519 || parsed[0].ID() != gm.KeyID() {
		t.Errorf("%+v %v", parsed, err)
	}
	other, err := OpenSigner(filepath.Join(t.TempDir(), "sm2"), SM2)
	if err != nil {
		t.Fatal(err)
	}
	m := []byte("message")
	sig, err := gm.sign(m)
	if err != nil || !gm.Public().verifies(m, sig) || gm.Public().verifies([]byte("messagf"), sig) || other.Public().verifies(m, sig) || std.Public().verifies(m, sig) {
		t.Errorf("SM2: %v", err)
	}
}

// syslogServer gives the messages that arrive, each without its frame.
func syslogServer(t *testing.T) (address string, pool *x509.CertPool, messages <-chan string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 100)
	done := safego.Run(func() error {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return nil
			}
			var n int
			r := bufio.NewReader(conn)
			if _, err := fmt.Fscanf(r, "%d ", &n); err == nil {
				m := make([]byte, n)
				if _, err := io.ReadFull(r, m); err == nil {
					got <- string(m)
				}
			}
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), pool, got
}

func TestSyslog(t *testing.T) {
	address, pool, messages := syslogServer(t)
	key := signer(t)
	l := opened(t, Options{Dir: t.TempDir(), Signer: key, Syslog: &Syslog{Address: address, TLS: &tls.Config{RootCAs: pool}}})
	shut(t, l)
	m := <-messages
	if !strings.HasPrefix(m, "<109>1 20") || !strings.Contains(m, "Z g1 lianji - audit-head - {") {
		t.Errorf("message %q", m)
	}
	var h Head
	if err := json.Unmarshal([]byte(m[strings.Index(m, "{"):]), &h); err != nil || !h.Verify(key.Public()) || h.Boot != l.Boot() {
		t.Errorf("head %+v %v", h, err)
	}
	if first, last := m, len(messages); last == 1 && <-messages == first {
		t.Error("one head was sent twice")
	}
	// A server that nobody vouches for gets nothing.
	l = opened(t, Options{Dir: t.TempDir(), Signer: key, Syslog: &Syslog{Address: address, TLS: &tls.Config{RootCAs: x509.NewCertPool()}}})
	if err := l.Close(); err == nil || len(messages) != 0 {
		t.Errorf("a head went to a stranger: %v", err)
	}
}
