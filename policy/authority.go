package policy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Store is what the catalogue's store is to an Authority.
type Store interface {
	Version(ctx context.Context) (int64, error)
	// Load gives the state now; before may be nil, or what an earlier call gave.
	Load(ctx context.Context, before *catalog.State) (*catalog.State, error)
}

// GuardChecker tells whether a resource's guard can be applied at all; planner does.
type GuardChecker interface {
	// CheckGuard gives what is wrong with the guard, or an *Unsure when that could not
	// be found out.
	CheckGuard(ctx context.Context, r *Resource) error
}

// Unsure is an error that says nothing of a guard: nobody found out in time.
type Unsure struct{ Err error }

func (e *Unsure) Error() string { return e.Err.Error() }
func (e *Unsure) Unwrap() error { return e.Err }

// Times of an Authority.
const (
	watchEvery = 250 * time.Millisecond // the store is asked whether it has changed
	trustFor   = 5 * time.Second        // after its last answer nothing is opened any more
)

// Authority knows what is granted now: it keeps a picture of the store, follows its
// changes, and makes the snapshots of those who ask. When the store cannot be asked
// for some seconds it opens nothing.
type Authority struct {
	store   Store
	sources func() []Described
	zone    *time.Location
	now     func() time.Time

	loading sync.Mutex // one Load at a time

	mu     sync.Mutex
	state  *catalog.State
	asked  time.Time // when the store last answered
	looked time.Time // when it was asked because of a token that was not known
	epoch  int       // counts changes of the sources
	kept   map[asker]*keptSnapshot
	broken func(Broken)

	checker GuardChecker
	checks  sync.Mutex       // over checked
	checked map[string]error // by a guarded resource's digest
}

// asker is whose snapshot is kept, for what.
type asker struct {
	principal, purpose string
	mode               catalog.Mode
	only               string // the IDs of the resources that there can be, in JSON
}

type keptSnapshot struct {
	granted *Granted
	version int64
	epoch   int
}

// AuthorityOptions are what an Authority is made of.
type AuthorityOptions struct {
	Store   Store
	Sources func() []Described // as they are described now
	Zone    *time.Location     // for the hours of grants
	Now     func() time.Time   // nil means the machine's clock
	Checker GuardChecker       // nil means that what has a guard is closed
	Broken  func(Broken)       // hears of each grant that could not be applied; may be nil
}

// NewAuthority reads the store. The caller lets Run follow it.
func NewAuthority(ctx context.Context, o AuthorityOptions) (*Authority, error) {
	a := &Authority{store: o.Store, sources: o.Sources, zone: o.Zone, now: o.Now, broken: o.Broken, kept: map[asker]*keptSnapshot{}, checker: o.Checker, checked: map[string]error{}}
	if a.now == nil {
		a.now = time.Now
	}
	if a.broken == nil {
		a.broken = func(Broken) {}
	}
	return a, a.Refresh(ctx)
}

// Run follows the store until ctx ends.
func (a *Authority) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		limited, cancel := context.WithTimeout(ctx, trustFor)
		_ = a.Refresh(limited) // what it could not learn closes what it would open
		cancel()
	}
}

// Refresh reads what has changed. Whoever changed the store through this gateway
// calls it, so that the next statement already sees the change.
func (a *Authority) Refresh(ctx context.Context) error {
	a.loading.Lock()
	defer a.loading.Unlock()
	return a.load(ctx)
}

// load is Refresh for who holds loading.
func (a *Authority) load(ctx context.Context) error {
	a.mu.Lock()
	before, at := a.state, a.now()
	a.mu.Unlock()
	version, err := a.store.Version(ctx)
	if err != nil {
		return err
	}
	state := before
	if before == nil || version != before.Version {
		if state, err = a.store.Load(ctx, before); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.asked = state, at
	return nil
}

// SourcesChanged says that sources are described otherwise than before.
func (a *Authority) SourcesChanged() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.epoch++
}

// State gives the picture of the store that is in force.
func (a *Authority) State() (*catalog.State, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trusted()
}

func (a *Authority) trusted() (*catalog.State, error) {
	if a.state == nil || a.now().Sub(a.asked) > trustFor {
		return nil, errs.New(errs.StoreFailed, "store_failed", nil)
	}
	return a.state, nil
}

// Bearer finds whose a credential is. Unknown, ended, taken back and a principal that is
// disabled read the same.
func (a *Authority) Bearer(by catalog.Credential) (*catalog.Token, *catalog.Principal, error) {
	k, p, err := a.bearer(by)
	if errs.CodeOf(err) == errs.Unauthenticated && a.refreshForToken() {
		k, p, err = a.bearer(by)
	}
	return k, p, err
}

func (a *Authority) bearer(by catalog.Credential) (*catalog.Token, *catalog.Principal, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	state, err := a.trusted()
	if err != nil {
		return nil, nil, err
	}
	k, p, ok := by.Bearer(state, a.now())
	if !ok {
		return nil, nil, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	return k, p, nil
}

// unknownTokens is how often the store is asked for changes because of tokens that are
// not known: one that was just made holds at once, and nobody can make it work by others.
const unknownTokens = 20 * time.Millisecond

// refreshForToken reads what has changed, unless that was done a moment ago, and tells
// whether it did.
func (a *Authority) refreshForToken() bool {
	a.mu.Lock()
	now := a.now()
	due := now.Sub(a.looked) >= unknownTokens
	if due {
		a.looked = now
	}
	a.mu.Unlock()
	// Nobody without a token waits for a store that is slow.
	if !due || !a.loading.TryLock() {
		return false
	}
	defer a.loading.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), trustFor)
	defer cancel()
	return a.load(ctx) == nil
}

// Snapshot gives what whoever has a credential may name for a purpose in a mode. A
// purpose that is in no catalogue, or that the credential is not for, is refused; none at
// all opens nothing.
func (a *Authority) Snapshot(by catalog.Credential, purpose string, mode catalog.Mode) (*Granted, error) {
	k, p, err := a.Bearer(by)
	if err != nil {
		return nil, err
	}
	if mode == catalog.Offline { // nothing of this kind is handed over by a statement
		return nil, errs.New(errs.NotSupported, "policy_offline", nil)
	}
	if len(k.Modes) > 0 && !slices.Contains(k.Modes, mode) {
		return nil, errs.New(errs.Forbidden, "policy_token_mode", nil)
	}
	if purpose != "" && len(k.Purposes) > 0 && !slices.Contains(k.Purposes, purpose) {
		return nil, errs.New(errs.ParameterInvalid, "policy_purpose", nil)
	}
	only, err := json.Marshal(k.Resources)
	if err != nil {
		return nil, errs.From(err)
	}
	return a.snapshot(asker{p.ID, purpose, mode, string(only)}, k.Resources)
}

func (a *Authority) snapshot(of asker, only []string) (*Granted, error) {
	a.mu.Lock()
	state, err := a.trusted()
	now, epoch := a.now(), a.epoch
	if err != nil {
		a.mu.Unlock()
		return nil, err
	}
	if k := a.kept[of]; k != nil && k.version == state.Version && k.epoch == a.epoch && (k.granted.Until.IsZero() || now.Before(k.granted.Until)) {
		a.mu.Unlock()
		return k.granted, nil
	}
	a.mu.Unlock() // what follows may take its time, and is nobody else's
	p, ok := state.Principal(of.principal)
	if !ok || p.Disabled {
		return nil, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	agency, ok := state.Agency(p.Agency)
	if !ok {
		return nil, errs.New(errs.Unauthenticated, "unauthenticated", nil)
	}
	if _, known := state.Purpose(of.purpose); !known && of.purpose != "" {
		return nil, errs.New(errs.ParameterInvalid, "policy_purpose", nil)
	}
	g, err := NewGranted(state, a.sources(), Subject{Principal: p, Agency: agency, Purpose: of.purpose, Mode: of.mode, Only: only}, now, a.zone)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	sure, err := g.check(func(digest string, r *Resource) error { return a.check(ctx, digest, r) })
	if err != nil {
		return nil, err
	}
	for _, b := range g.Broken {
		a.broken(b)
	}
	if !sure { // the next statement finds out
		return g, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.kept) >= maxKept {
		clear(a.kept)
	}
	a.kept[of] = &keptSnapshot{g, state.Version, epoch}
	return g, nil
}

// checkTime is how long the checks of a snapshot's guards may take.
const checkTime = 5 * time.Second

// check tells whether a guard can be applied, and remembers it once it is known.
func (a *Authority) check(ctx context.Context, digest string, r *Resource) error {
	a.checks.Lock()
	err, known := a.checked[digest]
	a.checks.Unlock()
	if known {
		return err
	}
	err = errs.New(errs.NotAllowed, "policy_expression", msg.Args{"Resource": r.Name()})
	if a.checker != nil {
		var unsure *Unsure
		if err = a.checker.CheckGuard(ctx, r); errors.As(err, &unsure) {
			return err
		}
	}
	a.checks.Lock()
	defer a.checks.Unlock()
	if len(a.checked) >= maxKept {
		clear(a.checked)
	}
	a.checked[digest] = err
	return err
}

// maxKept is how many snapshots are kept.
const maxKept = 10_000

// Holds tells whether a statement may go on that was bound against a snapshot and
// reads some resources: nil while the same credential still opens each of them in the same
// way. It costs little while nothing has changed.
func (a *Authority) Holds(by catalog.Credential, g *Granted, reads []*Resource) error {
	later, err := a.Snapshot(by, g.Subject.Purpose, g.Subject.Mode)
	if err != nil {
		return err
	}
	if later == g {
		return nil
	}
	for _, r := range reads {
		if !g.StillOpens(later, r) {
			return errs.New(errs.Revoked, "policy_revoked", nil)
		}
	}
	return nil
}
