package testpg

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const variable = "LIANJI_TEST_POSTGRES"

// findBinaries returns the folder that holds initdb and postgres. Debian keeps
// them out of PATH, one folder a version; the newest wins.
func findBinaries() (string, error) {
	if dir := os.Getenv(variable); dir != "" {
		if !complete(dir) {
			return "", fmt.Errorf("%s=%s: there is no initdb and postgres in that folder", variable, dir)
		}
		return dir, nil
	}
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
	dirs = append(dirs, debian...)
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, dir := range dirs {
		if complete(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no PostgreSQL server is installed: apt-get install postgresql, "+
		"or name the folder of initdb and postgres in %s, or skip these tests with %s=off", variable, variable)
}

// complete tells whether a folder has a server: pg_config's may hold clients only.
func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

func version(bindir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(bindir)))
	if err != nil {
		return 0
	}
	return n
}
