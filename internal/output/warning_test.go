package output

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

func zeroDates(column string) errs.Warning {
	return errs.Warning{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": "sj", "Table": "t", "Column": column, "Count": int64(2)}}
}

// A trailer is ASCII whatever the names are, and reads back as it was meant.
func TestWarningsTrailer(t *testing.T) {
	list := []errs.Warning{zeroDates("出生日期𠮷"), zeroDates("a\"b\x7f\n")}
	line := WarningsTrailer(list, "zh-CN")
	for _, c := range []byte(line) {
		if c < ' ' || c > '~' {
			t.Fatalf("the line %q has the byte %#x", line, c)
		}
	}
	want := []Warned{{errs.ZeroDates, list[0].Text("zh-CN")}, {errs.ZeroDates, list[1].Text("zh-CN")}}
	if d := cmp.Diff(want, ParseWarnings(line)); d != "" || !strings.Contains(want[0].Title, "出生日期𠮷") {
		t.Error(d)
	}
	if WarningsTrailer(nil) != "" || ParseWarnings("") != nil || ParseWarnings("{") != nil {
		t.Error("no warnings are something")
	}
}

// However much there is to say, a reader's buffer holds it, and what is left out is
// counted.
func TestWarningsTrailerIsShort(t *testing.T) {
	var list []errs.Warning
	for i := range 30 {
		list = append(list, zeroDates(fmt.Sprintf("%d%s", i, strings.Repeat("列", 60))))
	}
	line := WarningsTrailer(list)
	got := ParseWarnings(line)
	left := 30 - (len(got) - 1)
	if len(line) > trailerBytes || len(got) < 3 || got[len(got)-1].Code != errs.MoreWarnings || !strings.HasPrefix(got[len(got)-1].Title, fmt.Sprintf("%d more", left)) {
		t.Errorf("%d bytes, %d warnings, the last: %+v", len(line), len(got), got[len(got)-1])
	}
	line = WarningsTrailer([]errs.Warning{zeroDates(strings.Repeat("列", 2000))})
	if got := ParseWarnings(line); len(line) > trailerBytes || len(got) != 1 || got[0].Code != errs.MoreWarnings {
		t.Errorf("%d bytes: %+v", len(line), got)
	}
}
