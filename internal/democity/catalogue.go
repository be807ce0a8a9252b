package democity

import (
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy/document"
)

// The bureau's agency, and who asks the statements and for what purpose.
const (
	bureauCode = "DSJ"
	bureauName = "大数据局"
	Asker      = "sj.wang"
	Purpose    = "SJ-JC"
)

// step is what one principal writes into the catalogue.
type step struct {
	by string // login
	document.Document
}

// provider is an agency that has a source.
type provider struct{ name, code, login string }

var providers = []provider{
	{"公安", "GA", "ga"}, {"市场监管", "SCJG", "scjg"}, {"人社", "RS", "rs"}, {"自然资源", "ZRZY", "zrzy"}, {"民政", "MZ", "mz"}, {"税务", "SW", "sw"},
}

// catalogue lists who writes what, in the order in which it can be done. Each step
// takes no more than its principal's role. Terms count from now.
func catalogue(now time.Time) []step {
	steps := []step{
		{"secadmin", document.Document{Principals: map[string]document.Principal{"dsj.zhou": somebody("周敏", bureauName, catalog.Bureau)}}},
		{"dsj.zhou", document.Document{Agencies: agencyEntries(), Purposes: purposes}},
		{"secadmin", document.Document{Principals: principals()}},
		{"sysadmin", document.Document{Sources: owners()}},
	}
	resources, grants := resources(), grants(now)
	for _, p := range providers {
		own := document.Document{Resources: map[string]document.Resource{}}
		granted := document.Document{Grants: map[string][]document.Grant{}}
		for _, t := range tables {
			if t.agency != p.name {
				continue
			}
			own.Resources[t.full()] = resources[t.full()]
			if list := grants[t.full()]; len(list) > 0 {
				granted.Grants[t.full()] = list
			}
		}
		steps = append(steps, step{p.login + ".bm", own}, step{p.login + ".ld", granted})
	}
	return steps
}

func agencyEntries() map[string]document.Agency {
	out := map[string]document.Agency{
		"审计":   {Code: "SJ", Level: string(catalog.LevelCity)},
		"统计":   {Code: "TJ", Level: string(catalog.LevelCity)},
		"和平民政": {Code: "HP-MZ", Level: string(catalog.LevelDistrict), Parent: "民政", District: "和平区"},
		"康平民政": {Code: "KP-MZ", Level: string(catalog.LevelDistrict), Parent: "民政", District: "康平县"},
	}
	for _, p := range providers {
		out[p.name] = document.Agency{Code: p.code, Level: string(catalog.LevelCity)}
	}
	return out
}

var purposes = map[string]document.Purpose{
	Purpose: {Name: "社会救助和社会保险基金审计", Basis: "中华人民共和国审计法"},
	"DB-HC": {Name: "低保家庭经济状况核对", Basis: "社会救助暂行办法第五十八条"},
	"TJ-CB": {Name: "居民参保情况统计", Basis: "中华人民共和国统计法"},
	"ZG-RZ": {Name: "社会保险待遇资格认证", Basis: "中华人民共和国社会保险法"},
}

func somebody(name, agency string, roles ...catalog.Role) document.Principal {
	p := document.Principal{Name: name, Agency: agency}
	for _, r := range roles {
		p.Roles = append(p.Roles, string(r))
	}
	return p
}

// principals lists everybody but the bureau and the first administrators.
func principals() map[string]document.Principal {
	app := somebody("待遇资格认证系统", "人社", catalog.Application)
	app.Service = true
	zhao := somebody("赵静", "和平民政", catalog.Analyst)
	zhao.Attributes = map[string]string{"street": "南湖街道"}
	out := map[string]document.Principal{
		Asker:     somebody("王芳", "审计", catalog.Analyst),
		"tj.he":   somebody("何静", "统计", catalog.Analyst),
		"mz.li":   somebody("李强", "民政", catalog.Analyst),
		"hp.zhao": zhao,
		"kp.sun":  somebody("孙涛", "康平民政", catalog.Analyst),
		"rs.app":  app,
		"ga.sh":   somebody("钱伟", "公安", catalog.Reviewer),
	}
	for _, p := range providers {
		out[p.login+".bm"] = somebody(p.name+"编目员", p.name, catalog.Cataloguer)
		out[p.login+".ld"] = somebody(p.name+"主管领导", p.name, catalog.Leader)
	}
	return out
}

func owners() map[string]string {
	out := map[string]string{}
	for _, s := range sources {
		out[s.name] = s.agency()
	}
	return out
}

// titles are what items are called in the regulations, where that is longer.
var titles = map[string]string{
	"身份证号": "公民身份号码", "权利人证件号": "权利人证件号码", "法定代表人证件号": "法定代表人证件号码", "单位统一社会信用代码": "参保单位统一社会信用代码",
	"坐落": "不动产坐落", "建筑面积": "建筑面积（平方米）", "评估价值": "评估价值（元）", "注册资本": "注册资本（万元）", "月保障金额": "月保障金额（元）",
}

func resources() map[string]document.Resource {
	out := map[string]document.Resource{}
	for _, t := range tables {
		r := document.Resource{Class: string(t.class()), Source: t.source, Schema: "main", Table: t.name}
		for _, c := range t.columns {
			title := c.name
			if long, ok := titles[c.name]; ok {
				title = long
			}
			r.Items = append(r.Items, yaml.MapItem{Key: c.name, Value: title})
		}
		out[t.full()] = r
	}
	return out
}

// class says how far a register is shared: what identifies a company is for every
// agency, what a case is about for none.
func (t *table) class() catalog.Class {
	switch t {
	case &legalPersons:
		return catalog.Unrestricted
	case &suspects:
		return catalog.Withheld
	}
	return catalog.Restricted
}

// full is the name under which a register is shared.
func (t *table) full() string { return t.agency + "." + t.resource }

// as gives items one use.
func as(use string, names ...string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		out[n] = use
	}
	return out
}

func (t *table) clear() map[string]string {
	out := map[string]string{}
	for _, c := range t.columns {
		out[c.name] = string(catalog.Clear)
	}
	return out
}

func and(parts ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, p := range parts {
		maps.Copy(out, p)
	}
	return out
}

const anyAgency = catalog.AnyAgency

// expiring is a step with a grant whose term ends at a time, beside those of its resource.
func expiring(now, until time.Time) step {
	name := realEstate.full()
	list := append(grants(now)[name], document.Grant{
		Agency: "民政", Purposes: []string{"DB-HC"}, Modes: []string{string(catalog.Interface)}, Items: realEstate.clear(), Until: until.UTC().Format(time.RFC3339Nano),
	})
	return step{"zrzy.ld", document.Document{Grants: map[string][]document.Grant{name: list}}}
}

// grants shows each kind of grant that holds, for a year.
func grants(now time.Time) map[string][]document.Grant {
	year := now.AddDate(1, 0, 0).UTC().Truncate(24 * time.Hour).Format(time.RFC3339)
	out := map[string][]document.Grant{}
	give := func(t *table, g document.Grant) {
		if g.Until == "" {
			g.Until = year
		}
		if g.Modes == nil {
			g.Modes = []string{string(catalog.Interface)}
		}
		out[t.full()] = append(out[t.full()], g)
	}
	everywhere := []string{anyAgency}
	relief := []string{"DB-HC"}
	for _, t := range tables {
		if t.class() == catalog.Restricted {
			give(t, document.Grant{Agency: "审计", Items: t.clear(), KeysTo: everywhere, Purposes: []string{Purpose}, Modes: []string{string(catalog.Interface), string(catalog.Download)}})
		}
	}
	// What is unrestricted is granted to every agency, for whatever it does.
	for _, agency := range slices.Sorted(maps.Keys(agencyEntries())) {
		give(&legalPersons, document.Grant{Agency: agency, Items: legalPersons.clear(), KeysTo: everywhere, Purposes: slices.Sorted(maps.Keys(purposes)), Modes: modes()})
	}
	// Masks: what is needed to compare families, and no more.
	give(&population, document.Grant{Agency: "民政", Purposes: relief, Items: and(
		as("clear", "身份证号", "户号", "与户主关系", "婚姻状况", "区县", "户籍状态", "死亡日期"),
		as("masked name", "姓名"), as("masked year", "出生日期"), as("masked address", "住址"), as("masked phone", "联系电话"))})
	give(&allowances, document.Grant{Agency: "民政", Purposes: relief, Items: allowances.clear(), KeysTo: everywhere})
	give(&allowanceMembers, document.Grant{Agency: "民政", Purposes: relief, Items: allowanceMembers.clear(), KeysTo: everywhere})
	// A part of the day, a person alone, a way of its own.
	give(&taxes, document.Grant{Agency: "民政", Purposes: relief, Items: as("clear", "纳税人识别号", "年度", "税种", "实缴税额"), Hours: "08:30-17:30"})
	give(&insurances, document.Grant{Principal: "mz.li", Purposes: relief, Items: as("clear", "身份证号", "单位统一社会信用代码", "缴费基数", "参保状态")})
	give(&arrears, document.Grant{Agency: "民政", Purposes: relief, Items: arrears.clear(), Modes: []string{string(catalog.Online)}})
	// Who counts needs to tell people apart, and not to know who they are.
	counts := []string{"TJ-CB"}
	token := as("token id_no", "身份证号")
	give(&population, document.Grant{Agency: "统计", Purposes: counts, Items: and(token, as("masked year", "出生日期"), as("clear", "性别", "区县"))})
	give(&insurances, document.Grant{Agency: "统计", Purposes: counts, Items: and(token, as("clear", "缴费基数", "参保状态"))})
	// Districts see their own rows.
	for _, agency := range []string{"和平民政", "康平民政"} {
		const own = "区县 = agency_district()"
		give(&allowances, document.Grant{Agency: agency, Purposes: relief, Where: own, Items: allowances.clear()})
		give(&population, document.Grant{Agency: agency, Purposes: relief, Where: own, Items: and(
			as("masked id_no", "身份证号"), as("clear", "姓名", "区县", "街道", "户籍状态"))})
	}
	// An application sees those who have died, and nobody else.
	give(&population, document.Grant{Principal: "rs.app", Purposes: []string{"ZG-RZ"}, Where: "户籍状态 = '注销'", Items: as("clear", "身份证号", "姓名", "户籍状态", "死亡日期")})
	return out
}

func modes() []string {
	var out []string
	for _, m := range catalog.Modes() {
		out = append(out, string(m))
	}
	return out
}
