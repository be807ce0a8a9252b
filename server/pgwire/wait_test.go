package pgwire_test

import (
	"testing"
	"time"

	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server/servertest"
)

func awaitAsked(t *testing.T, q *servertest.Querier, n int) {
	t.Helper()
	waitfor.True(t, time.Second, "the statement to run", func() bool { return len(q.Streams()) == n })
}

func awaitReleased(t *testing.T, q *servertest.Querier, i int) {
	t.Helper()
	waitfor.True(t, time.Second, "the statement to end", func() bool {
		all := q.Streams()
		if len(all) <= i {
			return false
		}
		select {
		case <-all[i].Released:
			return true
		default:
			return false
		}
	})
}
