package pgwire

import (
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

// tellPlace tells the client, until stop is called, which place its statement has that waits
// for its turn: the first time after a moment, and then when the place has changed. Nothing
// else writes to the connection meanwhile.
func (c *conn) tellPlace(s server.Session, query string) (stop func()) {
	queue, ok := c.door.Querier.(server.Queue)
	if !ok {
		return func() {}
	}
	end := make(chan struct{})
	told := safego.Run(func() error {
		tick := time.NewTicker(c.door.Limits.PlaceEvery)
		defer tick.Stop()
		last := 0
		for {
			select {
			case <-end:
				return nil
			case <-tick.C:
			}
			place, waits := queue.Place(s, query)
			if !waits || place == last {
				continue
			}
			last = place
			c.send(&pgproto3.NoticeResponse{
				Severity: "NOTICE", SeverityUnlocalized: "NOTICE", Code: "00000", Message: msg.Text("pgwire_place", msg.Args{"Place": place}, c.settings.langs()...),
			})
			if err := c.flush(); err != nil {
				return err
			}
		}
	})
	return func() {
		close(end)
		<-told // who cannot be told is noticed by what comes next
	}
}
