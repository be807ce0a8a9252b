package mysql

import (
	"context"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Scan sends one prepared statement: its rows come in binary form, in which a FLOAT
// is what is stored (as text it would have six digits), and values are always bound.
// The statement is a transaction of its own, read only as all of the session's, and
// sees one moment of what it reads.
func (l *lease) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	if l.released || l.stream != nil && !l.stream.released {
		return nil, errs.Internalf("source %s: a scan on a place that is released or still scans", l.source.name)
	}
	if len(f.Columns) == 0 || f.Alloc == nil {
		return nil, errs.Internalf("source %s: a fragment without columns or allocator", l.source.name)
	}
	for _, c := range f.Columns {
		if !c.Type.Readable() {
			return nil, errs.New(errs.NotSupported, "column_unreadable", msg.Args{
				"Column": c.SourceName, "Table": f.Table.String(), "Type": c.SourceType,
			})
		}
	}
	p, ok := bind(f.Values)
	if !ok {
		return nil, errs.Internalf("source %s: a value that cannot be bound", l.source.name)
	}
	run, end, err := l.source.begin(ctx)
	if err != nil {
		return nil, err
	}
	for {
		st, again, err := l.try(ctx, run, end, f, p)
		switch {
		case err == nil:
			l.stream = st
			return st, nil
		case again && run.Err() == nil:
			continue
		}
		end()
		if ended := l.source.endOf(ctx); ended != nil {
			return nil, ended
		}
		return nil, scanError(l.source.name, f.TableNames(), err)
	}
}

// try starts f on the lease's session. It returns when the server has accepted the
// statement: what it answers to its being run may come only with the first rows, and
// the stream waits for that. again says that a second attempt may succeed where this
// one failed: nothing was run.
func (l *lease) try(ctx, run context.Context, end func(), f connectors.Fragment, p parameters) (*stream, bool, error) {
	used, err := l.open(run)
	if err != nil {
		return nil, false, err
	}
	run, stop := context.WithCancel(run)
	s := l.session
	cancel := l.source.cancelWith(run, s)
	st, err := s.prepared(f.Text(), f.Comment == connectors.Comment{})
	if err == nil && (len(st.columns) == 0 || st.parameters != p.count) {
		err = errs.Internalf("the statement's columns or placeholders are not as sent")
	}
	if err == nil && len(st.columns) != len(f.Columns) {
		err = errChanged
		if forgotten := s.forget(st); forgotten != nil {
			err = forgotten
		}
	}
	if err == nil {
		err = s.execute(st, p)
	}
	if err == nil {
		read := &stream{
			ctx: ctx, run: run, stop: stop, cancel: cancel, end: end,
			source: l.source, fragment: f, session: s, statement: st,
		}
		read.start()
		return read, false, nil
	}
	cancel.end()
	stop()
	if used && lost(err) {
		l.drop()
		return nil, true, err
	}
	return nil, false, err
}
