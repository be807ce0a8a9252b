package audit

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// retireEvery is how often segments whose time is over are looked for.
const retireEvery = 24 * time.Hour

const day = 24 * time.Hour

// fileDomain keeps a file's digest apart from every other hash.
const fileDomain = "lianji audit file 1\n"

func (l *Log) retires(ctx context.Context) error {
	task := func(ctx context.Context) {
		if err := l.retire(ctx); err != nil && ctx.Err() == nil {
			l.o.Logger.Error("audit: old segments could not be removed", "error", err)
		}
	}
	task(ctx)
	return l.every(ctx, retireEvery, task)
}

// retire removes the oldest segments as long as every record in them is older than
// Retain; the segment that is written never goes. That they go is recorded and
// signed before they do.
func (l *Log) retire(ctx context.Context) error {
	l.retiring.Lock()
	defer l.retiring.Unlock()
	segments, _, err := segmentsOf(l.o.Dir)
	if err != nil {
		return err
	}
	segments = slices.DeleteFunc(segments, func(s segment) bool { return s.gateway != l.o.GatewayID })
	before := l.o.Now().Add(-l.o.Retain)
	body := removedBody{Before: formatTime(before), Days: int(l.o.Retain / day)}
	for _, s := range segments[:max(0, len(segments)-1)] {
		e, err := l.examine(s)
		if err != nil {
			return err
		}
		if !e.newest.Before(before) {
			break
		}
		if e.last != nil {
			body.UpTo = *e.last
		}
		body.Files = append(body.Files, e.file)
	}
	if body.UpTo.Boot == "" {
		return nil
	}
	return l.remove(ctx, body)
}

// examined is what is to be known of a segment before it goes.
type examined struct {
	file   removedFile
	last   *Point    // nil when there is no record
	newest time.Time // of its records; of the file when it has none
}

func (l *Log) examine(s segment) (examined, error) {
	path := filepath.Join(l.o.Dir, s.name)
	first, err := firstRecord(path)
	if err != nil {
		return examined{}, err
	}
	// Most segments are young: their first line says so.
	if first != nil && l.o.Now().Sub(first.At()) < l.o.Retain {
		return examined{newest: first.At()}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return examined{}, err
	}
	e := examined{file: removedFile{Name: s.name}, newest: info.ModTime()}
	digest := l.h.new()
	_, _ = digest.Write([]byte(fileDomain))
	err = readLines(path, func(ln line) error {
		_, _ = digest.Write(ln.bytes)
		if r, err := parseRecord(ln.bytes); err == nil {
			p := r.point()
			if e.last == nil || r.At().After(e.newest) {
				e.newest = r.At()
			}
			e.last = &p
			e.file.Records++
		}
		return nil
	})
	e.file.Digest = hex.EncodeToString(digest.Sum(nil))
	return e, err
}

func (l *Log) remove(ctx context.Context, body removedBody) error {
	note, err := newEntry(KindRemoved, body)
	if err != nil {
		return err
	}
	id, err := l.wait(ctx, note)
	if err != nil {
		return err
	}
	seal, err := l.newSeal(id.Point)
	if err != nil {
		return err
	}
	if _, err := l.wait(ctx, seal); err != nil {
		return err
	}
	for _, f := range body.Files {
		if err := l.o.disk.remove(filepath.Join(l.o.Dir, f.Name)); err != nil {
			return err
		}
	}
	l.o.Logger.Info("audit: records whose time is over were removed", "files", len(body.Files), "retain_days", body.Days)
	return l.o.disk.syncDir(l.o.Dir)
}
