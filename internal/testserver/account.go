package testserver

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user that the server runs as; nil means the test's own.
type account struct{ uid, gid int }

// lent gives the account that a program's package made, if the tests run as root.
func lent(p Program) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(p.Account)
	if err != nil {
		return nil, fmt.Errorf("%s refuses to run as root and there is no user %s: %w", p.Name, p.Account, err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &account{uid: uid, gid: gid}, nil
}

// attr makes a process run as the account, in a session of its own so that a
// Ctrl-C meant for the tests does not reach the server before its supervisor.
func (a *account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}
