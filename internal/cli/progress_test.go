package cli_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/mattn/go-runewidth"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// visible gives the lines that a screen shows after text was written to it.
func visible(text string) string {
	var lines []string
	var line []rune
	at := 0
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "\x1b[K"):
			line = line[:min(at, len(line))]
			i += 3
			continue
		case text[i] == '\r':
			at = 0
			i++
			continue
		case text[i] == '\n':
			lines, line, at = append(lines, string(line)), nil, 0
			i++
			continue
		}
		r := []rune(text[i:])[0]
		line = append(line[:min(at, len(line))], r) // what stood behind it is not looked at
		at++
		i += len(string(r))
	}
	return strings.Join(append(lines, string(line)), "\n")
}

// slow answers with a batch, and ends when the test says so.
func slow(batches ...servertest.Row) (*servertest.Querier, chan servertest.Row) {
	feed := make(chan servertest.Row, len(batches))
	for _, b := range batches {
		feed <- b
	}
	return &servertest.Querier{Feed: feed}, feed
}

// A statement that takes more than a second has a line on standard error, which is
// gone when the first row appears on the same terminal.
func TestProgressOnTheTerminalOfTheRows(t *testing.T) {
	config(t, good)
	s := newScreen(t, 80)
	q, feed := slow()
	done := make(chan int, 1)
	ran := safego.Run(func() error {
		code, _, _ := run{querier: q, stdout: s.File, stderr: s.File, env: map[string]string{"LANG": "zh_CN.UTF-8"}}.args(t, "query", "--direct", "select 1")
		done <- code
		return nil
	})
	waitfor.True(t, 1500*time.Millisecond, "the line", func() bool { return strings.Contains(s.so(), "\r\x1b[K1 秒") })
	feed <- servertest.Row{Rows: 1}
	waitfor.True(t, time.Second, "the first row", func() bool { return strings.Contains(s.so(), "张1") })
	if got := visible(s.so()); got != " id | 姓名\n----+------\n  1 | 张1\n" {
		t.Errorf("the screen shows\n%s", got)
	}
	close(feed)
	if err := <-ran; err != nil || <-done != 0 {
		t.Fatal(err)
	}
	all := s.text()
	if _, after, _ := strings.Cut(all, "张1"); strings.Contains(after, "\x1b") || !strings.Contains(after, "\n1 行，用时 ") {
		t.Errorf("after the first row: %q", after)
	}
}

// While a file is written the line goes on, keeps to the terminal's width and says
// how many rows there are; it is erased before what is said at the end.
func TestProgressWhileAFileIsWritten(t *testing.T) {
	config(t, good)
	for _, columns := range []uint16{80, 24} {
		s := newScreen(t, columns)
		q, feed := slow(servertest.Row{Rows: 1500})
		out := filepath.Join(t.TempDir(), "out.txt")
		ran := safego.Run(func() error {
			if code, _, _ := (run{querier: q, stderr: s.File}).args(t, "query", "--url", gateway(t, q), "-o", out, "select 1"); code != 0 {
				t.Errorf("exit %d", code)
			}
			return nil
		})
		want := "1 s  answer: 1,500 rows 0."
		if columns == 24 {
			want = "1 s  answer: 1,500 row…"
		}
		waitfor.True(t, 1500*time.Millisecond, "the line", func() bool { return strings.Contains(s.so(), want) })
		close(feed)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		all := s.text()
		for _, line := range regexp.MustCompile(`\r\x1b\[K`).Split(all, -1) {
			line, _, _ = strings.Cut(line, "\n")
			if w := runewidth.StringWidth(line); w >= int(columns) && !strings.Contains(line, "row(s)") {
				t.Errorf("%d of %d columns: %q", w, columns, line)
			}
		}
		if got := visible(all); !strings.HasPrefix(got, "1500 row(s) in ") || strings.Contains(got, "answer") {
			t.Errorf("the screen shows %q", got)
		}
		if content, err := os.ReadFile(out); err != nil || bytes.ContainsRune(content, 0x1b) {
			t.Errorf("the file: %v", err)
		}
	}
}

// Nothing is shown for a quick statement, where standard error is no terminal, and
// on a terminal that cannot erase a line.
func TestNoProgress(t *testing.T) {
	config(t, good)
	quick, out, dumb := newScreen(t, 80), newScreen(t, 80), newScreen(t, 80)
	// The time is the test's own: a busy machine neither hides a line nor makes one.
	synctest.Test(t, func(t *testing.T) {
		after := func(wait time.Duration, r run) string {
			q, feed := slow() // the first row would end the line
			r.querier = q
			end := safego.Run(func() error { <-time.After(wait); close(feed); return nil })
			code, _, stderr := r.args(t, "query", "--direct", "--format", "json", "select 1")
			if err := <-end; err != nil || code != 0 {
				t.Errorf("exit %d, %v", code, err)
			}
			return stderr
		}
		after(900*time.Millisecond, run{stderr: quick.File})
		if got := after(1500*time.Millisecond, run{stdout: out.File}); got != "" {
			t.Errorf("no terminal: %q", got)
		}
		after(1500*time.Millisecond, run{stderr: dumb.File, env: map[string]string{"TERM": "dumb"}})
	})
	if got := quick.text(); got != "" {
		t.Errorf("a quick statement: %q", got)
	}
	if got := dumb.text(); got != "" {
		t.Errorf("a dumb terminal: %q", got)
	}
}

// Whoever looks on sees how many rows went elsewhere, in whatever form; a program that reads
// them has nothing beside.
func TestRowsOfOtherForms(t *testing.T) {
	config(t, good)
	for form, want := range map[string]string{"csv": "3 row(s) in ", "arrow": "3 row(s) in ", "parquet": "3 row(s) in ", "json": ""} {
		q := func() *servertest.Querier { return &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 3})} }
		s := newScreen(t, 80)
		if code, _, _ := (run{querier: q(), stderr: s.File}).args(t, "query", "--direct", "--format", form, "select 1"); code != 0 {
			t.Errorf("%s: exit %d", form, code)
		}
		if got := visible(s.text()); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: the screen shows %q", form, got)
		}
		if code, _, stderr := (run{querier: q()}).args(t, "query", "--direct", "--format", form, "select 1"); code != 0 || stderr != "" {
			t.Errorf("%s: exit %d, %q", form, code, stderr)
		}
	}
}

// scanning is an engine's work: it reads the source ga whenever the test says so.
type scanning struct {
	undescribed
	sources map[string]connectors.Source
	step    chan int
}

func (q *scanning) Query(ctx context.Context, _ server.Session, _ server.Request) (*server.Answer, error) {
	conns, err := q.sources["ga"].Acquire(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer conns[0].Release()
	s, err := conns[0].Scan(ctx, connectors.Fragment{})
	if err != nil {
		return nil, err
	}
	defer s.Release()
	for range q.step {
		s.Next()
	}
	if w, ok := s.(connectors.Warner); !ok || len(w.Warnings()) != 1 {
		return nil, errors.New("the stream's warnings are lost")
	}
	return one{text: "x"}.Query(ctx, server.Session{}, server.Request{})
}

func (s source) Acquire(context.Context, int) ([]connectors.Conn, error) {
	return []connectors.Conn{conn{}}, nil
}

type conn struct{ connectors.Conn }

func (conn) Release() {}
func (conn) Scan(context.Context, connectors.Fragment) (connectors.Stream, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema([]catalog.Column{{Name: "n", Type: catalog.Type{Kind: catalog.Int64}}}))
	defer b.Release()
	b.Field(0).(*array.Int64Builder).AppendValues(make([]int64, 1<<18), nil)
	return &endless{batch: b.NewRecordBatch()}, nil
}

// endless gives one batch of 2 MiB again and again.
type endless struct {
	connectors.Stream
	batch arrow.RecordBatch
}

func (s *endless) Next() bool                     { return true }
func (s *endless) RecordBatch() arrow.RecordBatch { return s.batch }
func (s *endless) Release()                       {}
func (s *endless) Warnings() []errs.Warning       { return make([]errs.Warning, 1) }

// An operator sees what comes from each source, also while the statement has no row
// yet; and in a plan that is being measured.
func TestProgressOfSources(t *testing.T) {
	config(t, good)
	for _, command := range []string{"query", "explain"} {
		s := newScreen(t, 80)
		q := &scanning{step: make(chan int)}
		ran := safego.Run(func() error {
			if code, _, _ := (run{querier: q, sources: func(m map[string]connectors.Source) { q.sources = m }, stderr: s.File}).args(t, command, "--direct", "select 1"); code != 0 {
				t.Errorf("exit %d", code)
			}
			return nil
		})
		q.step <- 1
		q.step <- 2
		waitfor.True(t, 1500*time.Millisecond, "the line", func() bool { return strings.Contains(s.so(), "1 s  ga: 524,288 rows 4.1 MiB") })
		close(q.step)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		if got := visible(s.text()); strings.Contains(got, "ga:") {
			t.Errorf("the screen shows %q", got)
		}
	}
}

// Whoever looks on sees which place in the gateway's queue the statement has; where nobody
// does, the gateway is not asked for it.
func TestProgressOfTheQueue(t *testing.T) {
	config(t, good)
	for lang, want := range map[string]string{"en": "1 s  waiting for a turn, at place 3 of the queue", "zh_CN.UTF-8": "1 秒  正在排队等待，当前位置：3", "": ""} {
		q := &servertest.Queueing{GoOn: make(chan struct{})}
		q.Stand(3)
		var options []string
		door := httpapi.New(httpapi.Options{Querier: q, PlaceEvery: time.Millisecond})
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			options = r.Header.Values("Connection")
			door.ServeHTTP(w, r)
		}))
		t.Cleanup(s.Close)
		screen := newScreen(t, 80)
		r := run{stderr: screen.File, env: map[string]string{"LANG": lang}}
		if lang == "" {
			r = run{}
		}
		ran := safego.Run(func() error {
			if code, _, stderr := r.args(t, "query", "--url", s.URL, "--format", "csv", "select 1"); code != 0 {
				t.Errorf("exit %d, %s", code, stderr)
			}
			return nil
		})
		waitfor.True(t, time.Second, "the statement to wait", q.Waits)
		waitfor.True(t, 1500*time.Millisecond, "the line", func() bool { return strings.Contains(screen.so(), want) })
		close(q.GoOn)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		if got := visible(screen.text()); strings.Contains(got, "3") || (lang == "") != (len(options) == 0) {
			t.Errorf("the screen shows %q, asked for by %q", got, options)
		}
	}
}

// So does who asks for a receipt or browses on line, whose answer is the gateway's own.
func TestProgressOfTheQueueOfAnswersAsTheyCome(t *testing.T) {
	config(t, good)
	for _, asked := range [][]string{{"--mode", "online"}, {"--mode", "online", "--format", "ndjson"}, {"--receipt", "r.jws", "--format", "csv"}} {
		q := &servertest.Queueing{GoOn: make(chan struct{})}
		q.Stand(3)
		s := httptest.NewServer(httpapi.New(httpapi.Options{Querier: q, PlaceEvery: time.Millisecond}))
		t.Cleanup(s.Close)
		screen := newScreen(t, 80)
		ran := safego.Run(func() error {
			(run{stderr: screen.File}).args(t, append([]string{"query", "--url", s.URL, "select 1"}, asked...)...)
			return nil
		})
		waitfor.True(t, time.Second, "the statement to wait", q.Waits)
		waitfor.True(t, 1500*time.Millisecond, "the line", func() bool {
			return strings.Contains(screen.so(), "1 s  waiting for a turn, at place 3 of the queue")
		})
		close(q.GoOn)
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		if got := visible(screen.text()); strings.Contains(got, "waiting") {
			t.Errorf("%q: the screen shows %q", asked, got)
		}
	}
}
