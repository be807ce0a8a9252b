package process

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
)

// What the two processes say to each other are frames, each a head in JSON and a text,
// with the lengths of both before them.
const maxFrame = 64 << 20

// ErrFrame is the error of what is no frame.
var ErrFrame = errors.New("a frame that is not understood")

// Write writes a frame.
func Write(w io.Writer, head any, text string) error {
	h, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if len(h) > maxFrame || len(text) > maxFrame {
		return ErrFrame
	}
	out := make([]byte, 8, 8+len(h)+len(text))
	binary.LittleEndian.PutUint32(out, uint32(len(h)))
	binary.LittleEndian.PutUint32(out[4:], uint32(len(text)))
	_, err = w.Write(append(append(out, h...), text...))
	return err
}

// Read reads a frame's head, and gives its text.
func Read(r io.Reader, head any) (text string, err error) {
	var lengths [8]byte
	if _, err := io.ReadFull(r, lengths[:]); err != nil {
		return "", err
	}
	h, n := binary.LittleEndian.Uint32(lengths[:]), binary.LittleEndian.Uint32(lengths[4:])
	if h > maxFrame || n > maxFrame {
		return "", ErrFrame
	}
	b := make([]byte, int(h)+int(n))
	if _, err := io.ReadFull(r, b); err != nil {
		return "", err
	}
	if err := json.Unmarshal(b[:h], head); err != nil {
		return "", ErrFrame
	}
	return string(b[h:]), nil
}
