package e2e

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// oneConnection are statements that read one source more than once, with answers
// that follow from how the tables are made.
var oneConnection = []struct{ sql, want string }{
	{"SELECT count(*), sum(a.id) FROM 政务.户 a JOIN 政务.户 b ON a.id = b.id", "20000 200010000"},
	{"SELECT c.title, count(*) FROM 政务.户 h JOIN 政务.类 c ON c.k = h.k WHERE h.k < 2 GROUP BY 1 ORDER BY 1", "kind 0 2857\nkind 1 2858"},
	{"SELECT count(*) FROM 政务.户 a, 政务.户 b, 政务.类 c, 档案.册 f WHERE a.id = b.id AND c.k = a.k AND f.k = a.k", "8572"},
	{"SELECT id FROM 政务.户 WHERE id IN (SELECT max(id) FROM 政务.户)", "20000"},
	{"SELECT name FROM 政务.户 WHERE id = 4711", "n4711"},
	{"SELECT count(*) FROM (SELECT id FROM 政务.户 UNION ALL SELECT k FROM 政务.类 UNION ALL SELECT k FROM 档案.册)", "20010"},
}

// A query never waits for a second connection of a source while it holds one: with
// one connection for each source, alone and many at once, every query ends.
func TestOneConnection(t *testing.T) {
	s := newSite(t, testpg.Start(t), 1, "memory: 512MiB")
	s.serve(t)
	for _, c := range oneConnection {
		s.mustAnswer(t, c.sql, c.want)
	}
	const many, stated = 20, 10 * time.Second
	begun := time.Now()
	done := make(chan error, many)
	for i := range many {
		safego.Run(func() error {
			c := oneConnection[i%len(oneConnection)]
			got, code, title, err := s.answer(t.Context(), c.sql)
			if err == nil && (code != "" || got != c.want) {
				err = fmt.Errorf("%q %s %s, want %q", got, code, title, c.want)
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", c.sql, err)
			}
			done <- err
			return nil
		})
	}
	ended, most := 0, 0
	waitfor.True(t, stated, "20 queries at once over one connection", func() bool {
		for {
			select {
			case err := <-done:
				if ended++; err != nil {
					t.Error(err)
				}
				continue
			default:
			}
			most = max(most, s.sessions(t, "%"))
			return ended == many
		}
	})
	t.Logf("%d queries in %s, %d session(s) at the source at the most", many, time.Since(begun).Round(time.Millisecond), most)
	if most > 1 {
		t.Errorf("%d sessions at a source that allows 1", most)
	}
	s.nothingOpen(t)
}

// Nothing of a query is left in the process, whether it is answered, refused or
// cancelled.
func TestNothingLeaksByQuery(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	s.serve(t)
	const few = 4
	statements := append([]struct{ sql, want string }{
		{"SELECT no_such FROM 政务.户", ""}, {"SELECT name::INTEGER FROM 政务.户", ""},
	}, oneConnection...)
	round := func(n int) {
		for i := range n {
			if _, _, _, err := s.answer(t.Context(), statements[i%len(statements)].sql); err != nil {
				t.Fatal(err)
			}
			if i%10 == 0 {
				s.leave(t)
			}
		}
	}
	round(2 * len(statements)) // sessions and caches that stay
	goroutines, files := settled(t)
	begun := time.Now()
	round(200)
	took := time.Since(begun)
	after, filesAfter := settled(t)
	t.Logf("200 queries in %s: %d goroutines before, %d after; %d open files before, %d after", took.Round(time.Millisecond), goroutines, after, files, filesAfter)
	// The runtime has goroutines that come at first need; a query that left one
	// would show 20 times or more.
	if after > goroutines+few || filesAfter > files+few {
		if err := pprof.Lookup("goroutine").WriteTo(os.Stderr, 1); err != nil {
			t.Error(err)
		}
		t.Error("something of a query is left")
	}
	s.nothingOpen(t)
}

// leave asks for a long answer and goes after its first bytes.
func (s *site) leave(t *testing.T) {
	t.Helper()
	res, err := s.ask(t.Context(), formNDJSON, "SELECT id, pad FROM 政务.流水 WHERE length(reverse(pad)) > 3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := res.Body.Read(make([]byte, 1)); err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

// settled waits until the counts stand still and gives them.
func settled(t *testing.T) (goroutines, files int) {
	t.Helper()
	same := 0
	waitfor.True(t, 2*time.Second, "the process to be at rest", func() bool {
		g, f := runtime.NumGoroutine(), openFiles(t)
		if g == goroutines && f == files {
			same++
		} else {
			goroutines, files, same = g, f, 0
		}
		return same == 20
	})
	return goroutines, files
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// What is wrong with a configuration is said clearly, by check and by query, and
// never with the password.
func TestWrongConfiguration(t *testing.T) {
	own := testpg.StartOwn(t)
	s := newSite(t, own, 2, "")
	good, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	const sql, other = "SELECT count(*) AS n FROM zfw.kinds", "SELECT count(*) AS n FROM wj.files"
	if code, stdout, stderr := s.direct(t.Context(), sql); code != 0 || stdout != "n\r\n7\r\n" {
		t.Fatalf("exit %d, %q %q", code, stdout, stderr)
	}
	if code, stdout, stderr := s.command(t.Context(), "check"); code != 0 || stderr != "" || strings.Count(stdout, " reachable ") != 2 {
		t.Fatalf("exit %d, %q %q", code, stdout, stderr)
	}
	right := s.password
	for _, c := range []struct {
		name   string
		change func(*testing.T)
		code   int // of both commands
		text   string
		others bool // other sources go on answering
	}{
		{"wrong password", func(*testing.T) { s.password = "wrong-" + right }, 1, "Source zfw refused the gateway's login.", true},
		{"no variable", func(*testing.T) { s.password = "" }, 2, "ZFW_PASSWORD", false},
		{"unknown key", func(t *testing.T) { s.write(t, strings.Replace(string(good), "connections:", "conections:", 1)) }, 2, "lianji.yaml:5:25: ", false},
		{"unreachable", func(t *testing.T) { own.Stop(t) }, 1, "Source zfw cannot be reached.", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				s.password = right
				s.write(t, string(good))
			}()
			c.change(t)
			for _, command := range [][]string{{"check"}, {"query", "--direct", "--format", "csv", sql}} {
				code, stdout, stderr := s.command(t.Context(), command...)
				said := stdout + stderr
				if code != c.code || !strings.Contains(said, c.text) || strings.Count(said, c.text) != 1 {
					t.Errorf("%s: exit %d, want %d and %q once:\n%s", command[0], code, c.code, c.text, said)
				}
				if strings.Contains(said, right) || s.password != "" && strings.Contains(said, s.password) {
					t.Errorf("%s: the password is in %q", command[0], said)
				}
				t.Logf("%s: %s", command[0], said)
			}
			if code, stdout, stderr := s.direct(t.Context(), other); c.others && (code != 0 || stdout != "n\r\n3\r\n") {
				t.Errorf("another source: exit %d, %q %q", code, stdout, stderr)
			}
		})
	}
}
