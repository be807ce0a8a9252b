package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
)

// Limits of a session that begins with a password.
const (
	SessionLife = 12 * time.Hour // from its beginning
	SessionIdle = time.Hour      // from its last use at a gateway
)

// sessionPrefix marks a session's token in whatever text it turns up in.
const sessionPrefix = "lianjis_"

// sessions makes and reads the tokens of sessions. They are signed instead of kept, so
// that they hold at every gateway of the store, and after a restart; only when each was
// last used does a gateway keep for itself.
type sessions struct {
	secret []byte
	now    func() time.Time
	used   *recent[time.Time] // by the session's number
}

// mostSessions is of how many sessions it is known when they were last used.
const mostSessions = 1 << 16

func newSessions(secret []byte, now func() time.Time) *sessions {
	return &sessions{sum(secret, "sessions with factors"), now, newRecent[time.Time](mostSessions)}
}

// Lengths in a session's token: a number that no other has; the password's version, 0 in a
// session that began with a token; the second factor's, 0 without one; when it began in
// seconds since 1970; the ID of the principal, or of the token; and the signature.
const (
	numberBytes    = 8
	fixedBytes     = numberBytes + 8 + 8 + 8
	signatureBytes = 32
)

// IsSession reports whether a token is a session's.
func IsSession(token string) bool { return strings.HasPrefix(token, sessionPrefix) }

// begin makes the token of a new session of a principal whose password was tried.
func (s *sessions) begin(p *catalog.Principal, set *catalog.Password) string {
	return s.text(set.Version, 0, s.now(), p.ID)
}

// confirmed makes the token of a session beside whose credential a code was given. One that
// goes on from another began when that did: codes alone do not prolong it.
func (s *sessions) confirmed(by catalog.Credential, k *catalog.Token, f *catalog.Factor) (string, error) {
	if with, ok := by.(catalog.Factored); ok {
		by = with.Credential
	}
	switch c := by.(type) {
	case catalog.ByPassword:
		return s.text(c.Version, f.Version, c.Until.Add(-SessionLife), c.Principal), nil
	case catalog.ByTokenSession:
		return s.text(0, f.Version, c.Until.Add(-SessionLife), c.Token), nil
	case catalog.ByTokenFrom:
		return s.text(0, f.Version, s.now(), k.ID), nil
	}
	return "", unknown()
}

func (s *sessions) text(password, factor int64, began time.Time, id string) string {
	b := make([]byte, numberBytes, fixedBytes+len(id)+signatureBytes)
	_, _ = rand.Read(b) // it never fails
	s.used.set(string(b), s.now())
	for _, n := range []int64{password, factor, began.Unix()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, id...)
	b = append(b, sum(s.secret, string(b))...)
	return sessionPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// credential reads a session's token that comes from an address.
func (s *sessions) credential(token, client string) (catalog.Credential, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(token, sessionPrefix))
	if err != nil || len(b) <= fixedBytes+signatureBytes {
		return nil, unknown()
	}
	said := b[:len(b)-signatureBytes]
	if !hmac.Equal(b[len(said):], sum(s.secret, string(said))) {
		return nil, unknown()
	}
	number, now := string(said[:numberBytes]), s.now()
	if last, known := s.used.get(number); known && now.Sub(last) >= SessionIdle {
		return nil, unknown()
	}
	s.used.set(number, now)
	var n [3]int64
	for i := range n {
		n[i] = int64(binary.BigEndian.Uint64(said[numberBytes+8*i:]))
	}
	password, factor, until, id := n[0], n[1], time.Unix(n[2], 0).Add(SessionLife), string(said[fixedBytes:])
	var by catalog.Credential = catalog.ByPassword{Principal: id, Version: password, Until: until}
	if password == 0 {
		by = catalog.ByTokenSession{Token: id, Client: address(client), Until: until}
	}
	if factor > 0 {
		by = catalog.Factored{Credential: by, Version: factor}
	}
	return by, nil
}
