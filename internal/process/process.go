// Package process asks the gateway's own program, started a second time, what may take
// memory or time without end: such a process can be killed, and a part of this one cannot.
package process

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
)

// Process is a program that answers questions with Serve. One question is asked at a time.
type Process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts a program. Whoever starts it ends it.
func Start(command ...string) (*Process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = []string{} // the gateway's may hold passwords
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Process{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10)}, nil
}

// ID is what the system calls the process.
func (p *Process) ID() int { return p.cmd.Process.Pid }

// Ask sends a question: a head in JSON and a text.
func (p *Process) Ask(head any, text string) error { return Write(p.in, head, text) }

// Answer waits for an answer, reads its head, and gives its text.
func (p *Process) Answer(head any) (string, error) { return Read(p.out, head) }

// Kill ends the process at once: who waits for its answer gets an error. It may come from
// any goroutine.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() } // it may have ended by itself

// Close says that nobody asks any more, and waits for the end of the process.
func (p *Process) Close() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }

// End kills the process and waits for its end.
func (p *Process) End() {
	p.Kill()
	_ = p.Close() // killed is what it says
}
