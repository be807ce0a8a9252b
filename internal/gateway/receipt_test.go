package gateway_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server/httpapi"
)

const nonce = "0123456789abcdef0123456789abcdef"

// A request with a nonce gets a receipt with its answer's end, in every form, over the
// bytes that came; the log has its digest.
func TestReceipts(t *testing.T) {
	s := newSite(t, plain)
	key, err := os.ReadFile(filepath.Join(s.dir, audit.KeyName+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := audit.ParsePublicKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []output.Form{output.JSON, output.NDJSON, output.CSV, output.Arrow, output.Parquet} {
		r := s.ask(t, "wang", output.ContentType(form), map[string]any{"sql": "SELECT id, xm FROM 公安.人口", "nonce": nonce})
		if r.StatusCode != 200 {
			t.Fatalf("%s: %s", form, r.body)
		}
		answer, text := r.body, []byte(r.Trailer.Get(httpapi.ReceiptTrailer))
		if form.TellsItself() {
			at := bytes.LastIndex(r.body, []byte(output.ReceiptMember))
			if at < 0 {
				t.Fatalf("%s: no receipt in %s", form, r.body)
			}
			answer, text = r.body[:at], bytes.TrimSuffix(r.body[at+len(output.ReceiptMember):], []byte("}\n"))
		}
		receipt, err := audit.ParseReceipt(text)
		if err != nil {
			t.Fatalf("%s: %v: %s", form, err, text)
		}
		if err := audit.VerifyReceipt(receipt, keys[0]); err != nil {
			t.Errorf("%s: %v", form, err)
		}
		if same, err := audit.SameAnswer(receipt.Digest, nonce, bytes.NewReader(answer)); err != nil || !same {
			t.Errorf("%s: the receipt is over another answer", form)
		}
		if receipt.Rows != 3 || receipt.Bytes != int64(len(answer)) || receipt.Principal != "wang" || receipt.Agency != "MZ" || receipt.Purpose != "DB-HC" || len(receipt.Grants) != 1 || len(receipt.Sources) != 1 || receipt.Sources[0].Agency != "GA" || receipt.Sources[0].Source != "" || receipt.Sources[0].Time == "" {
			t.Errorf("%s: %+v", form, receipt)
		}
		ends := records[audit.End](t, s, audit.KindEnd)
		if !slices.ContainsFunc(ends, func(e audit.End) bool {
			return e.Query == receipt.ID.Query && e.Digest == receipt.Digest && e.Outcome == audit.Done && len(e.Reads) == 1 && e.Reads[0].Rows == 3 && e.Reads[0].Bytes > 0
		}) {
			t.Errorf("%s: the log does not have it: %+v", form, ends)
		}
	}
	// Nobody gets one unasked, and a nonce that can be guessed is none.
	if r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT 1"}); bytes.Contains(r.body, []byte("receipt")) {
		t.Errorf("%s", r.body)
	}
	if r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT 1", "nonce": "abc"}); r.StatusCode != 400 {
		t.Errorf("a short nonce: %d %s", r.StatusCode, r.body)
	}
	// What breaks off has none.
	if r := s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT CAST(xm AS INTEGER) FROM 公安.人口", "nonce": nonce}); bytes.Contains(r.body, []byte("receipt")) {
		t.Errorf("%s", r.body)
	}
}

// The log tells what came out from what was only compared or added up.
func TestUsesAreRecorded(t *testing.T) {
	s := newSite(t, plain)
	s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT p.xm, count(m.zt) FROM 公安.人口 p JOIN 公安.名册 m ON p.id = m.id GROUP BY p.xm"})
	s.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT count(*) FROM 公安.名册"})
	starts := records[audit.Start](t, s, audit.KindStart)
	if len(starts) != 2 {
		t.Fatalf("%+v", starts)
	}
	is := func(got []audit.Items, want ...audit.Items) bool {
		return slices.EqualFunc(got, want, func(a, b audit.Items) bool { return a.Resource == b.Resource && slices.Equal(a.Items, b.Items) })
	}
	a := starts[0]
	if !is(a.Returned, audit.Items{Resource: "公安.人口", Items: []string{"xm"}}) || !is(a.Aggregated, audit.Items{Resource: "公安.名册", Items: []string{"zt"}}) ||
		!is(a.Compared, audit.Items{Resource: "公安.人口", Items: []string{"id", "xm"}}, audit.Items{Resource: "公安.名册", Items: []string{"id"}}) || !is(a.Policy, audit.Items{Resource: "公安.人口", Items: []string{"qx"}}) {
		t.Errorf("%+v", a)
	}
	// Where policy looked values up is the provider's to know.
	looks := newSite(t, world{hidden: "INSERT INTO renkou VALUES (9, 'HIDDEN', '和平区', 'x');", filter: "id IN (SELECT id FROM 公安.密档 WHERE mm = 'm') AND qx = '和平区'", mask: "masked name"})
	if r := looks.ask(t, "wang", "application/json", map[string]any{"sql": "SELECT xm FROM 公安.人口"}); bytes.Contains(r.body, []byte("H*")) || !bytes.Contains(r.body, []byte(`"row_count":3`)) {
		t.Errorf("%s", r.body)
	}
	looked := records[audit.Start](t, looks, audit.KindStart)
	if len(looked) != 1 || !is(looked[0].Policy, audit.Items{Resource: "公安.人口", Items: []string{"id", "qx"}}, audit.Items{Resource: "公安.密档", Items: []string{"mm", "id"}}) {
		t.Errorf("%+v", looked)
	}
	// Rows alone: the resource is named all the same.
	if b := starts[1]; len(b.Returned) != 0 || !is(b.Compared, audit.Items{Resource: "公安.名册"}) {
		t.Errorf("%+v", b)
	}
}
