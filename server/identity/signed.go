package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// SignedWindow is how far a signed request's time may be from the gateway's.
const SignedWindow = 5 * time.Minute

var (
	signatures = map[catalog.Signature]func() hash.Hash{catalog.HMACSHA256: sha256.New, catalog.HMACSM3: sm3.New}
	noncePlain = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
)

// ToSign gives the text that a request's signature is over: what is asked, of whom, and
// when, a line each. The body stands in it by its digest in hexadecimal digits.
func ToSign(r *server.Signed) (string, bool) {
	digest, ok := signatures[r.How]
	if !ok {
		return "", false
	}
	h := digest()
	h.Write(r.Body)
	return strings.Join([]string{
		"lianji-" + string(r.How), strconv.FormatInt(r.Time, 10), r.Nonce, r.Method, r.Target, strings.ToLower(r.Host), hex.EncodeToString(h.Sum(nil)),
	}, "\n"), true
}

// Sign gives the signature of a request under a key's secret.
func Sign(r *server.Signed, secret string) ([]byte, bool) {
	text, ok := ToSign(r)
	if !ok {
		return nil, false
	}
	h := hmac.New(signatures[r.How], []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil), true
}

// Signed finds whose key signed a request that comes from an address. Each request is
// taken once.
func (a *Authenticator) Signed(ctx context.Context, r *server.Signed, client string) (catalog.Credential, error) {
	state, err := a.State()
	if err != nil {
		return nil, err
	}
	now := a.Now()
	by := catalog.BySignature{Key: r.Key, Client: address(client)}
	k, _, ok := by.Bearer(state, now)
	secret := hex.EncodeToString(sum(a.Secret, "nobody's key"))
	if ok {
		if secret, err = a.Sealer.Open(k.ID, k.Sealed); err != nil {
			return nil, err
		}
	}
	want, known := Sign(r, secret)
	if !known || !hmac.Equal(want, r.Signature) || !ok || k.Signs != r.How {
		return nil, unknown()
	}
	// Only who has the secret learns what else is wrong.
	at := time.Unix(r.Time, 0)
	if at.Before(now.Add(-SignedWindow)) || at.After(now.Add(SignedWindow)) {
		return nil, errs.New(errs.Unauthenticated, "identity_signed_time", nil)
	}
	if !noncePlain.MatchString(r.Nonce) {
		return nil, errs.New(errs.Unauthenticated, "identity_signed_nonce", nil)
	}
	fresh, err := a.SpendNonce(ctx, k.ID, r.Nonce, at.Add(SignedWindow+time.Minute))
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, errs.New(errs.Unauthenticated, "identity_signed_twice", nil)
	}
	return by, nil
}

// minute counts what a token asked in one.
type minute struct{ of, asked int64 }

// mostCounted tokens are counted at a gateway.
const mostCounted = 1 << 16

// Count counts a statement of a token that may ask some in a minute, and refuses those
// that are too many.
func (a *Authenticator) Count(k *catalog.Token) error {
	if k.PerMinute == 0 {
		return nil
	}
	now := a.Now()
	of, over := now.Unix()/60, false
	a.minutes.change(k.ID, func(m minute) minute {
		if m.of != of {
			m = minute{of: of}
		}
		if over = m.asked >= k.PerMinute; !over {
			m.asked++
		}
		return m
	})
	if over {
		e := errs.New(errs.QuotaSpent, "identity_per_minute", nil)
		e.RetryAfter = time.Unix((of+1)*60, 0).Sub(now)
		return e
	}
	return nil
}
