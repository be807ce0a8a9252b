// Package gateway joins planner and executor: a statement goes in, a stream of
// its rows comes out. Every door and the command line use this one way.
package gateway

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/exec"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/dialect"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/policy/quota"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/limits"
)

// Options of a Gateway. Zero values are exec's defaults; no source means that
// every statement that names a table is refused.
type Options struct {
	Sources      map[string]connectors.Source
	MemoryBytes  int64
	TempDir      string
	TempBytes    int64
	TimeZone     string
	MaxRunning   int
	MaxQueued    int
	QueueTimeout time.Duration
	Tokens       exec.Tokenizers    // nil means that no tokens can be made
	Binder       planner.Binder     // which Close closes; nil means one in this process
	Audit        *audit.Log         // nil means that nothing is recorded
	Limits       limits.Options     // of what comes by doors, not of an operator's own statements
	Logger       *slog.Logger       // where a line goes for each query; nil means nowhere
	Ended        func(server.Ended) // hears of each statement at its end; nil means nobody
	Tracer       *tracing.Tracer    // nil means that no statement is followed
}

// Gateway implements server.Querier.
type Gateway struct {
	planner *planner.Planner
	binder  planner.Binder
	engine  *exec.Engine
	audit   *audit.Log
	limits  *limits.Limits
	log     *slog.Logger
	ended   func(server.Ended)
	tracer  *tracing.Tracer
	pages   pages
}

// New makes a gateway over open sources, which stay the caller's to close.
func New(o Options) (*Gateway, error) {
	engine, err := exec.New(exec.Options{
		Sources: o.Sources, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TempBytes: o.TempBytes, TimeZone: o.TimeZone,
		MaxRunning: o.MaxRunning, MaxQueued: o.MaxQueued, QueueTimeout: o.QueueTimeout, Tokens: o.Tokens,
	})
	if err != nil {
		return nil, err
	}
	binder := o.Binder
	if binder == nil {
		binder = planner.NewInProcess(o.TimeZone)
	}
	g := &Gateway{binder: binder, engine: engine, audit: o.Audit, limits: limits.New(o.Limits), log: o.Logger, ended: o.Ended, tracer: o.Tracer}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.planner = planner.New(binder, func(source string) dialect.Dialect {
		s, ok := o.Sources[source]
		if !ok {
			return nil
		}
		return dialect.For(s.Capabilities().Dialect)
	})
	return g, nil
}

// closeWithin is how long Close waits for queries that it cancelled.
const closeWithin = 10 * time.Second

// Close cancels what runs, waits for it and frees everything.
func (g *Gateway) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	g.limits.Close()
	g.pages.close()
	err := g.engine.Close(ctx)
	g.binder.Close()
	return err
}

// Query implements server.Querier. The answer's stream ends with ctx.
func (g *Gateway) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	q := &query{id: r.ID, start: time.Now(), log: g.log, by: s, ended: g.ended}
	if q.id == "" {
		q.id = newID()
	}
	ctx, q.span = g.follow(ctx, tracing.Whole, q.id, s, r)
	page := g.ofPage(s, &r)
	q.record = g.record(q.id, s, r)
	q.record.page = page
	answer, err := g.receipted(ctx, s, r, q.record)
	if err != nil {
		e := server.Discreet(s, explainFullWidth(nameSchemas(s.Snapshot, errs.From(err)), r.SQL))
		q.end(0, 0, 0, e)
		return nil, e
	}
	answer.ID = q.id
	stream := &logged{Stream: answer.Stream, query: q}
	_, stream.first = tracing.Start(ctx, tracing.FirstBatch)
	answer.Stream = stream
	putBack := answer.Unread
	answer.Unread = func(rows int64) {
		stream.rows -= rows
		if putBack != nil {
			putBack(rows)
		}
	}
	if q.record.digest != nil {
		answer.Receipt = &receipt{recorded: q.record, stream: stream}
	}
	return answer, nil
}

// follow begins the trace of a statement, if it is to be followed.
func (g *Gateway) follow(ctx context.Context, p tracing.Part, id string, s server.Session, r server.Request) (context.Context, *tracing.Span) {
	ctx, span := g.tracer.Begin(ctx, p, tracing.Statement{
		Query: id, Door: s.Door, Purpose: s.Purpose, Agency: s.Agency, Mode: string(s.Mode), Parent: r.Traceparent, Text: r.SQL,
	})
	if r.TraceID != nil {
		*r.TraceID = span.TraceID()
	}
	return ctx, span
}

func newID() string { return strings.ToLower(rand.Text()[:16]) }

func (g *Gateway) answer(ctx context.Context, s server.Session, r server.Request, rec *recorded) (*server.Answer, error) {
	snapshot := policy.OrDenied(s.Snapshot)
	stmt, err := sqltext.Statement(r.SQL)
	if err != nil {
		return nil, err
	}
	switch {
	case stmt.Kind == sqltext.Grants:
		answer, err := grants(ctx, s, stmt.SQL, r.Params, rec)
		if err != nil {
			return nil, shifted(err, r.SQL, stmt.Offset)
		}
		return answer, nil
	case stmt.Kind == sqltext.Describe && stmt.SQL != "":
		return g.limited(ctx, s, rec.query, func(ctx context.Context) (*server.Answer, *quota.Budget, error) {
			described, err := g.prepare(ctx, snapshot, stmt.SQL, planner.Options{})
			if err != nil {
				return nil, nil, shifted(err, r.SQL, stmt.Offset)
			}
			if err := rec.begin(ctx); err != nil {
				return nil, nil, err
			}
			return columnsOf(described.Columns), nil, nil
		})
	case stmt.Kind == sqltext.ShowTables || stmt.Kind == sqltext.ShowSchemas || stmt.Kind == sqltext.Describe:
		if err := rec.begin(ctx); err != nil {
			return nil, err
		}
		return metadata(snapshot, stmt, r.SQL)
	}
	return g.limited(ctx, s, rec.query, func(ctx context.Context) (*server.Answer, *quota.Budget, error) {
		return g.run(ctx, s, r, stmt, rec)
	})
}

// shifted moves an error's place from the inner statement into the whole text.
func shifted(err error, whole string, offset int) error {
	e := errs.From(err)
	if e.Pos == nil || offset == 0 {
		return e
	}
	return e.At(whole, e.Pos.Offset+offset)
}

// prepare gives the statement as it was bound.
func (g *Gateway) prepare(ctx context.Context, snapshot policy.Snapshot, sql string, o planner.Options) (*planner.Statement, error) {
	ctx, span := tracing.Start(ctx, tracing.Prepare)
	defer span.End()
	return g.planner.Prepare(ctx, sql, snapshot, o)
}

// plan gives the statement as it was bound, and its plan.
func (g *Gateway) plan(ctx context.Context, snapshot policy.Snapshot, sql string, params []server.Param) (*planner.Plan, *planner.Statement, error) {
	stmt, err := g.prepare(ctx, snapshot, sql, declared(params))
	if err != nil {
		return nil, nil, err
	}
	ctx, span := tracing.Start(ctx, tracing.Plan)
	defer span.End()
	values, err := bind(stmt.Params, params)
	if err != nil {
		return nil, nil, err
	}
	plan, err := stmt.Plan(ctx, values)
	return plan, stmt, err
}

// declared tells the planner what is known of parameters before they are bound.
func declared(params []server.Param) planner.Options {
	types, exact := map[string]catalog.Type{}, map[string]bool{}
	var o planner.Options
	for i, p := range params {
		name := p.Name
		if name == "" {
			o.Samples = append(o.Samples, p.Text)
			name = strconv.Itoa(i + 1)
		}
		types[name], exact[name] = typeAtHand(p), p.Exact
	}
	o.Declared = func(name string) catalog.Type { return types[name] }
	o.Exact = func(name string) bool { return exact[name] }
	return o
}

// typeAtHand is the type that the client declared for a value, or of a value that the client sent as a number or a truth
// value: the one that DuckDB gives it where it stands in a statement.
func typeAtHand(p server.Param) catalog.Type {
	switch {
	case p.Type.Kind != catalog.Invalid:
		return p.Type
	case p.Null:
		return catalog.Type{Kind: catalog.Null}
	case p.Bool:
		return catalog.Type{Kind: catalog.Bool}
	case p.Number:
		if _, err := strconv.ParseInt(p.Text, 10, 32); err == nil {
			return catalog.Type{Kind: catalog.Int32}
		}
		if _, err := strconv.ParseInt(p.Text, 10, 64); err == nil {
			return catalog.Type{Kind: catalog.Int64}
		}
		whole, frac, _ := strings.Cut(strings.TrimPrefix(p.Text, "-"), ".")
		if digits := len(whole) + len(frac); digits <= 38 && strings.Trim(whole+frac, "0123456789") == "" {
			return catalog.DecimalOf(int32(digits), int32(len(frac)))
		}
		return catalog.Type{Kind: catalog.Float64}
	}
	return catalog.Type{}
}

// element is what a list has, and any other type itself.
func element(t catalog.Type) catalog.Type {
	if t.Kind == catalog.List {
		return *t.Elem
	}
	return t
}

// bind gives each of the statement's parameters its value: by name where the
// client named them, else in order.
func bind(want []planner.Param, got []server.Param) ([]catalog.Value, error) {
	if len(want) != len(got) {
		return nil, errs.New(errs.ParameterInvalid, "parameter_count", msg.Args{"Want": len(want), "Got": len(got)})
	}
	values := make([]catalog.Value, len(want))
	for i, w := range want {
		_, err := strconv.Atoi(w.Name)
		given, found := got[i], got[i].Name == "" && err == nil
		if !found {
			for _, p := range got {
				if p.Name == w.Name {
					given, found = p, true
				}
			}
		}
		if !found {
			return nil, errs.New(errs.ParameterInvalid, "parameter_missing", msg.Args{"Name": w.Name})
		}
		if given.Null {
			values[i] = catalog.Value{Type: w.Type}
			continue
		}
		if of := element(given.Type); of.Kind == catalog.Blob && element(w.Told()).Kind != catalog.Blob {
			return nil, errs.New(errs.ParameterInvalid, "parameter_value", msg.Args{"Name": w.Name, "Type": w.Told().DuckDB()})
		}
		if given.List {
			values[i], err = w.ListValue(given.Items)
		} else {
			values[i], err = w.Value(given.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}
