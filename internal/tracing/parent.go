package tracing

import (
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// What of W3C's traceparent is written, and the version that is read.
const (
	version = "00"
	sampled = "01" // the flags of what is followed
)

// Of a traceparent: how long it is, and where its parts are.
const (
	parentLength       = 55
	traceAt, traceEnd  = 3, 35
	spanAt, spanEnd    = 36, 52
	flagsAt            = 53
	mostComment        = 512 // bytes of a comment that is looked through
	commentTraceparent = "traceparent='"
)

// IsParent tells whether a text is a traceparent: a version, an id of a trace and one of a
// span that are not all zeros, and flags, as digits of sixteen in small letters.
func IsParent(text string) bool {
	_, ok := read(text)
	return ok
}

// read reads a traceparent. What is wrong in any way counts for none: a trace begins here.
func read(text string) (trace.SpanContext, bool) {
	if len(text) != parentLength || !strings.HasPrefix(text, version+"-") || text[traceEnd] != '-' || text[spanEnd] != '-' {
		return trace.SpanContext{}, false
	}
	of, err := trace.TraceIDFromHex(text[traceAt:traceEnd])
	if err != nil {
		return trace.SpanContext{}, false
	}
	by, err := trace.SpanIDFromHex(text[spanAt:spanEnd])
	if err != nil {
		return trace.SpanContext{}, false
	}
	high, low := strings.IndexByte(hexDigits, text[flagsAt]), strings.IndexByte(hexDigits, text[flagsAt+1])
	if high < 0 || low < 0 {
		return trace.SpanContext{}, false
	}
	// No other flag means anything here.
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: of, SpanID: by, TraceFlags: trace.TraceFlags(low) & trace.FlagsSampled, Remote: true}), true
}

const hexDigits = "0123456789abcdef"

// parentOf finds out by whom a statement is followed already.
func parentOf(s Statement) (trace.SpanContext, bool) {
	if s.Parent != "" {
		return read(s.Parent)
	}
	return read(inComment(s.Text))
}

// inComment gives what stands as traceparent='…' in the comment with which a statement ends,
// as libraries of applications write it. The text need not be understood for that: whatever
// stands there is read as a traceparent or not at all.
func inComment(sql string) string {
	sql = strings.TrimRight(sql, " \t\r\n;")
	if !strings.HasSuffix(sql, "*/") {
		return ""
	}
	begin := strings.LastIndex(sql[max(0, len(sql)-mostComment):], "/*")
	if begin < 0 {
		return ""
	}
	comment := sql[max(0, len(sql)-mostComment)+begin:]
	_, rest, found := strings.Cut(comment, commentTraceparent)
	if !found || len(rest) <= parentLength || rest[parentLength] != '\'' {
		return ""
	}
	return rest[:parentLength]
}
