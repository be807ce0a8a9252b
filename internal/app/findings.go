package app

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Level says how bad a finding is.
type Level string

// The levels. An error keeps something from working; a warning is what should be
// mended; a hint is what could be better.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelHint    Level = "hint"
)

// Finding is one thing that Check has to say. An error has Err; others a text.
type Finding struct {
	Level Level
	Code  string // docs/check.md lists them
	ID    string // of the text in the catalogue
	Args  msg.Args
	Err   error
}

// Text is the finding in words.
func (f Finding) Text(langs ...string) string {
	if f.Err != nil {
		return errs.From(f.Err).Text(langs...)
	}
	return msg.Text(f.ID, f.Args, langs...)
}

// Place is the line of the configuration that an error is about; empty for none.
func (f Finding) Place() string {
	if placed, ok := f.Err.(*Placed); ok {
		return placed.Place
	}
	return ""
}

func failure(err error) Finding {
	code := errs.CodeOf(err)
	if code == "" {
		code = errs.Internal
	}
	return Finding{Level: LevelError, Code: string(code), Err: err}
}

// findings judges what was found out about a source that works.
func (r *SourceReport) findings() []Finding {
	var out []Finding
	say := func(level Level, code string, when bool, args msg.Args) {
		if when {
			out = append(out, Finding{Level: level, Code: code, ID: "check_" + code, Args: args})
		}
	}
	if x := r.Examined; x != nil {
		a := x.Account
		say(LevelWarning, "account_superuser", a.Superuser == connectors.Yes, nil)
		say(LevelWarning, "account_writes", a.Writes > 0 && a.Superuser != connectors.Yes, msg.Args{"Count": a.Writes})
		say(LevelWarning, "account_creates", a.Creates > 0 && a.Superuser != connectors.Yes, msg.Args{"Count": a.Creates})
		say(LevelWarning, "tables_denied", a.Denied > 0, msg.Args{"Count": a.Denied})
		say(LevelHint, "file_writable", a.FileWritable == connectors.Yes, nil)
	}
	say(LevelWarning, "no_tables", r.Tables+r.Views == 0, nil)
	say(LevelWarning, "columns_unreadable", len(r.Unreadable) > 0, msg.Args{"Count": len(r.Unreadable), "Types": strings.Join(r.UnreadableTypes(), ", ")})
	few := r.Numbers[:min(len(r.Numbers), mostNames)]
	say(LevelHint, "numbers_as_text", len(r.Numbers) > 0, msg.Args{"Count": len(r.Numbers), "Columns": strings.Join(few, ", "), "More": len(r.Numbers) - len(few)})
	say(LevelHint, "text_compared_here", r.Text.Other > 0, msg.Args{"Count": r.Text.Other, "Collations": strings.Join(r.Text.Collations, ", ")})
	say(LevelHint, "never_analyzed", r.Statistics.Never > 0, msg.Args{"Count": r.Statistics.Never, "Tables": firstNames(r.Statistics.NeverNames, r.Statistics.Never)})
	return out
}

// firstNames lists names, with a mark where there are more.
func firstNames(names []string, all int) string {
	list := strings.Join(names, ", ")
	if all > len(names) {
		list += ", …"
	}
	return list
}

// UnreadableTypes lists the types of the columns that cannot be read, each once.
func (r *SourceReport) UnreadableTypes() []string {
	var out []string
	for _, u := range r.Unreadable {
		if !slices.Contains(out, u.Type) {
			out = append(out, u.Type)
		}
	}
	slices.Sort(out)
	return out
}
