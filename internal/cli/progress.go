package cli

import (
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/server"
)

const (
	progressAfter = time.Second            // a statement that ends sooner shows none
	progressEvery = 250 * time.Millisecond // the line is written anew
	eraseLine     = "\r\x1b[K"
)

// progress is a line on standard error about a statement that takes its time. A nil
// progress shows nothing and costs nothing.
type progress struct {
	c       *command
	answer  traffic
	place   atomic.Int64 // in the gateway's queue; 0 while the statement does not wait there
	done    chan struct{}
	ended   <-chan error
	once    sync.Once
	started time.Time

	mu      sync.Mutex
	sources []*traffic
}

// newProgress gives nil where standard error is no terminal that can erase a line.
func (c *command) newProgress() *progress {
	if term, _ := c.LookupEnv("TERM"); terminalWidth(c.Stderr) == 0 || term == "dumb" {
		return nil
	}
	return &progress{c: c, done: make(chan struct{})}
}

// start begins to count the time. It is called once, and stop after it.
func (p *progress) start(at time.Time) {
	if p == nil {
		return
	}
	p.started = at
	p.ended = safego.Run(func() error {
		wait := time.NewTimer(progressAfter)
		defer wait.Stop()
		shown := false
		for {
			select {
			case <-p.done:
				if shown {
					p.write(eraseLine)
				}
				return nil
			case <-wait.C:
				p.write(eraseLine + p.line())
				shown = true
				wait.Reset(progressEvery)
			}
		}
	})
}

// stop erases the line for good. It may be repeated.
func (p *progress) stop() {
	if p == nil || p.ended == nil {
		return
	}
	p.once.Do(func() {
		close(p.done)
		<-p.ended // a line that is lost harms nobody
	})
}

func (p *progress) write(text string) { _, _ = io.WriteString(p.c.Stderr, text) }

// line says how far the statement is, in one line of the terminal.
func (p *progress) line() string {
	var parts []string
	p.mu.Lock()
	for _, s := range p.sources {
		if text, some := s.text(); some {
			parts = append(parts, p.c.text("cli_progress_source", msg.Args{"Name": s.name, "Counts": p.c.text("cli_progress_counts", text)}))
		}
	}
	p.mu.Unlock()
	if text, some := p.answer.text(); some {
		parts = append(parts, p.c.text("cli_progress_answer", msg.Args{"Counts": p.c.text("cli_progress_counts", text)}))
	}
	if place := p.place.Load(); place > 0 {
		parts = append(parts, p.c.text("cli_progress_place", msg.Args{"Place": place}))
	}
	line := p.c.text("cli_progress", msg.Args{"Seconds": int(time.Since(p.started).Seconds())})
	if len(parts) > 0 {
		line += "  " + strings.Join(parts, ", ")
	}
	// The last column stays free: some terminals go to the next line there.
	return terminal.Truncate(strings.Map(visible, line), max(terminalWidth(p.c.Stderr)-1, 1), "…")
}

// placed notes the place in the gateway's queue.
func (p *progress) placed(place int) { p.place.Store(int64(place)) }

// counted counts the answer's rows.
func (p *progress) counted(s server.Stream) server.Stream {
	if p == nil {
		return s
	}
	return &countedAnswer{s, &p.answer}
}

type countedAnswer struct {
	server.Stream
	to *traffic
}

func (s *countedAnswer) Next() bool {
	if !s.Stream.Next() {
		return false
	}
	s.to.add(s.RecordBatch())
	return true
}

// before stops the line before the first byte that is written to w.
func (p *progress) before(w io.Writer) io.Writer {
	if p == nil {
		return w
	}
	return &stopping{w, p}
}

// beforeAnswer does so where the answer may appear on a screen: on a terminal, and
// behind a pipe, where a pager may stand. The line goes on while a file is written.
func (p *progress) beforeAnswer(w io.Writer) io.Writer {
	if f, ok := w.(interface{ Stat() (fs.FileInfo, error) }); ok && p != nil && terminalWidth(w) == 0 {
		if info, err := f.Stat(); err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
			return w
		}
	}
	return p.before(w)
}

type stopping struct {
	io.Writer
	p *progress
}

func (s *stopping) Write(b []byte) (int, error) {
	s.p.stop()
	return s.Writer.Write(b)
}

// sizeOf gives the bytes of a batch's buffers; those that it shares count whole.
func sizeOf(b arrow.RecordBatch) int64 {
	size := uint64(0)
	for _, c := range b.Columns() {
		size += c.Data().SizeInBytes()
	}
	return int64(size)
}

// grouped writes a number in groups of three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func inMiB(bytes int64) string {
	return strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64)
}
