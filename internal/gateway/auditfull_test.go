package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/waitfor"
)

// Sources are asked while the record of a statement's start goes to disk. When it does not
// get there, nothing of the answer leaves, and no quota is charged.
func TestAnswersWaitForTheirRecord(t *testing.T) {
	w, folder := plain, ""
	w.prepare = func(dir string) {
		folder = filepath.Join(dir, audit.FolderName)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=32m,mode=0700"); err != nil {
			t.Skipf("no small disk can be mounted here: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	s := newSite(t, w)
	s.metered(t, "{queries: 2}")
	// Its record is longer than what is left of a block that the log has already.
	sql := "SELECT id FROM 公安.名册 WHERE id < 4" + strings.Repeat(" AND id > 0", 800)
	s.want(t, "zhao", sql, 3, "")
	filler := filepath.Join(folder, "filler")
	failing := strings.Replace(sql, "id", "CAST(zt AS INTEGER)", 1) // whose own error tells of rows
	for _, first := range []string{sql, failing} {
		useUp(t, filler)
		for range 2 { // the second time the log knows that it cannot write
			s.want(t, "zhao", first, 0, "disk_full")
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		waitfor.True(t, 10*time.Second, "statements to be let through", func() bool {
			_, code := s.counted(t, "wang", "SHOW TABLES", "interface")
			return code == ""
		})
	}
	s.want(t, "zhao", sql, 3, "")
	s.want(t, "zhao", sql, 0, "quota_spent")
}

// useUp writes a file until there is no room.
func useUp(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
}
