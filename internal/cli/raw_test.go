package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/servertest"
)

// paging answers with two pages, and makes receipts that say how many bytes they are over.
type paging struct {
	*servertest.Querier
	asked []server.Request
}

func (p *paging) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	p.asked = append(p.asked, r)
	p.Querier = rows(2, 3)
	a, err := p.Querier.Query(ctx, s, r)
	if err != nil {
		return nil, err
	}
	if r.Pages {
		a.Truncated = func() bool { return r.Page == "" }
		a.NextPage = func() string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ" }
	}
	if r.Nonce != "" {
		a.Receipt = &counting{nonce: r.Nonce}
	}
	return a, nil
}

type counting struct {
	bytes.Buffer
	nonce string
}

func (c *counting) Make() ([]byte, error) {
	return json.Marshal(map[string]any{"bytes": c.Len(), "nonce": c.nonce})
}

// On-line browsing shows page after page, and says how the next one is asked for.
func TestQueryPages(t *testing.T) {
	config(t, good)
	q := &paging{}
	url := gateway(t, q)
	code, stdout, stderr := run{}.args(t, "query", "--url", url, "--mode", "online", "select 1")
	if code != 0 || !strings.Contains(stdout, "张2") || !strings.Contains(stderr, "There are more rows: --page ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = run{}.args(t, "query", "--url", url, "--page", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "--format", "ndjson")
	if code != 0 || !strings.Contains(stdout, "张2") || strings.Contains(stderr, "--page") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	if len(q.asked) != 2 || q.asked[0].SQL != "select 1" || q.asked[1].SQL != "" || q.asked[1].Page != "ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t.Errorf("asked %+v", q.asked)
	}
	for _, wrong := range [][]string{
		{"--page", "A", "select 1"}, {"--page", "A", "--param", "1"}, {"--page", "A", "--mode", "interface"}, {"--mode", "online", "--format", "csv", "select 1"},
		{"--nonce", "00", "select 1"}, {"--receipt", "r", "select 1"}, {"--mode", "offline", "select 1"},
	} {
		if code, _, stderr := (run{}).args(t, append([]string{"query", "--url", url}, wrong...)...); code != 2 {
			t.Errorf("%q: exit %d, %q", wrong, code, stderr)
		}
	}
	if code, _, _ := (run{}).args(t, "query", "--direct", "--receipt", "r", "--format", "csv", "select 1"); code != 2 {
		t.Errorf("without a gateway: exit %d", code)
	}
	// What breaks off is no page.
	failure := errs.New(errs.SourceFailed, "source_lost", nil)
	for _, form := range []string{"table", "json", "ndjson"} {
		url := gateway(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure})})
		code, stdout, stderr := run{}.args(t, "query", "--url", url, "--mode", "online", "--format", form, "select 1")
		if code != 1 || !strings.Contains(stderr, "error[source_failed]") || form == "table" && stdout != "" {
			t.Errorf("%s: exit %d, %q, %q", form, code, stdout, stderr)
		}
	}
}

// A receipt is kept beside the very bytes that it is over.
func TestQueryReceipt(t *testing.T) {
	config(t, good)
	url := gateway(t, &paging{})
	for _, form := range []string{"json", "ndjson", "csv", "arrow", "parquet"} {
		nonce := strings.Repeat("0f", 16)
		code, stdout, stderr := run{}.args(t, "query", "--url", url, "--format", form, "--receipt", "r.json", "--nonce", nonce, "select 1")
		if code != 0 || !strings.Contains(stderr, "The receipt is in r.json, made with --nonce "+nonce) {
			t.Fatalf("%s: exit %d, %q", form, code, stderr)
		}
		text, err := os.ReadFile("r.json")
		if err != nil {
			t.Fatal(err)
		}
		var receipt struct {
			Bytes int    `json:"bytes"`
			Nonce string `json:"nonce"`
		}
		if err := json.Unmarshal(text, &receipt); err != nil {
			t.Fatalf("%s: %v: %s", form, err, text)
		}
		over := len(stdout)
		if at := strings.LastIndex(stdout, `,"receipt":`); at >= 0 {
			over = at
		}
		if receipt.Nonce != nonce || receipt.Bytes != over {
			t.Errorf("%s: %+v, %d bytes came", form, receipt, over)
		}
	}
	// Without a nonce of one's own there is a random one; the answer may go to a file.
	code, _, stderr := run{}.args(t, "query", "--url", url, "-o", "a.csv", "--receipt", "r.json", "select 1")
	if _, err := os.Stat("a.csv"); code != 0 || err != nil || !strings.Contains(stderr, "--nonce ") || strings.Contains(stderr, strings.Repeat("0", 64)) {
		t.Errorf("exit %d, %q, %v", code, stderr, err)
	}
	if code, _, stderr := (run{}).args(t, "query", "--url", gateway(t, rows(1)), "--format", "csv", "--receipt", "none.json", "select 1"); code != 1 || !strings.Contains(stderr, "gave no receipt") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}
