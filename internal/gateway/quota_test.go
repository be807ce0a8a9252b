package gateway_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/output"
	"github.com/lianji/lianji/internal/waitfor"
)

// metered gives zhao 名册 under a quota in the place of every one before, and waits until
// it is in force.
func (s *site) metered(t *testing.T, quota string) {
	t.Helper()
	const whole = "items: {id: clear, zt: clear}, purposes: [DB-HC], modes: [interface, download, online]"
	there := func() bool { return strings.Contains(s.explained(t, "zhao", "SHOW TABLES"), "名册") }
	s.apply(t, "ga", fmt.Sprintf("grants:\n  公安.名册:\n    - {agency: 民政, %s}\n", whole))
	waitfor.True(t, 5*time.Second, "the grant before to end", func() bool { return !there() })
	s.apply(t, "ga", fmt.Sprintf("grants:\n  公安.名册:\n    - {agency: 民政, %s}\n    - {principal: zhao, %s, quota: %s}\n", whole, whole, quota))
	waitfor.True(t, 5*time.Second, "the grant", there)
}

// counted gives how many rows an answer has, and how it ended: a code, or nothing.
func (s *site) counted(t *testing.T, login, sql, mode string) (rows int, code string) {
	t.Helper()
	var answer struct {
		Rows  [][]any         `json:"rows"`
		Error *output.Problem `json:"error"`
		output.Problem
	}
	r := s.ask(t, login, "application/json", map[string]any{"sql": sql, "mode": mode})
	if err := json.Unmarshal(r.body, &answer); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	if answer.Error != nil {
		answer.Problem = *answer.Error
	}
	if after := r.Header.Get("Retry-After"); r.StatusCode == 429 {
		if n, err := strconv.Atoi(after); err != nil || n < 1 || n > 24*3600 || int64(n) != answer.RetryAfter {
			t.Errorf("%s: to be asked again after %q, in the problem %d", sql, after, answer.RetryAfter)
		}
	}
	return len(answer.Rows), string(answer.Code)
}

func (s *site) want(t *testing.T, login, sql string, rows int, code string) {
	t.Helper()
	if n, got := s.counted(t, login, sql, "interface"); n != rows || got != code {
		t.Errorf("%s of %s: %d rows, %q; want %d, %q", login, sql, n, got, rows, code)
	}
}

// A statement is charged when it runs, and only then; a quota that is spent is told as such.
func TestQuota(t *testing.T) {
	s := newSite(t, plain)
	const all = "SELECT * FROM 公安.名册"
	s.metered(t, "{queries: 3}")
	for _, sql := range []string{"DESCRIBE 公安.名册", "DESCRIBE " + all, "SHOW TABLES", "EXPLAIN " + all, "SHOW GRANTS", "SELECT nosuch FROM 公安.名册", "SELECT * FROM 公安.人口", "SELECT 1", all + " LIMIT 0", all + " WHERE 1 = 0"} {
		for range 2 {
			s.counted(t, "zhao", sql, "interface")
		}
	}
	s.want(t, "zhao", all, 120, "")
	if got := s.explained(t, "zhao", "EXPLAIN ANALYZE "+all); !strings.HasPrefix(got, "200 ") {
		t.Errorf("EXPLAIN ANALYZE: %s", got)
	}
	s.want(t, "zhao", "SELECT count(*) FROM 公安.名册 a JOIN 公安.名册 b USING (id)", 1, "") // one statement
	s.want(t, "zhao", all, 0, "quota_spent")
	if r := s.ask(t, "zhao", "text/csv", map[string]any{"sql": all}); r.StatusCode != 429 || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	if got := s.explained(t, "zhao", "EXPLAIN ANALYZE "+all); !strings.HasPrefix(got, "429 ") {
		t.Errorf("EXPLAIN ANALYZE of what is spent: %s", got)
	}
	s.want(t, "zhao", "SELECT nosuch FROM 公安.名册", 0, "unknown_name")
	s.want(t, "zhao", "SELECT * FROM 公安.人口", 3, "")
	s.want(t, "wang", all, 120, "")         // by another grant
	s.want(t, "ga", all, 0, "unknown_name") // who has no grant learns nothing of another's
	s.want(t, "zhao", "EXPLAIN "+all, len(strings.Split(strings.TrimSpace(s.explained(t, "zhao", "EXPLAIN "+all)), "\n"))-2, "")
	refused := 0
	for _, start := range records[audit.Start](t, s, audit.KindRefused) {
		if start.Code == "quota_spent" {
			refused++
			if start.Principal != "zhao" || len(start.Returned) == 0 || start.Returned[0].Resource != "公安.名册" {
				t.Errorf("recorded: %+v", start)
			}
		}
	}
	if refused != 3 {
		t.Errorf("%d refusals are recorded, want 3", refused)
	}
}

// Rows are charged as they are delivered: the last ones come, then the answer breaks off.
func TestQuotaOfRows(t *testing.T) {
	s := newSite(t, plain)
	const all = "SELECT * FROM 公安.名册"
	s.metered(t, "{rows: 300}")
	s.want(t, "zhao", all, 120, "")
	s.want(t, "zhao", "SELECT count(*) FROM 公安.名册", 1, "")
	if n, code := s.counted(t, "zhao", all, "online"); n != 50 || code != "" {
		t.Errorf("on-line: %d rows, %q", n, code)
	}
	s.want(t, "zhao", all+" WHERE id < 10", 9, "")
	s.want(t, "zhao", all, 120, "")
	s.want(t, "zhao", "SELECT 1 FROM 公安.名册 WHERE id < 0", 0, "quota_spent") // 120 + 1 + 50 + 9 + 120
	s.metered(t, "{rows: 130}")
	s.want(t, "zhao", all+" ORDER BY id", 120, "")
	s.want(t, "zhao", all+" ORDER BY id", 10, "quota_spent")
	s.want(t, "zhao", all+" ORDER BY id", 0, "quota_spent")
}

// Without its store a gateway lets nothing pass that is to be charged.
func TestQuotaWithoutStore(t *testing.T) {
	s := newSite(t, plain)
	s.metered(t, "{rows: 300}")
	place := filepath.Join(s.dir, "c.db")
	if err := os.Rename(place, place+".away"); err != nil {
		t.Fatal(err)
	}
	s.want(t, "zhao", "SELECT * FROM 公安.名册", 0, "store_failed")
	s.want(t, "wang", "SELECT * FROM 公安.名册", 120, "") // the store is not asked
	if err := os.Rename(place+".away", place); err != nil {
		t.Fatal(err)
	}
}

// Every door charges a statement once, whatever it asks before, and tells what is spent alike.
func TestQuotaByEveryDoor(t *testing.T) {
	s := newSite(t, plain)
	s.metered(t, "{queries: 6}") // by HTTP thrice, by Flight SQL, the command line and PostgreSQL's protocol once
	a := &asking{site: s, login: "zhao", purpose: "DB-HC", sql: "SELECT id FROM 公安.名册 WHERE id < 3 ORDER BY id"}
	if got := a.everywhere(t); got != "id BIGINT\n[\"1\"]\n[\"2\"]\nread GA\npostgres id 20\n\"1\"\n\"2\"\n" {
		t.Errorf("within the quota:\n%s", got)
	}
	if got := a.everywhere(t); !strings.HasPrefix(got, "429 quota_spent 53400: ") || strings.Count(strings.TrimSpace(got), "\n") != 0 {
		t.Errorf("beyond the quota:\n%s", got)
	}
}
