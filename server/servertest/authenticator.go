package servertest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"testing"
	"time"
)

// Authenticator is the secret of somebody's second factor, of which it makes codes as
// RFC 6238 says.
type Authenticator []byte

// Scan reads the address of an enrolment.
func Scan(tb testing.TB, uri string) Authenticator {
	tb.Helper()
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" {
		tb.Fatalf("%q is no address of an authenticator: %v", uri, err)
	}
	secret, err := base32.StdEncoding.DecodeString(u.Query().Get("secret"))
	if err != nil || len(secret) == 0 {
		tb.Fatalf("a secret of %d bytes: %v", len(secret), err)
	}
	return secret
}

// At gives the code that is shown at a time.
func (a Authenticator) At(when time.Time) string {
	h := hmac.New(sha1.New, a)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(when.Unix()/30)))
	sum := h.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}
