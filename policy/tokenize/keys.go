package tokenize

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/emmansun/gmsm/sm3"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// KeyName is the usual name of the file of master keys, beside the configuration.
const KeyName = "lianji-token.key"

// Algorithm is the hash under the HMAC.
type Algorithm string

// The algorithms: SM3 where China's national ones are asked for.
const (
	SHA256 Algorithm = "sha256"
	SM3    Algorithm = "sm3"
)

var hashes = map[Algorithm]func() hash.Hash{SHA256: sha256.New, SM3: sm3.New}

// masterBytes is the length of a master key.
const masterBytes = 32

// Keys are the master keys of a file: a line for each version with its number, its
// algorithm and the key in hexadecimal digits. It may be used by many goroutines.
type Keys struct {
	path      string
	algorithm Algorithm // of keys that are made

	mu         sync.Mutex
	masters    map[uint8]master
	newest     uint8
	tokenizers map[Of]*Tokenizer
}

type master struct {
	algorithm Algorithm
	key       []byte
}

// NewKeys gives the keys of a file, which is read when it is first needed. New keys are
// of an algorithm; those that are there keep theirs.
func NewKeys(path string, algorithm Algorithm) *Keys {
	return &Keys{path: path, algorithm: algorithm, tokenizers: map[Of]*Tokenizer{}}
}

// Newest gives the version with which new grants make tokens. Where there is no file
// yet, and no token was ever granted, one is made, in mode 0600, with a first key.
func (k *Keys) Newest(first bool) (uint8, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.read()
	if first && errors.Is(err, fs.ErrNotExist) {
		if err = add(k.path, nil, k.algorithm); err == nil {
			err = k.read()
		}
	}
	return k.newest, k.failed(err)
}

// Check tells whether the file can be used and has a version of the key.
func (k *Keys) Check(version uint8) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(); err != nil {
		return k.failed(err)
	}
	if _, ok := k.masters[version]; !ok {
		return errs.New(errs.ConfigInvalid, "token_key_missing", msg.Args{"File": k.path, "Version": int(version)})
	}
	return nil
}

// Rotate adds a key of a new version to the file, and makes the file where there is
// none: grants that are made from then on use it.
func (k *Keys) Rotate() (uint8, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.read()
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		if err = add(k.path, k.masters, k.algorithm); err == nil {
			err = k.read()
		}
	}
	return k.newest, k.failed(err)
}

// Tokenizer gives what makes some tokens. A version that is not known is looked for in
// the file, which may have got it since it was read.
func (k *Keys) Tokenizer(of Of) (*Tokenizer, error) {
	if k == nil {
		return nil, errs.Internalf("tokens without keys")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if t := k.tokenizers[of]; t != nil {
		return t, nil
	}
	if _, ok := k.masters[of.Version]; !ok {
		if err := k.read(); err != nil {
			return nil, k.failed(err)
		}
	}
	m, ok := k.masters[of.Version]
	if !ok {
		return nil, errs.New(errs.ConfigInvalid, "token_key_missing", msg.Args{"File": k.path, "Version": int(of.Version)})
	}
	t, err := newTokenizer(of, hashes[m.algorithm], m.key)
	if err != nil {
		return nil, k.failed(err)
	}
	if len(k.tokenizers) >= mostTokenizers {
		clear(k.tokenizers)
	}
	k.tokenizers[of] = t
	return t, nil
}

// mostTokenizers is how many are kept.
const mostTokenizers = 10_000

var (
	errOpen = errors.New("others than its owner may read it")
	errForm = errors.New("not a file of keys")
)

// failed makes a person's error of what is wrong with the file. It holds nothing of
// what stands in it.
func (k *Keys) failed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errOpen):
		return errs.New(errs.ConfigInvalid, "token_key_open", msg.Args{"File": k.path})
	}
	return errs.Wrap(errs.ConfigInvalid, "token_key_unreadable", msg.Args{"File": k.path}, err)
}

func (k *Keys) read() error {
	f, err := os.Open(k.path)
	if err != nil {
		return err
	}
	masters, err := parse(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	k.masters, k.newest = masters, 0
	for v := range masters {
		k.newest = max(k.newest, v)
	}
	return nil
}

// mostKeyFile is the longest file of keys, in bytes.
const mostKeyFile = 64 << 10

func parse(f *os.File) (map[uint8]master, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, errOpen
	}
	if info.Size() > mostKeyFile {
		return nil, errForm
	}
	data := make([]byte, info.Size())
	if n, err := f.ReadAt(data, 0); n != len(data) {
		return nil, errors.Join(errForm, err)
	}
	out := map[uint8]master{}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return nil, errForm
		}
		version, err := strconv.ParseUint(fields[0], 10, 8)
		key, err2 := hex.DecodeString(fields[2])
		_, twice := out[uint8(version)]
		if err != nil || err2 != nil || version == 0 || len(key) != masterBytes || hashes[Algorithm(fields[1])] == nil || twice {
			return nil, errForm // without the parts: one of them is a key
		}
		out[uint8(version)] = master{Algorithm(fields[1]), key}
	}
	if len(out) == 0 {
		return nil, errForm
	}
	return out, nil
}

// add writes the file anew with one more key, whole or not at all. A first file takes
// no other's place: of two who make one at once the second finds the first's.
func add(path string, before map[uint8]master, algorithm Algorithm) (err error) {
	if hashes[algorithm] == nil {
		return errForm
	}
	newest := 0
	var text strings.Builder
	for v := 1; v <= 255; v++ {
		if m, ok := before[uint8(v)]; ok {
			newest = v
			line(&text, v, m)
		}
	}
	if newest == 255 {
		return errors.New("every version is used")
	}
	fresh := master{algorithm, make([]byte, masterBytes)}
	_, _ = rand.Read(fresh.key) // it never fails
	line(&text, newest+1, fresh)
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // in mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(f.Name()); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}()
	_, err = f.WriteString(text.String())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if before != nil {
		err = os.Rename(f.Name(), path)
	} else if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func line(b *strings.Builder, version int, m master) {
	fmt.Fprintf(b, "%d %s %s\n", version, m.algorithm, hex.EncodeToString(m.key))
}
