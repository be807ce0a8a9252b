package audit

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/waitfor"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		child(dir)
	}
	goleak.VerifyTestMain(m)
}

// store keeps heads as the catalogue store does.
type store struct {
	mu    sync.Mutex
	heads []Head
	err   error
}

func (s *store) PutHead(_ context.Context, h Head) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.heads = append(s.heads, h)
	}
	return s.err
}

func (s *store) LastHead(_ context.Context, gateway string) (last Head, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heads {
		if h.Gateway == gateway && (!ok || h.Boot > last.Boot || h.Boot == last.Boot && h.Number > last.Number) {
			last, ok = h, true
		}
	}
	return last, ok, s.err
}

func signer(tb testing.TB) *Signer {
	tb.Helper()
	s, err := OpenSigner(filepath.Join(tb.TempDir(), "key"), Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// opened gives a log that seals at once, and never by itself gives heads.
func opened(tb testing.TB, o Options) *Log {
	tb.Helper()
	if o.Signer == nil {
		o.Signer = signer(tb)
	}
	o.GatewayID = "g1"
	orElse(&o.Reserve, 1<<20)
	orElse(&o.sealEvery, 5*time.Millisecond)
	l, err := Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func shut(tb testing.TB, l *Log) {
	tb.Helper()
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
}

func started(tb testing.TB, l *Log, query string) ID {
	tb.Helper()
	id, err := l.Start(tb.Context(), Start{Query: query, Principal: "zhang", Purpose: "DB-HC"})
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// records gives the folder's records in order of files and lines.
func records(tb testing.TB, dir string) []*Record {
	tb.Helper()
	segments, _, err := segmentsOf(dir)
	if err != nil {
		tb.Fatal(err)
	}
	var all []*Record
	for _, s := range segments {
		err := readLines(filepath.Join(dir, s.name), func(l line) error {
			r, err := parseRecord(l.bytes)
			if err == nil {
				all = append(all, r)
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return all
}

// A record says what it was given, in the order of numbers, and the chain is sound.
func TestLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	key := signer(t)
	heads := &store{}
	l := opened(t, Options{Dir: dir, Signer: key, Heads: heads})
	id := started(t, l, "q1")
	if id.Number != 2 || id.Gateway != "g1" || id.Boot != l.Boot() || id.Query != "q1" {
		t.Errorf("%+v", id)
	}
	if got := records(t, dir); len(got) < 2 || got[1].Kind != KindStart || got[1].Hash != id.Hash {
		t.Fatalf("the start is not on disk when Start returns: %v", got)
	}
	if _, err := l.Refuse(t.Context(), Start{Query: "q2", Principal: "li", Code: "unknown_name"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Act(t.Context(), Act{Principal: "root", Action: "grant", Object: "g-1", Outcome: Done}); err != nil {
		t.Fatal(err)
	}
	if err := l.End(End{Start: id, Outcome: Done, Rows: 3}); err != nil {
		t.Fatal(err)
	}
	pending := started(t, l, "q3")
	shut(t, l)
	kinds := map[Kind]int{}
	for _, r := range records(t, dir) {
		kinds[r.Kind]++
	}
	if kinds[KindOpen] != 1 || kinds[KindStart] != 2 || kinds[KindRefused] != 1 || kinds[KindAct] != 1 || kinds[KindEnd] != 1 || kinds[KindClose] != 1 || kinds[KindSeal] == 0 {
		t.Errorf("kinds: %v", kinds)
	}
	for name, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, nameOfSegment("g1", l.Boot(), 1)): 0o600, filepath.Join(dir, reserveName): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	r := verified(t, dir, heads.heads, key)
	if !r.OK() || len(r.Limits) != 0 || len(r.Notes) != 0 || r.Boots != 1 {
		t.Errorf("%+v", r)
	}
	if len(r.Open) != 1 || r.Open[0].Number != pending.Number || r.Open[0].Query != "q3" {
		t.Errorf("starts without an end: %+v", r.Open)
	}
	if _, err := l.Start(t.Context(), Start{}); err == nil {
		t.Error("a closed log takes a start")
	}
	if err := l.End(End{Start: id}); err == nil {
		t.Error("a closed log takes an end")
	}
}

func verified(tb testing.TB, dir string, heads []Head, key *Signer) *Report {
	tb.Helper()
	r, err := Verify(dir, heads, []PublicKey{key.Public()})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// A boot names the last record of the one before, and goes on in a file of its own.
func TestBoots(t *testing.T) {
	dir, key, heads := t.TempDir(), signer(t), &store{}
	for i := range 3 {
		l := opened(t, Options{Dir: dir, Signer: key, Heads: heads, segmentBytes: 2000})
		if sequence(l.Boot()) != uint64(i+1) {
			t.Errorf("boot %d is %s", i, l.Boot())
		}
		for range 10 {
			if err := l.End(End{Start: started(t, l, "q"), Outcome: Done}); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, l)
	}
	if segments, _, _ := segmentsOf(dir); len(segments) < 6 {
		t.Errorf("%d segments", len(segments))
	}
	if r := verified(t, dir, heads.heads, key); !r.OK() || len(r.Limits)+len(r.Notes) != 0 || r.Boots != 3 || r.OpenAll != 0 {
		t.Errorf("%+v", r)
	}
}

// Two processes on one folder would make two chains of one.
func TestFolderIsTaken(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, Options{Dir: dir})
	if _, err := Open(t.Context(), Options{Dir: dir, GatewayID: "g1", Signer: signer(t)}); errs.CodeOf(err) != errs.ConfigInvalid {
		t.Errorf("a second gateway: %v", err)
	}
	shut(t, l)
	shut(t, opened(t, Options{Dir: dir}))
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"short retention": {Retain: LeastRetain - 1},
		"none":            {Retain: -1},
		"gateway id":      {GatewayID: "a b"},
		"no gateway id":   {GatewayID: "-none-"},
		"small reserve":   {Reserve: 10},
	} {
		o.Dir, o.Signer = t.TempDir(), signer(t)
		if o.GatewayID == "" {
			o.GatewayID = "g1"
		}
		if o.GatewayID == "-none-" {
			o.GatewayID = ""
		}
		if l, err := Open(t.Context(), o); errs.CodeOf(err) != errs.ConfigInvalid {
			t.Errorf("%s: %v", name, err)
			_ = l.Close()
		}
	}
}

// Whoever is gone before the start is on disk gets no start without an end.
func TestAbandonedStart(t *testing.T) {
	dir, key := t.TempDir(), signer(t)
	held := &slow{disk: osDisk{}, enter: make(chan struct{}, 100), leave: make(chan struct{}, 100)}
	held.leave <- struct{}{}
	l := opened(t, Options{Dir: dir, Signer: key, disk: held, sealEvery: time.Hour})
	<-held.enter
	ctx, cancel := context.WithCancel(t.Context())
	first := safego.Run(func() error { _, err := l.Start(ctx, Start{Query: "written"}); return err })
	<-held.enter // the first start is being written
	second := safego.Run(func() error { _, err := l.Start(ctx, Start{Query: "waiting"}); return err })
	waitfor.True(t, time.Second, "the second start in the queue", func() bool { return len(l.queue) == 1 })
	cancel()
	for _, done := range []<-chan error{first, second} {
		if err := <-done; errs.CodeOf(err) != errs.Canceled {
			t.Errorf("a cancelled start: %v", err)
		}
	}
	for range 50 {
		held.leave <- struct{}{}
	}
	shut(t, l)
	var queries []string
	for _, r := range records(t, dir) {
		if r.Kind == KindStart || r.Kind == KindEnd {
			queries = append(queries, string(r.Kind)+string(r.Body))
		}
	}
	if len(queries) != 2 || !strings.Contains(queries[0], `"written"`) || !strings.Contains(queries[1], `"outcome":"abandoned"`) {
		t.Errorf("%q", queries)
	}
	if r := verified(t, dir, nil, key); r.OpenAll != 0 {
		t.Errorf("%+v", r.Open)
	}
}

// slow is a disk whose syncs wait to be let through.
type slow struct {
	disk
	enter, leave chan struct{}
}

type slowFile struct {
	file
	d *slow
}

func (d *slow) create(path string) (file, error) {
	f, err := d.disk.create(path)
	return slowFile{f, d}, err
}

func (f slowFile) Sync() error {
	f.d.enter <- struct{}{}
	<-f.d.leave
	return f.file.Sync()
}

func TestLiteral(t *testing.T) {
	key := func(b byte) []byte { return bytes.Repeat([]byte{b}, 16) }
	l := opened(t, Options{Dir: t.TempDir(), LiteralKey: key(1)})
	other := opened(t, Options{Dir: t.TempDir(), LiteralKey: key(2)})
	none := opened(t, Options{Dir: t.TempDir()})
	a := l.Literal([]byte("张三"))
	if len(a) != 16 || a != l.Literal([]byte("张三")) || a == l.Literal([]byte("李四")) || a == other.Literal([]byte("张三")) {
		t.Errorf("literals: %s", a)
	}
	if none.Literal([]byte("张三")) != none.Literal([]byte("李四")) {
		t.Error("without a key a literal shows")
	}
}

func TestSigner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	a, err := OpenSigner(path, Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenSigner(path, Ed25519)
	if err != nil || a.KeyID() != b.KeyID() {
		t.Errorf("a second start has another key: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ParsePublicKeys(data)
	if err != nil || len(keys) != 1 || keys[0].ID() != a.KeyID() {
		t.Errorf("%v %v", keys, err)
	}
	if _, err := ParsePublicKeys([]byte("x")); errs.CodeOf(err) != errs.Usage {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSigner(path, Ed25519); errs.CodeOf(err) != errs.ConfigInvalid {
		t.Errorf("a key that others can read: %v", err)
	}
	if _, err := OpenSigner(path, "md5"); errs.CodeOf(err) != errs.ConfigInvalid {
		t.Errorf("%v", err)
	}
}
