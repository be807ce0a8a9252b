package cli_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const sentence = "seven quiet owls at noon"

func TestCatalogPassword(t *testing.T) {
	as := keep(t)
	token := strings.TrimSpace(func() string {
		_, stdout, _ := as("secadmin", "catalog", "token", "--login", "wang")
		return stdout
	}())
	set := func(stdin string, args ...string) (int, string, string) {
		return run{stdin: stdin, env: map[string]string{"LIANJI_TOKEN": token}}.args(t, append([]string{"catalog", "password"}, args...)...)
	}
	for name, c := range map[string]struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		"own":            {sentence + "\n", []string{"--login", "wang"}, 0, "The password of wang is set."},
		"without an end": {sentence, []string{"--login", "wang"}, 0, "The password of wang is set."},
		"from Windows":   {sentence + "\r\n", []string{"--login", "wang"}, 0, "The password of wang is set."},
		"removed":        {"", []string{"--login", "wang", "--remove"}, 0, "wang has no password any more."},
		"another's":      {sentence, []string{"--login", "ga"}, 1, "error[forbidden]"},
		"nobody's":       {sentence, []string{"--login", "nobody"}, 1, "error[forbidden]"},
		"short":          {"too short\n", []string{"--login", "wang"}, 1, "12 to 128"},
		"two lines":      {sentence + "\n" + sentence + "\n", []string{"--login", "wang"}, 1, "one line"},
		"nothing":        {"", []string{"--login", "wang"}, 1, "12 to 128"},
		"too much":       {strings.Repeat("x", 5000), []string{"--login", "wang"}, 2, "No password could be read."},
		"no login":       {sentence, nil, 2, "--login"},
		"as an argument": {"", []string{"--login", "wang", sentence}, 2, ""},
	} {
		code, stdout, stderr := set(c.stdin, c.args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "seven") {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

// Whoever shows no token sends no password: to another machine it would go in clear.
func TestPasswordWithoutAToken(t *testing.T) {
	asked := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer s.Close()
	code, _, stderr := run{stdin: sentence}.args(t, "catalog", "password", "--url", s.URL, "--login", "wang")
	if code != 1 || !strings.Contains(stderr, "error[unauthenticated]") || asked {
		t.Errorf("exit %d, stderr %q, asked %v", code, stderr, asked)
	}
	code, _, stderr = run{stdin: sentence, env: map[string]string{"LIANJI_TOKEN": "lianji_x"}}.args(t, "catalog", "password", "--url", "http://gateway.example", "--login", "wang")
	if code != 2 || !strings.Contains(stderr, "not sent over http") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

// On a terminal the password is asked for twice.
func TestPasswordOnATerminal(t *testing.T) {
	as := keep(t)
	_, stdout, _ := as("secadmin", "catalog", "token", "--login", "wang")
	token := strings.TrimSpace(stdout)
	for second, want := range map[string]struct {
		code int
		says string
	}{sentence: {0, "The password of wang is set."}, sentence + "!": {2, "The two passwords differ."}} {
		s := newScreen(t, 80)
		if _, err := s.keys.WriteString(sentence + "\n" + second + "\n"); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := run{terminal: s.File, env: map[string]string{"LIANJI_TOKEN": token}}.args(t, "catalog", "password", "--login", "wang")
		if code != want.code || stdout != "" || !strings.HasPrefix(stderr, "New password: \nOnce more: \n") || !strings.Contains(stderr, want.says) || strings.Contains(stderr, "owls") {
			t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
		}
	}
}
