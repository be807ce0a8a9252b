package pgwire

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/command"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// portal is a statement with its parameters, ready to run or running.
type portal struct {
	name    string
	number  int // of those that the connection has opened
	sql     string
	offset  int             // of sql in what the client sent, for the places of errors; -1 when it is not in there
	command command.Command // of the door's own; Kind None: the gateway's
	params  []server.Param
	formats []int16
	columns []catalog.Column // as the client was told; nil when it was not
	size    int              // bytes kept of it
	hold    bool             // it outlives its transaction
	cursor  bool             // it was declared, or is next_page
	path    []string         // the search path with which the statement of a page began
	page    string           // of on-line browsing, that is asked for in the place of sql; empty for none
	style   pgvalue.Style

	query  string // the query's id
	ctx    context.Context
	cancel context.CancelCauseFunc
	answer *server.Answer
	// identity is that of what was open when it began.
	identity string
	rows     *rows
	done     bool // it ran to its end
	failed   bool // it broke off: what is left of it can never be had
	given    int64
	began    time.Time
	logged   bool
	followed string // the id of the trace by which it is followed; empty when it is not
}

func newID() string { return strings.ToLower(rand.Text()[:16]) }

// open starts a portal's statement, if it was not started before. The session is asked for
// anew each time: what it may see can have ended since.
func (c *conn) open(ctx context.Context, p *portal) error {
	session, err := c.session(ctx)
	if err != nil {
		return c.refuse(ctx, err, p.query, "")
	}
	if p.rows != nil {
		return p.holds(session)
	}
	p.identity = identity(session)
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.began = time.Now()
	return c.during(p, func() error {
		var answer *server.Answer
		err := safego.Call(func() (err error) {
			q := c.querier()
			defer func() { p.style = q.style }()
			r := server.Request{ID: p.query, SQL: p.sql, Params: p.params, Pages: true, Traceparent: c.settings.text(traceSetting), TraceID: &p.followed}
			if p.page == "" {
				p.path = q.path
			} else {
				q.path = p.path
				r = server.Request{ID: p.query, Page: p.page, Pages: true, Traceparent: c.settings.text(traceSetting), TraceID: &p.followed}
			}
			stop := c.tellPlace(session, p.query)
			defer stop()
			answer, err = q.Query(p.ctx, session, r)
			return err
		})
		if err != nil {
			return why(p.ctx, err)
		}
		p.answer = answer
		p.rows = &rows{columns: answer.Columns, stream: answer.Stream, style: p.style}
		if p.columns != nil && !sameColumns(p.columns, answer.Columns) {
			return errs.New(errs.NotSupported, "pgwire_changed", nil)
		}
		p.columns = answer.Columns
		return nil
	})
}

// holds tells whether the rows that are left may still be given: those of a batch that came
// before a grant ended may not. What the catalogue said holds as long as all that is open.
func (p *portal) holds(now server.Session) error {
	switch {
	case p.answer.Holds != nil:
		return p.answer.Holds()
	case identity(now) != p.identity:
		return errs.New(errs.Revoked, "policy_revoked", nil)
	}
	return nil
}

// identity is that of what a session may see.
func identity(s server.Session) string { return policy.OrDenied(s.Snapshot).Identity() }

func sameColumns(a, b []catalog.Column) bool {
	return slices.EqualFunc(a, b, func(x, y catalog.Column) bool { return x.Name == y.Name && x.Type.Equal(y.Type) })
}

// during runs a part of a portal's work: what the client does meanwhile can end it, and so
// can its own time-out.
func (c *conn) during(p *portal, do func() error) error {
	c.setRunning(p.cancel)
	defer c.setRunning(nil)
	stop := c.link.watch(func() { p.cancel(goneError()) })
	defer stop()
	if limit := c.settings.timeout(); limit > 0 {
		timer := time.AfterFunc(limit, func() { p.cancel(errs.New(errs.Timeout, "timeout", nil)) })
		defer timer.Stop()
	}
	err := safego.Call(do)
	return err
}

// fetch hands up to most rows of a portal to a sink, all that are left when most is 0.
func (c *conn) fetch(ctx context.Context, p *portal, most int, formats []int16, to sink) (n int, err error) {
	if p.failed {
		return 0, state("55000", errs.Conflict, "pgwire_portal_failed", nil)
	}
	if p.done {
		return 0, nil
	}
	err = c.open(ctx, p)
	if err == nil {
		err = c.during(p, func() error {
			e := &encoder{c: c, formats: formats}
			var err error
			n, err = p.rows.hand(p.ctx, e, most, to)
			return err
		})
	}
	p.given += int64(n)
	if err != nil {
		p.failed = true
		c.release(p, err)
		return n, &asked{err, p.query, p.offset}
	}
	if p.rows.ended {
		f := c.footer(p)
		c.release(p, nil)
		c.turn(p, f.NextPage)
	}
	return n, nil
}

// footer tells what is to be known of an answer that is whole: what its reader has to know
// as warnings, all of it where the client asked for that.
func (c *conn) footer(p *portal) server.Footer {
	langs := c.settings.langs()
	f := p.answer.Footer(p.given)
	for _, w := range f.Warnings {
		c.notice("01000", w.Text(langs...))
	}
	c.cut(p, f)
	if c.settings.text(footerSetting) != "on" {
		return f
	}
	lines := []string{msg.Text("output_count", msg.Args{"Rows": f.Rows}, langs...)}
	if len(f.Sources) > 0 {
		lines = append(lines, output.SourcesText(f.Sources, langs...))
	}
	c.send(&pgproto3.NoticeResponse{
		Severity: "NOTICE", SeverityUnlocalized: "NOTICE", Code: "00000", Message: strings.Join(lines, "\n"), Detail: output.FooterLine(f, p.query, langs...),
	})
	return f
}

// release frees what a portal holds and writes its line in the log; it gives no more rows.
func (c *conn) release(p *portal, err error) {
	p.done = true
	if p.answer != nil {
		if left := p.rows.unread(); left > 0 && p.answer.Unread != nil {
			p.answer.Unread(left)
		}
		p.rows.batch = nil
		p.answer.Stream.Release()
	}
	if p.cancel != nil {
		p.cancel(nil)
	}
	if p.logged || p.command.Kind != command.None && p.answer == nil {
		return
	}
	p.logged = true
	attrs := []slog.Attr{slog.String("id", p.query), slog.String("door", "postgres"), slog.Int64("rows", p.given)}
	if !p.began.IsZero() {
		attrs = append(attrs, slog.Duration("took", time.Since(p.began).Round(time.Microsecond)))
	}
	level, code := slog.LevelInfo, "ok"
	if err != nil {
		level, code = slog.LevelWarn, string(errs.CodeOf(err))
		var broken *brokenError
		if errors.As(err, &broken) {
			code = string(errs.CodeOf(broken.err))
		}
		if errs.From(err).ID == "pgwire_gone" || broken != nil && code != string(errs.ClientSlow) {
			code = "client_gone"
		} else {
			attrs = append(attrs, slog.Any("error", err))
		}
	}
	attrs = tracing.Attr(append(attrs, slog.String("code", code)), p.followed)
	c.door.Logger.LogAttrs(context.Background(), level, "query", attrs...)
}

// opens takes a portal among the connection's.
func (c *conn) opens(p *portal) {
	c.opened++
	p.number = c.opened
	c.portals[p.name] = p
}

// closePortal ends one.
func (c *conn) closePortal(name string) {
	p := c.portals[name]
	if p == nil {
		return
	}
	c.release(p, nil)
	c.kept -= p.size
	delete(c.portals, name)
}

// closePortals ends those of a transaction, or all.
func (c *conn) closePortals(all bool) {
	for name, p := range c.portals {
		if all || !p.hold {
			c.closePortal(name)
		}
	}
	if all {
		c.closeNext()
	}
}
