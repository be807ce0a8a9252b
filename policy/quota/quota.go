// Package quota holds statements to the quotas of the grants that they read by. A quota is
// of a day, and of all gateways over one store together.
package quota

import (
	"context"
	"errors"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Store is what the catalogue's store is to a Meter; catalog/store tells what its methods
// promise.
type Store interface {
	Charge(ctx context.Context, day string, of []catalog.Quota, queries, rows int64) (got int64, err error)
	GiveBack(ctx context.Context, day string, of []catalog.Quota, queries, rows int64) error
}

// patience is how long the store may take for one charge.
const patience = 5 * time.Second

// Meter charges statements. It may be used by many goroutines.
type Meter struct {
	store    Store
	zone     *time.Location
	now      func() time.Time
	patience time.Duration // with the store, for one charge
}

// NewMeter makes a meter whose days are those of a zone.
func NewMeter(store Store, zone *time.Location) *Meter {
	return &Meter{store: store, zone: zone, now: time.Now, patience: patience}
}

// Read is a resource that a statement reads by grants with quotas.
type Read struct {
	Resource string // its name, for whoever asks
	Quotas   []catalog.Quota
}

// Budget is what one statement may use. It is used by one goroutine at a time; whoever
// gets it closes it.
type Budget struct {
	meter *Meter
	all   []catalog.Quota
	rows  []catalog.Quota   // those that limit rows
	names map[string]string // of resources, by grant
	ahead int64             // the most rows that are charged before they come

	day  string // to which left was charged
	left int64  // rows that are charged and were not taken yet
	used int64  // rows that were taken
	last int64  // rows of the last Take, without what was put back
}

// Open charges one statement, before anything of it runs. The error is an *errs.Error,
// quota_spent where a quota has no statement or no row left; then nothing is charged.
func (m *Meter) Open(ctx context.Context, reads []Read) (*Budget, error) {
	b := &Budget{meter: m, names: map[string]string{}}
	for _, r := range reads {
		for _, q := range r.Quotas {
			if _, twice := b.names[q.Grant]; twice {
				continue
			}
			b.names[q.Grant] = r.Resource
			b.all = append(b.all, q)
			if q.Rows > 0 {
				b.rows = append(b.rows, q)
				if share := q.Rows / aheadShare; len(b.rows) == 1 || share < b.ahead {
					b.ahead = share
				}
			}
		}
	}
	b.day = m.day()
	_, err := b.charge(ctx, b.all, 1, 0)
	return b, err
}

// aheadShare is which part of a quota one statement may hold without having used it.
const aheadShare = 16

// Take gives how many of the next rows may be delivered, and charges them. The error is an
// *errs.Error; it comes where these are fewer than n.
func (b *Budget) Take(ctx context.Context, n int64) (int64, error) {
	if len(b.rows) == 0 {
		return n, nil
	}
	var err error
	if b.left < n {
		if day := b.meter.day(); day != b.day {
			b.giveBack() // what is left of yesterday is no part of today's
			b.day = day
		}
		var got int64
		// The store is asked less and less often the longer an answer gets.
		got, err = b.charge(ctx, b.rows, 0, n-b.left+min(b.used, b.ahead))
		b.left += got
	}
	given := min(n, b.left)
	b.left, b.used, b.last = b.left-given, b.used+given, given
	switch {
	case given == n:
		return n, nil
	case err == nil:
		err = b.spent(b.rows[0].Grant)
	}
	return given, err
}

// PutBack takes back that rows of the last Take were delivered: that many of them were not.
// More than those change nothing.
func (b *Budget) PutBack(rows int64) {
	if rows = min(rows, b.last); rows > 0 {
		b.left, b.used, b.last = b.left+rows, b.used-rows, b.last-rows
	}
}

// Undo takes the charge of the statement back: nothing of it ran.
func (b *Budget) Undo() {
	ctx, cancel := context.WithTimeout(context.Background(), b.meter.patience)
	defer cancel()
	_ = b.meter.store.GiveBack(ctx, b.day, b.all, 1, 0) // else it stays charged for the day
}

// Close gives back the rows that were charged and not taken. It may be repeated.
func (b *Budget) Close() { b.giveBack() }

func (b *Budget) giveBack() {
	if b.left == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.meter.patience)
	defer cancel()
	_ = b.meter.store.GiveBack(ctx, b.day, b.rows, 0, b.left) // else they stay charged for the day
	b.left = 0
}

func (b *Budget) charge(ctx context.Context, of []catalog.Quota, queries, rows int64) (int64, error) {
	limited, cancel := context.WithTimeout(ctx, b.meter.patience)
	defer cancel()
	got, err := b.meter.store.Charge(limited, b.day, of, queries, rows)
	var spent *catalog.Spent
	switch {
	case err == nil:
		return got, nil
	case errors.As(err, &spent):
		return 0, b.spent(spent.Grant)
	case ctx.Err() == nil && limited.Err() != nil:
		return 0, errs.Wrap(errs.StoreFailed, "store_failed", nil, err)
	}
	return 0, errs.From(err)
}

// spent is the error of a grant's quota that has nothing left. It names the resource,
// which whoever asks has named, and no grant.
func (b *Budget) spent(grant string) *errs.Error {
	again := b.meter.tomorrow()
	e := errs.New(errs.QuotaSpent, "quota_spent", msg.Args{"Resource": b.names[grant], "Again": again.Format("2006-01-02 15:04 -07:00")})
	e.RetryAfter = again.Sub(b.meter.now())
	return e
}

func (m *Meter) day() string { return m.now().In(m.zone).Format(time.DateOnly) }

// tomorrow is when the next day begins.
func (m *Meter) tomorrow() time.Time {
	now := m.now().In(m.zone)
	return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, m.zone)
}
