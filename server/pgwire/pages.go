package pgwire

import (
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// nextPage is the cursor that has the page after the one with which a statement ended that
// was no cursor's. It is there until the next such statement, and holds nothing before it
// is fetched from.
const nextPage = "next_page"

// cut tells that there are more rows than on-line browsing shows, and how to see them.
func (c *conn) cut(p *portal, f server.Footer) {
	if f.Cut == "" {
		return
	}
	langs := c.settings.langs()
	m := &pgproto3.NoticeResponse{
		Severity: "WARNING", SeverityUnlocalized: "WARNING", Code: "01004", Message: msg.Text("pgwire_truncated", nil, langs...),
	}
	if f.NextPage != "" {
		name := nextPage
		if p.cursor && p.name != nextPage {
			name = catalog.QuoteIdent(p.name)
		}
		m.Hint = msg.Text("pgwire_next_page", msg.Args{"Name": name}, langs...)
	}
	c.send(m)
}

// turn makes ready for the page that follows a portal's, if there is one. What was fetched
// of the portal is released. A cursor goes on with the page; the cursor next_page has that
// of any other statement.
func (c *conn) turn(p *portal, page string) {
	next := &portal{
		name: p.name, sql: p.sql, offset: -1, formats: p.formats, columns: p.columns, size: p.size, hold: p.hold, style: p.style,
		cursor: true, path: p.path, page: page, query: newID(),
	}
	switch {
	case p.cursor && page != "":
		*p = *next
	case p.cursor:
	case page != "":
		next.name, next.formats, next.size, next.hold = nextPage, nil, 0, true
		c.closeNext()
		c.next = next
	case p.answer.Truncated != nil: // else it is about the catalogue, as clients ask on their own
		c.closeNext()
	}
}

// closeNext ends the cursor next_page.
func (c *conn) closeNext() {
	if c.next != nil {
		c.release(c.next, nil)
		c.next = nil
	}
}

// closeCursor ends a cursor, which is open.
func (c *conn) closeCursor(name string) {
	if c.portals[name] == nil && name == nextPage {
		c.closeNext()
		return
	}
	c.closePortal(name)
}
