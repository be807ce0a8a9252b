package democity

import (
	"fmt"
)

// put takes one row: a string, int64, hundredths, day, moment or nil for each
// of the table's columns.
type put func(values ...any) error

// section writes the rows of one table, or of one part of it.
type section struct {
	table *table
	part  string // name of the file within the table's folder, or ""
	rows  func(*city, put) error
}

// sections lists what is written for each source, in order.
var sections = map[string][]section{
	"ga":   {{&population, "", (*city).writePopulation}, {&suspects, "", (*city).writeSuspects}},
	"scjg": {{&legalPersons, "", (*city).writeLegalPersons}},
	"rs":   rsSections(),
	"zrzy": {{&realEstate, "", (*city).writeRealEstate}},
	"mz":   {{&allowances, "", (*city).writeAllowances}, {&allowanceMembers, "", (*city).writeAllowanceMembers}},
	"sw":   {{&taxes, "", (*city).writeTaxes}, {&arrears, "", (*city).writeArrears}},
}

func rsSections() []section {
	list := []section{{&insurances, "", (*city).writeInsurances}}
	for m := range payMonths {
		month := payMonths[m].time().Format("2006-01")
		list = append(list, section{&contributions, month, func(c *city, p put) error { return c.writeContributions(m, p) }})
	}
	return append(list, section{&oldAgePensions, "", (*city).writePensions})
}

var (
	peoples      = []string{"汉族", "满族", "朝鲜族", "锡伯族", "回族", "蒙古族"}
	peoplesWheel = newWheel(900, 60, 14, 10, 10, 6)
	mobiles      = []string{"130", "131", "133", "136", "138", "139", "150", "151", "156", "158", "159", "177", "186", "188", "189"}
)

func (c *city) writePopulation(put put) error {
	r := c.stream(streamRegisterRows)
	for i := range c.people {
		p := &c.people[i]
		home := &c.homes[p.home]
		sex, state := "女", "正常"
		if p.male {
			sex = "男"
		}
		if p.movedAway {
			state = "迁出"
		}
		if !p.alive() {
			state = "注销"
		}
		changed := between(r, max(p.birth+30, date(2012, 1, 1)), referenceDate)
		if !p.alive() {
			changed = p.death + day(1+r.IntN(9))
		}
		phone := pick(r, mobiles) + fmt.Sprintf("%08d", r.IntN(100_000_000))
		noPhone := p.age(referenceDate) < 14 || chance(r, 120)
		err := put(p.id, p.name, sex, p.birth, peoples[peoplesWheel.spin(r)], fmt.Sprintf("H%07d", p.home+1), p.relationName(),
			orNull(p.married == "", p.married), districts[home.district].name, home.street, home.address,
			orNull(noPhone, phone), state, orNull(p.alive(), p.death), changed.officeHours(r))
		if err != nil {
			return err
		}
	}
	return nil
}

var offences = []string{"诈骗案", "盗窃案", "危险驾驶案", "非法吸收公众存款案", "故意伤害案"}

// writeSuspects writes what the police share with nobody.
func (c *city) writeSuspects(put put) error {
	r := c.stream(streamSuspects)
	number := 0
	for i := range c.people {
		p := &c.people[i]
		if p.age(referenceDate) < 18 || !chance(r, 4) {
			continue
		}
		number++
		since := between(r, date(2023, 1, 1), referenceDate)
		state := "侦查中"
		if chance(r, 600) {
			state = "已移送审查起诉"
		}
		if err := put(fmt.Sprintf("A210100%06d", number), p.id, p.name, pick(r, offences), since, state); err != nil {
			return err
		}
	}
	return nil
}

func (c *city) writeLegalPersons(put put) error {
	r := c.stream(streamRegisterRows + 1)
	for i := range c.companies {
		co := &c.companies[i]
		name, id := c.representative(co)
		unlimited := chance(r, 650)
		err := put(co.code, co.name, co.kind, co.trade, name, id, co.capital, co.founded, co.status,
			districts[co.district].name, co.address, orNull(unlimited, co.founded.addYears(30)-1),
			between(r, co.founded, referenceDate).officeHours(r))
		if err != nil {
			return err
		}
	}
	return nil
}

// employerCode returns the credit code of a person's employer, or nil.
func (c *city) employerCode(who int) any {
	if e := c.people[who].employer; e != none {
		return c.companies[e].code
	}
	return nil
}

func (c *city) writeInsurances(put put) error {
	r := c.stream(streamRegisterRows + 2)
	for i := range c.insured {
		e := &c.insured[i]
		state := "正常缴费"
		if !e.active {
			state = "中断"
		}
		phone := pick(r, mobiles) + fmt.Sprintf("%08d", r.IntN(100_000_000))
		if err := put(c.people[e.who].id, e.name, c.employerCode(e.who), orNull(!e.phone, phone), e.since, e.base, state); err != nil {
			return err
		}
	}
	return nil
}

// writeContributions writes one month. Some of the last month's payments have
// not arrived yet.
func (c *city) writeContributions(month int, put put) error {
	r := c.stream(streamRegisterRows + 100 + uint64(month))
	first := payMonths[month]
	for i := range c.insured {
		e := &c.insured[i]
		if e.since > first+14 || month >= e.stopped {
			continue
		}
		pending := month == len(payMonths)-1 && chance(r, 12)
		arrived := (first + day(14+r.IntN(9))).officeHours(r)
		err := put(first, c.people[e.who].id, c.employerCode(e.who), e.base, e.base.percent(16), e.base.percent(8), orNull(pending, arrived))
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *city) writePensions(put put) error {
	for i := range c.pensions {
		n := &c.pensions[i]
		state := "停发"
		if n.paying {
			state = "在发"
		}
		p := &c.people[n.who]
		if err := put(p.id, p.name, n.monthly, n.since, state, n.lastPaid); err != nil {
			return err
		}
	}
	return nil
}

func (c *city) writeRealEstate(put put) error {
	for i := range c.properties {
		u := &c.properties[i]
		holder, shared, mortgage := "个人", "单独所有", "无抵押"
		if u.corporate {
			holder = "企业"
		}
		if u.joint {
			shared = "共同共有"
		}
		if u.mortgaged {
			mortgage = "已抵押"
		}
		err := put(u.unit, u.title, u.owner, holder, orNull(u.ownerID == "", u.ownerID), shared, districts[u.district].name,
			u.address, u.use, u.area, u.value, mortgage, u.registered, u.recorded)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *city) writeAllowances(put put) error {
	for i := range c.reliefs {
		f := &c.reliefs[i]
		home, p := &c.homes[f.home], &c.people[f.applicant]
		state := "享受"
		if !f.active {
			state = "停止"
		}
		err := put(f.number, p.id, p.name, districts[home.district].name, home.street, int64(len(f.members)), f.amount, state,
			f.since, orNull(f.active, f.stopped), f.lastPaid, f.accepted)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *city) writeAllowanceMembers(put put) error {
	for i := range c.reliefs {
		f := &c.reliefs[i]
		for n, who := range f.members {
			p := &c.people[who]
			tie := "家庭成员"
			if n == 0 {
				tie = "本人"
			}
			if err := put(f.number, p.id, p.name, tie, p.birth); err != nil {
				return err
			}
		}
	}
	return nil
}
