package httpapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/lianji/lianji/internal/output"
)

// encoder is a content coding while it is written.
type encoder interface {
	io.Writer
	Flush() error // hands on all that was written
	Close() error
	Reset(w io.Writer)
}

// codings are those that the door knows, the one that it likes best first.
var codings = []struct {
	name string
	pool *sync.Pool
}{
	{"zstd", &sync.Pool{New: func() any {
		// One goroutine's work, in a window that every browser takes. These options never fail.
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil
		}
		return w
	}}},
	{"gzip", &sync.Pool{New: func() any {
		w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			return nil
		}
		return w
	}}},
}

// codingOf chooses a coding's number for an Accept-Encoding header (RFC 9110, 12.5.3);
// -1 means none.
func codingOf(header string) int {
	weights := map[string]float64{}
	for element := range strings.SplitSeq(strings.ToLower(header), ",") {
		name, params, _ := strings.Cut(element, ";")
		q := 1.0
		if key, value, ok := strings.Cut(strings.TrimSpace(params), "="); ok && strings.TrimSpace(key) == "q" {
			var err error
			if q, err = strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil || !(q >= 0 && q <= 1) {
				q = 0
			}
		}
		weights[strings.TrimSpace(name)] = q
	}
	best, most := -1, 0.0
	for i, c := range codings {
		q, named := weights[c.name]
		if !named {
			q = weights["*"]
		}
		if q > most {
			best, most = i, q
		}
	}
	return best
}

// Of an answer, as it was before coding, in bytes.
const (
	// worth is the least first piece that is worth coding.
	worth = 1 << 10
	// flight is the longest whole answer that goes as it is: a connection's first ten
	// segments (RFC 6928), which arrive together. Coding them takes longer than they do.
	flight = 14 << 10
)

// coded writes an answer to a client in the coding that it takes, if there is one.
type coded struct {
	*patient
	h      http.Header
	coding int // -1 for none
	begun  bool
	held   []byte  // the first piece, until it is known whether it is all
	w      encoder // nil where nothing is coded
}

// codedFor begins an answer in a form.
func (q *ask) codedFor(form output.Form) *coded {
	c := &coded{patient: newPatient(q.w, q.door.ClientWait), h: q.w.Header(), coding: -1}
	if form.IsPacked() {
		return c
	}
	c.h.Add("Vary", "Accept-Encoding")
	c.coding = codingOf(strings.Join(q.r.Header.Values("Accept-Encoding"), ","))
	return c
}

func (c *coded) Write(p []byte) (int, error) {
	if !c.begun {
		c.begun = true
		if c.coding >= 0 && len(p) >= worth {
			c.held = bytes.Clone(p)
			if len(p) > flight {
				return len(p), c.code()
			}
			return len(p), nil
		}
	}
	if err := c.code(); err != nil {
		return 0, err
	}
	if c.w == nil {
		return c.patient.Write(p)
	}
	return c.w.Write(p)
}

// code begins the coding with the piece that was held, if one is.
func (c *coded) code() error {
	if c.held == nil {
		return nil
	}
	piece := c.held
	c.held = nil
	if w, ok := codings[c.coding].pool.Get().(encoder); ok {
		c.w = w
		c.w.Reset(c.patient)
		c.h.Set("Content-Encoding", codings[c.coding].name)
		c.h.Del("Content-Length")
		_, err := c.w.Write(piece)
		return err
	}
	_, err := c.patient.Write(piece)
	return err
}

// Flush hands on all that was written, so that it can be read.
func (c *coded) Flush() error {
	if err := c.code(); err != nil {
		return err
	}
	if c.w != nil {
		if err := c.w.Flush(); err != nil {
			return err
		}
	}
	return c.patient.Flush()
}

// end ends an answer that is whole, or says itself that it is not. Without it a reader of
// the coding finds that the answer broke off.
// The error is what was wrong before, or that the client has gone.
func (c *coded) end(before error) error {
	var err error
	switch {
	case c.w != nil:
		err = c.w.Close()
	case c.held != nil:
		_, err = c.patient.Write(c.held)
		c.held = nil
	}
	if err != nil && before == nil {
		return &output.WriteError{Err: err}
	}
	return before
}

// free gives the encoder to the next answer. It may be repeated.
func (c *coded) free() {
	if c.w != nil {
		c.w.Reset(nil)
		codings[c.coding].pool.Put(c.w)
		c.w = nil
	}
}
