package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
)

const problemType = "application/problem+json"

// maxLanguages is the longest Accept-Language header that is looked at.
const maxLanguages = 256

func languages(r *http.Request) []string {
	wanted := r.Header.Get("Accept-Language")
	if wanted == "" || len(wanted) > maxLanguages {
		return nil
	}
	return []string{wanted}
}

// refuse answers with a problem for a request that never became a query.
func refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	p := output.ProblemOf(err, "", languages(r)...)
	p.Status = status
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p output.Problem) {
	body, err := json.Marshal(p)
	if err != nil { // texts and numbers alone: it cannot fail
		body = []byte(`{"code":"` + string(errs.Internal) + `"}`)
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Add("Vary", "Accept-Language")
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(p.RetryAfter, 10))
	}
	w.WriteHeader(p.Status)
	// A client that has gone away needs no answer.
	_, _ = w.Write(append(body, '\n'))
}
