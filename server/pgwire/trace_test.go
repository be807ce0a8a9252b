package pgwire_test

import (
	"testing"

	"github.com/lianji/lianji/server/servertest"
)

// A session says of which trace its statements are, and takes nothing else for that.
func TestTraceparent(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	q := &servertest.Querier{}
	c := open(t, q).connect(t, "&options=-c%20traceparent%3D"+parent)
	mustRun(t, c, "SELECT 1; SET traceparent = ''; SELECT 1; RESET traceparent; SELECT 1", "SELECT 0\nSET\nSELECT 0\nRESET\nSELECT 0\n")
	asked, _ := q.Asked()
	for i, want := range []string{parent, "", parent} {
		if asked[i].Traceparent != want {
			t.Errorf("statement %d is of %q, want %q", i, asked[i].Traceparent, want)
		}
	}
	_, err := run(t, c, "SET traceparent = 'DB-HC'")
	wantState(t, err, "22023")
}
