package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/output"
)

// auditLog makes a folder with a configuration and a log of one statement beside it,
// and gives the receipt of that statement and its nonce.
func auditLog(t *testing.T) (receipt audit.Receipt, nonce string) {
	t.Helper()
	config(t, good)
	key, err := audit.OpenSigner(audit.KeyName, audit.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.Open(t.Context(), audit.Options{Dir: audit.FolderName, GatewayID: "g1", Signer: key})
	if err != nil {
		t.Fatal(err)
	}
	nonce = "00112233445566778899aabbccddeeff"
	d, err := l.Digest(nonce)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = d.Write([]byte("answer"))
	s := audit.Start{Query: "q-1", Principal: "zhang", Agency: "minzheng", Purpose: "DB-HC", Statement: "select ‹1›", Returned: []audit.Items{{Resource: "公安.人口", Items: []string{"姓名"}}}}
	id, err := l.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	e := audit.End{Start: id, Outcome: audit.Done, Rows: 3, Digest: d.Sum()}
	if err := l.End(e); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Start(t.Context(), audit.Start{Query: "q-2", Principal: "li"}); err != nil {
		t.Fatal(err)
	}
	if receipt, err = l.Receipt(s, e); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return receipt, nonce
}

func auditSegment(t *testing.T) (name string, data []byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(audit.FolderName, "*.jsonl"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v %v", names, err)
	}
	if data, err = os.ReadFile(names[0]); err != nil {
		t.Fatal(err)
	}
	return names[0], data
}

func TestAuditVerify(t *testing.T) {
	auditLog(t)
	code, stdout, stderr := run{}.args(t, "audit", "verify")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "1 statement(s) without an end: q-2") || !strings.Contains(stdout, "Sound: 7 record(s) of 1 boot(s)") && !strings.Contains(stdout, "Sound: 6 record(s) of 1 boot(s)") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if !strings.Contains(stdout, "unknown  no head was given from outside") {
		t.Errorf("what cannot be known is not said: %q", stdout)
	}
	name, data := auditSegment(t)
	if err := os.WriteFile(name, bytes.Replace(data, []byte("zhang"), []byte("wang."), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, where := range [][]string{nil, {"--dir", audit.FolderName, "--key", audit.KeyName + ".pub"}} {
		code, stdout, stderr = run{}.args(t, append([]string{"audit", "verify"}, where...)...)
		if code != 1 || stderr != "" || !strings.Contains(stdout, "WRONG  "+filepath.Base(name)+":2: changed: line 2") || !strings.Contains(stdout, "NOT SOUND: 1 finding(s)") {
			t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	}
	code, stdout, _ = run{env: map[string]string{"LANG": "zh_CN.UTF-8"}}.args(t, "audit", "verify")
	if code != 1 || !strings.Contains(stdout, "被篡改：第 2 行") {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
	code, stdout, _ = run{}.args(t, "audit", "verify", "--json")
	var report audit.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 1 || report.OK() || report.Findings[0].Line != 2 {
		t.Errorf("exit %d, %v, stdout %q", code, err, stdout)
	}
}

// Heads from a file find what was cut off at the end.
func TestAuditVerifyHeads(t *testing.T) {
	auditLog(t)
	name, data := auditSegment(t)
	lines := bytes.SplitAfter(data, []byte("\n"))
	var last struct {
		Body audit.Head
		Boot string
	}
	// The last record is a seal, whose body is a head of the record before.
	if err := json.Unmarshal(lines[len(lines)-2], &last); err != nil {
		t.Fatal(err)
	}
	head, err := json.Marshal(last.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("heads.jsonl", append(head, "\n\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := (run{}).args(t, "audit", "verify", "--heads", "heads.jsonl"); code != 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if err := os.WriteFile(name, bytes.Join(lines[:len(lines)-3], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := (run{}).args(t, "audit", "verify"); code != 0 || !strings.Contains(stdout, "unknown") {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
	if code, stdout, _ := (run{}).args(t, "audit", "verify", "--heads", "heads.jsonl"); code != 1 || !strings.Contains(stdout, "cut off: ends at record") {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
}

// The operator's log is beside the doors', and a check of one says that of the other's
// heads; a check of each by the same configuration is one of what the store knows of it.
func TestAuditVerifyTwoLogs(t *testing.T) {
	auditLog(t)
	key, err := audit.OpenSigner(audit.KeyName, audit.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	heads := headsOf(t, audit.FolderName)
	const operators = audit.FolderName + "-operator"
	l, err := audit.Open(t.Context(), audit.Options{Dir: operators, GatewayID: "g1-operator", Signer: key})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	heads = append(heads, headsOf(t, operators)...)
	elsewhere := heads[0]
	elsewhere.Gateway = "g9"
	verify := func(args ...string) (int, string) {
		t.Helper()
		code, stdout, stderr := run{heads: append(heads, elsewhere)}.args(t, append([]string{"audit", "verify"}, args...)...)
		return code, stdout + stderr
	}
	for _, c := range []struct {
		args      []string
		says, not string
	}{
		{nil, operators + " checks it.\n", "gateway g1-operator"},
		{nil, "unknown  heads are known of gateway g9, whose log is not in this folder: it was not checked here.\n", "no head was given"},
		{[]string{"--config", "lianji.yaml", "--dir", operators}, "unknown  heads are known of gateway g1, whose log is not in this folder", "no head was given"},
		{[]string{"--config", "lianji.yaml", "--dir", operators}, "Sound: ", "no public key"},
	} {
		if code, said := verify(c.args...); code != 0 || !strings.Contains(said, c.says) || strings.Contains(said, c.not) {
			t.Errorf("%v: exit %d, %s", c.args, code, said)
		}
	}
	// What the store knows of that log is looked for in it.
	heads[len(heads)-1].Number += 5
	if code, said := verify("--config", "lianji.yaml", "--dir", operators); code != 1 || !strings.Contains(said, "WRONG") {
		t.Errorf("exit %d, %s", code, said)
	}
}

// headsOf reads the last head of a log that was closed.
func headsOf(t *testing.T, dir string) []audit.Head {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v %v", names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	var last struct{ Body audit.Head }
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil {
		t.Fatal(err)
	}
	return []audit.Head{last.Body}
}

func TestAuditExport(t *testing.T) {
	auditLog(t)
	code, stdout, stderr := run{}.args(t, "audit", "export", "--principal", "zhang")
	if code != 0 || strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, `"statement":"select`) || stderr != "2 record(s).\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	code, stdout, _ = run{}.args(t, "audit", "export", "--provider", "公安.人口", "--dir", audit.FolderName, "-o", "x.jsonl")
	data, err := os.ReadFile("x.jsonl")
	if code != 0 || err != nil || stdout != "" || bytes.Count(data, []byte("\n")) != 2 || bytes.Contains(data, []byte("statement")) {
		t.Errorf("exit %d, %v, file %q", code, err, data)
	}
	if code, stdout, _ := (run{}).args(t, "audit", "export", "--to", "2020-01-01"); code != 0 || stdout != "" {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
	// Whom the log does not know is a mistake, and no answer of nothing.
	for _, c := range [][2]string{{"--agency", "公安局"}, {"--principal", "zhan"}} {
		if code, stdout, stderr := (run{}).args(t, "audit", "export", c[0], c[1]); code != 1 || stdout != "" || !strings.Contains(stderr, "unknown_name") || !strings.Contains(stderr, c[1]) {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", c, code, stdout, stderr)
		}
	}
	name, data := auditSegment(t)
	if err := os.WriteFile(name, append(data, "{}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := (run{}).args(t, "audit", "export"); code != 1 || !strings.Contains(stderr, "1 line(s) are not records") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

func TestAuditReceipt(t *testing.T) {
	receipt, nonce := auditLog(t)
	write := func(r audit.Receipt) {
		data, err := json.Marshal(r)
		if err == nil {
			err = os.WriteFile("receipt.json", data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("answer", []byte("answer"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := audit.KeyName + ".pub"
	write(receipt)
	code, stdout, stderr := run{}.args(t, "audit", "verify-receipt", "receipt.json", "--key", key, "--answer", "answer", "--nonce", nonce)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "query q-1") || !strings.Contains(stdout, "3 row(s)") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, _, stderr := (run{}).args(t, "audit", "verify-receipt", "receipt.json", "--key", key, "--answer", key, "--nonce", nonce); code != 1 || !strings.Contains(stderr, "another answer") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	// Of an answer in JSON, what stands before the receipt is the answer.
	text, err := json.Marshal(receipt)
	if err == nil {
		err = os.WriteFile("answer.json", append(append([]byte("answer"+output.ReceiptMember), text...), "}\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := (run{}).args(t, "audit", "verify-receipt", "receipt.json", "--key", key, "--answer", "answer.json", "--nonce", nonce); code != 0 {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	receipt.Rows++
	write(receipt)
	if code, stdout, stderr := (run{}).args(t, "audit", "verify-receipt", "receipt.json", "--key", key); code != 1 || stdout != "" || !strings.Contains(stderr, "not as it was signed") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// What is far larger than it can be is not read, and a file's name does not steer the
// terminal.
func TestAuditStrangeFiles(t *testing.T) {
	auditLog(t)
	large, err := os.Create("large")
	if err == nil {
		err = errors.Join(large.Truncate(1<<40), large.Close()) // a hole: it takes no room
	}
	if err != nil {
		t.Fatal(err)
	}
	key := audit.KeyName + ".pub"
	for _, args := range [][]string{{"verify", "--key", "large"}, {"verify", "--heads", "large"}, {"verify-receipt", "large", "--key", key}} {
		if code, stdout, stderr := (run{}).args(t, append([]string{"audit"}, args...)...); code != 2 || stdout != "" || !strings.Contains(stderr, "large") {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	name := "x\x1b[2J\nWRONG  y"
	if err := os.WriteFile(filepath.Join(audit.FolderName, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := (run{}).args(t, "audit", "verify"); code != 0 || strings.Contains(stdout, "\x1b") || strings.Contains(stdout, "\nWRONG") || !strings.Contains(stdout, "WRONG  y") {
		t.Errorf("exit %d, stdout %q", code, stdout)
	}
}

func TestAuditUsage(t *testing.T) {
	auditLog(t)
	for _, args := range [][]string{
		{}, {"verfy"}, {"verify", "x"}, {"verify", "--dir", "nowhere"}, {"export", "--dir", audit.FolderName, "--config", "lianji.yaml"}, {"verify", "--heads", "nofile"}, {"verify", "--heads", "lianji.yaml"},
		{"verify", "--key", "lianji.yaml"}, {"export", "--from", "yesterday"}, {"export", "--dir", "lianji.yaml"},
		{"verify-receipt"}, {"verify-receipt", "lianji.yaml"}, {"verify-receipt", "lianji.yaml", "--key", audit.KeyName + ".pub"}, {"verify-receipt", "x", "--key", "y", "--nonce", "z"},
	} {
		if code, stdout, stderr := (run{}).args(t, append([]string{"audit"}, args...)...); code != 2 || stdout != "" || !strings.Contains(stderr, "error[usage]") {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{}, {"verify"}, {"export"}, {"verify-receipt"}} {
		if code, stdout, _ := (run{}).args(t, append(append([]string{"audit"}, args...), "-h")...); code != 0 || strings.Contains(stdout, "[cli_") || strings.Contains(stdout, "[audit_") {
			t.Errorf("help of %v: exit %d, %s", args, code, stdout)
		}
	}
}
