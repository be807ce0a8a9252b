package flightsql

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/listen"
	"github.com/lianji/lianji/server/servertest"
)

// pair is a certificate that signed itself, and who trusts it.
func pair(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, trusted
}

func dialed(t *testing.T, address string, creds credentials.TransportCredentials) *fsql.Client {
	t.Helper()
	client, err := fsql.NewClient(address, nil, nil, grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// With TLS the door takes nothing else.
func TestTLS(t *testing.T) {
	own, trusted := pair(t)
	address := opened(t, Options{
		Querier: &servertest.Querier{}, Session: newOffice().session,
		TLS: &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12},
	})
	for _, c := range []struct {
		name  string
		creds credentials.TransportCredentials
		ok    bool
	}{{"tls", credentials.NewTLS(&tls.Config{RootCAs: trusted}), true}, {"plain", insecure.NewCredentials(), false}} {
		if _, err := dialed(t, address, c.creds).Execute(as(t, "wang"), "SELECT 1"); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A certificate that the clients' authority signed stands for its owner on every call that
// says nothing else of who makes it.
func TestClientCertificate(t *testing.T) {
	own, trusted := pair(t)
	app, clients := pair(t)
	stranger, _ := pair(t)
	var mu sync.Mutex
	var asked []server.Asker
	door := &tls.Config{Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12, ClientCAs: clients, ClientAuth: tls.VerifyClientCertIfGiven}
	address := opened(t, Options{
		Querier: &servertest.Querier{},
		TLS:     &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return door, nil }},
		Session: func(_ context.Context, by server.Asker) (server.Session, error) {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, by)
			if by.Token != "" || by.Certificate != listen.KeyOf(app.Leaf) {
				return server.Session{}, errs.New(errs.Unauthenticated, "unauthenticated", nil)
			}
			return server.Session{Snapshot: snapshot{identity: "a"}, Principal: "mz.app"}, nil
		},
	})
	with := func(certs ...tls.Certificate) *fsql.Client {
		return dialed(t, address, credentials.NewTLS(&tls.Config{RootCAs: trusted, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certs) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certs[0], nil
		}}))
	}
	certified := with(app)
	info, err := certified.Execute(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certified.DoGet(t.Context(), info.Endpoint[0].Ticket); err != nil {
		t.Errorf("its rows: %v", err)
	}
	for name, c := range map[string]*fsql.Client{"none": with(), "of another authority": with(stranger)} {
		if _, err := c.Execute(t.Context(), "SELECT 1"); err == nil {
			t.Errorf("%s: it opens", name)
		}
	}
	if _, err := certified.Execute(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer wrong"), "SELECT 1"); err == nil {
		t.Error("it opens beside a wrong token")
	}
	// Who shakes hands by certificate gets no word that would then stand in its place.
	shake, err := certified.Client.Handshake(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := shake.CloseSend(); err != nil {
		t.Fatal(err)
	}
	header, err := shake.Header()
	if err != nil || len(header.Get(authorizationHeader)) != 0 || len(header.Get(QueryIDHeader)) != 1 {
		t.Errorf("a handshake gives %v, %v", header, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) < 4 || asked[0].Door != "flight" || asked[0].Client != "127.0.0.1" {
		t.Errorf("asked by %+v", asked)
	}
}
