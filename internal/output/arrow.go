package output

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/catalog"
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

// typesKey is the member of a schema's metadata that has the names of the columns' types,
// a JSON array: Arrow has one type for several of them.
const typesKey = "lianji.types"

func withTypes(schema *arrow.Schema, types []catalog.Type) *arrow.Schema {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.DuckDB()
	}
	text, err := json.Marshal(names)
	if err != nil { // texts alone: it cannot fail
		return schema
	}
	metadata := arrow.NewMetadata([]string{typesKey}, []string{string(text)})
	return arrow.NewSchema(schema.Fields(), &metadata)
}

// TypeNames gives the names of the columns' types that an Arrow stream tells; nil where it
// tells none.
func TypeNames(schema *arrow.Schema) []string {
	metadata := schema.Metadata()
	text, _ := metadata.GetValue(typesKey)
	var names []string
	if json.Unmarshal([]byte(text), &names) != nil || len(names) != schema.NumFields() {
		return nil
	}
	return names
}

func writeArrow(ctx context.Context, out *sink, s Stream, o Options) (int64, error) {
	more, err := next(ctx, s)
	if err != nil {
		return 0, err
	}
	var rows int64
	w := ipc.NewWriter(out, ipc.WithSchema(withTypes(s.Schema(), o.Types)))
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
