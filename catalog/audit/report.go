package audit

import (
	"strconv"

	"github.com/lianji/lianji/internal/msg"
)

// Problem is a kind of finding. Its text is the message audit_found_<problem>.
type Problem string

// What is wrong with a folder.
const (
	Changed     Problem = "changed"      // a line is not what was written
	Replaced    Problem = "replaced"     // a record does not follow the one before it
	Missing     Problem = "missing"      // records are not there
	Reordered   Problem = "reordered"    // a record stands in a wrong place
	Cloned      Problem = "cloned"       // a record stands there twice
	Forked      Problem = "forked"       // two records have one number
	CutOff      Problem = "cut_off"      // a boot ends before a record that is known of
	NotSigned   Problem = "not_signed"   // a signed head names another record
	Forged      Problem = "forged"       // a signature is wrong
	UnknownKey  Problem = "unknown_key"  // signed with a key that is not among the given ones
	BootMissing Problem = "boot_missing" // a boot that is known of is not there
	BootForked  Problem = "boot_forked"  // two boots follow the same one, or go on behind it
	BootCloned  Problem = "boot_cloned"  // the folder was continued elsewhere
	HeadForged  Problem = "head_forged"  // a head from the store is not signed
	AfterClose  Problem = "after_close"  // a record stands behind the end of its boot
)

// What is out of the ordinary and explained.
const (
	NoteTorn      Problem = "note_torn"       // an incomplete write at the end, named by the next boot
	NoteTornLast  Problem = "note_torn_last"  // the same, and no boot since
	NoteNotClosed Problem = "note_not_closed" // the boot has no orderly end: it runs, crashed or was cut off
	NoteRemoved   Problem = "note_removed"    // older records went when their time was over
	NoteLost      Problem = "note_lost"       // records that a full disk had no room for
	NoteStrange   Problem = "note_strange"    // a file that does not belong there
)

// What cannot be known.
const (
	LimitNoHeads   Problem = "limit_no_heads"   // nothing from outside says how far the log should reach
	LimitNoKeys    Problem = "limit_no_keys"    // signatures were checked against keys that the log itself names
	LimitUnsigned  Problem = "limit_unsigned"   // records behind the last signature
	LimitAfterHead Problem = "limit_after_head" // records behind the last head: if more were cut off, nobody knows
	LimitEmpty     Problem = "limit_empty"      // no record at all, and nothing says that there should be one
	LimitForeign   Problem = "limit_foreign"    // heads of gateways that have no file here
)

// Finding is one thing that Verify says, and where.
type Finding struct {
	Problem Problem `json:"problem"`
	Gateway string  `json:"gateway,omitempty"`
	File    string  `json:"file,omitempty"`
	Line    int     `json:"line,omitempty"` // from 1
	Boot    string  `json:"boot,omitempty"`
	Number  uint64  `json:"number,omitempty"`
	To      uint64  `json:"to,omitempty"`    // the last of several numbers, or the number that was expected
	Other   string  `json:"other,omitempty"` // another boot, a key's id, or a count
}

// Text says it in the first of langs that there is.
func (f Finding) Text(langs ...string) string {
	return msg.Text("audit_found_"+string(f.Problem), msg.Args{
		"File": f.File, "Line": f.Line, "Boot": f.Boot, "Number": f.Number, "To": f.To, "Other": f.Other, "Gateway": f.Gateway,
	}, langs...)
}

// Place is file:line, as far as there is one.
func (f Finding) Place() string {
	switch {
	case f.File == "":
		return f.Boot
	case f.Line == 0:
		return f.File
	}
	return f.File + ":" + strconv.Itoa(f.Line)
}

// Pending is a start without an end.
type Pending struct {
	Gateway string `json:"gateway"`
	Boot    string `json:"boot"`
	Number  uint64 `json:"number"`
	Query   string `json:"query"`
}

// Report is what Verify found.
type Report struct {
	Records  uint64    `json:"records"`
	Boots    int       `json:"boots"`
	Seals    uint64    `json:"seals"`            // signatures that are right
	Findings []Finding `json:"findings"`         // what is wrong: none in a sound folder
	Notes    []Finding `json:"notes,omitempty"`  // what is out of the ordinary and explained
	Limits   []Finding `json:"limits,omitempty"` // what could not be known
	Open     []Pending `json:"open,omitempty"`   // starts without an end, the first 1,000 of them
	OpenAll  uint64    `json:"open_all"`         // how many there are
	Unlisted uint64    `json:"unlisted"`         // findings beyond the first 1,000
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// mostListed keeps a report of a ruined folder readable.
const mostListed = 1000

func (r *Report) find(f Finding) {
	if len(r.Findings) >= mostListed {
		r.Unlisted++
		return
	}
	r.Findings = append(r.Findings, f)
}

func (r *Report) note(f Finding)  { r.Notes = append(r.Notes, f) }
func (r *Report) limit(f Finding) { r.Limits = append(r.Limits, f) }
