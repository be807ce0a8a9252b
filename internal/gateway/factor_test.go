package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server/servertest"
)

// typed is standard input on which somebody answers what they see.
type typed func() string

func (f typed) Read(p []byte) (int, error) { return copy(p, f()+"\n"), io.EOF }

// command runs one of the commands for second factors over the gateway.
func (s *site) command(t *testing.T, login string, in io.Reader, out io.Writer, name string, args ...string) (code int, stderr string) {
	t.Helper()
	var said bytes.Buffer
	code = cli.Program{App: app.Options{}}.Run(t.Context(), cli.Env{
		Args: append([]string{"catalog", name, "--url", s.url}, args...), Name: "lianji", Stdin: in, Stdout: out, Stderr: &said,
		LookupEnv: func(name string) (string, bool) { return s.tokens[login], name == "LIANJI_TOKEN" },
	})
	return code, said.String()
}

// By every door a leader grants nothing with a token alone, and grants with the token of a
// session that began with a code.
func TestFactorByEveryDoor(t *testing.T) {
	s := newSite(t, world{filter: plain.filter, mask: plain.mask, factors: true})
	statements := []string{
		"GRANT SELECT (id) ON 公安.名册 TO PRINCIPAL wang FOR PURPOSE 'DB-HC'",
		"REVOKE ON 公安.名册 FROM PRINCIPAL li",
		"SHOW GRANTS ON 公安.名册 TO PRINCIPAL wang",
	}
	say := func(sql string) string {
		a := asking{site: s, login: "ga", purpose: "DB-HC", sql: sql}
		return a.everywhere(t)
	}
	for _, sql := range statements {
		// One line: no door says another thing.
		if said := say(sql); !strings.HasPrefix(said, "403 forbidden 42501: This needs a second factor.") || strings.Count(said, "\n") != 1 {
			t.Errorf("%s with a token: %s", sql, said)
		}
	}
	// What is asked for is no act.
	if said := say("SELECT count(*) FROM 公安.人口"); !strings.HasPrefix(said, "count_star() BIGINT\n[\"3\"]\n") {
		t.Errorf("a question: %s", said)
	}
	explained := func() string { return s.explained(t, "ga", "EXPLAIN SELECT id FROM 公安.人口") }
	if text := explained(); strings.Contains(text, "sql: SELECT") {
		t.Errorf("EXPLAIN shows a token what is sent: %s", text)
	}
	// Who has no store at hand comes to the gateway with the command line too.
	var shown bytes.Buffer
	if code, stderr := s.command(t, "ga", typed(func() string { return servertest.Scan(t, strings.TrimSpace(shown.String())).At(time.Now()) }), &shown, "factor"); code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	next := servertest.Scan(t, strings.TrimSpace(shown.String())).At(time.Now().Add(30 * time.Second))
	var begun bytes.Buffer
	waitfor.True(t, 10*time.Second, "the gateway knows the factor", func() bool {
		begun.Reset()
		code, stderr := s.command(t, "ga", strings.NewReader(next+"\n"), &begun, "session")
		return code == 0 || !strings.Contains(stderr, "There is no second factor yet")
	})
	if code, stderr := s.command(t, "ga", strings.NewReader(next+"\n"), io.Discard, "session"); code != 1 || !strings.Contains(stderr, "used already") {
		t.Errorf("the code again: exit %d, %s", code, stderr)
	}
	s.tokens["ga"] = strings.TrimSpace(begun.String())
	for _, sql := range statements[:2] { // what is done already reads the same at every door
		if r := s.ask(t, "ga", "application/json", map[string]any{"sql": sql}); r.StatusCode != http.StatusOK {
			t.Fatalf("%s with a code: %d %s", sql, r.StatusCode, r.body)
		}
	}
	for i, want := range []string{"unchanged", "", "GRANT SELECT"} {
		said := say(statements[i])
		if strings.HasPrefix(said, "403") || !strings.Contains(said, want) || strings.Contains(said, "flight:") || strings.Contains(said, "command:") {
			t.Errorf("%s with a code: %s", statements[i], said)
		}
	}
	if text := explained(); !strings.Contains(text, "sql: SELECT") {
		t.Errorf("EXPLAIN does not show a session with a code what is sent: %s", text)
	}
	// Taking it away is an act too.
	if code, stderr := s.command(t, "secadmin", nil, io.Discard, "factor", "--reset", "ga"); code != 1 || !strings.Contains(stderr, "error[forbidden]") {
		t.Errorf("with a token alone: exit %d, %s", code, stderr)
	}
}
