package cli_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// keep makes a catalogue in the current folder, with a leader ga and an analyst wang,
// and gives what runs a command with somebody's token.
func keep(t *testing.T) func(login string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	config(t, withStore)
	if code, _, stderr := (run{}).args(t, "catalog", "init", "--code", "DSJ", "--name", "大数据局", "--tokens", "admins"); code != 0 {
		t.Fatal(stderr)
	}
	text, err := os.ReadFile("admins")
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		login, token, _ := strings.Cut(line, " ")
		tokens[login] = token
	}
	as := func(login string, args ...string) (int, string, string) {
		return run{env: map[string]string{"LIANJI_TOKEN": tokens[login]}}.args(t, args...)
	}
	for _, step := range []struct{ login, yaml string }{
		{"secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}"},
		{"bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 核查, basis: 办法}}"},
		{"secadmin", "principals: {ga: {agency: 公安, roles: [leader, cataloguer]}, wang: {agency: 民政, roles: [analyst]}}"},
		{"sysadmin", "sources: {ga: 公安}"},
		{"ga", "resources: {公安.人口: {class: restricted, source: ga, schema: main, table: t, items: {id: 编号}}}"},
		{"ga", "grants: {公安.人口: [{agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [interface], until: 2099-01-01T00:00:00Z}]}"},
	} {
		if tokens[step.login] == "" {
			code, stdout, stderr := as("secadmin", "catalog", "token", "--login", step.login, "--label", "of "+step.login)
			if code != 0 {
				t.Fatal(stderr)
			}
			tokens[step.login] = strings.TrimSpace(stdout)
		}
		if err := os.WriteFile("step.yaml", []byte(step.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := as(step.login, "policy", "apply", "step.yaml"); code != 0 {
			t.Fatalf("%s: %s", step.yaml, stderr)
		}
	}
	return as
}

func TestCatalogTokens(t *testing.T) {
	as := keep(t)
	code, stdout, stderr := as("ga", "catalog", "token", "--list")
	line := regexp.MustCompile(`^([a-z0-9]{16})  ga  holds until \d{4}-\d\d-\d\d  of ga\n$`).FindStringSubmatch(stdout)
	if code != 0 || stderr != "" || line == nil {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, _, stderr := as("bureau", "catalog", "token", "--revoke", line[1]); code != 1 || !strings.Contains(stderr, "error[forbidden]") {
		t.Errorf("another's: exit %d, stderr %q", code, stderr)
	}
	if code, stdout, stderr := as("secadmin", "catalog", "token", "--revoke", line[1]); code != 0 || stdout != "" || stderr != "" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, _, stderr := as("ga", "catalog", "token", "--list"); code == 0 || !strings.Contains(stderr, "error[unauthenticated]") {
		t.Errorf("a token that was ended: exit %d, stderr %q", code, stderr)
	}
	if _, stdout, _ := as("secadmin", "catalog", "token", "--list"); !strings.Contains(stdout, line[1]+"  ga  revoked  of ga\n") || strings.Count(stdout, "\n") != 5 {
		t.Errorf("listed %q", stdout)
	}
	for _, wrong := range [][]string{{"--list", "--revoke", "x"}, {"--list", "--login", "ga"}, {"--revoke", "x", "--login", "ga"}} {
		if code, _, stderr := as("secadmin", append([]string{"catalog", "token"}, wrong...)...); code != 2 || !strings.Contains(stderr, "Name one of --login, --list and --revoke.") {
			t.Errorf("%q: exit %d, stderr %q", wrong, code, stderr)
		}
	}
}

// A leader sees what a file would change, where a mistake in it is, and exports what is
// the own agency's.
func TestPolicyOfALeader(t *testing.T) {
	as := keep(t)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile("p.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const file = "grants:\n  公安.人口:\n    - {agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [interface], until: 2098-01-01T00:00:00Z}\n"
	write(file)
	code, stdout, stderr := as("ga", "policy", "diff", "p.yaml")
	if want := "~ grant on 公安.人口 to 民政\n    until: 2099-01-01T00:00:00Z -> 2098-01-01T00:00:00Z\n"; code != 0 || stdout != want || stderr != "1 change(s)\n" {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if code, stdout, _ := as("ga", "policy", "apply", "p.yaml"); code != 0 || stdout != "~ grant on 公安.人口 to 民政\n" {
		t.Errorf("applied: exit %d, stdout %q", code, stdout)
	}
	write(strings.Replace(file, "id: clear", "no: clear", 1))
	if code, _, stderr := as("ga", "policy", "apply", "p.yaml"); code != 2 || !strings.Contains(stderr, "error[config_invalid]: p.yaml:3:28: grant on 公安.人口") {
		t.Errorf("a mistake: exit %d, stderr %q", code, stderr)
	}
	code, stdout, stderr = as("ga", "policy", "export")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "grants:\n  公安.人口:\n") || strings.Contains(stdout, "principals") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}
