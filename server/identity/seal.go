package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/emmansun/gmsm/sm4"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Sealer seals secrets that the store keeps, with a key that is not in the store: that of
// a file which only its owner may read. Gateways on one store need copies of it.
type Sealer struct {
	Path string
	GM   bool // SM4 in the place of AES, for what is sealed from now on
}

// sealed is how secrets are sealed, as it stands before them.
const (
	sealedAES = "aes-gcm$"
	sealedSM4 = "sm4-gcm$"
)

const (
	sealKeyBytes = 32
	aesBytes     = 32
	sm4Bytes     = 16
)

// Seal seals a secret of an owner, under whose name alone it opens again. The first one
// makes the file.
func (s Sealer) Seal(owner, secret string) (string, error) {
	key, err := s.key()
	if errors.Is(err, fs.ErrNotExist) {
		key, err = s.make()
	}
	if err != nil {
		return "", s.failed(err)
	}
	how := sealedAES
	if s.GM {
		how = sealedSM4
	}
	box, err := boxOf(how, key)
	if err != nil {
		return "", errs.From(err)
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return how + base64.RawStdEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(secret), []byte(owner))), nil
}

// Open opens what Seal gave for an owner.
func (s Sealer) Open(owner, text string) (string, error) {
	key, err := s.key()
	if err != nil {
		return "", s.failed(err)
	}
	how, rest, _ := strings.Cut(text, "$")
	box, err := boxOf(how+"$", key)
	if err != nil {
		return "", errs.From(err)
	}
	raw, err := base64.RawStdEncoding.DecodeString(rest)
	if err != nil || len(raw) < box.NonceSize() {
		return "", s.failed(errSealed)
	}
	secret, err := box.Open(nil, raw[:box.NonceSize()], raw[box.NonceSize():], []byte(owner))
	if err != nil {
		return "", s.failed(errSealed)
	}
	return string(secret), nil
}

func boxOf(how string, key []byte) (cipher.AEAD, error) {
	length, block := aesBytes, aes.NewCipher
	switch how {
	case sealedAES:
	case sealedSM4:
		length, block = sm4Bytes, sm4.NewCipher
	default:
		return nil, errSealed
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "lianji "+how, length)
	if err != nil {
		return nil, err
	}
	b, err := block(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

var (
	errSealed   = errors.New("sealed with another key, or changed")
	errSealOpen = errors.New("others than its owner may read it")
	errSealForm = errors.New("not a key")
)

const othersMay fs.FileMode = 0o077

func (s Sealer) key() ([]byte, error) {
	info, err := os.Stat(s.Path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&othersMay != 0 {
		return nil, errSealOpen
	}
	text, err := os.ReadFile(s.Path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != sealKeyBytes {
		return nil, errSealForm
	}
	return key, nil
}

func (s Sealer) make() (_ []byte, err error) {
	key := make([]byte, sealKeyBytes)
	_, _ = rand.Read(key) // it never fails
	f, err := os.OpenFile(s.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close())
}

func (s Sealer) failed(err error) error {
	id := "identity_seal_file"
	switch {
	case errors.Is(err, errSealOpen):
		id = "identity_seal_open"
	case errors.Is(err, errSealed):
		id = "identity_sealed"
	}
	return errs.Wrap(errs.ConfigInvalid, id, msg.Args{"File": s.Path}, err)
}
