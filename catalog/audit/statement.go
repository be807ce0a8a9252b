package audit

import "time"

// Items are data items of one resource, by their codes.
type Items struct {
	Resource string   `json:"resource"` // agency.resource
	Items    []string `json:"items"`
}

// Sent are items whose values went to another source as keys.
type Sent struct {
	Items
	To []Target `json:"to"`
}

// Target is a resource in whose source keys were looked up, and its provider.
type Target struct {
	Agency   string `json:"agency"`
	Resource string `json:"resource,omitempty"` // a provider sees it of its own ones alone
}

// Grant is a grant that the statement rested on.
type Grant struct {
	ID       string `json:"id"`
	Resource string `json:"resource"`
}

// Condition is the shape of a filter: what was compared how, never with what.
type Condition struct {
	Resource string `json:"resource"`
	Item     string `json:"item"`
	Op       string `json:"op"`          // =, IN, LIKE and so on
	Values   int    `json:"n,omitempty"` // how many constants, for IN
}

// Start is a statement that is about to be answered, or was refused. It holds no
// value of a row and no literal: Statement is the text after redaction.
type Start struct {
	Time      time.Time `json:"-"`
	At        string    `json:"time"` // filled in from Time
	Query     string    `json:"query"`
	Principal string    `json:"principal"`
	Agency    string    `json:"agency,omitempty"`
	Client    string    `json:"client,omitempty"` // address, or the operating system's user for a command line
	Door      string    `json:"door,omitempty"`
	Purpose   string    `json:"purpose,omitempty"`
	Mode      string    `json:"mode,omitempty"`
	Grants    []Grant   `json:"grants,omitempty"`
	Returned  []Items   `json:"returned,omitempty"` // their values come out
	// Aggregated: only what an aggregate such as a sum or a count makes of their values
	// comes out, or is compared.
	Aggregated []Items `json:"aggregated,omitempty"`
	// Compared: the statement filters, joins, groups or sorts by them. A resource without
	// items is one whose rows alone count.
	Compared  []Items     `json:"compared,omitempty"`
	Policy    []Items     `json:"policy,omitempty"` // only row filters and masks used them
	Sent      []Sent      `json:"sent,omitempty"`
	Shape     []Condition `json:"shape,omitempty"`
	Statement string      `json:"statement,omitempty"`
	Page      int         `json:"page,omitempty"` // of an answer that is browsed on-line, from 2; nothing ran for it
	Cut       int         `json:"cut,omitempty"`  // bytes of Statement that are not kept
	Code      string      `json:"code,omitempty"` // why it was refused: a code of internal/errs
	// Count is how many requests the record stands for, where they were refused before
	// the statement was looked at and came faster than each of them is recorded: see Refusals.
	Count uint64 `json:"count,omitempty"`
}

// Outcome says how a statement or an act ended.
type Outcome string

// The outcomes.
const (
	Done      Outcome = "done"
	Failed    Outcome = "failed"
	Cancelled Outcome = "cancelled"
	// Abandoned: whoever asked was gone before the start was on disk, so no byte of an
	// answer left. The log writes these itself.
	Abandoned Outcome = "abandoned"
)

// Read is what one source gave for a statement.
type Read struct {
	Source    string        `json:"source"`
	Agency    string        `json:"agency,omitempty"` // whose the source is, by its code
	Resources []string      `json:"resources,omitempty"`
	Rows      int64         `json:"rows"`
	Bytes     int64         `json:"bytes"`
	Began     time.Time     `json:"-"`
	At        string        `json:"time,omitempty"` // filled in from Began
	Took      time.Duration `json:"-"`
	Micros    int64         `json:"us"` // filled in from Took
}

// End is how a started statement ended.
type End struct {
	Start       ID      `json:"-"` // as Start gave it
	Number      uint64  `json:"start"`
	Query       string  `json:"query"`
	Outcome     Outcome `json:"outcome"`
	Code        string  `json:"code,omitempty"`
	CancelledBy string  `json:"cancelled_by,omitempty"`
	Rows        int64   `json:"rows"`
	Bytes       int64   `json:"bytes"`
	Reads       []Read  `json:"reads,omitempty"`
	Digest      string  `json:"digest,omitempty"` // of the answer, with a nonce: see Digest
}

// Act is an administrative act: a login, a grant, a change of roles.
type Act struct {
	Time      time.Time         `json:"-"`
	At        string            `json:"time"` // filled in from Time
	Principal string            `json:"principal"`
	Agency    string            `json:"agency,omitempty"`
	Client    string            `json:"client,omitempty"`
	Door      string            `json:"door,omitempty"`
	Action    string            `json:"action"` // what was done to what: grant_add, grant_revoke, principal_change and so on
	Object    string            `json:"object,omitempty"`
	Details   map[string]string `json:"details,omitempty"` // codes and ids alone
	Outcome   Outcome           `json:"outcome"`
	Code      string            `json:"code,omitempty"`
}

// ID names a record that is on disk.
type ID struct {
	Gateway string `json:"gw"`
	Point
	Query string `json:"query,omitempty"`
}

// maxStatement is how much of a redacted statement is kept: records stay small
// whatever people send.
const maxStatement = 8 << 10

func (s Start) filled() Start {
	s.At = formatTime(s.Time)
	if len(s.Statement) > maxStatement {
		at := maxStatement
		for at > 0 && s.Statement[at]&0xC0 == 0x80 {
			at--
		}
		s.Statement, s.Cut = s.Statement[:at], len(s.Statement)-at
	}
	return s
}

func (e End) filled() End {
	e.Number, e.Query = e.Start.Number, e.Start.Query
	reads := make([]Read, len(e.Reads))
	for i, r := range e.Reads {
		if !r.Began.IsZero() {
			r.At = formatTime(r.Began)
		}
		r.Micros = r.Took.Microseconds()
		reads[i] = r
	}
	e.Reads = reads
	return e
}
