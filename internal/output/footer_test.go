package output

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

func zeroDates(column string) errs.Warning {
	return errs.Warning{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": "sj", "Table": "t", "Column": column, "Count": int64(2)}}
}

// readAt is the span from one millisecond of a minute to another.
func readAt(agency string, from, to int) server.SourceTimes {
	start := time.Date(2026, 11, 23, 16, 5, 0, 0, time.FixedZone("", 8*3600))
	return server.SourceTimes{Agency: agency, From: start.Add(time.Duration(from) * time.Millisecond), To: start.Add(time.Duration(to) * time.Millisecond)}
}

// A line is ASCII whatever the names are, and reads back as it was meant. Times are in UTC
// and tell whole hundredths of a second, between which the source was read.
func TestFooterLine(t *testing.T) {
	list := []errs.Warning{zeroDates("出生日期𠮷"), zeroDates("a\"b\x7f\n")}
	f := server.Footer{Rows: 7, Cut: server.OnlinePage, NextPage: "ABC", Warnings: list, Sources: []server.SourceTimes{readAt("公安", 1, 21), readAt("MZ", 990, 1000)}}
	line := FooterLine(f, "q-1", "zh-CN")
	for _, c := range []byte(line) {
		if c < ' ' || c > '~' {
			t.Fatalf("the line %q has the byte %#x", line, c)
		}
	}
	want := Footer{
		RowCount: 7, QueryID: "q-1", Truncated: true, TruncatedBy: server.OnlinePage, NextPage: "ABC",
		Warnings: []Warned{{errs.ZeroDates, list[0].Text("zh-CN")}, {errs.ZeroDates, list[1].Text("zh-CN")}},
		Sources: []SourceTimes{
			{"公安", "2026-11-23T08:05:00.00Z", "2026-11-23T08:05:00.03Z"}, {"MZ", "2026-11-23T08:05:00.99Z", "2026-11-23T08:05:01.00Z"},
		},
	}
	got, ok := ParseFooter(line)
	if d := cmp.Diff(want, got); d != "" || !ok || !strings.Contains(want.Warnings[0].Title, "出生日期𠮷") {
		t.Error(d)
	}
	if times := got.Times(); len(times) != 2 || times[0].Agency != "公安" || times[1].To.Sub(times[0].From) != time.Second {
		t.Errorf("%+v", times)
	}
	if line := FooterLine(server.Footer{}, ""); line != `{"row_count":0}` {
		t.Errorf("nothing to tell: %s", line)
	}
	if _, ok := ParseFooter("{"); ok {
		t.Error("it reads what is none")
	}
	if lines := SourcesText(f.Sources[1:]); lines != "MZ was read from 2026-11-23T08:05:00.99Z to 2026-11-23T08:05:01.00Z" {
		t.Error(lines)
	}
}

// However much there is to say, a reader's buffer holds it, and what is left out is
// counted: warnings first, then sources.
func TestFooterLineIsShort(t *testing.T) {
	var f server.Footer
	for i := range 30 {
		f.Warnings = append(f.Warnings, zeroDates(fmt.Sprintf("%d%s", i, strings.Repeat("列", 60))))
	}
	line := FooterLine(f, "")
	got, _ := ParseFooter(line)
	warned := got.Warnings
	left := 30 - (len(warned) - 1)
	if len(line) > mostLine || len(warned) < 3 || warned[len(warned)-1].Code != errs.MoreWarnings || !strings.HasPrefix(warned[len(warned)-1].Title, fmt.Sprintf("%d more", left)) {
		t.Errorf("%d bytes, %d warnings, the last: %+v", len(line), len(warned), warned[len(warned)-1])
	}
	f.Warnings = []errs.Warning{zeroDates(strings.Repeat("列", 2000))}
	line = FooterLine(f, "")
	if got, _ := ParseFooter(line); len(line) > mostLine || len(got.Warnings) != 1 || got.Warnings[0].Code != errs.MoreWarnings {
		t.Errorf("%d bytes: %+v", len(line), got)
	}
	f.Sources = make([]server.SourceTimes, 40)
	for i := range f.Sources {
		f.Sources[i] = readAt(strings.Repeat("局", 20), 0, i)
	}
	line = FooterLine(f, "")
	if got, _ := ParseFooter(line); len(line) > mostLine || len(got.Warnings) != 1 || len(got.Sources) < 5 || len(got.Sources)+got.MoreSources != 40 {
		t.Errorf("%d bytes: %d sources and %d more", len(line), len(got.Sources), got.MoreSources)
	}
}
