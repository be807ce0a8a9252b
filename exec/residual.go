package exec

import (
	"context"
	"sort"
	"sync"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
)

// residual runs the plan's text in a DuckDB instance of its own, over one stream
// for each table reference.
func (r *Rows) residual(p *planner.Plan) error {
	leave, err := r.engine.admission.enter(r.ctx)
	if err != nil {
		return err
	}
	r.free = append(r.free, leave)
	places, err := r.reserve(p)
	if err != nil {
		return err
	}
	inst, err := r.engine.pool.take(r.ctx)
	if err != nil {
		return err
	}
	r.free = append(r.free, inst.discard)
	var scans []*duck.Scan
	r.failure = func(err error) error {
		for _, s := range scans {
			if cause := s.Err(); cause != nil {
				return cause
			}
		}
		return err
	}
	for i, s := range p.Scans {
		if places[i].shared && !s.Spool {
			spooled := *s.Whole()
			spooled.Spool = true
			s = &spooled
		}
		scan, err := r.show(inst, s, places[i].conn)
		scans = append(scans, scan)
		if err != nil {
			return err
		}
	}
	stmt, err := inst.conn.Prepare(r.ctx, p.Text)
	if err != nil {
		return err
	}
	r.free = append(r.free, stmt.Close)
	names := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		names[i] = c.Name
	}
	reader, err := stmt.Stream(r.ctx, p.Values, duck.StreamOptions{Alloc: r.engine.o.Alloc, Rows: answerRows, Bytes: answerBytes, Names: names})
	if err != nil {
		return err
	}
	r.free = append(r.free, reader.Release)
	r.schema = catalog.ArrowSchema(p.Columns)
	if !reader.Schema().Equal(r.schema) {
		return errs.Internalf("the executor's result differs from the binder's: %s, %s", reader.Schema(), r.schema)
	}
	r.source = reader
	return nil
}

// place is where a scan runs; a shared one is used by one scan after another.
type place struct {
	conn   connectors.Conn
	shared bool
}

// reserve takes every connection that the query will hold, source after source
// in the order of their names, all of one source together: no query waits for a
// source while it holds a place that a waiting one needs before it. A source with
// fewer places than scans gives one, and its scans are read one after another
// into tables.
func (r *Rows) reserve(p *planner.Plan) ([]place, error) {
	bySource := map[string][]int{}
	for i, s := range p.Scans {
		bySource[s.Resource.Source] = append(bySource[s.Resource.Source], i)
	}
	names := make([]string, 0, len(bySource))
	for name := range bySource {
		names = append(names, name)
	}
	sort.Strings(names)
	places := make([]place, len(p.Scans))
	for _, name := range names {
		source, err := r.engine.source(name)
		if err != nil {
			return nil, err
		}
		scans := bySource[name]
		conns, err := source.Acquire(r.ctx, len(scans))
		if err != nil && len(scans) > 1 && errs.CodeOf(err) == errs.SourceBusy {
			conns, err = source.Acquire(r.ctx, 1)
		}
		if err != nil {
			return nil, err
		}
		for _, c := range conns {
			r.free = append(r.free, c.Release)
		}
		for k, i := range scans {
			places[i] = place{conn: conns[k%len(conns)], shared: len(conns) < len(scans)}
		}
	}
	return places, nil
}

// lazyStream starts its scan when DuckDB first reads it.
type lazyStream struct {
	place    connectors.Conn
	fragment func(whole bool) connectors.Fragment
	mu       sync.Mutex
	stream   connectors.Stream
}

func (l *lazyStream) open(ctx context.Context, whole bool) (duck.ArrowStream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stream, err := l.place.Scan(ctx, l.fragment(whole))
	if err != nil {
		return nil, err
	}
	l.stream = stream
	return stream, nil
}

func (l *lazyStream) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stream != nil {
		l.stream.Release()
		l.stream = nil
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

// show makes one scan visible to the residual, as a view over its stream or, when
// it must be spooled, as a table that is filled now.
func (r *Rows) show(inst *instance, s *planner.Scan, place connectors.Conn) (*duck.Scan, error) {
	fetched := make([]int, len(s.Resource.Columns))
	for i := range fetched {
		fetched[i] = -1
	}
	for k, i := range s.Positions {
		fetched[i] = k
	}
	lazy := &lazyStream{place: place, fragment: func(whole bool) connectors.Fragment {
		if whole {
			return r.engine.fragment(s.Whole())
		}
		return r.engine.fragment(s)
	}}
	r.free = append(r.free, lazy.release)
	scan := duck.NewScan(r.ctx, duck.ScanOptions{
		Columns: s.Resource.Columns, Fetched: fetched, Rows: rowsOr(s.Resource.Table.Rows, unknownRows), Threads: r.engine.o.Threads, Open: lazy.open,
	})
	r.free = append(r.free, scan.Close)
	for _, sql := range s.View(scan.SQL()) {
		if err := inst.conn.Exec(r.ctx, sql); err != nil {
			return scan, err
		}
	}
	if s.Spool { // its place is free for the next one
		scan.Close()
		lazy.release()
	}
	return scan, nil
}
