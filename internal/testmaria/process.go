package testmaria

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
	dir, err := os.MkdirTemp("", "lianji-testmaria-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, account: acc, settings: settings, admin: admin, adminPassword: newPassword()}
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
	if err := s.makeData(); err != nil {
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
			return nil
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
	return err
}

func (s *Server) data() string    { return filepath.Join(s.dir, "data") }
func (s *Server) logFile() string { return filepath.Join(s.dir, "server.log") }

// options hold for making the data as for running: small files, nothing waits for
// a disk.
func (s *Server) options() []string {
	return []string{"--no-defaults", "--datadir=" + s.data(), "--tmpdir=" + s.dir, "--lc-messages-dir=" + s.bin.share,
		"--innodb-log-file-size=32M", "--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync", "--innodb-doublewrite=0",
		"--innodb-flush-log-at-trx-commit=2", "--innodb-data-file-path=ibdata1:10M:autoextend",
		"--innodb-temp-data-file-path=ibtmp1:4M:autoextend", "--innodb-undo-tablespaces=0", "--aria-log-file-size=8M", "--sync-frm=0", "--skip-log-bin"}
}

// makeData does what mariadb-install-db does, without the tables of help, of the
// performance schema and of time zones, in a third of the time.
func (s *Server) makeData() error {
	own := filepath.Join(s.data(), "mysql")
	if err := os.MkdirAll(own, 0o755); err != nil {
		return err
	}
	for _, dir := range []string{s.data(), own} {
		if err := s.account.own(dir); err != nil {
			return err
		}
	}
	sql := "USE mysql;\n"
	for _, name := range systemTables {
		text, err := os.ReadFile(filepath.Join(s.bin.share, name))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, "@current_hostname") { // accounts of this machine's name
				sql += line
			}
		}
	}
	sql += "FLUSH PRIVILEGES;\nCREATE USER '" + admin + "'@'%' IDENTIFIED BY " + literal(s.adminPassword) + ";\n" +
		"GRANT ALL ON *.* TO '" + admin + "'@'%' WITH GRANT OPTION;\nDELETE FROM mysql.global_priv WHERE User <> '" + admin + "';\n"
	cmd := s.command(s.bin.server, append(s.options(), "--bootstrap", "--character-set-server=utf8mb4")...)
	cmd.Stdin = strings.NewReader("SET NAMES utf8mb4;\n" + sql)
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("ERROR")) {
		return fmt.Errorf("making the data folder: %w\n%s", err, out)
	}
	return nil
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
// killed or not, the pipe ends: then the server is killed and its folder removed.
const supervisor = `
dir=$1; shift
"$@" </dev/null & server=$!
orphan=
read -r order || { order=KILL; orphan=yes; }
[ "$order" = none ] || kill -s "$order" "$server" 2>/dev/null
wait "$server"
if [ -n "$orphan" ]; then rm -rf "$dir"; fi
`

const startLimit = 60 * time.Second

// launch runs the server on s.Port and returns when it accepts connections.
func (s *Server) launch() error {
	pidFile := filepath.Join(s.dir, "server.pid")
	if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
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
	args := append([]string{"-c", supervisor, "supervisor", s.dir, s.bin.server}, s.options()...)
	args = append(args, "--port="+strconv.Itoa(s.Port), "--bind-address=127.0.0.1", "--socket="+s.Socket(), "--pid-file="+pidFile,
		"--skip-name-resolve", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
		"--max-allowed-packet=64M", "--local-infile=1")
	for _, setting := range s.settings {
		args = append(args, "--"+setting)
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
		return fmt.Errorf("starting MariaDB: %w", err)
	}
	s.run = &supervised{cmd: cmd, orders: orders}
	if err := s.awaitReady(pidFile, seen); err != nil {
		return errors.Join(err, s.end("KILL"))
	}
	return nil
}

// awaitReady reads the server's own word in its log: asking by connecting would
// leave failed attempts there.
func (s *Server) awaitReady(pidFile string, seen int64) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for begun := time.Now(); time.Since(begun) < startLimit; <-ticker.C {
		log, err := s.logFrom(seen)
		if err != nil {
			return err
		}
		if bytes.Contains(log, []byte("ready for connections")) {
			text, err := os.ReadFile(pidFile)
			if err != nil {
				return err
			}
			s.run.pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
			return err
		}
		if bytes.Contains(log, []byte("[ERROR] Aborting")) {
			return fmt.Errorf("MariaDB did not start:\n%s", log)
		}
	}
	log, err := s.logFrom(seen)
	return errors.Join(fmt.Errorf("MariaDB did not start within %s:\n%s", startLimit, log), err)
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
		return fmt.Errorf("stopping MariaDB: %w", err)
	}
	return nil
}

// remove kills the server: its data go with it.
func (s *Server) remove() error {
	return errors.Join(s.end("KILL"), os.RemoveAll(s.dir))
}

// Stop ends the server as an administrator would. Only for a server from StartOwn.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if err := s.end("TERM"); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends the server at once by SIGKILL, as a power cut would: sessions see a
// broken connection and nothing else. Only for a server from StartOwn.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if s.run == nil {
		tb.Fatal("the server does not run")
	}
	if err := syscall.Kill(s.run.pid, syscall.SIGKILL); err != nil {
		tb.Fatal(err)
	}
	if err := s.end("none"); err != nil {
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
		tb.Fatal("other tests use this server: take one of your own with testmaria.StartOwn")
	}
}

// Socket is the path of the server's Unix socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, "server.sock") }
