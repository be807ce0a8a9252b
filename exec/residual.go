package exec

import (
	"context"
	"errors"
	"sort"
	"sync"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/internal/turns"
	"github.com/lianji/lianji/planner"
)

// residual runs the plan's text in a DuckDB instance that nobody else uses
// meanwhile, over one stream for each border of a source or of policy.
func (r *Rows) residual(p *planner.Plan) error {
	who, id := turns.Of(r.ctx)
	admission, waits := tracing.Start(r.ctx, tracing.Admission)
	err := r.engine.turns.Enter(admission, who, id)
	waits.End()
	if err != nil {
		return err
	}
	var span *tracing.Span
	r.ctx, span = tracing.Start(r.ctx, tracing.Residual)
	if span != nil {
		r.free = append(r.free, span.End)
	}
	r.free = append(r.free, func() { r.engine.turns.Leave(who) })
	places, err := r.reserve(p.Streams)
	if err != nil {
		return err
	}
	inst, err := r.instance()
	if err != nil {
		return err
	}
	r.free = append(r.free, func() { r.leave(inst, r.measure == nil && p.Fallback == "") })
	r.failure = r.sourceFailure
	r.keys = r.keySources(p.Streams, places)
	if err := r.showAll(inst, p.Streams, places, r.scan); err != nil {
		return err
	}
	stmt, err := inst.conn.Prepare(r.ctx, p.Text)
	if err != nil {
		var d *duck.Error
		if errors.As(err, &d) && d.Kind != duck.KindMemory && d.Kind != duck.KindDiskFull {
			return &notTaken{err}
		}
		return err
	}
	r.free = append(r.free, stmt.Close)
	reader, err := stmt.Stream(r.ctx, p.Values, duck.StreamOptions{Alloc: r.engine.o.Alloc, Rows: answerRows, Bytes: answerBytes, Names: columnNames(p.Columns)})
	if err != nil {
		return err
	}
	r.free = append(r.free, reader.Release)
	r.schema = catalog.ArrowSchema(p.Columns)
	if !reader.Schema().Equal(r.schema) {
		return &notTaken{errs.Internalf("the executor's result differs from the binder's: %s, %s", reader.Schema(), r.schema)}
	}
	r.source = reader
	return nil
}

// leave gives an instance back that may run another statement: one whose statement
// came to its end, and left nothing but what is temporary.
func (r *Rows) leave(inst *instance, temporary bool) {
	if r.ended && temporary {
		r.engine.pool.give(inst)
		return
	}
	r.engine.pool.discard(inst)
}

// instance gives the instance of the residual, which the caller leaves.
func (r *Rows) instance() (*instance, error) {
	if r.measure == nil {
		return r.engine.pool.take(r.ctx)
	}
	return r.measure.instance(func() (*instance, error) { return r.engine.pool.profiled(r.ctx) })
}

// place is where a stream of a source runs; a shared one is used by one stream after
// another.
type place struct {
	conn   connectors.Conn
	shared bool
}

// ofSources lists the streams that sources give, those below stages too.
func ofSources(streams []*planner.Stream) []*planner.Stream {
	var out []*planner.Stream
	for _, s := range streams {
		if s.Stage != nil {
			out = append(out, ofSources(s.Stage.Streams)...)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// reserve takes every connection that the query will hold, source after source
// in the order of their names, all of one source together: no query waits for a
// source while it holds a place that a waiting one needs before it. A source with
// fewer places than streams gives one, and its streams are read one after another
// into tables.
func (r *Rows) reserve(streams []*planner.Stream) (map[*planner.Stream]place, error) {
	bySource := map[string][]*planner.Stream{}
	for _, s := range ofSources(streams) {
		bySource[s.Source] = append(bySource[s.Source], s)
	}
	names := make([]string, 0, len(bySource))
	for name := range bySource {
		names = append(names, name)
	}
	sort.Strings(names)
	places := map[*planner.Stream]place{}
	for _, name := range names {
		own := bySource[name]
		conns, err := r.acquire(name, len(own))
		if err != nil && len(own) > 1 && errs.CodeOf(err) == errs.SourceBusy {
			conns, err = r.acquire(name, 1)
		}
		if err != nil {
			return nil, err
		}
		for k, s := range own {
			places[s] = place{conn: conns[k%len(conns)], shared: len(conns) < len(own)}
		}
	}
	return places, nil
}

// lazyStream starts its stream when DuckDB first reads it.
type lazyStream struct {
	start   func(ctx context.Context, whole bool) (openStream, error)
	mu      sync.Mutex
	running openStream
}

// openStream is what runs: a connector's stream, or a stage's rows.
type openStream interface {
	duck.ArrowStream
	Release()
}

func (l *lazyStream) open(ctx context.Context, whole bool) (duck.ArrowStream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stream, err := l.start(ctx, whole)
	if err != nil {
		return nil, err
	}
	l.running = stream
	return stream, nil
}

func (l *lazyStream) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running != nil {
		l.running.Release()
		l.running = nil
	}
}

// unknownRows stands for a size that no source told: DuckDB takes a scan without a
// size for a tiny one, and joins it row by row.
const unknownRows = 10_000

func rowsOr(rows, otherwise int64) int64 {
	if rows < 0 {
		return otherwise
	}
	return rows
}

// scanner starts a stream of a source.
type scanner func(context.Context, connectors.Conn, *planner.Stream) (openStream, error)

// scanHidden starts a stream of which nothing is told: a policy holds back rows of it.
func (r *Rows) scanHidden(ctx context.Context, c connectors.Conn, s *planner.Stream) (openStream, error) {
	stream, err := c.Scan(ctx, r.engine.fragment(ctx, s))
	if err != nil {
		return nil, err
	}
	return stream, nil
}

// showAll makes streams visible to the residual of inst.
func (r *Rows) showAll(inst *instance, streams []*planner.Stream, places map[*planner.Stream]place, begin scanner) error {
	for _, s := range streams {
		if err := r.show(inst, s, places, begin); err != nil {
			return err
		}
	}
	return nil
}

// show makes one stream visible, as a view or, when it must be spooled, as a table
// that is filled now.
func (r *Rows) show(inst *instance, s *planner.Stream, places map[*planner.Stream]place, begin scanner) error {
	at, shown := places[s], s
	if at.shared && !s.Spool {
		shown = s.Spooled()
	}
	read := func(ctx context.Context, f *planner.Stream) (openStream, error) {
		return r.open(ctx, s, func(ctx context.Context) (openStream, error) { return begin(ctx, at.conn, f) })
	}
	lazy := &lazyStream{start: r.withKeys(s, func(ctx context.Context, whole bool) (openStream, error) {
		if whole {
			return read(ctx, shown.Whole())
		}
		return read(ctx, shown)
	}, read)}
	if s.Stage != nil {
		staged, err := r.stage(s, places)
		if err != nil {
			return err
		}
		lazy.start = staged
	}
	r.free = append(r.free, lazy.release)
	scan := duck.NewScan(r.ctx, duck.ScanOptions{
		Columns: shown.Shown, Fetched: shown.Fetched, Rows: rowsOr(shown.Rows, unknownRows), Threads: r.engine.o.Threads, Open: lazy.open,
	})
	r.scans = append(r.scans, scan)
	r.free = append(r.free, scan.Close)
	for _, sql := range shown.Views(scan.SQL()) {
		if err := inst.conn.Exec(r.ctx, sql); err != nil {
			return err
		}
	}
	if shown.Spool { // its place is free for the next one
		scan.Close()
		lazy.release()
	}
	return nil
}

// stage prepares a stage of policy in an instance of its own, over its own streams,
// and gives what starts it.
func (r *Rows) stage(s *planner.Stream, places map[*planner.Stream]place) (func(context.Context, bool) (openStream, error), error) {
	inst, err := r.engine.pool.take(r.ctx)
	if err != nil {
		return nil, err
	}
	r.free = append(r.free, func() { r.leave(inst, true) })
	if err := r.tokens(inst, s.Stage.Tokens); err != nil {
		return nil, err
	}
	if err := r.showAll(inst, s.Stage.Streams, places, r.scanHidden); err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ bool) (openStream, error) {
		stmt, err := inst.conn.Prepare(ctx, s.Stage.Text)
		if err != nil {
			return nil, err
		}
		reader, err := stmt.Stream(ctx, nil, duck.StreamOptions{Alloc: r.engine.o.Alloc, Rows: answerRows, Bytes: answerBytes, Names: columnNames(s.Columns)})
		if err != nil {
			stmt.Close()
			return nil, err
		}
		return &stageRows{Reader: reader, stmt: stmt}, nil
	}, nil
}

// stageRows is a running stage.
type stageRows struct {
	*duck.Reader
	stmt *duck.Stmt
}

// Release ends the stage's statement. The reader comes first.
func (s *stageRows) Release() {
	s.Reader.Release()
	s.stmt.Close()
}

// sourceFailure gives the error of the stream that failed first, which DuckDB's own
// only quotes.
func (r *Rows) sourceFailure(err error) error {
	for _, s := range r.scans {
		if cause := s.Err(); cause != nil {
			return cause
		}
	}
	return err
}

func columnNames(columns []catalog.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}
