package soak

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testcatalog"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

// variable says how long TestSoak takes, as Go writes durations; in the long form of all
// tests it takes what shortly says.
const (
	variable = "LIANJI_SOAK"
	shortly  = 15 * time.Second
	people   = 8 // who ask at once
	rows     = 20_000
)

const (
	open    = "grants:\n  公安.户口:\n    - {agency: 民政, items: {id: clear, qx: clear, n: clear}, purposes: [DB-HC], modes: [interface]}"
	shut    = "grants: {公安.户口: []}"
	granted = "grants:\n  公安.人口:\n    - {agency: 民政, items: {id: clear, xm: clear, qx: clear, n: clear}, purposes: [DB-HC], modes: [interface]}\n  公安.本区:\n    - {agency: 民政, items: {id: clear, n: clear}, purposes: [DB-HC], modes: [interface], where: qx = '区3'}"
	parts   = "resources:\n  公安.人口: {class: restricted, source: ga, schema: public, table: renkou, items: {id: 编号, xm: 姓名, qx: 区, n: 数}}\n  公安.本区: {class: restricted, source: ga, schema: public, table: benqu, items: {id: 编号, qx: 区, n: 数}}\n  公安.户口: {class: restricted, source: ga, schema: public, table: hukou, items: {id: 编号, qx: 区, n: 数}}"
)

// statement is one that people ask, and its answer: rows, and the sum of the first column.
type statement struct {
	sql       string
	rows, sum int64
	revoked   bool // its grant goes and comes
}

// statements have answers that follow from how the tables are made: id from 1 to rows, qx
// is 区 and id modulo 10, n is id modulo 1000.
func statements() []statement {
	all := int64(rows) * (rows + 1) / 2
	return []statement{
		{sql: "SELECT id, xm FROM 公安.人口 WHERE id = 77", rows: 1, sum: 77},
		{sql: "SELECT id, xm FROM 公安.人口 WHERE id = -1", rows: 0, sum: 0},
		{sql: "SELECT id, qx, n FROM 公安.人口", rows: rows, sum: all},
		{sql: "SELECT count(*), qx FROM 公安.人口 GROUP BY qx", rows: 10, sum: rows},
		{sql: "SELECT count(*) FROM 公安.人口 a JOIN 公安.本区 b ON a.id = b.id AND hash(a.n) = hash(b.n)", rows: 1, sum: rows / 10},
		{sql: "SELECT id FROM 公安.人口 WHERE sqrt(id) <= 10 ORDER BY id DESC", rows: 100, sum: 5050},
		{sql: "SELECT sum(id)::BIGINT FROM 公安.本区 WHERE n < 500", rows: 1, sum: ofDistrict(500)},
		{sql: "SELECT id, n FROM 公安.户口", rows: rows, sum: all, revoked: true},
		{sql: "SELECT max(id) FROM 公安.户口 WHERE qx = '区0'", rows: 1, sum: rows, revoked: true},
	}
}

func ofDistrict(below int64) (sum int64) {
	for id := int64(3); id <= rows; id += 10 {
		if id%1000 < below {
			sum += id
		}
	}
	return sum
}

// place is a gateway over one PostgreSQL, behind all its doors.
type place struct {
	dir, url, token string
	others          map[string]string // host and port of the other doors, by their schemes
	server          *testpg.Server
	admin           string
	kept            *testcatalog.Catalogue
}

func newPlace(t *testing.T, holds time.Duration) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), others: map[string]string{}, server: testpg.StartOwn(t)}
	db := p.server.Database(t)
	p.admin = db.Admin
	db.Exec(t, fmt.Sprintf(`CREATE TABLE renkou AS SELECT i::bigint AS id, '姓名' || i AS xm, '区' || (i %% 10) AS qx, (i %% 1000)::int AS n FROM generate_series(1, %d) r(i);
		ALTER TABLE renkou ADD PRIMARY KEY (id); CREATE VIEW benqu AS SELECT id, qx, n FROM renkou; CREATE VIEW hukou AS SELECT id, qx, n FROM renkou; ANALYZE;
		GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader`, rows))
	file := filepath.Join(p.dir, "lianji.yaml")
	text := fmt.Sprintf("listen: {http: \"127.0.0.1:0\", flight: \"127.0.0.1:0\", postgres: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\", second_factor: waived}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 512MiB}\nsources:\n  ga: {kind: postgres, dsn: %q}\n", db.Reader)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"postgres"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	p.kept = testcatalog.New(t, cfg)
	p.kept.Apply(t, append(testcatalog.People(), testcatalog.Step{By: "bm", Text: parts}, testcatalog.Step{By: "ld", Text: granted}, testcatalog.Step{By: "ld", Text: open})...)
	p.token = p.kept.Token(t, "wang", holds)
	a, err := app.Open(t.Context(), cfg, app.Options{Openers: map[string]connectors.Opener{"postgres": postgres.Open}, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, Tokens: o.Tokens, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, Limits: o.Limits})
	}})
	if err != nil {
		t.Fatal(err)
	}
	door, err := a.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p.url = door.URL()
	for _, one := range door.Others() {
		scheme, address, _ := strings.Cut(one, "://")
		p.others[scheme] = address
	}
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := errors.Join(<-ran, a.Close()); err != nil {
			t.Error(err)
		}
		p.verify(t)
	})
	return p
}

// verify looks at the audit log of the gateway that is gone: nothing is missing, and what
// began has an end.
func (p *place) verify(t *testing.T) {
	report, err := audit.Verify(filepath.Join(p.dir, audit.FolderName), nil, nil)
	if err != nil {
		t.Error(err)
		return
	}
	t.Logf("the audit log has %d records, %d starts without an end", report.Records, report.OpenAll)
	if !report.OK() || report.OpenAll != 0 || report.Records < 100 {
		t.Errorf("the audit log: %+v", report)
	}
}

// tally counts what came of statements, by code; "" is a whole answer.
type tally struct {
	mu    sync.Mutex
	codes map[string]int
	wrong []string
}

func (y *tally) note(code string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.codes[code]++
}

func (y *tally) fault(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.wrong) < 20 {
		y.wrong = append(y.wrong, fmt.Sprintf(format, args...))
	}
}

// Reasons for which a statement may fail here: the source is away, its grant is, or its
// client left. Each is told by its code.
var (
	away    = []errs.Code{errs.SourceUnreachable, errs.SourceFailed, errs.SourceBusy}
	revoked = []errs.Code{errs.UnknownName, errs.Revoked}
)

func TestSoak(t *testing.T) {
	lasts := shortly
	switch text := os.Getenv(variable); {
	case text == "" && os.Getenv("LIANJI_LONG") == "":
		t.Skip("for make soak and make test-long")
	case text != "":
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	p := newPlace(t, lasts+time.Hour)
	ways := doors()
	y := &tally{codes: map[string]int{}}
	for _, w := range ways { // what is made once is there before anything is counted
		for _, s := range statements() {
			p.once(t.Context(), w, s, y, false)
		}
	}
	goroutines, heap := resting()
	ctx, end := context.WithTimeout(t.Context(), lasts)
	defer end()
	var g safego.Group
	for range people {
		g.Go(func() error {
			for ctx.Err() == nil {
				w, all := ways[rand.N(len(ways))], statements()
				p.once(t.Context(), w, all[rand.N(len(all))], y, rand.N(4) == 0)
			}
			return nil
		})
	}
	g.Go(func() error { return p.revokes(t, ctx) })
	p.comesAndGoes(t, ctx) // it fails the test where it cannot, so it runs here
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	all := statements()
	waitfor.True(t, 5*time.Second, "the last grant to be in force", func() bool {
		return p.once(t.Context(), ways[0], all[len(all)-1], y, false) == ""
	})
	for _, w := range ways { // afterwards everything is answered
		for _, s := range all {
			if code := p.once(t.Context(), w, s, y, false); code != "" {
				t.Errorf("afterwards, by %s, %s: %s", w.name, s.sql, code)
			}
		}
	}
	for _, line := range y.wrong {
		t.Error(line)
	}
	for _, code := range slices.Sorted(maps.Keys(y.codes)) {
		t.Logf("%6d %s", y.codes[code], map[bool]string{true: "whole answers", false: code}[code == ""])
	}
	p.nothingLeft(t, goroutines, heap)
}

// once asks one statement by one door, and leaves before its end if so told.
func (p *place) once(ctx context.Context, w door, s statement, y *tally, leaves bool) (code string) {
	if leaves {
		var leave context.CancelFunc
		ctx, leave = context.WithTimeout(ctx, rand.N(20*time.Millisecond))
		defer leave()
	}
	n, sum, code, err := w.ask(ctx, p, s.sql)
	switch {
	case code == "" && err == nil:
		if n != s.rows || sum != s.sum {
			y.fault("by %s, %s: %d rows with the sum %d, want %d and %d", w.name, s.sql, n, sum, s.rows, s.sum)
		}
	case ctx.Err() != nil, leaves && code == "", leaves && w.deadlines && code == string(errs.Timeout):
		code = "left" // the time may be over for a part of it before it is for ctx
	case code == string(errs.Conflict) && w.twoCalls: // grants changed between them
	case slices.ContainsFunc(away, w.is(code)), s.revoked && slices.ContainsFunc(revoked, w.is(code)):
	default:
		y.fault("by %s, %s: %s %v", w.name, s.sql, code, err)
	}
	y.note(code)
	return code
}

// revokes takes a grant back and gives it again, until ctx ends; then it is there.
func (p *place) revokes(t *testing.T, ctx context.Context) error {
	for ctx.Err() == nil {
		for _, text := range []string{shut, open} {
			if err := p.kept.Try(t, testcatalog.Step{By: "ld", Text: text}); err != nil {
				return err
			}
			pause(ctx, 700*time.Millisecond)
		}
	}
	return nil
}

// comesAndGoes ends the source and starts it again, until ctx ends; then it is there.
func (p *place) comesAndGoes(t *testing.T, ctx context.Context) {
	t.Helper()
	for ctx.Err() == nil {
		pause(ctx, 4*time.Second)
		if ctx.Err() != nil {
			return
		}
		if rand.N(2) == 0 {
			p.server.Kill(t)
		} else {
			p.server.Stop(t)
		}
		pause(ctx, time.Second)
		p.server.Restart(t)
	}
}

// pause waits, and no longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// resting gives the goroutines and the bytes in use when nothing runs.
func resting() (goroutines int, heap uint64) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}

// What may be left of a run, in which statements and their plans are kept: goroutines of
// connections that end by themselves, and bytes.
const (
	moreGoroutines = 40
	moreHeap       = 32 << 20
)

// nothingLeft looks for what a run has left: goroutines, memory, sessions at the source.
func (p *place) nothingLeft(t *testing.T, goroutines int, heap uint64) {
	t.Helper()
	var now int
	var used uint64
	waitfor.True(t, 5*time.Second, "what ran to be gone", func() bool {
		now, used = resting()
		return now <= goroutines+moreGoroutines && used <= heap+moreHeap
	})
	t.Logf("goroutines %d, before %d; heap %d KiB, before %d KiB", now, goroutines, used>>10, heap>>10)
	conn, err := pgx.Connect(t.Context(), p.admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var sessions, busy int
	waitfor.True(t, time.Second, "the source's sessions to rest", func() bool {
		if err := conn.QueryRow(t.Context(), "SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity WHERE application_name = 'lianji'").Scan(&sessions, &busy); err != nil {
			t.Fatal(err)
		}
		return busy == 0 && sessions <= config.DefaultConnections
	})
	t.Logf("%d sessions at the source", sessions)
}
