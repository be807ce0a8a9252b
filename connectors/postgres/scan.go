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
	st := &stream{ctx: ctx, begun: run, end: end, lease: l, source: l.source, fragment: f}
	if err := l.attempt(st, f.Alone); err != nil {
		end()
		return nil, st.why(err)
	}
	if st.pending == nil {
		st.start(st.rows)
	}
	l.stream = st
	return st, nil
}

// attempt sends the stream's statement until one session takes it, or it fails.
func (l *lease) attempt(st *stream, direct bool) error {
	for {
		again, err := l.try(st, direct)
		if err == nil || !again || st.begun.Err() != nil {
			return err
		}
	}
}

// try sends the stream's statement on the lease's session. again says that a second
// attempt may succeed where this one failed: nothing of an answer was seen. With direct, and a statement that the session has prepared, the server's word is not
// waited for: the stream's first read has it.
func (l *lease) try(st *stream, direct bool) (again bool, err error) {
	used, err := l.open(st.begun)
	if err != nil {
		return false, err
	}
	f, s := st.fragment, l.session
	direct = direct && s.statements.find(f.Text()) != nil
	run, stop := context.WithCancel(st.begun)
	cancel := s.cancelWith(run, direct)
	sent, err := s.send(f, direct)
	if err == nil && !direct {
		err = s.accept(sent)
	}
	if err == nil {
		var d *decoder
		if d, err = l.decoder(f, sent.columns); err == nil {
			st.run, st.stop, st.cancel, st.session, st.decoder = run, stop, cancel, s, d
			if direct {
				st.pending = sent
			}
			return false, nil
		}
		if e := cancel.undirect(run); e != nil {
			s.broken = true
		}
		stop() // the statement runs, and its rows are not what was described
		_ = s.drain()
	}
	if s.broken && !lost(err) {
		stop() // it may still run
	}
	cancel.end()
	stop()
	return l.fails(used, f.Text(), err)
}

// fails looks at why a statement failed of whose answer nothing was seen, and tells
// whether it may be sent again.
func (l *lease) fails(used bool, sql string, err error) (again bool, _ error) {
	var pg *pgconn.PgError
	switch {
	case used && lost(err):
		l.drop()
		return true, err
	case errors.As(err, &pg) && staleStatement(pg):
		return l.session.statements.remove(sql), err
	}
	return false, err
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

// send writes the whole statement at once; accept must follow. After an error the session
// is broken, unless nothing was sent.
func (s *session) send(f connectors.Fragment, direct bool) (*statement, error) {
	fields, formats, numbers, ok := bind(f.Values)
	if !ok {
		return nil, errs.Internalf("a value that cannot be bound")
	}
	w := s.pg.Frontend()
	text := f.Text()
	st := s.statements.find(text)
	if st != nil && !slices.Equal(st.parameters, numbers) {
		return nil, errs.Internalf("the statement's placeholders are not of the values' types")
	}
	if st == nil {
		st = &statement{sql: text} // without a name it lasts until the next one without
		if f.Comment == (connectors.Comment{}) {
			if old := s.statements.oldest(); old != nil {
				w.Send(&pgproto3.Close{ObjectType: 'S', Name: old.name})
				s.statements.remove(old.sql)
			}
			st.name = s.statements.name()
		}
		w.Send(&pgproto3.Parse{Name: st.name, Query: st.sql})
		w.Send(&pgproto3.Describe{ObjectType: 'S', Name: st.name})
	}
	w.Send(&pgproto3.Bind{PreparedStatement: st.name, ParameterFormatCodes: formats, Parameters: fields, ResultFormatCodes: []int16{formatBinary}})
	if !direct {
		// Without this the server would keep its first answers until there are rows.
		w.Send(&pgproto3.Flush{})
	}
	w.Send(&pgproto3.Execute{})
	w.Send(&pgproto3.Sync{})
	if err := w.Flush(); err != nil {
		s.broken = true
		return nil, err
	}
	st.sent = numbers
	return st, nil
}

// accept reads until the server has accepted a statement that was sent. After an error
// of the server the session is at rest again; after any other it is broken.
func (s *session) accept(st *statement) error {
	for {
		kind, body, err := s.next()
		if err != nil {
			s.broken = true
			return err
		}
		switch kind {
		case '1', '3': // parsed, closed
		case 't':
			if st.parameters, err = parameterNumbers(body); err != nil {
				s.broken = true
				return err
			}
		case 'T':
			if st.columns, err = columnTypes(body); err != nil {
				s.broken = true
				return err
			}
		case '2': // bound: the statement will run
			if len(st.columns) == 0 || !slices.Equal(st.parameters, st.sent) {
				s.broken = true
				return errs.Internalf("the statement's columns or placeholders are not as sent")
			}
			s.statements.keep(st)
			return nil
		case 'E':
			failure := serverError(body)
			if s.broken = lost(failure); s.broken {
				return failure
			}
			if err := s.drain(); err != nil {
				return err
			}
			return failure
		default: // 'n': a statement without rows is none of ours
			s.broken = true
			return errMalformed
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
