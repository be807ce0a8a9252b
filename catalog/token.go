package catalog

import (
	"net/netip"
	"time"
)

// TokenPrefix marks a token in whatever text it turns up in.
const TokenPrefix = "lianji_"

// Token lets its bearer act as a principal. The text itself is nowhere kept.
type Token struct {
	ID        string
	Principal string
	Label     string
	Purposes  []string       // codes; empty means every purpose of the principal's grants
	Modes     []Mode         // empty means every mode
	Addresses []netip.Prefix // empty means from anywhere
	Resources []string       // IDs; empty means every resource of the principal's grants
	PerMinute int64          // statements; 0 means as many as there are
	Asks      bool           // for statements alone
	Factor    bool           // a second factor was shown beside it
	// Signs is how the key's requests are signed; empty for a token, which is sent itself.
	Signs Signature
	// Sealed is the secret of a key that signs, as only who has the sealing key can read it.
	Sealed  string
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero while it holds
}

// Signature is a way to sign requests.
type Signature string

// The ways: SM3 where China's national algorithms are asked for; Certified is by the key
// of a certificate, in the handshake of TLS.
const (
	HMACSHA256 Signature = "hmac-sha256"
	HMACSM3    Signature = "hmac-sm3"
	Certified  Signature = "certificate"
)

// CertificatePrefix stands before the SHA-256 of a certificate's public key, in
// hexadecimal digits, where that is what a token is found by.
const CertificatePrefix = "spki:"

// Limited reports whether a token does not stand for all that its principal may do. What
// is limited is for statements: nothing is kept or given with it, which could be more.
func (k *Token) Limited() bool {
	return len(k.Purposes) > 0 || len(k.Modes) > 0 || len(k.Resources) > 0 || k.PerMinute > 0 || k.Asks
}
