package audit

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// entry is a record on its way to disk.
type entry struct {
	kind     Kind
	body     json.RawMessage
	query    string
	urgent   bool // somebody waits for it
	reserved bool // may use the reserve of a full disk

	state atomic.Int32
	done  chan struct{} // closed when id or err stands
	id    ID
	err   error
}

// The states of an entry. Whoever waits may give up; whoever commits must know.
const (
	queued    int32 = iota
	taken           // it is being written
	settled         // id or err stands
	abandoned       // nobody waits; it is not written
	orphaned        // nobody waits, but it was being written already
)

func newEntry(kind Kind, body any) (*entry, error) {
	b, err := marshal(body)
	if err != nil {
		return nil, err
	}
	return &entry{kind: kind, body: b, urgent: true, done: make(chan struct{})}, nil
}

func closedError() *errs.Error { return errs.New(errs.Canceled, "audit_closed", nil) }

// put gives an entry to the committer. It waits while the queue is full.
func (l *Log) put(ctx context.Context, e *entry) error {
	l.senders.RLock()
	defer l.senders.RUnlock()
	if l.ended {
		return closedError()
	}
	select {
	case l.queue <- e:
		return nil
	case <-ctx.Done():
		return errs.From(ctx.Err())
	case <-l.quit:
		return closedError()
	case <-l.dead:
		return closedError()
	}
}

// submit puts an entry unless ctx has ended already.
func (l *Log) submit(ctx context.Context, e *entry) error {
	if err := ctx.Err(); err != nil {
		return errs.From(err)
	}
	return l.put(ctx, e)
}

// wait puts an entry and waits until it is on disk.
func (l *Log) wait(ctx context.Context, e *entry) (ID, error) {
	if err := l.submit(ctx, e); err != nil {
		return ID{}, err
	}
	return l.result(ctx, e)
}

func (l *Log) result(ctx context.Context, e *entry) (ID, error) {
	select {
	case <-e.done:
		return e.id, e.err
	case <-l.dead:
		select {
		case <-e.done:
			return e.id, e.err
		default:
			return ID{}, unwritable(nil)
		}
	case <-ctx.Done():
	}
	if e.state.CompareAndSwap(queued, abandoned) || e.state.CompareAndSwap(taken, orphaned) {
		return ID{}, errs.From(ctx.Err())
	}
	<-e.done
	return e.id, e.err
}

// settle tells whoever waits. It gives the end of a start that nobody waits for any
// more; nil otherwise.
func (l *Log) settle(e *entry) *entry {
	left := !e.state.CompareAndSwap(taken, settled)
	close(e.done)
	if !left || e.err != nil || e.kind != KindStart {
		return nil
	}
	end, err := newEntry(KindEnd, End{Start: e.id, Outcome: Abandoned}.filled())
	if err != nil {
		return nil
	}
	end.reserved, end.urgent = true, false
	return end
}

// run is the committer: the one goroutine that writes. It ends when the queue is
// closed and empty, with the chain closed.
func (l *Log) run() error {
	var left []*entry // ends of starts that nobody waited for
	for {
		batch, more := l.collect(left)
		left = nil
		if len(batch) > 0 {
			l.w.commit(batch)
			for _, e := range batch {
				if end := l.settle(e); end != nil {
					left = append(left, end)
				}
			}
		}
		if !more && len(left) == 0 {
			return l.w.finish()
		}
	}
}

// collect gives what is to be written together: everything that came while the last
// batch was written. Records that nobody waits for wait a little for others.
func (l *Log) collect(batch []*entry) (_ []*entry, more bool) {
	urgent, more := false, true
	add := func(e *entry, ok bool) {
		if !ok {
			more = false
		} else if e.state.CompareAndSwap(queued, taken) {
			batch, urgent = append(batch, e), urgent || e.urgent
		}
	}
	for _, e := range batch {
		e.state.Store(taken)
	}
	if len(batch) == 0 {
		e, ok := <-l.queue
		add(e, ok)
	}
	linger := time.NewTimer(l.o.linger)
	defer linger.Stop()
	for more && len(batch) < maxBatch {
		select {
		case e, ok := <-l.queue:
			add(e, ok)
			continue
		default:
		}
		if urgent || len(batch) == 0 {
			break
		}
		select {
		case e, ok := <-l.queue:
			add(e, ok)
		case <-linger.C:
			urgent = true
		}
	}
	return batch, more
}
