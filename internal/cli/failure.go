package cli

import (
	"errors"
	"strings"
	"syscall"
	"unicode"

	"github.com/mattn/go-runewidth"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/logging"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
)

// failed is an error of a statement, with what is needed to show it.
type failed struct {
	err      error
	sql      string
	operator bool     // may read what the source said
	secrets  []string // not to be shown in that
}

func (f *failed) Error() string { return f.err.Error() }
func (f *failed) Unwrap() error { return f.err }

// report tells the person what went wrong and gives the exit code.
func (c *command) report(err error) int {
	var unwritten *output.WriteError
	switch {
	case err == nil || errors.Is(err, errDone):
	case errors.As(err, &unwritten) && errors.Is(err, syscall.EPIPE):
		// Who reads has seen enough, or has gone: there is nobody to tell.
	case errors.As(err, &unwritten) && isDiskFull(unwritten.Err):
		c.say(c.text("cli_error", msg.Args{"Code": string(errs.DiskFull), "Text": c.text("cli_disk_full", nil)}))
	case errors.As(err, &unwritten):
		c.say(c.text("cli_error", msg.Args{"Code": string(errs.Internal), "Text": c.text("cli_stdout", nil)}) + " " + unwritten.Err.Error())
	default:
		c.tell(err)
	}
	return exitCode(err)
}

// isDiskFull reports that there is no more room where the answer is written to.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// tell prints an error with its place in the statement and the names that may
// have been meant.
func (c *command) tell(err error) {
	e := errs.From(err)
	code := e.Code
	if code == "" {
		code = errs.Internal
	}
	text := e.Text(c.langs...)
	var placed *app.Placed
	if errors.As(err, &placed) {
		text = placed.Place + ": " + text
	}
	c.say(c.text("cli_error", msg.Args{"Code": string(code), "Text": text}))
	var f *failed
	if errors.As(err, &f) {
		if e.Pos != nil {
			c.say(c.text("cli_place", msg.Args{"Line": e.Pos.Line, "Column": e.Pos.Column}))
			c.say(caret(f.sql, *e.Pos))
		}
		if f.operator && e.Detail != "" && code != errs.Canceled {
			c.say("  " + detail(e, f.secrets))
		}
	}
	if len(e.Nearest) > 0 {
		c.say(c.text("cli_nearest", msg.Args{"Names": strings.Join(e.Nearest, ", ")}))
	}
	if e.RetryAfter > 0 {
		c.say(c.text("cli_retry", msg.Args{"Seconds": output.ProblemOf(e, "").RetryAfter}))
	}
	if code == errs.Usage {
		c.say(c.text("cli_see_help", msg.Args{"Program": c.baseName() + c.asked}))
	}
}

// detail is what a source said, for an operator: without passwords and values.
func detail(e *errs.Error, secrets []string) string {
	h := logging.Redact(nil)
	h.Hide(secrets...)
	return strings.Join(strings.Fields(h.Detail(e.Detail)), " ")
}

const (
	caretBefore = 60 // characters of a long line that are shown before the place
	caretAfter  = 40 // and after it
)

// caret shows the line of the statement that pos points into, with a mark under
// the place: as wide as a terminal shows what stands before it.
func caret(sql string, pos errs.Position) string {
	lines := strings.Split(sql, "\n")
	if pos.Line < 1 || pos.Line > len(lines) {
		return ""
	}
	line := []rune(strings.Map(visible, lines[pos.Line-1]))
	at := min(max(pos.Column-1, 0), len(line))
	from, to := max(0, at-caretBefore), min(len(line), at+caretAfter)
	before, after := string(line[from:at]), string(line[at:to])
	if from > 0 {
		before = "…" + before
	}
	if to < len(line) {
		after += "…"
	}
	return "  " + before + after + "\n  " + strings.Repeat(" ", terminal.StringWidth(before)) + "^"
}

// terminal measures text as the table form does.
var terminal = &runewidth.Condition{StrictEmojiNeutral: true}

// visible shows what has no width or steers a terminal as one blank.
func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}
