package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/waitfor"
	"github.com/lianji/lianji/server"
)

// pagedRows are two tables whose rows have a place by a key, and by nothing but all they hold.
const pagedRows = `CREATE TABLE keyed (id INTEGER NOT NULL PRIMARY KEY, name TEXT, born DATE);
	INSERT INTO keyed VALUES (1, 'a', '2000-01-01'), (2, 'b', NULL), (3, 'a', '1990-05-06'), (4, NULL, '2000-01-01'), (5, 'O''Brien " ; --', '2010-12-31');
	CREATE TABLE blobs (a INTEGER, c BLOB);
	INSERT INTO blobs VALUES (1, x'00'), (1, x'01'), (2, x'02');
	CREATE TABLE loose (a INTEGER, b TEXT);
	INSERT INTO loose VALUES (1, 'x'), (1, 'x'), (1, 'x'), (1, NULL), (1, NULL), (NULL, 'x'), (NULL, NULL), (NULL, NULL), (NULL, NULL), (2, ''), (0, 'y');
	`

// newPagedSite is a site whose 公安.有键 and 公安.无键 wang may read through the interface,
// and li may not; 公安.下载 is for another mode.
func newPagedSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t, world{hidden: pagedRows, filter: plain.filter, mask: plain.mask})
	s.apply(t, "bureau", "purposes: {DB-YL: {name: 养老, basis: 办法}}")
	s.apply(t, "ga", "resources:\n  公安.有键: {class: restricted, source: ga, schema: main, table: keyed, items: {id: 编号, name: 姓名, born: 出生}}\n  公安.无键: {class: restricted, source: ga, schema: main, table: loose, items: {a: 甲, b: 乙}}\n  公安.图像: {class: restricted, source: ga, schema: main, table: blobs, items: {a: 甲, c: 像}}\n  公安.下载: {class: restricted, source: ga, schema: main, table: mingce, items: {id: 编号}}")
	s.apply(t, "ga", "grants:\n  公安.有键:\n    - {principal: wang, items: {id: clear, name: clear, born: clear}, purposes: [DB-HC, DB-YL], modes: [interface]}\n  公安.无键:\n    - {agency: 民政, items: {a: clear, b: clear}, purposes: [DB-HC], modes: [interface]}\n  公安.图像:\n    - {principal: wang, items: {a: clear, c: clear}, purposes: [DB-HC], modes: [interface]}\n  公安.下载:\n    - {agency: 民政, items: {id: clear}, purposes: [DB-HC], modes: [download]}\n")
	waitfor.True(t, 10*time.Second, "the grants are in force", func() bool {
		return s.read(t, "wang", "公安.有键", "").StatusCode == http.StatusOK
	})
	return s
}

// read reads a resource; what is asked of it stands behind the purpose.
func (s *site) read(t *testing.T, login, code, query string) reply {
	t.Helper()
	return s.send(t, login, http.MethodGet, "/v1/resources/"+url.PathEscape(code)+"?purpose=DB-HC"+query, "application/json", nil)
}

// rows gives the rows of an answer in JSON.
func (r reply) rows(t *testing.T) [][]any {
	t.Helper()
	var a struct {
		Rows     [][]any `json:"rows"`
		RowCount int     `json:"row_count"`
		Next     string  `json:"next_page"`
	}
	if err := json.Unmarshal(r.body, &a); err != nil || r.StatusCode != http.StatusOK || a.RowCount != len(a.Rows) {
		t.Fatalf("%v %d %s", err, r.StatusCode, r.body)
	}
	if a.Next != r.Header.Get("Lianji-Next-Page") {
		t.Errorf("the header names the page %q, the answer %q", r.Header.Get("Lianji-Next-Page"), a.Next)
	}
	return a.Rows
}

// pages reads all pages, and gives the rows of each.
func (s *site) pages(t *testing.T, login, code, query string) [][]string {
	t.Helper()
	var all [][]string
	for {
		r := s.read(t, login, code, query)
		var page []string
		for _, row := range r.rows(t) {
			page = append(page, strings.TrimSuffix(fmt.Sprintln(row...), "\n"))
		}
		all = append(all, page)
		next := r.Header.Get("Lianji-Next-Page")
		if next == "" {
			return all
		}
		if len(all) > 200 {
			t.Fatal("pages without an end")
		}
		query = "&page=" + next
	}
}

// Pages hold every row once and in order, whatever is NULL or there more than once.
func TestResourcePages(t *testing.T) {
	s := newPagedSite(t)
	for _, c := range []struct {
		code, query string
		want        [][]string
	}{
		{"公安.有键", "&rows=2&items=id", [][]string{{"1", "2"}, {"3", "4"}, {"5"}}},
		{"公安.有键", "&rows=5&items=id", [][]string{{"1", "2", "3", "4", "5"}, nil}},
		{"公安.有键", "&rows=2&items=name", [][]string{{"a", "b"}, {"a", "<nil>"}, {`O'Brien " ; --`}}},
		{"公安.有键", "&rows=2&items=id&order=born", [][]string{{"3", "1"}, {"4", "5"}, {"2"}}},
		{"公安.有键", "&rows=1&items=id&order=name", [][]string{{"5"}, {"1"}, {"3"}, {"2"}, {"4"}, nil}},
		{"公安.有键", "&rows=1&items=id&eq.name=a", [][]string{{"1"}, {"3"}, nil}},
		{"公安.有键", "&items=id&gt.id=1&le.id=3", [][]string{{"2", "3"}}},
		{"公安.有键", "&items=id&ge.born=2000-01-01&lt.born=2010-12-31", [][]string{{"1", "4"}}},
		{"公安.有键", "&items=id&eq.name=" + url.QueryEscape(`O'Brien " ; --`), [][]string{{"5"}}},
		{"公安.有键", "&items=id&eq.name=" + url.QueryEscape(`a' OR '1'='1`), [][]string{nil}},
		{"公安.无键", "&rows=2", [][]string{{"0 y", "1 x"}, {"1 x", "1 x"}, {"1 <nil>", "1 <nil>"}, {"2 ", "<nil> x"}, {"<nil> <nil>", "<nil> <nil>"}, {"<nil> <nil>"}}},
		{"公安.无键", "&rows=4", [][]string{{"0 y", "1 x", "1 x", "1 x"}, {"1 <nil>", "1 <nil>", "2 ", "<nil> x"}, {"<nil> <nil>", "<nil> <nil>", "<nil> <nil>"}}},
		{"公安.无键", "&rows=1&items=b&ge.b=x", [][]string{{"x"}, {"x"}, {"x"}, {"x"}, {"y"}, nil}},
	} {
		got := s.pages(t, "wang", c.code, c.query)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s%s: %s", c.code, c.query, d)
		}
	}
	// 120 rows whose only place is what they hold, by the code as a field of the query.
	r := s.send(t, "wang", http.MethodGet, "/v1/resources?purpose=DB-HC&rows=50&code="+url.QueryEscape("公安.名册"), "text/csv", nil)
	if got := strings.Count(string(r.body), "\r\n"); r.StatusCode != http.StatusOK || got != 51 || !strings.HasPrefix(string(r.body), "id,zt\r\n1,z1\r\n") || r.Header.Get("Lianji-Next-Page") == "" {
		t.Errorf("%d lines: %d %.300s", got, r.StatusCode, r.body)
	}
	if n := len(slices.Concat(s.pages(t, "wang", "公安.名册", "&rows=17")...)); n != 120 {
		t.Errorf("%d rows", n)
	}
	// Without an order there is one page, and nothing is left out without a word.
	if got := s.pages(t, "wang", "公安.图像", "&rows=4"); len(got) != 1 || len(got[0]) != 3 {
		t.Errorf("one page: %q", got)
	}
	if got := s.pages(t, "wang", "公安.图像", "&rows=2&items=a"); len(got) != 2 {
		t.Errorf("items with an order: %q", got)
	}
	if r := s.read(t, "wang", "公安.图像", "&rows=2"); r.StatusCode != 400 || !strings.Contains(string(r.body), "not_supported") {
		t.Errorf("two of three rows without an order: %d %s", r.StatusCode, r.body)
	}
	// The policy is that of statements: 人口 has a row filter and a mask.
	if d := cmp.Diff([][]string{{"1 张** 和平区", "2 李** 和平区", "3 王** 和平区"}}, s.pages(t, "wang", "公安.人口", "")); d != "" {
		t.Error(d)
	}
}

// Rows that go between two pages take none with them that stand behind them, be they those
// that the first page showed.
func TestResourcePagesWhileRowsGo(t *testing.T) {
	s := newPagedSite(t)
	r := s.read(t, "wang", "公安.无键", "&rows=3")
	if got := fmt.Sprint(r.rows(t)); got != "[[0 y] [1 x] [1 x]]" {
		t.Fatal(got)
	}
	next := "&page=" + r.Header.Get("Lianji-Next-Page")
	for _, c := range []struct{ change, want string }{
		{"DELETE FROM loose WHERE a = 1 AND b = 'x'", "[[1 <nil>] [1 <nil>] [2 ]]"},
		{"INSERT INTO loose VALUES (1, 'yyy'), (1, 'yy'), (1, 'y')", "[[1 y] [1 yy] [1 yyy]]"}, // none of them is passed over, or comes twice
	} {
		conn, err := sqlite.OpenConn(filepath.Join(s.dir, "ga.db"), sqlite.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlitex.ExecuteScript(conn, c.change+";", nil); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.read(t, "wang", "公安.无键", next).rows(t)); got != c.want {
			t.Errorf("the page after %s: %s, want %s", c.change, got, c.want)
		}
	}
}

// What is asked in a wrong way is refused, before any statement.
func TestResourceMistakes(t *testing.T) {
	s := newPagedSite(t)
	for query, want := range map[string]int{
		"&rows=0": 400, "&rows=10001": 400, "&rows=1e3": 400, "&rows=01": 400, "&items=": 400, "&items=id,ID": 400, "&items=nosuch": 404,
		"&order=nosuch": 404, "&eq.nosuch=1": 404, "&ne.id=1": 400, "&id=1": 400, "&eq.=1": 400, "&eq.id=1&eq.id=2": 400, "&gt.id=x": 400,
		"&purpose=DB-YL": 400, "&code=x": 400, "&page=": 404, "&page=x&rows=2": 404, "&eq.name=%ff": 400, "&format=table": 400, "&%zz": 400,
		"&items=" + url.QueryEscape(`id" FROM 公安.名册 --`): 404, "&eq.born=2000-13-01": 400,
	} {
		if r := s.read(t, "wang", "公安.有键", query); r.StatusCode != want || r.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(string(r.body), "position") {
			t.Errorf("%s: %d %s", query, r.StatusCode, r.body)
		}
	}
	for _, field := range []string{"items=", "order=", "eq.", "lt."} {
		hidden, none := s.read(t, "wang", "公安.人口", "&"+strings.Replace(field+"mm", ".mm", ".mm=x", 1)), s.read(t, "wang", "公安.人口", "&"+strings.Replace(field+"nn", ".nn", ".nn=x", 1))
		if hidden.StatusCode != http.StatusNotFound || hidden.refusal(t, "mm") != none.refusal(t, "nn") {
			t.Errorf("%s: an item that is not granted: %d %s, one that is not there: %s", field, hidden.StatusCode, hidden.body, none.body)
		}
	}
	if r := s.send(t, "wang", http.MethodGet, "/v1/resources?purpose=DB-HC", "", nil); r.StatusCode != 400 {
		t.Errorf("without a code: %d %s", r.StatusCode, r.body)
	}
	if r := s.send(t, "nobody", http.MethodGet, "/v1/resources/x.y", "", nil); r.StatusCode != 401 {
		t.Errorf("without a token: %d %s", r.StatusCode, r.body)
	}
}

// refusal is what an answer says, without what differs from one to the next.
func (r reply) refusal(t *testing.T, name string) string {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	delete(p, "query_id")
	delete(p, "instance")
	return strings.ReplaceAll(fmt.Sprint(r.StatusCode, p), name, "NAME")
}

// Of a value that does not fit, the field of the address is named and no parameter, on every
// page; the value is not said again.
func TestResourceValuesAreNamed(t *testing.T) {
	s := newPagedSite(t)
	for _, c := range []struct{ code, query, want string }{
		{"公安.有键", "&eq.name=a&ge.born=abc", "The value of ge.born in the address does not fit its type DATE."},
		{"公安.有键", "&eq.id=zzz&ge.born=2000-01-01", "The value of eq.id in the address does not fit its type BIGINT."},
		{"公安.无键", "&rows=1&gt.a=zzz", "The value of gt.a in the address does not fit its type BIGINT."},
	} {
		r := s.read(t, "wang", c.code, c.query)
		if got := string(r.body); r.StatusCode != 400 || !strings.Contains(got, c.want) || strings.Contains(got, "parameter ") || strings.Contains(got, "abc") || strings.Contains(got, "zzz") {
			t.Errorf("%s: %d %s", c.query, r.StatusCode, got)
		}
	}
}

// What is withheld, granted to another, for another purpose or mode, and what is not there
// read the same.
func TestResourcesNotGranted(t *testing.T) {
	s := newPagedSite(t)
	want := s.read(t, "wang", "公安.没有", "").refusal(t, "公安.没有")
	if !strings.HasPrefix(want, "404") || !strings.Contains(want, "unknown_name") {
		t.Errorf("not there: %s", want)
	}
	for what, r := range map[string]reply{
		"withheld":        s.read(t, "wang", "公安.密档", ""),
		"another mode":    s.read(t, "wang", "公安.下载", ""),
		"another's":       s.read(t, "li", "公安.有键", ""),
		"another purpose": s.send(t, "wang", http.MethodGet, "/v1/resources/"+url.PathEscape("公安.名册")+"?purpose=DB-YL", "", nil),
	} {
		name := map[string]string{"withheld": "公安.密档", "another mode": "公安.下载", "another purpose": "公安.名册"}[what]
		if name == "" {
			name = "公安.有键"
		}
		if got := r.refusal(t, name); got != want {
			t.Errorf("%s:\n%s\nnot there:\n%s", what, got, want)
		}
	}
}

// Who states no purpose is told so, and the same of everything: of what is granted for one,
// withheld or not there, of a page and of a description.
func TestResourcesWithoutAPurpose(t *testing.T) {
	s := newPagedSite(t)
	page := s.read(t, "wang", "公安.有键", "&rows=1").Header.Get("Lianji-Next-Page")
	want := ""
	for _, code := range []string{"公安.没有", "公安.有键", "公安.密档", "公安.下载"} {
		at := "/v1/resources/" + url.PathEscape(code)
		for _, address := range []string{at, at + "?page=" + page, "/v1/resources?code=" + url.QueryEscape(code), at + "/openapi.json", "/v1/resources/openapi.json?code=" + url.QueryEscape(code)} {
			got := s.send(t, "wang", http.MethodGet, address, "", nil).refusal(t, code)
			if want == "" {
				want = got
			}
			if got != want || !strings.HasPrefix(got, "404") || !strings.Contains(got, "unknown_name") || !strings.Contains(got, "There is no resource NAME without a purpose: state one") {
				t.Errorf("%s: %s", address, got)
			}
		}
	}
	for query, want := range map[string]bool{"": true, "?purpose=DB-HC": false} {
		r := s.send(t, "wang", http.MethodGet, "/v1/resources/openapi.json"+query, "", nil)
		if r.StatusCode != http.StatusOK || strings.Contains(string(r.body), "No purpose was stated") != want {
			t.Errorf("%s: %d %.300s", query, r.StatusCode, r.body)
		}
	}
}

// The name of a page is worth nothing to another principal, for another purpose or resource,
// when it was changed, and when nothing is granted any more; nothing can be read in it.
func TestResourcePageNames(t *testing.T) {
	s := newPagedSite(t)
	first := s.read(t, "wang", "公安.有键", "&rows=1&order=name&items=id&eq.name="+url.QueryEscape(`O'Brien " ; --`))
	name := first.Header.Get("Lianji-Next-Page")
	plain, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || strings.Contains(string(plain), "Brien") || strings.Contains(string(plain), "公安") {
		t.Errorf("%v: the name says %q", err, plain)
	}
	other := s.read(t, "wang", "公安.有键", "&rows=1&order=name&items=id&eq.name="+url.QueryEscape(`O'Brien " ; --`)).Header.Get("Lianji-Next-Page")
	if name == "" || name == other {
		t.Errorf("the same name twice: %q", name)
	}
	loose := s.read(t, "wang", "公安.无键", "&rows=1").Header.Get("Lianji-Next-Page")
	changed := []byte(name)
	changed[len(changed)/2] ^= 1
	at := "/v1/resources/" + url.PathEscape("公安.有键") + "?purpose="
	for what, r := range map[string]reply{
		"guessed":          s.read(t, "wang", "公安.有键", "&page="+strings.Repeat("A", len(name))),
		"changed":          s.read(t, "wang", "公安.有键", "&page="+string(changed)),
		"of another":       s.read(t, "li", "公安.无键", "&page="+loose),
		"another resource": s.read(t, "wang", "公安.名册", "&page="+loose),
		"another purpose":  s.send(t, "wang", http.MethodGet, at+"DB-YL&page="+name, "", nil),
	} {
		if r.StatusCode != http.StatusNotFound || !strings.Contains(string(r.body), "no such page") {
			t.Errorf("%s: %d %s", what, r.StatusCode, r.body)
		}
	}
	if r := s.read(t, "wang", "公安.有键", "&rows=2&page="+name); r.StatusCode != http.StatusBadRequest {
		t.Errorf("with other rows: %d %s", r.StatusCode, r.body)
	}
	if r := s.read(t, "wang", "公安.有键", "&page="+name); len(r.rows(t)) != 0 {
		t.Errorf("behind the last row: %s", r.body)
	}
	next := s.read(t, "wang", "公安.有键", "&rows=1").Header.Get("Lianji-Next-Page")
	if r := s.ask(t, "ga", "application/json", map[string]any{"sql": "REVOKE ON 公安.有键 FROM PRINCIPAL wang"}); r.StatusCode != http.StatusOK || !strings.Contains(string(r.body), "revoked") {
		t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	want := s.read(t, "wang", "公安.没有", "").refusal(t, "公安.没有")
	if got := s.read(t, "wang", "公安.有键", "&page="+next).refusal(t, "公安.有键"); got != want {
		t.Errorf("after a revoke: %s", got)
	}
}

// Where a page ends is found again, whatever type the items of the order have.
func TestPlacesOfEveryType(t *testing.T) {
	g, err := gateway.New(gateway.Options{MemoryBytes: 128 << 20, TempDir: t.TempDir(), TimeZone: "Asia/Shanghai"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	for _, value := range []string{
		"true", "CAST(-128 AS TINYINT)", "CAST(-2 AS SMALLINT)", "7", "9223372036854775807", "CAST(255 AS UTINYINT)", "CAST(18446744073709551615 AS UBIGINT)",
		"CAST(0.1 AS FLOAT)", "CAST(1.7976931348623157e308 AS DOUBLE)", "CAST('nan' AS DOUBLE)", "CAST('-inf' AS DOUBLE)", "CAST(-12.50 AS DECIMAL(20,2))", "'a'' \"\\ ;'", "''",
		"DATE '2024-02-29'", "TIME '13:04:05.123456'", "TIMESTAMP '2024-02-29 13:04:05.123456'",
		"TIMESTAMPTZ '2024-02-29 13:04:05.123456+08'",
		"DATE '0044-03-15 (BC)'", "DATE '0001-12-31 (BC)'", "DATE '12024-12-25'", "TIME '24:00:00'",
		"TIMESTAMP '0044-03-15 (BC) 01:02:03'", "TIMESTAMP '12024-12-25 00:00:00'",
		"TIMESTAMPTZ '0044-03-15 (BC) 01:02:03+00'", "TIMESTAMPTZ '12024-12-25 00:00:00+00'",
		"CAST(TIMESTAMP '0044-03-15 (BC) 01:02:03' AS TIMESTAMP_S)", "CAST(TIMESTAMP '2024-12-25 01:02:03.5' AS TIMESTAMP_MS)", "CAST(TIMESTAMP '2024-12-25 01:02:03.5' AS TIMESTAMP_NS)",
		"CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS UUID)",
	} {
		ask := func(sql string, read func(arrow.Array), params ...server.Param) catalog.Type {
			t.Helper()
			a, err := g.Query(t.Context(), server.Session{Operator: true}, server.Request{SQL: sql, Params: params})
			if err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			defer a.Stream.Release()
			if !a.Stream.Next() {
				t.Fatalf("%s: %v", sql, a.Stream.Err())
			}
			read(a.Stream.RecordBatch().Column(0))
			return a.Columns[0].Type
		}
		from := " FROM (VALUES (" + value + ")) v(c)"
		var p server.Param
		p.Type = ask("SELECT c"+from, func(c arrow.Array) {
			text, err := output.PlainText(c)
			if err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			p.Text = string(text(nil, 0))
		})
		ask("SELECT count(*)"+from+" WHERE c = $1 AND c >= $1 AND NOT c > $1", func(c arrow.Array) {
			if c.ValueStr(0) != "1" {
				t.Errorf("%s is not found by %q", value, p.Text)
			}
		}, p)
	}
}
