package server

import (
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// Footer is what is to be known of an answer that is whole, beside its rows. It has no
// place for what a policy holds back: that nothing is said of that is the same whether
// something is held back or not.
type Footer struct {
	Rows     int64
	Cut      Cut
	NextPage string        // the name by which the page that follows can be asked for; empty where there is none
	Sources  []SourceTimes // in the order in which they were first read; none where nothing was read
	Warnings []errs.Warning
}

// Cut says why there are more rows than the answer has.
type Cut string

// The reasons. The zero Cut says that there are no more.
const (
	OnlinePage   Cut = "online_page"   // on-line browsing shows a page at a time
	ResourcePage Cut = "resource_page" // as many rows as were asked for of a resource
)

// SourceTimes says from when to when what an agency provides was read for an answer.
type SourceTimes struct {
	Agency string // its code; without a catalogue, what the names of its resources begin with
	From   time.Time
	To     time.Time
}

// Footer gives what is to be known of the answer, of which so many rows were taken. It is
// asked once, when the stream has come to its end without an error.
func (a *Answer) Footer(rows int64) Footer {
	f := Footer{Rows: rows, Warnings: a.Stream.Warnings()}
	if a.Truncated != nil && a.Truncated() {
		f.Cut = OnlinePage
		if a.NextPage != nil {
			f.NextPage = a.NextPage()
		}
	}
	if a.Times != nil {
		f.Sources = a.Times()
	}
	return f
}
