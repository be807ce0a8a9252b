package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"hash"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Algorithm is a signature with the hash that goes with it.
type Algorithm string

// Ed25519 signs, SHA-256 hashes: the profile for everywhere but where national
// algorithms are asked for.
const Ed25519 Algorithm = "ed25519"

// hashing is a hash function by its id in a record.
type hashing struct {
	id  string
	new func() hash.Hash
}

// sum hashes content within a domain of its own.
func (h hashing) sum(domain string, content []byte) []byte {
	s := h.new()
	_, _ = s.Write([]byte(domain))
	_, _ = s.Write(content)
	return s.Sum(nil)
}

// zero is the hash before the first record.
func (h hashing) zero() string { return strings.Repeat("00", h.new().Size()) }

var sha256Hashing = hashing{id: "sha256", new: sha256.New}

var hashings = map[string]hashing{sha256Hashing.id: sha256Hashing, sm3Hashing.id: sm3Hashing}

// scheme is one algorithm's keys and signatures.
type scheme struct {
	hashing   hashing
	generate  func() (private []byte, err error)            // PKCS #8, DER
	public    func(private []byte) ([]byte, error)          // PKIX, DER
	sign      func(private, message []byte) ([]byte, error) // message, not its hash
	verify    func(public, message, signature []byte) bool  // false for a key of another kind
	recognise func(public []byte) bool                      // whether a PKIX key is one of the scheme's
}

var schemes = map[Algorithm]scheme{Ed25519: ed25519Scheme, SM2: sm2Scheme}

var ed25519Scheme = scheme{
	hashing: sha256Hashing,
	generate: func() ([]byte, error) {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		return x509.MarshalPKCS8PrivateKey(private)
	},
	public: func(private []byte) ([]byte, error) {
		key, err := ed25519Key(private)
		if err != nil {
			return nil, err
		}
		return x509.MarshalPKIXPublicKey(key.Public())
	},
	sign: func(private, message []byte) ([]byte, error) {
		key, err := ed25519Key(private)
		if err != nil {
			return nil, err
		}
		return ed25519.Sign(key, message), nil
	},
	verify: func(public, message, signature []byte) bool {
		key, err := x509.ParsePKIXPublicKey(public)
		own, ok := key.(ed25519.PublicKey)
		return err == nil && ok && ed25519.Verify(own, message, signature)
	},
	recognise: func(public []byte) bool {
		key, err := x509.ParsePKIXPublicKey(public)
		_, ok := key.(ed25519.PublicKey)
		return err == nil && ok
	},
}

func ed25519Key(private []byte) (ed25519.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	own, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errs.Internalf("audit: a private key of type %T", key)
	}
	return own, nil
}

// PublicKey checks signatures. Its zero value accepts none.
type PublicKey struct {
	Algorithm Algorithm
	DER       []byte // PKIX
}

// keyIDBytes of the key's SHA-256 make its id: enough that nobody finds a second key with it.
const keyIDBytes = 16

// ID names the key: the first half of the SHA-256 of its PKIX form, in hex.
func (k PublicKey) ID() string {
	sum := sha256.Sum256(k.DER)
	return hex.EncodeToString(sum[:keyIDBytes])
}

// PEM gives the key as openssl and others read it.
func (k PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: k.DER})
}

func (k PublicKey) verifies(message, signature []byte) bool {
	s, ok := schemes[k.Algorithm]
	return ok && s.verify(k.DER, message, signature)
}

const (
	publicBlock  = "PUBLIC KEY"
	privateBlock = "PRIVATE KEY"
)

// ParsePublicKeys reads one or more keys in PEM. The error is an *errs.Error with
// the code usage.
func ParsePublicKeys(data []byte) ([]PublicKey, error) {
	var keys []PublicKey
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		k, ok := publicKey(block.Bytes)
		if block.Type != publicBlock || !ok {
			return nil, errs.New(errs.Usage, "audit_key_unreadable", nil)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, errs.New(errs.Usage, "audit_key_unreadable", nil)
	}
	return keys, nil
}

func publicKey(der []byte) (PublicKey, bool) {
	for a, s := range schemes {
		if s.recognise(der) {
			return PublicKey{Algorithm: a, DER: der}, true
		}
	}
	return PublicKey{}, false
}

// keyring finds keys by their id.
type keyring map[string]PublicKey

func ring(keys []PublicKey) keyring {
	r := keyring{}
	for _, k := range keys {
		r[k.ID()] = k
	}
	return r
}

func unknownAlgorithm(a Algorithm) *errs.Error {
	return errs.New(errs.ConfigInvalid, "audit_algorithm", msg.Args{"Name": string(a)})
}
