package listen

import (
	"net"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

func TestReach(t *testing.T) {
	for address, want := range map[string][2]string{ // from this machine, from anywhere
		"127.0.0.1:0": {"", ""}, "localhost:0": {"", ""}, "127.0.0.2:0": {"", ""},
		"0.0.0.0:0": {"http_not_loopback", ""}, "192.0.2.1:0": {"http_not_loopback", "http_cannot_listen"}, "[::ffff:10.255.255.254]:0": {"http_not_loopback", "http_cannot_listen"},
		":0": {"http_address", "http_address"}, "127.0.0.1": {"http_address", "http_address"}, "no-such-host.invalid:0": {"http_cannot_listen", "http_cannot_listen"},
	} {
		for reach, id := range want {
			ln, err := TCP(t.Context(), address, Reach(reach))
			if err == nil {
				if ip := ln.Addr().(*net.TCPAddr).IP; Reach(reach) == Loopback && !ip.IsLoopback() {
					t.Errorf("%s listens on %s", address, ip)
				}
				_ = ln.Close()
			}
			if e := errs.From(err); (e == nil) != (id == "") || (e != nil && (e.ID != id || e.Code != errs.ConfigInvalid)) {
				t.Errorf("%s, reach %d: %v, want %q", address, reach, err, id)
			}
			if err := Check(t.Context(), address, Reach(reach)); id != "http_cannot_listen" && (err != nil) != (id != "") {
				t.Errorf("%s, reach %d: checked %v", address, reach, err)
			}
		}
	}
	ln, err := TCP(t.Context(), "127.0.0.1:0", Loopback)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	if _, err := TCP(t.Context(), ln.Addr().String(), Anywhere); errs.From(err).ID != "http_in_use" {
		t.Errorf("a taken port: %v", err)
	}
}
