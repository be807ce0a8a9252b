package pgwire

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server/pgwire/command"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// mayRun refuses what a transaction that failed does not do.
func (c *conn) mayRun(kind command.Kind) error {
	if c.tx.state != txFailed {
		return nil
	}
	switch kind {
	case command.Commit, command.Rollback, command.RollbackTo:
		return nil
	}
	return state("25P02", errs.RequestInvalid, "pgwire_failed_transaction", nil)
}

// located gives an error of a command of the door's own its place in what the client sent.
func (c *conn) located(err error, offset int) error {
	var a *asked
	if errors.As(err, &a) {
		return err // of a statement within
	}
	return &asked{err, "", offset}
}

var textColumn = catalog.Type{Kind: catalog.Text}

// ownColumns gives the columns of a command's answer; none where it has no rows.
func (c *conn) ownColumns(p *portal) ([]catalog.Column, error) {
	switch p.command.Kind {
	case command.Show:
		if _, ok := c.settings.get(p.command.Name); !ok {
			return nil, errs.New(errs.UnknownName, "pgwire_setting_unknown", msg.Args{"Name": shortName(p.command.Name)})
		}
		name := p.command.Name
		for _, r := range reported {
			if strings.EqualFold(r, name) {
				name = r
			}
		}
		return []catalog.Column{{Name: name, Type: textColumn}}, nil
	case command.ShowAll:
		return []catalog.Column{{Name: "name", Type: textColumn}, {Name: "setting", Type: textColumn}}, nil
	case command.Fetch:
		cursor, err := c.cursor(p.command.Name)
		if err != nil {
			return nil, err
		}
		return cursor.columns, nil
	}
	return nil, nil
}

// ownFormats gives the formats of a command's answer: a cursor can have its own.
func (c *conn) ownFormats(p *portal, formats []int16) []int16 {
	if p.command.Kind == command.Fetch && len(formats) == 0 {
		if cursor, err := c.cursor(p.command.Name); err == nil {
			return cursor.formats
		}
	}
	return formats
}

// ownStyle gives the style of a command's answer: that of the cursor's statement.
func (c *conn) ownStyle(p *portal) pgvalue.Style {
	if p.command.Kind == command.Fetch {
		if cursor, err := c.cursor(p.command.Name); err == nil {
			return cursor.style
		}
	}
	return p.style
}

// do carries out a command of the door's own, and gives its tag.
func (c *conn) do(ctx context.Context, p *portal, formats []int16) (tag string, err error) {
	if err := c.enters(ctx); err != nil {
		return "", err
	}
	switch cmd := p.command; cmd.Kind {
	case command.Begin:
		c.begin()
		return "BEGIN", nil
	case command.Commit:
		if !c.commit() {
			return "ROLLBACK", nil
		}
		return "COMMIT", nil
	case command.Rollback:
		c.rollback()
		return "ROLLBACK", nil
	case command.Savepoint:
		return "SAVEPOINT", c.savepoint(cmd.Name)
	case command.Release:
		return "RELEASE", c.toSavepoint(cmd.Name, true)
	case command.RollbackTo:
		return "ROLLBACK", c.toSavepoint(cmd.Name, false)
	case command.Set:
		return "SET", c.set(ctx, cmd)
	case command.SetNothing:
		return "SET", nil
	case command.Reset:
		return "RESET", c.reset(ctx, cmd.Name)
	case command.ResetAll:
		c.resetAll()
		return "RESET", nil
	case command.Show, command.ShowAll:
		return "SHOW", c.showRows(cmd)
	case command.DiscardAll:
		return "DISCARD ALL", c.discard()
	case command.Discard:
		return "DISCARD", nil
	case command.Deallocate:
		return "DEALLOCATE", c.deallocate(cmd.Name)
	case command.DeallocateAll:
		c.deallocateAll()
		return "DEALLOCATE ALL", nil
	case command.Close:
		if _, err := c.cursor(cmd.Name); err != nil {
			return "", err
		}
		c.closeCursor(cmd.Name)
		return "CLOSE CURSOR", nil
	case command.CloseAll:
		c.closePortals(true)
		return "CLOSE CURSOR ALL", nil
	case command.Declare:
		return "DECLARE CURSOR", c.declare(ctx, p)
	case command.Fetch:
		return c.fetchCursor(ctx, cmd, c.ownFormats(p, formats))
	case command.Move:
		return c.moveCursor(ctx, cmd)
	case command.Listen:
		return "LISTEN", nil
	}
	return "", errs.Internalf("a command of kind %d", p.command.Kind)
}

// set changes a setting. Another purpose or mode has to be one that the session may have.
func (c *conn) set(ctx context.Context, cmd command.Command) error {
	c.changes()
	before, had := c.settings.values[cmd.Name]
	if cmd.Default {
		if err := c.settings.reset(cmd.Name); err != nil {
			return err
		}
	} else if err := c.settings.set(cmd.Name, cmd.Value); err != nil {
		return err
	}
	if err := c.newSession(ctx); err != nil {
		if delete(c.settings.values, cmd.Name); had {
			c.settings.values[cmd.Name] = before
		}
		c.takeSession()
		return err
	}
	if cmd.Local {
		if c.tx.state == txIdle { // it would be over at once
			c.restoreOne(cmd.Name, before, had)
			return nil
		}
		if _, noted := c.tx.local[cmd.Name]; !noted {
			if !had {
				before = noValue
			}
			c.tx.local[cmd.Name] = before
		}
	} else {
		delete(c.tx.local, cmd.Name) // it outlives the transaction, whatever was LOCAL before
	}
	c.reportOne(cmd.Name)
	return nil
}

func (c *conn) restoreOne(name, before string, had bool) {
	if !had {
		before = noValue
	}
	c.putBack(name, before)
	c.takeSession()
}

// takeSession takes over what statements are asked for.
func (c *conn) takeSession() { c.asker.Purpose, c.asker.Mode = c.settings.purpose(), c.settings.mode() }

// newSession tries a purpose and a mode that were set.
func (c *conn) newSession(ctx context.Context) error {
	if c.asker.Purpose == c.settings.purpose() && c.asker.Mode == c.settings.mode() {
		return nil
	}
	c.takeSession()
	if _, err := c.session(ctx); err != nil {
		return c.refuse(ctx, err, "", "")
	}
	return nil
}

func (c *conn) reset(ctx context.Context, name string) error {
	return c.set(ctx, command.Command{Kind: command.Set, Name: name, Default: true})
}

// resetAll goes back to what the startup message set, which held then.
func (c *conn) resetAll() {
	c.changes()
	clear(c.tx.local)
	c.settings.restore(c.settings.initial)
	c.takeSession()
	c.report()
}

// reportOne tells the client of a setting that it keeps track of.
func (c *conn) reportOne(name string) {
	for _, r := range reported {
		if strings.EqualFold(r, name) {
			c.tell(r)
		}
	}
}

// report tells the client of all of them, after many may have changed.
func (c *conn) report() {
	c.takeSession()
	for _, r := range reported {
		c.tell(r)
	}
}

// tell sends a setting's value, unless the client knows it.
func (c *conn) tell(name string) {
	value := c.show(strings.ToLower(name))
	if was, told := c.told[name]; told && was == value {
		return
	}
	if c.told == nil {
		c.told = map[string]string{}
	}
	c.told[name] = value
	c.send(&pgproto3.ParameterStatus{Name: name, Value: value})
}

func (c *conn) showRows(cmd command.Command) error {
	if cmd.Kind == command.Show {
		if _, ok := c.settings.get(cmd.Name); !ok {
			return errs.New(errs.UnknownName, "pgwire_setting_unknown", msg.Args{"Name": shortName(cmd.Name)})
		}
		return c.sendRow([][]byte{[]byte(c.show(cmd.Name))})
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if err := c.sendRow([][]byte{[]byte(name), []byte(c.show(name))}); err != nil {
			return err
		}
	}
	return nil
}

// discard brings the connection back to how it began.
func (c *conn) discard() error {
	if c.tx.state != txIdle {
		return state("25001", errs.RequestInvalid, "pgwire_discard", nil)
	}
	c.closePortals(true)
	c.deallocateAll()
	c.resetAll()
	return nil
}

func (c *conn) deallocate(name string) error {
	if c.statements[name] == nil {
		return state("26000", errs.RequestInvalid, "pgwire_no_statement", msg.Args{"Name": shortName(name)})
	}
	c.forget(name)
	return nil
}

func (c *conn) deallocateAll() {
	for name := range c.statements {
		c.forget(name)
	}
}

// cursor finds an open cursor or portal by its name.
func (c *conn) cursor(name string) (*portal, error) {
	if p := c.portals[name]; p != nil && name != "" {
		return p, nil
	}
	if c.next != nil && name == nextPage {
		return c.next, nil
	}
	return nil, state("34000", errs.RequestInvalid, "pgwire_no_cursor", msg.Args{"Name": shortName(name)})
}

// declare opens a cursor: a portal of a statement that is asked at once, so that what is
// wrong with it shows here.
func (c *conn) declare(ctx context.Context, p *portal) error {
	cmd := p.command
	if !cmd.Hold {
		if err := c.needTransaction("DECLARE CURSOR"); err != nil {
			return err
		}
	}
	if c.portals[cmd.Name] != nil || cmd.Name == "" {
		return state("42P03", errs.Conflict, "pgwire_cursor_there", msg.Args{"Name": shortName(cmd.Name)})
	}
	cursor := &portal{name: cmd.Name, sql: cmd.SQL, offset: p.offset, query: p.query, hold: cmd.Hold, cursor: true, params: p.params, size: len(cmd.SQL) + len(p.sql)}
	for _, param := range p.params {
		cursor.size += len(param.Text)
	}
	if cursor.offset >= 0 {
		cursor.offset += cmd.Offset
	}
	if cmd.Binary {
		cursor.formats = []int16{1}
	}
	if inner, err := command.Parse(cmd.SQL); err != nil || inner.Kind != command.None {
		return errs.New(errs.ReadOnly, "pgwire_cursor_query", nil)
	}
	if err := c.keep(cursor.size, len(c.portals)); err != nil {
		return err
	}
	if err := c.open(ctx, cursor); err != nil {
		c.release(cursor, err)
		return &asked{err, cursor.query, cursor.offset}
	}
	c.kept += cursor.size
	c.opens(cursor)
	return nil
}

func most(count int) int {
	if count == command.All {
		return 0
	}
	return count
}

// fetchOn fetches from a cursor. At the end of a page of on-line browsing, of which all was
// fetched before, it goes on with the next one.
func (c *conn) fetchOn(ctx context.Context, cursor *portal, cmd command.Command, formats []int16, to sink) (int, error) {
	n, err := c.fetch(ctx, cursor, most(cmd.Count), formats, to)
	if n == 0 && err == nil && !cursor.done {
		n, err = c.fetch(ctx, cursor, most(cmd.Count), formats, to)
	}
	return n, err
}

func (c *conn) fetchCursor(ctx context.Context, cmd command.Command, formats []int16) (string, error) {
	cursor, err := c.cursor(cmd.Name)
	if err != nil || cmd.Count == 0 {
		return "FETCH 0", err
	}
	n, err := c.fetchOn(ctx, cursor, cmd, formats, c.sendRow)
	return "FETCH " + strconv.Itoa(n), err
}

func (c *conn) moveCursor(ctx context.Context, cmd command.Command) (string, error) {
	cursor, err := c.cursor(cmd.Name)
	if err != nil || cmd.Count == 0 {
		return "MOVE 0", err
	}
	n, err := c.fetchOn(ctx, cursor, cmd, nil, func([][]byte) error { return nil })
	return "MOVE " + strconv.Itoa(n), err
}
