// Package gotest runs go test and reads what it does event by event, so that a
// run can end with what go test itself does not say: which tests were skipped,
// and why.
package gotest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Event is one line of go test -json; see go doc test2json.
type Event struct {
	Action     string // start, run, output, pass, fail, skip, build-output, build-fail ...
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string // "" for the package as a whole
	Output     string
}

// Run runs "go test -json" with the given arguments in dir ("" for the working
// folder), with the environment env (nil for this process's own), and hands each event
// to see. passed is false when a test failed or did not compile; err is something else: there is no go command, or a broken line.
func Run(dir string, env, args []string, stderr io.Writer, see func(Event)) (passed bool, err error) {
	return run(exec.Command("go", append([]string{"test", "-json"}, args...)...), dir, env, stderr, see)
}

// RunBinary is Run for a test binary that was built before, with its own arguments.
func RunBinary(dir string, env []string, binary string, args []string, stderr io.Writer, see func(Event)) (passed bool, err error) {
	return run(exec.Command("go", append([]string{"tool", "test2json", binary, "-test.v=test2json"}, args...)...), dir, env, stderr, see)
}

func run(cmd *exec.Cmd, dir string, env []string, stderr io.Writer, see func(Event)) (passed bool, err error) {
	cmd.Dir, cmd.Env = dir, env
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	err = Read(out, see)
	var exit *exec.ExitError
	if werr := cmd.Wait(); err == nil && errors.As(werr, &exit) {
		return false, nil
	} else if err == nil {
		err = werr
	}
	return err == nil, err
}

// Read hands each event of a stream to see.
func Read(r io.Reader, see func(Event)) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e Event
			if jerr := json.Unmarshal(line, &e); jerr != nil {
				return fmt.Errorf("go test -json: %q: %w", line, jerr)
			}
			see(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
