package democity

import "math/rand/v2"

// surnames lists the hundred most frequent Chinese family names with their
// number of bearers per 100,000 people, as published from the national
// register of citizens (births 1930 to 2008).
var surnames = []struct {
	name  string
	share int
}{
	{"王", 7486}, {"李", 7370}, {"张", 7033}, {"刘", 5306}, {"陈", 4555},
	{"杨", 3369}, {"黄", 2348}, {"赵", 2111}, {"吴", 1999}, {"周", 1963},
	{"徐", 1497}, {"孙", 1455}, {"朱", 1321}, {"马", 1308}, {"胡", 1204},
	{"郭", 1150}, {"何", 1074}, {"高", 1043}, {"罗", 986}, {"林", 982},
	{"郑", 912}, {"梁", 839}, {"谢", 747}, {"宋", 732}, {"唐", 715},
	{"韩", 643}, {"许", 640}, {"冯", 634}, {"邓", 624}, {"曹", 620},
	{"彭", 590}, {"曾", 565}, {"肖", 545}, {"田", 543}, {"董", 534},
	{"袁", 521}, {"于", 514}, {"潘", 512}, {"蒋", 493}, {"杜", 486},
	{"蔡", 485}, {"余", 481}, {"程", 470}, {"魏", 464}, {"叶", 461},
	{"吕", 452}, {"丁", 451}, {"苏", 449}, {"任", 433}, {"沈", 424},
	{"姚", 418}, {"姜", 414}, {"卢", 407}, {"崔", 403}, {"钟", 395},
	{"谭", 380}, {"汪", 378}, {"范", 376}, {"陆", 371}, {"金", 369},
	{"石", 354}, {"廖", 348}, {"贾", 346}, {"夏", 333}, {"付", 328},
	{"方", 317}, {"韦", 313}, {"邹", 306}, {"白", 304}, {"熊", 302},
	{"孟", 300}, {"秦", 298}, {"邱", 275}, {"尹", 271}, {"江", 269},
	{"薛", 266}, {"闫", 260}, {"侯", 258}, {"段", 252}, {"雷", 247},
	{"史", 223}, {"龙", 223}, {"陶", 220}, {"顾", 216}, {"贺", 215},
	{"黎", 212}, {"郝", 209}, {"毛", 208}, {"邵", 206}, {"龚", 206},
	{"万", 201}, {"钱", 193}, {"武", 190}, {"严", 190}, {"戴", 187},
	{"孔", 180}, {"向", 179}, {"覃", 175}, {"常", 174}, {"汤", 174},
}

// givenChars are characters of given names by sex and by the time of birth:
// before 1960, 1960 to 1989, since 1990.
var givenChars = map[bool][3][]rune{
	true: {
		[]rune("德国福贵玉山文明成志忠义祥树海永振兴宝占春林生宪庆学仁财发江长凤连"),
		[]rune("军伟强勇杰涛斌波辉刚健磊鹏峰超建国志明海洋东晓宏亮洪利新永立光庆维旭"),
		[]rune("子轩浩宇泽睿博文俊天佳一奕铭昊嘉瑞思宸梓晨皓逸航明哲翔旭霖恩辰远"),
	},
	false: {
		[]rune("桂英秀兰玉珍淑芬芳凤荣素琴云华清香芝春梅月娥金莲惠艳文翠霞贤静贞"),
		[]rune("丽敏静艳娟红霞燕玲娜丹晶颖慧琳雪梅洁萍莉莹岩微欣宏晓春海秋雅楠娇蕾"),
		[]rune("欣怡涵梓诗语雨佳思琪子萱雅婷梦瑶嘉悦一诺可心紫熙依菲晨曦艺妍舒宁"),
	},
}

// namer makes personal names.
type namer struct{ family wheel }

func newNamer() namer {
	weights := make([]int, len(surnames))
	for i, s := range surnames {
		weights[i] = s.share
	}
	return namer{newWheel(weights...)}
}

func (n namer) surname(r *rand.Rand) string { return surnames[n.family.spin(r)].name }

func givenPool(male bool, birth day) []rune {
	era := 2
	switch year := birth.year(); {
	case year < 1960:
		era = 0
	case year < 1990:
		era = 1
	}
	return givenChars[male][era]
}

// given makes a given name: mostly two characters, one in every fifth.
func (n namer) given(r *rand.Rand, male bool, birth day) string {
	pool := givenPool(male, birth)
	first := pick(r, pool)
	if chance(r, 200) {
		return string(first)
	}
	return string([]rune{first, pick(r, pool)})
}

// otherName returns what a second agency may have written down for a person:
// the family name with a last character that is not theirs. It never equals
// the name given.
func otherName(r *rand.Rand, name string, male bool, birth day) string {
	chars := []rune(name)
	pool := givenPool(male, birth)
	last := len(chars) - 1
	for was := chars[last]; chars[last] == was; {
		chars[last] = pick(r, pool)
	}
	return string(chars)
}
