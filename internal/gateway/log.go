package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/server"
)

// query is what the log says of one statement: never its text, its values or a
// source's words, except for the operator's detail of an error.
type query struct {
	id    string
	start time.Time
	log   *slog.Logger
	by    server.Session
	ended func(server.Ended)
	span  *tracing.Span // nil when the statement is not followed

	record *recorded
}

func (q *query) end(rows, batches, bytes int64, e *errs.Error) {
	if err := q.record.end(context.Background(), rows, bytes, e); err != nil {
		q.log.LogAttrs(context.Background(), slog.LevelError, "audit", tracing.Attr([]slog.Attr{slog.String("query", q.id), slog.Any("error", err)}, q.span.TraceID())...)
	}
	if q.ended != nil {
		q.ended(q.counted(rows, bytes, e))
	}
	q.span.Counts(rows, bytes)
	q.span.Outcome(codeOf(e))
	q.span.End()
	attrs := []slog.Attr{slog.String("query", q.id), slog.Int64("rows", rows), slog.Int64("batches", batches), slog.Duration("took", time.Since(q.start))}
	attrs = tracing.Attr(attrs, q.span.TraceID())
	if e == nil {
		q.log.LogAttrs(context.Background(), slog.LevelInfo, "query", attrs...)
		return
	}
	attrs = append(attrs, slog.String("code", string(e.Code)), slog.String("message", e.ID))
	q.log.LogAttrs(context.Background(), slog.LevelWarn, "query", attrs...)
}

// codeOf is an error's code; empty for none.
func codeOf(e *errs.Error) errs.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

func (q *query) counted(rows, bytes int64, e *errs.Error) server.Ended {
	c := server.Ended{Door: q.by.Door, Agency: q.by.Agency, Code: codeOf(e), Rows: rows, Bytes: bytes, Took: time.Since(q.start)}
	if q.record.counts != nil {
		for _, r := range q.record.counts() {
			c.Reads = append(c.Reads, server.Read{Source: r.Source, Rows: r.Rows, Bytes: r.Bytes, Took: r.Took})
		}
	}
	return c
}

// logged counts an answer's rows and writes the query's line when it is released.
type logged struct {
	server.Stream
	query         *query
	first         *tracing.Span // until there are rows, or it is known that there are none
	rows, batches int64
	bytes         int64
	once          sync.Once
}

func (l *logged) Next() bool {
	more := l.Stream.Next()
	l.first.End()
	if !more {
		return false
	}
	batch := l.RecordBatch()
	l.rows += batch.NumRows()
	for _, c := range batch.Columns() {
		l.bytes += int64(c.Data().SizeInBytes())
	}
	l.batches++
	return true
}

// AtEnd is for server.AtEnd.
func (l *logged) AtEnd() bool { return server.AtEnd(l.Stream) }

func (l *logged) Release() {
	l.once.Do(func() {
		err := l.Err()
		l.Stream.Release()
		l.first.End()
		l.query.end(l.rows, l.batches, l.bytes, errs.From(err))
	})
}
