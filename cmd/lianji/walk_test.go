package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/democity"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

var trailing = regexp.MustCompile(` +\n`)

// actAsProgram makes the test's own binary be lianji, for shells that a test starts.
const actAsProgram = "LIANJI_TEST_IS_PROGRAM"

// command is one of a document's, with what it shows.
type command struct {
	line int // in the document
	text string
	want string
}

// walked takes the commands out of a document: in a block of console a line with "$ "
// before it begins one, "> " goes on with it, and the rest is what it shows.
func walked(text string) (out []command) {
	inside := false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case line == "```console":
			inside = true
		case line == "```":
			inside = false
		case !inside:
		case strings.HasPrefix(line, "$ "):
			out = append(out, command{line: i + 1, text: line[2:]})
		case strings.HasPrefix(line, "> "):
			out[len(out)-1].text += "\n" + line[2:]
		default:
			out[len(out)-1].want += line + "\n"
		}
	}
	return out
}

// shellEnv is what a shell needs in which lianji is this test's binary.
func shellEnv(t *testing.T) []string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", actAsProgram, own)
	if err := os.WriteFile(filepath.Join(bin, "lianji"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LC_ALL=zh_CN.UTF-8", "HOME=" + bin, "TMPDIR=" + bin}
}

// sh runs a script and gives what a terminal would show.
func sh(t *testing.T, env []string, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", script)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && ctx.Err() != nil {
		t.Fatalf("%v, after\n%s", err, out.String())
	}
	return out.String()
}

// The sample city as docs/demo.md walks through it: its commands are run as they stand,
// and show what it says. An … in it stands for anything within a line, …… for any lines.
func TestDemoWalk(t *testing.T) {
	raw, err := os.ReadFile("../../docs/demo.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, problems shared
	served := safego.Run(func() error {
		code := program().Run(ctx, cli.Env{
			Args: []string{"demo", "--dir", "lianji-demo", "--listen", "127.0.0.1:0"}, Name: "lianji", Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems,
			LookupEnv: func(string) (string, bool) { return "zh", true },
		})
		if code != 0 {
			t.Errorf("demo exits with %d: %s", code, problems.String())
		}
		return nil
	})
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	waitfor.True(t, time.Minute, "the address", func() bool { return strings.Contains(out.String(), "Ctrl-C") })
	env := shellEnv(t)
	t.Run("printed", func(t *testing.T) { checkPrinted(t, env, out.String()) })
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
	t.Run("tour", func(t *testing.T) { checkTour(t, env, url, string(readme)) })
	commands := walked(strings.ReplaceAll(string(raw), "http://127.0.0.1:8080", url))
	const mark = "@@@ end of a command @@@"
	var script strings.Builder
	for _, c := range commands {
		script.WriteString(c.text + "\necho '" + mark + "'\n")
	}
	shown := strings.Split(sh(t, env, script.String()), mark+"\n")
	if len(shown) != len(commands)+1 || len(commands) < 20 {
		t.Fatalf("%d commands, and %d shown", len(commands), len(shown)-1)
	}
	for i, c := range commands {
		if os.Getenv("LIANJI_WALK_PRINT") != "" {
			fmt.Printf("$ %s\n%s", c.text, shown[i])
		}
		shown[i] = trailing.ReplaceAllString(shown[i], "\n") // which no editor keeps in a document
		pattern := "^" + strings.NewReplacer("……\n", "(?:.*\n)*", "…", ".*").Replace(regexp.QuoteMeta(c.want)) + "$"
		if !regexp.MustCompile(pattern).MatchString(shown[i]) {
			t.Errorf("docs/demo.md:%d: %s\nshows\n%s\nand the document says\n%s", c.line, c.text, shown[i], c.want)
		}
	}
}

// checkPrinted runs what the demo prints for people to paste.
func checkPrinted(t *testing.T, env []string, printed string) {
	facts, err := democity.LoadFacts("lianji-demo")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := facts.Count(democity.HiddenWealth)
	export := regexp.MustCompile(`(?m)^export .*$`).FindString(printed)
	pasted := regexp.MustCompile(`(?ms)^\d\. .*?\n\n(lianji query .*?)\n\n`).FindAllStringSubmatch(printed, -1)
	if len(pasted) != len(democity.Statements()) {
		t.Fatalf("%d statements in\n%s", len(pasted), printed)
	}
	for i, p := range pasted {
		answer := sh(t, env, export+"\n"+strings.Replace(p[1], " query ", " query --format csv ", 1))
		lines := strings.Split(strings.TrimSpace(answer), "\r\n")
		if last := i == len(pasted)-1; len(lines) < 2 || strings.Contains(answer, "error[") || last && lines[1] != fmt.Sprint(want) {
			t.Errorf("%s\ngives\n%s", p[1], answer)
		}
	}
}

// checkTour runs the README's commands, none of which may fail.
func checkTour(t *testing.T, env []string, url, readme string) {
	_, tour, _ := strings.Cut(readme, "## A tour\n")
	tour, _, _ = strings.Cut(tour, "\n## ")
	_, curl := exec.LookPath("curl")
	script := "set -e\n"
	commands := 0
	for _, line := range strings.Split(tour, "\n") {
		line, command := strings.CutPrefix(line, "    ")
		if command && strings.HasPrefix(line, "sources:") {
			break
		}
		if !command || strings.HasPrefix(line, "make demo") {
			continue
		}
		if curl != nil && (strings.HasPrefix(line, "curl") || strings.HasPrefix(line, " ")) {
			t.Log("no curl on this machine")
			continue
		}
		commands++
		script += line + "\n"
	}
	script = strings.NewReplacer("http://127.0.0.1:8080", url, "bin/lianji", "lianji").Replace(script)
	answer := sh(t, env, script+"echo 'the end'\n")
	if commands < 10 || !strings.HasSuffix(answer, "the end\n") || strings.Contains(answer, "错误[") {
		t.Errorf("%d commands of the README, in which\n%s", commands, answer)
	}
}
