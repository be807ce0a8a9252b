package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/server"
)

// secretValues is a statement of one row with literals and a parameter that tell.
const secretValues = "SELECT count(*) FROM (VALUES ('hunter2'), ('x'), ($1)) v(a) WHERE a <> 'hunter2'"

func TestExplainAnalyze(t *testing.T) {
	var log bytes.Buffer
	g := newGateway(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	ask := func(prefix string) string {
		t.Helper()
		a, err := g.Query(t.Context(), server.Session{}, server.Request{SQL: prefix + secretValues, Params: []server.Param{{Text: "hunter3"}}})
		if err != nil {
			t.Fatalf("%s: %v (%s)", prefix, err, errs.From(err).Detail)
		}
		text := strings.Join(cells(t, a), "\n")
		if strings.Contains(text, "hunter") {
			t.Errorf("%s tells values:\n%s", prefix, text)
		}
		return text
	}
	if text := ask("EXPLAIN ANALYZE "); !strings.Contains(text, "\nanswer: 1 rows, ") || !strings.Contains(text, "UNGROUPED_AGGREGATE: 1 rows, ") {
		t.Errorf("ANALYZE says\n%s", text)
	}
	if text := ask("EXPLAIN "); strings.Contains(text, "answer:") {
		t.Errorf("EXPLAIN alone ran the statement:\n%s", text)
	}
	for prefix, ran := range map[string]bool{"EXPLAIN (FORMAT JSON) ": false, "EXPLAIN (ANALYZE, FORMAT JSON) ": true} {
		text := ask(prefix)
		var e planner.Explanation
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if (e.Ran != nil) != ran || len(e.Nodes) == 0 || e.Streams == nil || strings.Contains(text, `\u003c`) {
			t.Errorf("%s: %s", prefix, text)
		}
		if ran && (e.Ran.Rows != 1 || e.Ran.Bytes < 8 || len(e.Ran.Operators) == 0 || e.Ran.Operators[0].Rows != 1) {
			t.Errorf("%s: %+v", prefix, e.Ran)
		}
	}
	if l := log.String(); strings.Count(l, "query=") != 4 || strings.Contains(l, "hunter") {
		t.Errorf("log: %s", l)
	}
}

// ANALYZE fails with the code, text and place of the statement that it runs.
func TestExplainAnalyzeErrors(t *testing.T) {
	g := newGateway(t, Options{})
	s := server.Session{Snapshot: oneTable{}}
	for sql, want := range map[string]errs.Code{
		"SELECT CAST(a AS INTEGER) FROM (VALUES ('hunter2')) v(a)": errs.DataError,
		"SELECT 姓名 FROM 公安.人口":                                     errs.SourceUnreachable,
		"SELECT 性别 FROM 公安.人口":                                     errs.UnknownName,
	} {
		_, run := g.Query(t.Context(), s, server.Request{SQL: sql})
		_, analysed := g.Query(t.Context(), s, server.Request{SQL: "EXPLAIN ANALYZE " + sql})
		r, a := errs.From(run), errs.From(analysed)
		if r == nil || a == nil || r.Code != want || a.Code != want || a.ID != r.ID || strings.Contains(a.Error(), "hunter2") {
			t.Errorf("%s: run %v, analysed %v, want %s", sql, run, analysed, want)
			continue
		}
		if (r.Pos == nil) != (a.Pos == nil) || (r.Pos != nil && a.Pos.Offset != r.Pos.Offset+len("EXPLAIN ANALYZE ")) {
			t.Errorf("%s: run %+v, analysed %+v", sql, r.Pos, a.Pos)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Query(ctx, server.Session{}, server.Request{SQL: "EXPLAIN ANALYZE SELECT count(*) FROM range(100000000000) r(i)"}); errs.CodeOf(err) != errs.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}
