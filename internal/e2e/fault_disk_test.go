package e2e

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// diskful are statements that need more than a small disk and little memory here:
// their keys are computed, so that the source cannot sort, group or join by them.
var diskful = map[string]string{
	"sort":  "SELECT id, pad FROM 政务.大 ORDER BY pad || '', id",
	"group": "SELECT reverse(pad), count(*) FROM 政务.大 GROUP BY ALL",
	"join":  "SELECT a.id, b.id FROM 政务.大 a JOIN 政务.大 b ON a.pad = b.pad || ''",
}

// A statement that fills the disk for temporary files gets one clear error, the
// gateway goes on, and nothing of what was spilled is left.
func TestDiskFull(t *testing.T) {
	for _, c := range []struct {
		name, engine string
		mount        bool
	}{
		{"a disk of 16 MiB", "memory: 256MiB", true},
		{"a limit of 16 MiB", "memory: 256MiB, temp_limit: 16MiB", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, testpg.Start(t), 4, c.engine)
			s.fillBig(t)
			temp := filepath.Join(s.dir, "tmp")
			if err := os.Mkdir(temp, 0o700); err != nil {
				t.Fatal(err)
			}
			if c.mount {
				mountSmall(t, temp)
			}
			s.serve(t)
			for name, sql := range diskful {
				begun := time.Now()
				rows, code, title, err := s.answer(t.Context(), sql)
				want := map[string]string{"disk_full": "The query needs more temporary disk space than there is."}
				if name != "sort" { // these also meet an end of memory that no disk could have put off
					want["out_of_memory"] = "The query needs more memory than it may use."
				}
				if err != nil || code == "" || title != want[code] {
					t.Errorf("%s: %d bytes of rows, %s %q %v", name, len(rows), code, title, err)
				}
				t.Logf("%s: %s after %s", name, code, time.Since(begun).Round(time.Millisecond))
				waitfor.True(t, time.Second, "the spilled files to be gone", func() bool { return len(spilled(t, temp)) == 0 })
				s.mustAnswer(t, "SELECT k, count(*) FROM 政务.户 WHERE id % 2 = 0 GROUP BY k ORDER BY k LIMIT 2", "0 1428\n1 1429")
			}
			s.nothingOpen(t)
			s.stop()
			if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
				t.Errorf("left after the end: %v %v", left, err)
			}
		})
	}
}

// mountSmall makes folder a disk of 16 MiB of its own.
func mountSmall(t *testing.T, folder string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=16m,mode=0700"); err != nil {
		t.Skipf("no small disk can be mounted here (%v): the limit stands for it", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
}

// spilled lists the files under the folder for temporary ones, but for the lock
// that a running program holds there.
func spilled(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile
		}
		if err == nil && d.Type().IsRegular() && d.Name() != "lock" {
			files = append(files, strings.TrimPrefix(path, folder))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
