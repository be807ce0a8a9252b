package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
)

// unknowns remembers for a while the statements that were refused because a name in
// them is unknown to whoever asked.
type unknowns struct {
	mu    sync.Mutex
	by    map[string]unknown // by query id
	order []string           // the oldest first
}

type unknown struct {
	principal, purpose string
	mode               catalog.Mode
	names              map[[2]string]bool // that its text writes before and behind a dot, folded
	at                 time.Time
}

// Bounds of unknowns, and of what is offered for one of them.
const (
	mostUnknowns   = 1024
	unknownFor     = 10 * time.Minute
	unknownText    = 16 << 10 // bytes of a statement that are looked at
	mostDotted     = 16
	mostApplicable = 20
)

func (u *unknowns) note(id string, q unknown) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = map[string]unknown{}
	}
	if len(u.order) >= mostUnknowns {
		delete(u.by, u.order[0])
		u.order = u.order[1:]
	}
	u.by[id], u.order = q, append(u.order, id)
}

func (u *unknowns) get(id string) (unknown, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	q, ok := u.by[id]
	return q, ok && time.Since(q.at) < unknownFor
}

// Query runs a statement for whoever has the session.
func (a *App) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	var warned []errs.Warning
	if grants := s.Grants; grants != nil {
		s.Grants = func(ctx context.Context, s server.Session, text string) (server.Table, error) {
			t, err := grants(ctx, s, text)
			warned = t.Warnings
			return t, err
		}
	}
	answer, err := a.engine.Query(ctx, s, r)
	if err == nil && len(warned) > 0 {
		answer.Stream = &warnedStream{Stream: answer.Stream, warned: warned}
	}
	return answer, a.unknown(s, r, err)
}

// warnedStream has more to tell of its answer than the stream below it knows.
type warnedStream struct {
	server.Stream
	warned []errs.Warning
	over   bool
}

// Next implements server.Stream.
func (w *warnedStream) Next() bool {
	w.over = !w.Stream.Next()
	return !w.over
}

// Warnings implements server.Stream.
func (w *warnedStream) Warnings() []errs.Warning {
	if !w.over || w.Err() != nil {
		return nil
	}
	return append(slices.Clone(w.warned), w.Stream.Warnings()...)
}

// Describe tells of a statement what its answer would be.
func (a *App) Describe(ctx context.Context, s server.Session, r server.Request) (*server.Described, error) {
	described, err := a.engine.Describe(ctx, s, r)
	return described, a.unknown(s, r, err)
}

// unknown remembers a statement that was refused for a name, and says so where a purpose
// was forgotten. Other errors, and none, it gives back.
func (a *App) unknown(s server.Session, r server.Request, err error) error {
	if errs.CodeOf(err) == errs.UnknownName && s.Principal != "" && r.ID != "" {
		a.unknowns.note(r.ID, unknown{s.Principal, s.Purpose, s.Mode, dotted(r.SQL), time.Now()})
	}
	if e := errs.From(err); e != nil && e.ID == "unknown_table" && s.Principal != "" && s.Purpose == "" {
		told := *e
		told.ID = "app_no_purpose"
		return &told
	}
	return err
}

// dotted gives the first names with a dot between them that stand in a statement, its
// comments and literals left out: what it may have meant as tables.
func dotted(text string) map[[2]string]bool {
	if len(text) > unknownText {
		return nil
	}
	tokens, err := sqltext.Tokens(text)
	if err != nil {
		return nil
	}
	name := func(t sqltext.Token) (string, bool) {
		switch t.Kind {
		case sqltext.Word:
			return catalog.Fold(t.Text(text)), true
		case sqltext.Quoted:
			quoted := t.Text(text)
			return catalog.Fold(strings.ReplaceAll(quoted[1:len(quoted)-1], `""`, `"`)), true
		}
		return "", false
	}
	out := map[[2]string]bool{}
	for i := 0; i+2 < len(tokens) && len(out) < mostDotted; i++ {
		before, ok := name(tokens[i])
		behind, ok2 := name(tokens[i+2])
		if ok && ok2 && tokens[i+1].Is(text, ".") {
			out[[2]string{before, behind}] = true
		}
	}
	return out
}

// applicable offers what a refused statement names and its principal may apply for: of
// resources that may be shared at all, the items that are not open. It looks neither at
// what is withheld nor at sources, so it says nothing of other names: they may be there
// or not.
func (a *App) applicable(by server.Asker, id string) ([]httpapi.Applicable, error) {
	cred, err := a.credential(by)
	if err != nil {
		return nil, err
	}
	_, p, err := a.authority.Bearer(cred)
	if err != nil {
		return nil, err
	}
	q, ok := a.unknowns.get(id)
	if !ok || q.principal != p.Login || !policy.MayAsk(p) {
		return nil, errs.New(errs.RequestInvalid, "http_not_found", nil)
	}
	granted, err := a.authority.Snapshot(cred, q.purpose, q.mode)
	if err != nil {
		return nil, err
	}
	state, err := a.authority.State()
	if err != nil {
		return nil, err
	}
	var out []httpapi.Applicable
	for _, r := range state.Resources() {
		agency, ok := state.Agency(r.Agency)
		if !ok || !mayApply(r) || !q.names[[2]string{catalog.Fold(agency.Name), catalog.Fold(r.Name)}] {
			continue
		}
		if items := closedItems(granted, agency.Name, r); len(items) > 0 {
			out = append(out, httpapi.Applicable{Resource: agency.Name + "." + r.Name, Class: string(r.Class), Items: items})
		}
	}
	slices.SortFunc(out, func(x, y httpapi.Applicable) int { return cmp.Compare(x.Resource, y.Resource) })
	return out[:min(len(out), mostApplicable)], nil
}

// mayApply reports whether other agencies may know of a resource.
func mayApply(r *catalog.Resource) bool {
	return r.Class == catalog.Restricted || r.Class == catalog.Unrestricted
}

// closedItems lists the items of a resource that a snapshot does not open.
func closedItems(granted policy.Snapshot, agency string, r *catalog.Resource) []httpapi.ApplicableItem {
	open, _ := policy.Listed(granted, []string{agency, r.Name})
	var out []httpapi.ApplicableItem
	for _, i := range r.Items {
		seen := open != nil && slices.ContainsFunc(open.Columns, func(c catalog.Column) bool { return catalog.SameName(c.Name, i.Name) })
		if i.Name != "" && !seen {
			out = append(out, httpapi.ApplicableItem{Name: i.Name, Title: i.Title})
		}
	}
	return out
}
