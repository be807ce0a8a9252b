// Package tokenize makes keyed tokens: what stands in the place of a value for those
// who may join by it and not know it.
//
// A token is the version of the master key and 128 bits of an HMAC over the value as
// Normalize writes it. The key of that HMAC is derived for one purpose, one agency and
// one kind of identifier, so that tokens of two of them have nothing in common.
package tokenize

import (
	"crypto/hkdf"
	"crypto/hmac"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
	"sync"

	"github.com/lianji/lianji/catalog"
)

// Of says for whom tokens are made, and of what.
type Of struct {
	Version    uint8  // of the master key
	Agency     string // the code of the grantee's agency
	Purpose    string // its code
	Identifier catalog.Identifier
}

// Handle names the tokens in a plan. It is no secret and gives no key.
func (o Of) Handle() string {
	return strings.Join([]string{strconv.Itoa(int(o.Version)), o.Agency, o.Purpose, string(o.Identifier)}, ":")
}

// Length is how long a token is, in characters: a version and 128 bits in hexadecimal
// digits.
const Length = 2 * (1 + tokenBytes)

const tokenBytes = 16

// Tokenizer makes tokens. It may be used by many goroutines.
type Tokenizer struct {
	of     Of
	hashes sync.Pool // of hash.Hash, keyed
}

// newTokenizer derives the key of some tokens from a master key. Codes hold no
// slash, so that no two of them are derived alike.
func newTokenizer(of Of, new func() hash.Hash, master []byte) (*Tokenizer, error) {
	info := strings.Join([]string{"lianji token", of.Purpose, of.Agency, string(of.Identifier)}, "/")
	key, err := hkdf.Key(new, master, nil, info, 32)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{of: of}
	t.hashes.New = func() any { return hmac.New(new, key) }
	return t, nil
}

// Append writes the token of a value behind dst.
func (t *Tokenizer) Append(dst []byte, value string) []byte {
	h := t.hashes.Get().(hash.Hash)
	defer t.hashes.Put(h)
	h.Reset()
	_, _ = h.Write([]byte(Normalize(t.of.Identifier, value)))
	var sum [64]byte
	whole := h.Sum(sum[:0])
	dst = hex.AppendEncode(dst, []byte{t.of.Version})
	return hex.AppendEncode(dst, whole[:tokenBytes])
}
