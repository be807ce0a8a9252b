// Package audit writes who asked what, when and for what purpose into files that
// nobody can change without being found out: one chain of records per start of the
// gateway, signed in batches, with heads kept apart from the files. Verify checks a
// folder; docs/audit.md tells what it finds and what it cannot know.
package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
)

// Options say how a log is kept. Dir, GatewayID and Signer are needed; the zero
// value of the others is the default.
type Options struct {
	Dir        string // of the segments; made in mode 0700 if it is missing
	GatewayID  string // [A-Za-z0-9._-]{1,64}, one gateway's own
	Signer     *Signer
	Heads      Heads         // nil: heads are kept nowhere else, and cut-off ends cannot be found
	Syslog     *Syslog       // nil: none
	LiteralKey []byte        // for Literal; at least 16 bytes, or none and Literal gives one text for all
	Reserve    int64         // bytes kept for refusals on a full disk; 8 MiB
	Retain     time.Duration // 3 years; less than half a year is refused
	Logger     *slog.Logger  // nil: nothing is logged
	Now        func() time.Time

	segmentBytes int64         // a new file begins behind so many
	sealEvery    time.Duration // how long a record may stand without a signature
	headEvery    time.Duration // how often heads are given away
	linger       time.Duration // how long records that nobody waits for may wait
	retryEvery   time.Duration // how long after a failure the disk is tried again
	disk         disk
}

// Where a gateway keeps its log and key, beside its configuration.
const (
	FolderName = "lianji-audit"
	KeyName    = "lianji-audit.key"
)

// The defaults and bounds of Options.
const (
	DefaultReserve = 8 << 20
	DefaultRetain  = 3 * 365 * 24 * time.Hour
	LeastRetain    = 184 * 24 * time.Hour // half a year, whichever half

	defaultSegmentBytes = 64 << 20
	defaultSealEvery    = time.Second
	defaultHeadEvery    = time.Minute
	defaultLinger       = 10 * time.Millisecond
	defaultRetryEvery   = time.Second
	leastReserve        = 64 << 10
	leastLiteralKey     = 16

	folderMode = 0o700

	maxQueue = 4096
	maxBatch = 1024
	// closeWithin is how long the last head may take to its places.
	closeWithin = 5 * time.Second
)

// Log is one boot's chain. It is safe for use by several goroutines.
type Log struct {
	o     Options
	h     hashing
	boot  string
	lock  *os.File
	queue chan *entry
	quit  chan struct{} // closed when no more entries are taken
	done  <-chan error  // of the committer
	dead  chan struct{} // closed when the committer has ended, in whatever way
	tasks *safego.Group
	stop  context.CancelFunc

	closing sync.Once
	closed  error
	senders sync.RWMutex // held for reading while an entry is put into the queue
	ended   bool         // under senders

	retiring sync.Mutex

	tip     atomic.Pointer[tip]
	lost    atomic.Uint64
	unsound atomic.Bool // whether the writer is not sound
	w       writer      // of the committer alone
}

// tip is the last record on disk.
type tip struct {
	point Point
	seal  bool // the record is a seal itself
}

// Open begins a boot's chain: the first record is on disk when it returns. The
// caller owns the log and must Close it. Errors are *errs.Error: config_invalid for
// wrong options or a folder that another process has, disk_full when nothing can be
// written.
func Open(ctx context.Context, o Options) (*Log, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, folderMode); err != nil {
		return nil, unwritable(err)
	}
	if info, err := os.Stat(o.Dir); err == nil && info.Mode().Perm() != folderMode {
		if err := os.Chmod(o.Dir, folderMode); err != nil {
			return nil, unwritable(err)
		}
	}
	if err := syncDir(filepath.Dir(o.Dir)); err != nil {
		return nil, unwritable(err)
	}
	held, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	l, err := begin(ctx, o, held)
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return l, nil
}

func (o *Options) complete() error {
	wrong := func(id string) error { return errs.New(errs.ConfigInvalid, id, nil) }
	switch {
	case o.Dir == "" || o.Signer == nil:
		return errs.Internalf("audit: no folder or no signer")
	case !codePattern.MatchString(o.GatewayID):
		return wrong("audit_gateway_id")
	case o.Retain != 0 && o.Retain < LeastRetain:
		return wrong("audit_retain_short")
	case o.Reserve != 0 && o.Reserve < leastReserve:
		return wrong("audit_reserve_small")
	case len(o.LiteralKey) != 0 && len(o.LiteralKey) < leastLiteralKey:
		return errs.Internalf("audit: the key for literals is too short")
	}
	orElse(&o.Reserve, DefaultReserve)
	orElse(&o.Retain, DefaultRetain)
	orElse(&o.segmentBytes, defaultSegmentBytes)
	orElse(&o.sealEvery, defaultSealEvery)
	orElse(&o.headEvery, defaultHeadEvery)
	orElse(&o.linger, defaultLinger)
	orElse(&o.retryEvery, defaultRetryEvery)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.disk == nil {
		o.disk = osDisk{}
	}
	return nil
}

func orElse[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, segmentMode)
	if err != nil {
		return nil, unwritable(err)
	}
	if err := lock(f); err != nil {
		err = errs.Wrap(errs.ConfigInvalid, "audit_folder_taken", msg.Args{"Dir": dir}, err)
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// begin reads what came before, writes the first record and starts the goroutines.
func begin(ctx context.Context, o Options, held *os.File) (*Log, error) {
	before, err := recall(o.Dir, o.GatewayID)
	if err != nil {
		return nil, unwritable(err)
	}
	body := openBody{
		After: before.last, Torn: before.torn,
		Key: o.Signer.KeyID(), Sig: string(o.Signer.algorithm), PKIX: o.Signer.public.DER,
	}
	next := before.sequence
	if o.Heads != nil {
		head, ok, err := o.Heads.LastHead(ctx, o.GatewayID)
		if err != nil {
			return nil, err
		}
		if ok {
			p := head.point()
			body.Store, next = &p, max(next, sequence(head.Boot))
			if beyond(before.last, p) {
				o.Logger.Warn("audit: the folder does not reach the last head in the store; lianji audit verify tells more", "boot", p.Boot, "number", p.Number)
			}
		}
	}
	var random [4]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	h := o.Signer.scheme.hashing
	l := &Log{
		o: o, h: h, lock: held,
		boot:  fmt.Sprintf("%06d-%s", next+1, hex.EncodeToString(random[:])),
		queue: make(chan *entry, maxQueue),
		quit:  make(chan struct{}),
		dead:  make(chan struct{}),
		tasks: &safego.Group{},
	}
	l.w = newWriter(l)
	first, err := newEntry(KindOpen, body)
	if err != nil {
		return nil, err
	}
	first.reserved = true
	l.w.commit([]*entry{first})
	if first.err != nil {
		return nil, errors.Join(first.err, l.w.close())
	}
	l.done = safego.Run(func() error {
		defer close(l.dead)
		return l.run()
	})
	running, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.tasks.Go(func() error { return l.seals(running) })
	l.tasks.Go(func() error { return l.heads(running) })
	l.tasks.Go(func() error { return l.retires(running) })
	return l, nil
}

// beyond reports whether a head that was kept apart lies beyond the folder's last record.
func beyond(last *Point, head Point) bool {
	if last == nil {
		return true
	}
	a, b := sequence(last.Boot), sequence(head.Boot)
	return b > a || b == a && (last.Boot != head.Boot || last.Number < head.Number)
}

// Boot is the id of this start of the gateway.
func (l *Log) Boot() string { return l.boot }

// Start records that a statement is about to be answered. When it returns without
// an error the record is on disk, and End must be called once. An error is an
// *errs.Error: disk_full when the record cannot be written, and the statement must
// then be refused; canceled or timeout when ctx ended first, and the log then
// writes the end itself.
func (l *Log) Start(ctx context.Context, s Start) (ID, error) {
	p, err := l.Begin(ctx, s)
	if err != nil {
		return ID{}, err
	}
	return p.Durable(ctx)
}

// Begin is the first half of Start: it returns while the record is on its way to disk, so
// that a source can be asked meanwhile. Without an error Durable must be called once,
// before anything of the answer leaves. While the log cannot write it waits, and gives the
// error of Start.
func (l *Log) Begin(ctx context.Context, s Start) (*Begun, error) {
	s.Code = ""
	e, err := l.statement(KindStart, s)
	if err != nil {
		return nil, err
	}
	if err := l.submit(ctx, e); err != nil {
		return nil, err
	}
	if l.unsound.Load() {
		if _, err := l.result(ctx, e); err != nil {
			return nil, err
		}
	}
	return &Begun{l: l, e: e}, nil
}

// Begun is a start on its way to disk.
type Begun struct {
	l *Log
	e *entry
}

// Durable waits until the record is on disk; the rest is as for Start.
func (p *Begun) Durable(ctx context.Context) (ID, error) { return p.l.result(ctx, p.e) }

// Refuse records that a statement was refused, s.Code says why. There is no End to
// it. It is taken on a full disk too, as long as the reserve lasts.
func (l *Log) Refuse(ctx context.Context, s Start) (ID, error) {
	e, err := l.statement(KindRefused, s)
	if err != nil {
		return ID{}, err
	}
	return l.wait(ctx, e)
}

func (l *Log) statement(kind Kind, s Start) (*entry, error) {
	if s.Time.IsZero() {
		s.Time = l.o.Now()
	}
	e, err := newEntry(kind, s.filled())
	if err != nil {
		return nil, err
	}
	e.reserved, e.query = kind != KindStart, s.Query
	return e, nil
}

// Act records an administrative act, durable when it returns. It is taken on a full
// disk too, as long as the reserve lasts, so that administrators can log in.
func (l *Log) Act(ctx context.Context, a Act) (ID, error) {
	if a.Time.IsZero() {
		a.Time = l.o.Now()
	}
	a.At = formatTime(a.Time)
	e, err := newEntry(KindAct, a)
	if err != nil {
		return ID{}, err
	}
	e.reserved = true
	return l.wait(ctx, e)
}

// Acts records several acts, in their order; all of them are durable when it returns
// without an error.
func (l *Log) Acts(ctx context.Context, acts []Act) error {
	entries := make([]*entry, len(acts))
	for i, a := range acts {
		if a.Time.IsZero() {
			a.Time = l.o.Now()
		}
		a.At = formatTime(a.Time)
		e, err := newEntry(KindAct, a)
		if err != nil {
			return err
		}
		e.reserved, entries[i] = true, e
		if err := l.put(ctx, e); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if _, err := l.result(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// End records how a statement ended. It goes to disk with the next commit, within
// milliseconds, and is not waited for; EndDurable waits.
func (l *Log) End(end End) error {
	_, err := l.end(end, false)
	return err
}

// EndDurable is End, and returns when the record is on disk.
func (l *Log) EndDurable(ctx context.Context, end End) (ID, error) {
	e, err := l.end(end, true)
	if err != nil {
		return ID{}, err
	}
	return l.result(ctx, e)
}

func (l *Log) end(end End, urgent bool) (*entry, error) {
	if end.Start.Boot != l.boot {
		return nil, errs.Internalf("audit: an end for a start of another boot")
	}
	e, err := newEntry(KindEnd, end.filled())
	if err != nil {
		return nil, err
	}
	e.reserved, e.urgent, e.query = true, urgent, end.Start.Query
	return e, l.put(context.Background(), e)
}

// Literal gives what stands in a redacted statement in the place of a literal: the
// same for the same value under one key, and worth nothing without the key.
func (l *Log) Literal(value []byte) string {
	if len(l.o.LiteralKey) == 0 {
		return "?"
	}
	m := hmac.New(l.h.new, l.o.LiteralKey)
	_, _ = m.Write(value)
	return hex.EncodeToString(m.Sum(nil)[:literalBytes])
}

// literalBytes of the keyed hash: two literals of one log hardly ever share them.
const literalBytes = 8

// Close writes what is waiting, closes the chain, signs it, gives the last head to
// where heads are kept, and frees the folder. A second call gives the same error.
func (l *Log) Close() error {
	l.closing.Do(func() { l.closed = l.shut() })
	return l.closed
}

func (l *Log) shut() error {
	l.stop()
	tasks := l.tasks.Wait()
	close(l.quit) // whoever waits for room in the queue gives up
	l.senders.Lock()
	l.ended = true
	close(l.queue)
	l.senders.Unlock()
	err := errors.Join(tasks, <-l.done)
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	return errors.Join(err, l.giveHead(ctx, Point{}), l.w.close(), l.lock.Close())
}

func unwritable(err error) *errs.Error { return errs.Wrap(errs.DiskFull, "audit_unwritable", nil, err) }

func marshal(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "internal", nil, err)
	}
	return b, nil
}
