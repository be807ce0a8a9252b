package audit

import (
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Signer signs heads and receipts. It is safe for use by several goroutines.
type Signer struct {
	algorithm Algorithm
	scheme    scheme
	private   []byte // PKCS #8, DER
	public    PublicKey
	id        string
}

// OpenSigner reads the private key in path, and makes one of the algorithm, in mode
// 0600, when there is no such file. The public key stands beside it in path.pub. A
// key that others than its owner can read, or one of another algorithm, is refused.
// The folder must exist. Errors are *errs.Error with the code config_invalid.
func OpenSigner(path string, algorithm Algorithm) (*Signer, error) {
	s, ok := schemes[algorithm]
	if !ok {
		return nil, unknownAlgorithm(algorithm)
	}
	refuse := func(id string, err error) (*Signer, error) {
		return nil, errs.Wrap(errs.ConfigInvalid, id, msg.Args{"File": path}, err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path, s); err != nil {
			return refuse("audit_key_unmade", err)
		}
		info, err = os.Stat(path)
	}
	if err != nil {
		return refuse("audit_key_unreadable_file", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return refuse("audit_key_open", nil)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return refuse("audit_key_unreadable_file", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != privateBlock {
		return refuse("audit_key_unreadable_file", nil)
	}
	der, err := s.public(block.Bytes)
	if err != nil {
		return refuse("audit_key_unreadable_file", err)
	}
	signer := &Signer{algorithm: algorithm, scheme: s, private: block.Bytes, public: PublicKey{Algorithm: algorithm, DER: der}}
	signer.id = signer.public.ID()
	if err := publish(path+".pub", signer.public.PEM()); err != nil {
		return refuse("audit_key_unmade", err)
	}
	return signer, nil
}

// makeKey makes the file whole or not at all.
func makeKey(path string, s scheme) error {
	private, err := s.generate()
	if err != nil {
		return err
	}
	return writeWhole(path, pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: private}), 0o600)
}

func publish(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
		return nil
	}
	return writeWhole(path, data, 0o644)
}

// writeWhole makes path hold data and nothing else, also after a crash.
func writeWhole(path string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Public gives the key that checks the signatures.
func (s *Signer) Public() PublicKey { return s.public }

// KeyID names the key in heads and receipts.
func (s *Signer) KeyID() string { return s.id }

func (s *Signer) sign(message []byte) ([]byte, error) { return s.scheme.sign(s.private, message) }
