package pgwire

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/server/pgwire/command"
)

// simple answers a text of any number of statements, one after the other: the first that
// fails ends them.
func (c *conn) simple(ctx context.Context, text string) error {
	pieces := command.Split(text)
	if len(pieces) == 0 {
		if err := c.enters(ctx); err != nil {
			return err
		}
		c.send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	for _, piece := range pieces {
		if err := c.one(ctx, piece); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) one(ctx context.Context, piece command.Piece) error {
	p, err := c.portalOf(piece.SQL, piece.Offset)
	if err != nil {
		return &asked{err, p.query, piece.Offset}
	}
	switch p.command.Kind {
	case command.None:
		return c.answer(ctx, p)
	case command.Copy:
		return c.copyOut(ctx, p)
	case command.Show, command.ShowAll, command.Fetch:
		columns, err := c.ownColumns(p)
		if err != nil {
			return &asked{err, "", piece.Offset}
		}
		c.send(&pgproto3.RowDescription{Fields: fields(columns, c.ownFormats(p, nil), c.ownStyle(p))})
	}
	tag, err := c.do(ctx, p, nil)
	if err != nil {
		return c.located(err, piece.Offset)
	}
	c.send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return nil
}

// portalOf reads a statement. In a transaction that failed, nothing but its end is read.
func (c *conn) portalOf(sql string, offset int) (*portal, error) {
	p := &portal{sql: sql, offset: offset, query: newID()}
	var err error
	if p.command, err = command.Parse(sql); err != nil {
		return p, err
	}
	return p, c.mayRun(p.command.Kind)
}

// answer runs a statement of the gateway's and sends all of its answer.
func (c *conn) answer(ctx context.Context, p *portal) error {
	if err := c.open(ctx, p); err != nil {
		c.release(p, err)
		return &asked{err, p.query, p.offset}
	}
	c.send(&pgproto3.RowDescription{Fields: fields(p.columns, nil, p.style)})
	n, err := c.fetch(ctx, p, 0, nil, c.sendRow)
	if err != nil {
		return err
	}
	c.send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT " + strconv.Itoa(n))})
	return nil
}
