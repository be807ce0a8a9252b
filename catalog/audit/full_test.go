package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// faulty is a disk with limited room, whose writes stop half-way when it is used up.
type faulty struct {
	osDisk
	room     atomic.Int64 // bytes that writes outside of the reserve may still take
	readOnly atomic.Bool
	syncs    atomic.Int64                  // how many syncs fail from now on
	stuck    atomic.Bool                   // what was written in vain cannot be taken out
	slow     atomic.Pointer[chan struct{}] // closed when syncs may return; nil while they do
}

type faultyFile struct {
	file
	d       *faulty
	reserve *atomic.Int64
}

func (d *faulty) create(path string) (file, error) {
	if d.readOnly.Load() {
		return nil, syscall.EROFS
	}
	f, err := d.osDisk.create(path)
	return faultyFile{f, d, &d.room}, err
}

func (d *faulty) reopen(path string) (file, error) {
	f, err := d.osDisk.reopen(path)
	kept := &atomic.Int64{}
	kept.Store(leastReserve)
	return faultyFile{f, d, kept}, err
}

func (d *faulty) reserve(path string, bytes int64) error {
	if d.room.Load() < bytes {
		return syscall.ENOSPC
	}
	return d.osDisk.reserve(path, bytes)
}

func (d *faulty) rename(from, to string) error {
	if d.readOnly.Load() {
		return syscall.EROFS
	}
	return d.osDisk.rename(from, to)
}

func (f faultyFile) Write(b []byte) (int, error) {
	if f.d.readOnly.Load() {
		return 0, syscall.EROFS
	}
	left := f.reserve.Add(-int64(len(b)))
	if left >= 0 {
		return f.file.Write(b)
	}
	f.reserve.Store(0)
	part := max(0, int64(len(b))+left)
	n, err := f.file.Write(b[:part])
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f faultyFile) Sync() error {
	if slow := f.d.slow.Load(); slow != nil {
		<-*slow
	}
	if f.d.syncs.Load() > 0 && f.d.syncs.Add(-1) >= 0 {
		return syscall.EIO
	}
	return f.file.Sync()
}

func (f faultyFile) Truncate(n int64) error {
	if f.d.stuck.Load() {
		return syscall.EIO
	}
	return f.file.Truncate(n)
}

func onFaulty(t *testing.T) (*faulty, *Log, Options) {
	t.Helper()
	d := &faulty{}
	d.room.Store(1 << 30)
	o := Options{Dir: t.TempDir(), Signer: signer(t), Reserve: leastReserve, disk: d, retryEvery: time.Nanosecond, sealEvery: time.Hour}
	return d, opened(t, o), o
}

// full asserts that a start is refused with 53100.
func full(t *testing.T, l *Log) {
	t.Helper()
	_, err := l.Start(t.Context(), Start{Query: "refused"})
	if errs.CodeOf(err).SQLState() != "53100" {
		t.Fatalf("a start on a disk without room: %v", err)
	}
}

// On a full disk no statement is let through, but refusals, ends and logins are kept,
// and when there is room again all goes on.
func TestDiskFull(t *testing.T) {
	d, l, o := onFaulty(t)
	before := started(t, l, "before")
	d.room.Store(100) // a record stops half-way
	full(t, l)
	full(t, l)
	refused, err := l.Refuse(t.Context(), Start{Query: "q2", Code: "disk_full"})
	if err != nil || refused.Number != before.Number+1 {
		t.Fatalf("a refusal: %+v %v", refused, err)
	}
	if _, err := l.Act(t.Context(), Act{Principal: "root", Action: "login", Outcome: Done}); err != nil {
		t.Errorf("a login: %v", err)
	}
	if _, err := l.EndDurable(t.Context(), End{Start: before, Outcome: Done}); err != nil {
		t.Errorf("an end: %v", err)
	}
	full(t, l)
	d.room.Store(1 << 30)
	after := started(t, l, "after")
	if after.Number != refused.Number+3 {
		t.Errorf("numbers have a gap: %d after %d", after.Number, refused.Number)
	}
	d.room.Store(0) // a second time: there is a reserve again
	full(t, l)
	if _, err := l.Refuse(t.Context(), Start{Query: "q3"}); err != nil {
		t.Errorf("a refusal, the second time: %v", err)
	}
	shut(t, l)
	if r := verified(t, o.Dir, nil, o.Signer); !r.OK() || len(r.Notes) != 0 {
		t.Errorf("%+v", r)
	}
	for _, r := range records(t, o.Dir) {
		if r.Kind == KindStart && r.Number != before.Number && r.Number != after.Number {
			t.Errorf("a refused start was written: %s", r.Body)
		}
	}
}

// A source may be asked while the start of its statement goes to disk, but not while the log
// cannot write.
func TestBegin(t *testing.T) {
	d, l, _ := onFaulty(t)
	slow := make(chan struct{})
	d.slow.Store(&slow)
	first, err := l.Begin(t.Context(), Start{Query: "first"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := first.Durable(ctx); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("durable before its sync: %v", err)
	}
	second, err := l.Begin(t.Context(), Start{Query: "second"})
	if err != nil {
		t.Fatal(err)
	}
	d.slow.Store(nil)
	close(slow)
	if id, err := second.Durable(t.Context()); err != nil || id.Query != "second" {
		t.Errorf("after its sync: %+v %v", id, err)
	}
	d.room.Store(100)
	lost, err := l.Begin(t.Context(), Start{Query: "lost"})
	if err != nil {
		t.Fatalf("the log did not know yet: %v", err)
	}
	if _, err := lost.Durable(t.Context()); errs.CodeOf(err) != errs.DiskFull {
		t.Errorf("on a full disk: %v", err)
	}
	if _, err := l.Begin(t.Context(), Start{Query: "refused"}); errs.CodeOf(err) != errs.DiskFull {
		t.Errorf("on a disk that is known to be full: %v", err)
	}
	d.room.Store(1 << 30)
	started(t, l, "after")
	if _, err := l.Begin(t.Context(), Start{Query: "last"}); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if l.unsound.Load() {
		t.Error("a log that can write again still waits")
	}
}

// The reserve is finite: after it even refusals are not taken, and the count is told.
func TestReserveEnds(t *testing.T) {
	d, l, o := onFaulty(t)
	d.room.Store(0)
	full(t, l)
	kept := 0
	for kept < 10_000 {
		if _, err := l.Refuse(t.Context(), Start{Query: "q"}); err != nil {
			if errs.CodeOf(err) != errs.DiskFull {
				t.Error(err)
			}
			break
		}
		kept++
	}
	if kept < 50 || kept == 10_000 {
		t.Errorf("%d refusals fit into a reserve of %d bytes", kept, leastReserve)
	}
	full(t, l)
	d.room.Store(1 << 30)
	started(t, l, "after")
	shut(t, l)
	r := verified(t, o.Dir, nil, o.Signer)
	if !r.OK() || !slices.ContainsFunc(r.Notes, func(f Finding) bool { return f.Problem == NoteLost }) {
		t.Errorf("%+v", r)
	}
}

// On a read-only disk everything is refused, and nothing is half-written.
func TestReadOnly(t *testing.T) {
	d, l, o := onFaulty(t)
	d.readOnly.Store(true)
	full(t, l)
	if _, err := l.Refuse(t.Context(), Start{}); errs.CodeOf(err) != errs.DiskFull {
		t.Errorf("a refusal: %v", err)
	}
	d.readOnly.Store(false)
	started(t, l, "after")
	shut(t, l)
	if r := verified(t, o.Dir, nil, o.Signer); !r.OK() {
		t.Errorf("%+v", r)
	}
}

// After a sync that failed nobody knows what is on disk: the records are taken out
// again before their numbers are given to others; while that fails nothing is written.
func TestSyncFails(t *testing.T) {
	d, l, o := onFaulty(t)
	before := started(t, l, "before")
	d.syncs.Store(1)
	d.stuck.Store(true)
	full(t, l)
	full(t, l)
	if _, err := l.Refuse(t.Context(), Start{}); errs.CodeOf(err) != errs.DiskFull {
		t.Errorf("a refusal while a record in vain is in the file: %v", err)
	}
	d.stuck.Store(false)
	if id := started(t, l, "after"); id.Number != before.Number+1 {
		t.Errorf("number %d", id.Number)
	}
	shut(t, l)
	if r := verified(t, o.Dir, nil, o.Signer); !r.OK() {
		t.Errorf("%+v", r)
	}
}

// The reserve really takes room, and no bytes that could be taken for records.
func TestReserveIsAllocated(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, Options{Dir: dir, Reserve: 1 << 20})
	info, err := os.Stat(filepath.Join(dir, reserveName))
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Blocks*512 < 1<<20 {
		t.Errorf("the reserve has %d blocks", stat.Blocks)
	}
	// The same disk gives it up to what is written in its place.
	d := osDisk{}
	seg := filepath.Join(dir, "x")
	if err := d.rename(filepath.Join(dir, reserveName), seg); err != nil {
		t.Fatal(err)
	}
	f, err := d.reopen(seg)
	if err != nil {
		t.Fatal(err)
	}
	if size, err := f.Size(); err != nil || size != 0 {
		t.Errorf("size %d %v", size, err)
	}
	if err := errors.Join(f.Close(), l.Close()); err != nil {
		t.Error(err)
	}
}

// A disk that really is full, where one can be mounted.
func TestFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("needs to mount a file system of its own: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	key := signer(t)
	l := opened(t, Options{Dir: filepath.Join(dir, "audit"), Signer: key, Reserve: leastReserve, retryEvery: time.Nanosecond})
	fill := filepath.Join(dir, "fill")
	if err := os.WriteFile(fill, make([]byte, 900<<10), 0o600); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	accepted := 0
	for accepted < 5000 {
		if _, err := l.Start(t.Context(), Start{Query: "q"}); err != nil {
			break
		}
		accepted++
	}
	full(t, l)
	if _, err := l.Refuse(t.Context(), Start{Query: "q"}); err != nil {
		t.Errorf("a refusal: %v", err)
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	started(t, l, "after")
	shut(t, l)
	if r := verified(t, l.o.Dir, nil, key); !r.OK() || accepted == 5000 {
		t.Errorf("%d starts before the disk was full, %+v", accepted, r)
	}
	t.Logf("%d starts before the disk was full", accepted)
}

// A gateway that starts on a full disk has the reserve of the boot before.
func TestOpenOnFullDisk(t *testing.T) {
	d, l, o := onFaulty(t)
	shut(t, l)
	d.room.Store(0)
	l = opened(t, o)
	full(t, l)
	if _, err := l.Refuse(t.Context(), Start{Query: "q"}); err != nil {
		t.Errorf("a refusal: %v", err)
	}
	shut(t, l)
	// That boot used it up: without any there is no log, and so no gateway.
	o.GatewayID = "g1"
	if l, err := Open(t.Context(), o); errs.CodeOf(err) != errs.DiskFull {
		t.Errorf("opened without a first record: %v", err)
		_ = l.Close()
	}
	d.room.Store(1 << 30)
	shut(t, opened(t, o))
	if r := verified(t, o.Dir, nil, o.Signer); !r.OK() || r.Boots != 3 {
		t.Errorf("%+v", r)
	}
}

// broken is a disk whose sync brings the committer down.
type broken struct {
	disk
	now atomic.Bool
}

type brokenFile struct {
	file
	d *broken
}

func (d *broken) create(path string) (file, error) {
	f, err := d.disk.create(path)
	return brokenFile{f, d}, err
}

func (f brokenFile) Sync() error {
	if f.d.now.Load() {
		panic("sync")
	}
	return f.file.Sync()
}

// A defect in the one goroutine that writes refuses statements; nobody waits for ever.
func TestCommitterDies(t *testing.T) {
	d := &broken{disk: osDisk{}}
	l := opened(t, Options{Dir: t.TempDir(), disk: d, sealEvery: time.Hour})
	id := started(t, l, "before")
	d.now.Store(true)
	full(t, l)
	if _, err := l.EndDurable(t.Context(), End{Start: id}); err == nil {
		t.Error("an end that nobody writes is taken for durable")
	}
	var panicked *safego.PanicError
	if err := l.Close(); !errors.As(err, &panicked) {
		t.Errorf("closed with %v", err)
	}
}

// An end belongs to a start of the same boot.
func TestEndOfAnotherBoot(t *testing.T) {
	l := opened(t, Options{Dir: t.TempDir()})
	if err := l.End(End{Start: ID{Point: Point{Boot: "000001-00000000", Number: 2}}}); err == nil {
		t.Error("taken")
	}
}
