package democity

import (
	"fmt"
	"path/filepath"
)

// kind is the type of a column, in every form of storage.
type kind uint8

const (
	text    kind = iota // string
	integer             // int64
	decimal             // hundredths
	dates               // day
	stamps              // moment
)

type column struct {
	name      string
	kind      kind
	precision int // of a decimal; its scale is always 2
}

// sqlType is the declared type, alike in SQLite and DuckDB.
func (c column) sqlType() string {
	switch c.kind {
	case integer:
		return "BIGINT"
	case decimal:
		return fmt.Sprintf("DECIMAL(%d,2)", c.precision)
	case dates:
		return "DATE"
	case stamps:
		return "TIMESTAMP"
	}
	return "TEXT"
}

// table is one register: how the agency stores it and under which name it is shared.
type table struct {
	source   string
	name     string
	agency   string
	resource string
	key      string // the primary key's column, or ""
	index    string // a column with an index, or ""
	columns  []column
}

// source is one agency's storage.
type source struct {
	name string
	kind string // as in lianji.yaml
	path string // under the city's folder
	form form
}

// form says in what a source is stored.
type form uint8

const (
	inSQLite form = iota
	inDuckDB
	inParquet
	inCSV
)

// dataFolder holds every source, under the folder that Prepare was given.
const dataFolder = "data"

var sources = []source{
	{"ga", "sqlite", "ga.db", inSQLite},
	{"scjg", "duckdb", "scjg.duckdb", inDuckDB},
	{"rs", "files", "rs", inParquet},
	{"zrzy", "duckdb", "zrzy.duckdb", inDuckDB},
	{"mz", "files", "mz", inCSV},
	{"sw", "sqlite", "sw.db", inSQLite},
}

func txt(name string) column                { return column{name: name, kind: text} }
func num(name string) column                { return column{name: name, kind: integer} }
func dec(name string, precision int) column { return column{name, decimal, precision} }
func dat(name string) column                { return column{name: name, kind: dates} }
func ts(name string) column                 { return column{name: name, kind: stamps} }

var (
	population = table{"ga", "renkou", "公安", "人口", "身份证号", "", []column{
		txt("身份证号"), txt("姓名"), txt("性别"), dat("出生日期"), txt("民族"), txt("户号"), txt("与户主关系"), txt("婚姻状况"),
		txt("区县"), txt("街道"), txt("住址"), txt("联系电话"), txt("户籍状态"), dat("死亡日期"), ts("更新时间"),
	}}
	suspects = table{"ga", "shean", "公安", "涉案人员", "", "", []column{
		txt("案件编号"), txt("身份证号"), txt("姓名"), txt("案由"), dat("立案日期"), txt("办理状态"),
	}}
	legalPersons = table{"scjg", "faren", "市场监管", "法人", "", "", []column{
		txt("统一社会信用代码"), txt("名称"), txt("企业类型"), txt("行业"), txt("法定代表人"), txt("法定代表人证件号"),
		dec("注册资本", 18), dat("成立日期"), txt("登记状态"), txt("区县"), txt("住所"), dat("营业期限至"), ts("核准时间"),
	}}
	insurances = table{"rs", "canbao", "人社", "参保人员", "", "", []column{
		txt("身份证号"), txt("姓名"), txt("单位统一社会信用代码"), txt("联系电话"), dat("参保日期"), dec("缴费基数", 10), txt("参保状态"),
	}}
	contributions = table{"rs", "shebao", "人社", "社保缴费", "", "", []column{
		dat("缴费月份"), txt("身份证号"), txt("单位统一社会信用代码"), dec("缴费基数", 10), dec("单位缴费", 10), dec("个人缴费", 10), ts("到账时间"),
	}}
	oldAgePensions = table{"rs", "yanglao", "人社", "养老待遇", "", "", []column{
		txt("身份证号"), txt("姓名"), dec("月养老金", 10), dat("待遇开始日期"), txt("发放状态"), dat("最近发放日期"),
	}}
	realEstate = table{"zrzy", "budongchan", "自然资源", "不动产", "", "", []column{
		txt("不动产单元号"), txt("不动产权证号"), txt("权利人"), txt("权利人类型"), txt("权利人证件号"), txt("共有方式"), txt("区县"), txt("坐落"),
		txt("用途"), dec("建筑面积", 10), dec("评估价值", 16), txt("抵押状态"), dat("登记日期"), ts("登簿时间"),
	}}
	allowances = table{"mz", "dibao", "民政", "低保", "", "", []column{
		txt("低保证号"), txt("身份证号"), txt("姓名"), txt("区县"), txt("街道"), num("保障人数"), num("月保障金额"), txt("状态"),
		dat("批准日期"), dat("停止日期"), dat("最近发放日期"), ts("受理时间"),
	}}
	allowanceMembers = table{"mz", "dibao_chengyuan", "民政", "低保家庭成员", "", "", []column{
		txt("低保证号"), txt("身份证号"), txt("姓名"), txt("与申请人关系"), dat("出生日期"),
	}}
	taxes = table{"sw", "nashui", "税务", "纳税", "", "纳税人识别号", []column{
		txt("纳税人识别号"), txt("纳税人名称"), num("年度"), txt("税种"), dec("应纳税额", 16), dec("实缴税额", 16), dat("申报日期"), ts("入库时间"),
	}}
	arrears = table{"sw", "qianshui", "税务", "欠税", "", "", []column{
		txt("纳税人识别号"), txt("纳税人名称"), num("年度"), txt("税种"), dec("欠税金额", 16), dat("公告日期"),
	}}
)

// tables lists every register, in the order of sources.
var tables = []*table{
	&population, &suspects, &legalPersons, &insurances, &contributions, &oldAgePensions, &realEstate,
	&allowances, &allowanceMembers, &taxes, &arrears,
}

// agency returns the agency whose registers the source holds.
func (s source) agency() string {
	for _, t := range tables {
		if t.source == s.name {
			return t.agency
		}
	}
	return s.name
}

// file returns the file, under the data folder, that a section is written to.
func (s source) file(part section) string {
	switch {
	case s.form == inCSV:
		return filepath.Join(s.path, part.table.name+".csv")
	case s.form == inParquet && part.part != "":
		return filepath.Join(s.path, part.table.name, part.part+".parquet")
	case s.form == inParquet:
		return filepath.Join(s.path, part.table.name+".parquet")
	}
	return s.path
}
