package identity

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/lianji/lianji/internal/errs"
)

// iterations of PBKDF2 with HMAC-SHA-256, after OWASP's Password Storage Cheat Sheet: a
// verifier lies beside the hash, so that is what whoever reads the store has to pay for
// each try. The client computes them, once for each connection.
const iterations = 600_000

const mostIterations = 10_000_000

// Verifier is what a server needs to hold a SCRAM-SHA-256 exchange (RFC 5802, RFC 7677)
// with somebody without knowing their password.
type Verifier struct {
	Salt                 []byte
	Iterations           int
	StoredKey, ServerKey [sha256.Size]byte
}

// Challenge is what a client makes its proof with.
func (v Verifier) Challenge() (salt []byte, iterations int) { return v.Salt, v.Iterations }

// newVerifier makes a verifier of a password that is the same in every form.
func newVerifier(password string, salt []byte, iterations int) Verifier {
	v := Verifier{Salt: salt, Iterations: iterations}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil { // a length or a count that is none
		return Verifier{}
	}
	v.StoredKey = sha256.Sum256(sum(salted, "Client Key"))
	copy(v.ServerKey[:], sum(salted, "Server Key"))
	return v
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Proves tells whether a client's proof is one for the AuthMessage of an exchange.
func (v Verifier) Proves(authMessage string, proof []byte) bool {
	if len(proof) != sha256.Size {
		return false
	}
	signature := sum(v.StoredKey[:], authMessage)
	key := make([]byte, sha256.Size)
	subtle.XORBytes(key, proof, signature)
	stored := sha256.Sum256(key)
	return subtle.ConstantTimeCompare(stored[:], v.StoredKey[:]) == 1
}

// Signature is the server's, which shows the client that it knows the verifier.
func (v Verifier) Signature(authMessage string) []byte { return sum(v.ServerKey[:], authMessage) }

const scramPrefix = "SCRAM-SHA-256$"

// text writes the verifier as PostgreSQL keeps it.
func (v Verifier) text() string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s%d:%s$%s:%s", scramPrefix, v.Iterations, b64(v.Salt), b64(v.StoredKey[:]), b64(v.ServerKey[:]))
}

// parseVerifier reads what text wrote, and nothing else.
func parseVerifier(text string) (v Verifier, err error) {
	bad := errs.Internalf("the store holds a verifier that is none")
	rest, ok := strings.CutPrefix(text, scramPrefix)
	settings, keys, ok2 := strings.Cut(rest, "$")
	count, salt, ok3 := strings.Cut(settings, ":")
	stored, server, ok4 := strings.Cut(keys, ":")
	if !ok || !ok2 || !ok3 || !ok4 {
		return v, bad
	}
	if v.Iterations, err = strconv.Atoi(count); err != nil || v.Iterations < 1 || v.Iterations > mostIterations {
		return v, bad
	}
	if v.Salt, err = base64.StdEncoding.DecodeString(salt); err != nil {
		return v, bad
	}
	for _, k := range []struct {
		text string
		into *[sha256.Size]byte
	}{{stored, &v.StoredKey}, {server, &v.ServerKey}} {
		b, err := base64.StdEncoding.DecodeString(k.text)
		if err != nil || len(b) != sha256.Size {
			return v, bad
		}
		copy(k.into[:], b)
	}
	if v.text() != text {
		return v, bad
	}
	return v, nil
}

// saltOf gives the salt that SCRAM shows for a login, whether or not there is somebody of
// that name: it never changes, so that it tells neither that somebody exists nor since
// when. Without the secret nobody can compute it beforehand.
func saltOf(secret []byte, login string) []byte { return sum(secret, "scram salt\n"+login)[:saltBytes] }

// nobody gives the verifier of a login that nobody has: of no password.
func nobody(secret []byte, login string) Verifier {
	v := Verifier{Salt: saltOf(secret, login), Iterations: iterations}
	copy(v.StoredKey[:], sum(secret, "scram stored\n"+login))
	copy(v.ServerKey[:], sum(secret, "scram server\n"+login))
	return v
}
