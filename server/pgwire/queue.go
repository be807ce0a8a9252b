package pgwire

import (
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// tellPlace tells the client, until stop is called, which place its statement has that waits
// for its turn. Nothing else writes to the connection meanwhile.
func (c *conn) tellPlace(s server.Session, query string) (stop func()) {
	return server.TellPlace(c.door.Querier, s, query, c.door.Limits.PlaceEvery, func(place int) error {
		c.send(&pgproto3.NoticeResponse{
			Severity: "NOTICE", SeverityUnlocalized: "NOTICE", Code: "00000", Message: msg.Text("pgwire_place", msg.Args{"Place": place}, c.settings.langs()...),
		})
		return c.flush()
	})
}
