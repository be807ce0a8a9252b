package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// peakMiB is the most memory that the whole program may hold while it streams,
// DuckDB included: it does not grow with the rows.
const peakMiB = 300

// Millions of rows pass through the program in bounded memory, straight from the
// source and through a filter in DuckDB, to a fast client and to a slow one.
func TestMemoryOfStreams(t *testing.T) {
	rows := 1_000_000
	if os.Getenv(longVariable) != "" {
		rows = 6_000_000
	}
	s := newSite(t, testpg.Start(t), 4, "")
	s.db.Exec(t, fmt.Sprintf(`CREATE TABLE lines AS
		SELECT g::bigint AS id, DATE '2020-01-01' + (g %% 2000)::int AS day, (g %% 1000000)::numeric(12,2) / 4 AS amount,
			'row ' || g || ' ' || md5(g::text) AS note, (g %% 97)::int AS k
		FROM generate_series(1, %d) g`, rows))
	s.db.Exec(t, "ALTER TABLE lines ALTER amount TYPE numeric(12,2); ANALYZE lines")
	s.db.Exec(t, "CREATE TABLE keys AS SELECT g::bigint * 1000 AS k FROM generate_series(1, 1000) g; ANALYZE keys")
	p := startProgram(t, s, "memory: 1GiB", "  政务: {账: zfw.public.lines, 键: zfw.public.keys}")
	t.Logf("at rest: %d MiB", p.memory(t, "VmRSS"))
	for _, statement := range []struct{ name, sql string }{
		{"straight", "SELECT * FROM 政务.账"},
		{"filter here", "SELECT * FROM 政务.账 WHERE length(reverse(note)) > 3"},
	} {
		for _, form := range []string{formArrow, formCSV, formJSON} {
			t.Run(statement.name+" "+form, func(t *testing.T) { p.stream(t, statement.sql, form, rows) })
		}
	}
	// Arithmetic on the key keeps the join here.
	for _, form := range []string{formArrow, formCSV} {
		t.Run("join here "+form, func(t *testing.T) {
			p.stream(t, "SELECT 账.* FROM 政务.账 LEFT JOIN 政务.键 ON 账.id + 0 = 键.k", form, rows)
		})
	}
	t.Run("slow client", func(t *testing.T) { p.slowClient(t, "SELECT * FROM 政务.账 WHERE length(reverse(note)) > 3") })
	t.Run("four at once", func(t *testing.T) {
		var all safego.Group
		for range 4 {
			all.Go(func() error {
				_, err := p.drain(t.Context(), "SELECT * FROM 政务.账 WHERE length(reverse(note)) > 3", formArrow)
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Error(err)
		}
		t.Logf("four streams at once: peak %d MiB, at rest again %d MiB", p.memory(t, "VmHWM"), p.memory(t, "VmRSS"))
	})
}

// running is the program in a process of its own, as serve.
type running struct {
	*site
	process *os.Process
}

// startProgram builds the program and serves a site's sources with more
// lines under publish:.
func startProgram(t *testing.T, s *site, engine, publish string) *running {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "lianji")
	out, err := exec.Command("go", "build", "-tags=duckdb_arrow", "-o", binary, "github.com/lianji/lianji/cmd/lianji").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	yaml, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(yaml), "timezone: Asia/Shanghai", "timezone: Asia/Shanghai, "+engine, 1)
	s.write(t, regexp.MustCompile(`(?m)^  政务: .*$`).ReplaceAllLiteralString(text, publish))
	cmd := exec.Command(binary, "serve", "--no-auth", "--config", s.file)
	cmd.Env = append(os.Environ(), "ZFW_PASSWORD="+s.password)
	cmd.Stdout, cmd.Stderr = io.Discard, &s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v:\n%.2000s", err, s.log.String())
		}
	})
	waitfor.True(t, 5*time.Second, "the program's address", func() bool {
		s.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(s.log.String())
		return s.url != ""
	})
	return &running{s, cmd.Process}
}

// memory reads one of the sizes that the kernel keeps for the process, in MiB.
func (p *running) memory(t *testing.T, field string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		t.Fatalf("no %s in %s", field, status)
	}
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}

// forgetPeak makes VmHWM begin anew; where that is refused it stays the highest of all.
func (p *running) forgetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.process.Pid), []byte("5"), 0)
}

// drain reads an answer to its end and gives its size in bytes.
func (p *running) drain(ctx context.Context, sql, form string) (int64, error) {
	res, err := p.ask(ctx, form, sql)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, errors.New(res.Status)
	}
	return io.Copy(io.Discard, res.Body)
}

func (p *running) stream(t *testing.T, sql, form string, rows int) {
	p.forgetPeak()
	before := len(p.log.String())
	begun := time.Now()
	size, err := p.drain(t.Context(), sql, form)
	took := time.Since(begun)
	if err != nil {
		t.Fatal(err)
	}
	waitfor.True(t, time.Second, "the query's line in the log", func() bool { return strings.Contains(p.log.String()[before:], "code=ok") })
	if !strings.Contains(p.log.String()[before:], fmt.Sprintf("rows=%d ", rows)) {
		t.Errorf("not %d rows:\n%s", rows, p.log.String()[before:])
	}
	peak := p.memory(t, "VmHWM")
	t.Logf("%d rows, %d MB in %s: %.0f rows/s, %.0f MB/s, peak %d MiB", rows, size/1e6, took.Round(time.Millisecond),
		float64(rows)/took.Seconds(), float64(size)/1e6/took.Seconds(), peak)
	if peak >= peakMiB {
		t.Errorf("the program held %d MiB, it must stay under %d", peak, peakMiB)
	}
}

// slowClient reads a little and then nothing: what the source has more to give must
// wait there.
func (p *running) slowClient(t *testing.T, sql string) {
	p.forgetPeak()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	res, err := p.ask(ctx, formArrow, sql)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, someBatches)); err != nil {
		t.Fatal(err)
	}
	same, last := 0, 0
	waitfor.True(t, 3*time.Second, "the program to stand still", func() bool {
		if now := p.memory(t, "VmRSS"); now == last {
			same++
		} else {
			same, last = 0, now
		}
		return same == 100
	})
	if n := p.sessions(t, "active"); n != 1 {
		t.Errorf("%d statements run at the source, want the one that waits", n)
	}
	t.Logf("with a client that has stopped reading: peak %d MiB", p.memory(t, "VmHWM"))
	if peak := p.memory(t, "VmHWM"); peak >= peakMiB {
		t.Errorf("the program held %d MiB, it must stay under %d", peak, peakMiB)
	}
	leave()
	p.awaitGone(t)
}
