package gateway_test

import (
	"regexp"
	"strings"
	"testing"
)

// hidings are worlds that look the same to 民政: they differ in hidden rows, in columns
// that nobody is granted, in row filters and in masks.
var hidings = map[string]world{
	"plain": plain,
	"many rows": {
		hidden: "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO renkou SELECT i, 'HIDDEN' || i, 'SECRET', 'x' FROM n;",
		filter: "qx = '和平区'", mask: "masked name",
	},
	"another filter":               {filter: "qx LIKE '和平%' AND id < 4711", mask: "masked name"},
	"one that a source can't take": {filter: "CASE WHEN qx = '和平区' THEN true ELSE id = 4711 END", mask: "masked name"},
	"one over a hidden column":     {filter: "mm = 'm' OR id = 4711", mask: "masked name"},
	"one that looks values up":     {filter: "id IN (SELECT id FROM 公安.密档 WHERE mm = 'm' AND id <> 4711)", mask: "masked name"},
	"no column and another mask":   {hidden: "ALTER TABLE renkou ADD COLUMN zz TEXT DEFAULT 'SECRET';", filter: "qx IS NOT NULL", mask: "masked address"},
}

var explainable = []string{
	"SELECT id, xm FROM 公安.人口 WHERE id > 1 AND qx = '和平区'",
	"SELECT count(*) FROM 公安.人口",
	"SELECT m.zt, p.xm FROM 公安.名册 m JOIN 公安.人口 p ON m.id = p.id WHERE m.zt LIKE 'z%'",
	"SELECT qx, count(*), max(xm) FROM 公安.人口 WHERE length(xm) > 1 GROUP BY qx ORDER BY 2 LIMIT 3",
	"SELECT a.id FROM 公安.人口 a LEFT JOIN 公安.人口 b ON a.id = b.id + 1 WHERE b.xm IS NULL",
	"SELECT id FROM 公安.名册 WHERE id IN (SELECT id FROM 公安.人口)",
	"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT p.id FROM r JOIN 公安.人口 p ON p.id = r.n + 1) SELECT * FROM r",
}

var queryID = regexp.MustCompile(`"query_id":"[^"]*"`)

// What EXPLAIN says to somebody with grants does not depend on what they do not see.
func TestExplainedWithoutWhatIsHidden(t *testing.T) {
	said := map[string]string{}
	for name, w := range hidings {
		s := newSite(t, w)
		for _, prefix := range []string{"EXPLAIN ", "EXPLAIN (FORMAT JSON) ", "EXPLAIN ANALYZE ", "EXPLAIN (ANALYZE, FORMAT JSON) "} {
			for _, sql := range explainable {
				got := queryID.ReplaceAllString(s.explained(t, "wang", prefix+sql), "")
				if !strings.HasPrefix(got, "200 ") {
					t.Fatalf("%s: %s: %s", name, prefix+sql, got)
				}
				before, known := said[prefix+sql]
				if known && before != got {
					t.Errorf("%s: %s\nsays\n%s\nand elsewhere\n%s", name, prefix+sql, got, before)
				}
				said[prefix+sql] = got
				for _, secret := range []string{"4711", "SECRET", "HIDDEN", "密档", "mm", "renkou", "mingce", "main", " ga", "about", "SELECT", "LIKE '", "left("} {
					if strings.Contains(strings.ReplaceAll(got, "remain", ""), secret) {
						t.Errorf("%s: %s tells %q:\n%s", name, prefix+sql, secret, got)
					}
				}
			}
		}
	}
	got := said["EXPLAIN "+explainable[0]]
	for _, want := range []string{"resource 公安.人口", "returned: id, xm", "compared: id, qx", "rows and values pass what its grants say"} {
		if !strings.Contains(got, want) {
			t.Errorf("not said: %s\n%s", want, got)
		}
	}
}

// Of what stands before nothing hidden, it is told what a source was asked.
func TestExplainedWithoutGuard(t *testing.T) {
	s := newSite(t, plain)
	got := s.explained(t, "wang", "EXPLAIN SELECT zt FROM 公安.名册 WHERE id > 5 AND zt LIKE '%1'")
	for _, want := range []string{"returned: zt", "compared: id, zt", "exact: id#", "none: "} {
		if !strings.Contains(got, want) {
			t.Errorf("not said: %s\n%s", want, got)
		}
	}
	for _, secret := range []string{"mingce", "main", "about", "sql:"} {
		if strings.Contains(got, secret) {
			t.Errorf("tells %s:\n%s", secret, got)
		}
	}
}

// Who decides about a resource sees all of how it is read, but for statements that read
// another agency's too.
func TestExplainedToTheProvider(t *testing.T) {
	s := newSite(t, plain)
	got := s.explained(t, "ga", "EXPLAIN SELECT id, xm FROM 公安.人口 WHERE id > 1")
	for _, want := range []string{"barrier", "renkou", "qx", "about", "sql:"} {
		if !strings.Contains(got, want) {
			t.Errorf("not said: %s\n%s", want, got)
		}
	}
	// Whoever only uses data does not decide, in the same agency either.
	if got := s.explained(t, "zhao", "EXPLAIN SELECT id, xm FROM 公安.人口 WHERE id > 1"); !strings.HasPrefix(got, "200 ") || strings.Contains(got, "renkou") || strings.Contains(got, "about") {
		t.Error(got)
	}
	if got := s.explained(t, "wang", "EXPLAIN SELECT 1"); !strings.HasPrefix(got, "200 ") {
		t.Error(got)
	}
}
