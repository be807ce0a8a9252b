package errs

import "github.com/lianji/lianji/internal/msg"

// WarningCode is what a program can rely on; it never changes its meaning.
type WarningCode string

// The codes of warnings.
const (
	// ZeroDates: dates that are none were read as NULL.
	ZeroDates WarningCode = "zero_dates"
	// NothingRevoked: REVOKE found nothing to take back.
	NothingRevoked WarningCode = "nothing_revoked"
	// MoreWarnings stands last for those that are not listed.
	MoreWarnings WarningCode = "more_warnings"
)

// Warning tells what somebody may not expect of an answer, such as rows that did not come as
// they stand at their source. An answer with warnings is whole.
type Warning struct {
	Code WarningCode
	ID   string   // of the message, in internal/msg
	Args msg.Args // names and numbers only, as those of an Error
}

// Text gives the text in the first of langs that the catalogue has.
func (w Warning) Text(langs ...string) string { return msg.Text(w.ID, w.Args, langs...) }
