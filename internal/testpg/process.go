package testpg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start makes a server and runs it.
func start(settings []string) (*Server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	acc, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lianji-testpg-")
	if err != nil {
		return nil, err
	}
	s := &Server{
		dir: dir, bin: bin, account: acc, settings: settings,
		adminPassword: newPassword(), readerPassword: newPassword(),
	}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *Server) create() error {
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if err := s.account.own(s.dir); err != nil {
		return err
	}
	if err := s.initdb(); err != nil {
		return err
	}
	// Between finding a free port and the server's taking it another process may
	// have it: then another one.
	var err error
	for range 5 {
		if s.Port, err = freePort(); err != nil {
			return err
		}
		if err = s.launch(); err == nil {
			return s.createReader()
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}

func (s *Server) data() string    { return filepath.Join(s.dir, "data") }
func (s *Server) logFile() string { return filepath.Join(s.dir, "server.log") }
func (s *Server) pidFile() string { return filepath.Join(s.data(), "postmaster.pid") }

func (s *Server) initdb() error {
	pwfile := filepath.Join(s.dir, "admin-password")
	if err := os.WriteFile(pwfile, []byte(s.adminPassword), 0o600); err != nil {
		return err
	}
	if err := s.account.own(pwfile); err != nil {
		return err
	}
	cmd := s.command(filepath.Join(s.bin, "initdb"), "--pgdata="+s.data(), "--username="+admin,
		"--pwfile="+pwfile, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
		"--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return os.Remove(pwfile)
}

// command runs as the server's account and without the caller's PG* variables.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.dir}
	cmd.SysProcAttr = s.account.attr()
	return cmd
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
	pid    int // the postmaster's
}

// The supervisor is the server's parent and reads orders from the test process:
// the name of a signal to end the server with. When the test process is gone,
// killed or not, the pipe ends: then the server stops at once and its folder is
// removed. A pipe does this more surely than a parent-death signal, which is
// bound to the thread that started the child and lost when the user changes.
const supervisor = `
dir=$1; shift
"$@" </dev/null & server=$!
orphan=
read -r order || { order=QUIT; orphan=yes; }
[ "$order" = none ] || kill -s "$order" "$server" 2>/dev/null
wait "$server"
if [ -n "$orphan" ]; then rm -rf "$dir"; fi
`

const startLimit = 30 * time.Second

// launch runs the server on s.Port and returns when it accepts connections.
func (s *Server) launch() error {
	// What a killed server left would look like a running one.
	if err := os.Remove(s.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
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

	args := []string{"-c", supervisor, "supervisor", s.dir,
		filepath.Join(s.bin, "postgres"), "-D", s.data(), "-p", strconv.Itoa(s.Port)}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + s.dir,
		"fsync=off", "full_page_writes=off", "synchronous_commit=on",
	}, s.settings...) {
		args = append(args, "-c", setting)
	}
	cmd := s.command("/bin/sh", args...)
	// Files, not pipes: no goroutine of ours copies, and nobody waits for the
	// server to close the test's own output.
	cmd.Stdout, cmd.Stderr = log, log
	orders, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	s.run = &supervised{cmd: cmd, orders: orders}
	if err := s.awaitReady(seen); err != nil {
		return errors.Join(err, s.end("QUIT"))
	}
	return nil
}

// awaitReady reads the server's own word in its pid file: asking by connecting
// would leave failed attempts in its log.
func (s *Server) awaitReady(seen int64) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for begun := time.Now(); time.Since(begun) < startLimit; <-ticker.C {
		text, err := os.ReadFile(s.pidFile())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		lines := strings.Split(string(text), "\n")
		if len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready" {
			s.run.pid, err = strconv.Atoi(lines[0])
			return err
		}
		log, err := s.logFrom(seen)
		if err != nil {
			return err
		}
		// Clients that connect too early are told so by an error of the same weight.
		if bytes.Contains(bytes.ReplaceAll(log, []byte("FATAL:  the database system is"), nil), []byte("FATAL:")) {
			return fmt.Errorf("PostgreSQL did not start:\n%s", log)
		}
	}
	log, err := s.logFrom(seen)
	return errors.Join(fmt.Errorf("PostgreSQL did not start within %s:\n%s", startLimit, log), err)
}

func (s *Server) logFrom(offset int64) ([]byte, error) {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return nil, err
	}
	return text[min(int(offset), len(text)):], nil
}

// end has the supervisor send the server a signal and waits until both are gone.
func (s *Server) end(order string) error {
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
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	return nil
}

func (s *Server) remove() error {
	return errors.Join(s.end("QUIT"), os.RemoveAll(s.dir))
}

// Stop ends the server as an administrator would (fast shutdown): every session
// gets the error "terminating connection due to administrator command". Only for
// a server from StartOwn.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if err := s.end("INT"); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends the server and all its sessions at once by SIGKILL, as a power cut
// would: sessions see a broken connection and nothing else. Only for a server
// from StartOwn.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if s.run == nil {
		tb.Fatal("the server does not run")
	}
	pid := s.run.pid
	// Stopped first, so that it neither starts nor mourns a child meanwhile.
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		tb.Fatal(err)
	}
	children, err := childrenOf(pid)
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range append(children, pid) {
		if err := syscall.Kill(p, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			tb.Fatal(err)
		}
	}
	if err := s.end("none"); err != nil {
		tb.Fatal(err)
	}
	if err := awaitGone(children); err != nil {
		tb.Fatal(err)
	}
}

// Restart starts a stopped or killed server again, on the same port and data.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if s.run != nil {
		tb.Fatal("the server runs already")
	}
	if err := s.launch(); err != nil {
		tb.Fatal(err)
	}
}

func (s *Server) mustBeOwn(tb testing.TB) {
	tb.Helper()
	if s == shared.server {
		tb.Fatal("other tests use this server: take one of your own with testpg.StartOwn")
	}
}

// childrenOf reads the process table of Linux.
func childrenOf(pid int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, path := range stats {
		state, parent, err := processState(path)
		if err != nil {
			continue // ended meanwhile
		}
		if parent == pid && state != "Z" {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
	}
	return children, nil
}

// processState reads "pid (name) state parent ...", where name may hold anything.
func processState(path string) (state string, parent int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return "", 0, fmt.Errorf("%s: not a process's state", path)
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[0], parent, err
}

// awaitGone waits until killed processes no longer hold the data folder's memory.
func awaitGone(pids []int) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for begun := time.Now(); time.Since(begun) < startLimit; <-ticker.C {
		alive := false
		for _, pid := range pids {
			state, _, err := processState(fmt.Sprintf("/proc/%d/stat", pid))
			alive = alive || err == nil && state != "Z"
		}
		if !alive {
			return nil
		}
	}
	return fmt.Errorf("killed processes are still there after %s", startLimit)
}
