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
}

func (q *query) end(rows, batches int64, e *errs.Error) {
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
	once          sync.Once
}

func (l *logged) Next() bool {
	if !l.Stream.Next() {
		return false
	}
	l.rows += l.RecordBatch().NumRows()
	l.batches++
	return true
}

func (l *logged) Release() {
	l.once.Do(func() {
		err := l.Err()
		l.Stream.Release()
		l.query.end(l.rows, l.batches, errs.From(err))
	})
}
