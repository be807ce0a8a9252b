package pgwire

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/pgwire/command"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// prepared is a statement that a client has prepared. It holds nothing of the gateway's:
// each execution is asked anew.
type prepared struct {
	sql     string
	empty   bool
	command command.Command
	oids    []uint32 // of parameters, as the client declared them
	params  []parameter
	columns []catalog.Column // nil for a command
	shown   bool             // the client was told of them
	size    int
	style   pgvalue.Style
}

// mostParams is how many parameters the protocol has room for.
const mostParams = 1<<16 - 1

// keep tells whether the connection may keep so many bytes more beside so many others.
func (c *conn) keep(bytes, others int) error {
	if c.kept+bytes > c.door.Limits.KeptBytes || others >= c.door.Limits.Kept {
		return errs.New(errs.StatementTooComplex, "pgwire_kept", nil)
	}
	return nil
}

func (c *conn) forget(name string) {
	if s := c.statements[name]; s != nil {
		c.kept -= s.size
		delete(c.statements, name)
	}
}

// parse prepares a statement: what its parameters and columns are is asked for now, so that
// what is wrong with it shows here.
func (c *conn) parse(ctx context.Context, m *pgproto3.Parse) error {
	name := m.Name
	if name == "" {
		c.forget("")
	}
	if c.statements[name] != nil {
		return state("42P05", errs.Conflict, "pgwire_statement_there", msg.Args{"Name": shortName(name)})
	}
	if len(m.ParameterOIDs) > mostParams {
		return errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	s := &prepared{sql: m.Query, size: len(m.Query) + len(name) + 16*len(m.ParameterOIDs), oids: slices.Clone(m.ParameterOIDs)}
	if err := c.keep(s.size, len(c.statements)); err != nil {
		return err
	}
	pieces := command.Split(m.Query)
	if len(pieces) > 1 {
		return &asked{errs.New(errs.OneStatement, "gate_one_statement", nil).At(m.Query, pieces[1].Offset), "", 0}
	}
	s.empty = len(pieces) == 0
	var err error
	if s.command, err = command.Parse(m.Query); err != nil {
		return err
	}
	if err := c.mayRun(s.command.Kind); err != nil {
		return err
	}
	for _, oid := range s.oids {
		t, ok := pgvalue.Declared(oid)
		if !ok {
			return errs.New(errs.NotSupported, "pgwire_param_type", msg.Args{"OID": strconv.FormatUint(uint64(oid), 10)})
		}
		s.params = append(s.params, parameter{typ: t, oid: oid})
	}
	if err := c.look(ctx, s); err != nil {
		return err
	}
	c.kept += s.size
	c.statements[name] = s
	c.send(&pgproto3.ParseComplete{})
	return nil
}

// asks gives the text of what a statement asks of the gateway; false where that is nothing.
func (s *prepared) asks() (sql string, ok bool) {
	switch s.command.Kind {
	case command.None:
		return s.sql, !s.empty
	case command.Declare, command.Copy:
		return s.command.SQL, true
	}
	return "", false
}

// look asks what a statement's parameters and columns are.
func (c *conn) look(ctx context.Context, s *prepared) error {
	sql, ok := s.asks()
	if !ok {
		return nil
	}
	query := newID()
	session, err := c.session(ctx)
	if err != nil {
		return c.refuse(ctx, err, query, "")
	}
	r := server.Request{ID: query, SQL: sql, Traceparent: c.settings.text(traceSetting)}
	for _, p := range s.params {
		r.Params = append(r.Params, server.Param{Type: p.typ})
	}
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var d *server.Described
	err = c.during(&portal{cancel: cancel}, func() error {
		stop := c.tellPlace(session, query)
		defer stop()
		q := c.querier()
		d, err = q.Describe(work, session, r)
		s.style = q.style
		return why(work, err)
	})
	if err != nil {
		return &asked{err, query, 0}
	}
	if s.command.Kind == command.None {
		s.columns = d.Columns
		if s.columns == nil {
			s.columns = []catalog.Column{}
		}
	}
	if s.numeric(d.Params) {
		return c.look(ctx, s)
	}
	return s.learn(d.Params)
}

// learn takes over what the statement's parameters turned out to be, where the client left
// that open.
func (s *prepared) learn(found []catalog.Column) error {
	declared := s.params
	if len(found) > mostParams {
		return errs.New(errs.StatementTooComplex, "pgwire_kept", nil)
	}
	s.params = make([]parameter, len(found))
	for i, f := range found {
		if f.Name != strconv.Itoa(i+1) {
			return errs.New(errs.NotSupported, "pgwire_param_names", nil)
		}
		s.params[i] = parameter{typ: f.Type, oid: s.style.Of(f.Type).OID}
		if i >= len(declared) {
			s.params[i].open = s.params[i].anyDigits()
			continue
		}
		s.params[i].open = declared[i].open && f.Type.Equal(declared[i].typ)
		if oid := declared[i].oid; oid != 0 && oid != pgvalue.UnknownOID {
			s.params[i].oid = oid
		}
		s.params[i].open = s.params[i].open || s.params[i].anyDigits()
	}
	return nil
}

// bind makes a portal of a prepared statement and its parameters' values.
func (c *conn) bind(ctx context.Context, m *pgproto3.Bind) error {
	s := c.statements[m.PreparedStatement]
	if s == nil {
		c.source = ""
		return state("26000", errs.RequestInvalid, "pgwire_no_statement", msg.Args{"Name": shortName(m.PreparedStatement)})
	}
	c.source = s.sql
	if err := c.mayRun(s.command.Kind); err != nil {
		return err
	}
	if m.DestinationPortal == "" {
		c.closePortal("")
	}
	if c.portals[m.DestinationPortal] != nil {
		return state("42P03", errs.Conflict, "pgwire_cursor_there", msg.Args{"Name": shortName(m.DestinationPortal)})
	}
	if len(m.Parameters) != len(s.params) {
		return errs.New(errs.RequestInvalid, "parameter_count", msg.Args{"Want": len(s.params), "Got": len(m.Parameters)})
	}
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(m.Parameters) || !formatsFit(m.ParameterFormatCodes) {
		return errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	if n := len(m.ResultFormatCodes); s.columns != nil && n > 1 && n != len(s.columns) || !formatsFit(m.ResultFormatCodes) {
		return errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	s, err := c.withNulls(ctx, s, m.Parameters)
	if err != nil {
		return err
	}
	p := &portal{
		name: m.DestinationPortal, sql: s.sql, command: s.command, columns: s.columns, query: newID(), style: s.style,
		formats: slices.Clone(m.ResultFormatCodes), size: len(s.sql) + len(m.DestinationPortal),
	}
	for i, raw := range m.Parameters {
		param, err := c.value(s, i, raw, formatOf(m.ParameterFormatCodes, i) == 1)
		if err != nil {
			return err
		}
		p.size += len(raw) + 32*(len(param.Items)+1)
		p.params = append(p.params, param)
	}
	if err := c.retyped(ctx, s, p); err != nil {
		return err
	}
	if err := c.keep(p.size, len(c.portals)); err != nil {
		return err
	}
	c.kept += p.size
	c.opens(p)
	c.send(&pgproto3.BindComplete{})
	return nil
}

// formatsFit tells whether each is text or binary.
func formatsFit(codes []int16) bool {
	return !slices.ContainsFunc(codes, func(c int16) bool { return c != 0 && c != 1 })
}

// describe tells of a statement or a portal what its parameters and columns are.
func (c *conn) describe(_ context.Context, m *pgproto3.Describe) error {
	var p *portal
	var formats []int16
	if m.ObjectType == 'S' {
		s := c.statements[m.Name]
		if s == nil {
			return state("26000", errs.RequestInvalid, "pgwire_no_statement", msg.Args{"Name": shortName(m.Name)})
		}
		c.send(s.told())
		c.describes(s)
		p = &portal{command: s.command, columns: s.columns, style: s.style}
	} else {
		if p = c.portals[m.Name]; p == nil {
			return state("34000", errs.RequestInvalid, "pgwire_no_cursor", msg.Args{"Name": shortName(m.Name)})
		}
		formats = p.formats
	}
	columns := p.columns
	if p.command.Kind != command.None {
		var err error
		if columns, err = c.ownColumns(p); err != nil {
			return err
		}
		formats = c.ownFormats(p, formats)
	}
	if columns == nil {
		c.send(&pgproto3.NoData{})
		return nil
	}
	if len(formats) > 1 && len(formats) != len(columns) {
		return errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	c.send(&pgproto3.RowDescription{Fields: fields(columns, formats, c.ownStyle(p))})
	return nil
}

// execute runs a portal, or goes on with it, for some rows or all.
func (c *conn) execute(ctx context.Context, m *pgproto3.Execute) error {
	p := c.portals[m.Portal]
	if p == nil {
		c.source = ""
		return state("34000", errs.RequestInvalid, "pgwire_no_cursor", msg.Args{"Name": shortName(m.Portal)})
	}
	c.source = p.sql
	if err := c.mayRun(p.command.Kind); err != nil {
		return err
	}
	if m.MaxRows > 1<<31-1 {
		m.MaxRows = 0 // as PostgreSQL takes a number below 0
	}
	switch {
	case p.command.Kind == command.Copy:
		return c.copyOut(ctx, p)
	case p.command.Kind != command.None:
		tag, err := c.do(ctx, p, p.formats)
		if err != nil {
			return c.located(err, 0)
		}
		c.send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
		return nil
	case p.columns == nil:
		if err := c.enters(ctx); err != nil {
			return err
		}
		c.send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	if n := len(p.formats); n > 1 && n != len(p.columns) {
		return errs.New(errs.RequestInvalid, "pgwire_protocol", nil)
	}
	n, err := c.fetch(ctx, p, int(m.MaxRows), p.formats, c.sendRow)
	if err != nil {
		return err
	}
	if m.MaxRows > 0 && n == int(m.MaxRows) {
		c.send(&pgproto3.PortalSuspended{})
		return nil
	}
	c.send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT " + strconv.Itoa(n))})
	return nil
}

// closeNamed forgets a statement or a portal; one that is not there is closed already.
func (c *conn) closeNamed(m *pgproto3.Close) error {
	if m.ObjectType == 'S' {
		c.forget(m.Name)
	} else {
		c.closePortal(m.Name)
	}
	c.send(&pgproto3.CloseComplete{})
	return nil
}
