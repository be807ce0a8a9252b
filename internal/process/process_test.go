package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// TestMain lets this program be a process that says what it hears, or takes memory.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "echo" {
		err := Serve(os.Stdin, 1<<30, func(bytes int, text string) (bool, error) {
			if bytes < 0 {
				<-time.After(time.Minute)
			}
			return text != "last", Write(os.Stdout, len(make([]byte, bytes)), text)
		})
		if err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func start(t *testing.T) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(self, "echo")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A process answers one question after another, until one is the last, and takes no more
// memory than it may.
func TestProcess(t *testing.T) {
	var bytes int
	p := start(t)
	for _, text := range []string{"张三", "", "last"} {
		if err := p.Ask(7, text); err != nil {
			t.Fatal(err)
		}
		if got, err := p.Answer(&bytes); got != text || bytes != 7 || err != nil {
			t.Errorf("%q, %d, %v", got, bytes, err)
		}
	}
	if _, err := p.Answer(&bytes); err == nil {
		t.Error("an answer after the last one")
	}
	if err := p.Close(); err != nil {
		t.Errorf("its end: %v", err)
	}
	p = start(t)
	defer p.End()
	if err := p.Ask(2<<30, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answer(&bytes); err == nil {
		t.Error("a process takes twice what it may")
	}
}

// A process knows nothing of its gateway's environment, can be killed, and does not outlive
// its gateway, whatever it works on.
func TestProcessEnds(t *testing.T) {
	t.Setenv("STORE_PASSWORD", "hunter2")
	for name, end := range map[string]func(p *Process) error{
		"gateway gone": (*Process).Close,
		"killed":       func(p *Process) error { p.End(); return nil },
	} {
		p := start(t)
		if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.ID())); err != nil || len(env) > 0 {
			t.Errorf("its environment has %d bytes, %v", len(env), err)
		}
		if err := p.Ask(-1, ""); err != nil {
			t.Fatal(err)
		}
		ended := safego.Run(func() error { return end(p) })
		waitfor.True(t, 2*time.Second, "the end of a process: "+name, func() bool { return len(ended) > 0 })
	}
}

// Frames are read back as they were written, and nothing else is one.
func TestFrames(t *testing.T) {
	r, w := io.Pipe()
	safego.Run(func() error {
		err := Write(w, map[int][]string{3: {"x"}}, "text")
		return errors.Join(err, w.Close())
	})
	var head map[int][]string
	text, err := Read(r, &head)
	if err != nil || text != "text" || len(head[3]) != 1 || head[3][0] != "x" {
		t.Errorf("%q, %+v, %v", text, head, err)
	}
	for _, bad := range []string{"", "\x01\x00\x00\x00", "\x01\x00\x00\x00\x00\x00\x00\x00x", "\xff\xff\xff\xff\x00\x00\x00\x00{}", "\x02\x00\x00\x00\x05\x00\x00\x00{}"} {
		if _, err := Read(strings.NewReader(bad), &head); err == nil {
			t.Errorf("%q is a frame", bad)
		}
	}
}
