// Package otlp sends spans to a collector of OpenTelemetry: OTLP as protobuf over HTTP.
// Nothing waits for it. Spans stand in a queue of a bounded length, and are lost where the
// collector takes them too slowly or not at all.
package otlp

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/tracing"
)

// Options of an Export. Endpoint and Logger are required.
type Options struct {
	Endpoint string  // the address that takes spans, such as https://host:4318/v1/traces
	Ratio    float64 // of the statements that are followed, from 0 to 1
	// Paths of PEM files: who is trusted to have signed the collector's certificate (empty:
	// whom the machine trusts), and what the gateway shows of itself (empty: nothing).
	CA, Certificate, Key string
	Headers              map[string]string // sent with everything; secret
	Logger               *slog.Logger      // must redact
}

// Bounds of what waits, and of how long something is waited for.
const (
	mostQueued  = 4096 // spans
	mostSent    = 512  // spans in one request
	sendEvery   = 5 * time.Second
	sendWithin  = 10 * time.Second // for one request, with its repetitions
	closeWithin = 3 * time.Second  // for all that is queued at the end
)

// Export is a collector's queue. Nil is none.
type Export struct {
	provider *sdk.TracerProvider
	sender   *sender
	tracer   *tracing.Tracer
}

// New makes a queue. Whether there is a collector shows when something is sent. The error
// is of files that cannot be used.
func New(o Options) (*Export, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	s := &sender{to: otlptrace.NewUnstarted(c), log: o.Logger, over: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.to.Start(s.ctx); err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(
		sdk.WithSpanProcessor(queue{sdk.NewBatchSpanProcessor(s, sdk.WithMaxQueueSize(mostQueued), sdk.WithMaxExportBatchSize(mostSent), sdk.WithBatchTimeout(sendEvery), sdk.WithExportTimeout(sendWithin)), s}),
		sdk.WithSampler(sdk.AlwaysSample()), // who is followed is the tracer's choice
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "lianji"))),
		// What is panicked with may be a value of a row.
		sdk.WithoutPanicRecording(),
	)
	return &Export{provider: provider, sender: s, tracer: tracing.New(provider.Tracer("lianji"), o.Ratio)}, nil
}

// Tracer begins the traces that are sent.
func (e *Export) Tracer() *tracing.Tracer {
	if e == nil {
		return nil
	}
	return e.tracer
}

// Lost tells how many spans were dropped because too many waited, and how many because the
// collector did not take them.
func (e *Export) Lost() (full, undelivered int64) {
	return e.sender.full.Load(), e.sender.undelivered.Load()
}

// Close sends what is queued, for as long as that may take, and drops the rest.
func (e *Export) Close() {
	if e == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = e.provider.Shutdown(ctx) // why something could not be sent is in the log
	e.sender.cancel()
	<-e.sender.over // nothing is sent any more, so it comes
}

// queue lets as many spans wait as may, and counts the others: the library drops what does
// not fit without a word.
type queue struct {
	sdk.SpanProcessor
	to *sender
}

// OnEnd implements sdk.SpanProcessor.
func (q queue) OnEnd(span sdk.ReadOnlySpan) {
	if q.to.waiting.Add(1) > mostQueued {
		q.to.waiting.Add(-1)
		q.to.full.Add(1)
		return
	}
	q.SpanProcessor.OnEnd(span)
}

// sender hands spans on, and says once when that fails and once when it works again.
type sender struct {
	to     *otlptrace.Exporter
	log    *slog.Logger
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	over   chan struct{} // closed when everything was handed on or dropped
	once   sync.Once

	waiting           atomic.Int64 // spans that were not sent yet, those of the request under way among them
	full, undelivered atomic.Int64 // spans that were dropped

	failing bool // of the last request; for the one goroutine that sends
}

// ExportSpans implements sdk.SpanExporter. Its error is told here alone: the library would
// write it to the standard error, as it is.
func (s *sender) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	err := safego.Call(func() error { return s.to.ExportSpans(ctx, spans) })
	s.waiting.Add(-int64(len(spans)))
	if err != nil {
		s.undelivered.Add(int64(len(spans)))
	}
	switch {
	case err != nil && !s.failing:
		s.log.Warn("traces cannot be delivered; the gateway goes on without them", "spans", len(spans), "error", err)
	case err == nil && s.failing:
		s.log.Info("traces are delivered again")
	}
	s.failing = err != nil
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (s *sender) Shutdown(ctx context.Context) error {
	s.once.Do(func() { close(s.over) })
	return s.to.Shutdown(ctx)
}
