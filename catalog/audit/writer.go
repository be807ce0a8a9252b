package audit

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// condition is what the writer can do.
type condition int

const (
	sound     condition = iota
	onReserve           // the disk is full: what may use the reserve is written there
	failed              // nothing can be written
)

// writer appends to the segments. It belongs to one goroutine.
type writer struct {
	l         *Log
	file      file
	segment   int   // number of the file
	size      int64 // of the file, what is on disk for certain
	next      uint64
	prev      string
	condition condition
	tried     time.Time // when the disk was last tried
	buf       []byte
	records   []Record
}

func newWriter(l *Log) writer { return writer{l: l, next: 1, prev: l.h.zero()} }

func (w *writer) path(name string) string { return filepath.Join(w.l.o.Dir, name) }

func (w *writer) reserve() string { return w.path(reserveName) }

// commit writes the batch and sets each entry's id or err. All that are without an
// error are on disk when it returns.
func (w *writer) commit(batch []*entry) {
	if w.condition != sound && time.Since(w.tried) >= w.l.o.retryEvery {
		w.recover()
	}
	if w.file == nil && w.condition == sound {
		if err := w.begin(); err != nil {
			w.degrade(err)
		}
	}
	var err error
	if w.condition == sound {
		if err = w.write(batch); err == nil {
			return
		}
		w.degrade(err)
	}
	var may []*entry
	for _, e := range batch {
		if e.reserved && w.condition == onReserve {
			may = append(may, e)
		} else {
			w.refuse(e, err)
		}
	}
	if len(may) == 0 {
		return
	}
	if err = w.write(may); err != nil {
		w.degrade(err)
		w.condition = failed
		for _, e := range may {
			w.refuse(e, err)
		}
	}
}

func (w *writer) refuse(e *entry, cause error) {
	if e.kind != KindStart {
		w.l.lost.Add(1)
	}
	e.id, e.err = ID{}, unwritable(cause)
}

// write appends the batch with one write and one sync. On an error nothing of it
// counts: numbers and hashes are as before.
func (w *writer) write(batch []*entry) error {
	if w.size > 0 && w.size >= w.l.o.segmentBytes && w.condition == sound {
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.buf, w.records = w.buf[:0], w.records[:0]
	next, prev, t := w.next, w.prev, formatTime(w.l.o.Now())
	for _, e := range batch {
		r := Record{
			Version: version, Hashing: w.l.h.id, Gateway: w.l.o.GatewayID, Boot: w.l.boot,
			Number: next, Time: t, Kind: e.kind, Prev: prev, Body: e.body,
		}
		w.buf = appendRecord(w.buf, w.l.h, &r)
		next, prev = next+1, r.Hash
		e.id, e.err = ID{Gateway: r.Gateway, Point: r.point(), Query: e.query}, nil
	}
	n, err := w.file.Write(w.buf)
	if err == nil && n != len(w.buf) {
		err = errs.Internalf("audit: a short write without an error")
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		return err
	}
	w.size += int64(len(w.buf))
	w.next, w.prev = next, prev
	last := batch[len(batch)-1]
	w.l.tip.Store(&tip{point: last.id.Point, seal: last.kind == KindSeal})
	return nil
}

// begin makes the next segment the one that is written, and keeps a reserve.
func (w *writer) begin() error {
	name := nameOfSegment(w.l.o.GatewayID, w.l.boot, w.segment+1)
	f, err := w.l.o.disk.create(w.path(name))
	if err != nil {
		return err
	}
	err = w.l.o.disk.reserve(w.reserve(), w.l.o.Reserve)
	if err == nil {
		err = w.l.o.disk.syncDir(w.l.o.Dir)
	}
	if err != nil {
		return errors.Join(err, f.Close(), w.l.o.disk.remove(w.path(name)))
	}
	w.swap(f)
	return nil
}

// swap takes f for the segment to write and closes the one before, whose records
// are all on disk: an error of closing it harms none of them.
func (w *writer) swap(f file) {
	if w.file != nil {
		if w.condition == onReserve {
			// What is left of the reserved blocks goes back to the disk.
			if err := w.file.Truncate(w.size); err != nil {
				w.l.o.Logger.Warn("audit: the rest of the reserve stays behind a segment", "error", err)
			}
		}
		if err := w.file.Close(); err != nil {
			w.l.o.Logger.Warn("audit: closing a segment failed", "error", err)
		}
	}
	w.file, w.size = f, 0
	w.segment++
}

// repair takes out of the file what was written in vain. Until that is done its
// numbers cannot be given again.
func (w *writer) repair() error {
	if w.file == nil {
		return nil
	}
	size, err := w.file.Size()
	if err != nil || size == w.size {
		return err
	}
	return errors.Join(w.file.Truncate(w.size), w.file.Sync())
}

// degrade is called when a write failed: the reserve takes over if it can.
func (w *writer) degrade(cause error) {
	was := w.condition
	w.l.unsound.Store(true)
	w.tried = time.Now()
	w.condition = failed
	err := w.repair()
	if err == nil && was == sound {
		if err = w.useReserve(); err == nil {
			w.condition = onReserve
		}
	}
	w.l.o.Logger.Error("audit: cannot write; statements are refused", "error", cause, "reserve", w.condition == onReserve, "then", err)
}

// useReserve makes the reserved file the next segment.
func (w *writer) useReserve() error {
	name := w.path(nameOfSegment(w.l.o.GatewayID, w.l.boot, w.segment+1))
	if err := w.l.o.disk.rename(w.reserve(), name); err != nil {
		return err
	}
	f, err := w.l.o.disk.reopen(name)
	if err != nil {
		return err
	}
	if err := w.l.o.disk.syncDir(w.l.o.Dir); err != nil {
		return errors.Join(err, f.Close())
	}
	w.swap(f)
	return nil
}

// recover tries whether the disk has room again: for a whole reserve, and a segment.
func (w *writer) recover() {
	w.tried = time.Now()
	if w.repair() != nil {
		return
	}
	if w.begin() != nil {
		return
	}
	w.condition = sound
	w.l.unsound.Store(false)
	w.l.o.Logger.Info("audit: can write again", "lost", w.l.lost.Load())
}

// finish closes the chain with its last record and the seal on it, in one write.
func (w *writer) finish() error {
	last, err := newEntry(KindClose, closeBody{Records: w.next, Lost: w.l.lost.Load()})
	if err != nil {
		return err
	}
	last.reserved = true
	w.commit([]*entry{last})
	if last.err != nil {
		return last.err
	}
	seal, err := w.l.newSeal(last.id.Point)
	if err != nil {
		return err
	}
	w.commit([]*entry{seal})
	return seal.err
}

func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}
