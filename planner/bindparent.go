package planner

import (
	"context"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/process"
	"github.com/lianji/lianji/internal/safego"
)

// Children is the Binder that lives in processes of its own: what makes a bind take
// time or memory without end takes it from a process that can be killed.
type Children struct {
	zone    string
	command []string // the program and what stands before the zone
	free    chan *process.Process
	done    chan struct{}
	once    sync.Once
}

// killAfter is when a process that still works on a question is killed. Those that can
// be told to stop have done so by then.
const killAfter = bindDeadline + 500*time.Millisecond

// NewChildren makes a binder whose processes are started by a command, which is to call
// ServeBinder with the last argument, the session zone. The first one starts now.
func NewChildren(zone string, command ...string) *Children {
	b := &Children{zone: zone, command: command, free: make(chan *process.Process, binderCount), done: make(chan struct{})}
	for range binderCount - 1 {
		b.free <- nil
	}
	safego.Run(func() error {
		c, err := b.start()
		b.free <- c
		return err
	})
	return b
}

func (b *Children) start() (*process.Process, error) {
	return process.Start(append(b.command[:len(b.command):len(b.command)], b.zone)...)
}

// frame is one answer of a process.
type frame struct {
	told bindTold
	text string
	err  error // the process is gone
}

// ask sends a question to a process that is free and gives its n answers as they come.
// The process is free again after the last one, whether or not somebody still waits.
func (b *Children) ask(ctx context.Context, question bindAsk, n int) (<-chan frame, error) {
	var c *process.Process
	select {
	case <-b.done:
		return nil, errBinderClosed
	default:
	}
	select {
	case c = <-b.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.done:
		return nil, errBinderClosed
	}
	frames := make(chan frame, n)
	safego.Run(func() (err error) {
		defer close(frames)
		defer func() { b.free <- c }()
		for again := true; ; again = false {
			if c == nil {
				if c, err = b.start(); err != nil {
					frames <- frame{err: err}
					return err
				}
			}
			begun := time.Now()
			given, err := exchange(c, question, n, frames)
			if err == nil {
				return nil
			}
			c.End()
			c = nil
			// One that ended by something else than this question is none of its fault.
			if !again || given > 0 || time.Since(begun) >= killAfter {
				frames <- frame{err: err}
				return err
			}
		}
	})
	return frames, nil
}

// exchange asks and passes the answers on, and tells how many came. After an error the
// process is of no use.
func exchange(c *process.Process, question bindAsk, n int, frames chan<- frame) (given int, err error) {
	watch := time.AfterFunc(killAfter, c.Kill)
	defer watch.Stop()
	if err := c.Ask(question, ""); err != nil {
		return 0, err
	}
	for range n {
		var f frame
		if f.text, err = c.Answer(&f.told); err == nil && f.told.Failed != "" {
			err = f.told.err()
		}
		if err != nil {
			return given, err
		}
		frames <- f
		given++
	}
	return given, nil
}

// nextFrame waits for an answer.
func nextFrame(ctx context.Context, frames <-chan frame) (frame, error) {
	select {
	case f, ok := <-frames:
		switch {
		case ctx.Err() != nil:
			return frame{}, ctx.Err()
		case !ok:
			return frame{}, process.ErrFrame
		case f.err != nil:
			return frame{}, &BindError{Type: "too_complex", Message: "the binder's process ended: " + f.err.Error(), Position: -1}
		}
		return f, f.told.err()
	case <-ctx.Done():
		return frame{}, ctx.Err()
	}
}

// ParseTree implements Binder.
func (b *Children) ParseTree(ctx context.Context, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, bindDeadline)
	defer cancel()
	frames, err := b.ask(ctx, bindAsk{SQL: sql, Tree: true}, 1)
	if err != nil {
		return "", err
	}
	f, err := nextFrame(ctx, frames)
	if err != nil && ctx.Err() == nil {
		err = errs.Wrap(errs.StatementTooComplex, "plan_too_large", nil, err)
	}
	return f.text, err
}

// Bind implements Binder.
func (b *Children) Bind(ctx context.Context, r BindRequest) (*Bound, error) {
	ctx, cancel := context.WithTimeout(ctx, bindDeadline)
	n := 1
	if r.PlanToo {
		n = 2
	}
	frames, err := b.ask(ctx, bindAsk{SQL: r.SQL, Plan: r.PlanToo, Stubs: stubTexts(r.Stubs)}, n)
	if err != nil {
		cancel()
		return nil, err
	}
	var answer frame
	if r.PlanToo {
		if answer, err = nextFrame(ctx, frames); err != nil {
			cancel()
			return nil, err
		}
	}
	told := &Bound{}
	bound := &Bound{later: told, described: safego.Run(func() error {
		defer cancel()
		f, err := nextFrame(ctx, frames)
		told.Columns, told.Params = f.told.Columns, f.told.Params
		return err
	})}
	return bound.read(r, answer.text)
}

// Settings implements Binder: the zone is all that one sets.
func (b *Children) Settings() string { return b.zone }

// Close implements Binder. It waits for binds that run, which end by killAfter.
func (b *Children) Close() {
	b.once.Do(func() {
		close(b.done)
		for range binderCount {
			if c := <-b.free; c != nil {
				c.End()
			}
		}
	})
}
