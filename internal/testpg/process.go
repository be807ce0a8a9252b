package testpg

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/testserver"
)

// start makes a server and runs it.
func start(settings []string) (*Server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	s := &Server{adminPassword: testserver.NewPassword(), readerPassword: testserver.NewPassword()}
	s.process, err = testserver.New(testserver.Program{
		Name: "PostgreSQL", Account: "postgres", Folder: "lianji-testpg-", Abort: "QUIT", Within: 30 * time.Second,
		Args: func(p *testserver.Server) []string {
			args := []string{filepath.Join(bin, "postgres"), "-D", p.Data(), "-p", strconv.Itoa(p.Port)}
			for _, setting := range append([]string{
				"listen_addresses=127.0.0.1", "unix_socket_directories=" + p.Dir,
				"fsync=off", "full_page_writes=off", "synchronous_commit=on",
			}, settings...) {
				args = append(args, "-c", setting)
			}
			return args
		},
		PIDFile: pidFile, Ready: ready,
	})
	if err != nil {
		return nil, err
	}
	if err := s.create(bin); err != nil {
		return nil, errors.Join(err, s.process.Remove())
	}
	return s, nil
}

func (s *Server) create(bin string) error {
	if err := s.initdb(bin); err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.Port = s.process.Port
	return s.createReader()
}

func (s *Server) initdb(bin string) error {
	pwfile := filepath.Join(s.process.Dir, "admin-password")
	if err := os.WriteFile(pwfile, []byte(s.adminPassword), 0o600); err != nil {
		return err
	}
	if err := s.process.Own(pwfile); err != nil {
		return err
	}
	cmd := s.process.Command(filepath.Join(bin, "initdb"), "--pgdata="+s.process.Data(), "--username="+admin,
		"--pwfile="+pwfile, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
		"--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return os.Remove(pwfile)
}

func pidFile(p *testserver.Server) string { return filepath.Join(p.Data(), "postmaster.pid") }

// ready reads the server's own word in its pid file.
func ready(p *testserver.Server, log []byte) (pid int, err error) {
	text, err := os.ReadFile(pidFile(p))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) >= 8 && strings.TrimSpace(lines[7]) == "ready" {
		return strconv.Atoi(lines[0])
	}
	// Clients that connect too early are told so by an error of the same weight.
	if bytes.Contains(bytes.ReplaceAll(log, []byte("FATAL:  the database system is"), nil), []byte("FATAL:")) {
		return 0, errors.New("it says so")
	}
	return 0, nil
}

// Stop ends the server as an administrator would (fast shutdown): every session
// gets the error "terminating connection due to administrator command". Only for
// a server from StartOwn.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if err := s.process.End("INT"); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends the server and all its sessions at once by SIGKILL, as a power cut
// would: sessions see a broken connection and nothing else. Only for a server
// from StartOwn.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	pid := s.process.PID()
	if pid == 0 {
		tb.Fatal("the server does not run")
	}
	// Stopped first, so that it neither starts nor mourns a child meanwhile.
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		tb.Fatal(err)
	}
	children, err := childrenOf(pid)
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range append(children, pid) {
		if err := testserver.Kill(p); err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.process.End("none"); err != nil {
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
	if s.process.PID() != 0 {
		tb.Fatal("the server runs already")
	}
	if err := s.process.Launch(); err != nil {
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

const goneLimit = 30 * time.Second

// awaitGone waits until killed processes no longer hold the data folder's memory.
func awaitGone(pids []int) error {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for begun := time.Now(); time.Since(begun) < goneLimit; <-ticker.C {
		alive := false
		for _, pid := range pids {
			state, _, err := processState(fmt.Sprintf("/proc/%d/stat", pid))
			alive = alive || err == nil && state != "Z"
		}
		if !alive {
			return nil
		}
	}
	return fmt.Errorf("killed processes are still there after %s", goneLimit)
}
