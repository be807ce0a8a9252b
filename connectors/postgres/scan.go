package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Scan sends one statement by the extended protocol and asks for binary values.
// The statement is a transaction of its own, read only as all of the session's,
// and over with its last row: nothing stays open at the server.
//
// COPY BINARY was measured against this and was slower by a tenth to a quarter;
// it takes no values and does not say which types it sends.
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
	run, end, err := l.source.begin(ctx)
	if err != nil {
		return nil, err
	}
	for {
		st, again, err := l.try(ctx, run, end, f)
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
		return nil, scanError(l.source.name, f.Table, err)
	}
}

// try sends f on the lease's session. again says that a second attempt may
// succeed where this one failed: nothing of an answer was seen.
func (l *lease) try(ctx, run context.Context, end func(), f connectors.Fragment) (st *stream, again bool, err error) {
	used, err := l.open(run)
	if err != nil {
		return nil, false, err
	}
	run, stop := context.WithCancel(run)
	cancel := l.session.cancelWith(run)
	types, err := l.session.send(f)
	if err == nil {
		var d *decoder
		if d, err = l.decoder(f, types); err == nil {
			st = &stream{
				ctx: ctx, run: run, stop: stop, cancel: cancel, end: end,
				source: l.source, fragment: f, session: l.session, decoder: d,
			}
			st.start()
			return st, false, nil
		}
		stop() // the statement runs, and its rows are not what was described
		_ = l.session.drain()
	}
	if l.session.broken && !lost(err) {
		stop() // it may still run
	}
	cancel.end()
	stop()
	var pg *pgconn.PgError
	switch {
	case used && lost(err):
		l.drop()
		return nil, true, err
	case errors.As(err, &pg) && staleStatement(pg):
		return nil, l.session.statements.remove(f.SQL), err
	}
	return nil, false, err
}

// decoder makes the decoder of f's columns as the server announced them.
func (l *lease) decoder(f connectors.Fragment, types []uint32) (*decoder, error) {
	columns := make([]column, len(f.Columns))
	for i := range columns {
		fits := len(types) == len(columns)
		if fits {
			var c *column
			if c, fits = newColumn(f.Columns[i].Type, types[i]); fits {
				columns[i] = *c
			}
		}
		if !fits {
			return nil, errs.New(errs.SourceFailed, "source_table_changed", msg.Args{"Source": l.source.name, "Table": f.Table.String()})
		}
	}
	rows := f.Rows
	if rows <= 0 || rows > connectors.DefaultBatchRows {
		rows = connectors.DefaultBatchRows
	}
	return newDecoder(catalog.ArrowSchema(f.Columns), columns, f.Alloc, rows), nil
}

// send writes the whole statement at once and reads until the server has
// accepted it. It gives the type numbers of the result's columns. After an error
// of the server the session is at rest again; after any other it is broken.
func (s *session) send(f connectors.Fragment) ([]uint32, error) {
	fields, formats, numbers, ok := bind(f.Values)
	if !ok {
		return nil, errs.Internalf("a value that cannot be bound")
	}
	w := s.pg.Frontend()
	st := s.statements.find(f.SQL)
	if st != nil && !slices.Equal(st.parameters, numbers) {
		return nil, errs.Internalf("the statement's placeholders are not of the values' types")
	}
	if st == nil {
		if old := s.statements.oldest(); old != nil {
			w.Send(&pgproto3.Close{ObjectType: 'S', Name: old.name})
			s.statements.remove(old.sql)
		}
		st = &statement{name: s.statements.name(), sql: f.SQL}
		w.Send(&pgproto3.Parse{Name: st.name, Query: st.sql})
		w.Send(&pgproto3.Describe{ObjectType: 'S', Name: st.name})
	}
	w.Send(&pgproto3.Bind{PreparedStatement: st.name, ParameterFormatCodes: formats, Parameters: fields, ResultFormatCodes: []int16{formatBinary}})
	// Without this the server would keep its first answers until there are rows.
	w.Send(&pgproto3.Flush{})
	w.Send(&pgproto3.Execute{})
	w.Send(&pgproto3.Sync{})
	if err := w.Flush(); err != nil {
		s.broken = true
		return nil, err
	}
	for {
		kind, body, err := s.next()
		if err != nil {
			s.broken = true
			return nil, err
		}
		switch kind {
		case '1', '3': // parsed, closed
		case 't':
			if st.parameters, err = parameterNumbers(body); err != nil {
				s.broken = true
				return nil, err
			}
		case 'T':
			if st.columns, err = columnTypes(body); err != nil {
				s.broken = true
				return nil, err
			}
		case '2': // bound: the statement will run
			if len(st.columns) == 0 || !slices.Equal(st.parameters, numbers) {
				s.broken = true
				return nil, errs.Internalf("the statement's columns or placeholders are not as sent")
			}
			s.statements.keep(st)
			return st.columns, nil
		case 'E':
			failure := serverError(body)
			if s.broken = lost(failure); s.broken {
				return nil, failure
			}
			if err := s.drain(); err != nil {
				return nil, err
			}
			return nil, failure
		default: // 'n': a statement without rows is none of ours
			s.broken = true
			return nil, errMalformed
		}
	}
}

// parameterNumbers reads the type numbers out of a ParameterDescription: those
// that the statement's own casts give its placeholders.
func parameterNumbers(body []byte) ([]uint32, error) {
	var m pgproto3.ParameterDescription
	if err := m.Decode(body); err != nil {
		return nil, errMalformed
	}
	return m.ParameterOIDs, nil
}

// columnTypes reads the type numbers out of a RowDescription. Of a domain the
// server gives the type below it.
func columnTypes(body []byte) ([]uint32, error) {
	var m pgproto3.RowDescription
	if err := m.Decode(body); err != nil {
		return nil, errMalformed
	}
	numbers := make([]uint32, len(m.Fields))
	for i, field := range m.Fields {
		numbers[i] = field.DataTypeOID
	}
	return numbers, nil
}
