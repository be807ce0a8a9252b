package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server/resources"
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
// No header ever allows another origin to read an answer, but one that is listed.
func (d *door) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		if r.ContentLength != 0 {
			// Also what nobody reads: the server looks for its end before it answers.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readLimit)) // body looks at its error
		}
		switch {
		case !d.answersTo(r):
			refuse(w, r, http.StatusForbidden, errs.New(errs.Forbidden, "http_host", nil))
		case sameOrigin(r):
			next.ServeHTTP(w, r)
		case !d.listed(r):
			refuse(w, r, http.StatusForbidden, errs.New(errs.Forbidden, "http_origin", nil))
		default:
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			h.Add("Vary", "Origin")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
				h.Set("Access-Control-Allow-Headers", allowedHeaders)
				h.Set("Access-Control-Max-Age", "600") // seconds
				w.WriteHeader(http.StatusNoContent)
				return
			}
			h.Set("Access-Control-Expose-Headers", exposedHeaders)
			next.ServeHTTP(w, r)
		}
	})
}

// What pages of listed origins may send and read. They prove who asks by a token that they
// have; what the browser keeps of the gateway is never sent along.
const (
	allowedHeaders = "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent, " + NonceHeader
	exposedHeaders = "ETag, Location, Retry-After, " + QueryIDHeader + ", " + ReceiptTrailer + ", " + FooterTrailer + ", " + resources.NextPageHeader
)

// listed reports whether a page of another site sends the request that may read answers.
func (d *door) listed(r *http.Request) bool {
	sent := r.Header.Values("Origin")
	return len(sent) == 1 && slices.Contains(d.Origins, sent[0])
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

// answersTo reports whether a request names the gateway as it is called: by a listed
// name, by one that its certificate has, or, where other machines are served, by an
// address, which nobody can make another name point at.
func (d *door) answersTo(r *http.Request) bool {
	host := hostName(r.Host)
	if d.hosts[host] || r.TLS != nil && d.Certified != nil && d.Certified(strings.Trim(host, "[]")) {
		return true
	}
	if !d.Anywhere {
		return false
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

func sameOrigin(r *http.Request) bool {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, scheme+r.Host) {
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
