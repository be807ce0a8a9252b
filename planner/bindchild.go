package planner

import (
	"context"
	"errors"
	"io"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/process"
)

// BinderRole is the only argument of a program that is to be a binder process; the
// session zone follows it.
const BinderRole = "binder-process"

// childRoom is how much address space a binder process may take beyond what it has
// when it is ready: binds have been seen to take gigabytes past DuckDB's own limit.
const childRoom = 2 << 30

// ServeBinder answers a gateway's questions until in ends, and then ends the process:
// a bind that nobody can stop does not outlive its gateway. It gives an error when it
// could not begin.
func ServeBinder(zone string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	inst, err := openBindInstance(ctx, zone)
	if err != nil {
		return err
	}
	return process.Serve(in, childRoom, func(ask bindAsk, _ string) (more bool, err error) {
		err = answerBind(ctx, inst, ask, out)
		return len(inst.stubs) <= stubsKept, err // the gateway starts another one
	})
}

// answerBind writes the answer to one question: one frame for a tree; for a bind one
// with the plan, where one is wanted, and one with the description.
func answerBind(ctx context.Context, inst *bindInstance, ask bindAsk, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, bindDeadline)
	defer cancel()
	if ask.Tree {
		tree, err := inst.tree.Text(ctx, textValue(ask.SQL))
		return tell(out, err, bindTold{}, tree)
	}
	if err := inst.ensure(ctx, ask.Stubs); err != nil {
		return errors.Join(err, process.Write(out, bindTold{Failed: err.Error()}, ""))
	}
	told := &Bound{}
	plan, described, err := inst.bind(ctx, ask.SQL, ask.Plan, told)
	if ask.Plan {
		if ended := tell(out, err, bindTold{}, plan); ended != nil {
			return ended
		}
	}
	if err == nil {
		err = <-described
	}
	return tell(out, err, bindTold{Columns: told.Columns, Params: told.Params}, "")
}

// tell writes a frame. The error that it gives ends the process.
func tell(out io.Writer, err error, head bindTold, text string) error {
	var refused *BindError
	var fatal *duck.Error
	switch {
	case err == nil:
	case errors.As(err, &refused):
		head, text = bindTold{Refused: refused}, ""
	default:
		head, text = bindTold{Failed: err.Error()}, ""
		if errors.As(err, &fatal) && !fatal.Fatal() {
			head = bindTold{Refused: &BindError{Type: "too_complex", Message: fatal.Message, Position: -1}}
		}
	}
	if wrote := process.Write(out, head, text); wrote != nil {
		return wrote
	}
	if head.Failed != "" {
		return err
	}
	return nil
}
