package logging_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/logging"
	"github.com/lianji/lianji/internal/msg"
)

// line logs one line and returns it.
func line(t *testing.T, secrets []string, log func(*slog.Logger)) string {
	t.Helper()
	var b bytes.Buffer
	logger, h := logging.New(&b, slog.LevelInfo)
	h.Hide(secrets...)
	log(logger)
	return b.String()
}

type stranger struct{ Name string }

func (stranger) String() string { return "330102199001011234" }

// Each case hides something that must not be in the line in any form.
func TestNothingSecretIsLogged(t *testing.T) {
	const secret = "hunter2"
	wrapped := errs.Wrap(errs.SourceFailed, "source_failed", msg.Args{"Source": "mz"}, errors.New(`invalid input syntax for type integer: "hunter2"`))
	for name, log := range map[string]func(*slog.Logger){
		"dsn in the message": func(l *slog.Logger) { l.Info("open postgres://reader:hunter2@127.0.0.1:5432/mz") },
		"dsn with odd signs": func(l *slog.Logger) { l.Info("open postgres://reader:p%hunter2&x@127.0.0.1/mz") },
		"mysql dsn":          func(l *slog.Logger) { l.Info("x", "target", "reader:hunter2@tcp(127.0.0.1:3306)/sj") },
		"keyword dsn":        func(l *slog.Logger) { l.Info("x", "target", "host=a password=hunter2 port=1") },
		"quoted keyword":     func(l *slog.Logger) { l.Info("x", "target", "host=a PASSWORD = 'hunter2 x' port=1") },
		"bearer":             func(l *slog.Logger) { l.Info("x", "header", "Authorization: Bearer hunter2") },
		"key sql":            func(l *slog.Logger) { l.Info("x", "sql", "select 'hunter2'") },
		"key in a group":     func(l *slog.Logger) { l.Info("x", slog.Group("g", "Params", "hunter2")) },
		"key of With":        func(l *slog.Logger) { l.With("token", "hunter2").Info("x") },
		"known secret":       func(l *slog.Logger) { l.Info("the word s3same was said") },
		"error with value":   func(l *slog.Logger) { l.Info("x", "err", wrapped) },
		"wrapped error":      func(l *slog.Logger) { l.Info("x", "err", fmt.Errorf("select 'hunter2': %w", wrapped)) },
		"single quotes": func(l *slog.Logger) {
			l.Info("x", "err", errors.New("Could not convert string 'it''s hunter2' to INT32"))
		},
		"statement quoted": func(l *slog.Logger) {
			l.Info("dsn a://b@c", "err", errs.New(errs.SyntaxError, "source_unreachable", msg.Args{"Source": "hunter2"}))
		},
		"foreign error":    func(l *slog.Logger) { l.Info("x", "err", errors.New(`bad value "hunter2"`)) },
		"key detail":       func(l *slog.Logger) { l.Info("x", "err", errors.New("Key (id)=(hunter2) already exists")) },
		"password: YES":    func(l *slog.Logger) { l.Info("x", "target", "(using password: YEShunter2)") },
		"failing row":      func(l *slog.Logger) { l.Info("x", "err", errors.New("Failing row contains (1, hunter2, (x)).")) },
		"echoed statement": func(l *slog.Logger) { l.Info("x", "err", errors.New("syntax error\nLINE 1: SELECT hunter2\n   ^")) },
		"dollar quotes":    func(l *slog.Logger) { l.Info("x", "err", errors.New("at $a$hunter2$a$")) },
		"struct":           func(l *slog.Logger) { l.Info("x", "who", stranger{secret}) },
		"pointer":          func(l *slog.Logger) { l.Info("x", "who", &stranger{secret}) },
		"list":             func(l *slog.Logger) { l.Info("x", "targets", []string{"a://u:hunter2@h/"}) },
		"bytes":            func(l *slog.Logger) { l.Info("x", "body", []byte(secret)) },
		"identity number":  func(l *slog.Logger) { l.Info("x", "err", errors.New("no row for 330102199001011234")) },
		"group of With":    func(l *slog.Logger) { l.WithGroup("g").Info("x", "password", "hunter2") },
	} {
		got := line(t, []string{"s3same", "s3"}, log)
		for _, bad := range []string{secret, "s3same", "199001011234", "104 117 110"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s: %s", name, got)
			}
		}
		if !strings.Contains(got, "‹hidden›") {
			t.Errorf("%s: nothing was taken out: %s", name, got)
		}
	}
}

func TestFactsPass(t *testing.T) {
	got := line(t, []string{"xy"}, func(l *slog.Logger) {
		l.Info("query", "id", "ab12", "code", "ok", "rows", 12_345_678, "bytes", int64(99), "took", 1500*time.Millisecond, "form", "json", "ok", true,
			"err", errs.Wrap(errs.SourceUnreachable, "source_unreachable", msg.Args{"Source": "mz"}, errors.New("dial tcp 127.0.0.1:5432: connect: connection refused")))
	})
	for _, want := range []string{
		"level=INFO", "msg=query", "id=ab12", "code=ok", "rows=12345678", "bytes=99", "took=1.5s", "form=json", "ok=true",
		"err.code=source_unreachable", `err.text="Source mz cannot be reached."`, `err.detail="dial tcp 127.0.0.1:5432: connect: connection refused"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if strings.Contains(got, logging.Hidden) {
		t.Errorf("something was taken out of %s", got)
	}
}

// Whether a password came with a login that is refused is told; who came, is not.
func TestUsingPassword(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{"Error 1045 (28000): Access denied for user 'reader'@'10.0.0.7' (using password: YES)", "Error 1045 (28000): Access denied for user ‹hidden›@‹hidden› (using password: YES)"},
		{"Access denied (using password: NO), password: hunter2", "Access denied (using password: NO), password: ‹hidden›"},
		{"(using password: YES!)", "(using password: ‹hidden›"},
		{"password: YES)", "password: ‹hidden›"},
	} {
		_, h := logging.New(io.Discard, slog.LevelInfo)
		if got := h.Detail(c.said); got != c.want {
			t.Errorf("%s: %s", c.said, got)
		}
	}
}

func TestLongestSecretFirst(t *testing.T) {
	got := line(t, []string{"abc", "abcdef"}, func(l *slog.Logger) { l.Info("say abcdef") })
	if strings.Contains(got, "def") {
		t.Error(got)
	}
}

func TestLevel(t *testing.T) {
	if got := line(t, nil, func(l *slog.Logger) { l.Debug("x") }); got != "" {
		t.Error(got)
	}
}
