package pgcatalog

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/process"
)

// Role is the only argument of a program that is to be a catalogue's process.
const Role = "catalogue-process"

// room is how much address space a catalogue's process may take beyond what it begins
// with: texts that grow while a statement runs count in no limit of DuckDB's own.
const room = 768 << 20

// question is what a catalogue's process is asked: the first one to make its instance,
// with the rows of its tables behind it, the others one thing each.
type question struct {
	Open    *opening
	Tree    string
	Prepare string
	Rows    bool
}

// told is the head of an answer. The text behind it is the tree, or the rows.
type told struct {
	Prepared *prepared
	Failed   *duck.Error
	Large    bool
}

// Serve answers a gateway's questions until in ends, and then ends the process.
func Serve(in io.Reader, out io.Writer) error {
	var l *local
	return process.Serve(in, room, func(q question, text string) (more bool, err error) {
		var head told
		switch {
		case q.Open != nil && l == nil:
			l, err = openSent(*q.Open, text)
			text = ""
		case l == nil:
			return false, process.ErrFrame
		default:
			text, err = l.answer(q, &head)
		}
		var of *errs.Error
		switch {
		case err == nil:
		case errors.As(err, &of):
			head.Large = true
		case !errors.As(err, &head.Failed):
			return false, err
		}
		return true, process.Write(out, head, text)
	})
}

// answer answers a question, which nobody ends but by killing the process.
func (l *local) answer(q question, head *told) (text string, err error) {
	ctx := context.Background()
	switch {
	case q.Tree != "":
		return l.tree(ctx, q.Tree)
	case q.Rows && l.stmt != nil:
		batches, _, err := l.rows(ctx)
		defer release(batches)
		if err != nil {
			return "", err
		}
		return packed(batches)
	}
	head.Prepared, err = l.prepare(ctx, q.Prepare)
	return "", err
}

// openSent makes an instance with the rows that came with the question.
func openSent(o opening, text string) (*local, error) {
	batches, err := unpacked(text)
	defer release(batches)
	if err != nil || len(batches) != len(o.Tables) {
		return nil, errors.Join(err, process.ErrFrame)
	}
	for i := range o.Tables {
		o.Tables[i].batch = batches[i]
	}
	return openLocal(context.Background(), o)
}

func release(batches []arrow.RecordBatch) {
	for _, b := range batches {
		b.Release()
	}
}

// packed writes batches, each as a stream of its own where its schema is another one.
func packed(batches []arrow.RecordBatch) (string, error) {
	var text strings.Builder
	for i := 0; i < len(batches); {
		schema := batches[i].Schema()
		w := ipc.NewWriter(&text, ipc.WithSchema(schema))
		for ; i < len(batches) && batches[i].Schema().Equal(schema); i++ {
			if err := w.Write(batches[i]); err != nil {
				return "", err
			}
		}
		if err := w.Close(); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// unpacked reads them again. What was read before an error is given too.
func unpacked(text string) (batches []arrow.RecordBatch, err error) {
	for in := strings.NewReader(text); in.Len() > 0; {
		r, err := ipc.NewReader(in)
		if err != nil {
			return batches, err
		}
		for r.Next() {
			batch := r.RecordBatch()
			batch.Retain()
			batches = append(batches, batch)
		}
		err = r.Err()
		r.Release()
		if err != nil {
			return batches, err
		}
	}
	return batches, nil
}

// walled is an instance in a process of its own, which ends with the first statement that
// takes more time or memory than it may, or that nobody waits for any more.
type walled struct {
	p      *process.Process
	broken bool
}

// errGone is the error of a process that ended by nothing that it was asked.
var errGone = errs.New(errs.OutOfMemory, "out_of_memory", nil)

func openWalled(ctx context.Context, o opening, command []string) (instance, error) {
	batches := make([]arrow.RecordBatch, len(o.Tables))
	for i, t := range o.Tables {
		batches[i] = t.batch
	}
	text, err := packed(batches)
	if err != nil {
		return nil, err
	}
	p, err := process.Start(command...)
	if err != nil {
		return nil, err
	}
	w := &walled{p: p}
	if _, _, err := w.ask(ctx, question{Open: &o}, text); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// ask waits for an answer, but not beyond the end of ctx.
func (w *walled) ask(ctx context.Context, q question, with string) (head told, text string, err error) {
	stop := context.AfterFunc(ctx, w.p.Kill)
	asked := w.p.Ask(q, with)
	if asked == nil {
		text, err = w.p.Answer(&head)
	}
	if !stop() || asked != nil || err != nil {
		w.broken = true
	}
	if f := head.Failed; f != nil && (f.Fatal() || f.Kind == duck.KindMemory) {
		w.broken = true // memory does not all come back
	}
	switch {
	case ctx.Err() != nil:
		return told{}, "", ctx.Err()
	case asked != nil, err != nil && q.Tree != "": // to read a text takes next to nothing
		return told{}, "", errGone
	case err != nil:
		return told{}, "", errs.Wrap(errs.OutOfMemory, "out_of_memory", nil, err)
	case head.Failed != nil:
		return told{}, "", head.Failed
	case head.Large:
		return told{}, "", errs.New(errs.ResultTooLarge, "pgwire_catalogue_large", nil)
	}
	return head, text, nil
}

func (w *walled) tree(ctx context.Context, text string) (string, error) {
	_, tree, err := w.ask(ctx, question{Tree: text}, "")
	return tree, err
}

func (w *walled) prepare(ctx context.Context, text string) (*prepared, error) {
	head, _, err := w.ask(ctx, question{Prepare: text}, "")
	if err == nil && head.Prepared == nil {
		err = process.ErrFrame
	}
	return head.Prepared, err
}

func (w *walled) rows(ctx context.Context) (_ []arrow.RecordBatch, size int64, _ error) {
	_, text, err := w.ask(ctx, question{Rows: true}, "")
	if err != nil {
		return nil, 0, err
	}
	batches, err := unpacked(text)
	if err != nil {
		release(batches)
		return nil, 0, err
	}
	for _, b := range batches {
		size += bytesOf(b)
	}
	return batches, size, nil
}

func (w *walled) gone() bool { return w.broken }

func (w *walled) close() { w.p.End() }
