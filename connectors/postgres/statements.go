package postgres

import (
	"container/list"
	"strconv"
)

// maxStatements bounds what one session keeps prepared at the server.
const maxStatements = 64

// statement is prepared on one session.
type statement struct {
	name       string // empty for one that is not kept
	sql        string
	parameters []uint32 // the type numbers of its placeholders
	columns    []uint32 // and of its columns
	sent       []uint32 // of the values that were sent last
}

// statements are a session's prepared statements, by their text; the one that
// was used longest ago goes first.
type statements struct {
	byText map[string]*list.Element
	order  list.List // of *statement, the latest in front
	made   int
}

func (c *statements) find(sql string) *statement {
	e := c.byText[sql]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*statement)
}

// name gives the next statement a name that no other has had.
func (c *statements) name() string {
	c.made++
	return "lianji_" + strconv.Itoa(c.made)
}

// keep adds a statement that the server has prepared by a name. It may be repeated.
func (c *statements) keep(s *statement) {
	if s.name == "" || c.byText[s.sql] != nil {
		return
	}
	if c.byText == nil {
		c.byText = map[string]*list.Element{}
	}
	c.byText[s.sql] = c.order.PushFront(s)
}

// oldest gives the statement that must go before another one is made, or nil.
func (c *statements) oldest() *statement {
	if c.order.Len() < maxStatements {
		return nil
	}
	return c.order.Back().Value.(*statement)
}

// remove forgets the statement of that text and reports whether there was one.
func (c *statements) remove(sql string) bool {
	e := c.byText[sql]
	if e != nil {
		c.order.Remove(e)
		delete(c.byText, sql)
	}
	return e != nil
}
