package pgwire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// withNulls gives the statement as it is with values that are NULL, where nobody said the type
// of such a parameter: the neighbours of a NULL say it then, and it makes no text of them, so
// they are again what the client declared. A client that was told of the statement gets no
// columns of other types of PostgreSQL's than it was told.
func (c *conn) withNulls(ctx context.Context, s *prepared, values [][]byte) (*prepared, error) {
	now, changed := *s, false
	now.params = make([]parameter, len(values))
	for i, raw := range values {
		p, oid := &now.params[i], uint32(0)
		if i < len(s.oids) {
			oid = s.oids[i]
		}
		switch open := oid == 0 || oid == pgvalue.UnknownOID; {
		case open && raw == nil:
			p.typ, changed = catalog.Type{Kind: catalog.Null}, true
		case open: // what the client may have been told
			*p = s.params[i]
		default:
			p.oid = oid
			p.typ, _ = pgvalue.Declared(oid) // Parse has refused others
		}
	}
	if _, asks := s.asks(); !asks || !changed {
		return s, nil
	}
	if err := c.look(ctx, &now); err != nil {
		return nil, err
	}
	if (s.shown || c.described[s.digest()]) && !s.sameTypes(now.columns) {
		return s, nil
	}
	return &now, nil
}

// digest tells what is prepared apart: PostgreSQL describes the same text with the same types
// in the same way.
func (s *prepared) digest() [sha256.Size]byte {
	text := []byte(s.sql)
	for _, oid := range s.oids {
		text = binary.BigEndian.AppendUint32(append(text, 0), oid)
	}
	return sha256.Sum256(text)
}

// describes notes that the client is told of a statement. Some clients prepare the same one
// again, under no name, and trust what they were told.
func (c *conn) describes(s *prepared) {
	s.shown = true
	if c.described == nil {
		c.described = map[[sha256.Size]byte]bool{}
	}
	for old := range c.described {
		if len(c.described) < c.door.Limits.Kept {
			break
		}
		delete(c.described, old)
	}
	c.described[s.digest()] = true
}
