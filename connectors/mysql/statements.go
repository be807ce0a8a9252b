package mysql

import (
	"container/list"
	"encoding/binary"
)

// maxStatements bounds what one session keeps prepared at the server.
const maxStatements = 64

// statement is prepared on one session.
type statement struct {
	sql        string
	number     uint32
	parameters int
	columns    []column
}

// statements are a session's prepared statements, by their text; the one that was
// used longest ago goes first.
type statements struct {
	byText map[string]*list.Element
	order  list.List // of *statement, the latest in front
}

func (c *statements) find(sql string) *statement {
	e := c.byText[sql]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*statement)
}

func (c *statements) keep(s *statement) {
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

func (c *statements) remove(s *statement) {
	if e := c.byText[s.sql]; e != nil {
		c.order.Remove(e)
		delete(c.byText, s.sql)
	}
}

// prepared gives the statement of that text, prepared now if it was not before. One that
// is not to be kept goes when the next one is asked for.
// After an error of the server the session is at rest, after any other it is broken.
func (s *session) prepared(sql string, keep bool) (*statement, error) {
	if s.once != nil {
		if err := s.forget(s.once); err != nil {
			return nil, err
		}
	}
	if st := s.statements.find(sql); st != nil {
		return st, nil
	}
	if old := s.statements.oldest(); old != nil && keep {
		if err := s.forget(old); err != nil {
			return nil, err
		}
	}
	s.command(commandPrepare)
	s.out = append(s.out, sql...)
	if err := s.send(); err != nil {
		return nil, err
	}
	m, err := s.next()
	if err != nil {
		return nil, err
	}
	if m[0] == packetError {
		return nil, s.serverError(m)
	}
	if len(m) < 12 || m[0] != packetOK {
		s.broken = true
		return nil, errMalformed
	}
	st := &statement{sql: sql, number: binary.LittleEndian.Uint32(m[1:]), parameters: int(binary.LittleEndian.Uint16(m[7:]))}
	columns := int(binary.LittleEndian.Uint16(m[5:]))
	if st.parameters > 0 {
		if _, err := s.announced(st.parameters); err != nil {
			return nil, err
		}
	}
	if columns > 0 {
		if st.columns, err = s.announced(columns); err != nil {
			return nil, err
		}
	}
	if s.begin != s.end {
		s.broken = true
		return nil, errMalformed
	}
	if keep {
		s.statements.keep(st)
	} else {
		s.once = st
	}
	return st, nil
}

// forget drops a statement here and at the server, which does not answer to that.
func (s *session) forget(st *statement) error {
	s.statements.remove(st)
	if s.once == st {
		s.once = nil
	}
	s.command(commandClose)
	s.out = binary.LittleEndian.AppendUint32(s.out, st.number)
	return s.send()
}

// execute starts a prepared statement. The server's answer is still to be read.
func (s *session) execute(st *statement, p parameters) error {
	s.command(commandExecute)
	s.out = binary.LittleEndian.AppendUint32(s.out, st.number)
	s.out = append(s.out, 0, 1, 0, 0, 0) // no cursor: rows come as they are found
	if st.parameters > 0 {
		s.out = append(s.out, p.nulls...)
		s.out = append(s.out, 1) // the types follow
		s.out = append(s.out, p.types...)
		s.out = append(s.out, p.values...)
	}
	return s.send()
}
