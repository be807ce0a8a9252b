package mysql

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/lianji/lianji/internal/safego"
)

// greeting is what a server says first: a version, a challenge, and whether it can
// do TLS.
func greeting(able uint32, plugin string) []byte {
	body := append([]byte{10}, "8.0.0\x00"...)
	body = append(body, 1, 0, 0, 0)
	body = append(body, "12345678\x00"...)
	able |= 1<<9 | 1<<15 | 1<<19 | 1 // protocol 4.1, secure connection, plugins, MySQL
	body = append(body, byte(able), byte(able>>8), 45, 2, 0, byte(able>>16), byte(able>>24), 21)
	body = append(body, make([]byte, 10)...)
	body = append(body, "123456789012\x00"...)
	body = append(body, plugin+"\x00"...)
	return append([]byte{byte(len(body)), 0, 0, 0}, body...)
}

// pretend runs a server that greets, and gives the packets that it was sent until the
// client goes; after each of the client's first packets it says the next answer.
func pretend(t *testing.T, hello []byte, answers ...[]byte) (address string, seen <-chan []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	packets := make(chan []byte, 10)
	done := safego.Run(func() error {
		defer close(packets)
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write(hello); err != nil {
			return err
		}
		for {
			head := make([]byte, packetHeader)
			if _, err := io.ReadFull(conn, head); err != nil {
				return nil
			}
			body := make([]byte, packetSize(head))
			if _, err := io.ReadFull(conn, body); err != nil {
				return nil
			}
			packets <- append(head, body...)
			if len(answers) > 0 {
				if _, err := conn.Write(answers[0]); err != nil {
					return err
				}
				answers = answers[1:]
			}
		}
	})
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String(), packets
}

// Where TLS is demanded a server that does not offer it gets no login, and one that
// does gets the head of one, without a name.
func TestLoginWithoutTLS(t *testing.T) {
	c := &config{network: "tcp", user: "reader", password: "secret", timeout: defaultTimeout, tls: &tls.Config{InsecureSkipVerify: true}}
	var seen <-chan []byte
	c.address, seen = pretend(t, greeting(0, "caching_sha2_password"))
	if _, err := login(t.Context(), c); !errors.Is(err, errNoTLS) {
		t.Errorf("want no TLS: %v", err)
	}
	for p := range seen {
		t.Errorf("the server was sent %q", p)
	}
	c.address, seen = pretend(t, greeting(canSSL, "caching_sha2_password"), []byte("no handshake of TLS at all"))
	if _, err := login(t.Context(), c); err == nil {
		t.Error("a server that says TLS and does none was logged in to")
	}
	first := <-seen
	if len(first) != packetHeader+32 || first[3] != 1 {
		t.Errorf("the beginning of TLS is %q", first)
	}
}

// A password is never sent so that whoever answers can read it: neither when the
// server asks for the whole of it without TLS, nor by a key that it gives itself.
func TestPasswordIsNotExposed(t *testing.T) {
	c := &config{network: "tcp", user: "reader", password: "secret", timeout: defaultTimeout}
	full := []byte{2, 0, 0, 2, 1, 4} // asks for the password
	var seen <-chan []byte
	c.address, seen = pretend(t, greeting(0, "caching_sha2_password"), full)
	if _, err := login(t.Context(), c); !errors.Is(err, errExposed) {
		t.Errorf("want a refusal: %v", err)
	}
	sent := 0
	for p := range seen {
		if sent++; slices.Equal(p[packetHeader:], []byte("secret\x00")) || sent > 1 {
			t.Errorf("the server was sent %q", p)
		}
	}
	// With TLS preferred and none there it is the same.
	c.tls, c.fallback = &tls.Config{InsecureSkipVerify: true}, true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c.address = l.Addr().String()
	var all []byte
	done := safego.Run(func() error {
		for range 2 { // once with TLS in mind, once without
			conn, err := l.Accept()
			if err != nil {
				return err
			}
			_, _ = conn.Write(greeting(0, "caching_sha2_password"))
			if head := make([]byte, packetHeader); len(all) == 0 {
				if _, err := io.ReadFull(conn, head); err == nil {
					body := make([]byte, packetSize(head))
					_, _ = io.ReadFull(conn, body)
					_, _ = conn.Write(full)
					rest, _ := io.ReadAll(conn)
					all = append(append(all, body...), rest...)
				}
			}
			_ = conn.Close()
		}
		return nil
	})
	if _, err := login(t.Context(), c); !errors.Is(err, errExposed) {
		t.Errorf("preferred: want a refusal: %v", err)
	}
	if err := <-done; err != nil || len(all) == 0 || bytes.Contains(all, []byte("secret")) {
		t.Errorf("preferred: the server was sent %q, %v", all, err)
	}
}

// The login asks for nothing that would let a server read files here.
func TestLoginCapabilities(t *testing.T) {
	c := &config{network: "tcp", user: "reader", password: "secret", timeout: defaultTimeout, here: true}
	var seen <-chan []byte
	c.address, seen = pretend(t, greeting(0xFFFFFFFF&^canSSL, "mysql_native_password"), []byte{7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0})
	conn, err := login(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := <-seen
	able := uint32(p[4]) | uint32(p[5])<<8 | uint32(p[6])<<16 | uint32(p[7])<<24
	if able&(canLocalFiles|canDeprecateEOF|canSSL) != 0 || able&(1<<9) == 0 {
		t.Errorf("capabilities %#x", able)
	}
}

// Packets keep their borders and get other numbers, however the bytes are cut.
func TestRenumber(t *testing.T) {
	stream := []byte{2, 0, 0, 1, 'a', 'b', 0, 0, 0, 2, 1, 0, 0, 255, 'c'}
	want := []byte{2, 0, 0, 2, 'a', 'b', 0, 0, 0, 3, 1, 0, 0, 0, 'c'}
	for cut := range stream {
		got := slices.Clone(stream)
		var k packets
		k.renumber(got[:cut], +1)
		k.renumber(got[cut:], +1)
		if !slices.Equal(got, want) {
			t.Errorf("cut at %d: %v", cut, got)
		}
	}
}
