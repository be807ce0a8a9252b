package testmaria

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	s := &Server{admin: admin, adminPassword: testserver.NewPassword()}
	s.process, err = testserver.New(testserver.Program{
		Name: "MariaDB", Account: "mysql", Folder: "lianji-testmaria-", Abort: "KILL", Within: 60 * time.Second,
		Args: func(p *testserver.Server) []string {
			args := append([]string{bin.server}, options(p, bin)...)
			args = append(args, "--port="+strconv.Itoa(p.Port), "--bind-address=127.0.0.1", "--socket="+socket(p), "--pid-file="+pidFile(p),
				"--skip-name-resolve", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
				"--max-allowed-packet=64M", "--local-infile=1")
			for _, setting := range settings {
				args = append(args, "--"+setting)
			}
			return args
		},
		PIDFile: pidFile, Ready: ready,
	})
	if err != nil {
		return nil, err
	}
	if err = s.makeData(bin); err == nil {
		err = s.process.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.process.Remove())
	}
	s.Port = s.process.Port
	return s, nil
}

func pidFile(p *testserver.Server) string { return filepath.Join(p.Dir, "server.pid") }

// options hold for making the data as for running: small files, nothing waits for
// a disk.
func options(p *testserver.Server, bin binaries) []string {
	return []string{"--no-defaults", "--datadir=" + p.Data(), "--tmpdir=" + p.Dir, "--lc-messages-dir=" + bin.share,
		"--innodb-log-file-size=32M", "--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync", "--innodb-doublewrite=0",
		"--innodb-flush-log-at-trx-commit=2", "--innodb-data-file-path=ibdata1:10M:autoextend",
		"--innodb-temp-data-file-path=ibtmp1:4M:autoextend", "--innodb-undo-tablespaces=0", "--aria-log-file-size=8M", "--sync-frm=0", "--skip-log-bin"}
}

// makeData does what mariadb-install-db does, without the tables of help, of the
// performance schema and of time zones, in a third of the time.
func (s *Server) makeData(bin binaries) error {
	own := filepath.Join(s.process.Data(), "mysql")
	if err := os.MkdirAll(own, 0o755); err != nil {
		return err
	}
	for _, dir := range []string{s.process.Data(), own} {
		if err := s.process.Own(dir); err != nil {
			return err
		}
	}
	sql := "USE mysql;\n"
	for _, name := range systemTables {
		text, err := os.ReadFile(filepath.Join(bin.share, name))
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
	cmd := s.process.Command(bin.server, append(options(s.process, bin), "--bootstrap", "--character-set-server=utf8mb4")...)
	cmd.Stdin = strings.NewReader("SET NAMES utf8mb4;\n" + sql)
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("ERROR")) {
		return fmt.Errorf("making the data folder: %w\n%s", err, out)
	}
	return nil
}

// ready reads the server's own word in its log.
func ready(p *testserver.Server, log []byte) (pid int, err error) {
	if bytes.Contains(log, []byte("[ERROR] Aborting")) {
		return 0, errors.New("it says so")
	}
	if !bytes.Contains(log, []byte("ready for connections")) {
		return 0, nil
	}
	text, err := os.ReadFile(pidFile(p))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// Stop ends the server as an administrator would. Only for a server from StartOwn.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	if err := s.process.End("TERM"); err != nil {
		tb.Fatal(err)
	}
}

// Kill ends the server at once by SIGKILL, as a power cut would: sessions see a
// broken connection and nothing else. Only for a server from StartOwn.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.mustBeOwn(tb)
	pid := s.process.PID()
	if pid == 0 {
		tb.Fatal("the server does not run")
	}
	if err := testserver.Kill(pid); err != nil {
		tb.Fatal(err)
	}
	if err := s.process.End("none"); err != nil {
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
		tb.Fatal("other tests use this server: take one of your own with testmaria.StartOwn")
	}
}

// Socket is the path of the server's Unix socket.
func (s *Server) Socket() string { return socket(s.process) }

func socket(p *testserver.Server) string { return filepath.Join(p.Dir, "server.sock") }
