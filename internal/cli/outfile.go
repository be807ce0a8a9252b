package cli

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
)

// outFile is the file of -o while it is written: it gets its name when it is whole,
// so that no broken answer ever has it.
type outFile struct {
	*os.File
	path string
	done bool
}

// createOut begins the file that will be at path. The caller discards it.
func createOut(path string) (*outFile, error) {
	mode := fs.FileMode(0o666)
	if found, err := os.Stat(path); err == nil {
		if !found.Mode().IsRegular() {
			return nil, usage("cli_output_special", msg.Args{"File": path})
		}
		mode = found.Mode().Perm() // what only its owner could read stays so
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, cannotWrite(path, err)
		}
	}
	dir, name := filepath.Split(path)
	part := filepath.Join(dir, "."+name+"."+rand.Text()[:8]+".part")
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, cannotWrite(path, err)
	}
	return &outFile{File: f, path: path}, nil
}

func cannotWrite(path string, err error) error {
	if isDiskFull(err) {
		return errs.Wrap(errs.DiskFull, "cli_disk_full", nil, err)
	}
	reason := err
	var p *fs.PathError
	if errors.As(err, &p) {
		reason = p.Err // without the name of the unfinished file
	}
	return errs.Wrap(errs.Usage, "cli_output_refused", msg.Args{"File": path, "Reason": reason.Error()}, err)
}

// finish gives the file its name.
func (o *outFile) finish() error {
	o.done = true
	err := o.Sync()
	err = errors.Join(err, o.Close())
	if err == nil {
		err = os.Rename(o.Name(), o.path)
	}
	if err != nil {
		_ = os.Remove(o.Name()) // the first error is the one to tell
		return &output.WriteError{Err: err}
	}
	return nil
}

// discard removes a file that was not finished.
func (o *outFile) discard() {
	if !o.done {
		o.done = true
		_ = o.Close()
		_ = os.Remove(o.Name())
	}
}
