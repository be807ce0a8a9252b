// Package tracing follows one statement through the gateway: what was done when, and how
// long it took. A span holds ids, codes of the catalogue, names of the configuration and
// counts; there is no way to put a text, a value or the name of a column into one.
package tracing

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/lianji/lianji/internal/errs"
)

// Part is what a span tells of.
type Part int

// The parts of a statement's way, in their order. Whole and Described are the root of a
// trace here: a statement that runs, and one that is looked at without running it.
const (
	Whole Part = iota
	Described
	Queue      // waiting for its turn among all statements
	Prepare    // gate and binder, or the plan cache
	Gate       // the lists of what a statement may hold
	Bind       // the bound plan, by DuckDB
	Plan       // parameters' values, rules and the texts for the sources
	Audit      // its start on disk
	Admission  // waiting for its share of the memory
	Residual   // what is computed here, to the last row
	Fragment   // one stream of a source, to its last row
	FirstBatch // from the start's end to the first rows
)

var names = [...]string{
	Whole: "statement", Described: "describe", Queue: "queue", Prepare: "prepare", Gate: "gate", Bind: "bind", Plan: "plan",
	Audit: "audit start", Admission: "admission", Residual: "residual", Fragment: "fragment", FirstBatch: "first batch",
}

// String is the span's name.
func (p Part) String() string { return names[p] }

// Keys of attributes.
const (
	keyQuery, keyDoor, keyPurpose = "lianji.query", "lianji.door", "lianji.purpose"
	keyAgency, keyMode, keySource = "lianji.agency", "lianji.mode", "lianji.source"
	keyOutcome, keyRows, keyBytes = "lianji.outcome", "lianji.rows", "lianji.bytes"
)

// Tracer begins traces. A nil one begins none.
type Tracer struct {
	tracer trace.Tracer
	ratio  float64
}

// New makes a tracer that follows a share of the statements, from 0 to 1, and all whose
// callers say that they are followed.
func New(t trace.Tracer, ratio float64) *Tracer { return &Tracer{tracer: t, ratio: ratio} }

// Statement is what a trace says of its statement, and by whom it may be followed already.
type Statement struct {
	Query, Door, Purpose, Agency, Mode string
	// Parent is the W3C traceparent that came with it, Text the statement itself, in whose
	// last comment a traceparent is looked for where none came beside it. No other part of
	// the text is used.
	Parent, Text string
}

// Span is the span of a part. Nil, for a statement that is not followed, does nothing.
type Span struct {
	span   trace.Span
	tracer trace.Tracer
	of     *followed
}

// followed is what all spans of a statement share.
type followed struct{ query, purpose string }

type key struct{}

// Begin begins a statement's trace, if it is to be followed; what is started under the
// context that comes back belongs to it.
func (t *Tracer) Begin(ctx context.Context, p Part, s Statement) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	parent, there := parentOf(s)
	if !parent.IsSampled() && rand.Float64() >= t.ratio {
		return ctx, nil
	}
	under := context.Background()
	if there {
		// Who is followed is decided by now.
		under = trace.ContextWithRemoteSpanContext(under, parent.WithTraceFlags(trace.FlagsSampled))
	}
	_, span := t.tracer.Start(under, p.String(), trace.WithSpanKind(trace.SpanKindServer))
	made := &Span{span: span, tracer: t.tracer, of: &followed{query: s.Query, purpose: s.Purpose}}
	made.code(keyQuery, s.Query)
	made.code(keyDoor, s.Door)
	made.code(keyPurpose, s.Purpose)
	made.code(keyAgency, s.Agency)
	made.code(keyMode, s.Mode)
	return context.WithValue(ctx, key{}, made), made
}

// Start begins a part of the statement whose context it is. The caller ends the span.
func Start(ctx context.Context, p Part) (context.Context, *Span) {
	parent, _ := ctx.Value(key{}).(*Span)
	if parent == nil {
		return ctx, nil
	}
	kind := trace.SpanKindInternal
	if p == Fragment {
		kind = trace.SpanKindClient
	}
	_, span := parent.tracer.Start(trace.ContextWithSpan(context.Background(), parent.span), p.String(), trace.WithSpanKind(kind))
	made := &Span{span: span, tracer: parent.tracer, of: parent.of}
	return context.WithValue(ctx, key{}, made), made
}

// Of gives the span that a context belongs to.
func Of(ctx context.Context) *Span {
	s, _ := ctx.Value(key{}).(*Span)
	return s
}

// Source names the source of a fragment.
func (s *Span) Source(name string) { s.code(keySource, name) }

// Counts says how many rows, and bytes as Arrow has them, the part gave.
func (s *Span) Counts(rows, bytes int64) {
	if s != nil {
		s.span.SetAttributes(attribute.Int64(keyRows, rows), attribute.Int64(keyBytes, bytes))
	}
}

// Outcome says how the part ended: the code of its error, or none. An error's text is
// never told.
func (s *Span) Outcome(code errs.Code) {
	switch {
	case s == nil:
	case code == "":
		s.code(keyOutcome, "ok")
	default:
		s.code(keyOutcome, string(code))
		s.span.SetStatus(codes.Error, "")
	}
}

// End ends the span. It may be repeated.
func (s *Span) End() {
	if s != nil {
		s.span.End()
	}
}

// EndAt ends the span at a time that has passed.
func (s *Span) EndAt(at time.Time) {
	if s != nil {
		s.span.End(trace.WithTimestamp(at))
	}
}

// TraceID is the trace's, 32 digits; empty for a statement that is not followed.
func (s *Span) TraceID() string {
	if s == nil {
		return ""
	}
	return s.span.SpanContext().TraceID().String()
}

// Traceparent names the span as W3C has it, for what is asked on the statement's behalf.
func (s *Span) Traceparent() string {
	if s == nil {
		return ""
	}
	c := s.span.SpanContext()
	return version + "-" + c.TraceID().String() + "-" + c.SpanID().String() + "-" + sampled
}

// Attr adds to what a line of the log says by which trace the statement is followed; an
// empty id adds nothing.
func Attr(attrs []slog.Attr, traceID string) []slog.Attr {
	if traceID == "" {
		return attrs
	}
	return append(attrs, slog.String("trace_id", traceID))
}

// Query is the id of the statement, Purpose the code of what it is for.
func (s *Span) Query() string {
	if s == nil {
		return ""
	}
	return s.of.query
}

// Purpose is the code of what the statement is for.
func (s *Span) Purpose() string {
	if s == nil {
		return ""
	}
	return s.of.purpose
}

// mostCode is the longest code, in bytes.
const mostCode = 128

// code sets an attribute to a code, an id or a name. Whatever looks like a text is left out.
func (s *Span) code(key, value string) {
	if s == nil || value == "" || len(value) > mostCode || strings.ContainsFunc(value, notOfCode) {
		return
	}
	s.span.SetAttributes(attribute.String(key, value))
}

func notOfCode(r rune) bool {
	return r == unicode.ReplacementChar || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '_' && r != '-' && r != '.'
}
