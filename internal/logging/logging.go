// Package logging has the one handler that log lines go through. It lets facts
// about a query pass and nothing of its content: no SQL, no literals or values of
// rows, no passwords or DSNs, wherever they stand.
package logging

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// Hidden stands where something was taken out.
const Hidden = "‹hidden›"

// forbidden are the names of attributes that are never written, whatever they hold.
var forbidden = []string{
	"sql", "query_text", "statement", "fragment", "dsn", "url", "password", "secret", "token", "authorization", "cookie",
	"value", "values", "param", "params", "args", "row", "cell", "literal",
}

// Handler takes out what must not be logged and hands the rest on.
type Handler struct {
	next    slog.Handler
	secrets *secrets
}

type secrets struct {
	mu   sync.RWMutex
	list []string
}

// New gives a logger that writes lines of text to w through a Handler.
func New(w io.Writer, level slog.Leveler) (*slog.Logger, *Handler) {
	h := Redact(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
	return slog.New(h), h
}

// Redact puts a Handler in front of next.
func Redact(next slog.Handler) *Handler { return &Handler{next: next, secrets: &secrets{}} }

// shortestSecret is the shortest text that Hide takes: a shorter one would take
// letters out of every line.
const shortestSecret = 3

// Hide makes the handler, and those made from it, take these texts out of every line.
func (h *Handler) Hide(texts ...string) {
	h.secrets.mu.Lock()
	defer h.secrets.mu.Unlock()
	for _, t := range texts {
		if len(t) >= shortestSecret {
			h.secrets.list = append(h.secrets.list, t)
		}
	}
	// The longest first: one secret may be part of another.
	slices.SortFunc(h.secrets.list, func(a, b string) int { return len(b) - len(a) })
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.secrets}
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(h.attrs(attrs)), h.secrets}
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h *Handler) attrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = h.attr(a)
	}
	return out
}

func (h *Handler) attr(a slog.Attr) slog.Attr {
	if slices.Contains(forbidden, strings.ToLower(a.Key)) {
		return slog.String(a.Key, Hidden)
	}
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, h.Text(v.String()))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(h.attrs(v.Group())...)}
	case slog.KindAny:
		return slog.Attr{Key: a.Key, Value: h.any(v.Any())}
	}
	return slog.Attr{Key: a.Key, Value: v} // numbers, booleans, times and durations
}

// any writes errors and times; of anything else nobody knows what it holds.
func (h *Handler) any(v any) slog.Value {
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.GroupValue(h.errorAttrs(v)...)
	case []string:
		clean := make([]string, len(v))
		for i, s := range v {
			clean[i] = h.Text(s)
		}
		return slog.StringValue(strings.Join(clean, ", "))
	case time.Time:
		return slog.TimeValue(v)
	}
	return slog.StringValue(Hidden)
}

// ours are the codes of errors whose text names sources, tables and settings. The
// text of the others tells a person of their own statement and may quote it.
var ours = map[errs.Code]bool{
	errs.Internal: true, errs.ConfigInvalid: true, errs.SourceUnreachable: true, errs.SourceRefused: true, errs.SourceFailed: true,
	errs.SourceBusy: true, errs.ValueUnreadable: true, errs.OutOfMemory: true, errs.DiskFull: true,
}

// errorAttrs writes an error with our code and text, and what is for operators
// only, with everything taken out that may be data.
func (h *Handler) errorAttrs(err error) []slog.Attr {
	var e *errs.Error
	if !errors.As(err, &e) {
		return []slog.Attr{slog.String("detail", h.Detail(err.Error()))}
	}
	attrs := []slog.Attr{slog.String("code", string(e.Code)), slog.String("message", e.ID)}
	if ours[e.Code] {
		attrs = append(attrs, slog.String("text", h.Text(e.Text())))
	}
	if e.Detail != "" {
		attrs = append(attrs, slog.String("detail", h.Detail(e.Detail)))
	}
	return attrs
}

// Text takes passwords, DSNs and known secrets out of a text of ours.
func (h *Handler) Text(s string) string {
	h.secrets.mu.RLock()
	defer h.secrets.mu.RUnlock()
	for _, secret := range h.secrets.list {
		s = strings.ReplaceAll(s, secret, Hidden)
	}
	return credentials(s)
}

// Detail takes out of a text of a source's or a library's what may be data too.
func (h *Handler) Detail(s string) string { return data(h.Text(s)) }
