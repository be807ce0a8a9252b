package safego_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/safego"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errPlain = errors.New("plain")

// ways of ending a function and what the caller must see of each.
var endings = []struct {
	name  string
	fn    func() error
	check func(error) error
}{
	{"returns nil", func() error { return nil }, func(err error) error {
		return wantNil(err)
	}},
	{"returns an error", func() error { return errPlain }, func(err error) error {
		return wantIs(err, errPlain)
	}},
	{"panics with text", func() error { panic("身份证号 11010119000101001X") }, func(err error) error {
		return wantPanic(err, "身份证号 11010119000101001X")
	}},
	{"panics with a number", func() error { panic(42) }, func(err error) error {
		return wantPanic(err, 42)
	}},
	{"panics with an error", func() error { panic(context.Canceled) }, func(err error) error {
		if errors.Is(err, context.Canceled) {
			return errors.New("a panic passes for a cancellation")
		}
		return wantPanic(err, context.Canceled)
	}},
	{"panics with nil", func() error { panic(any(nil)) }, func(err error) error {
		var panicked *safego.PanicError
		if !errors.As(err, &panicked) {
			return fmt.Errorf("got %v, want a PanicError", err)
		}
		return nil
	}},
	{"runtime error", func() error {
		var empty []int
		return fmt.Errorf("%d", empty[len(empty)])
	}, func(err error) error {
		var panicked *safego.PanicError
		if !errors.As(err, &panicked) || !strings.Contains(err.Error(), "index out of range") {
			return fmt.Errorf("got %v, want the runtime's own text", err)
		}
		return nil
	}},
	{"Goexit", func() error { runtime.Goexit(); return nil }, func(err error) error {
		return wantIs(err, safego.ErrGoexit)
	}},
}

func wantNil(err error) error {
	if err != nil {
		return fmt.Errorf("got %v, want nil", err)
	}
	return nil
}

func wantIs(err, target error) error {
	if !errors.Is(err, target) {
		return fmt.Errorf("got %v, want %v", err, target)
	}
	return nil
}

func wantPanic(err error, value any) error {
	var panicked *safego.PanicError
	if !errors.As(err, &panicked) {
		return fmt.Errorf("got %v, want a PanicError", err)
	}
	if panicked.Value != value {
		return fmt.Errorf("value is %v, want %v", panicked.Value, value)
	}
	if !strings.Contains(string(panicked.Stack), "safego_test.go") {
		return errors.New("the stack does not show the function that panicked")
	}
	text := fmt.Sprint(value)
	if strings.Contains(err.Error(), text) {
		return errors.New("the error's text repeats the panic's value")
	}
	if !strings.Contains(panicked.Detail(), text) {
		return errors.New("the detail lacks the panic's value")
	}
	return nil
}

func TestRun(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			done := safego.Run(e.fn)
			err, open := <-done
			if !open {
				t.Fatal("closed without an outcome")
			}
			if bad := e.check(err); bad != nil {
				t.Error(bad)
			}
			if _, open := <-done; open {
				t.Error("a second outcome")
			}
		})
	}
}

func TestGroup(t *testing.T) {
	for _, e := range endings {
		t.Run(e.name, func(t *testing.T) {
			var g safego.Group
			g.Go(e.fn)
			g.Go(func() error { return nil })
			if bad := e.check(g.Wait()); bad != nil {
				t.Error(bad)
			}
		})
	}
}

func TestCall(t *testing.T) {
	for _, e := range endings {
		if e.name == "Goexit" {
			continue // ends the caller's goroutine, which is the test's
		}
		t.Run(e.name, func(t *testing.T) {
			if bad := e.check(safego.Call(e.fn)); bad != nil {
				t.Error(bad)
			}
		})
	}
}

func TestGroupCancelsOthers(t *testing.T) {
	g, ctx := safego.WithContext(context.Background())
	g.Go(func() error {
		<-ctx.Done()
		return ctx.Err()
	})
	g.Go(func() error { panic("boom") })
	err := g.Wait()
	if bad := wantPanic(err, "boom"); bad != nil {
		t.Error(bad)
	}
	if errors.Is(err, context.Canceled) {
		t.Error("the echo of the first error was joined to it")
	}
	if !errors.Is(context.Cause(ctx), err) {
		t.Errorf("the cause is %v, want the first error", context.Cause(ctx))
	}
}

func TestGroupKeepsLatePanic(t *testing.T) {
	g, ctx := safego.WithContext(context.Background())
	g.Go(func() error { return errPlain })
	g.Go(func() error {
		<-ctx.Done()
		panic("while cleaning up")
	})
	g.Go(func() error {
		<-ctx.Done()
		runtime.Goexit()
		return nil
	})
	err := g.Wait()
	if !errors.Is(err, errPlain) || !errors.Is(err, safego.ErrGoexit) {
		t.Errorf("got %v, want the first error and the Goexit", err)
	}
	if bad := wantPanic(err, "while cleaning up"); bad != nil {
		t.Error(bad)
	}
}

func TestGroupContextEndsWithWait(t *testing.T) {
	g, ctx := safego.WithContext(context.Background())
	g.Go(func() error { return nil })
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("the context outlives Wait")
	}
}
