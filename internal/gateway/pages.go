package gateway

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// What is kept of answers, so that their next pages can be asked for.
const (
	pagesFor   = 5 * time.Minute
	pagesEach  = 4        // answers of one principal
	pagesBytes = 64 << 20 // of all answers
)

// pages keeps what was read of answers after the page that was shown. The zero value
// keeps nothing yet.
type pages struct {
	mu  sync.Mutex
	all []*kept // oldest first
}

// kept is the rest of an answer. It belongs to whoever asked, for the purpose and with the
// grants of then.
type kept struct {
	rest
	name     string
	until    time.Time
	session  server.Session // of then
	identity string         // of its snapshot
	request  server.Request
	bound    *planner.Statement
	plan     *planner.Plan
	times    func() []server.SourceTimes // when it was read
	number   int                         // of the next page, from 2
}

// keep takes the rest of an answer, and gives the name by which its next page can be asked
// for. What is too old, or too much, goes.
func (p *pages) keep(k *kept, now time.Time) string {
	k.name, k.until = rand.Text(), now.Add(pagesFor)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, k)
	own, bytes := 0, int64(0)
	for i := len(p.all) - 1; i >= 0; i-- {
		of := p.all[i]
		if of.session.Principal == k.session.Principal {
			own++
		}
		bytes += of.bytes
		if !now.Before(of.until) || bytes > pagesBytes || own > pagesEach && of.session.Principal == k.session.Principal {
			p.all = slices.Delete(p.all, i, i+1)
			bytes -= of.bytes
		}
	}
	return k.name
}

// take gives what is kept under a name, once, to whom it belongs; nil is told to everybody
// else, as where nothing is.
func (p *pages) take(name string, s server.Session, now time.Time) *kept {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.all, func(k *kept) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	k := p.all[i]
	if k.session.Principal != s.Principal || k.session.Agency != s.Agency || k.session.Purpose != s.Purpose || k.session.Mode != s.Mode {
		return nil
	}
	p.all = slices.Delete(p.all, i, i+1)
	if !now.Before(k.until) {
		return nil
	}
	return k
}

// close forgets everything.
func (p *pages) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = nil
}

// keeper gives what keeps the rest of an answer, of which k tells what it is; nil for who
// cannot ask for it.
func (g *Gateway) keeper(s server.Session, r server.Request, k *kept) func(*rest) string {
	if !r.Pages {
		return nil
	}
	return func(left *rest) string {
		k.rest, k.session, k.request = *left, s, r
		k.identity = policy.OrDenied(s.Snapshot).Identity()
		return g.pages.keep(k, time.Now())
	}
}

// nextPage gives the next page of an answer: nothing runs, but it is looked at again
// whether its rows are open, they are charged, and the page is recorded as a statement.
func (g *Gateway) nextPage(ctx context.Context, s server.Session, k *kept, rec *recorded) (*server.Answer, error) {
	if k == nil {
		return nil, errs.New(errs.UnknownName, "gateway_no_page", nil)
	}
	reads := k.bound.Resources()
	if policy.OrDenied(s.Snapshot).Identity() != k.identity {
		return nil, errs.New(errs.Revoked, "policy_revoked", nil)
	}
	if err := holds(s, reads); err != nil {
		return nil, err
	}
	rec.uses(k.bound, k.plan)
	rec.start.Page = k.number
	budget, err := charge(ctx, s, k.bound, reads)
	if err != nil {
		return nil, err
	}
	if err := rec.begin(ctx); err != nil {
		uncharge(budget)
		return nil, err
	}
	return within(ctx, budget, g.paged(s, k)), nil
}

// paged shows the first rows of what is kept, and keeps what is left.
func (g *Gateway) paged(s server.Session, k *kept) *server.Answer {
	shown := &several{schema: catalog.ArrowSchema(k.plan.Columns)}
	left := &rest{cut: k.cut}
	for _, b := range k.batches {
		if to := min(onlineRows-shown.rows, b.NumRows()); to > 0 {
			shown.batches, shown.rows = append(shown.batches, b.NewSlice(0, to)), shown.rows+to
			if to == b.NumRows() {
				continue
			}
			b = b.NewSlice(to, b.NumRows())
		}
		left.batches, left.rows = append(left.batches, b), left.rows+b.NumRows()
	}
	left.bytes = k.bytes // the batches stay as they are in memory
	next := ""
	return &server.Answer{
		Columns: k.plan.Columns, Stream: shown, Times: k.times,
		Truncated: func() bool { return left.rows > 0 || left.cut },
		NextPage: func() string {
			if next == "" && left.rows > 0 {
				next = g.keeper(s, k.request, &kept{bound: k.bound, plan: k.plan, times: k.times, number: k.number + 1})(left)
			}
			return next
		},
	}
}

// several is a stream of batches in memory.
type several struct {
	schema  *arrow.Schema
	batches []arrow.RecordBatch
	rows    int64
	at      int
}

func (s *several) Schema() *arrow.Schema          { return s.schema }
func (s *several) RecordBatch() arrow.RecordBatch { return s.batches[s.at-1] }
func (s *several) Err() error                     { return nil }
func (s *several) Warnings() []errs.Warning       { return nil }
func (s *several) Release()                       { s.at = len(s.batches) }

func (s *several) Next() bool {
	if s.at >= len(s.batches) {
		return false
	}
	s.at++
	return true
}

// ofPage says of a request for a page what is asked for.
func (g *Gateway) ofPage(s server.Session, r *server.Request) *kept {
	if r.Page == "" {
		return nil
	}
	k := g.pages.take(r.Page, s, time.Now())
	if k != nil {
		r.SQL, r.Params = k.request.SQL, k.request.Params
	}
	return k
}
