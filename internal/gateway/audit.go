package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/exec"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server"
)

// maxAudited is how much of a statement's text an audit record holds, in bytes.
const maxAudited = 64 << 10

// recorded is one statement in the audit log; a nil log records nothing.
type recorded struct {
	query   string // its id
	text    string // as it was sent
	log     *audit.Log
	start   audit.Start
	id      audit.ID
	pending *audit.Begun  // the start on its way to disk, between submit and durable
	span    *tracing.Span // over that way
	started bool
	sources []audit.Read       // that are read
	counts  func() []exec.Read // what they gave, once it is known; nil before
	page    *kept              // that is asked for; nil for a statement
	digest  *audit.Digest      // of a request that asks for a receipt; nil for others
	once    sync.Once
}

func (g *Gateway) record(id string, s server.Session, r server.Request) *recorded {
	rec := &recorded{query: id, text: r.SQL, log: g.audit}
	if g.audit != nil {
		rec.start = audit.Start{
			Time: time.Now(), Query: id, Principal: s.Principal, Agency: s.Agency, Client: s.Client, Door: s.Door, Purpose: s.Purpose, Mode: string(s.Mode),
		}
		rec.start.Statement = sqltext.Redact(r.SQL, maxAudited, g.audit.Literal)
	}
	return rec
}

// uses notes what the statement reads, of which grants, and whose keys go where.
func (r *recorded) uses(stmt *planner.Statement, plan *planner.Plan) {
	if r.log == nil {
		return
	}
	for _, read := range stmt.Reads() {
		name := read.Resource.Name()
		if items := read.Of(planner.Returned); len(items) > 0 {
			r.start.Returned = append(r.start.Returned, audit.Items{Resource: name, Items: items})
		}
		if items := read.Of(planner.Aggregated); len(items) > 0 {
			r.start.Aggregated = append(r.start.Aggregated, audit.Items{Resource: name, Items: items})
		}
		if items := read.Compared(); len(items) > 0 || len(read.Items) == 0 {
			r.start.Compared = append(r.start.Compared, audit.Items{Resource: name, Items: append([]string{}, items...)})
		}
		if len(read.Policy) > 0 {
			r.start.Policy = append(r.start.Policy, audit.Items{Resource: name, Items: read.Policy})
		}
		for _, id := range read.Resource.Grants {
			r.start.Grants = append(r.start.Grants, audit.Grant{ID: id, Resource: name})
		}
	}
	for _, read := range stmt.Lookups() {
		r.start.Policy = append(r.start.Policy, audit.Items{Resource: read.Resource.Name(), Items: read.Policy})
	}
	for _, k := range stmt.Keys(plan) {
		var to []audit.Target
		for _, t := range k.To {
			to = append(to, audit.Target{Agency: t.Path[0], Resource: t.Name()})
		}
		for _, i := range k.Items {
			r.start.Sent = append(r.start.Sent, audit.Sent{Items: audit.Items{Resource: i.Resource.Name(), Items: []string{i.Column}}, To: to})
		}
	}
}

// begin writes the start; nothing of the answer leaves before it is on disk.
func (r *recorded) begin(ctx context.Context) error {
	if err := r.submit(ctx); err != nil {
		return err
	}
	return r.durable(ctx)
}

// submit is the first half of begin: sources are asked while the start goes to disk.
func (r *recorded) submit(ctx context.Context) (err error) {
	if r.log == nil {
		return nil
	}
	_, r.span = tracing.Start(ctx, tracing.Audit)
	if r.pending, err = r.log.Begin(ctx, r.start); err != nil {
		r.span.End()
	}
	return err
}

// durable waits until the start that was submitted is on disk.
func (r *recorded) durable(ctx context.Context) error {
	if r.log == nil || r.started {
		return nil
	}
	id, err := r.pending.Durable(ctx)
	r.span.End()
	if err != nil {
		return err
	}
	r.id, r.started = id, true
	return nil
}

// end writes how the statement ended, once; for one that never began, that it was
// refused.
func (r *recorded) end(ctx context.Context, rows, bytes int64, err *errs.Error) error {
	if r.log == nil {
		return nil
	}
	var failed error
	r.once.Do(func() {
		if !r.started {
			r.start.Code = string(err.Code)
			if err.Code == errs.SyntaxError || !sqltext.Lexes(r.text) {
				r.start.Statement = sqltext.RedactUnread(r.text, maxAudited, r.log.Literal)
			}
			_, failed = r.log.Refuse(ctx, r.start)
			return
		}
		failed = r.log.End(r.ended(rows, bytes, err))
	})
	return failed
}

// ended gives the end of a statement that began.
func (r *recorded) ended(rows, bytes int64, err *errs.Error) audit.End {
	end := audit.End{Start: r.id, Outcome: audit.Done, Rows: rows, Bytes: bytes, Reads: r.reads()}
	if err != nil {
		end.Outcome, end.Code = audit.Failed, string(err.Code)
		switch err.Code {
		case errs.Canceled, errs.Closing, errs.Timeout, errs.Revoked, errs.ClientSlow:
			end.Outcome = audit.Cancelled
		}
	}
	return end
}
