package democity

// The taxes that every paying company files here, once a year each; the last
// one is 7 percent of the first.
const (
	valueAddedTax  = "增值税"
	incomeTax      = "企业所得税"
	maintenanceTax = "城市维护建设税"
)

// What the first two amount to, in yuan.
var (
	valueAdded = spread{300, 1200, 3000, 6500, 12000, 22000, 40000, 80000, 190000, 600000, 9000000}
	incomes    = spread{200, 700, 1500, 3200, 7000, 13000, 26000, 60000, 150000, 480000, 7000000}
)

// writeTaxes writes what companies declared and paid. In every fortieth, part
// of the last year's value added tax is still owed; writeArrears lists those.
func (c *city) writeTaxes(put put) error {
	r := c.stream(streamTaxes)
	for i := range c.companies {
		co := &c.companies[i]
		co.owes = 0
		if !co.taxed {
			continue
		}
		for year := firstTaxYear; year <= lastTaxYear; year++ {
			if co.founded.year() > year {
				continue
			}
			added := valueAdded.draw(r)
			for _, tax := range []struct {
				kind string
				due  hundredths
			}{{valueAddedTax, added}, {incomeTax, incomes.draw(r)}, {maintenanceTax, added.percent(7)}} {
				paid := tax.due
				if tax.kind == valueAddedTax && year == lastTaxYear && chance(r, 25) {
					paid = tax.due.percent(int64(20 + r.IntN(60)))
					co.owes = tax.due - paid
				}
				declared := date(year+1, 1, 5) + day(r.IntN(140))
				arrived := (declared + day(1+r.IntN(10))).officeHours(r)
				if err := put(co.code, co.name, int64(year), tax.kind, tax.due, paid, declared, orNull(paid < tax.due, arrived)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// writeArrears comes after writeTaxes, which finds out who owes.
func (c *city) writeArrears(put put) error {
	r := c.stream(streamTaxes + 1000)
	for i := range c.companies {
		co := &c.companies[i]
		if co.owes == 0 {
			continue
		}
		announced := date(2026, 7, 1) + day(r.IntN(90))
		if err := put(co.code, co.name, int64(lastTaxYear), valueAddedTax, co.owes, orNull(chance(r, 300), announced)); err != nil {
			return err
		}
	}
	return nil
}
