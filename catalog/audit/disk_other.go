//go:build !linux

package audit

import "os"

func datasync(f *os.File) error { return f.Sync() }

func allocate(f *os.File, bytes int64) error { return writeZeros(f, bytes) }

// lock does nothing: only Linux is supported, and elsewhere two processes on one
// folder are found by Verify, as a fork.
func lock(*os.File) error { return nil }
