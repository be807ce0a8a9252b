package gateway

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/server"
)

// An agency of which a policy shows nothing, so that nothing is read of it, has no times by
// which it could be told from one that is read: least of all those of planning.
func TestTimesOfWhatWasNotRead(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	span := func(agency string, from, to int) server.SourceTimes {
		return server.SourceTimes{Agency: agency, From: at(from), To: at(to)}
	}
	for what, c := range map[string]struct {
		read  []server.SourceTimes
		named []string
		want  []server.SourceTimes
	}{
		"one of three": {[]server.SourceTimes{span("WJ", 320, 350), span("MZ", 310, 330)}, []string{"GA", "WJ", "MZ", "GA"},
			[]server.SourceTimes{span("MZ", 310, 330), span("GA", 310, 350), span("WJ", 320, 350)}},
		"all of them": {nil, []string{"GA", "WJ"}, []server.SourceTimes{span("GA", 100, 400), span("WJ", 100, 400)}},
		"none":        {[]server.SourceTimes{span("WJ", 320, 350)}, []string{"WJ"}, []server.SourceTimes{span("WJ", 320, 350)}},
	} {
		if d := cmp.Diff(c.want, withUnread(c.read, c.named, at(100), at(400))); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
}
