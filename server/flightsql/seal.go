package flightsql

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// kind says what a sealed text is for: one is never taken for another.
type kind string

const (
	ticketKind   kind = "ticket"
	preparedKind kind = "prepared"
)

// number is what a ticket or a prepared statement is known by.
type number [16]byte

// sealed is a ticket or the handle of a prepared statement. Clients carry it, encrypted,
// instead of the gateway: so nobody can guess one, none can be mixed with another's, and
// there is nothing to forget.
type sealed struct {
	Number number
	Made   time.Time
	// Whose it is, what for, and what was open then. Another asker gets nothing for it.
	Principal, Agency string
	Purpose, Mode     string
	Snapshot          string

	SQL    string
	Names  []string       // of the statement's parameters, in order
	Types  []catalog.Type // of the same, as they were when it was prepared
	Params []server.Param
	Bound  bool   // Params are bound
	Schema []byte // digest of what a client was told of the answer's schema
}

// sealer seals and opens them.
type sealer struct {
	aead map[kind]cipher.AEAD
	now  func() time.Time
}

func newSealer(secret []byte) (*sealer, error) {
	s := &sealer{aead: map[kind]cipher.AEAD{}, now: time.Now}
	for _, k := range []kind{ticketKind, preparedKind} {
		key, err := hkdf.Key(sha256.New, secret, nil, "lianji flight "+string(k), 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if s.aead[k], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// seal writes what a client is to bring back.
func (s *sealer) seal(k kind, what *sealed) ([]byte, error) {
	var text bytes.Buffer
	w := json.NewEncoder(&text)
	w.SetEscapeHTML(false) // a statement of 1 MiB has room, whatever it compares
	if err := w.Encode(what); err != nil {
		return nil, errs.From(err)
	}
	out := s.aead[k].Seal(nil, nil, text.Bytes(), nil)
	if len(out) > maxSealed {
		return nil, errs.New(errs.StatementTooComplex, "flight_too_long", nil)
	}
	return out, nil
}

// maxSealed is the most bytes of a ticket or handle: a client sends it back in one
// message.
const maxSealed = 3 << 20

// open reads what seal wrote. That it is not ours, or of another kind, reads the same.
func (s *sealer) open(k kind, text []byte) (*sealed, error) {
	bad := errs.New(errs.RequestInvalid, "flight_handle", nil)
	if len(text) > maxSealed {
		return nil, bad
	}
	plain, err := s.aead[k].Open(nil, nil, text, nil)
	if err != nil {
		return nil, bad
	}
	what := new(sealed)
	if err := json.Unmarshal(plain, what); err != nil {
		return nil, bad
	}
	return what, nil
}

// made begins a ticket or handle of a caller.
func (s *sealer) made(c *caller, sql string) *sealed {
	what := &sealed{
		Made: s.now(), SQL: sql, Principal: c.session.Principal, Agency: c.session.Agency,
		Purpose: c.session.Purpose, Mode: string(c.by.Mode), Snapshot: c.session.Snapshot.Identity(),
	}
	_, _ = rand.Read(what.Number[:]) // it never fails
	return what
}

// opened reads what a caller brings back. What is another's, or was for another purpose,
// reads like what nobody made.
func (s *sealer) opened(k kind, text []byte, c *caller) (*sealed, error) {
	what, err := s.open(k, text)
	if err != nil {
		return nil, err
	}
	if what.Principal != c.session.Principal || what.Agency != c.session.Agency || what.Purpose != c.session.Purpose || what.Mode != string(c.by.Mode) {
		return nil, errs.New(errs.RequestInvalid, "flight_handle", nil)
	}
	return what, nil
}

// current refuses what was made when other things were open to the caller.
func (what *sealed) current(c *caller) error {
	if what.Snapshot != c.session.Snapshot.Identity() {
		return errs.New(errs.Conflict, "flight_changed", nil)
	}
	return nil
}
