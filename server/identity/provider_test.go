package identity

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// providerFolder is where scripts/install-test-deps.sh puts what scripts/oidc needs.
func providerFolder(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache")
	}
	dir := filepath.Join(cache, "lianji-test", "oidc")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("no OpenID provider: scripts/install-test-deps.sh installs it")
	}
	return dir
}

// A real provider, found by its discovery document, gives an application a token, and that
// is taken.
func TestRealProvider(t *testing.T) {
	dir := providerFolder(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "scripts", "oidc", "provider.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "--input-type=module", "--eval", string(text))
	node.Dir = dir // where its imports are looked for
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder
	node.Stderr = &problems
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		if err := node.Wait(); err != nil {
			t.Error(err, problems.String())
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err, problems.String())
	}
	issuer := strings.TrimSpace(line)
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {"https://lianji.example"}, "scope": {"ask"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape("mz.app"), url.QueryEscape("of a test"))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var given struct {
		Token string `json:"access_token"`
		Error string `json:"error_description"`
	}
	if err := json.NewDecoder(res.Body).Decode(&given); err != nil || given.Token == "" {
		t.Fatal(err, given.Error)
	}
	state := (*catalog.State)(nil).With(1, catalog.Changed{Principals: map[string]*catalog.Principal{"m": {ID: "m", Login: "mz.app"}}})
	whose := func(i Issuer) string {
		t.Helper()
		a := New(Options{State: func() (*catalog.State, error) { return state, nil }, Secret: secret, HashToken: func(text string) string { return text }, Issuers: []Issuer{i}})
		by, err := a.Credential(given.Token, "127.0.0.1")
		if err != nil {
			return ""
		}
		_, p, ok := by.Bearer(state, a.Now())
		if !ok {
			return ""
		}
		return p.Login
	}
	good := Issuer{URL: issuer, Audience: "lianji", Algorithms: []string{"ES256"}, Claim: "sub"}
	if got := whose(good); got != "mz.app" {
		t.Errorf("it is %q's", got)
	}
	for what, change := range map[string]func(*Issuer){
		"another audience": func(i *Issuer) { i.Audience = "other" }, "another algorithm": func(i *Issuer) { i.Algorithms = []string{"RS256"} },
		"another claim": func(i *Issuer) { i.Claim = "preferred_username" }, "another issuer": func(i *Issuer) { i.URL += "/" },
	} {
		other := good
		change(&other)
		if got := whose(other); got != "" {
			t.Errorf("with %s it is %q's", what, got)
		}
	}
}
