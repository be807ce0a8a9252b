package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/server"
)

// oneRow is a source whose every answer is one row, and that keeps what it was asked.
type oneRow struct {
	connectors.Source
	batch arrow.RecordBatch
	asked connectors.Fragment
	given bool
}

func newOneRow(t *testing.T) *oneRow {
	b := array.NewRecordBuilder(memory.DefaultAllocator, catalog.ArrowSchema(table1.Columns))
	b.Field(0).(*array.StringBuilder).Append("张三")
	s := &oneRow{batch: b.NewRecordBatch()}
	b.Release()
	t.Cleanup(s.batch.Release)
	return s
}

func (s *oneRow) Capabilities() connectors.Capabilities {
	return connectors.Capabilities{Dialect: "postgres"}
}
func (s *oneRow) Acquire(context.Context, int) ([]connectors.Conn, error) {
	return []connectors.Conn{s}, nil
}
func (s *oneRow) Scan(_ context.Context, f connectors.Fragment) (connectors.Stream, error) {
	s.asked, s.given = f, false
	return s, nil
}
func (s *oneRow) Schema() *arrow.Schema          { return s.batch.Schema() }
func (s *oneRow) RecordBatch() arrow.RecordBatch { return s.batch }
func (s *oneRow) Err() error                     { return nil }
func (s *oneRow) Release()                       {}
func (s *oneRow) Next() bool {
	first := !s.given
	s.given = true
	return first
}

func lookUp(t *testing.T, g *Gateway, r server.Request) {
	a, err := g.Query(t.Context(), server.Session{Snapshot: oneTable{}, Purpose: "DB-HC"}, r)
	if err != nil {
		t.Fatal(err)
	}
	for a.Stream.Next() {
	}
	if err := a.Stream.Err(); err != nil {
		t.Fatal(err)
	}
	a.Stream.Release()
}

// A look-up that is not followed allocates what it allocates without any tracer.
func TestTracingCostsNobodyElse(t *testing.T) {
	provider := sdk.NewTracerProvider()
	type kind struct {
		tracer *tracing.Tracer
		source *oneRow
		g      *Gateway
		least  float64 // of the rounds: what else the process does meanwhile is counted too
	}
	without, not, followed := &kind{}, &kind{tracer: tracing.New(provider.Tracer("test"), 0)}, &kind{tracer: tracing.New(provider.Tracer("test"), 1)}
	for round := 0; round < 10 || not.least > without.least && round < 80; round++ {
		for _, k := range []*kind{without, not, followed} {
			if round%10 == 0 { // one gateway allocates once more than the next, by how its maps fall
				k.source = newOneRow(t)
				k.g = newGateway(t, Options{Sources: map[string]connectors.Source{"down": k.source}, Tracer: k.tracer})
			}
			if round == 0 {
				k.least = 1e9
			}
			k.least = min(k.least, testing.AllocsPerRun(20, func() {
				lookUp(t, k.g, server.Request{ID: "q", SQL: "SELECT 姓名 FROM 公安.人口 WHERE 姓名 = '张三'"})
			}))
		}
	}
	t.Logf("%v allocations, %v where others are followed, %v followed", without.least, not.least, followed.least)
	if not.least > without.least || followed.least <= without.least {
		t.Error("who is not followed pays, or nobody is followed")
	}
	if without.source.asked.Comment != (connectors.Comment{}) || not.source.asked.Comment != (connectors.Comment{}) {
		t.Error("the source is told of a statement that is not followed")
	}
	if c := followed.source.asked.Comment; c.Query != "q" || c.Purpose != "DB-HC" || !tracing.IsParent(c.Traceparent) {
		t.Errorf("the source is told %+v", c)
	}
}

// Whoever asks learns in which trace its statement is followed, and so does the log, whether
// there is an answer or not.
func TestTraceID(t *testing.T) {
	var log bytes.Buffer
	kept := tracetest.NewSpanRecorder()
	tracer := tracing.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(kept)).Tracer("test"), 0)
	g := newGateway(t, Options{Sources: map[string]connectors.Source{"down": newOneRow(t)}, Tracer: tracer, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, sql := range []string{"SELECT 姓名 FROM 公安.人口", "SELECT 别的 FROM 公安.人口", "SHOW TABLES", "DESCRIBE 公安.人口"} {
		log.Reset()
		kept.Reset()
		var id string
		r := server.Request{SQL: sql, Traceparent: "00-" + trace + "-00f067aa0ba902b7-01", TraceID: &id}
		a, err := g.Query(t.Context(), server.Session{Snapshot: oneTable{}}, r)
		if err == nil {
			for a.Stream.Next() {
			}
			a.Stream.Release()
		}
		if id != trace || !strings.Contains(log.String(), "trace_id="+trace) {
			t.Errorf("%s: trace %q, log %s", sql, id, log.String())
		}
		if started, ended := len(kept.Started()), len(kept.Ended()); started != ended || ended == 0 {
			t.Errorf("%s: %d spans of %d have an end", sql, ended, started)
		}
		id = "old"
		r.Traceparent = ""
		if a, err = g.Query(t.Context(), server.Session{Snapshot: oneTable{}}, r); err == nil {
			a.Stream.Release()
		}
		if id != "" {
			t.Errorf("%s: not followed, as %s", sql, id)
		}
	}
	var id string
	_, err := g.Describe(t.Context(), server.Session{Snapshot: oneTable{}}, server.Request{SQL: "SELECT 别的 FROM 公安.人口", Traceparent: "00-" + trace + "-00f067aa0ba902b7-01", TraceID: &id})
	if errs.CodeOf(err) != errs.UnknownName || id != trace {
		t.Errorf("%v, trace %q", err, id)
	}
}
