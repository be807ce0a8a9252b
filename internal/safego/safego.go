// Package safego is the one place where goroutines are started. Whatever ends
// a function started here, a returned error, a panic with any value or
// runtime.Goexit, reaches the caller as an error: a half result can never look
// like a whole one, and one bad query cannot take the process down.
//
// What it cannot turn into an error are the runtime's fatal errors (concurrent
// map writes, stack overflow, out of memory): these end the process.
package safego

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// PanicError is a panic turned into an error. It has no Unwrap on purpose: a
// panic with context.Canceled must not pass for an orderly cancellation.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // of the goroutine that panicked, as debug.Stack prints it
}

// Error names the kind of panic without the panic's own text, because a
// library's text may hold a row's value. Errors of the Go runtime hold none and
// are shown. Detail has everything.
func (e *PanicError) Error() string {
	if rt, ok := e.Value.(runtime.Error); ok {
		return "panic: " + rt.Error()
	}
	return fmt.Sprintf("panic with a value of type %T", e.Value)
}

// Detail is the panic's value and stack, for the operator's log alone.
func (e *PanicError) Detail() string {
	return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack)
}

// ErrGoexit tells that the function neither returned nor panicked:
// runtime.Goexit ended its goroutine, as a test's FailNow does.
var ErrGoexit = errors.New("goroutine ended by runtime.Goexit")

// Call runs fn on the caller's goroutine and turns a panic into a *PanicError.
func Call(fn func() error) error {
	return guard(fn, func(error) {})
}

// Run runs fn on a goroutine of its own. The channel gives fn's outcome, nil
// included, exactly once and is then closed; nobody needs to read it.
func Run(fn func() error) <-chan error {
	done := make(chan error, 1)
	report := func(err error) {
		done <- err
		close(done)
	}
	go func() {
		report(guard(fn, report))
	}()
	return done
}

// guard runs fn and returns its outcome. When fn calls runtime.Goexit nothing
// can be returned any more: then onExit gets ErrGoexit instead.
func guard(fn func() error, onExit func(error)) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		// Since Go 1.21 panic(nil) arrives as *runtime.PanicNilError, so nil
		// here can only mean Goexit.
		if value := recover(); value != nil {
			err = &PanicError{Value: value, Stack: debug.Stack()}
			return
		}
		onExit(ErrGoexit)
	}()
	err = fn()
	returned = true
	return err
}

// Group runs functions that belong to one piece of work. The zero value is
// ready and cancels nothing; WithContext makes one that cancels the others when
// one fails. A Group must not be copied after its first Go.
type Group struct {
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup

	mu    sync.Mutex
	first error
	later []error // panics and Goexits after the first error
}

// WithContext returns a group and a context that ends with the first error,
// which is its cause, or when Wait returns.
func WithContext(ctx context.Context) (*Group, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	return &Group{cancel: cancel}, ctx
}

// Go runs fn on a goroutine of the group. It never blocks. It may be called
// until Wait returns, by the group's own functions too.
func (g *Group) Go(fn func() error) {
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		g.record(guard(fn, g.record))
	}()
}

// Wait waits until every function has ended and returns the first error. Panics
// and Goexits that came after it are joined to it: other errors after the first
// are mostly its echo (a cancelled context), but a panic is always a defect.
func (g *Group) Wait() error {
	g.wg.Wait()
	if g.cancel != nil {
		g.cancel(g.first)
	}
	if len(g.later) == 0 {
		return g.first
	}
	return errors.Join(append([]error{g.first}, g.later...)...)
}

func (g *Group) record(err error) {
	if err == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first = err
		if g.cancel != nil {
			g.cancel(err)
		}
		return
	}
	var panicked *PanicError
	if errors.As(err, &panicked) || errors.Is(err, ErrGoexit) {
		g.later = append(g.later, err)
	}
}
