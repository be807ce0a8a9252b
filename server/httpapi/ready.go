package httpapi

import (
	"net/http"

	"github.com/lianji/lianji/internal/errs"
)

// Guarded gives a handler behind the door's guard, for this machine's own names alone.
func Guarded(next http.Handler) http.Handler {
	return (&door{hosts: allowedHosts(nil)}).guard(next)
}

// Health answers that the process is up.
func Health(w http.ResponseWriter, _ *http.Request) { writeStatus(w, "ok") }

// Readiness answers whether the gateway can answer statements; ready gives nil while it
// can. A source that is away is no reason: statements over others are answered.
func Readiness(ready func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := ready(); err != nil {
			refuse(w, r, http.StatusServiceUnavailable, errs.From(err))
			return
		}
		writeStatus(w, "ready")
	}
}

func writeStatus(w http.ResponseWriter, status string) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away needs no answer.
	_, _ = w.Write([]byte("{\"status\":\"" + status + "\"}\n"))
}
