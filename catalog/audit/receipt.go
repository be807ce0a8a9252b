package audit

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// Digest sums an answer up while it streams: over a nonce that the consumer alone has,
// so that nobody who has the digest alone can try out answers against it. It is an
// io.Writer and belongs to one goroutine.
type Digest struct {
	hashing string
	sum     hash.Hash
}

// Bounds of a nonce, in bytes. It is given as hexadecimal digits.
const (
	leastNonce = 16
	mostNonce  = 64
)

const answerDomain = "lianji audit answer 1\n"

// Digest begins one over a nonce of 16 to 64 bytes in hexadecimal digits. The error is
// an *errs.Error with the code request_invalid.
func (l *Log) Digest(nonce string) (*Digest, error) {
	d, ok := newDigest(l.h, nonce)
	if !ok {
		return nil, errs.New(errs.RequestInvalid, "audit_nonce", nil)
	}
	return d, nil
}

func newDigest(h hashing, nonce string) (*Digest, bool) {
	raw, err := hex.DecodeString(nonce)
	if err != nil || len(raw) < leastNonce || len(raw) > mostNonce {
		return nil, false
	}
	d := &Digest{hashing: h.id, sum: h.new()}
	_, _ = d.sum.Write([]byte(answerDomain))
	_, _ = d.sum.Write([]byte{byte(len(raw))})
	_, _ = d.sum.Write(raw)
	return d, true
}

// Write adds bytes of the answer; it never fails.
func (d *Digest) Write(p []byte) (int, error) { return d.sum.Write(p) }

// Sum gives the digest of what was written so far, with the hash's name before it.
func (d *Digest) Sum() string { return d.hashing + ":" + hex.EncodeToString(d.sum.Sum(nil)) }

// SameAnswer reports whether an answer, read whole from its first to its last byte as
// it was delivered, has the digest. The error is of reading it.
func SameAnswer(digest, nonce string, answer io.Reader) (bool, error) {
	id, _, _ := strings.Cut(digest, ":")
	h, ok := hashings[id]
	if !ok {
		return false, nil
	}
	d, ok := newDigest(h, nonce)
	if !ok {
		return false, nil
	}
	if _, err := io.Copy(d, answer); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare([]byte(d.Sum()), []byte(digest)) == 1, nil
}

// SourceTime says when the sources of an agency were first read for an answer, or, where
// it is not known whose it is, a source of the configuration.
type SourceTime struct {
	Agency string `json:"agency,omitempty"` // its code
	Source string `json:"source,omitempty"`
	Time   string `json:"time"`
}

// Receipt is what a consumer holds of an answer, and can show to a provider later.
// It says nothing of the rows but their number and a digest.
type Receipt struct {
	Version   int          `json:"v"`
	ID        ID           `json:"start"` // the record of the start
	Time      string       `json:"time"`  // when it was made out
	Principal string       `json:"principal"`
	Agency    string       `json:"agency,omitempty"`
	Purpose   string       `json:"purpose,omitempty"`
	Grants    []string     `json:"grants,omitempty"`
	Rows      int64        `json:"rows"`
	Bytes     int64        `json:"bytes"` // over which the digest is
	Sources   []SourceTime `json:"sources,omitempty"`
	Digest    string       `json:"digest"` // over the nonce and the answer
	Algorithm Algorithm    `json:"sig_alg"`
	KeyID     string       `json:"key"`
	Signature []byte       `json:"sig,omitempty"`
}

const (
	receiptVersion = 1
	receiptDomain  = "lianji audit receipt 1\n"
)

func (r Receipt) message() ([]byte, error) {
	r.Signature = nil
	b, err := json.Marshal(r)
	return append([]byte(receiptDomain), b...), err
}

// Receipt makes out the receipt of a statement that came to its end. s and e are
// what was recorded.
func (l *Log) Receipt(s Start, e End) (Receipt, error) {
	if e.Outcome != Done || e.Digest == "" {
		return Receipt{}, errs.New(errs.RequestInvalid, "audit_no_receipt", nil)
	}
	r := Receipt{
		Version: receiptVersion, ID: e.Start, Time: formatTime(l.o.Now()),
		Principal: s.Principal, Agency: s.Agency, Purpose: s.Purpose, Rows: e.Rows, Bytes: e.Bytes, Digest: e.Digest,
		Algorithm: l.o.Signer.algorithm, KeyID: l.o.Signer.id,
	}
	for _, g := range s.Grants {
		r.Grants = append(r.Grants, g.ID)
	}
	r.Sources = sourceTimes(e.Reads)
	m, err := r.message()
	if err == nil {
		r.Signature, err = l.o.Signer.sign(m)
	}
	if err != nil {
		return Receipt{}, errs.From(err)
	}
	return r, nil
}

// ParseReceipt reads a receipt as JSON. The error is an *errs.Error with the code usage.
func ParseReceipt(data []byte) (Receipt, error) {
	var r Receipt
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil || dec.More() || r.Version != receiptVersion {
		return Receipt{}, errs.Wrap(errs.Usage, "audit_receipt_unreadable", nil, err)
	}
	return r, nil
}

// VerifyReceipt checks that the holder of the key made the receipt out and that
// nobody changed it since. It needs neither a gateway nor the log. The error is an
// *errs.Error.
func VerifyReceipt(r Receipt, key PublicKey) error {
	m, err := r.message()
	switch {
	case err != nil:
		return errs.From(err)
	case r.KeyID != key.ID():
		return errs.New(errs.DataError, "audit_receipt_key", nil)
	case r.Version != receiptVersion || r.Algorithm != key.Algorithm || !key.verifies(m, r.Signature):
		return errs.New(errs.DataError, "audit_receipt_forged", nil)
	}
	return nil
}

// At gives when the receipt was made out; zero when it cannot be read.
func (r Receipt) At() time.Time { return (&Record{Time: r.Time}).At() }

// sourceTimes says when whose sources were read. How many an agency has, and what they are
// called, is no business of a consumer's.
func sourceTimes(reads []Read) []SourceTime {
	var out []SourceTime
	for _, read := range reads {
		t := ""
		if !read.Began.IsZero() {
			t = formatTime(read.Began)
		}
		one := SourceTime{Agency: read.Agency, Time: t}
		if one.Agency == "" {
			one.Source = read.Source
		}
		at := slices.IndexFunc(out, func(s SourceTime) bool { return s.Agency == one.Agency && s.Source == one.Source })
		switch {
		case at < 0:
			out = append(out, one)
		case out[at].Time == "" || t != "" && t < out[at].Time: // of one length, in UTC
			out[at].Time = t
		}
	}
	return out
}
