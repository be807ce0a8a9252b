package audit

import (
	"context"
	"errors"
	"time"
)

// newSeal makes the record that signs p.
func (l *Log) newSeal(p Point) (*entry, error) {
	head, err := l.o.Signer.signHead(l.o.GatewayID, p, formatTime(l.o.Now()))
	if err != nil {
		return nil, err
	}
	e, err := newEntry(KindSeal, head)
	if err != nil {
		return nil, err
	}
	e.reserved, e.urgent = true, false
	return e, nil
}

// seals signs what was written, away from whoever waits for a record.
func (l *Log) seals(ctx context.Context) error {
	return l.every(ctx, l.o.sealEvery, func(ctx context.Context) {
		t := l.tip.Load()
		if t == nil || t.seal {
			return
		}
		e, err := l.newSeal(t.point)
		if err == nil {
			err = l.put(ctx, e)
		}
		if err != nil && ctx.Err() == nil {
			l.o.Logger.Error("audit: signing failed", "error", err)
		}
	})
}

// heads gives a signed head to the places that keep them apart from the folder.
func (l *Log) heads(ctx context.Context) error {
	var given Point
	task := func(ctx context.Context) {
		t := l.tip.Load()
		if t == nil || t.point == given {
			return
		}
		if err := l.giveHead(ctx, given); err != nil {
			if ctx.Err() == nil {
				l.o.Logger.Error("audit: the head could not be kept apart from the folder", "error", err)
			}
			return
		}
		given = t.point
	}
	// The first one at once: from then on the boot cannot go missing as a whole.
	task(ctx)
	return l.every(ctx, l.o.headEvery, task)
}

// every calls task each time the interval is over, until ctx ends.
func (l *Log) every(ctx context.Context, interval time.Duration, task func(context.Context)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			task(ctx)
		}
	}
}

// giveHead signs the last record and gives it away; nothing is done when that is
// what was given before.
func (l *Log) giveHead(ctx context.Context, given Point) error {
	t := l.tip.Load()
	if t == nil || t.point == given || l.o.Heads == nil && l.o.Syslog == nil {
		return nil
	}
	head, err := l.o.Signer.signHead(l.o.GatewayID, t.point, formatTime(l.o.Now()))
	if err != nil {
		return err
	}
	if l.o.Heads != nil {
		err = l.o.Heads.PutHead(ctx, head)
	}
	if l.o.Syslog != nil {
		err = errors.Join(err, l.o.Syslog.send(ctx, head, l.o.Now()))
	}
	return err
}
