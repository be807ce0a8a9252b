package democity

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The wanted numbers follow from the shares: 4,000 persons give 36 families,
// so the least numbers of the roles apply; the others are a permille of rows.
func TestPlantedNumbersOfASmallCity(t *testing.T) {
	dir, db := smallDB(t)
	facts, err := LoadFacts(dir)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range facts.Resources {
		rows[r.Name] = r.Rows
	}
	private := count(t, db, `SELECT count(*) FROM 自然资源.不动产 WHERE 权利人类型 = '个人'`)
	want := map[string]int{
		"insured_under_another_name":       rows["人社.参保人员"] * 2 / 1000,
		"dead_on_allowance":                3,
		"dead_on_pension":                  3,
		"representative_not_in_population": 3,
		"property_without_owner_id":        private * 35 / 10000,
		"duplicate_credit_code":            2,
		"old_15_digit_id":                  private * 20 / 1000,
		"allowance_with_many_homes":        3,
		HiddenWealth:                       3,
	}
	if len(facts.Planted) != len(want) {
		t.Errorf("%d facts, want %d", len(facts.Planted), len(want))
	}
	for _, f := range facts.Planted {
		if f.Count != want[f.Key] {
			t.Errorf("%s: facts.json says %d, want %d", f.Key, f.Count, want[f.Key])
		}
	}
	checkFacts(t, db, facts)
}

// checkFacts recomputes every fact from the written files.
func checkFacts(t *testing.T, db *sql.DB, facts Facts) {
	t.Helper()
	for _, f := range facts.Planted {
		if f.Count == 0 || f.Title == "" {
			t.Errorf("%s: nothing planted, or no title", f.Key)
		}
		if got := count(t, db, f.SQL); got != f.Count {
			t.Errorf("%s: the registers give %d, facts.json says %d", f.Key, got, f.Count)
		}
		if n, ok := facts.Count(f.Key); !ok || n != f.Count {
			t.Errorf("Count(%q) = %d, %v", f.Key, n, ok)
		}
	}
	if _, ok := facts.Count("no such fact"); ok {
		t.Error("Count knows a fact that is not there")
	}
	for _, r := range facts.Resources {
		if got := count(t, db, "SELECT count(*) FROM "+r.Name); got != r.Rows || got == 0 {
			t.Errorf("%s has %d rows, facts.json says %d", r.Name, got, r.Rows)
		}
	}
}

var agencies = []string{"公安", "市场监管", "人社", "自然资源", "民政", "税务"}

func TestStatements(t *testing.T) {
	dir, db := smallDB(t)
	facts, err := LoadFacts(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkStatements(t, db, facts)
}

func checkStatements(t *testing.T, db *sql.DB, facts Facts) {
	t.Helper()
	checked := 0
	for _, s := range Statements() {
		var named []string
		for _, a := range agencies {
			if strings.Contains(s.SQL, a+".") {
				named = append(named, a)
			}
		}
		if len(named) < 3 {
			t.Errorf("%s: only of %v", s.Title, named)
		}
		if all := len(named) == len(agencies); all != (s.Check != "") {
			t.Errorf("%s: names %v, checked by %q", s.Title, named, s.Check)
		}
		start := time.Now()
		n := rowsOf(t, db, s.SQL)
		t.Logf("%s: %d rows in %v", s.Title, n, time.Since(start).Round(time.Millisecond))
		if n == 0 {
			t.Errorf("%s: no rows", s.Title)
		}
		if s.Check == "" {
			continue
		}
		checked++
		want, _ := facts.Count(HiddenWealth)
		if !strings.Contains(s.Check, HiddenWealth) {
			t.Errorf("%q does not name %s", s.Check, HiddenWealth)
		}
		if got := count(t, db, s.SQL); got != want {
			t.Errorf("%s: %d, facts.json says %d", s.Title, got, want)
		}
	}
	if checked != 1 || len(Statements()) != 5 {
		t.Errorf("%d statements, %d of them checked", len(Statements()), checked)
	}
}

func rowsOf(t *testing.T, db *sql.DB, statement string) int {
	t.Helper()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// Without what one agency says, exactly one more family of the small city
// answers: the near miss that was planted for that agency.
func TestEveryAgencyMattersToTheCheckedNumber(t *testing.T) {
	_, db := smallDB(t)
	all := count(t, db, hiddenWealthSQL)
	for agency, condition := range map[string]string{
		"公安":   " AND r.户籍状态 = '正常'",
		"市场监管": " AND f.登记状态 = '存续'",
		"民政":   "d.状态 = '享受' AND ",
		"税务":   line(t, "税务.纳税"),
		"人社":   line(t, "人社.参保人员"),
		"自然资源": line(t, "自然资源.不动产"),
	} {
		without := strings.Replace(hiddenWealthSQL, condition, "", 1)
		if len(without) == len(hiddenWealthSQL) {
			t.Errorf("%s asks nothing", agency)
		}
		if got := count(t, db, without); got != all+1 {
			t.Errorf("without %s: %d families, want %d", agency, got, all+1)
		}
	}
}

// line returns the line of the checked statement that names a resource.
func line(t *testing.T, resource string) string {
	t.Helper()
	for l := range strings.Lines(hiddenWealthSQL) {
		if strings.Contains(l, resource) {
			return strings.TrimSuffix(l, "\n")
		}
	}
	t.Fatalf("no line names %s", resource)
	return ""
}

// The city that users get, made and tried in full.
func TestFullCity(t *testing.T) {
	dir := filepath.Join(scratch, "full")
	start := time.Now()
	var stages []string
	made, err := Prepare(context.Background(), dir, func(stage string) { stages = append(stages, stage) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("made in %v", time.Since(start).Round(10*time.Millisecond))
	if made.Reused || strings.Join(stages, " ") != strings.Join(agencies, " ") {
		t.Errorf("reused %v, stages %v", made.Reused, stages)
	}
	facts, err := LoadFacts(dir)
	if err != nil {
		t.Fatal(err)
	}
	db := loadCity(t, dir)
	checkFacts(t, db, facts)
	checkStatements(t, db, facts)
	checkNumbers(t, db)
	checkSurnames(t, db)
	if got := count(t, db, "SELECT count(DISTINCT 身份证号) FROM 公安.人口"); got != 200_000 {
		t.Errorf("%d persons", got)
	}
	if got := count(t, db, "SELECT count(*) FROM 市场监管.法人"); got != 20_000 {
		t.Errorf("%d companies", got)
	}
	rows := count(t, db, "SELECT count(*) FROM 人社.参保人员")
	if other, _ := facts.Count("insured_under_another_name"); other != rows*2/1000 {
		t.Errorf("%d of %d insured under another name, want 0.2 %%", other, rows)
	}
}
