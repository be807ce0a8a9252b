package identity

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Codes are those of RFC 6238 that every authenticator makes: of HMAC-SHA-1, with six
// digits, another one every 30 seconds.
const (
	codeSeconds     = 30
	codeDigits      = 6
	codeRange       = 1_000_000 // 10 to the codeDigits
	codeSecretBytes = 20        // as RFC 4226 recommends
	// codeDrift is how many steps an authenticator's clock may be ahead or behind, or its
	// owner slow.
	codeDrift = 1
)

// codeAt gives the code of a time step (RFC 4226, 5.3).
func codeAt(secret []byte, step int64) string {
	h := hmac.New(sha1.New, secret)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%0*d", codeDigits, (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%codeRange)
}

// stepOf finds the time step of a code that somebody gives now, where it is one after the
// last one that was taken.
func stepOf(secret []byte, code string, now time.Time, spent int64) (step int64, ok bool) {
	// Authenticators show it with a space in its middle.
	code = strings.ReplaceAll(code, " ", "")
	around := now.Unix() / codeSeconds
	for at := around - codeDrift; at <= around+codeDrift; at++ {
		same := subtle.ConstantTimeCompare([]byte(codeAt(secret, at)), []byte(code)) == 1
		if same && at > spent {
			step, ok = at, true
		}
	}
	return step, ok
}
