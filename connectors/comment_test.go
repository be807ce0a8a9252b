package connectors_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lianji/lianji/connectors"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestComment(t *testing.T) {
	for name, c := range map[string]struct {
		comment connectors.Comment
		want    string
	}{
		"none":      {connectors.Comment{}, "SELECT 1"},
		"whole":     {connectors.Comment{Purpose: "DB-HC", Query: "a.b_c-1", Traceparent: parent}, "/*purpose='DB-HC',query='a.b_c-1',traceparent='" + parent + "'*/ SELECT 1"},
		"a part":    {connectors.Comment{Query: "q", Purpose: "低保"}, "/*query='q'*/ SELECT 1"},
		"an end":    {connectors.Comment{Query: "*/ DROP TABLE t --", Purpose: "'", Traceparent: parent}, "/*traceparent='" + parent + "'*/ SELECT 1"},
		"a start":   {connectors.Comment{Query: "/*", Purpose: "A"}, "/*purpose='A'*/ SELECT 1"},
		"all wrong": {connectors.Comment{Query: "a b", Purpose: "a\nb", Traceparent: strings.Repeat("0", 65)}, "SELECT 1"},
	} {
		if got := (connectors.Fragment{SQL: "SELECT 1", Comment: c.comment}).Text(); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// comment is all that a comment may be.
var comment = regexp.MustCompile(`^(/\*((purpose|query|traceparent)='[A-Za-z0-9._-]{1,64}',?){1,3}\*/ )?$`)

// Nobody gets out of a comment, whatever a part of it is.
func FuzzComment(f *testing.F) {
	f.Add("q17", "DB-HC", parent)
	f.Add("*/ SELECT 2 --", "'", "/*!50000 x */")
	f.Add("x\x00", "\\", "$$")
	f.Fuzz(func(t *testing.T, query, purpose, traceparent string) {
		text := connectors.Fragment{SQL: "SELECT 1", Comment: connectors.Comment{Query: query, Purpose: purpose, Traceparent: traceparent}}.Text()
		before, ok := strings.CutSuffix(text, "SELECT 1")
		if !ok || !comment.MatchString(before) || strings.Contains(before, "',*/") {
			t.Errorf("%q", text)
		}
	})
}
