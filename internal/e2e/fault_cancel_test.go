package e2e

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
)

// Statements that run for longer than a test: silent ones give no row for a long
// time, loud ones give more than anybody reads.
var endless = []struct {
	name, sql string
	loud      bool
}{
	{"silent, straight", "SELECT id, slept FROM %s.慢", false},
	{"silent, filter here", "SELECT id, slept FROM %s.慢 WHERE length(reverse(pad)) > 3", false},
	{"silent, join", "SELECT s.id, f.note FROM %[1]s.慢 s JOIN %[2]s.册 f ON f.k = s.id %% 3", false},
	{"loud, straight", "SELECT id, pad FROM %s.流水", true},
	{"loud, filter here", "SELECT id, pad FROM %s.流水 WHERE length(reverse(pad)) > 3", true},
	{"all here", "SELECT count(*) FROM %s.流水 WHERE length(reverse(pad)) > 3", false},
}

func published(sql string) string {
	if !strings.Contains(sql, "%[2]s") {
		return fmt.Sprintf(sql, "政务")
	}
	return fmt.Sprintf(sql, "政务", "档案")
}

// own writes the statement for direct mode.
func own(sql string) string {
	return strings.NewReplacer("政务.慢", "zfw.slow", "政务.流水", "zfw.endless", "档案.册", "wj.files").Replace(published(sql))
}

// A client that goes away ends its statement at the source.
func TestClientGone(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	s.serve(t)
	for _, c := range endless {
		for _, form := range []string{formJSON, formArrow} {
			t.Run(c.name+" "+form, func(t *testing.T) {
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				var begun atomic.Bool
				asked := safego.Run(func() error {
					res, err := s.ask(ctx, form, published(c.sql))
					if err != nil {
						return err
					}
					defer res.Body.Close()
					_, err = io.ReadFull(res.Body, make([]byte, someBatches))
					begun.Store(true)
					<-ctx.Done() // nothing more is read: the gateway's writes stand still
					return err
				})
				s.awaitActive(t, 1)
				if c.loud {
					waitfor.True(t, 5*time.Second, "some of the answer", begun.Load)
				}
				leave()
				s.awaitGone(t)
				if err := <-asked; c.loud != (err == nil) {
					t.Errorf("the client's own error: %v", err)
				}
			})
		}
	}
	s.mustAnswer(t, "SELECT id, name FROM 政务.户 WHERE id = 17", "17 n17")
	if n := strings.Count(s.log.String(), "code=internal"); n != 0 {
		t.Errorf("%d of those who went look like an error of the gateway:\n%s", n, s.log.String())
	}
}

// An interrupted command ends its statement at the source.
func TestCommandInterrupted(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	for _, c := range endless {
		t.Run(c.name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			var stderr lines
			stdout := &counter{}
			code := -1
			done := safego.Run(func() error {
				code = s.run(ctx, stdout, &stderr, "query", "--direct", "--config", s.file, "--format", "csv", own(c.sql))
				return nil
			})
			s.awaitActive(t, 1)
			if c.loud {
				waitfor.True(t, 5*time.Second, "some of the answer", func() bool { return stdout.n.Load() > someBatches })
			}
			interrupt()
			s.awaitGone(t)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if code != 1 || stderr.String() != "error[canceled]: The query was cancelled.\n" {
				t.Errorf("exit %d, stderr %q", code, stderr.String())
			}
		})
	}
}

// counter counts what is written to it.
type counter struct{ n atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

// closeWithin is how long a gateway may take to end what runs in it, when its
// sources do as they are told.
const closeWithin = 400 * time.Millisecond

// A gateway that closes ends what runs in it, at the source too.
func TestCloseEndsQueries(t *testing.T) {
	s := newSite(t, testpg.Start(t), 8, "memory: 256MiB, max_running: 6")
	for _, c := range endless {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := config.Load(s.file, program().App.Kinds(), func(string) (string, bool) { return s.password, true })
			if err != nil {
				t.Fatal(err)
			}
			a, err := app.Open(t.Context(), cfg, program().App)
			if err != nil {
				t.Fatal(err)
			}
			session, err := a.Direct()
			if err != nil {
				t.Fatal(err)
			}
			const many = 2
			var running safego.Group
			for range many {
				running.Go(func() error {
					answer, err := a.Query(t.Context(), session, server.Request{SQL: own(c.sql)})
					if err == nil {
						for answer.Stream.Next() {
						}
						err = answer.Stream.Err()
						answer.Stream.Release()
					}
					if e := errs.From(err); e == nil || e.Code != errs.Closing || e.ID != "gateway_closing" {
						return fmt.Errorf("a query that the closing ended: %v", err)
					}
					return nil
				})
			}
			s.awaitActive(t, many)
			closed := safego.Run(a.Close)
			waitfor.True(t, closeWithin, "the gateway to close", func() bool {
				select {
				case err := <-closed:
					if err != nil {
						t.Error(err)
					}
					return true
				default:
					return false
				}
			})
			if err := running.Wait(); err != nil {
				t.Error(err)
			}
			s.awaitGone(t)
		})
	}
}

// serveEndsWithin is how long a program that was told to end may take: queries get
// half of that to end by themselves.
const serveEndsWithin = 10 * time.Second

// The program ends although a statement would run on, whose client learns that its
// answer is not whole.
func TestServeEnds(t *testing.T) {
	t.Parallel() // it waits most of its time
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	s.serve(t)
	var code string
	asked := safego.Run(func() error {
		_, got, _, err := s.answer(context.Background(), published(endless[0].sql))
		code = got
		return err
	})
	s.awaitActive(t, 1)
	begun := time.Now()
	s.stop()
	took := time.Since(begun)
	t.Logf("ended in %s (stated %s)", took.Round(time.Millisecond), serveEndsWithin)
	if took > serveEndsWithin {
		t.Error("the program took longer than it states")
	}
	if err := <-asked; err != nil || code != "gateway_closing" {
		t.Errorf("the client got %q and %v", code, err)
	}
	s.awaitGone(t)
}
