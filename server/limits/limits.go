// Package limits holds statements to what one gateway has for all of them, whatever door
// they come by: how many run and wait, how long one may take, and how large an answer may be.
package limits

import (
	"context"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/server"
)

// Options of Limits. Zero values are those of Default.
type Options struct {
	Running, Queued turns.Most
	QueueTimeout    time.Duration // how long a statement may wait for its turn
	Timeout         time.Duration // how long one may take from then on, to the last row
	Rows, Bytes     int64         // of one answer; bytes as Arrow has them
}

// Default is what holds where nothing else is said.
func Default() Options {
	return Options{
		Running:      turns.Most{All: 256, Agency: 128, Principal: 64},
		Queued:       turns.Most{All: 1024, Agency: 512, Principal: 128},
		QueueTimeout: 30 * time.Second,
		Timeout:      time.Hour,
		Rows:         100_000_000,
		Bytes:        64 << 30,
	}
}

func (o Options) filled() Options {
	d := Default()
	most(&o.Running, d.Running)
	most(&o.Queued, d.Queued)
	def(&o.QueueTimeout, d.QueueTimeout)
	def(&o.Timeout, d.Timeout)
	def(&o.Rows, d.Rows)
	def(&o.Bytes, d.Bytes)
	return o
}

func most(m *turns.Most, d turns.Most) {
	def(&m.All, d.All)
	def(&m.Agency, d.Agency)
	def(&m.Principal, d.Principal)
}

func def[T int | int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Limits are those of one gateway.
type Limits struct {
	o     Options
	queue *turns.Queue
}

// New makes the limits of a gateway.
func New(o Options) *Limits {
	o = o.filled()
	return &Limits{o: o, queue: turns.New(turns.Options{Running: o.Running, Waiting: o.Queued, Patience: o.QueueTimeout})}
}

// Close refuses statements that wait, and those that come.
func (l *Limits) Close() { l.queue.Close() }

// Load tells how many statements run and how many wait.
func (l *Limits) Load() (running, waiting int) { return l.queue.Running(), l.queue.Waiting() }

// Place tells which place in the queue a session's statement has that waits for its turn,
// from 1.
func (l *Limits) Place(s server.Session, id string) (place int, waits bool) {
	return l.queue.Place(Who(s), id)
}

// Who is whose turns a session's statements take.
func Who(s server.Session) turns.Who { return turns.Who{Agency: s.Agency, Principal: s.Principal} }

// Statement has a turn until its End.
type Statement struct {
	server.Stream // of the answer, once Answer has got it

	limits      *Limits
	who         turns.Who
	cancel      context.CancelFunc
	rows, bytes int64
	err         error
	ended       bool
}

// Begin waits for a statement's turn. It runs under the context that comes back. The error
// is an *errs.Error, queue_full where it gets no turn.
func (l *Limits) Begin(ctx context.Context, s server.Session, id string) (context.Context, *Statement, error) {
	own := Who(s)
	if err := l.queue.Enter(ctx, own, id); err != nil {
		return nil, nil, err
	}
	t := &Statement{limits: l, who: own}
	ctx, t.cancel = context.WithTimeout(turns.With(ctx, own, id), l.o.Timeout)
	return ctx, t, nil
}

// End gives the turn back. It may be repeated.
func (t *Statement) End() {
	if t.ended {
		return
	}
	t.ended = true
	t.cancel()
	t.limits.queue.Leave(t.who)
}

// Answer holds an answer's stream to the limits; its Release ends the statement.
func (t *Statement) Answer(s server.Stream) server.Stream {
	t.Stream = s
	return t
}

// Next implements server.Stream. A batch that would be too much is not given.
func (t *Statement) Next() bool {
	if t.err != nil || !t.Stream.Next() {
		return false
	}
	batch := t.Stream.RecordBatch()
	t.rows += batch.NumRows()
	for _, c := range batch.Columns() {
		t.bytes += int64(c.Data().SizeInBytes())
	}
	switch o := t.limits.o; {
	case t.rows > o.Rows:
		t.err = errs.New(errs.ResultTooLarge, "limits_rows", msg.Args{"Most": o.Rows})
	case t.bytes > o.Bytes:
		t.err = errs.New(errs.ResultTooLarge, "limits_bytes", msg.Args{"Most": o.Bytes >> 20})
	default:
		return true
	}
	t.Stream.Release() // what still runs at the sources ends now
	return false
}

// AtEnd is for server.AtEnd.
func (t *Statement) AtEnd() bool { return t.err != nil || server.AtEnd(t.Stream) }

// Err implements server.Stream.
func (t *Statement) Err() error {
	if t.err != nil {
		return t.err
	}
	return t.Stream.Err()
}

// Release implements server.Stream.
func (t *Statement) Release() {
	t.Stream.Release()
	t.End()
}
