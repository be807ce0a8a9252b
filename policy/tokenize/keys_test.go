package tokenize_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emmansun/gmsm/sm3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/tokenize"
)

// one and two are keys by version.
var (
	one = bytes.Repeat([]byte{1}, 32)
	two = bytes.Repeat([]byte{2}, 32)
)

func keyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), tokenize.KeyName)
	text := fmt.Sprintf("1 sha256 %x\n2 sm3 %x\n", one, two)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// byHand computes a token with nothing but HMAC, as RFC 5869 derives keys.
func byHand(new func() hash.Hash, version byte, master []byte, info, value string) string {
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(new, key)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	extracted := mac(make([]byte, 32), master)
	key := mac(extracted, []byte(info), []byte{1})
	return hex.EncodeToString(append([]byte{version}, mac(key, []byte(value))[:16]...))
}

func TestTokens(t *testing.T) {
	keys := tokenize.NewKeys(keyFile(t), tokenize.SHA256)
	token := func(of tokenize.Of, value string) string {
		t.Helper()
		k, err := keys.Tokenizer(of)
		if err != nil {
			t.Fatal(err)
		}
		return string(k.Append([]byte("before "), value))
	}
	first := tokenize.Of{Version: 1, Agency: "MZ", Purpose: "DB-HC", Identifier: catalog.IDNumber}
	want := byHand(sha256.New, 1, one, "lianji token/DB-HC/MZ/id_no", "130503196704010016")
	for _, value := range []string{"130503196704010016", "130503670401001", " 130503196704010016 "} {
		if got := token(first, value); got != "before "+want || len(want) != tokenize.Length {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
	second := tokenize.Of{Version: 2, Agency: "MZ", Purpose: "DB-HC", Identifier: catalog.OtherID}
	if got, want := token(second, "x"), byHand(sm3.New, 2, two, "lianji token/DB-HC/MZ/other", "x"); got != "before "+want {
		t.Errorf("SM3: %s, want %s", got, want)
	}
	// Whatever the tokens are of or for, they have nothing in common.
	seen := map[string]tokenize.Of{}
	for _, of := range []tokenize.Of{
		first, {2, "MZ", "DB-HC", catalog.IDNumber}, {1, "SB", "DB-HC", catalog.IDNumber}, {1, "MZ", "JC", catalog.IDNumber},
		{1, "MZ", "DB-HC", catalog.OtherID}, {1, "DB-HC", "MZ", catalog.IDNumber},
	} {
		got := token(of, "130503196704010016")[len("before 01"):]
		if before, dup := seen[got]; dup {
			t.Errorf("%+v and %+v give one token", before, of)
		}
		seen[got] = of
	}
}

// Tokens are made by several threads at once.
func TestTokensAtOnce(t *testing.T) {
	k, err := tokenize.NewKeys(keyFile(t), tokenize.SHA256).Tokenizer(tokenize.Of{Version: 1, Identifier: catalog.OtherID})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for i := range 50 {
		v := fmt.Sprint(i)
		want[v] = string(k.Append(nil, v))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				for v, w := range want {
					if got := string(k.Append(nil, v)); got != w {
						t.Errorf("%s: %s, want %s", v, got, w)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestKeyFiles(t *testing.T) {
	key := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		id   string
	}{
		"open to the group": {"1 sha256 " + key, 0o640, "token_key_open"},
		"open to all":       {"1 sha256 " + key, 0o604, "token_key_open"},
		"nothing":           {"\n", 0o600, "token_key_unreadable"},
		"another hash":      {"1 md5 " + key, 0o600, "token_key_unreadable"},
		"a short key":       {"1 sha256 " + key[2:], 0o600, "token_key_unreadable"},
		"no hexadecimal":    {"1 sha256 " + strings.Repeat("z", 64), 0o600, "token_key_unreadable"},
		"version 0":         {"0 sha256 " + key, 0o600, "token_key_unreadable"},
		"version 256":       {"256 sha256 " + key, 0o600, "token_key_unreadable"},
		"a version twice":   {"1 sha256 " + key + "\n1 sm3 " + key, 0o600, "token_key_unreadable"},
		"more on a line":    {"1 sha256 " + key + " x", 0o600, "token_key_unreadable"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := tokenize.NewKeys(path, tokenize.SHA256).Newest(true)
		_, err2 := tokenize.NewKeys(path, tokenize.SHA256).Tokenizer(tokenize.Of{Version: 1})
		_, err3 := tokenize.NewKeys(path, tokenize.SM3).Rotate()
		for _, err := range []error{err, err2, err3} {
			if e := errs.From(err); e == nil || e.ID != c.id || strings.Contains(fmt.Sprintf("%v %s %+v", e, e.Detail, e.Err), "abab") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Who has a key goes on with it after another one was added.
func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	keys := tokenize.NewKeys(path, tokenize.SHA256)
	if _, err := keys.Tokenizer(tokenize.Of{Version: 1}); err == nil {
		t.Error("a key was made to read tokens")
	}
	if _, err := keys.Newest(false); err == nil || keys.Check(1) == nil {
		t.Error("another key was made in the place of one that is lost")
	}
	if v, err := keys.Newest(true); err != nil || v != 1 || keys.Check(1) != nil || keys.Check(2) == nil {
		t.Fatal(v, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	of := tokenize.Of{Version: 1, Identifier: catalog.OtherID}
	k, err := keys.Tokenizer(of)
	if err != nil {
		t.Fatal(err)
	}
	before := string(k.Append(nil, "x"))
	if v, err := tokenize.NewKeys(path, tokenize.SM3).Rotate(); err != nil || v != 2 {
		t.Fatal(v, err)
	}
	if v, err := keys.Newest(true); err != nil || v != 2 {
		t.Error(v, err)
	}
	other := tokenize.NewKeys(path, tokenize.SHA256)
	k, err = other.Tokenizer(of)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(k.Append(nil, "x")); got != before {
		t.Errorf("after another key %s, before it %s", got, before)
	}
	of.Version = 3
	if _, err := other.Tokenizer(of); errs.From(err) == nil || errs.From(err).ID != "token_key_missing" {
		t.Error(err)
	}
	if _, err := tokenize.NewKeys(path, tokenize.SHA256).Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Tokenizer(of); err != nil { // it came after the file was read
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, a := range []tokenize.Algorithm{tokenize.SHA256, tokenize.SM3} {
		b.Run(string(a), func(b *testing.B) {
			keys := tokenize.NewKeys(filepath.Join(b.TempDir(), "key"), a)
			v, err := keys.Rotate()
			if err != nil {
				b.Fatal(err)
			}
			k, err := keys.Tokenizer(tokenize.Of{Version: v, Identifier: catalog.IDNumber})
			if err != nil {
				b.Fatal(err)
			}
			var dst []byte
			for b.Loop() {
				dst = k.Append(dst[:0], "130503196704010016")
			}
		})
	}
}
