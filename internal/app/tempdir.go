package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	runPrefix = "run-"
	lockName  = "lock"
)

// runDir is a folder for the temporary files of one run of the program. What is
// spilled there is data of the sources: nobody else may read it, and it goes when
// the run ends; after a crash, when the next one begins.
type runDir struct {
	path string
	lock *os.File // held while the run lasts
}

// newRunDir makes the folder under base, or among the system's temporary files
// when base is empty.
func newRunDir(base string) (*runDir, error) {
	if base == "" {
		path, err := os.MkdirTemp("", "lianji-")
		if err != nil {
			return nil, err
		}
		return lockedRun(path)
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, err
	}
	if err := removeStale(base); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(base, runPrefix)
	if err != nil {
		return nil, err
	}
	return lockedRun(path)
}

// lockedRun takes the lock before the lock's name is there: a run without a lock
// is left alone by others.
func lockedRun(path string) (*runDir, error) {
	lock, err := os.CreateTemp(path, "")
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(lock.Name(), filepath.Join(path, lockName))
	}
	if err != nil {
		if lock != nil {
			err = errors.Join(err, lock.Close())
		}
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return &runDir{path, lock}, nil
}

// remove removes the folder. A nil runDir has none.
func (r *runDir) remove() error {
	if r == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(r.path), r.lock.Close())
}

// removeStale removes what runs left that ended without doing so themselves: their
// lock is free.
func removeStale(base string) error {
	entries, err := os.ReadDir(base)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), runPrefix) {
			continue
		}
		path := filepath.Join(base, e.Name())
		if err := removeIfFree(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func removeIfFree(path string) (err error) {
	lock, err := os.Open(filepath.Join(path, lockName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil // a run that goes on
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(path)
}
