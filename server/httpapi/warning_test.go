package httpapi_test

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// Warnings of a whole answer reach the client: where the form has a place, there, else
// in a trailer. An answer without any looks as it always did, and a broken one has none.
func TestWarnings(t *testing.T) {
	warn := []errs.Warning{{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": "sj", "Table": "t", "Column": "born", "Count": int64(2)}}}
	title := warn[0].Text("zh-CN")
	member := `"row_count":2,"warnings":[{"code":"zero_dates","title":"` + title + `"}]}` + "\n"
	for _, rows := range []int{2, 0} {
		for accept, inside := range map[string]bool{
			"application/json": true, "application/x-ndjson": true, "text/csv": false, arrowType: false, "application/vnd.apache.parquet": false,
		} {
			feed := servertest.Feed()
			if rows > 0 {
				feed = servertest.Feed(servertest.Row{Rows: rows})
			}
			res := post(t, open(t, &servertest.Querier{Feed: feed, Warn: warn}), statement, "Accept", accept, "Accept-Language", "zh-CN")
			body, trailer := text(t, res), res.Trailer.Get(httpapi.WarningsTrailer)
			if inside {
				if want := strings.Replace(member, `"row_count":2`, map[int]string{2: `"row_count":2`, 0: `"row_count":0`}[rows], 1); !strings.HasSuffix(body, want) || trailer != "" {
					t.Errorf("%s: trailer %q, body %q", accept, trailer, body)
				}
				continue
			}
			if got := output.ParseWarnings(trailer); len(got) != 1 || got[0].Code != errs.ZeroDates || got[0].Title != title || strings.Contains(body, "zero_dates") {
				t.Errorf("%s: trailer %q", accept, trailer)
			}
		}
	}
	for _, accept := range []string{"application/json", "text/csv"} {
		res := post(t, open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})}), statement, "Accept", accept)
		if body, trailer := text(t, res), res.Trailer.Get(httpapi.WarningsTrailer); strings.Contains(body, "warnings") || trailer != "" {
			t.Errorf("%s without warnings: %q %q", accept, trailer, body)
		}
	}
	failure := errs.New(errs.SourceFailed, "source_lost", msg.Args{"Source": "mz"})
	res := post(t, open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure}), Warn: warn}), statement)
	if body := text(t, res); strings.Contains(body, "warnings") {
		t.Errorf("a broken answer: %q", body)
	}
}
