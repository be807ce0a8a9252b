package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/server"
)

// PlaceHeader is the header that has the place in the queue of a statement that waits for its
// turn, in interim answers (102). It is also the option of the header Connection by which a
// client asks for such answers.
const PlaceHeader = "Lianji-Place"

// tellPlace tells the client, until stop is called, which place its statement has that waits
// for its turn. There are clients that take an interim answer for the answer, and proxies
// that then hand the answer to whoever asks next: so only who asks for them gets some, and by
// an option of the connection, which no proxy hands on.
func (q *ask) tellPlace(s server.Session) (stop func()) {
	if !q.r.ProtoAtLeast(1, 1) || !slices.ContainsFunc(strings.Split(strings.Join(q.r.Header.Values("Connection"), ","), ","), isPlace) {
		return func() {}
	}
	rc := http.NewResponseController(q.w)
	return server.TellPlace(q.door.Querier, s, q.id, q.door.PlaceEvery, func(place int) error {
		if err := rc.SetWriteDeadline(time.Now().Add(q.door.ClientWait)); err != nil {
			return err
		}
		h := q.w.Header()
		h.Set(PlaceHeader, strconv.Itoa(place))
		q.w.WriteHeader(http.StatusProcessing)
		h.Del(PlaceHeader)
		return nil
	})
}

func isPlace(option string) bool { return strings.EqualFold(strings.TrimSpace(option), PlaceHeader) }
