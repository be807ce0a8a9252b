package democity

import (
	"math/rand/v2"
	"time"
)

// seed makes the city what it is; another seed makes another city.
const seed = 2101_2016_0608

// referenceDate is the day on which the city's registers were read out.
var referenceDate = date(2026, time.October, 31)

var (
	lastPayDay      = date(2026, time.October, 12)
	creditReform    = date(2015, time.October, 1) // unified credit codes begin
	liaozhongReform = date(2016, time.January, 1)
	firstTaxYear    = 2024
	lastTaxYear     = 2025
	fullScale       = scale{persons: 200_000, companies: 20_000}
)

// scale is the size of a city.
type scale struct{ persons, companies int }

// One stream of random numbers for each step, so that a change in one step
// leaves the others alone.
const (
	streamPeople uint64 = iota + 1
	streamCompanies
	streamRelief
	streamCompanyPlants
	streamRepresentatives
	streamJobs
	streamProperties
	streamInsurance
	streamPensions
	streamTaxes
	streamRegisterRows        // and those after it
	streamSuspects     uint64 = 1 << 20
)

// planted counts the inconsistencies while they are planted.
type planted struct {
	otherName         int
	deadOnAllowance   int
	deadOnPension     int
	strangerLeads     int
	propertyWithoutID int
	sharedCode        int
	oldID             int
	manyHomes         int
	hiddenWealth      int
}

// city is everything known before the registers are written.
type city struct {
	scale      scale
	registrar  *registrar
	names      namer
	people     []person
	homes      []household
	companies  []company
	reliefs    []relief
	properties []property
	insured    []insured
	pensions   []pension
	planted    planted
}

// build makes a city in memory. The order of the steps matters: whoever is on
// allowance must be known before companies, jobs and homes go round.
func build(size scale) (*city, error) {
	c := &city{scale: size, registrar: newRegistrar(), names: newNamer()}
	c.populate()
	c.found()
	c.grant()
	if err := c.plantCompanies(); err != nil {
		return nil, err
	}
	c.appoint()
	c.employ()
	c.register()
	c.insure()
	c.retire()
	return c, nil
}

func (c *city) stream(step uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, step)) }
