package gateway

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"go.uber.org/goleak"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(testpg.Exit)) }

func newGateway(t *testing.T, o Options) *Gateway {
	t.Helper()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// cells gives a text answer's rows.
func cells(t *testing.T, a *server.Answer) []string {
	t.Helper()
	defer a.Stream.Release()
	var out []string
	for a.Stream.Next() {
		b := a.Stream.RecordBatch()
		for i := range int(b.NumRows()) {
			var row []string
			for _, c := range b.Columns() {
				row = append(row, c.(*array.String).Value(i))
			}
			out = append(out, strings.Join(row, "|"))
		}
	}
	if err := a.Stream.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// A gateway with nothing configured, asked by nobody in particular, shows nothing.
func TestNothingConfiguredShowsNothing(t *testing.T) {
	g := newGateway(t, Options{})
	var nobody server.Session
	for _, sql := range []string{"SELECT * FROM 公安.人口", "SELECT * FROM ga.main.renkou", "FROM t", "DESCRIBE 公安.人口", "EXPLAIN SELECT * FROM 公安.人口", "SELECT * FROM information_schema.tables", "SELECT * FROM duckdb_tables()", "SHOW x"} {
		if a, err := g.Query(t.Context(), nobody, server.Request{SQL: sql}); err == nil {
			a.Stream.Release()
			t.Errorf("answered: %s", sql)
		} else if c := errs.CodeOf(err); c != errs.UnknownName {
			t.Errorf("%s: %s %v", sql, c, err)
		}
	}
	for _, sql := range []string{"SHOW TABLES", "SHOW SCHEMAS"} {
		a, err := g.Query(t.Context(), nobody, server.Request{SQL: sql})
		if err != nil {
			t.Fatal(err)
		}
		if rows := cells(t, a); len(rows) != 0 {
			t.Errorf("%s: %q", sql, rows)
		}
	}
}

type oneTable struct{ policy.Denied }

var table1 = &policy.Resource{Path: []string{"公安", "人口"}, Source: "down", Columns: []catalog.Column{{Name: "姓名", Type: catalog.Type{Kind: catalog.Text}, SourceType: "TEXT"}},
	Table: &catalog.Table{ID: catalog.TableID{Schema: "main", Name: "renkou"}, Rows: -1, Comment: "户籍"}}

func (oneTable) Resources() []*policy.Resource { return []*policy.Resource{table1} }
func (oneTable) Resolve(path []string) (*policy.Resource, bool) {
	return table1, strings.Join(path, ".") == "公安.人口"
}

func TestMetadataComesFromTheSnapshot(t *testing.T) {
	g := newGateway(t, Options{})
	s := server.Session{Snapshot: oneTable{}}
	for sql, want := range map[string]string{
		"SHOW TABLES":    "公安|人口|户籍",
		"SHOW SCHEMAS":   "公安",
		"DESCRIBE 公安.人口": "姓名|VARCHAR|TEXT|",
		"DESCRIBE SELECT 1::DECIMAL(5,2) AS x, 姓名 FROM 公安.人口": "x|DECIMAL(5,2)||;姓名|VARCHAR||",
	} {
		a, err := g.Query(t.Context(), s, server.Request{SQL: sql})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if got := strings.Join(cells(t, a), ";"); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	_, err := g.Query(t.Context(), s, server.Request{SQL: "SELECT 姓名 FROM 公安.人囗"})
	if e := errs.From(err); e == nil || e.Code != errs.UnknownName || len(e.Nearest) != 1 || e.Nearest[0] != "公安.人口" || e.Pos == nil || e.Pos.Column != 16 {
		t.Errorf("a name beside the right one: %+v", e)
	}
	_, err = g.Query(t.Context(), s, server.Request{SQL: "EXPLAIN SELECT\n 姓 FROM 公安.人口"})
	if e := errs.From(err); e == nil || e.Pos == nil || e.Pos.Line != 2 || e.Pos.Column != 2 || len(e.Nearest) == 0 || e.Nearest[0] != "姓名" {
		t.Errorf("a place inside of EXPLAIN: %+v", e)
	}
	if _, err := g.Query(t.Context(), s, server.Request{SQL: "SELECT 姓名 FROM 公安.人口"}); errs.CodeOf(err) != errs.SourceUnreachable {
		t.Errorf("a source that is not there: %v", err)
	}
}

func TestParameters(t *testing.T) {
	var log bytes.Buffer
	g := newGateway(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	ask := func(sql string, params ...server.Param) (string, error) {
		a, err := g.Query(t.Context(), server.Session{}, server.Request{SQL: sql, Params: params})
		if err != nil {
			return "", err
		}
		return strings.Join(cells(t, a), ";"), nil
	}
	text := func(s string) server.Param { return server.Param{Text: s} }
	blob, one := catalog.Type{Kind: catalog.Blob}, "1"
	for _, c := range []struct {
		sql    string
		params []server.Param
		want   string
	}{
		{"SELECT CAST($1 + 1 AS VARCHAR)", []server.Param{text("41")}, "42"},
		{"SELECT CAST($1 * 2 AS VARCHAR)", []server.Param{text("1.25")}, "2.50"},
		{"SELECT $2 || $1", []server.Param{text("b"), text("a")}, "ab"},
		{"SELECT $x || $y", []server.Param{{Name: "y", Text: "2"}, {Name: "x", Text: "1"}}, "12"},
		{"SELECT ? || ?", []server.Param{text("p"), text("q")}, "pq"},
		{"SELECT coalesce(CAST($1 AS VARCHAR), 'none')", []server.Param{{Null: true}}, "none"},
		{"SELECT CAST(DATE '2024-03-01' - CAST($1 AS INTERVAL) AS VARCHAR)", []server.Param{text("1 day")}, "2024-02-29 00:00:00"},
		{"SELECT hex(CAST($1 AS BLOB))", []server.Param{text(`a\x00"\xFF`)}, "610022FF"},
		{"SELECT CAST($1 AS VARCHAR)", []server.Param{{List: true, Items: []*string{&one, nil}, Type: catalog.ListOf(catalog.Type{Kind: catalog.Int32})}}, "[1, NULL]"},
		{"SELECT CAST($1 AS VARCHAR)", []server.Param{{Text: `\x61`, Type: blob}}, "a"},
		{"SELECT CAST(list_contains(CAST($1 AS BIGINT[]), 3) AS VARCHAR)", []server.Param{text("[1, 3]")}, "true"},
	} {
		if got, err := ask(c.sql, c.params...); err != nil || got != c.want {
			t.Errorf("%s: %q %v (%s), want %q", c.sql, got, err, errs.From(err), c.want)
		}
	}
	const secret = "hunter2"
	for _, c := range []struct {
		sql    string
		params []server.Param
	}{
		{"SELECT $1", nil},
		{"SELECT 'x'", []server.Param{text("1")}},
		{"SELECT $x", []server.Param{{Name: "y", Text: "1"}}},
		{"SELECT $x", []server.Param{text("1")}}, // a name wants its own value
		{"SELECT CAST($1 AS INTEGER) + 1", []server.Param{text(secret)}},
		{"SELECT CAST($1 AS BLOB)", []server.Param{text(secret + `\x0`)}},
		{"SELECT upper($1)", []server.Param{{Text: `\x61`, Type: blob}}},
		{"SELECT upper($1)", []server.Param{{Type: catalog.ListOf(blob), List: true, Items: []*string{}}}},
	} {
		if _, err := ask(c.sql, c.params...); errs.CodeOf(err) != errs.ParameterInvalid || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", c.sql, err)
		}
	}
	if _, err := ask("SELECT CAST('" + secret + "' AS INTEGER)"); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a literal in an error: %v", err)
	}
	if l := log.String(); strings.Contains(l, secret) || strings.Count(l, "query=") < 10 {
		t.Errorf("log: %s", l)
	}
}

// A number that the client sent as a number means what it means in a statement.
func TestNumbersAtHand(t *testing.T) {
	g := newGateway(t, Options{})
	number := func(s string) server.Param { return server.Param{Text: s, Number: true} }
	for sql, want := range map[string]string{
		"SELECT CAST($1 > $2 AS VARCHAR)":                                        "true",
		"SELECT CAST(greatest($1, $2) AS VARCHAR)":                               "10",
		"SELECT CAST(max(x) AS VARCHAR) FROM (VALUES ($1), ($2)) t(x)":           "10",
		"SELECT CAST(coalesce(CAST(NULL AS BIGINT), $1) + $2 AS VARCHAR)":        "19",
		"SELECT typeof(CASE WHEN true THEN CAST(1 AS BIGINT) ELSE $1 END) || $2": "BIGINT9",
		"SELECT CAST($a < $b AS VARCHAR)":                                        "false",
	} {
		params := []server.Param{number("10"), number("9")}
		if strings.Contains(sql, "$a") {
			params[0].Name, params[1].Name = "a", "b"
		}
		a, err := g.Query(t.Context(), server.Session{}, server.Request{SQL: sql, Params: params})
		if err != nil {
			t.Errorf("%s: %v (%s)", sql, err, errs.From(err).Detail)
			continue
		}
		if got := strings.Join(cells(t, a), ";"); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	a, err := g.Query(t.Context(), server.Session{}, server.Request{SQL: "SELECT CAST($1 > $2 AS VARCHAR)", Params: []server.Param{{Text: "10"}, {Text: "9"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := cells(t, a); got[0] != "false" {
		t.Errorf("texts are compared as texts: %q", got)
	}
}

// A NULL of which nobody said the type takes that of its neighbours, as the word NULL does,
// and makes no text of them.
func TestNullsAreOfNoType(t *testing.T) {
	g := newGateway(t, Options{})
	number := func(text string) server.Param { return server.Param{Text: text, Number: true} }
	null := server.Param{Null: true}
	for _, c := range []struct {
		sql    string
		params []server.Param
		want   string
	}{
		{"SELECT CAST(max(x) AS VARCHAR) || typeof(max(x)) FROM (SELECT $1 x UNION ALL SELECT $2 UNION ALL SELECT $3)", []server.Param{number("9"), number("10"), null}, "10INTEGER"},
		{"SELECT typeof(x) FROM (VALUES ($1), ($2)) v(x)", []server.Param{{Text: "true", Bool: true}, null}, "BOOLEAN;BOOLEAN"},
		{"SELECT typeof(greatest($1, $2, $3))", []server.Param{number("9"), null, number("2.5")}, "DECIMAL(11,1)"},
		{"SELECT CAST($1 BETWEEN $2 AND $3 AS VARCHAR)", []server.Param{number("9"), number("10"), null}, "false"},
		{"SELECT CAST(coalesce($1, $2) > 9 AS VARCHAR)", []server.Param{null, number("10")}, "true"},
		{"SELECT typeof($1)", []server.Param{null}, `"NULL"`},
	} {
		a, err := g.Query(t.Context(), server.Session{}, server.Request{SQL: c.sql, Params: c.params})
		if err != nil {
			t.Errorf("%s: %v (%s)", c.sql, err, errs.From(err).Detail)
			continue
		}
		if got := strings.Join(cells(t, a), ";"); got != c.want {
			t.Errorf("%s: %q, want %q", c.sql, got, c.want)
		}
	}
}
