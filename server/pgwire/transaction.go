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
// back to.
type transaction struct {
	state      txState
	savepoints []string
	before     map[string]string // the settings at its beginning
	local      map[string]string // those of SET LOCAL, as they were before
}

func (c *conn) begin() {
	if c.tx.state == txIdle {
		c.tx = transaction{state: txOpen, before: maps.Clone(c.settings.values), local: map[string]string{}}
		return
	}
	c.notice("25001", msg.Text("pgwire_in_transaction", nil, c.settings.langs()...))
}

// commit ends a transaction, and tells whether it was one that had not failed.
func (c *conn) commit() bool {
	good := c.tx.state != txFailed
	if c.tx.state == txIdle {
		c.notice("25P01", msg.Text("pgwire_no_transaction", nil, c.settings.langs()...))
		return good
	}
	if !good {
		c.rollback()
		return false
	}
	for name, v := range c.tx.local {
		c.putBack(name, v)
	}
	c.tx = transaction{state: txIdle}
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
		return
	}
	c.settings.restore(c.tx.before)
	c.tx = transaction{state: txIdle}
	c.closePortals(false)
	c.report()
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
	if len(c.tx.savepoints) >= mostSavepoints {
		return errs.New(errs.StatementTooComplex, "pgwire_kept", nil)
	}
	c.tx.savepoints = append(c.tx.savepoints, name)
	return nil
}

// toSavepoint goes back to a savepoint; release forgets it too.
func (c *conn) toSavepoint(name string, release bool) error {
	if err := c.needTransaction("ROLLBACK TO SAVEPOINT"); err != nil {
		return err
	}
	for i, s := range slices.Backward(c.tx.savepoints) {
		if s != name {
			continue
		}
		c.tx.savepoints = c.tx.savepoints[:i]
		if !release {
			c.tx.savepoints = append(c.tx.savepoints, name)
			c.tx.state = txOpen
		}
		return nil
	}
	return state("3B001", errs.RequestInvalid, "pgwire_no_savepoint", msg.Args{"Name": shortName(name)})
}
