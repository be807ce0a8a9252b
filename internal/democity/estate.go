package democity

import (
	"fmt"
	"math/rand/v2"
)

// property is one registered real-estate unit.
type property struct {
	unit       string
	title      string
	owner      string
	ownerID    string // "": not recorded
	corporate  bool
	joint      bool
	mortgaged  bool
	district   int
	address    string
	use        string
	area       hundredths // square metres
	value      hundredths // yuan
	registered day
	recorded   moment
}

var (
	homesWheel = newWheel(250, 600, 110, 30, 10)
	areas      = spread{36, 48, 55, 62, 70, 79, 86, 92, 105, 126, 210}
	shopAreas  = spread{30, 60, 90, 150, 260, 420, 800, 1500, 3200}
)

// register fills city.properties, then plants owners without an identity
// number and owners under their old fifteen-digit one.
func (c *city) register() {
	r := c.stream(streamProperties)
	reliefAt := map[int]*relief{}
	for i := range c.reliefs {
		reliefAt[c.reliefs[i].home] = &c.reliefs[i]
	}
	var free []int // properties of private owners without allowance
	for h := range c.homes {
		if f := reliefAt[h]; f != nil {
			c.registerRelief(r, f)
			continue
		}
		for range homesWheel.spin(r) {
			home := &c.homes[h]
			owner := home.first + r.IntN(min(2, home.size))
			if c.own(r, owner) {
				free = append(free, len(c.properties)-1)
			}
		}
	}
	r.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	lost := max(3, len(c.properties)*35/10000)
	for _, i := range free[:lost] {
		c.properties[i].ownerID = ""
		c.planted.propertyWithoutID++
	}
	old := max(5, len(c.properties)*20/1000)
	for _, i := range free[lost:] {
		if p := &c.properties[i]; c.planted.oldID < old && p.registered < date(2004, 1, 1) {
			p.ownerID = oldCitizenID(p.ownerID)
			c.planted.oldID++
		}
	}
	c.registerCompanies(r)
	r.Shuffle(len(c.properties), func(i, j int) {
		c.properties[i], c.properties[j] = c.properties[j], c.properties[i]
	})
}

func (c *city) registerRelief(r *rand.Rand, f *relief) {
	n := 0
	switch {
	case f.role == deadApplicant || f.role == missHomeless:
	case f.role == manyHomes:
		n = 2 + r.IntN(3)
	case f.role.leads():
		n = 1
	case chance(r, 400):
		n = 1
	}
	for range n {
		c.own(r, f.applicant)
	}
}

// own registers a dwelling of a person; false if they had no time to buy one.
func (c *city) own(r *rand.Rand, who int) bool {
	p := &c.people[who]
	from, until := max(p.birth.addYears(20), date(1996, 1, 1)), referenceDate
	if !p.alive() {
		until = p.death
	}
	if until <= from {
		return false
	}
	where := c.homes[p.home].district
	if chance(r, 350) {
		where = r.IntN(len(districts))
	}
	d := &districts[where]
	_, address := d.home(r)
	u := property{
		owner: p.name, ownerID: p.id, district: where, address: address, use: "住宅",
		registered: between(r, from, until), area: areas.draw(r),
		joint: p.relation != child && p.married == "已婚" && chance(r, 600), mortgaged: chance(r, 180),
	}
	c.describe(r, &u)
	return true
}

func (c *city) registerCompanies(r *rand.Rand) {
	for i := range c.companies {
		co := &c.companies[i]
		if co.planted || co.status != operating || !chance(r, 150) {
			continue
		}
		u := property{
			owner: co.name, ownerID: co.code, corporate: true, district: co.district, address: districts[co.district].office(r),
			use: pick(r, []string{"商业服务", "办公", "工业"}), registered: between(r, co.founded, referenceDate),
			area: shopAreas.draw(r), mortgaged: chance(r, 350),
		}
		c.describe(r, &u)
	}
}

// describe completes a property with its numbers and value and keeps it.
func (c *city) describe(r *rand.Rand, u *property) {
	d := &districts[u.district]
	n := len(c.properties) + 1
	u.unit = fmt.Sprintf("%s%03d%03dGB%05dF%04d%04d", d.code, 1+r.IntN(20), 1+r.IntN(30), n/10+1, n%10+1, 1+r.IntN(9000))
	if u.registered < date(2016, 1, 1) {
		u.title = fmt.Sprintf("沈房权证中心字第N%09d号", 60000000+n)
	} else {
		u.title = fmt.Sprintf("辽（%d）沈阳市不动产权第%07d号", u.registered.year(), n)
	}
	u.value = hundredths(int64(u.area) * d.price * int64(75+r.IntN(60)) / 100)
	u.recorded = u.registered.officeHours(r)
	c.properties = append(c.properties, *u)
}
