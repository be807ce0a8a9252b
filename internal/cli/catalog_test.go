package cli_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lianji/lianji/server/servertest"
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

// The catalogue's resources are counted where they are looked at.
func TestCheckOfACatalogue(t *testing.T) {
	as := keep(t)
	if code, stdout, stderr := as("", "check"); !strings.HasSuffix(stdout, "0 published resource(s). The catalogue has 1 resource(s), which were looked at too.\n") {
		t.Errorf("exit %d, %s %s", code, stdout, stderr)
	}
	if _, stdout, _ := as("", "check", "--json"); !strings.Contains(stdout, "\n  \"catalogue\": 1,\n") {
		t.Errorf("as JSON: %s", stdout)
	}
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
	if code, _, stderr := as("secadmin", "catalog", "token", "--login", "wang", "--from", "10.1.0.0/16", "--from", "2001:db8::1"); code != 0 {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	if _, stdout, _ := as("secadmin", "catalog", "token", "--list"); !strings.Contains(stdout, "  from 10.1.0.0/16  from 2001:db8::1/128\n") {
		t.Errorf("listed %q", stdout)
	}
	if code, _, stderr := as("secadmin", "catalog", "token", "--login", "wang", "--from", "10.1.0.9/16"); code != 2 || !strings.Contains(stderr, "10.1.0.9/16 is not an address") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	if code, stdout, stderr := as("secadmin", "catalog", "app-key", "--login", "wang", "--resource", "公安.人口", "--per-minute", "60", "--label", "of a job"); code != 0 || !regexp.MustCompile(`^[a-z0-9]{16} [A-Z2-7]{52}\n$`).MatchString(stdout) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if _, stdout, _ := as("secadmin", "catalog", "token", "--list"); !strings.Contains(stdout, "  1 resources  60/min  hmac-sha256  of a job\n") {
		t.Errorf("listed %q", stdout)
	}
	if code, _, stderr := as("secadmin", "catalog", "certificate", "--login", "wang", "--cert", "lianji.yaml"); code != 2 || !strings.Contains(stderr, "There is no certificate in PEM to read in lianji.yaml.") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	servertest.Certificate(t, ".")
	const nobody = "error[unknown_name]: Nobody has this login.\n"
	if code, _, stderr := as("secadmin", "catalog", "certificate", "--login", "nobody", "--cert", "cert.pem"); code != 1 || stderr != nobody {
		t.Errorf("nobody's: exit %d, stderr %q", code, stderr)
	}
	for _, what := range []string{"token", "app-key"} {
		if code, _, stderr := as("secadmin", "catalog", what, "--login", "nobody"); code != 1 || stderr != nobody {
			t.Errorf("nobody's %s: exit %d, stderr %q", what, code, stderr)
		}
		// Who may make none is not told who is there.
		if code, _, stderr := as("bureau", "catalog", what, "--login", "nobody"); code != 1 || !strings.Contains(stderr, "error[forbidden]") {
			t.Errorf("nobody's %s by another: exit %d, stderr %q", what, code, stderr)
		}
	}
	if code, _, stderr := as("secadmin", "catalog", "app-key", "--login", "wang", "--resource", "公安.无"); code != 1 || !strings.Contains(stderr, "error[unknown_name]") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
	for _, wrong := range [][]string{{}, {"--list", "--revoke", "x"}, {"--list", "--login", "ga"}, {"--revoke", "x", "--login", "ga"}} {
		if code, _, stderr := as("secadmin", append([]string{"catalog", "token"}, wrong...)...); code != 2 || !strings.Contains(stderr, "Name one of --login, --list and --revoke.") {
			t.Errorf("%q: exit %d, stderr %q", wrong, code, stderr)
		}
	}
}

// Who has the configuration makes the security administrator a token, and every
// administrator is told of it.
func TestCatalogRecover(t *testing.T) {
	as := keep(t)
	if _, _, stderr := as("auditor", "catalog", "token", "--list"); stderr != "" {
		t.Errorf("before: %q", stderr)
	}
	if code, _, stderr := as("nobody", "catalog", "recover", "--tokens", "back"); code != 0 || !strings.Contains(stderr, "a token of secadmin for 1 day") {
		t.Fatalf("exit %d, %q", code, stderr)
	}
	info, err := os.Stat("back")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if code, _, stderr := as("nobody", "catalog", "recover", "--tokens", "back"); code != 2 || !strings.Contains(stderr, "exists already") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	if code, _, stderr := as("nobody", "catalog", "recover", "--login", "wang", "--tokens", "wang"); code == 0 || !strings.Contains(stderr, "0 security administrators") {
		t.Errorf("of another: exit %d, %q", code, stderr)
	}
	if _, err := os.Stat("wang"); err == nil {
		t.Error("a file was left")
	}
	code, stdout, _ := (run{}).args(t, "catalog", "token", "--login", "ga", "--token-file", "back")
	if code != 0 || stdout == "" {
		t.Errorf("it opens nothing: exit %d", code)
	}
	for login, told := range map[string]bool{"auditor": true, "secadmin": true, "sysadmin": true, "ga": false, "bureau": false} {
		if _, _, stderr := as(login, "catalog", "token", "--list"); strings.Contains(stderr, "made by catalog recover") != told {
			t.Errorf("%s: %q", login, stderr)
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

// One file of several authors is applied by each of them.
func TestPolicyOfSeveralAuthors(t *testing.T) {
	as := keep(t)
	_, whole, _ := as("bureau", "policy", "export")
	text := strings.Replace(whole, "until: \"2099", "until: \"2098", 1)
	text = strings.Replace(text, "name: 核查", "name: 复查", 1)
	if text == whole || strings.Count(text, "2098")+strings.Count(text, "复查") != 2 {
		t.Fatalf("the export has another form:\n%s", whole)
	}
	if err := os.WriteFile("all.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := as("bureau", "policy", "apply", "all.yaml"); code != 1 || !strings.Contains(stderr, "error[forbidden]") ||
		!strings.HasPrefix(stderr, "Of this file others apply principals, sources, resources.公安.人口, grants.公安.人口. With --own ") {
		t.Errorf("all of it by one: exit %d, %q", code, stderr)
	}
	if code, _, stderr := as("auditor", "policy", "apply", "all.yaml"); code != 1 || strings.Contains(stderr, "--own") {
		t.Errorf("by whom nothing of it is: exit %d, %q", code, stderr)
	}
	for _, c := range []struct{ login, want, others string }{
		{"bureau", "~ purpose DB-HC\n", "principals, sources, resources.公安.人口, grants.公安.人口"},
		{"ga", "~ grant on 公安.人口 to 民政\n", "agencies, purposes, principals, sources"},
		{"secadmin", "", "agencies, purposes, sources, resources.公安.人口, grants.公安.人口"},
		{"auditor", "", "agencies, purposes, principals, sources, resources.公安.人口, grants.公安.人口"},
	} {
		code, stdout, stderr := as(c.login, "policy", "apply", "--own", "all.yaml")
		if code != 0 || stdout != c.want || !strings.Contains(stderr, "Left to others: "+c.others+"\n") {
			t.Errorf("%s: exit %d, %q, %q", c.login, code, stdout, stderr)
		}
	}
	if _, now, _ := as("bureau", "policy", "export"); now != text {
		t.Errorf("the catalogue is\n%s\nand not\n%s", now, text)
	}
}
