package postgres_test

import (
	"net"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// What answers at the address is another kind of server: nobody is told to go without
// encryption for that.
func TestAnotherKindOfServer(t *testing.T) {
	for name, greeting := range map[string]string{
		"a web server":  "HTTP/1.1 400 Bad Request\r\n\r\n",
		"MariaDB":       "\x5a\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB\x00",
		"a mail server": "220 mail ESMTP\r\n",
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := safego.Run(func() error {
			for {
				c, err := ln.Accept()
				if err != nil {
					return nil
				}
				if _, err := c.Read(make([]byte, 8)); err != nil {
					return err
				}
				if _, err := c.Write([]byte(greeting)); err != nil {
					return err
				}
				_, _ = c.Read(make([]byte, 1)) // until the other side is gone
				_ = c.Close()
			}
		})
		for _, mode := range []string{"require", "prefer", "disable"} {
			_, err := open(t, "postgres://u:hunter2@"+ln.Addr().String()+"/d?sslmode="+mode, 1).Ping(t.Context())
			e := errs.From(err)
			if e == nil || e.ID != "postgres_other_server" || strings.Contains(e.Error()+e.Detail, "%!") || strings.Contains(e.Error(), "disable") {
				t.Errorf("%s, %s: %v", name, mode, err)
			}
		}
		_ = ln.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
