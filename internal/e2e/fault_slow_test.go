package e2e

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// Clients that take their answers slowly, or not at all, do not keep others from theirs
// for longer than they may.
func TestSlowClients(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB, max_running: 2, client_wait: 2s, queue_timeout: 2m")
	s.serve(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	const sql = "SELECT id, pad FROM 政务.流水 WHERE length(reverse(pad)) > 3"
	ended := make([]<-chan error, 2)
	for i, form := range []string{formJSON, formArrow} {
		ended[i] = safego.Run(func() error {
			res, err := s.ask(ctx, form, sql)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for piece := make([]byte, 2<<10); ; <-tick.C { // 20 KiB a second
				if _, err := io.ReadFull(res.Body, piece); err != nil || ctx.Err() != nil {
					return err
				}
				if s.slow() == len(ended) { // what is on the way would take minutes at this pace
					_, err := io.Copy(io.Discard, res.Body)
					return err
				}
			}
		})
	}
	s.awaitActive(t, 2)
	// Both places are taken, and this one waits for the first that is free.
	s.mustAnswer(t, "SELECT count(*) FROM 政务.户 WHERE length(reverse(name)) > 1 AND id % 2 = 0", "10000")
	waitfor.True(t, time.Minute, "both to be ended", func() bool { return s.slow() == 2 })
	for i := range ended {
		if err := <-ended[i]; !errors.Is(err, io.ErrUnexpectedEOF) && (err == nil || !strings.Contains(err.Error(), "reset")) {
			t.Errorf("client %d took its answer for a whole one: %v", i, err)
		}
	}
	s.awaitGone(t)
}

// slow counts the statements that the log says were ended for a slow client.
func (s *site) slow() int { return strings.Count(s.log.String(), "code=client_slow") }
