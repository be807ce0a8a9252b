package e2e

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/audit"
)

// Registers of 30,000 people at two agencies, and the few of a third one whose numbers
// are worth sending instead of reading all of them.
const (
	manyGA = `CREATE TABLE renkou (sfzh TEXT COLLATE "C" PRIMARY KEY, xm TEXT, je INTEGER);
		INSERT INTO renkou SELECT '2101021990010' || lpad(i::text, 5, '0'), 'n' || i, i FROM generate_series(0, 29999) i; ANALYZE renkou;`
	fewMZ = `CREATE TABLE dibao (sfzh TEXT PRIMARY KEY, xm TEXT, je INTEGER);
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) INSERT INTO dibao SELECT '2101021990010' || printf('%05d', i), 'm' || i, i % 500 FROM n; ANALYZE;`
	manySB = `CREATE TABLE canbao (sfzh VARCHAR(18) COLLATE utf8mb4_bin PRIMARY KEY, xm VARCHAR(20), je INT);
		INSERT INTO canbao SELECT CONCAT('2101021990010', LPAD(seq, 5, '0')), CONCAT('s', seq), seq FROM seq_0_to_29999;
		ANALYZE TABLE canbao;`
)

// Values of an item go into the sources of those agencies that its grant names, and of
// nobody else: not as values of another column that equals it, nor in the company of
// items that must not go there.
func TestKeysToSomeAgencies(t *testing.T) {
	c := newCity(t, manyGA, fewMZ, manySB)
	clear := map[string]catalog.GrantedItem{"sfzh": open, "je": open}
	c.grant(t, "ga", "WJ", "DB-HC", "", clear)
	c.grant(t, "sb", "WJ", "DB-HC", "", clear)
	const (
		key = "210102199001000007"
		ga  = "SELECT count(*), max(a.je) FROM 民政.低保 m JOIN 公安.人口 a ON a.sfzh = m.sfzh WHERE m.je = 7"
		sb  = "SELECT count(*), max(a.je) FROM 民政.低保 m JOIN 社保.参保 a ON a.sfzh = m.sfzh WHERE m.je = 7"
		// 公安 gets the keys of 民政 and gives equal ones, which then are 公安's too.
		on = "SELECT count(*), max(b.je) FROM 民政.低保 m JOIN 公安.人口 a ON a.sfzh = m.sfzh JOIN 社保.参保 b ON b.sfzh = a.sfzh WHERE m.je = 7"
	)
	to := func(agencies ...string) map[string]catalog.GrantedItem {
		return map[string]catalog.GrantedItem{"sfzh": {Use: catalog.Clear, Keys: agencies}, "je": open}
	}
	for _, x := range []struct {
		name   string
		items  map[string]catalog.GrantedItem
		ga, sb bool // whether they are sent the key
	}{
		{"to nobody", clear, false, false},
		{"to one", to("GA"), true, false},
		{"to the other", to("SB"), false, true},
		{"to both", to("GA", "SB"), true, true},
		{"to any", to("*"), true, true},
		{"of another item", map[string]catalog.GrantedItem{"sfzh": open, "je": {Use: catalog.Clear, Keys: []string{"*"}}}, false, false},
	} {
		c.revoke(t, "mz")
		c.grant(t, "mz", "WJ", "DB-HC", "", x.items)
		for _, q := range []struct {
			sql, source string
			sent        bool
		}{{ga, "ga", x.ga}, {sb, "sb", x.sb}, {on, "ga", x.ga}, {on, "sb", false}} {
			for _, source := range []string{"ga", "mz", "sb"} {
				c.statements(source)
			}
			if got := c.ask(t, "wang", "DB-HC", q.sql); got != "[[2 507]]" {
				t.Errorf("%s: %s: %s", x.name, q.sql, got)
			}
			if sent := c.statements(q.source); strings.Contains(sent, key) != q.sent {
				t.Errorf("%s: %s: %s was sent %.300s", x.name, q.sql, q.source, sent)
			}
			told := c.ask(t, "wang", "DB-HC", "EXPLAIN "+q.sql)
			resource := map[string]string{"ga": "公安.人口", "sb": "社保.参保"}[q.source]
			if strings.Contains(told, "sfzh to "+resource) != q.sent {
				t.Errorf("%s: %s: explained as %s", x.name, q.sql, told)
			}
		}
	}

	// Of 公安's values too, where it lets them go; and then only if those may go that chose them.
	c.revoke(t, "ga")
	c.grant(t, "ga", "WJ", "DB-HC", "", to("SB"))
	for _, x := range []struct {
		items map[string]catalog.GrantedItem
		sent  bool
	}{{to("GA"), false}, {to("GA", "SB"), true}} {
		c.revoke(t, "mz")
		c.grant(t, "mz", "WJ", "DB-HC", "", x.items)
		c.statements("sb")
		if got := c.ask(t, "wang", "DB-HC", on); got != "[[2 507]]" {
			t.Errorf("on: %s", got)
		}
		if sent := c.statements("sb"); strings.Contains(sent, key) != x.sent {
			t.Errorf("on, by way of 公安: sb was sent %.300s", sent)
		}
	}

	// The audit has the item and whom its values went to.
	c.revoke(t, "mz")
	c.grant(t, "mz", "WJ", "DB-HC", "", to("GA"))
	if got := c.ask(t, "wang", "DB-HC", ga); got != "[[2 507]]" {
		t.Fatal(got)
	}
	if sent := c.lastSent(t); sent != `[{"resource":"民政.低保","items":["sfzh"],"to":[{"agency":"公安","resource":"公安.人口"}]}]` {
		t.Errorf("the audit has %s", sent)
	}

	// What somebody writes may go anywhere.
	c.revoke(t, "mz")
	c.grant(t, "mz", "WJ", "DB-HC", "", clear)
	c.statements("sb")
	if got := c.ask(t, "wang", "DB-HC", "SELECT a.je FROM 民政.低保 m JOIN 社保.参保 a ON a.sfzh = m.sfzh WHERE m.sfzh = '"+key+"'"); got != "[[7]]" {
		t.Error(got)
	}
	if sent := c.statements("sb"); !strings.Contains(sent, key) {
		t.Errorf("of the text: %s", sent)
	}

	// Tokens stay here, whatever is said of keys.
	for _, source := range []string{"ga", "mz", "sb"} {
		c.revoke(t, source)
		c.grant(t, source, "WJ", "DB-HC", "", map[string]catalog.GrantedItem{"sfzh": token(catalog.IDNumber), "je": {Use: catalog.Clear, Keys: []string{"*"}}})
	}
	c.statements("ga")
	if got := c.ask(t, "wang", "DB-HC", ga); got != "[[2 507]]" {
		t.Error(got)
	}
	if sent := c.statements("ga"); strings.Contains(sent, "[") {
		t.Errorf("with tokens: %s", sent)
	}
}

// lastSent gives what the newest record of the audit that has keys says of them.
func (c *city) lastSent(t *testing.T) string {
	t.Helper()
	out, newest := "", ""
	err := filepath.WalkDir(filepath.Join(c.dir, audit.FolderName), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			var r audit.Record
			var start struct {
				Sent json.RawMessage `json:"sent"`
			}
			if json.Unmarshal([]byte(line), &r) != nil || r.Kind != audit.KindStart || json.Unmarshal(r.Body, &start) != nil {
				continue
			}
			if start.Sent != nil && r.Time >= newest {
				out, newest = string(start.Sent), r.Time
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
