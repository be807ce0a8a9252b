package output

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// continuation is how each message of an Arrow stream begins.
var continuation = []byte{0xff, 0xff, 0xff, 0xff}

// maxReason is the longest problem that stands at the end of a broken Arrow stream, in
// bytes.
const maxReason = 8 << 10

// appendCutHead ends a broken Arrow stream: the beginning of a message's head, which
// promises at least eight bytes more than come. A stream that just stops after a
// message passes for a complete one with most readers. In the head's place stands the
// problem, for the one reader that knows of it.
func appendCutHead(dst []byte, p Problem) []byte {
	reason := p.appendTo(nil)
	if len(reason) > maxReason {
		reason = nil
	}
	promised := (len(reason)+7)/8*8 + 8
	dst = binary.LittleEndian.AppendUint32(append(dst, continuation...), uint32(promised))
	return append(dst, reason...)
}

// ReasonTail is how much of the end of a broken Arrow stream ReasonIn needs, in bytes.
const ReasonTail = maxReason + 8

// ReasonIn finds why an Arrow stream is broken in its last bytes; false when they do
// not tell, as when the connection broke.
func ReasonIn(tail []byte) (Problem, bool) {
	at := bytes.LastIndex(tail, continuation) // no text has such bytes
	if at < 0 || len(tail) < at+8 {
		return Problem{}, false
	}
	var p Problem
	if err := json.Unmarshal(tail[at+8:], &p); err != nil || p.Code.HTTP() == 0 || p.Title == "" {
		return Problem{}, false
	}
	return p, true
}

func writeArrow(ctx context.Context, out *sink, s Stream, o Options) (int64, error) {
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
		more, err = out.next(ctx, s)
	}
	if err == nil {
		err = w.Close() // writes the schema too when there was no batch
	}
	var broken *WriteError
	switch {
	case errors.As(err, &broken):
		return rows, broken
	case err != nil:
		out.buf = appendCutHead(out.buf, problemInside(err, o))
		if werr := out.push(); werr != nil {
			return rows, werr
		}
		return rows, err
	}
	return rows, out.empty()
}
