package server

import "github.com/lianji/lianji/internal/errs"

// Discreet takes out of an error what a source said of its data, and which source that was:
// the row and the column that it speaks of may be ones that the session must not know, and
// so may the source, which perhaps only a row filter reads. The operator's log keeps it.
func Discreet(s Session, e *errs.Error) *errs.Error {
	if e == nil || s.Operator || s.Holds == nil {
		return e
	}
	switch e.Code {
	case errs.ValueUnreadable, errs.SourceFailed, errs.SourceRefused, errs.SourceUnreachable, errs.SourceBusy:
		hidden := errs.Wrap(e.Code, "gateway_source_hidden", nil, e)
		hidden.RetryAfter = e.RetryAfter
		hidden.Detail = e.Error() + " " + e.Detail
		return hidden
	}
	return e
}
