package mysql

// A day counts from 1970-01-01 in the Gregorian calendar, which is taken to hold at
// all times, as DuckDB takes it.

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func monthDays(year, month int) int {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysOf gives the number of a day. Years count from March, so that a leap day is the
// last of its year.
func daysOf(year, month, day int) int64 {
	y, m := int64(year), int64(month)
	if m <= 2 {
		y, m = y-1, m+12
	}
	era, inEra := floorDiv(y, 400)
	inYear := (153*(m-3)+2)/5 + int64(day) - 1
	return era*146097 + inEra*365 + inEra/4 - inEra/100 + inYear - 719468
}

// civil gives the year, month and day of a day's number.
func civil(days int64) (year, month, day int64) {
	era, inEra := floorDiv(days+719468, 146097)
	ofEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (365*ofEra + ofEra/4 - ofEra/100)
	m := (5*inYear + 2) / 153
	day = inYear - (153*m+2)/5 + 1
	year, month = ofEra+era*400, m+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// floorDiv divides by a positive number; the rest is never negative.
func floorDiv(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		quotient, rest = quotient-1, rest+b
	}
	return quotient, rest
}
