package httpapi

import (
	"net"
	"net/http"
	"strings"

	"github.com/lianji/lianji/internal/errs"
)

// loopbackHosts are the names that a browser and a person use for this machine.
var loopbackHosts = []string{"localhost", "127.0.0.1", "[::1]"}

func allowedHosts(more []string) map[string]bool {
	hosts := map[string]bool{}
	for _, h := range append(more, loopbackHosts...) {
		if strings.Contains(h, ":") && !strings.HasPrefix(h, "[") {
			h = "[" + h + "]"
		}
		hosts[strings.ToLower(h)] = true
	}
	return hosts
}

// guard refuses what another web page could make a browser send. The Host header
// must be a name that the gateway was told to answer to: a foreign name that was
// made to point at this machine is not. A page's Origin must be the gateway itself.
// No header ever allows another origin to read an answer.
func (d *door) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		switch {
		case !d.hosts[hostName(r.Host)]:
			refuse(w, r, http.StatusForbidden, errs.New(errs.Forbidden, "http_host", nil))
		case !sameOrigin(r):
			refuse(w, r, http.StatusForbidden, errs.New(errs.Forbidden, "http_origin", nil))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// hostName takes the port off a Host header; what is not host or host:port gives
// a name that is on no list.
func hostName(host string) string {
	host = strings.ToLower(host)
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return host
	}
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

func sameOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return false
		}
	}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	return true
}
