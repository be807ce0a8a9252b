package democity

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// relief is one family's minimum living allowance.
type relief struct {
	number    string
	home      int
	applicant int   // index into city.people
	members   []int // the applicant first
	role      role
	active    bool
	since     day
	stopped   day
	lastPaid  day
	amount    int64 // yuan a month
	accepted  moment
}

// role is the part that a family on allowance plays. The first group plants
// inconsistencies; the near misses each lack exactly one of the things that
// make a family hiddenWealth, one for every agency.
type role uint8

const (
	ordinary role = iota
	ended
	deadApplicant
	manyHomes
	hiddenWealth
	missMovedAway // population register: has moved away
	missDissolved // companies: the company no longer exists
	missSuspended // social security: insured, but not paying
	missHomeless  // real estate: owns nothing
	missEnded     // civil affairs: the allowance has ended
	missUntaxed   // tax: the company paid nothing
)

// leads tells whether somebody of such a family leads a company.
func (o role) leads() bool { return o >= hiddenWealth }

// share says how many families in every thousand play a role, and how many
// there are at least, so that a small city has each.
type share struct {
	role     role
	permille int
	least    int
}

var reliefShares = []share{
	{deadApplicant, 24, 3}, {manyHomes, 28, 3}, {hiddenWealth, 16, 3},
	{missMovedAway, 4, 1}, {missDissolved, 4, 1}, {missSuspended, 4, 1},
	{missHomeless, 4, 1}, {missEnded, 4, 1}, {missUntaxed, 4, 1},
	{ended, 180, 4}, {ordinary, 728, 10},
}

// grant chooses the families on allowance: 0.9 % of the number of persons.
func (c *city) grant() {
	r := c.stream(streamRelief)
	families := c.scale.persons * 9 / 1000
	var roles []role
	for _, s := range reliefShares {
		for range max(s.least, families*s.permille/1000) {
			roles = append(roles, s.role)
		}
	}
	waiting := map[bool][]role{}
	for _, o := range roles {
		waiting[o == deadApplicant] = append(waiting[o == deadApplicant], o)
	}
	mixed := waiting[false]
	r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	for _, h := range r.Perm(len(c.homes)) {
		applicant, dead := c.deadOf(h), true
		if applicant == none || len(waiting[dead]) == 0 {
			applicant, dead = c.adultOf(h), false
		}
		queue := waiting[dead]
		if applicant == none || len(queue) == 0 {
			continue
		}
		waiting[dead] = queue[1:]
		c.approve(r, h, applicant, queue[0])
	}
}

// deadOf returns a member who died as an adult more than half a year ago.
func (c *city) deadOf(h int) int {
	return c.memberOf(h, func(p *person) bool {
		return !p.alive() && p.death < referenceDate-183 && p.age(p.death) >= 30
	})
}

func (c *city) adultOf(h int) int { return c.memberOf(h, (*person).adult) }

func (c *city) memberOf(h int, fits func(*person) bool) int {
	home := &c.homes[h]
	for i := home.first; i < home.first+home.size; i++ {
		if fits(&c.people[i]) {
			return i
		}
	}
	return none
}

// approve writes the allowance of a household. The dead and those who moved
// away are no members, except as the planted applicant.
func (c *city) approve(r *rand.Rand, h, applicant int, as role) {
	home := &c.homes[h]
	home.onRelief = true
	f := relief{
		number: fmt.Sprintf("DB%s%06d", districts[home.district].code, len(c.reliefs)+1),
		home:   h, applicant: applicant, members: []int{applicant}, role: as,
		active:   as != ended && as != missEnded,
		lastPaid: lastPayDay,
		since:    between(r, date(2015, 1, 1), date(2024, 12, 31)),
	}
	for i := home.first; i < home.first+home.size; i++ {
		if p := &c.people[i]; i != applicant && p.alive() && !p.movedAway {
			f.members = append(f.members, i)
		}
	}
	p := &c.people[applicant]
	switch {
	case as == deadApplicant:
		f.since = between(r, p.death.addYears(-6), p.death-60)
	case !f.active:
		f.stopped = between(r, date(2025, 1, 1), date(2026, 8, 31))
		f.lastPaid = f.stopped - 20
	}
	f.amount = int64(len(f.members))*int64(420+10*r.IntN(40)) + int64(r.IntN(10))
	f.accepted = (f.since - day(20+r.IntN(25))).officeHours(r)
	p.planted = as.leads()
	p.movedAway = as == missMovedAway
	p.suspended = as == missSuspended
	c.reliefs = append(c.reliefs, f)
	switch as {
	case deadApplicant:
		c.planted.deadOnAllowance++
	case manyHomes:
		c.planted.manyHomes++
	case hiddenWealth:
		c.planted.hiddenWealth++
	}
}

// plantCompanies gives the families that lead a company theirs, then plants
// representatives whom the population register does not know and credit codes
// that two companies share. It fails in a city with too few companies.
func (c *city) plantCompanies() error {
	r := c.stream(streamCompanyPlants)
	order := r.Perm(len(c.companies))
	short := false
	take := func(fits func(*company) bool) int {
		for n, i := range order {
			if i != none && fits(&c.companies[i]) {
				order[n] = none
				c.companies[i].planted = true
				return i
			}
		}
		short = true
		return 0
	}
	for i := range c.reliefs {
		f := &c.reliefs[i]
		if !f.role.leads() {
			continue
		}
		which := take(func(co *company) bool {
			if co.founded >= date(2024, 1, 1) {
				return false
			}
			if f.role == missDissolved {
				return co.status != operating
			}
			return co.status == operating && co.taxed == (f.role != missUntaxed)
		})
		co := &c.companies[which]
		co.rep = f.applicant
		co.taxed = f.role != missUntaxed // the dissolved one paid until it was
		if co.status == operating && f.role != missSuspended {
			c.people[f.applicant].employer = which
		}
	}
	unremarkable := func(*company) bool { return true }
	for range max(3, c.scale.companies*75/10000) {
		co := &c.companies[take(unremarkable)]
		male, birth := chance(r, 700), between(r, date(1960, 1, 1), date(1998, 12, 31))
		co.repID = c.registrar.citizen(r, districts[r.IntN(len(districts))].code, birth, male)
		co.repName = c.names.surname(r) + c.names.given(r, male, birth)
		c.planted.strangerLeads++
	}
	for range max(2, c.scale.companies*12/10000) {
		first, second := take(unremarkable), take(unremarkable)
		c.companies[second].code = c.companies[first].code
		c.companies[second].taxed, c.companies[second].staff = false, 0
		c.planted.sharedCode++
	}
	if short {
		return errors.New("democity: too few companies to plant the inconsistencies in")
	}
	return nil
}
