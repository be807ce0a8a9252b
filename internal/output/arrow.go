package output

import (
	"context"
	"errors"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// cutHead is how a broken Arrow stream ends: the first half of a message's head,
// which promises eight bytes more. A stream that just stops after a message
// passes for a complete one with most readers.
var cutHead = []byte{0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0}

func writeArrow(ctx context.Context, out *sink, s Stream) (int64, error) {
	more, err := next(ctx, s)
	if err != nil {
		return 0, err
	}
	var rows int64
	w := ipc.NewWriter(out, ipc.WithSchema(s.Schema()))
	for more && err == nil {
		b := s.RecordBatch()
		if err = w.Write(b); err != nil {
			break
		}
		rows += b.NumRows()
		if err = out.push(); err == nil {
			more, err = next(ctx, s)
		}
	}
	if err == nil {
		err = w.Close() // writes the schema too when there was no batch
	}
	var broken *WriteError
	switch {
	case errors.As(err, &broken):
		return rows, broken
	case err != nil:
		out.buf = append(out.buf, cutHead...)
		if werr := out.push(); werr != nil {
			return rows, werr
		}
		return rows, err
	}
	return rows, out.push()
}
