package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// query is what the log says of one statement: never its text, its values or a
// source's words, except for the operator's detail of an error.
type query struct {
	id    string
	start time.Time
	log   *slog.Logger

	record *recorded
}

func (q *query) end(rows, batches, bytes int64, e *errs.Error) {
	if err := q.record.end(context.Background(), rows, bytes, e); err != nil {
		q.log.LogAttrs(context.Background(), slog.LevelError, "audit", slog.String("query", q.id), slog.Any("error", err))
	}
	attrs := []slog.Attr{slog.String("query", q.id), slog.Int64("rows", rows), slog.Int64("batches", batches), slog.Duration("took", time.Since(q.start))}
	if e == nil {
		q.log.LogAttrs(context.Background(), slog.LevelInfo, "query", attrs...)
		return
	}
	attrs = append(attrs, slog.String("code", string(e.Code)), slog.String("message", e.ID))
	q.log.LogAttrs(context.Background(), slog.LevelWarn, "query", attrs...)
}

// logged counts an answer's rows and writes the query's line when it is released.
type logged struct {
	server.Stream
	query         *query
	rows, batches int64
	bytes         int64
	once          sync.Once
}

func (l *logged) Next() bool {
	if !l.Stream.Next() {
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

func (l *logged) Release() {
	l.once.Do(func() {
		err := l.Err()
		l.Stream.Release()
		l.query.end(l.rows, l.batches, l.bytes, errs.From(err))
	})
}
