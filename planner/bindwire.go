package planner

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"

	"github.com/lianji/lianji/catalog"
)

// What a gateway and its binder processes say to each other: frames, each a head in
// JSON and a text, with the lengths of both before them.
const maxFrame = 64 << 20

// bindAsk is what a binder process is asked: the parse tree of a text, or its plan
// and description over stubs.
type bindAsk struct {
	SQL   string
	Tree  bool
	Plan  bool
	Stubs []stubText
}

// bindTold is the head of an answer. The text behind it is the tree, or the plan.
type bindTold struct {
	Refused *BindError
	Failed  string // nothing is known of the text: the process is of no more use
	Columns []catalog.Column
	Params  map[int]catalog.Type
}

func (t *bindTold) err() error {
	switch {
	case t.Refused != nil:
		return t.Refused
	case t.Failed != "":
		return errors.New(t.Failed)
	}
	return nil
}

var errFrame = errors.New("a frame that is not understood")

func writeFrame(w io.Writer, head any, text string) error {
	h, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if len(h) > maxFrame || len(text) > maxFrame {
		return errFrame
	}
	out := make([]byte, 8, 8+len(h)+len(text))
	binary.LittleEndian.PutUint32(out, uint32(len(h)))
	binary.LittleEndian.PutUint32(out[4:], uint32(len(text)))
	_, err = w.Write(append(append(out, h...), text...))
	return err
}

func readFrame(r io.Reader, head any) (text string, err error) {
	var lengths [8]byte
	if _, err := io.ReadFull(r, lengths[:]); err != nil {
		return "", err
	}
	h, n := binary.LittleEndian.Uint32(lengths[:]), binary.LittleEndian.Uint32(lengths[4:])
	if h > maxFrame || n > maxFrame {
		return "", errFrame
	}
	b := make([]byte, int(h)+int(n))
	if _, err := io.ReadFull(r, b); err != nil {
		return "", err
	}
	if err := json.Unmarshal(b[:h], head); err != nil {
		return "", errFrame
	}
	return string(b[h:]), nil
}
