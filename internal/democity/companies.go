package democity

import "math/rand/v2"

// company is one entry of the register of legal persons.
type company struct {
	code     string
	name     string
	kind     string
	trade    string
	district int
	address  string
	founded  day
	status   string
	capital  hundredths // yuan
	rep      int        // index into city.people, or none
	repID    string     // of a representative whom the population register does not know
	repName  string
	staff    int  // places for employees
	taxed    bool // files and pays
	planted  bool // part of a planted story: no further one
	owes     hundredths
}

const operating = "存续"

var (
	tradeNames = []struct{ industry, word string }{
		{"批发和零售业", "商贸"}, {"批发和零售业", "贸易"}, {"批发和零售业", "医药"}, {"制造业", "机械制造"},
		{"制造业", "机床配件"}, {"制造业", "食品"}, {"制造业", "汽车零部件"}, {"建筑业", "建筑工程"},
		{"建筑业", "装饰工程"}, {"交通运输、仓储和邮政业", "物流"}, {"住宿和餐饮业", "餐饮管理"},
		{"信息传输、软件和信息技术服务业", "信息技术"}, {"信息传输、软件和信息技术服务业", "软件"},
		{"房地产业", "物业服务"}, {"租赁和商务服务业", "企业管理"}, {"租赁和商务服务业", "广告传媒"},
		{"科学研究和技术服务业", "检测技术"}, {"居民服务、修理和其他服务业", "家政服务"},
		{"农、林、牧、渔业", "农业科技"}, {"文化、体育和娱乐业", "文化传播"},
	}
	shopChars    = []rune("鑫盛恒达华瑞兴隆泰安祥和宏远东方金诚信德嘉美佳辰奥凯中北新世纪源通顺博天海龙浩润丰")
	companyKinds = []string{"有限责任公司", "有限责任公司（自然人独资）", "股份有限公司", "有限合伙企业"}
	kindWheel    = newWheel(560, 360, 30, 50)
	kindSuffix   = []string{"有限公司", "有限公司", "股份有限公司", "合伙企业（有限合伙）"}
	statuses     = []string{operating, "注销", "吊销"}
	statusWheel  = newWheel(900, 60, 40)
	capitals     = []int64{100_000, 300_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 50_000_000}
	sizeWheel    = newWheel(700, 200, 80, 20)
)

// found fills city.companies without their representatives.
func (c *city) found() {
	r := c.stream(streamCompanies)
	where := newDistrictWheel()
	taken := map[string]bool{}
	for len(c.companies) < c.scale.companies {
		kind := kindWheel.spin(r)
		trade := pick(r, tradeNames)
		name := "沈阳" + string([]rune{pick(r, shopChars), pick(r, shopChars)})
		if chance(r, 450) {
			name += string(pick(r, shopChars))
		}
		name += trade.word + kindSuffix[kind]
		if taken[name] {
			continue
		}
		taken[name] = true
		co := company{
			name: name, kind: companyKinds[kind], trade: trade.industry, district: where.spin(r), rep: none,
			founded: between(r, date(1996, 1, 1), referenceDate-30),
			status:  statuses[statusWheel.spin(r)],
			capital: hundredths(pick(r, capitals) * 100),
			staff:   staffOf(r),
		}
		co.address = districts[co.district].office(r)
		co.code = c.registrar.credit(r, districts[co.district].code, co.founded)
		co.taxed = co.status == operating && co.founded < date(2025, 7, 1) && chance(r, 870)
		c.companies = append(c.companies, co)
	}
}

// staffOf draws a number of places: most companies are tiny.
func staffOf(r *rand.Rand) int {
	switch sizeWheel.spin(r) {
	case 0:
		return r.IntN(4)
	case 1:
		return 3 + r.IntN(8)
	case 2:
		return 10 + r.IntN(25)
	}
	return 35 + r.IntN(90)
}

// appoint gives every company without a representative one from the register;
// some people lead several companies.
func (c *city) appoint() {
	r := c.stream(streamRepresentatives)
	for i := range c.companies {
		co := &c.companies[i]
		if co.rep != none || co.repID != "" {
			continue
		}
		co.rep = c.someAdult(r)
		if earlier := &c.companies[r.IntN(i+1)]; !earlier.planted && earlier.rep != none && chance(r, 120) {
			co.rep = earlier.rep
		}
	}
}

// representative returns the name and identity number of a company's leader.
func (c *city) representative(co *company) (name, id string) {
	if co.rep == none {
		return co.repName, co.repID
	}
	return c.people[co.rep].name, c.people[co.rep].id
}

// someAdult returns an adult of a household that never had an allowance.
func (c *city) someAdult(r *rand.Rand) int {
	for {
		i := r.IntN(len(c.people))
		if c.people[i].adult() && !c.homes[c.people[i].home].onRelief {
			return i
		}
	}
}

// employ fills the companies' places with adults, in random order, until
// either side runs out.
func (c *city) employ() {
	r := c.stream(streamJobs)
	var seekers []int
	for i := range c.people {
		p := &c.people[i]
		if !p.adult() || p.planted || p.employer != none {
			continue
		}
		permille := 800
		if c.homes[p.home].onRelief {
			permille = 150
		}
		if chance(r, permille) {
			seekers = append(seekers, i)
		}
	}
	r.Shuffle(len(seekers), func(i, j int) { seekers[i], seekers[j] = seekers[j], seekers[i] })
	for _, i := range r.Perm(len(c.companies)) {
		co := &c.companies[i]
		if co.status != operating {
			continue
		}
		n := min(co.staff, len(seekers))
		for _, who := range seekers[:n] {
			c.people[who].employer = i
		}
		seekers = seekers[n:]
	}
}
