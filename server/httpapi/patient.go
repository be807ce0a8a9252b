package httpapi

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// patient writes an answer, as long as the client takes it at a pace. A client that
// does not ends with errs.ClientSlow: what its statement holds is for others.
type patient struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	patience *server.Patience
}

func newPatient(w http.ResponseWriter, limit time.Duration) *patient {
	return &patient{w: w, rc: http.NewResponseController(w), patience: server.NewPatience(limit)}
}

func (p *patient) Write(b []byte) (n int, err error) {
	err = p.within(len(b), func() error {
		n, err = p.w.Write(b)
		return err
	})
	return n, err
}

func (p *patient) Flush() error { return p.within(0, p.rc.Flush) }

// within runs what hands n bytes to the client, with a deadline.
func (p *patient) within(n int, hand func() error) error {
	began := time.Now()
	if err := p.rc.SetWriteDeadline(began.Add(p.patience.Left(n))); err != nil {
		return err
	}
	err := hand()
	p.patience.Took(n, time.Since(began))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errs.Wrap(errs.ClientSlow, "http_client_slow", nil, err)
	}
	return err
}
