package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// What is to be known of a whole answer reaches the client: where the form has a place,
// there, else in a trailer. A broken one has none.
func TestFooter(t *testing.T) {
	warn := []errs.Warning{{Code: errs.ZeroDates, ID: "mysql_zero_dates", Args: msg.Args{"Source": "sj", "Table": "t", "Column": "born", "Count": int64(2)}}}
	title := warn[0].Text("zh-CN")
	at := time.Date(2026, 11, 23, 8, 5, 0, 120_000_000, time.UTC)
	times := []server.SourceTimes{{Agency: "公安", From: at, To: at.Add(time.Second)}}
	member := `"row_count":2,"warnings":[{"code":"zero_dates","title":"` + title + `"}],"sources":[{"agency":"公安","from":"2026-11-23T08:05:00.12Z","to":"2026-11-23T08:05:01.12Z"}]}` + "\n"
	for _, rows := range []int{2, 0} {
		for accept, inside := range map[string]bool{
			"application/json": true, "application/x-ndjson": true, "text/csv": false, arrowType: false, "application/vnd.apache.parquet": false,
		} {
			feed := servertest.Feed()
			if rows > 0 {
				feed = servertest.Feed(servertest.Row{Rows: rows})
			}
			res := post(t, open(t, &servertest.Querier{Feed: feed, Warn: warn, Times: times}), statement, "Accept", accept, "Accept-Language", "zh-CN")
			body, trailer := text(t, res), res.Trailer.Get(httpapi.FooterTrailer)
			if inside {
				if want := strings.Replace(member, `"row_count":2`, map[int]string{2: `"row_count":2`, 0: `"row_count":0`}[rows], 1); !strings.HasSuffix(body, want) || trailer != "" {
					t.Errorf("%s: trailer %q, body %q", accept, trailer, body)
				}
				continue
			}
			got, ok := output.ParseFooter(trailer)
			if !ok || got.RowCount != int64(rows) || len(got.Warnings) != 1 || got.Warnings[0].Code != errs.ZeroDates || got.Warnings[0].Title != title || strings.Contains(body, "zero_dates") {
				t.Errorf("%s: trailer %q", accept, trailer)
			}
			if s := got.Times(); len(s) != 1 || s[0].Agency != "公安" || !s[0].From.Equal(at) || !s[0].To.Equal(at.Add(time.Second)) {
				t.Errorf("%s: %+v", accept, s)
			}
		}
	}
	for _, accept := range []string{"application/json", "text/csv"} {
		res := post(t, open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2})}), statement, "Accept", accept)
		body, trailer := text(t, res), res.Trailer.Get(httpapi.FooterTrailer)
		if want := map[string]string{"text/csv": `{"row_count":2}`}[accept]; strings.Contains(body, "warnings") || strings.Contains(body, "sources") || trailer != want {
			t.Errorf("%s without warnings: %q %q", accept, trailer, body)
		}
	}
	failure := errs.New(errs.SourceFailed, "source_lost", msg.Args{"Source": "mz"})
	res := post(t, open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 2}, servertest.Row{Err: failure}), Warn: warn, Times: times}), statement)
	if body := text(t, res); strings.Contains(body, "warnings") || strings.Contains(body, "sources") {
		t.Errorf("a broken answer: %q", body)
	}
}
