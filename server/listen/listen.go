// Package listen opens the sockets of all doors by one rule: without TLS this machine
// alone is served, and with it whoever can reach the address. It keeps the certificates.
package listen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Reach says from where a door may be reached.
type Reach uint8

// The reaches.
const (
	Loopback Reach = iota // from this machine
	Anywhere
)

// TCP listens on an address. A host with any address that may not be listened on is
// refused. The host is looked up once, and listened on by number.
func TCP(ctx context.Context, address string, reach Reach) (net.Listener, error) {
	chosen, err := choose(ctx, address, reach)
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", chosen)
	if err != nil {
		id := "http_cannot_listen"
		if errors.Is(err, syscall.EADDRINUSE) {
			id = "http_in_use"
		}
		return nil, errs.Wrap(errs.ConfigInvalid, id, msg.Args{"Address": address}, err)
	}
	return ln, nil
}

// Check tells whether TCP would take an address, without listening.
func Check(ctx context.Context, address string, reach Reach) error {
	_, err := choose(ctx, address, reach)
	return err
}

// choose gives the address to listen on, by number.
func choose(ctx context.Context, address string, reach Reach) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return "", errs.New(errs.ConfigInvalid, "http_address", msg.Args{"Address": address})
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", errs.Wrap(errs.ConfigInvalid, "http_cannot_listen", msg.Args{"Address": address}, err)
	}
	chosen, ok := first(ips, reach)
	if !ok {
		return "", errs.New(errs.ConfigInvalid, "http_not_loopback", msg.Args{"Address": address})
	}
	return net.JoinHostPort(chosen.String(), port), nil
}

// first gives the address to listen on, IPv4 first; false when there is none or when one
// of them is not within reach.
func first(ips []netip.Addr, reach Reach) (chosen netip.Addr, ok bool) {
	for _, ip := range ips {
		ip = ip.Unmap()
		if reach != Anywhere && !ip.IsLoopback() {
			return netip.Addr{}, false
		}
		if !chosen.IsValid() || (ip.Is4() && !chosen.Is4()) {
			chosen = ip
		}
	}
	return chosen, chosen.IsValid()
}
