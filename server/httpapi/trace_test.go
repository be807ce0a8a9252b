package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/lianji/lianji/server/servertest"
)

// A request says once of which trace it is, or it is of none.
func TestTraceparent(t *testing.T) {
	for want, headers := range map[string][]string{
		"":  nil,
		"x": {"Traceparent", "x"}, // what it means is seen where a trace begins
	} {
		q := &servertest.Querier{}
		if res := post(t, open(t, q), statement, headers...); res.StatusCode != http.StatusOK {
			t.Fatal(text(t, res))
		}
		if asked, _ := q.Asked(); asked[0].Traceparent != want {
			t.Errorf("%+v, want %q", asked[0], want)
		}
	}
	q := &servertest.Querier{}
	res := post(t, open(t, q), statement, "Traceparent", "x", "Traceparent", "y")
	if asked, _ := q.Asked(); asked[0].Traceparent != "" {
		t.Errorf("%d: %+v", res.StatusCode, asked[0])
	}
}
