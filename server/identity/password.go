package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Bounds of a password, in characters. NIST SP 800-63B asks for 8 at least and that 64
// can be used; a password here stands alone and is tried over the network.
const (
	LeastPassword = 12
	MostPassword  = 128

	fewestDifferent = 5 // characters
)

//go:embed refused.txt
var refusedText string

// refusedPasswords are what is tried first, folded, without what stands around a stem.
var refusedPasswords = strings.Fields(refusedText)

// CheckPassword tells what is wrong with a new password of a login; nil when it will do.
func CheckPassword(login, password string) error {
	count := utf8.RuneCountInString(password)
	switch {
	case !plain(password):
		return refuse("identity_password_form", nil)
	case count < LeastPassword || count > MostPassword:
		return refuse("identity_password_length", msg.Args{"Least": LeastPassword, "Most": MostPassword})
	case isEasy(login, password):
		return refuse("identity_password_easy", nil)
	}
	return nil
}

func refuse(id string, args msg.Args) error { return errs.New(errs.RequestInvalid, id, args) }

// plain reports whether every client sends a text as the same bytes, whatever it does to
// passwords first: some of them apply SASLprep (RFC 4013), which takes full-width letters
// and odd spaces for others, and some do not.
func plain(text string) bool {
	if !utf8.ValidString(text) || !norm.NFKC.IsNormalString(text) {
		return false
	}
	return strings.IndexFunc(text, func(r rune) bool {
		return r != ' ' && !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
	}) < 0
}

// isEasy reports whether a password is one of those that are tried first: digits alone,
// of which numbers of people and telephones are made, few different characters, the
// login, or a word that many take with something around it.
func isEasy(login, password string) bool {
	folded := strings.ToLower(password)
	different := map[rune]bool{}
	digits := true
	for _, r := range folded {
		different[r] = true
		digits = digits && unicode.IsDigit(r)
	}
	if digits || len(different) < fewestDifferent {
		return true
	}
	rest := folded
	if login != "" {
		rest = strings.ReplaceAll(rest, strings.ToLower(login), "")
	}
	for _, word := range refusedPasswords {
		rest = strings.ReplaceAll(rest, word, "")
	}
	// What is left has to be long enough to be a secret by itself.
	return utf8.RuneCountInString(rest) < LeastPassword/2
}

// cost is what a hash takes of argon2id (RFC 9106).
type cost struct {
	memory, time uint32 // KiB, passes
	threads      uint8
}

// argonCost is the smallest memory that OWASP's Password Storage Cheat Sheet names beside
// two passes: logins of several people at the same time have to find room.
var argonCost = cost{memory: 19 << 10, time: 2, threads: 1}

const (
	saltBytes = 16 // of random salts, and of those that SCRAM shows
	hashBytes = 32

	mostMemory = 256 << 10 // KiB that a stored hash may ask for
	mostTime   = 16
)

// hashed gives a password's hash in the PHC string format.
func hashed(password string, c cost) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // it never fails
	return phc(c, salt, argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, hashBytes))
}

func phc(c cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, b64(salt), b64(key))
}

// matches tells whether a password has a hash. It takes as long when it has not.
func matches(password, hash string) (bool, error) {
	c, salt, key, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	got := argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}

// parsePHC reads what phc wrote, and nothing else: a hash that somebody put into the
// store must not make a login cost more than it may.
func parsePHC(text string) (c cost, salt, key []byte, err error) {
	bad := errs.Internalf("the store holds a hash that is none")
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, nil, bad
	}
	if c.memory < 8*uint32(c.threads) || c.memory > mostMemory || c.time < 1 || c.time > mostTime || c.threads < 1 {
		return c, nil, nil, bad
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return c, nil, nil, bad
	}
	key, err = base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(key) != hashBytes || phc(c, salt, key) != text {
		return c, nil, nil, bad
	}
	return c, salt, key, nil
}

// NewPassword gives what is kept of a new password of a principal. The secret is the
// store's, of SecretName. The error tells what is wrong with the password.
func NewPassword(p *catalog.Principal, password string, secret []byte) (*catalog.Password, error) {
	if err := CheckPassword(p.Login, password); err != nil {
		return nil, err
	}
	v := newVerifier(password, saltOf(secret, p.Login), iterations)
	return &catalog.Password{Principal: p.ID, Hash: hashed(password, argonCost), SCRAM: v.text()}, nil
}

// NewPassword is NewPassword with the Authenticator's secret, when its turn among the
// logins has come: it computes more than one of them does.
func (a *Authenticator) NewPassword(ctx context.Context, p *catalog.Principal, password string) (*catalog.Password, error) {
	if err := CheckPassword(p.Login, password); err != nil {
		return nil, err
	}
	release, err := a.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return NewPassword(p, password, a.Secret)
}

// ReadPassword gives the password in what somebody typed or sent: one line, without its
// end.
func ReadPassword(input []byte) (string, error) {
	line, rest, _ := bytes.Cut(input, []byte("\n"))
	if len(bytes.TrimSpace(rest)) > 0 {
		return "", refuse("identity_password_form", nil)
	}
	return string(bytes.TrimSuffix(line, []byte("\r"))), nil
}
