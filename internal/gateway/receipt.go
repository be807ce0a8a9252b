package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/server"
)

// receipted answers a statement, for a request with a nonce in such a way that a
// receipt can be made out. Without a log there is nothing that it could be of.
func (g *Gateway) receipted(ctx context.Context, s server.Session, r server.Request, rec *recorded) (_ *server.Answer, err error) {
	if r.Nonce != "" {
		if g.audit == nil {
			return nil, errs.New(errs.RequestInvalid, "gateway_no_receipts", nil)
		}
		if rec.digest, err = g.audit.Digest(r.Nonce); err != nil {
			return nil, err
		}
	}
	if r.Page != "" {
		return g.nextPage(ctx, s, rec.page, rec)
	}
	return g.answer(ctx, s, r, rec)
}

// receipt is the one of an answer.
type receipt struct {
	*recorded
	stream  *logged
	written int64
}

// Write implements server.Receipt.
func (r *receipt) Write(p []byte) (int, error) {
	r.written += int64(len(p))
	return r.digest.Write(p)
}

// Make implements server.Receipt. The end that the receipt tells of is on disk before.
func (r *receipt) Make() ([]byte, error) {
	failed := errs.From(r.stream.Err())
	r.stream.Stream.Release() // nothing is left to read, and what the sources gave can be told
	end := r.ended(r.stream.rows, r.stream.bytes, failed)
	end.Digest = r.digest.Sum()
	// Whoever asked gets the bytes that came: those of the log tell where rows were put
	// together.
	delivered := end
	delivered.Bytes = r.written
	made, err := r.log.Receipt(r.start, delivered)
	if err != nil {
		return nil, err
	}
	r.once.Do(func() { _, err = r.log.EndDurable(context.Background(), end) })
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return nil, errs.From(err)
	}
	return text, nil
}

// reading notes which sources are read from now on.
func (r *recorded) reading(stmt *planner.Statement, p *planner.Plan) {
	if r.log == nil {
		return
	}
	now := time.Now()
	for _, read := range p.Sources() {
		r.sources = append(r.sources, audit.Read{Source: read.Source, Agency: stmt.Provider(read.Source), Resources: read.Resources, Began: now})
	}
}

// reads gives what each source was read for, and what it gave.
func (r *recorded) reads() []audit.Read {
	out := slices.Clone(r.sources)
	if r.counts == nil {
		return out
	}
	for _, c := range r.counts() {
		i := slices.IndexFunc(out, func(of audit.Read) bool { return of.Source == c.Source })
		if i < 0 {
			continue
		}
		of := &out[i]
		until := c.Began.Add(c.Took)
		if before := of.Began.Add(of.Took); of.Took > 0 && before.After(until) {
			until = before
		}
		if of.Took == 0 || c.Began.Before(of.Began) {
			of.Began = c.Began
		}
		of.Took = until.Sub(of.Began)
		of.Rows, of.Bytes = of.Rows+c.Rows, of.Bytes+c.Bytes
	}
	return out
}
