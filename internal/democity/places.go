package democity

import (
	"fmt"
	"math/rand/v2"
)

// district is one of the city's thirteen county-level divisions.
type district struct {
	code    string // GB/T 2260
	name    string
	weight  int      // ten thousand inhabitants, about
	price   int64    // yuan per square metre
	streets []string // sub-districts and towns
	roads   []string
	lowRise bool // six floors at most
}

// liaozhongCounty is the division of Liaozhong before it became a city
// district, and liaozhongReform the date it changed: identity numbers keep the
// division of the day they were given.
const liaozhongCounty = "210122"

// districts holds the divisions of Shenyang.
var districts = []district{
	{"210102", "和平区", 70, 12600,
		[]string{"马路湾街道", "集贤街道", "南湖街道", "长白街道", "太原街街道", "南市场街道", "浑河湾街道", "沈水湾街道"},
		[]string{"南京南街", "三好街", "文化路", "太原南街", "中华路", "和平北大街"}, false},
	{"210103", "沈河区", 78, 11900,
		[]string{"新北站街道", "皇城街道", "大西街道", "风雨坛街道", "滨河街道", "万莲街道", "五里河街道", "南塔街道", "泉园街道"},
		[]string{"青年大街", "奉天街", "文艺路", "万柳塘路", "南塔街", "小西路"}, false},
	{"210104", "大东区", 69, 9100,
		[]string{"大北街道", "万泉街道", "洮昌街道", "文官街道", "二台子街道", "津桥街道", "东站街道", "长安街道"},
		[]string{"大东路", "东北大马路", "滂江街", "北海街", "东望街", "合作街"}, false},
	{"210105", "皇姑区", 90, 9700,
		[]string{"三台子街道", "辽河街道", "黄河街道", "三洞桥街道", "华山街道", "塔湾街道", "明廉街道", "舍利塔街道"},
		[]string{"黄河南大街", "长江街", "崇山东路", "宁山中路", "昆山中路", "怒江街"}, false},
	{"210106", "铁西区", 115, 9300,
		[]string{"工人村街道", "七路街道", "启工街道", "笃工街道", "兴华街道", "兴工街道", "霁虹街道", "凌空街道"},
		[]string{"建设中路", "北一西路", "兴华南街", "保工南街", "卫工南街", "沈辽路"}, false},
	{"210111", "苏家屯区", 45, 6800,
		[]string{"解放街道", "民主街道", "临湖街道", "中兴街道", "湖西街道"},
		[]string{"枫杨路", "迎春街", "雪松路", "金桔路"}, true},
	{"210112", "浑南区", 58, 11200,
		[]string{"东湖街道", "浑河站东街道", "五三街道", "浑河站西街道", "满堂街道", "白塔街道", "桃仙街道", "祝家街道"},
		[]string{"浑南中路", "浑南西路", "富民南街", "天赐街", "全运路"}, false},
	{"210113", "沈北新区", 40, 7200,
		[]string{"新城子街道", "清水台街道", "辉山街道", "道义街道", "虎石台街道", "财落街道"},
		[]string{"蒲河路", "沈北路", "黄河北大街", "银河街"}, false},
	{"210114", "于洪区", 60, 7900,
		[]string{"迎宾路街道", "陵西街道", "于洪街道", "南阳湖街道", "北陵街道", "沙岭街道", "平罗街道", "造化街道"},
		[]string{"黄海路", "沈新路", "松山路", "怒江北街"}, false},
	{"210115", "辽中区", 41, 4600,
		[]string{"蒲西街道", "蒲东街道", "茨榆坨街道", "近海街道", "满都户镇", "杨士岗镇"},
		[]string{"政府路", "商业街", "滨水路"}, true},
	{"210123", "康平县", 28, 3700,
		[]string{"东关街道", "胜利街道", "北三家子街道", "张强镇", "方家屯镇"},
		[]string{"中心街", "迎宾路", "胜利街"}, true},
	{"210124", "法库县", 35, 3800,
		[]string{"吉祥街道", "龙山街道", "丁家房镇", "大孤家子镇", "叶茂台镇"},
		[]string{"吉祥街", "龙山路", "兴法路"}, true},
	{"210181", "新民市", 57, 4300,
		[]string{"东城街道", "辽滨街道", "西城街道", "新柳街道", "新城街道", "大民屯镇", "兴隆镇"},
		[]string{"辽河大街", "站前大街", "南环路"}, true},
}

func newDistrictWheel() wheel {
	weights := make([]int, len(districts))
	for i, d := range districts {
		weights[i] = d.weight
	}
	return newWheel(weights...)
}

// divisionAt returns the six digits that someone born there on that date has.
func (d *district) divisionAt(birth day) string {
	if d.code == "210115" && birth < liaozhongReform {
		return liaozhongCounty
	}
	return d.code
}

// home returns a dwelling's street and full address.
func (d *district) home(r *rand.Rand) (street, address string) {
	street = pick(r, d.streets)
	floors := 28
	if d.lowRise {
		floors = 6
	}
	return street, fmt.Sprintf("沈阳市%s%s%d号%d-%d-%d", d.name, pick(r, d.roads), 1+r.IntN(260), 1+r.IntN(30), 1+r.IntN(floors), 1+r.IntN(4))
}

// office returns a business address.
func (d *district) office(r *rand.Rand) string {
	return fmt.Sprintf("沈阳市%s%s%d号%d室", d.name, pick(r, d.roads), 1+r.IntN(260), 101+100*r.IntN(20)+r.IntN(16))
}
