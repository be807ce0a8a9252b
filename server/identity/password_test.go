package identity

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

func pbkdf2Of(password string, salt []byte, count int) []byte {
	key, err := pbkdf2.Key(sha256.New, password, salt, count, sha256.Size)
	if err != nil {
		return nil
	}
	return key
}

func TestCheckPassword(t *testing.T) {
	for password, want := range map[string]string{
		good:                           "",
		other:                          "",
		"correct horse battery staple": "",
		"九月的风吹过辽河两岸的芦苇": "",
		"X4!m-p0Qz~77":                       "",
		"elevenchars":                        "identity_password_length",
		"":                                   "identity_password_length",
		strings.Repeat("秘b7!9 q2", 16):       "",
		strings.Repeat("秘b7!9 q2", 16) + "x": "identity_password_length",
		"Ｐａｓｓｗｏｒｔ ｇｕｔ １２":       "identity_password_form", // full-width
		"with\u00a0odd space":   "identity_password_form",
		"with a\tline's tab":    "identity_password_form",
		"with half \xff a sign": "identity_password_form",
		"210102199001011234":    "identity_password_easy",
		"Password123!":          "identity_password_easy",
		"Qwertyuiop123":         "identity_password_easy",
		"aaaabbbbccccdddd":      "identity_password_easy",
		"wang.fang2026":         "identity_password_easy",
		"WANG.FANG-wang.fang":   "identity_password_easy",
		"Lianji@Shenyang2026":   "identity_password_easy",
	} {
		err := CheckPassword("wang.fang", password)
		id := ""
		if err != nil {
			id = errs.From(err).ID
		}
		if id != want {
			t.Errorf("%q: %q, want %q", password, id, want)
		}
		if err != nil && password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("%q is told", password)
		}
	}
	if _, err := NewPassword(&catalog.Principal{Login: "x"}, "short", secret); errs.CodeOf(err) != errs.RequestInvalid {
		t.Errorf("it is taken: %v", err)
	}
}

// A hash that this program did not write is not tried: it could cost anything.
func TestHashes(t *testing.T) {
	hash := hashed(good, argonCost)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || hashed(good, argonCost) == hash {
		t.Errorf("%s", hash)
	}
	for password, want := range map[string]bool{good: true, other: false, "": false} {
		if got, err := matches(password, hash); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	for _, wrong := range []string{
		"", "$argon2id$", strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "m=19456", "m=99999999", 1), strings.Replace(hash, "t=2", "t=99", 1),
		strings.Replace(hash, "t=2", "t=0", 1), strings.Replace(hash, "p=1", "p=0", 1), strings.Replace(hash, "m=19456", "m=019456", 1), hash[:len(hash)-4], hash + "$x",
	} {
		if _, err := matches(good, wrong); errs.CodeOf(err) != errs.Internal {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestPasswordsAreHidden(t *testing.T) {
	p := catalog.Password{Principal: "w", Hash: "the hash", SCRAM: "the verifier"}
	for _, text := range []string{fmt.Sprint(p), fmt.Sprintf("%+v %#v", p, &p), fmt.Sprintf("%v", []any{&p}), p.LogValue().String()} {
		if strings.Contains(text, "the ") {
			t.Error(text)
		}
	}
}
