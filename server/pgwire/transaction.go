package pgwire

import (
	"maps"
	"slices"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// txState is where a connection stands, as ReadyForQuery says it.
type txState byte

const (
	txIdle   txState = 'I'
	txOpen   txState = 'T'
	txFailed txState = 'E'
)

// transaction is what BEGIN and COMMIT are about here: nothing is written, and each
// statement reads the sources as they are then. It keeps portals open and settings to go
// back to. Without BEGIN there is one for each simple query, however many statements that
// has, and for what is sent up to a Sync.
type transaction struct {
	state      txState
	savepoints []savepoint
	before     map[string]string // the settings at its beginning; nil as long as none was changed
	local      map[string]string // those of SET LOCAL, as they were before
	since      int               // of portals that were opened before it
}

// savepoint is what ROLLBACK TO goes back to.
type savepoint struct {
	name          string
	values, local map[string]string
	since         int
	size          int // bytes kept of it
}

// changes notes the settings before the first change in a transaction.
func (c *conn) changes() {
	if c.tx.before == nil {
		c.tx.before = maps.Clone(c.settings.values)
	}
}

// settle ends a transaction whose changes stay.
func (c *conn) settle() {
	c.forgetSavepoints(0)
	c.tx = transaction{state: txIdle, since: c.opened}
}

// forgetSavepoints forgets all but the first few.
func (c *conn) forgetSavepoints(but int) {
	for _, s := range c.tx.savepoints[but:] {
		c.kept -= s.size
	}
	c.tx.savepoints = c.tx.savepoints[:but]
}

// undo takes back what a transaction has set, and the cursors that would have outlived it.
func (c *conn) undo() {
	if c.tx.before != nil {
		c.settings.restore(c.tx.before)
	}
	c.closeSince(c.tx.since, true)
	c.settle()
	c.report()
}

// abort is what becomes of a transaction whose statement failed: the settings of its last
// savepoint hold, to which it can go back; without BEGIN it is over.
func (c *conn) abort() {
	to := c.tx.before
	switch n := len(c.tx.savepoints); {
	case c.tx.state == txIdle:
		c.undo()
		return
	case n > 0:
		to = c.tx.savepoints[n-1].values
	}
	c.tx.state = txFailed
	if to != nil {
		c.settings.restore(to)
		c.report()
	}
}

// closeSince ends portals that were opened after so many, or of these WITH HOLD alone.
func (c *conn) closeSince(since int, hold bool) {
	for name, p := range c.portals {
		if p.number > since && (p.hold || !hold) {
			c.closePortal(name)
		}
	}
}

func (c *conn) begin() {
	if c.tx.state == txIdle {
		c.tx.state, c.tx.local = txOpen, map[string]string{}
		return
	}
	c.notice("25001", msg.Text("pgwire_in_transaction", nil, c.settings.langs()...))
}

// commit ends a transaction, and tells whether it was one that had not failed.
func (c *conn) commit() bool {
	good := c.tx.state != txFailed
	if c.tx.state == txIdle {
		c.notice("25P01", msg.Text("pgwire_no_transaction", nil, c.settings.langs()...))
		c.settle()
		return good
	}
	if !good {
		c.rollback()
		return false
	}
	for name, v := range c.tx.local {
		c.putBack(name, v)
	}
	c.settle()
	c.closePortals(false)
	c.report()
	return true
}

// noValue marks a setting of SET LOCAL that had no value of its own before.
const noValue = "\x00"

func (c *conn) putBack(name, v string) {
	delete(c.settings.values, name)
	if v != noValue {
		c.settings.values[name] = v
	}
	c.settings.location = nil
}

func (c *conn) rollback() {
	if c.tx.state == txIdle {
		c.notice("25P01", msg.Text("pgwire_no_transaction", nil, c.settings.langs()...))
	} else {
		c.closePortals(false)
	}
	c.undo()
}

func (c *conn) needTransaction(word string) error {
	if c.tx.state == txIdle {
		return state("25P01", errs.RequestInvalid, "pgwire_needs_transaction", msg.Args{"Statement": word})
	}
	return nil
}

// mostSavepoints is how many there may be in a transaction.
const mostSavepoints = 1000

func (c *conn) savepoint(name string) error {
	if err := c.needTransaction("SAVEPOINT"); err != nil {
		return err
	}
	s := savepoint{name: name, values: maps.Clone(c.settings.values), local: maps.Clone(c.tx.local), since: c.opened, size: len(name)}
	for _, kept := range []map[string]string{s.values, s.local} {
		for name, v := range kept {
			s.size += len(name) + len(v) + perSetting
		}
	}
	if len(c.tx.savepoints) >= mostSavepoints || c.keep(s.size, 0) != nil {
		return errs.New(errs.StatementTooComplex, "pgwire_kept", nil)
	}
	c.kept += s.size
	c.tx.savepoints = append(c.tx.savepoints, s)
	return nil
}

// perSetting is about what a setting takes beside its name and value.
const perSetting = 64

// toSavepoint goes back to a savepoint; release forgets it too.
func (c *conn) toSavepoint(name string, release bool) error {
	if err := c.needTransaction("ROLLBACK TO SAVEPOINT"); err != nil {
		return err
	}
	for i, s := range slices.Backward(c.tx.savepoints) {
		if s.name != name {
			continue
		}
		if release {
			c.forgetSavepoints(i)
			return nil
		}
		c.forgetSavepoints(i + 1)
		c.tx.state, c.tx.local = txOpen, maps.Clone(s.local)
		c.settings.restore(s.values)
		c.closeSince(s.since, false)
		c.report()
		return nil
	}
	return state("3B001", errs.RequestInvalid, "pgwire_no_savepoint", msg.Args{"Name": shortName(name)})
}
