package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/limits"
	"github.com/lianji/lianji/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a source whose trouble a test can choose and end.
type fake struct {
	connectors.Source
	config connectors.Config

	mu     sync.Mutex
	err    error
	tables []*catalog.Table
	closed int

	counted int64
}

func (f *fake) Ping(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return "Fake 1.0", f.err
}

func (f *fake) Describe(context.Context) ([]*catalog.Table, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.config.Name == "panics" {
		panic("in a connector")
	}
	return f.tables, f.err
}

// Statistics tells of one row more with each call.
func (f *fake) Statistics(ctx context.Context, tables []*catalog.Table) (map[catalog.TableID]*catalog.Statistics, error) {
	f.mu.Lock()
	f.counted++
	n, err := f.counted, f.err
	f.mu.Unlock()
	switch f.config.Name {
	case "panics":
		panic("in a connector")
	case "slow":
		<-ctx.Done()
		return nil, errs.From(ctx.Err())
	case "mute":
		return nil, unreachable("mute")
	}
	out := map[catalog.TableID]*catalog.Statistics{}
	for _, t := range tables {
		out[t.ID] = &catalog.Statistics{Rows: n, Read: time.Now(), Never: true}
	}
	return out, err
}

func (f *fake) Examine(context.Context) (*connectors.Examination, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.config.Name == "mute" {
		return nil, unreachable("mute")
	}
	return &connectors.Examination{}, f.err
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

func (f *fake) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// world is a configuration with fake sources; those named down cannot be reached.
type world struct {
	cfg     *config.Config
	options Options
	engine  EngineOptions // what the engine was made with
	querier *servertest.Querier

	mu      sync.Mutex
	sources map[string]*fake
}

func unreachable(name string) error {
	return errs.Wrap(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": name}, errors.New("connection refused"))
}

func newWorld(t *testing.T, text string, down ...string) *world {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lianji.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{sources: map[string]*fake{}, querier: &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1})}}
	w.options = Options{
		Openers: map[string]connectors.Opener{
			"sqlite": func(_ context.Context, c connectors.Config) (connectors.Source, error) {
				switch c.Name {
				case "wrong":
					return nil, errs.New(errs.ConfigInvalid, "config_empty", msg.Args{"File": "x"})
				case "unopenable":
					return nil, errs.New(errs.SourceFailed, "source_failed", msg.Args{"Source": c.Name})
				}
				f := &fake{config: c, tables: []*catalog.Table{{
					ID:      catalog.TableID{Schema: "main", Name: "t"},
					Columns: []catalog.Column{{Name: "a", Type: catalog.Type{Kind: catalog.Text}}, {Name: "b", SourceType: "money"}},
				}}}
				if slices.Contains(down, c.Name) {
					f.err = unreachable(c.Name)
				}
				w.mu.Lock()
				defer w.mu.Unlock()
				w.sources[c.Name] = f
				return f, nil
			},
		},
		NewEngine: func(o EngineOptions) (Engine, error) {
			w.engine = o
			return w.querier, nil
		},
	}
	var err error
	if w.cfg, err = config.Load(file, w.options.Kinds(), func(string) (string, bool) { return "UTC", true }); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) open(t *testing.T) *App {
	t.Helper()
	a, err := Open(t.Context(), w.cfg, w.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		for name, s := range w.sources {
			if s.closed != 1 {
				t.Errorf("source %s was closed %d times", name, s.closed)
			}
		}
		if _, err := os.Stat(w.engine.TempDir); !os.IsNotExist(err) {
			t.Errorf("the folder of the run is left: %v", err)
		}
	})
	return a
}

const two = `
engine: {memory: 128MiB, temp: ./tmp, temp_limit: 2MiB, max_running: 3, max_queued: 5, queue_timeout: 7s}
sources:
  ga: {kind: sqlite, path: ga.db, connections: 2}
  mz: {kind: sqlite, path: mz.db}
publish:
  公安: {人口: ga.main.t}
  民政: {低保: mz.main.t}
limits: {running: {all: 40, principal: 4}, queued: {agency: 9}, queue_timeout: 3s, statement_timeout: 9m, result_rows: 11, result_bytes: 5MiB, result_kept: 90m}
`

func TestOpen(t *testing.T) {
	w := newWorld(t, two)
	a := w.open(t)
	e := w.engine
	if e.MemoryBytes != 128<<20 || e.TempBytes != 2<<20 || e.TimeZone != "UTC" || e.MaxRunning != 3 || e.MaxQueued != 5 || e.QueueTimeout != 7*time.Second || len(e.Sources) != 2 {
		t.Errorf("engine made with %+v", e)
	}
	if want := (limits.Options{Running: turns.Most{All: 40, Principal: 4}, Queued: turns.Most{Agency: 9}, QueueTimeout: 3 * time.Second, Timeout: 9 * time.Minute, Rows: 11, Bytes: 5 << 20}); e.Limits != want {
		t.Errorf("limits %+v", e.Limits)
	}
	if info, err := os.Stat(e.TempDir); err != nil || info.Mode().Perm() != 0o700 || filepath.Dir(e.TempDir) != filepath.Join(w.cfg.Dir, "tmp") {
		t.Errorf("temporary folder %s: %v %v", e.TempDir, info, err)
	}
	c := w.sources["ga"].config
	if c.Path != filepath.Join(w.cfg.Dir, "ga.db") || c.Connections != 2 || c.Kind != "sqlite" || filepath.Dir(c.TempDir) != e.TempDir || c.TempDir == w.sources["mz"].config.TempDir {
		t.Errorf("source opened with %+v", c)
	}
	s, err := a.Direct()
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := s.Snapshot.Resolve([]string{"ga", "t"}); !ok || !s.Operator || len(r.Columns) != 1 {
		t.Errorf("session %+v", s)
	}
	if len(a.Unavailable()) != 0 {
		t.Errorf("unavailable: %v", a.Unavailable())
	}
	if _, err := a.Query(t.Context(), s, server.Request{SQL: "x"}); err != nil {
		t.Error(err)
	}
}

func TestDirectOff(t *testing.T) {
	a := newWorld(t, two+"direct: off\n").open(t)
	if s, err := a.Direct(); errs.From(err).ID != "app_direct_off" || s.Snapshot != nil || s.Operator {
		t.Errorf("got %+v %v", s, err)
	}
}

// One source that is away, cannot be opened or panics does not hide the others.
func TestOneSourceDown(t *testing.T) {
	w := newWorld(t, strings.Replace(two, "sources:", "sources:\n  unopenable: {kind: sqlite, path: x}\n  panics: {kind: sqlite, path: y}", 1), "mz")
	a := w.open(t)
	codes := map[string]errs.Code{}
	for _, d := range a.Unavailable() {
		codes[d.Source] = errs.CodeOf(d.Err)
	}
	if d := cmp.Diff(map[string]errs.Code{"mz": errs.SourceUnreachable, "unopenable": errs.SourceFailed, "panics": errs.Internal}, codes); d != "" {
		t.Error(d)
	}
	if len(w.engine.Sources) != 3 || w.engine.Sources["unopenable"] != nil {
		t.Errorf("the engine got %v", w.engine.Sources)
	}
	s, err := a.Direct()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Snapshot.Resolve([]string{"ga", "main", "t"}); !ok {
		t.Error("ga is hidden")
	}
	if err := policy.Unavailable(s.Snapshot, []string{"mz", "main", "t"}); errs.CodeOf(err) != errs.SourceUnreachable {
		t.Errorf("mz: %v", err)
	}
}

func TestOpenFails(t *testing.T) {
	w := newWorld(t, strings.Replace(two, "sources:", "sources:\n  wrong: {kind: sqlite, path: x}", 1))
	_, err := Open(t.Context(), w.cfg, w.options)
	var placed *Placed
	if !errors.As(err, &placed) || !strings.HasSuffix(placed.Place, "lianji.yaml:4:3") || errs.CodeOf(err) != errs.ConfigInvalid {
		t.Errorf("got %v", err)
	}
	for name, s := range w.sources {
		if s.closed != 1 {
			t.Errorf("source %s was closed %d times", name, s.closed)
		}
	}
	if left, err := os.ReadDir(filepath.Join(w.cfg.Dir, "tmp")); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
	w = newWorld(t, two)
	w.options.NewEngine = func(EngineOptions) (Engine, error) { return nil, errs.New(errs.OutOfMemory, "internal", nil) }
	if _, err := Open(t.Context(), w.cfg, w.options); errs.CodeOf(err) != errs.OutOfMemory {
		t.Errorf("engine: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, newWorld(t, two).cfg, w.options); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// ask posts a statement and returns the answer.
func ask(t *testing.T, url string) (int, string) {
	t.Helper()
	return askAt(t, url+"/v1/query")
}

func askAt(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post(url, "application/json", strings.NewReader(`{"sql":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func TestDoor(t *testing.T) {
	w := newWorld(t, two, "mz")
	a := w.open(t)
	door, err := a.ListenOpen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := safego.Run(func() error { return door.Run(ctx) })
	status, body := ask(t, door.URL())
	var answer struct {
		RowCount int `json:"row_count"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK || answer.RowCount != 1 {
		t.Errorf("%d %s", status, body)
	}
	_, sessions := w.querier.Asked()
	s := sessions[0]
	status, body = askAt(t, door.URL()+"/v1/statements")
	var kept struct{ Asked, Until time.Time }
	if err := json.Unmarshal([]byte(body), &kept); err != nil || status != http.StatusAccepted || kept.Until.Sub(kept.Asked) != 90*time.Minute {
		t.Errorf("without waiting: %d %s", status, body)
	}
	if _, ok := s.Snapshot.Resolve([]string{"公安", "人口"}); !ok || s.Operator {
		t.Errorf("session %+v", s)
	}
	if _, ok := s.Snapshot.Resolve([]string{"ga", "main", "t"}); ok {
		t.Error("the door takes source.schema.table")
	}
	if err := policy.Unavailable(s.Snapshot, []string{"民政", "低保"}); errs.CodeOf(err) != errs.SourceUnreachable {
		t.Errorf("民政.低保: %v", err)
	}
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A source that comes back is published without a restart; the snapshot that a
// query has does not change.
func TestSourceComesBack(t *testing.T) {
	w := newWorld(t, two, "mz")
	a := w.open(t)
	door, err := a.ListenOpen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = door.http.Close() }()
	before := a.published.Load()
	ctx, end := context.WithCancel(t.Context())
	done := safego.Run(func() error { return a.retry(ctx, time.Millisecond) })
	path := []string{"民政", "低保"}
	if _, ok := a.published.Load().Resolve(path); ok {
		t.Error("published while the source is down")
	}
	w.sources["mz"].set(nil)
	waitfor.True(t, time.Second, "the source to be published", func() bool {
		_, ok := a.published.Load().Resolve(path)
		return ok
	})
	end()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, ok := before.Resolve(path); ok || before.Identity() == a.published.Load().Identity() {
		t.Error("a snapshot changed, or two have one identity")
	}
	if len(a.Unavailable()) != 0 {
		t.Error("still listed as unavailable")
	}
}

func TestListenFails(t *testing.T) {
	for name, c := range map[string]struct{ from, to, id, place string }{
		"no publish":   {"publish:", "roots: []\n#", "app_nothing_published", ""},
		"no table":     {"ga.main.t", "ga.main.nothing", "app_publish_no_table", "lianji.yaml:7:12"},
		"no loopback":  {"engine:", "listen: {http: 0.0.0.0:0}\nengine:", "http_not_loopback", ""},
		"case differs": {"ga.main.t", "ga.MAIN.T", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(two, c.from, c.to, 1)
			if name == "no publish" {
				text = text[:strings.Index(text, "#")] + "\n"
			}
			a := newWorld(t, text).open(t)
			address := ""
			if c.id == "" {
				address = "127.0.0.1:0"
			}
			door, err := a.ListenOpen(t.Context(), address)
			if err == nil {
				_ = door.http.Close()
			}
			e := errs.From(err)
			if (e == nil) != (c.id == "") || (e != nil && (e.ID != c.id || e.Code != errs.ConfigInvalid)) {
				t.Fatalf("got %v, want %q", err, c.id)
			}
			var placed *Placed
			if errors.As(err, &placed) != (c.place != "") || (placed != nil && !strings.HasSuffix(placed.Place, c.place)) {
				t.Errorf("got %v, want the place %q", err, c.place)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	text := strings.NewReplacer("sources:", "sources:\n  wrong: {kind: sqlite, path: x}\n  panics: {kind: sqlite, path: y}", "ga.main.t", "ga.main.nothing").Replace(two)
	w := newWorld(t, text, "mz")
	var got []SourceReport
	report, err := Check(t.Context(), w.cfg, w.options, func(r SourceReport) { got = append(got, r) })
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	codes := map[string][]string{}
	for _, r := range got {
		names = append(names, r.Name)
		for _, f := range r.Findings {
			codes[r.Name] = append(codes[r.Name], string(f.Level)+" "+f.Code)
		}
	}
	if d := cmp.Diff([]string{"wrong", "panics", "ga", "mz"}, names); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string][]string{
		"wrong": {"error config_invalid"}, "panics": {"error internal"}, "mz": {"error source_unreachable"},
		"ga": {"warning columns_unreadable", "hint text_compared_here", "hint never_analyzed"},
	}, codes); d != "" {
		t.Error(d)
	}
	ga := got[2]
	if ga.Version != "Fake 1.0" || ga.Tables != 1 || ga.Views != 0 || !ga.Usable() || !slices.Equal(ga.Unreadable, []Unreadable{{"main.t.b", "money"}}) || ga.Text.Other != 1 {
		t.Errorf("ga: %+v", ga)
	}
	if !strings.HasSuffix(got[0].Findings[0].Place(), "lianji.yaml:4:3") {
		t.Errorf("wrong: %+v", got[0].Findings)
	}
	if len(report.Findings) != 1 || errs.From(report.Findings[0].Err).ID != "app_publish_no_table" || report.Count(LevelError) != 4 || len(report.Wrong()) != 4 {
		t.Errorf("findings: %+v", report.Findings)
	}
	for name, s := range w.sources {
		if s.closed != 1 {
			t.Errorf("source %s was closed %d times", name, s.closed)
		}
	}
	if left, err := os.ReadDir(filepath.Join(w.cfg.Dir, "tmp")); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
	w = newWorld(t, two)
	w.options.NewEngine = func(EngineOptions) (Engine, error) { return nil, errs.New(errs.DiskFull, "internal", nil) }
	report, err = Check(t.Context(), w.cfg, w.options, func(SourceReport) {})
	if err != nil || len(report.Wrong()) != 1 || errs.CodeOf(report.Wrong()[0]) != errs.DiskFull {
		t.Errorf("engine: %+v %v", report, err)
	}
}

// The end of the time that a source was given is the source's error; the end of
// the caller's patience is not.
func TestWhoseTimeEnded(t *testing.T) {
	s := &source{cfg: config.Source{Name: "mz"}}
	if err := s.ownError(t.Context(), context.DeadlineExceeded); errs.CodeOf(err) != errs.SourceUnreachable {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.ownError(ctx, context.Canceled); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("got %v", err)
	}
	if err := s.ownError(t.Context(), errs.New(errs.SourceRefused, "source_refused", nil)); errs.CodeOf(err) != errs.SourceRefused {
		t.Errorf("got %v", err)
	}
}

func TestRunDirs(t *testing.T) {
	base := filepath.Join(t.TempDir(), "deep", "tmp")
	live, err := newRunDir(base)
	if err != nil {
		t.Fatal(err)
	}
	crashed, err := newRunDir(base)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(crashed.path, "spilled"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := crashed.lock.Close(); err != nil { // as the end of its process would
		t.Fatal(err)
	}
	for _, name := range []string{"run-without-lock", "other"} {
		if err := os.Mkdir(filepath.Join(base, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	next, err := newRunDir(base)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		live.path: true, crashed.path: false, next.path: true, filepath.Join(base, "run-without-lock"): true, filepath.Join(base, "other"): true,
	} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", path, err == nil, want)
		}
	}
	if err := errors.Join(live.remove(), next.remove()); err != nil {
		t.Error(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	alone, err := newRunDir("")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(alone.path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
	if err := alone.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(alone.path); !os.IsNotExist(err) {
		t.Error("not removed")
	}
}
