package democity

// insured is one person's place in the pension insurance for employees.
type insured struct {
	who     int
	name    string // as social security wrote it down
	since   day
	base    hundredths // yuan a month
	active  bool
	stopped int // month of payMonths from which nothing is paid any more
	phone   bool
}

// pension is one person's old-age pension.
type pension struct {
	who      int
	since    day
	monthly  hundredths
	paying   bool
	lastPaid day
}

// payMonths are the months whose payments are kept, by their first day.
var payMonths = []day{
	date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1),
}

var (
	wages    = spread{4594, 4594, 4900, 5500, 6200, 7000, 7900, 9200, 11200, 14800, 22970}
	lowWages = spread{4594, 4594, 5000}
	pensions = spread{1480, 2050, 2400, 2700, 2950, 3200, 3500, 3850, 4300, 5200, 9800}
)

// insure fills city.insured: everyone with an employer, the people of planted
// stories, and some who pay for themselves. Then it plants other names.
func (c *city) insure() {
	r := c.stream(streamInsurance)
	for i := range c.people {
		p := &c.people[i]
		if p.employer == none && !p.planted && !(p.adult() && !c.homes[p.home].onRelief && chance(r, 150)) {
			continue
		}
		e := insured{who: i, name: p.name, base: wages.draw(r), active: !p.suspended, stopped: len(payMonths), phone: chance(r, 850)}
		if c.homes[p.home].onRelief {
			e.base = lowWages.draw(r)
		}
		if !p.planted && chance(r, 50) {
			e.active = false
		}
		if !e.active {
			e.stopped = r.IntN(len(payMonths))
		}
		from := max(p.birth.addYears(20), date(1998, 1, 1))
		if p.employer != none {
			from = max(from, c.companies[p.employer].founded)
		}
		e.since = between(r, from, date(2026, 9, 30))
		c.insured = append(c.insured, e)
	}
	for _, i := range r.Perm(len(c.insured))[:max(3, len(c.insured)*2/1000)] {
		e := &c.insured[i]
		p := &c.people[e.who]
		e.name = otherName(r, p.name, p.male, p.birth)
		c.planted.otherName++
	}
}

// retire fills city.pensions. A pension ends with the pensioner, except where
// it is planted that it went on.
func (c *city) retire() {
	r := c.stream(streamPensions)
	var dead []int
	for i := range c.people {
		p := &c.people[i]
		from := p.birth.addYears(50 + 5*r.IntN(2))
		if p.male {
			from = p.birth.addYears(60)
		}
		until := referenceDate
		if !p.alive() {
			until = p.death - 31
		}
		if from >= until || p.employer != none || p.planted || c.homes[p.home].onRelief || !chance(r, 780) {
			continue
		}
		n := pension{who: i, since: from, monthly: pensions.draw(r), paying: p.alive(), lastPaid: lastPayDay}
		if !p.alive() {
			n.lastPaid = p.death - day(1+r.IntN(30))
			if p.death < referenceDate-183 {
				dead = append(dead, len(c.pensions))
			}
		}
		c.pensions = append(c.pensions, n)
	}
	r.Shuffle(len(dead), func(i, j int) { dead[i], dead[j] = dead[j], dead[i] })
	for _, i := range dead[:min(len(dead), max(3, len(c.pensions)*25/10000))] {
		c.pensions[i].paying, c.pensions[i].lastPaid = true, lastPayDay
		c.planted.deadOnPension++
	}
}
