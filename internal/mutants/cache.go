package mutants

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cache makes a folder for what the go command builds of broken trees, and gives the
// environment by which it is used. It begins with links to all that was built before, and
// goes with remove, also after an error: the go command forgets nothing for five days, and
// some hundred broken programs, each linked with DuckDB, fill a disk.
func cache() (env []string, remove func(), err error) {
	remove = func() {}
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return nil, remove, fmt.Errorf("asking the go command for its cache: %w", err)
	}
	from := strings.TrimSpace(string(out))
	// Links need the same file system.
	to, err := os.MkdirTemp(filepath.Dir(from), "lianji-mutants-")
	if err != nil {
		return nil, remove, err
	}
	remove = func() { _ = os.RemoveAll(to) }
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return gone(err)
		}
		name, err := filepath.Rel(from, path)
		if err != nil || name == "." {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(to, name), 0o755)
		}
		return gone(os.Link(path, filepath.Join(to, name)))
	})
	return append(os.Environ(), "GOCACHE="+to), remove, err
}

// gone forgives what another go command removed meanwhile.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
