package democity

// Statement is one statement to try on the city.
type Statement struct {
	Title string // in Chinese
	SQL   string
	Check string // in Chinese: how the number it returns is confirmed; "" where there is none
}

// hiddenWealthSQL asks something of every agency, and each answer counts: the
// city has families that fail on one of them alone.
const hiddenWealthSQL = `SELECT count(DISTINCT d.低保证号) AS 户数
FROM 民政.低保 d
JOIN 民政.低保家庭成员 c ON c.低保证号 = d.低保证号
JOIN 公安.人口 r ON r.身份证号 = c.身份证号
JOIN 市场监管.法人 f ON f.法定代表人证件号 = r.身份证号
WHERE d.状态 = '享受' AND r.户籍状态 = '正常' AND f.登记状态 = '存续'
  AND EXISTS (SELECT 1 FROM 税务.纳税 n WHERE n.纳税人识别号 = f.统一社会信用代码 AND n.年度 = 2025 AND n.实缴税额 > 0)
  AND EXISTS (SELECT 1 FROM 人社.参保人员 s WHERE s.身份证号 = r.身份证号 AND s.参保状态 = '正常缴费')
  AND EXISTS (SELECT 1 FROM 自然资源.不动产 b WHERE b.权利人证件号 = r.身份证号)`

// Statements returns five statements over several agencies each. Exactly one
// has a Check: it touches every agency and returns the count that facts.json
// states under HiddenWealth.
func Statements() []Statement {
	return []Statement{
		{Title: "人已死亡，低保金或养老金仍在发放（公安、民政、人社）", SQL: `SELECT t.待遇, r.姓名, r.区县, r.死亡日期, t.最近发放日期, t.月金额
FROM (
  SELECT '低保' AS 待遇, 身份证号, 最近发放日期, CAST(月保障金额 AS DECIMAL(10,2)) AS 月金额 FROM 民政.低保 WHERE 状态 = '享受'
  UNION ALL
  SELECT '养老', 身份证号, 最近发放日期, 月养老金 FROM 人社.养老待遇 WHERE 发放状态 = '在发'
) t
JOIN 公安.人口 r ON r.身份证号 = t.身份证号
WHERE r.死亡日期 < t.最近发放日期
ORDER BY r.死亡日期, r.身份证号
LIMIT 20`},
		{Title: "低保家庭名下有多套房产（民政、公安、自然资源）", SQL: `SELECT d.低保证号, r.姓名 AS 申请人, r.区县, count(*) AS 套数, sum(b.建筑面积) AS 总面积, sum(b.评估价值) AS 总价值
FROM 民政.低保 d
JOIN 公安.人口 r ON r.身份证号 = d.身份证号
JOIN 民政.低保家庭成员 c ON c.低保证号 = d.低保证号
JOIN 自然资源.不动产 b ON b.权利人证件号 = c.身份证号
WHERE d.状态 = '享受'
GROUP BY d.低保证号, r.姓名, r.区县
HAVING count(*) > 1
ORDER BY 总价值 DESC, d.低保证号
LIMIT 20`},
		{Title: "法定代表人不在人口库的企业及其纳税（市场监管、公安、税务）", SQL: `SELECT f.名称, f.区县, f.登记状态, f.注册资本, coalesce(n.实缴, 0) AS 实缴税额
FROM 市场监管.法人 f
LEFT JOIN 公安.人口 r ON r.身份证号 = f.法定代表人证件号
LEFT JOIN (SELECT 纳税人识别号, sum(实缴税额) AS 实缴 FROM 税务.纳税 WHERE 年度 = 2025 GROUP BY 纳税人识别号) n
  ON n.纳税人识别号 = f.统一社会信用代码
WHERE r.身份证号 IS NULL
ORDER BY 实缴税额 DESC, f.名称
LIMIT 20`},
		{Title: "欠税企业上月为职工缴纳社保的情况（税务、市场监管、人社）", SQL: `SELECT f.名称, f.行业, q.欠税金额, s.缴费人数, s.单位缴费合计
FROM 税务.欠税 q
JOIN 市场监管.法人 f ON f.统一社会信用代码 = q.纳税人识别号
JOIN (
  SELECT 单位统一社会信用代码, count(*) AS 缴费人数, sum(单位缴费) AS 单位缴费合计
  FROM 人社.社保缴费 WHERE 缴费月份 = DATE '2026-10-01' GROUP BY 单位统一社会信用代码
) s ON s.单位统一社会信用代码 = q.纳税人识别号
ORDER BY q.欠税金额 DESC, f.名称
LIMIT 20`},
		{Title: "成员经营企业、缴税、参保并有房产的低保家庭（六个部门）", SQL: hiddenWealthSQL,
			Check: "facts.json 中 " + HiddenWealth + " 的 count 与此数相等"},
	}
}
