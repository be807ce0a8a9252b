package audit

import (
	"context"
	"encoding/json"
)

// Head says which record a gateway had written last at a moment, signed. Whoever
// keeps heads apart from the folder can tell later whether the folder was changed.
type Head struct {
	Gateway   string    `json:"gw"`
	Boot      string    `json:"boot"`
	Number    uint64    `json:"n"`
	Hash      string    `json:"hash"`
	Time      string    `json:"t"` // UTC, RFC 3339 with microseconds
	Algorithm Algorithm `json:"sig_alg"`
	KeyID     string    `json:"key"`
	Signature []byte    `json:"sig,omitempty"`
}

// Heads is the place apart from the folder where heads are kept: the catalogue store.
type Heads interface {
	// PutHead adds a head. It never replaces or drops one, also none of the same
	// number: two that differ are the proof that a folder was cloned.
	PutHead(ctx context.Context, h Head) error
	// LastHead gives the gateway's head with the greatest boot, and of that boot the
	// greatest number; ok is false when there is none. Boots compare as text.
	LastHead(ctx context.Context, gateway string) (h Head, ok bool, err error)
}

const headDomain = "lianji audit head 1\n"

// message is what is signed: everything but the signature.
func (h Head) message() ([]byte, error) {
	h.Signature = nil
	b, err := json.Marshal(h)
	return append([]byte(headDomain), b...), err
}

// signHead signs that point was the last record at the time t.
func (s *Signer) signHead(gateway string, p Point, t string) (Head, error) {
	h := Head{Gateway: gateway, Boot: p.Boot, Number: p.Number, Hash: p.Hash, Time: t, Algorithm: s.algorithm, KeyID: s.id}
	m, err := h.message()
	if err != nil {
		return Head{}, err
	}
	h.Signature, err = s.sign(m)
	return h, err
}

// Verify reports whether one of keys signed the head.
func (h Head) Verify(keys ...PublicKey) bool { return h.signedBy(ring(keys)) }

func (h Head) signedBy(keys keyring) bool {
	k, ok := keys[h.KeyID]
	m, err := h.message()
	return ok && err == nil && k.Algorithm == h.Algorithm && k.verifies(m, h.Signature)
}

func (h Head) point() Point { return Point{Boot: h.Boot, Number: h.Number, Hash: h.Hash} }
