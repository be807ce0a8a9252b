package mysql

import (
	"encoding/binary"
	"math"
)

// cells is a row of the text protocol. NULL is nil.
type cells [][]byte

func (c cells) text(i int) string { return string(c[i]) }

// query runs a statement of the connector's own and reads its whole answer. After an
// error of the server the session is at rest, after any other it is broken.
func (s *session) query(sql string) ([]cells, error) {
	s.command(commandQuery)
	s.out = append(s.out, sql...)
	if err := s.send(); err != nil {
		return nil, err
	}
	m, err := s.next()
	if err != nil {
		return nil, err
	}
	switch m[0] {
	case packetOK:
		if len(m) < 5 || m[1] > 250 || m[2] > 250 {
			s.broken = true
			return nil, errMalformed
		}
		s.atRest(binary.LittleEndian.Uint16(m[3:]))
		return nil, nil
	case packetError:
		return nil, s.serverError(m)
	}
	columns, err := s.columns(m)
	if err != nil {
		return nil, err
	}
	var rows []cells
	for {
		m, err := s.next()
		switch {
		case err != nil:
			return nil, err
		case isEOF(m):
			return rows, s.ended(m)
		case m[0] == packetError:
			return nil, s.serverError(m)
		}
		row := make(cells, len(columns))
		for i := range row {
			if len(m) > 0 && m[0] == packetLocal { // NULL, in a row
				m = m[1:]
				continue
			}
			cell, rest, ok := counted(m)
			if !ok {
				s.broken = true
				return nil, errMalformed
			}
			row[i], m = append([]byte{}, cell...), rest
		}
		rows = append(rows, row)
	}
}

// column is a result's column as the server announces it.
type column struct {
	kind    byte
	flags   uint16
	charset uint16
	length  uint32
}

// columns reads the announcement of a result whose first message, the number of its
// columns, is m.
func (s *session) columns(m []byte) ([]column, error) {
	n, rest, ok := lengthOf(m)
	if !ok || len(rest) != 0 || n < 1 || n > math.MaxUint16 {
		s.broken = true
		return nil, errMalformed
	}
	return s.announced(int(n))
}

// announced reads n announcements and the end behind them.
func (s *session) announced(n int) ([]column, error) {
	columns := make([]column, 0, min(n, 64))
	for {
		m, err := s.next()
		if err != nil {
			return nil, err
		}
		if isEOF(m) && len(columns) == n {
			return columns, nil
		}
		if m[0] == packetError {
			return nil, s.serverError(m)
		}
		c, ok := readColumn(m)
		if !ok || len(columns) == n {
			s.broken = true
			return nil, errMalformed
		}
		columns = append(columns, c)
	}
}

func readColumn(m []byte) (column, bool) {
	for range 6 { // catalogue, database, table twice, name twice
		var ok bool
		if _, m, ok = counted(m); !ok {
			return column{}, false
		}
	}
	if len(m) < 11 { // one byte says how long the fixed part is
		return column{}, false
	}
	return column{
		charset: binary.LittleEndian.Uint16(m[1:]), length: binary.LittleEndian.Uint32(m[3:]), kind: m[7], flags: binary.LittleEndian.Uint16(m[8:]),
	}, true
}

// lengthOf reads a number of the protocol's own form.
func lengthOf(m []byte) (n uint64, rest []byte, ok bool) {
	if len(m) == 0 {
		return 0, nil, false
	}
	size := 0
	switch {
	case m[0] < 0xFB:
		return uint64(m[0]), m[1:], true
	case m[0] == 0xFC:
		size = 2
	case m[0] == 0xFD:
		size = 3
	case m[0] == 0xFE:
		size = 8
	}
	if size == 0 || len(m) < 1+size {
		return 0, nil, false
	}
	for i := size; i > 0; i-- {
		n = n<<8 | uint64(m[i])
	}
	return n, m[1+size:], true
}

// counted reads bytes behind their number.
func counted(m []byte) (b, rest []byte, ok bool) {
	n, rest, ok := lengthOf(m)
	if !ok || n > uint64(len(rest)) {
		return nil, nil, false
	}
	return rest[:n], rest[n:], true
}
