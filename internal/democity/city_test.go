package democity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// Numbers printed in the standards' own examples and on published licences.
func TestCheckCharacters(t *testing.T) {
	for _, id := range []string{"11010519491231002X", "440524188001010014"} {
		if got := citizenCheck(id[:17]); got != id[17] {
			t.Errorf("%s: check character %c", id, got)
		}
	}
	for _, code := range []string{"9144030071526726XG", "914403001922038216"} {
		if got := creditCheck(code[:17]); got != code[17] {
			t.Errorf("%s: check character %c", code, got)
		}
		if got := organisationCheck(code[8:16]); got != code[16] {
			t.Errorf("%s: organisation check character %c", code, got)
		}
	}
	if got := oldCitizenID("11010519491231002X"); got != "110105491231002" {
		t.Errorf("old number %s", got)
	}
}

func TestNumbersOfASmallCity(t *testing.T) {
	_, db := smallDB(t)
	checkNumbers(t, db)
}

// checkNumbers verifies every identity number and credit code by the standards'
// congruences, which share nothing with how the characters were made.
func checkNumbers(t *testing.T, db *sql.DB) {
	t.Helper()
	divisions := map[string]bool{liaozhongCounty: true}
	for _, d := range districts {
		divisions[d.code] = true
	}
	bad := 0
	complain := func(format string, args ...any) {
		if bad++; bad <= 10 {
			t.Errorf(format, args...)
		}
	}
	each(t, db, `SELECT 身份证号, strftime(出生日期, '%Y%m%d'), 性别 FROM 公安.人口`, func(v []string) {
		id := v[0]
		if !citizenCongruence(id) || !divisions[id[:6]] || id[6:14] != v[1] {
			complain("population: %s of %s", id, v[1])
		}
		if odd := (id[16]-'0')%2 == 1; odd != (v[2] == "男") {
			complain("population: %s of sex %s", id, v[2])
		}
	})
	each(t, db, `SELECT 法定代表人证件号 FROM 市场监管.法人
		UNION ALL SELECT 身份证号 FROM 人社.参保人员 UNION ALL SELECT 身份证号 FROM 人社.社保缴费 UNION ALL SELECT 身份证号 FROM 人社.养老待遇
		UNION ALL SELECT 身份证号 FROM 民政.低保 UNION ALL SELECT 身份证号 FROM 民政.低保家庭成员
		UNION ALL SELECT 权利人证件号 FROM 自然资源.不动产 WHERE 权利人类型 = '个人' AND length(权利人证件号) <> 15`, func(v []string) {
		if !citizenCongruence(v[0]) {
			complain("identity number %s", v[0])
		}
	})
	each(t, db, `SELECT 统一社会信用代码 FROM 市场监管.法人
		UNION ALL SELECT DISTINCT 单位统一社会信用代码 FROM 人社.社保缴费 WHERE 单位统一社会信用代码 IS NOT NULL
		UNION ALL SELECT 纳税人识别号 FROM 税务.纳税
		UNION ALL SELECT 权利人证件号 FROM 自然资源.不动产 WHERE 权利人类型 = '企业'`, func(v []string) {
		code := v[0]
		if !creditCongruence(code) || code[:2] != "91" || !divisions[code[2:8]] {
			complain("credit code %s", code)
		}
	})
	strangers := map[string]string{
		"old numbers of nobody": `SELECT count(*) FROM 自然资源.不动产 b WHERE length(b.权利人证件号) = 15 AND NOT EXISTS
			(SELECT 1 FROM 公安.人口 r WHERE substr(r.身份证号, 1, 6) || substr(r.身份证号, 9, 9) = b.权利人证件号 AND r.姓名 = b.权利人)`,
		"owners of another name":   `SELECT count(*) FROM 自然资源.不动产 b JOIN 公安.人口 r ON r.身份证号 = b.权利人证件号 WHERE r.姓名 <> b.权利人`,
		"employers of no register": `SELECT count(*) FROM 人社.参保人员 s WHERE s.单位统一社会信用代码 NOT IN (SELECT 统一社会信用代码 FROM 市场监管.法人)`,
		"taxpayers of no register": `SELECT count(*) FROM 税务.纳税 n WHERE n.纳税人识别号 NOT IN (SELECT 统一社会信用代码 FROM 市场监管.法人)`,
		"insured of no register":   `SELECT count(*) FROM 人社.参保人员 s WHERE s.身份证号 NOT IN (SELECT 身份证号 FROM 公安.人口)`,
		"dead before birth":        `SELECT count(*) FROM 公安.人口 WHERE 死亡日期 <= 出生日期 OR 出生日期 > DATE '2026-10-31'`,
		"arrears that are none": `SELECT count(*) FROM 税务.欠税 q JOIN 税务.纳税 n ON n.纳税人识别号 = q.纳税人识别号 AND n.年度 = q.年度 AND n.税种 = q.税种
			WHERE n.应纳税额 - n.实缴税额 <> q.欠税金额`,
		"contributions that do not add up": `SELECT count(*) FROM 人社.社保缴费 WHERE abs(单位缴费 - 缴费基数 * 0.16) > 0.005 OR abs(个人缴费 - 缴费基数 * 0.08) > 0.005`,
	}
	for what, statement := range strangers {
		if n := count(t, db, statement); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}

// citizenCongruence is ISO 7064 MOD 11-2: the number, read with powers of two,
// leaves 1.
func citizenCongruence(id string) bool {
	if len(id) != 18 {
		return false
	}
	sum := 0
	for i := range 18 {
		v := int(id[i] - '0')
		if id[i] == 'X' {
			v = 10
		}
		sum = (sum*2 + v) % 11
	}
	return sum == 1
}

// creditCongruence is GB 32100: the sum of all characters, weighted by powers
// of three and the check character by one, is a multiple of 31.
func creditCongruence(code string) bool {
	if len(code) != 18 {
		return false
	}
	sum, weight := 0, 1
	for i := range 18 {
		v := strings.IndexByte("0123456789ABCDEFGHJKLMNPQRTUWXY", code[i])
		if v < 0 {
			return false
		}
		if i == 17 {
			weight = 1
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return sum%31 == 0
}

// checkSurnames holds the population to the published shares.
func checkSurnames(t *testing.T, db *sql.DB) {
	t.Helper()
	total := 0
	for _, s := range surnames {
		total += s.share
	}
	persons := count(t, db, "SELECT count(*) FROM 公安.人口")
	for _, s := range surnames[:10] {
		want := float64(persons) * float64(s.share) / float64(total)
		got := float64(count(t, db, fmt.Sprintf("SELECT count(*) FROM 公安.人口 WHERE 姓名 LIKE '%s%%'", s.name)))
		if math.Abs(got-want) > want*0.05 {
			t.Errorf("%s: %.0f persons, want about %.0f", s.name, got, want)
		}
	}
}

// The types that a reader sees are those that were meant, in every form of
// storage; a CSV file says nothing of them and has to be guessed right.
func TestColumnTypes(t *testing.T) {
	_, db := smallDB(t)
	for _, tab := range tables {
		i := 0
		each(t, db, "SELECT column_name, column_type FROM (DESCRIBE "+tab.agency+"."+tab.resource+")", func(v []string) {
			want := strings.Replace(tab.columns[i].sqlType(), "TEXT", "VARCHAR", 1)
			if v[0] != tab.columns[i].name || v[1] != want {
				t.Errorf("%s.%s: %s %s, want %s %s", tab.agency, tab.resource, v[0], v[1], tab.columns[i].name, want)
			}
			i++
		})
		if i != len(tab.columns) {
			t.Errorf("%s.%s: %d columns, want %d", tab.agency, tab.resource, i, len(tab.columns))
		}
	}
	for _, column := range []string{
		"公安.人口 联系电话", "公安.人口 婚姻状况", "公安.人口 死亡日期", "市场监管.法人 营业期限至", "人社.参保人员 单位统一社会信用代码",
		"人社.社保缴费 到账时间", "民政.低保 停止日期", "税务.纳税 入库时间", "税务.欠税 公告日期",
	} {
		resource, name, _ := strings.Cut(column, " ")
		if n := count(t, db, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s IS NULL", resource, name)); n == 0 {
			t.Errorf("%s: no NULL", column)
		}
		if n := count(t, db, fmt.Sprintf("SELECT count(%s) FROM %s", name, resource)); n == 0 {
			t.Errorf("%s: nothing but NULL", column)
		}
	}
}

func TestConfiguration(t *testing.T) {
	dir, _ := smallDB(t)
	c := readConfig(t, dir)
	if c.Listen.HTTP != "127.0.0.1:8080" || c.Engine.Memory != "2GiB" || c.Engine.Temp != "./tmp" || c.Engine.Timezone != "Asia/Shanghai" {
		t.Errorf("listen %+v, engine %+v", c.Listen, c.Engine)
	}
	kinds := map[string]int{}
	for _, s := range c.Sources {
		kinds[s.Kind]++
		if !strings.HasPrefix(s.Path, "./") {
			t.Errorf("%s is not relative to the configuration", s.Path)
		}
	}
	if kinds["sqlite"] == 0 || kinds["duckdb"] == 0 || kinds["files"] != 2 || len(kinds) != 3 {
		t.Errorf("kinds %v", kinds)
	}
}

// The digest of the small city stands for every value in it. When this test
// fails on purpose, version must change too, or people keep the old city.
func TestSameCityEverywhere(t *testing.T) {
	const want = "3:da1ffaf514e2443c"
	_, db := smallDB(t)
	first := digest(t, db)
	if got := fmt.Sprintf("%d:%s", version, first[:16]); got != want {
		t.Errorf("version and digest are %s, want %s", got, want)
	}
	again := filepath.Join(t.TempDir(), "again")
	if _, err := prepare(context.Background(), again, smallScale, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if second := digest(t, loadCity(t, again)); second != first {
		t.Errorf("digests %s and %s", first, second)
	}
}

// digest covers every row of every resource, in the order of storage.
func digest(t *testing.T, db *sql.DB) string {
	t.Helper()
	sum := sha256.New()
	for _, tab := range tables {
		each(t, db, fmt.Sprintf("SELECT CAST(t AS VARCHAR) FROM %s.%s t", tab.agency, tab.resource), func(v []string) {
			if _, err := io.WriteString(sum, v[0]+"\n"); err != nil {
				t.Fatal(err)
			}
		})
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// each calls take with every row's values as text.
func each(t *testing.T, db *sql.DB, statement string, take func([]string)) {
	t.Helper()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, targets := make([]string, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		take(values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
