package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/server/servertest"
)

// authenticator is standard output on which an address is shown, and who types what it
// makes of that.
type authenticator struct {
	t      *testing.T
	secret servertest.Authenticator
	keys   *os.File
	say    func(code string) string // nil: the code
}

func (a *authenticator) Write(p []byte) (int, error) {
	a.secret = servertest.Scan(a.t, strings.TrimSpace(string(p)))
	text := a.code(time.Now())
	if a.say != nil {
		text = a.say(text)
	}
	if _, err := a.keys.WriteString(text + "\n"); err != nil {
		a.t.Fatal(err)
	}
	return len(p), a.keys.Close()
}

func (a *authenticator) code(at time.Time) string { return a.secret.At(at) }

// enrol runs catalog factor as somebody who looks at what it shows.
func enrol(t *testing.T, token string, say func(string) string) (a *authenticator, code int, stderr string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = read.Close() })
	a = &authenticator{t: t, keys: write, say: say}
	code, _, stderr = run{terminal: read, stdout: a, env: map[string]string{"LIANJI_TOKEN": token}}.args(t, "catalog", "factor")
	return a, code, stderr
}

// The administrators of a new store set their second factor first; then they act with
// sessions that begin with its codes.
func TestCatalogFactor(t *testing.T) {
	as := keep(t)
	text, err := os.ReadFile("lianji.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("lianji.yaml", bytes.Replace(text, []byte(", second_factor: waived"), nil, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	admins, err := os.ReadFile("admins")
	if err != nil {
		t.Fatal(err)
	}
	token := ""
	for line := range strings.Lines(string(admins)) {
		if login, text, _ := strings.Cut(strings.TrimSpace(line), " "); login == "secadmin" {
			token = text
		}
	}
	if code, _, stderr := as("secadmin", "policy", "export"); code != 1 || !strings.Contains(stderr, "lianji catalog factor") {
		t.Errorf("without a factor: exit %d, stderr %q", code, stderr)
	}
	if _, code, stderr := enrol(t, token, func(code string) string { return "12345" }); code != 1 || !strings.Contains(stderr, "Nothing was changed") {
		t.Errorf("a wrong code: exit %d, stderr %q", code, stderr)
	}
	if _, code, stderr := enrol(t, token, func(string) string { return "" }); code != 2 || !strings.Contains(stderr, "No code could be read.") {
		t.Errorf("no code: exit %d, stderr %q", code, stderr)
	}
	a, code, stderr := enrol(t, token, nil)
	if code != 0 || !strings.Contains(stderr, "The second factor is set.") {
		t.Fatalf("exit %d, stderr %q", code, stderr)
	}
	with := func(token, stdin string, args ...string) (int, string, string) {
		return run{stdin: stdin, env: map[string]string{"LIANJI_TOKEN": token}}.args(t, args...)
	}
	next := a.code(time.Now().Add(30 * time.Second))
	code, session, stderr := with(token, next+"\n", "catalog", "session")
	if code != 0 || !strings.HasPrefix(session, "lianjis_") {
		t.Fatalf("exit %d, stderr %q", code, stderr)
	}
	if code, stdout, stderr := with(token, next+"\n", "catalog", "session"); code != 1 || stdout != "" || !strings.Contains(stderr, "used already") || strings.Contains(stderr, next) {
		t.Errorf("the code again: exit %d, stderr %q", code, stderr)
	}
	if code, _, stderr := with(token, "", "policy", "export"); code != 1 {
		t.Errorf("the token alone: exit %d, stderr %q", code, stderr)
	}
	session = strings.TrimSpace(session)
	if code, stdout, stderr := with(session, "", "policy", "export"); code != 0 || !strings.Contains(stdout, "agencies:") {
		t.Errorf("the session: exit %d, stderr %q", code, stderr)
	}
	if code, _, stderr := with(session, "", "catalog", "factor", "--reset", "nobody"); code != 1 || !strings.Contains(stderr, "error[forbidden]") {
		t.Errorf("nobody's: exit %d, stderr %q", code, stderr)
	}
	if code, _, stderr := with(session, "", "catalog", "factor", "--reset", "secadmin"); code != 0 || !strings.Contains(stderr, "secadmin has no second factor any more.") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	if code, _, stderr := with(session, "", "policy", "export"); code != 1 || !strings.Contains(stderr, "error[unauthenticated]") {
		t.Errorf("the session of a factor that is gone: exit %d, stderr %q", code, stderr)
	}
}
