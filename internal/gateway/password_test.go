package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/waitfor"
)

// Who has no store at hand sets a password over the gateway, and logs in with it there.
func TestPasswordOverTheGateway(t *testing.T) {
	s := newSite(t, plain)
	const password = "nine grey herons wait"
	logsIn := func() bool {
		res, err := http.Post(s.url+"/v1/sessions", "application/json", strings.NewReader(`{"login": "wang", "password": "`+password+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode == http.StatusCreated
	}
	set := func(by, login, typed string, args ...string) (int, string) {
		code, said := s.command(t, by, strings.NewReader(typed), io.Discard, "password", append([]string{"--login", login}, args...)...)
		if strings.Contains(said, "herons") {
			t.Errorf("it says the password: %s", said)
		}
		return code, said
	}
	for _, c := range []struct {
		by, login, typed, says string
	}{
		{"nobody", "wang", password, "error[unauthenticated]"},
		{"wang", "ga", password, "error[forbidden]"},
		{"wang", "wang", "too short", "12 to 128"},
	} {
		if code, said := set(c.by, c.login, c.typed); code != 1 || !strings.Contains(said, c.says) {
			t.Errorf("%s sets %s's: exit %d, %s", c.by, c.login, code, said)
		}
	}
	if logsIn() {
		t.Fatal("there is a password already")
	}
	if code, said := set("wang", "wang", password); code != 0 || said != "The password of wang is set.\n" {
		t.Fatalf("exit %d, %s", code, said)
	}
	if !logsIn() {
		t.Error("the password opens nothing")
	}
	if code, said := set("secadmin", "wang", "", "--remove"); code != 0 || said != "wang has no password any more.\n" {
		t.Fatalf("exit %d, %s", code, said)
	}
	waitfor.True(t, 10*time.Second, "the password's end", func() bool { return !logsIn() })
}
