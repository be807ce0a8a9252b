package httpapi

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

// Bounds of what is taken of somebody whom nobody knows.
const (
	maxLogin   = smallBody
	loginLimit = 10 * time.Second // for a login to come in
	restLimit  = time.Second      // for the rest of a body that is refused
)

// loginPath takes a password, which stands in the body.
const loginPath = "/v1/sessions"

// early looks at who sends a request before its body is waited for: one that shows nothing,
// or nothing that holds, is refused. A signature holds for a body alone, so that strangers'
// signed ones have an eighth of the room for bodies. Logins need none of it.
func (d *door) early(mux http.Handler) http.Handler {
	room := withRoom(mux, mostBodies)
	strangers := withRoom(room, mostBodies/8)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == loginPath:
			mux.ServeHTTP(w, r)
			return
		case d.Holds == nil || !strings.HasPrefix(r.URL.Path, "/v1/"):
			room.ServeHTTP(w, r)
			return
		}
		q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
		by := q.asker("", "")
		err := safego.Call(func() error { return q.holds(&by) })
		switch {
		case err == nil && by.Signed == nil:
			shown(r.Context())
		case err == nil && isStrangers(r.Context()):
			strangers.ServeHTTP(w, r)
			return
		case errs.CodeOf(err) == errs.Unauthenticated && r.ContentLength != 0:
			q.log(q.atOnce(by, err))
			return
		}
		room.ServeHTTP(w, r)
	})
}

// holds fills in what a request shows of its sender, and tells whether that holds as far as
// can be seen without its body.
func (q *ask) holds(by *server.Asker) error {
	switch err := who(q.r, nil, by); {
	case err != nil || by.Signed != nil:
		return err
	case by.Token == "" && by.Certificate == "":
		return errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return q.door.Holds(*by)
}

// atOnce refuses a request whose body was not read.
func (q *ask) atOnce(by server.Asker, err error) error {
	unread(q.w, q.r, func() { err = q.refused(by, err) })
	return err
}

// unread answers a request whose body was not read, without waiting for it. What is on its
// way is taken for a moment: most clients send all of it before they look for an answer.
func unread(w http.ResponseWriter, r *http.Request, answer func()) {
	w.Header().Set("Connection", "close") // else the server would wait for the body first
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(restLimit)) // without one it is waited for as long as before
	answer()
	if rc.Flush() == nil && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxBody)
	}
}

// loginBody reads the JSON of a login.
func loginBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	large := refusal(http.StatusRequestEntityTooLarge, "http_login_large", msg.Args{"KiB": maxLogin >> 10})
	return bodyWithin(w, r, maxLogin, loginLimit, large)
}
