package testmaria

import (
	"fmt"
	"os"
	"path/filepath"
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
