package httpapi

import (
	"net/http"

	"golang.org/x/sync/semaphore"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/turns"
)

// Bodies come in before anybody knows whose they are, so all together have a bound. Small
// ones need no place in it: there are at most as many as connections.
const (
	smallBody  = 16 << 10
	mostBodies = 256 << 20
)

// withRoom refuses a request whose body has no room beside those of others.
func withRoom(next http.Handler, most int64) http.Handler {
	room := semaphore.NewWeighted(most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := r.ContentLength
		if size < 0 || size > maxBody { // not told, or refused when it was read so far
			size = maxBody
		}
		if size <= smallBody {
			next.ServeHTTP(w, r)
			return
		}
		if !room.TryAcquire(size) {
			e := errs.New(errs.QueueFull, "http_bodies", nil)
			e.RetryAfter = turns.RetryAfter
			unread(w, r, func() { refuse(w, r, http.StatusServiceUnavailable, e) })
			return
		}
		defer room.Release(size)
		next.ServeHTTP(w, r)
	})
}
