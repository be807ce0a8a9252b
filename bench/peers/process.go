package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// process is a server that runs under a supervisor.
type process struct {
	orders io.Closer
	gone   <-chan error // the supervisor's end
}

// The supervisor is the server's parent and ends when the server does. It ends the
// server, by its process id, when this program closes the pipe or is gone, killed or not.
const supervisor = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & server=$!
( cat <&3 >/dev/null; kill -s "$signal" "$server" 2>/dev/null ) & watcher=$!
wait "$server"
kill "$watcher" 2>/dev/null
`

// server says how a server is run.
type server struct {
	name   string
	dir    string // its folder; it runs in it
	as     string // the account, when this program runs as root
	signal string // that ends it in order
	args   []string
	ready  func(ctx context.Context) error // asked until it gives nil
}

const startLimit = 10 * time.Minute

func (s server) start(ctx context.Context) (*process, error) {
	log, err := os.Create(filepath.Join(s.dir, s.name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", supervisor, "supervisor", s.signal}, s.args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + s.dir}
	// A session of its own: a Ctrl-C ends this program, which then ends the server.
	if cmd.SysProcAttr, err = accountOf(s.as); err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Setsid = true
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{orders: orders, gone: safego.Run(cmd.Wait)}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := s.ready(ctx)
		if err == nil {
			return p, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s does not start, see %s: %w", s.name, log.Name(), err), p.stop())
		case <-p.gone:
			_ = orders.Close() // closed by the supervisor's end
			return nil, fmt.Errorf("%s ends at once, see %s", s.name, log.Name())
		case <-time.After(time.Second / 4):
		}
	}
}

// stop ends the server and waits until it is gone, whatever it ends with.
func (p *process) stop() error {
	err := p.orders.Close()
	<-p.gone
	if errors.Is(err, os.ErrClosed) {
		return nil // the server had ended by itself
	}
	return err
}

// accountOf makes a process run as the account that Debian's package made: the
// servers refuse to run as root. Another user runs them as itself.
func accountOf(name string) (*syscall.SysProcAttr, error) {
	if name == "" || os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// folderOf makes a folder that the account owns.
func folderOf(dir, account string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	attr, err := accountOf(account)
	if err != nil || attr.Credential == nil {
		return err
	}
	return os.Chown(dir, int(attr.Credential.Uid), int(attr.Credential.Gid))
}

// once runs a program to its end; what it prints is in the error.
func once(ctx context.Context, dir, account, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var err error
	if cmd.SysProcAttr, err = accountOf(account); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
