package democity

import "math/rand/v2"

// person is one entry of the population register.
type person struct {
	id        string
	name      string
	birth     day
	death     day // 0: alive
	home      int // index into city.homes
	employer  int // index into city.companies, or none
	relation  relation
	male      bool
	married   string // "": not known
	movedAway bool
	planted   bool // part of a planted story: chance leaves them alone
	suspended bool // insured, but not paying
}

// none stands for "no index".
const none = -1

type relation uint8

const (
	headOfHousehold relation = iota
	spouse
	child
	parent
)

func (p *person) relationName() string {
	switch {
	case p.relation == headOfHousehold:
		return "户主"
	case p.relation == spouse && p.male:
		return "夫"
	case p.relation == spouse:
		return "妻"
	case p.relation == child && p.male:
		return "子"
	case p.relation == child:
		return "女"
	case p.male:
		return "父亲"
	}
	return "母亲"
}

func (p *person) alive() bool { return p.death == 0 }

// age in full years on a date, give or take a day.
func (p *person) age(on day) int { return int(on-p.birth) * 4 / 1461 }

// adult tells who can own, work and found: living, present, 22 to 60.
func (p *person) adult() bool {
	a := p.age(referenceDate)
	return p.alive() && !p.movedAway && a >= 22 && a < 60
}

// household is the people of one address: city.people[first : first+size].
type household struct {
	district int
	street   string
	address  string
	first    int
	size     int
	onRelief bool // has an allowance, now or before
}

// shapes of households with their frequency in permille.
const (
	singleAdult = iota
	singleElder
	youngCouple
	elderCouple
	oneChild
	twoChildren
	singleParent
	threeGenerations
)

var shapeWheel = newWheel(160, 90, 170, 140, 260, 50, 50, 80)

// populate fills city.homes and city.people with exactly the number of persons
// asked for.
func (c *city) populate() {
	r := c.stream(streamPeople)
	where := newDistrictWheel()
	for len(c.people) < c.scale.persons {
		h := household{district: where.spin(r), first: len(c.people)}
		h.street, h.address = districts[h.district].home(r)
		c.homes = append(c.homes, h)
		c.settle(r, shapeWheel.spin(r))
		if len(c.people) > c.scale.persons {
			c.people = c.people[:c.scale.persons]
		}
		home := &c.homes[len(c.homes)-1]
		home.size = len(c.people) - home.first
		c.widow(home)
	}
}

// settle adds the members of the newest household.
func (c *city) settle(r *rand.Rand, shape int) {
	male := chance(r, 620)
	switch shape {
	case singleAdult:
		c.add(r, 22+r.IntN(43), chance(r, 550), headOfHousehold, "")
	case singleElder:
		c.add(r, 62+r.IntN(30), chance(r, 350), headOfHousehold, "")
	case youngCouple:
		c.couple(r, 26+r.IntN(34), male)
	case elderCouple:
		c.couple(r, 58+r.IntN(30), male)
	case singleParent:
		age := 28 + r.IntN(30)
		h := c.add(r, age, chance(r, 300), headOfHousehold, "")
		c.add(r, r.IntN(min(age-21, 30)), chance(r, 520), child, surnameOf(h))
	default:
		age := 28 + r.IntN(30)
		family := c.couple(r, age, male)
		children := 1
		if shape == twoChildren {
			children = 2
		}
		for range children {
			c.add(r, r.IntN(min(age-23, 30)), chance(r, 520), child, family)
		}
		if shape == threeGenerations {
			if chance(r, 450) {
				c.add(r, age+22+r.IntN(14), true, parent, family)
			}
			c.add(r, age+21+r.IntN(12), false, parent, "")
		}
	}
}

// couple adds a head and spouse and returns the children's family name.
func (c *city) couple(r *rand.Rand, age int, male bool) string {
	head := c.add(r, age, male, headOfHousehold, "")
	other := c.add(r, max(21, age-4+r.IntN(8)), !male, spouse, "")
	if male {
		return surnameOf(head)
	}
	return surnameOf(other)
}

func surnameOf(name string) string { return string([]rune(name)[:1]) }

// add appends a person and returns their name; an empty family name means one
// by frequency.
func (c *city) add(r *rand.Rand, age int, male bool, as relation, family string) string {
	birth := referenceDate.addYears(-age) - day(r.IntN(365))
	p := person{birth: birth, male: male, relation: as, home: len(c.homes) - 1, employer: none}
	if family == "" {
		family = c.names.surname(r)
	}
	p.name = family + c.names.given(r, male, birth)

	from := c.homes[p.home].district
	if as != child && chance(r, 150) {
		from = r.IntN(len(districts))
	}
	p.id = c.registrar.citizen(r, districts[from].divisionAt(birth), birth, male)

	if chance(r, deathPermille(age)) {
		p.death = between(r, referenceDate.addYears(-8), referenceDate-10)
	}
	p.movedAway = p.alive() && as != child && chance(r, 8)
	p.married = "已婚"
	switch {
	case age < 20:
		p.married = ""
	case as == child || as == headOfHousehold:
		p.married = "未婚"
	case as == parent:
		p.married = "丧偶"
	}
	c.people = append(c.people, p)
	return p.name
}

// deathPermille says how many of the register's people of an age have died
// within the last eight years and are still kept, as the register does.
func deathPermille(age int) int {
	switch {
	case age < 18:
		return 0
	case age < 50:
		return 4
	case age < 65:
		return 22
	case age < 75:
		return 60
	case age < 85:
		return 150
	}
	return 330
}

// widow sets the marital status of a head and spouse.
func (c *city) widow(h *household) {
	members := c.people[h.first : h.first+h.size]
	if len(members) < 2 || members[1].relation != spouse {
		return
	}
	members[0].married, members[1].married = "已婚", "已婚"
	if !members[0].alive() {
		members[1].married = "丧偶"
	}
	if !members[1].alive() {
		members[0].married = "丧偶"
	}
}
