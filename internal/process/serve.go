package process

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/lianji/lianji/internal/safego"
)

// Serve answers questions until in ends or an answer is the last one, which more tells.
// The process may take room bytes of address space beyond what it has now. At the end of
// in it ends at once, whatever it works on: it does not outlive its gateway.
func Serve[Q any](in io.Reader, room uint64, answer func(ask Q, text string) (more bool, err error)) error {
	if err := limitAddressSpace(room); err != nil {
		return err
	}
	type question struct {
		head Q
		text string
	}
	asked := make(chan question)
	safego.Run(func() error {
		defer os.Exit(0)
		defer close(asked)
		for {
			var q question
			var err error
			if q.text, err = Read(in, &q.head); err != nil {
				return err
			}
			asked <- q
		}
	})
	for q := range asked {
		if more, err := answer(q.head, q.text); !more || err != nil {
			return err
		}
	}
	return nil
}

// limitAddressSpace lets the process take so many bytes more than it has.
func limitAddressSpace(more uint64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	pages, err := strconv.ParseUint(strings.Fields(string(text) + " ")[0], 10, 64)
	if err != nil {
		return err
	}
	most := pages*uint64(os.Getpagesize()) + more
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most})
}
