package flightsql

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/server"
)

// Trailers of an answer that is whole.
const (
	RowCountTrailer = "lianji-row-count"
	FooterTrailer   = "lianji-footer" // as output.FooterLine writes it
)

// run runs the statement of a ticket and sends its rows. It returns when the client has
// all of them, has gone, or has stopped reading for too long.
func (d *door) run(ctx context.Context, c *caller, stream flight.FlightService_DoGetServer, what *sealed) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &sending{door: d, c: c, stream: stream, began: time.Now(), patience: server.NewPatience(d.ClientWait), slow: make(chan struct{})}
	d.running.add(what.Number, cancel)
	c.told = true
	// A client that does not read keeps Send waiting until the call is over. So the call
	// ends without it, which frees it.
	d.writers.Add(1)
	done := safego.Run(func() error {
		defer d.writers.Done()
		defer d.running.remove(what.Number)
		err := because(ctx, out.all(ctx, what))
		out.log(ctx, err)
		return err
	})
	select {
	case err := <-done:
		return err
	case <-out.slow:
		err := errs.New(errs.ClientSlow, "http_client_slow", nil)
		cancel(err)
		return err
	}
}

// sending is one answer on its way.
type sending struct {
	door   *door
	c      *caller
	stream flight.FlightService_DoGetServer
	w      *flight.Writer
	began  time.Time
	rows   int64
	bytes  int64

	patience *server.Patience
	slow     chan struct{} // closed when the client has taken too long
}

// all runs the statement and sends its answer.
func (s *sending) all(ctx context.Context, what *sealed) error {
	answer, err := s.begin(ctx, what)
	if err != nil {
		s.door.used.giveBack(what)
		return err
	}
	defer answer.Stream.Release()
	schema := answer.Stream.Schema()
	if !what.sameSchema(schema) {
		return errs.New(errs.Conflict, "flight_changed", nil)
	}
	compress, err := compressionOf(s.c.headers)
	if err != nil {
		return err
	}
	s.w = flight.NewRecordWriter(s.stream, append(compress, ipc.WithSchema(schema), ipc.WithAllocator(memory.DefaultAllocator))...)
	for answer.Stream.Next() {
		if err := s.pieces(answer.Stream.RecordBatch()); err != nil {
			return err
		}
	}
	if err := answer.Stream.Err(); err != nil {
		return err
	}
	return s.foot(ctx, schema, answer)
}

// begin runs the statement, in its turn.
func (s *sending) begin(ctx context.Context, what *sealed) (*server.Answer, error) {
	stop := s.door.tellPlace(ctx, s.c)
	defer stop()
	return s.door.Querier.Query(ctx, s.c.session, server.Request{ID: s.c.id, SQL: what.SQL, Params: what.Params, Traceparent: s.c.trace, TraceID: &s.c.followed})
}

// foot ends a whole answer with its footer, in the metadata of its last batch, which has no
// rows, and as a trailer.
func (s *sending) foot(ctx context.Context, schema *arrow.Schema, answer *server.Answer) error {
	line := output.FooterLine(answer.Footer(s.rows), answer.ID, s.c.langs...)
	trailer := metadata.Pairs(RowCountTrailer, strconv.FormatInt(s.rows, 10), FooterTrailer, line)
	empty := emptyBatch(schema)
	defer empty.Release()
	if err := s.send(0, func() error { return s.w.WriteWithAppMetadata(empty, []byte(line)) }); err != nil {
		return err
	}
	// What does not reach a client that has gone is no loss.
	_ = grpc.SetTrailer(ctx, trailer)
	return s.w.Close()
}

func emptyBatch(schema *arrow.Schema) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	return b.NewRecordBatch()
}

// send hands n bytes to the client, as long as it takes them at the pace.
func (s *sending) send(n int64, hand func() error) error {
	began := time.Now()
	t := time.AfterFunc(s.patience.Left(int(n)), func() { close(s.slow) })
	err := hand()
	if !t.Stop() {
		return errs.New(errs.ClientSlow, "http_client_slow", nil)
	}
	s.patience.Took(int(n), time.Since(began))
	if _, ok := status.FromError(err); ok && err != nil {
		return errs.Wrap(errs.Canceled, "canceled", nil, err) // there is nobody to send to
	}
	return err
}

func (s *sending) log(ctx context.Context, err error) {
	code, level := "ok", slog.LevelInfo
	if err != nil {
		code, level = string(errs.CodeOf(err)), slog.LevelWarn
		if errs.CodeOf(err) == errs.Canceled && (ctx.Err() == nil || context.Cause(ctx) == context.Canceled) {
			code, level = "client_gone", slog.LevelInfo
		}
	}
	attrs := []slog.Attr{
		slog.String("id", s.c.id), slog.String("form", "flight"), slog.Int64("rows", s.rows), slog.Int64("bytes", s.bytes),
		slog.Duration("took", time.Since(s.began).Round(time.Microsecond)), slog.String("code", code),
	}
	if level == slog.LevelWarn {
		attrs = append(attrs, slog.Any("error", err))
	}
	s.door.Logger.LogAttrs(context.WithoutCancel(ctx), level, "query", tracing.Attr(attrs, s.c.followed)...)
}

// tell sends what is known of the catalogue.
func (d *door) tell(c *caller, stream flight.FlightService_DoGetServer, answer known) error {
	out := &sending{door: d, c: c, stream: stream, patience: server.NewPatience(d.ClientWait), slow: make(chan struct{})}
	d.writers.Add(1)
	done := safego.Run(func() error {
		defer d.writers.Done()
		out.w = flight.NewRecordWriter(stream, ipc.WithSchema(answer.schema))
		if err := answer.rows(out.pieces); err != nil {
			return err
		}
		return out.w.Close()
	})
	select {
	case err := <-done:
		return err
	case <-out.slow:
		return errs.New(errs.ClientSlow, "http_client_slow", nil)
	}
}
