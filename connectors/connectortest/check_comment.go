package connectortest

import (
	"testing"

	"github.com/lianji/lianji/connectors"
)

// hostile are comments that nothing may come of but a comment.
var hostile = []connectors.Comment{
	{Purpose: "DB-HC", Query: "k3j2h1", Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	{Query: "*/ nothing that any engine reads", Purpose: "'", Traceparent: "--"},
	{Query: "!50000 nothing that any engine reads", Purpose: "M!", Traceparent: "+"},
	{Query: "$1", Purpose: "?", Traceparent: ":a"},
}

// checkComment: a comment changes nothing of what a fragment gives, and nothing of the next
// one.
func checkComment(tb testing.TB, h Harness) {
	f := load(tb, h, 1, numbered("many", 50, 50))
	t := f.table("", "many")
	frag := f.fragment(t, t.Columns)
	conn := f.acquire()
	defer conn.Release()
	for range 2 {
		for _, c := range hostile {
			frag.Comment = c
			if got := f.rows(conn, frag); len(got) != 50 {
				tb.Errorf("%d rows with the comment %+v, want 50", len(got), c)
			}
		}
		frag.Comment = connectors.Comment{}
		if got := f.rows(conn, frag); len(got) != 50 {
			tb.Errorf("%d rows after comments, want 50", len(got))
		}
	}
}
