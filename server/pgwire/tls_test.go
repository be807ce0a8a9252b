package pgwire_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server/pgwire"
	"github.com/lianji/lianji/server/servertest"
)

// certificate is one of the test's own.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"gateway"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func TestTLS(t *testing.T) {
	feed := make(chan servertest.Row)
	q := &servertest.Querier{Feed: feed}
	s := open(t, q, func(o *pgwire.Options) { o.TLS = certificate(t) })
	dsn := "postgres://%E5%BC%A0%E4%B8%89:" + password + "@" + s.address + "/lianji?sslmode=require"
	c, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	// What a client does while its statement runs is noticed under TLS too.
	done := safego.Run(func() error {
		_, err := c.Exec(t.Context(), "SELECT 1").ReadAll()
		return err
	})
	awaitAsked(t, q, 1)
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantState(t, <-done, "57014")
	close(feed)
	for range 3 { // and reading goes on where it was
		mustRun(t, c, "SELECT 1", "SELECT 0\n")
	}
	// What came in the clear behind a request for TLS is none of the session's.
	w := s.raw(t)
	w.send(&pgproto3.SSLRequest{}, &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "张三"}})
	answer, _ := io.ReadAll(w.conn) // up to the end, of whatever kind
	if len(answer) == 0 || answer[0] != 'S' || len(answer) > 1 && answer[1] == 'R' {
		t.Errorf("answered %q", answer)
	}
}

// far is a listener whose clients look like ones of another machine.
type far struct{ net.Listener }

type farConn struct{ net.Conn }

func (farConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9} }

func (f far) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return farConn{c}, nil
}

// Other machines are let in with TLS alone, unless the operator says otherwise.
func TestOtherMachines(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		plain      bool
		state      string
	}{
		{"in the clear", "disable", false, "28P01"}, {"over TLS", "require", false, ""}, {"in the clear, allowed", "disable", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, &servertest.Querier{})
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			o := s.door
			o.TLS, o.Plain = certificate(t), c.plain
			ctx, end := context.WithCancel(context.Background())
			served := safego.Run(func() error { return pgwire.Serve(ctx, far{ln}, o) })
			defer func() {
				end()
				if err := <-served; err != nil {
					t.Error(err)
				}
			}()
			conn, err := pgconn.Connect(t.Context(), "postgres://%E5%BC%A0%E4%B8%89:"+password+"@"+ln.Addr().String()+"/lianji?sslmode="+c.mode)
			if c.state != "" {
				wantState(t, err, c.state)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close(t.Context())
		})
	}
}

// FuzzMessages: whatever a client sends after its login, the door goes on for others.
func FuzzMessages(f *testing.F) {
	for _, m := range [][]pgproto3.FrontendMessage{
		{&pgproto3.Query{String: "SELECT 1; FETCH 1 FROM c"}},
		{&pgproto3.Parse{Name: "s", Query: "SELECT $1", ParameterOIDs: []uint32{23}}, &pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 0, 0, 1}}}, &pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Sync{}},
		{&pgproto3.Describe{ObjectType: 'x'}, &pgproto3.Close{ObjectType: 'S'}, &pgproto3.Flush{}, &pgproto3.Sync{}},
		{&pgproto3.CopyData{Data: []byte("x")}, &pgproto3.CopyFail{}, &pgproto3.Terminate{}},
		{&pgproto3.PasswordMessage{Password: "x"}}, {&pgproto3.FunctionCall{Function: 1}},
	} {
		var b []byte
		for _, one := range m {
			var err error
			if b, err = one.Encode(b); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(b)
	}
	var s *site
	f.Fuzz(func(t *testing.T, sent []byte) {
		if s == nil {
			s = open(t, &servertest.Querier{})
		}
		w := s.dial(t)
		if _, err := w.conn.Write(sent); err != nil {
			t.Fatal(err)
		}
		if tcp, ok := w.conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite() // the door may have closed it
		}
		_, _ = io.Copy(io.Discard, w.conn) // up to the end
		mustRun(t, s.connect(t, ""), "SHOW server_version", "15.0\nSHOW\n")
		if err := s.end(); err != nil {
			t.Error(err)
		}
		s.end, s = func() error { return nil }, nil
	})
}
