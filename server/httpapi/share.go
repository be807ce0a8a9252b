package httpapi

import (
	"errors"
	"net/http"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
)

// Bearer gives the token of a request, empty where it sends none. Parts of the door that
// stand in packages of their own read requests as the door does.
func Bearer(r *http.Request) (string, error) { return bearer(r) }

// Body reads a request's JSON, of at most some MiB.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) { return body(w, r) }

// WithStatus gives an error another HTTP status than its code has.
func WithStatus(status int, err *errs.Error) error { return &refused{status, err} }

// Refuse answers with a problem.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := output.ProblemOf(err, "", languages(r)...)
	var own *refused
	if errors.As(err, &own) {
		p.Status = own.status
	}
	if p.Code == errs.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeProblem(w, p)
}
