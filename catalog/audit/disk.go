package audit

import (
	"errors"
	"os"
)

// disk is what the log asks of the file system; tests put one in that fails.
type disk interface {
	// create makes a new file for appending; it must not be there yet.
	create(path string) (file, error)
	// reopen opens a file for appending and empties it if it holds anything.
	reopen(path string) (file, error)
	// reserve makes a file that keeps so many of the disk's bytes for later, if it is
	// not there yet; it is not to be counted on before syncDir.
	reserve(path string, bytes int64) error
	rename(from, to string) error
	remove(path string) error
	syncDir(path string) error
}

// file is an open segment.
type file interface {
	Write([]byte) (int, error)
	// Sync returns when everything written is on disk.
	Sync() error
	Truncate(size int64) error
	Size() (int64, error)
	Close() error
}

type osDisk struct{}

type osFile struct{ *os.File }

func (f osFile) Sync() error { return datasync(f.File) }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

const segmentMode = 0o600

func (osDisk) create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, segmentMode)
	return osFile{f}, err
}

func (osDisk) reopen(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, segmentMode)
	if err != nil {
		return nil, err
	}
	own := osFile{f}
	size, err := own.Size()
	// Emptying gives the kept bytes back to the disk: only where it has to be.
	if err == nil && size > 0 {
		err = f.Truncate(0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return own, nil
}

func (osDisk) reserve(path string, bytes int64) error {
	_, err := os.Lstat(path)
	is := err == nil
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, segmentMode)
	if err != nil {
		return err
	}
	err = allocate(f, bytes)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil && !is {
		return errors.Join(err, os.Remove(path))
	}
	return err
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) remove(path string) error     { return os.Remove(path) }
func (osDisk) syncDir(path string) error    { return syncDir(path) }

// syncDir makes the names in a folder last.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

const blockBytes = 64 << 10

// writeZeros keeps bytes on a file system that cannot set them apart.
func writeZeros(f *os.File, bytes int64) error {
	block := make([]byte, blockBytes)
	for bytes > 0 {
		n, err := f.Write(block[:min(bytes, blockBytes)])
		if err != nil {
			return err
		}
		bytes -= int64(n)
	}
	return nil
}
