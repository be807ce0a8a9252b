package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

// hangs is a source that does not answer.
type hangs struct{ connectors.Source }

func (hangs) Close() error { return nil }
func (hangs) Describe(ctx context.Context) ([]*catalog.Table, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

const withHanging = "sources:\n  hangs: {kind: sqlite, path: a.db}\n  ga: {kind: sqlite, path: b.db}\n"

// A statement waits for the sources that it names and for no other.
func TestOnlyNamedSourcesAreAsked(t *testing.T) {
	config(t, withHanging)
	for _, sql := range []string{
		"SELECT * FROM ga.t", "FROM GA.main.t", `FROM "ga".t -- hangs`, "SELECT 'hangs' FROM ga.t", `SELECT x AS hang FROM ga.t`,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		var opened map[string]connectors.Source
		r := run{querier: rows(1), ctx: ctx, sources: func(m map[string]connectors.Source) { opened = m }}
		if code, _, stderr := r.args(t, "query", "--direct", "--format", "csv", sql); code != 0 || stderr != "" || len(opened) != 1 || opened["ga"] == nil {
			t.Errorf("%s: exit %d, %q, opened %v", sql, code, stderr, opened)
		}
		cancel()
	}
}

// Who has to wait for a source is told for which.
func TestWaitingIsTold(t *testing.T) {
	config(t, withHanging)
	for _, sql := range []string{"SELECT * FROM ga.t, hangs.t", "SHOW TABLES"} {
		ctx, cancel := context.WithCancel(t.Context())
		var stderr shared
		done := safego.Run(func() error {
			if code, _, _ := (run{querier: rows(1), ctx: ctx, stderr: &stderr}).args(t, "query", "--direct", sql); code != 1 {
				t.Errorf("%s: exit %d", sql, code)
			}
			return nil
		})
		waitfor.True(t, 5*time.Second, "a word", func() bool { return stderr.String() != "" })
		if got := stderr.String(); got != "Waiting for hangs to answer …\n" {
			t.Errorf("%s: %q", sql, got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if !strings.Contains(stderr.String(), "error[canceled]") {
			t.Errorf("%s: %q", sql, stderr.String())
		}
	}
}
