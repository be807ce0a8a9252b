package testmaria

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

const variable = "LIANJI_TEST_MARIADB"

// binaries are what a server is made of: the program, and the folder of the texts
// that make its own tables.
type binaries struct {
	server string
	share  string
}

// systemTables make a new server's own tables, in this order.
var systemTables = []string{"mysql_system_tables.sql", "mysql_system_tables_data.sql"}

// findBinaries looks for mariadbd, which Debian keeps in a folder that is not in
// everybody's PATH.
func findBinaries() (binaries, error) {
	var programs []string
	if dir := os.Getenv(variable); dir != "" {
		programs = []string{filepath.Join(dir, "mariadbd")}
	} else {
		for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin", "/usr/libexec") {
			programs = append(programs, filepath.Join(dir, "mariadbd"))
		}
	}
	for _, program := range programs {
		if info, err := os.Stat(program); err != nil || info.IsDir() {
			continue
		}
		prefix := filepath.Dir(filepath.Dir(program))
		for _, share := range []string{"share/mysql", "share/mariadb", "share"} {
			share = filepath.Join(prefix, share)
			if _, err := os.Stat(filepath.Join(share, systemTables[0])); err == nil {
				return binaries{server: program, share: share}, nil
			}
		}
	}
	return binaries{}, fmt.Errorf("no MariaDB server is installed: apt-get install mariadb-server, "+
		"or name the folder of mariadbd in %s, or skip these tests with %s=off", variable, variable)
}

// account is the user that the server runs as; nil means the test's own.
type account struct{ uid, gid int }

// serverAccount: MariaDB refuses to run as root, so root lends it the account that
// the package made.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("mysql")
	if err != nil {
		return nil, fmt.Errorf("MariaDB refuses to run as root and there is no user mysql: %w", err)
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

func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// command runs as the server's account, without the caller's environment and
// option files.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.dir}
	cmd.SysProcAttr = s.account.attr()
	return cmd
}
