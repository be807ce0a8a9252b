package democity

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Facts is what is known for certain about a city, from facts.json.
type Facts struct {
	Version       int        `json:"version"`
	Seed          uint64     `json:"seed"`
	ReferenceDate string     `json:"reference_date"` // ISO; the day the registers were read out
	Resources     []Resource `json:"resources"`
	Planted       []Fact     `json:"planted"`
}

// Resource is one published register and its number of rows.
type Resource struct {
	Name string `json:"name"` // agency.resource
	Rows int    `json:"rows"`
}

// Fact is one kind of planted inconsistency.
type Fact struct {
	Key   string `json:"key"`
	Title string `json:"title"` // in Chinese
	Count int    `json:"count"`
	SQL   string `json:"sql"` // returns the count from the published registers
}

// Count returns the planted number of a key; false for an unknown key.
func (f Facts) Count(key string) (int, bool) {
	for _, fact := range f.Planted {
		if fact.Key == key {
			return fact.Count, true
		}
	}
	return 0, false
}

const factsFile = "facts.json"

// LoadFacts reads facts.json of a city that Prepare made under dir.
func LoadFacts(dir string) (Facts, error) {
	var f Facts
	data, err := os.ReadFile(filepath.Join(dir, factsFile))
	if err != nil {
		return f, fmt.Errorf("democity: read the facts: %w", err)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("democity: read %s: %w", factsFile, err)
	}
	return f, nil
}

// HiddenWealth is the key of the fact that the statement over every agency
// returns.
const HiddenWealth = "allowance_with_company_and_home"

// facts states what was planted while the city was built. The statements look
// at the registers alone.
func (c *city) facts(rows map[string]int) Facts {
	f := Facts{Version: version, Seed: seed, ReferenceDate: referenceDate.String()}
	for _, t := range tables {
		name := t.agency + "." + t.resource
		f.Resources = append(f.Resources, Resource{name, rows[name]})
	}
	f.Planted = []Fact{
		{"insured_under_another_name", "参保人员与人口库同号不同名的条数", c.planted.otherName,
			`SELECT count(*) FROM 人社.参保人员 c JOIN 公安.人口 r ON r.身份证号 = c.身份证号 WHERE c.姓名 <> r.姓名`},
		{"dead_on_allowance", "申请人死亡后仍在发放低保的家庭数", c.planted.deadOnAllowance,
			`SELECT count(*) FROM 民政.低保 d JOIN 公安.人口 r ON r.身份证号 = d.身份证号 WHERE d.状态 = '享受' AND r.死亡日期 < d.最近发放日期`},
		{"dead_on_pension", "死亡后仍在发放养老待遇的人数", c.planted.deadOnPension,
			`SELECT count(*) FROM 人社.养老待遇 y JOIN 公安.人口 r ON r.身份证号 = y.身份证号 WHERE r.死亡日期 < y.最近发放日期`},
		{"representative_not_in_population", "法定代表人不在人口库的企业数", c.planted.strangerLeads,
			`SELECT count(*) FROM 市场监管.法人 f LEFT JOIN 公安.人口 r ON r.身份证号 = f.法定代表人证件号 WHERE r.身份证号 IS NULL`},
		{"property_without_owner_id", "权利人无证件号的不动产数", c.planted.propertyWithoutID,
			`SELECT count(*) FROM 自然资源.不动产 WHERE 权利人证件号 IS NULL`},
		{"duplicate_credit_code", "被两家企业共用的统一社会信用代码数", c.planted.sharedCode,
			`SELECT count(*) FROM (SELECT 统一社会信用代码 FROM 市场监管.法人 GROUP BY 统一社会信用代码 HAVING count(*) > 1) t`},
		{"old_15_digit_id", "仍登记 15 位旧身份证号的不动产数", c.planted.oldID,
			`SELECT count(*) FROM 自然资源.不动产 WHERE length(权利人证件号) = 15`},
		{"allowance_with_many_homes", "名下有两套以上不动产的低保家庭数", c.planted.manyHomes,
			`SELECT count(*) FROM (SELECT c.低保证号 FROM 民政.低保家庭成员 c JOIN 民政.低保 d ON d.低保证号 = c.低保证号 JOIN 自然资源.不动产 b ON b.权利人证件号 = c.身份证号 WHERE d.状态 = '享受' GROUP BY c.低保证号 HAVING count(*) > 1) t`},
		{HiddenWealth, "成员经营企业、缴税、参保并有房产的低保家庭数", c.planted.hiddenWealth, hiddenWealthSQL},
	}
	return f
}
