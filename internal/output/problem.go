package output

import (
	"encoding/json"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// Problem is an error as JSON clients see it: the members of RFC 9457 with the
// gateway's code and the query's id. It is the answer of a request that failed at
// once, and the last member of a JSON answer that failed later, then without
// Status, for the answer had begun with another one.
type Problem struct {
	Title    string    `json:"title"`
	Status   int       `json:"status,omitempty"`
	Code     errs.Code `json:"code"`
	QueryID  string    `json:"query_id,omitempty"`
	Position *Position `json:"position,omitempty"`
	Nearest  []string  `json:"nearest,omitempty"`
	// RetryAfter is after how many seconds it makes sense to ask again.
	RetryAfter int64 `json:"retry_after,omitempty"`
}

// Position is a place in the statement that was sent.
type Position struct {
	Offset int `json:"offset"` // in bytes, from 0
	Line   int `json:"line"`   // from 1
	Column int `json:"column"` // in characters, from 1
}

// ProblemOf gives the Problem of err, with its text in the first of langs that
// there is. What only operators may read is not in it.
func ProblemOf(err error, queryID string, langs ...string) Problem {
	e := errs.From(err)
	if e == nil {
		return Problem{}
	}
	code := e.Code
	if code == "" {
		code = errs.Internal
	}
	p := Problem{Title: e.Text(langs...), Status: code.HTTP(), Code: code, QueryID: queryID, Nearest: e.Nearest}
	if e.RetryAfter > 0 { // whole seconds, and not before the time
		p.RetryAfter = int64((e.RetryAfter + time.Second - 1) / time.Second)
	}
	if e.Pos != nil {
		p.Position = &Position{Offset: e.Pos.Offset, Line: e.Pos.Line, Column: e.Pos.Column}
	}
	return p
}

func problemInside(err error, o Options) Problem {
	p := ProblemOf(err, o.QueryID, o.Langs...)
	p.Status = 0
	return p
}

// appendTo appends the problem as a JSON object.
func (p Problem) appendTo(dst []byte) []byte {
	text, err := json.Marshal(p)
	if err != nil { // texts and numbers alone: it cannot fail, and an error member is needed all the same
		return append(dst, `{"code":"internal"}`...)
	}
	return append(dst, text...)
}
