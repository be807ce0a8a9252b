package connectors

import "strings"

// Comment tells the people of a source to which statement of the gateway a fragment belongs.
// It stands before the fragment's text as libraries of applications write such a thing, and
// so in the source's lists of what runs and in its logs. The zero value is none.
//
// A text with a comment is another text for each statement: a connector keeps nothing
// prepared for it.
type Comment struct {
	Purpose     string // the code of what the statement is for
	Query       string // the statement's id
	Traceparent string // of the fragment's span, as W3C has it
}

// Text is what is sent: the fragment's SQL, behind its comment if it has one.
func (f Fragment) Text() string {
	if f.Comment == (Comment{}) {
		return f.SQL
	}
	return f.Comment.text() + f.SQL
}

// mostComment is the longest part of a comment, in bytes.
const mostComment = 64

// text writes a comment. A part that is anything but letters, digits, points, dashes and
// underscores of ASCII is left out, so that nothing ends the comment but its own end.
func (c Comment) text() string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"purpose", c.Purpose}, {"query", c.Query}, {"traceparent", c.Traceparent}} {
		if p.value != "" && len(p.value) <= mostComment && strings.Trim(p.value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") == "" {
			parts = append(parts, p.name+"='"+p.value+"'")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "/*" + strings.Join(parts, ",") + "*/ "
}
