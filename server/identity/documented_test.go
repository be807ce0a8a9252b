package identity

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/server"
)

// The shell that docs/identity.md shows signs as the gateway expects it.
func TestDocumentedSignature(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl on this machine")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "identity.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(text), "In a shell:\n\n")
	script, _, ok2 := strings.Cut(script, "\n\n")
	if !ok || !ok2 {
		t.Fatal("there is no shell in it")
	}
	shell := exec.CommandContext(t.Context(), "bash", "-eu", "-c", "curl() { for a; do printf '%s\\n' \"$a\"; done; }\n"+script)
	shell.Env = append(os.Environ(), "KEY=k", "SECRET=the secret")
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sent := regexp.MustCompile(`(?s)^http://(\S+?)(/\S*)\n.*\n-d\n(.*?)\n-H\nAuthorization: LIANJI-HMAC-SHA256 Key=k, Time=(\d+), Nonce=(\S+), Signature=(\S+)\n$`).FindStringSubmatch(string(out))
	if sent == nil {
		t.Fatalf("it sends\n%s", out)
	}
	at, err := strconv.ParseInt(sent[4], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r := &server.Signed{How: catalog.HMACSHA256, Key: "k", Time: at, Nonce: sent[5], Method: "POST", Target: sent[2], Host: sent[1], Body: []byte(sent[3])}
	want, _ := Sign(r, "the secret")
	if got := base64.StdEncoding.EncodeToString(want); got != sent[6] || !noncePlain.MatchString(r.Nonce) {
		t.Errorf("it signs %s, want %s", sent[6], got)
	}
}
