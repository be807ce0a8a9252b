// Package testserver runs a database server for tests: made in a temporary folder, on a free
// port of 127.0.0.1, gone when the test process is gone, however that ends. testpg and
// testmaria say which.
package testserver

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Program is what differs between servers.
type Program struct {
	Name    string // such as PostgreSQL
	Account string // which its package made; both refuse to run as root, so root lends it
	Folder  string // how the temporary folder's name begins
	Abort   string // the signal that ends it at once: its data go with it
	Within  time.Duration
	// PIDFile is what the server writes its process id to.
	PIDFile func(s *Server) string
	// Args gives the program and its arguments, on s.Port.
	Args func(s *Server) []string
	// Ready looks, in the server's own files and in what it logged since it was started,
	// whether it accepts connections: asking by connecting would leave failed attempts in
	// its log. It gives its process id then; 0 while it does not.
	Ready func(s *Server, log []byte) (pid int, err error)
}

// Server is one such server. Its methods are not for several goroutines at once.
type Server struct {
	Dir  string // temporary folder: data, socket, log
	Port int

	program Program
	account *account
	run     *supervised // nil while it does not run
}

// New makes the folder.
func New(p Program) (*Server, error) {
	acc, err := lent(p)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", p.Folder)
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, program: p, account: acc}
	if err := errors.Join(os.Chmod(dir, 0o755), s.Own(dir)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// Data is the folder of the server's data.
func (s *Server) Data() string { return filepath.Join(s.Dir, "data") }

func (s *Server) logFile() string { return filepath.Join(s.Dir, "server.log") }

// Command runs as the server's account, without the caller's environment and what that says
// to database clients.
func (s *Server) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.Dir}
	cmd.SysProcAttr = s.account.attr()
	return cmd
}

// Own gives a file to the server's account.
func (s *Server) Own(path string) error {
	if s.account == nil {
		return nil
	}
	return os.Chown(path, s.account.uid, s.account.gid)
}

// Start runs the server on a free port.
func (s *Server) Start() error {
	// Between finding a free port and the server's taking it another process may
	// have it: then another one.
	var err error
	for range 5 {
		if s.Port, err = freePort(); err != nil {
			return err
		}
		if err = s.Launch(); err == nil || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// supervised is a running server under its supervisor.
type supervised struct {
	cmd    *exec.Cmd
	orders io.WriteCloser
	pid    int // the server's
}

// The supervisor is the server's parent and reads orders from the test process:
// the name of a signal to end the server with. When the test process is gone,
// killed or not, the pipe ends: then the server stops at once and its folder is
// removed. A pipe does this more surely than a parent-death signal, which is
// bound to the thread that started the child and lost when the user changes.
const supervisor = `
dir=$1; abort=$2; shift 2
"$@" </dev/null & server=$!
orphan=
read -r order || { order=$abort; orphan=yes; }
[ "$order" = none ] || kill -s "$order" "$server" 2>/dev/null
wait "$server"
if [ -n "$orphan" ]; then rm -rf "$dir"; fi
`

// Launch runs the server on s.Port and returns when it accepts connections.
func (s *Server) Launch() error {
	// What a killed server left would look like a running one.
	if err := os.Remove(s.program.PIDFile(s)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	seen, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	cmd := s.Command("/bin/sh", append([]string{"-c", supervisor, "supervisor", s.Dir, s.program.Abort}, s.program.Args(s)...)...)
	// Files, not pipes: no goroutine of ours copies, and nobody waits for the
	// server to close the test's own output.
	cmd.Stdout, cmd.Stderr = log, log
	orders, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", s.program.Name, err)
	}
	s.run = &supervised{cmd: cmd, orders: orders}
	if err := s.awaitReady(int(seen)); err != nil {
		return errors.Join(err, s.End(s.program.Abort))
	}
	return nil
}

func (s *Server) awaitReady(seen int) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	var log []byte
	for begun := time.Now(); time.Since(begun) < s.program.Within; <-ticker.C {
		text, err := os.ReadFile(s.logFile())
		if err != nil {
			return err
		}
		log = text[min(seen, len(text)):]
		s.run.pid, err = s.program.Ready(s, log)
		if err != nil {
			return fmt.Errorf("%s did not start: %w\n%s", s.program.Name, err, log)
		}
		if s.run.pid != 0 {
			return nil
		}
	}
	return fmt.Errorf("%s did not start within %s:\n%s", s.program.Name, s.program.Within, log)
}

// PID is the server's process; 0 while it does not run.
func (s *Server) PID() int {
	if s.run == nil {
		return 0
	}
	return s.run.pid
}

// End has the supervisor send the server a signal, or none, and waits until both are gone.
func (s *Server) End(order string) error {
	if s.run == nil {
		return nil
	}
	run := s.run
	s.run = nil
	_, err := io.WriteString(run.orders, order+"\n")
	if err == nil {
		err = run.orders.Close()
	}
	// The supervisor exits with the server's own code, which a killed server
	// does not have as 0.
	var exit *exec.ExitError
	if werr := run.cmd.Wait(); werr != nil && !errors.As(werr, &exit) {
		err = errors.Join(err, werr)
	}
	if err != nil {
		return fmt.Errorf("stopping %s: %w", s.program.Name, err)
	}
	return nil
}

// Remove ends the server, and removes its folder.
func (s *Server) Remove() error {
	return errors.Join(s.End(s.program.Abort), os.RemoveAll(s.Dir))
}

// Kill sends a process SIGKILL; one that has ended is no error.
func Kill(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// NewPassword has letters that a URL, a shell and SQL each treat specially.
func NewPassword() string { return rand.Text() + "@/:%'\" 密" }
