package httpapi

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// pace is how many bytes a second a client has to take, on the whole: slower ones use
// up the time that they may keep a statement waiting.
const pace = 64 << 10

// patience is how much longer a client may keep its statement waiting. Bytes that it
// takes win back the time that the pace allows for them, but no more than there was:
// what buffers on the way took in at the beginning is no credit for later.
type patience struct {
	limit time.Duration
	used  time.Duration
}

// left is how long the client may take for n more bytes.
func (p *patience) left(n int) time.Duration { return p.limit - p.used + atPace(n) }

// took notes n bytes that kept the statement waiting.
func (p *patience) took(n int, waited time.Duration) {
	p.used = max(p.used+waited-atPace(n), 0)
}

func atPace(n int) time.Duration { return time.Duration(n) * time.Second / pace }

// patient writes an answer, as long as the client takes it at a pace. A client that
// does not ends with errs.ClientSlow: what its statement holds is for others.
type patient struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	patience
}

func newPatient(w http.ResponseWriter, limit time.Duration) *patient {
	return &patient{w: w, rc: http.NewResponseController(w), patience: patience{limit: limit}}
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
	if err := p.rc.SetWriteDeadline(began.Add(p.left(n))); err != nil {
		return err
	}
	err := hand()
	p.took(n, time.Since(began))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errs.Wrap(errs.ClientSlow, "http_client_slow", nil, err)
	}
	return err
}
