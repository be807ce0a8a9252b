package gateway

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/server"
)

// onlineRows is the most that on-line browsing shows of an answer.
const onlineRows = 50

// browsed limits the answer of a session in the mode online to one page.
func browsed(s server.Session, a *server.Answer) *server.Answer {
	if s.Mode != catalog.Online {
		return a
	}
	p := &page{Stream: a.Stream, left: onlineRows}
	a.Stream, a.Truncated = p, func() bool { return p.more }
	return a
}

// page gives the first rows of a stream, and looks whether there are more.
type page struct {
	server.Stream
	left  int64
	more  bool
	ended bool // at the page's end, not the stream's
	slice arrow.RecordBatch
}

// Next implements server.Stream.
func (p *page) Next() bool {
	p.drop()
	for !p.ended && p.Stream.Next() {
		batch := p.Stream.RecordBatch()
		rows := batch.NumRows()
		switch {
		case rows == 0:
			continue
		case p.left == 0:
			p.more, p.ended = true, true
			p.Stream.Release() // what still runs at the sources ends now
			return false
		case rows > p.left:
			p.slice = batch.NewSlice(0, p.left)
			p.left = 0
			p.more = true
			return true
		}
		p.left -= rows
		return true
	}
	return false
}

// RecordBatch implements server.Stream.
func (p *page) RecordBatch() arrow.RecordBatch {
	if p.slice != nil {
		return p.slice
	}
	return p.Stream.RecordBatch()
}

// Err implements server.Stream.
func (p *page) Err() error {
	if p.ended {
		return nil
	}
	return p.Stream.Err()
}

// Release implements server.Stream.
func (p *page) Release() {
	p.drop()
	p.Stream.Release()
}

func (p *page) drop() {
	if p.slice != nil {
		p.slice.Release()
		p.slice = nil
		// The rest of its batch was cut off: nothing behind it is looked at.
		p.ended = true
		p.Stream.Release()
	}
}
