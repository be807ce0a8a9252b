package audit

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

func TestReceipt(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, SM2} {
		t.Run(string(a), func(t *testing.T) { receipt(t, a) })
	}
}

func receipt(t *testing.T, a Algorithm) {
	key, err := OpenSigner(filepath.Join(t.TempDir(), "key"), a)
	if err != nil {
		t.Fatal(err)
	}
	l := opened(t, Options{Dir: t.TempDir(), Signer: key})
	nonce := "00112233445566778899aabbccddeeff"
	for _, bad := range []string{"", nonce[2:], nonce + "0", nonce + "zz", strings.Repeat("ab", 65)} {
		if _, err := l.Digest(bad); errs.CodeOf(err) != errs.RequestInvalid {
			t.Errorf("nonce %q: %v", bad, err)
		}
	}
	d, err := l.Digest(nonce)
	if err != nil {
		t.Fatal(err)
	}
	answer := []byte("the answer, byte for byte")
	_, _ = d.Write(answer[:5])
	_, _ = d.Write(answer[5:])
	s := joined()
	id, err := l.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	e := End{Start: id, Outcome: Done, Rows: 7, Bytes: 25, Digest: d.Sum(), Reads: []Read{{Source: "ga", Began: time.Now(), Rows: 70}}}
	made, err := l.Receipt(s, e)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseReceipt(data)
	if err != nil || VerifyReceipt(r, key.Public()) != nil {
		t.Fatalf("%v %v", err, VerifyReceipt(r, key.Public()))
	}
	if r.ID.Number != id.Number || r.ID.Query != "q-1" || len(r.Grants) != 2 || r.Rows != 7 || len(r.Sources) != 1 || r.Sources[0].Time == "" || r.At().IsZero() {
		t.Errorf("%+v", r)
	}
	if bytes.Contains(data, []byte(nonce)) {
		t.Error("the receipt tells the nonce, so whoever has it can try out answers")
	}
	same := func(digest, nonce string, answer []byte) bool {
		ok, err := SameAnswer(digest, nonce, bytes.NewReader(answer))
		return ok && err == nil
	}
	if !same(r.Digest, nonce, answer) || same(r.Digest, nonce, answer[1:]) || same(r.Digest, "ff"+nonce[2:], answer) || same(r.Digest, nonce+"00", answer) || same(r.Digest, "", answer) || same("md5:0", nonce, answer) {
		t.Error("the digest is not of the answer and the nonce")
	}
	if err := VerifyReceipt(r, signer(t).Public()); errs.CodeOf(err) != errs.DataError {
		t.Errorf("by another key: %v", err)
	}
	for name, change := range map[string]func(*Receipt){
		"version": func(r *Receipt) { r.Version++ }, "gateway": func(r *Receipt) { r.ID.Gateway = "x" }, "boot": func(r *Receipt) { r.ID.Boot = "x" },
		"number": func(r *Receipt) { r.ID.Number++ }, "hash": func(r *Receipt) { r.ID.Hash = "x" }, "query": func(r *Receipt) { r.ID.Query = "x" },
		"time": func(r *Receipt) { r.Time = "x" }, "principal": func(r *Receipt) { r.Principal = "x" }, "agency": func(r *Receipt) { r.Agency = "x" },
		"purpose": func(r *Receipt) { r.Purpose = "x" }, "grants": func(r *Receipt) { r.Grants = r.Grants[:1] }, "rows": func(r *Receipt) { r.Rows++ },
		"bytes": func(r *Receipt) { r.Bytes++ }, "sources": func(r *Receipt) { r.Sources = nil }, "digest": func(r *Receipt) { r.Digest = "x" },
		"algorithm": func(r *Receipt) { r.Algorithm = "x" }, "signature": func(r *Receipt) { r.Signature = nil },
	} {
		other := r
		change(&other)
		if reflect.DeepEqual(other, r) {
			t.Errorf("%s: nothing was changed", name)
		}
		if err := VerifyReceipt(other, key.Public()); errs.CodeOf(err) != errs.DataError {
			t.Errorf("another %s passes: %v", name, err)
		}
	}
	for _, bad := range []End{{Start: id, Outcome: Failed, Digest: "x"}, {Start: id, Outcome: Done}} {
		if _, err := l.Receipt(s, bad); err == nil {
			t.Errorf("a receipt for %+v", bad)
		}
	}
	for _, bad := range []string{"", "{}", "[]", `{"v":1,"other":1}`, string(data) + "{}"} {
		if _, err := ParseReceipt([]byte(bad)); errs.CodeOf(err) != errs.Usage {
			t.Errorf("%q is a receipt: %v", bad, err)
		}
	}
}

// A consumer learns when an agency was read, and neither how many sources it has nor
// their names.
func TestReceiptNamesAgencies(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	got := sourceTimes([]Read{
		{Source: "ga1", Agency: "GA", Began: at.Add(time.Second)}, {Source: "mz", Agency: "MZ"}, {Source: "ga2", Agency: "GA", Began: at}, {Source: "own", Began: at}, {Source: "mz2", Agency: "MZ", Began: at},
	})
	want := []SourceTime{{Agency: "GA", Time: formatTime(at)}, {Agency: "MZ", Time: formatTime(at)}, {Source: "own", Time: formatTime(at)}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
