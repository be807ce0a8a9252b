package testmaria_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/waitfor"
)

func TestMain(m *testing.M) { testmaria.Main(m) }

func TestDatabasesAreApart(t *testing.T) {
	start := time.Now()
	server := testmaria.Start(t)
	t.Logf("started in %s", time.Since(start))
	a, b := server.Database(t), server.Database(t)
	a.Exec(t, "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2)")
	b.Exec(t, "CREATE TABLE t (n int)")
	if n := a.Count(t, "SELECT count(*) FROM "+a.Name+".t"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	if n := b.Count(t, "SELECT count(*) FROM "+b.Name+".t"); n != 0 {
		t.Errorf("%d rows in the other database, want none", n)
	}
	a.Exec(t, "SELECT 1; SELECT 'it''s \\'") // several statements; a backslash is itself
	if n := a.Count(t, "SELECT count(*) FROM mysql.db WHERE User = '"+a.ReaderName+"'"); n != 1 {
		t.Errorf("the reader has rights in %d databases, want 1", n)
	}
}

func TestLoad(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE t (i bigint, u bigint unsigned, f double, s text, b blob, o bit(1), d decimal(5,2))")
	const rows = 300_000
	start := time.Now()
	db.Load(t, "`t`", func(yield func([]any) bool) {
		for i := range int64(rows) {
			row := []any{i, ^uint64(0), 0.1, "人\t\\\n\x00口", []byte{0, 0xff, '\n'}, i%2 == 0, "-1.50"}
			if i == 7 {
				row = make([]any, 7)
			}
			if !yield(row) {
				return
			}
		}
	})
	t.Logf("%d rows in %s", rows, time.Since(start))
	const same = "u = 18446744073709551615 AND f = 0.1 AND HEX(s) = 'E4BABA095C0A00E58FA3' AND HEX(b) = '00FF0A' AND o = (i % 2 = 0) AND d = -1.5"
	if n := db.Count(t, "SELECT count(*) FROM "+db.Name+".t WHERE "+same); n != rows-1 {
		t.Errorf("%d rows are as they were, want %d", n, rows-1)
	}
	if n := db.Count(t, "SELECT count(*) FROM "+db.Name+".t WHERE i IS NULL AND u IS NULL AND f IS NULL AND s IS NULL AND b IS NULL AND o IS NULL AND d IS NULL"); n != 1 {
		t.Errorf("%d rows of NULL, want 1", n)
	}
}

func TestOwnServerEndsAndStartsAgain(t *testing.T) {
	server := testmaria.StartOwn(t, "max-connections=17")
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
	port := server.Port
	for name, end := range map[string]func(testing.TB){"killed": server.Kill, "stopped": server.Stop} {
		end(t)
		server.Restart(t)
		if n := db.Count(t, "SELECT count(*) + @@max_connections FROM "+db.Name+".t"); n != 18 || server.Port != port {
			t.Errorf("%s and started again on port %d of %d: %d, want 18", name, server.Port, port, n)
		}
	}
}

// A test process that is killed leaves neither a server nor its folder.
func TestNothingIsLeftOfAKilledTest(t *testing.T) {
	if os.Getenv("LIANJI_TESTMARIA_CHILD") != "" {
		server := testmaria.StartOwn(t)
		fmt.Println("socket", server.Socket())
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	testmaria.Start(t) // skips where there is no server
	out, _ := child(t).CombinedOutput()
	_, rest, _ := strings.Cut(string(out), "socket ")
	socket, _, found := strings.Cut(rest, "\n")
	if !found {
		t.Fatalf("the child started no server:\n%s", out)
	}
	waitfor.True(t, 2*time.Second, "the folder to be gone", func() bool {
		_, err := os.Stat(filepath.Dir(socket))
		return os.IsNotExist(err)
	})
}
