package output

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// Footer is what clients see of an answer that is whole, beside its rows: members with
// which JSON and NDJSON end, and a line for forms that have no place for them.
type Footer struct {
	RowCount    int64         `json:"row_count"`
	QueryID     string        `json:"query_id,omitempty"` // where nothing else tells it
	Warnings    []Warned      `json:"warnings,omitempty"`
	Truncated   bool          `json:"truncated,omitempty"` // there are more rows
	TruncatedBy server.Cut    `json:"truncated_by,omitempty"`
	NextPage    string        `json:"next_page,omitempty"`
	Sources     []SourceTimes `json:"sources,omitempty"`
	MoreSources int           `json:"more_sources,omitempty"` // that are not listed
}

// Warned is a warning as clients see it.
type Warned struct {
	Code  errs.WarningCode `json:"code"`
	Title string           `json:"title"`
}

// SourceTimes says when what an agency provides was read, in UTC.
type SourceTimes struct {
	Agency string `json:"agency"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// timeForm is that of the times in a footer, which tells hundredths of a second: what
// takes less may say something of rows that nobody may know of.
const timeForm = "2006-01-02T15:04:05.00Z07:00"

const timeStep = 10 * time.Millisecond

// FooterOf gives a footer with the texts of its warnings in the first of langs that there
// is.
func FooterOf(f server.Footer, langs ...string) Footer {
	out := Footer{RowCount: f.Rows, Warnings: warnedOf(f.Warnings, langs), Truncated: f.Cut != "", TruncatedBy: f.Cut, NextPage: f.NextPage}
	for _, s := range f.Sources {
		out.Sources = append(out.Sources, timesOf(s))
	}
	return out
}

// timesOf gives the span of whole steps in which a source was read.
func timesOf(s server.SourceTimes) SourceTimes {
	to := s.To.UTC().Truncate(timeStep)
	if to.Before(s.To) {
		to = to.Add(timeStep)
	}
	return SourceTimes{Agency: s.Agency, From: s.From.UTC().Truncate(timeStep).Format(timeForm), To: to.Format(timeForm)}
}

// SourcesText says for people, a line each, when which source was read.
func SourcesText(list []server.SourceTimes, langs ...string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		t := timesOf(s)
		parts[i] = msg.Text("output_read", msg.Args{"Agency": t.Agency, "From": t.From, "To": t.To}, langs...)
	}
	return strings.Join(parts, "\n")
}

func warnedOf(list []errs.Warning, langs []string) []Warned {
	out := make([]Warned, len(list))
	for i, w := range list {
		out[i] = Warned{w.Code, w.Text(langs...)}
	}
	return out
}

// appendTo appends the footer's members, without the braces round them.
func (f Footer) appendTo(dst []byte) []byte {
	text, err := json.Marshal(f)
	if err != nil { // texts and numbers alone: it cannot fail, and a whole answer has its count all the same
		return appendRowCount(dst, f.RowCount)
	}
	return append(dst, text[1:len(text)-1]...)
}

// mostLine is the longest line of a footer. Readers of HTTP keep all trailers in a buffer
// of 4 KiB.
const mostLine = 3 << 10

// FooterLine gives a footer as a JSON object on one line of ASCII. Of what does not fit,
// first warnings are counted in a last one, then sources are counted.
func FooterLine(f server.Footer, queryID string, langs ...string) string {
	whole := FooterOf(f, langs...)
	whole.QueryID = queryID
	for warnings := len(f.Warnings); warnings >= 0; warnings-- {
		some := f.Warnings
		if left := len(f.Warnings) - warnings; left > 0 {
			some = append(slices.Clone(f.Warnings[:warnings]), errs.Warning{Code: errs.MoreWarnings, ID: "exec_more_warnings", Args: msg.Args{"Count": left}})
		}
		whole.Warnings = warnedOf(some, langs)
		if line := whole.line(); len(line) <= mostLine {
			return line
		}
	}
	for len(whole.Sources) > 0 {
		whole.Sources = whole.Sources[:len(whole.Sources)-1]
		whole.MoreSources++
		if line := whole.line(); len(line) <= mostLine {
			return line
		}
	}
	return whole.line()
}

func (f Footer) line() string { return inASCII(append(f.appendTo([]byte{'{'}), '}')) }

// ParseFooter reads what FooterLine wrote; false for what is not that.
func ParseFooter(line string) (f Footer, ok bool) {
	return f, json.Unmarshal([]byte(line), &f) == nil
}

// Times gives the times of a footer that came from elsewhere, as far as they can be read.
func (f Footer) Times() []server.SourceTimes {
	var out []server.SourceTimes
	for _, s := range f.Sources {
		from, err := time.Parse(timeForm, s.From)
		to, e := time.Parse(timeForm, s.To)
		if err == nil && e == nil {
			out = append(out, server.SourceTimes{Agency: s.Agency, From: from, To: to})
		}
	}
	return out
}

// inASCII writes the characters of a JSON text that are not ASCII as escapes.
func inASCII(text []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(text))
	escape := func(r rune) {
		out = append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
	}
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf && r != 0x7f:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			escape(high)
			escape(low)
		default:
			escape(r)
		}
	}
	return string(out)
}
