package gate

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The bounds of a series must be known before DuckDB computes it. What can be told
// here are whole numbers, dates, timestamps and intervals, plain or with simple
// arithmetic; anything else is not told and the series refused.

type scalarKind uint8

const (
	noScalar scalarKind = iota
	wholeScalar
	timeScalar     // microseconds since 1970
	intervalScalar // microseconds; a month has 28 days: a step is never taken for longer than it is
	otherScalar    // NULL
)

type scalar struct {
	kind  scalarKind
	n     int64
	slack int64 // n may be off by so much
}

func wholeOf(n int64) scalar    { return scalar{kind: wholeScalar, n: n} }
func timeOf(n int64) scalar     { return scalar{kind: timeScalar, n: n} }
func intervalOf(n int64) scalar { return scalar{kind: intervalScalar, n: n} }

const (
	second = int64(1_000_000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	month  = 28 * day
)

// whole gives the whole number that an expression stands for.
func (m *measurer) whole(e any) (int64, bool) {
	v := value(e, 0)
	if v.kind == otherScalar {
		return 0, true
	}
	return v.n, v.kind == wholeScalar && v.slack == 0
}

// rows gives how many values range or generate_series makes.
func (m *measurer) rows(name string, o object, args int) (int64, bool) {
	var v [3]scalar
	for i := range args {
		if i >= len(v) {
			return 0, false
		}
		if v[i] = value(argument(o, i), 0); v[i].kind == otherScalar {
			return 0, true // NULL: nothing
		}
	}
	start, stop, step := v[0], v[1], v[2]
	switch args {
	case 0:
		return 0, true
	case 1:
		start, stop, step = wholeOf(0), v[0], wholeOf(1)
	case 2:
		step = wholeOf(1)
		if start.kind == timeScalar {
			step = intervalOf(day)
		}
	}
	numbers := start.kind == wholeScalar && stop.kind == wholeScalar && step.kind == wholeScalar
	times := start.kind == timeScalar && stop.kind == timeScalar && step.kind == intervalScalar
	if !numbers && !times {
		return 0, false
	}
	if step.slack != 0 {
		return 0, false
	}
	if step.n == 0 { // DuckDB refuses it
		return 0, true
	}
	span := math.Abs(float64(stop.n)-float64(start.n)) + float64(start.slack+stop.slack)
	steps := span / math.Abs(float64(step.n))
	if name == "range" { // leaves its end out
		return int64(min(math.Ceil(steps), float64(saturated))), true
	}
	return int64(min(steps+1, float64(saturated))), true
}

// value evaluates an expression.
func value(e any, level int) scalar {
	if level > 32 {
		return scalar{}
	}
	if c, ok := e.(*constant); ok {
		return constantValue(c)
	}
	o := asObject(e)
	kids := list(o, "children")
	switch text(o, "class") {
	case "CAST":
		return castValue(value(o.get("child"), level+1), o, level)
	case "COLUMN_REF":
		if names := texts(o, "column_names"); len(names) == 1 && ownValues[asciiLower(names[0])].kind == Clock {
			return timeOf(time.Now().UnixMicro())
		}
	case "FUNCTION":
		if methodOf(o) != nil {
			return scalar{}
		}
		return callValue(strings.ToLower(text(o, "function_name")), kids, level)
	}
	return scalar{}
}

func constantValue(c *constant) scalar {
	if c.value == nil {
		return scalar{kind: otherScalar}
	}
	n, ok := c.value.(json.Number)
	if !ok {
		return scalar{}
	}
	switch c.typ {
	case "DECIMAL":
		f, err := n.Float64()
		scale, _ := wholeNumber(c.info.get("scale"))
		return integral(f/math.Pow10(int(scale)), err)
	case "DOUBLE", "FLOAT":
		f, err := n.Float64()
		return integral(f, err)
	}
	i, err := n.Int64()
	if err != nil {
		return scalar{}
	}
	return wholeOf(i)
}

// integral takes a number without fraction; another one is not told.
func integral(f float64, err error) scalar {
	if err != nil || math.Abs(f) > 1e15 || f != math.Trunc(f) {
		return scalar{}
	}
	return wholeOf(int64(f))
}

// castValue evaluates a cast. A string is read as the type that it is cast to.
func castValue(v scalar, o object, level int) scalar {
	id := text(sub(o, "cast_type"), "id")
	if c, ok := o.get("child").(*constant); ok {
		if s, ok := c.value.(string); ok {
			return parsed(s, id)
		}
	}
	switch {
	case v.kind == otherScalar:
		return v
	case v.kind == timeScalar && (id == "DATE" || strings.HasPrefix(id, "TIMESTAMP")):
		return v
	case v.kind == intervalScalar && id == "INTERVAL":
		return v
	case v.kind == wholeScalar && (strings.HasSuffix(id, "INT") || strings.HasSuffix(id, "INTEGER") || id == "DOUBLE" || id == "FLOAT" || id == "DECIMAL"):
		return v
	}
	return scalar{}
}

func parsed(s, id string) scalar {
	switch {
	case id == "DATE" || strings.HasPrefix(id, "TIMESTAMP"):
		return parseTime(strings.TrimSpace(s))
	case id == "INTERVAL":
		return parseInterval(strings.TrimSpace(s))
	case strings.HasSuffix(id, "INT") || strings.HasSuffix(id, "INTEGER"):
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err == nil {
			return wholeOf(n)
		}
	case id == "DOUBLE" || id == "FLOAT" || id == "DECIMAL":
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return integral(f, err)
	}
	return scalar{}
}

var timeLayouts = []string{"2006-1-2", "2006-1-2 15:04", "2006-1-2 15:04:05", "2006-1-2 15:04:05.999999", "2006-1-2 15:04:05.999999Z07", "2006-1-2 15:04:05.999999Z07:00", "2006/1/2"}

func parseTime(s string) scalar {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, strings.Replace(s, "T", " ", 1)); err == nil {
			return timeOf(t.UnixMicro())
		}
	}
	return scalar{}
}

var intervalPart = regexp.MustCompile(`^([+-]?[0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ]+)\s*`)
var intervalClock = regexp.MustCompile(`^([0-9]{1,9}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?$`)

// units are the lengths of interval units, without their plural s.
var units = map[string]int64{
	"microsecond": 1, "us": 1, "millisecond": 1000, "ms": 1000, "second": second, "sec": second, "s": second, "minute": minute, "min": minute, "m": minute,
	"hour": hour, "hr": hour, "h": hour, "day": day, "d": day, "week": 7 * day, "w": 7 * day, "month": month, "mon": month, "quarter": 3 * month,
	"year": 12 * month, "yr": 12 * month, "y": 12 * month, "decade": 120 * month, "century": 1200 * month, "centurie": 1200 * month, "millennium": 12000 * month,
}

// parseInterval reads '1 day 2 hours' and '1 day 02:00:00'. Parts that cancel each
// other out make it unknown.
func parseInterval(s string) scalar {
	var total int64
	for s != "" {
		if p := intervalClock.FindStringSubmatch(s); p != nil {
			h, _ := strconv.ParseInt(p[1], 10, 64)
			min, _ := strconv.ParseInt(p[2], 10, 64)
			return sameSign(total, h*hour+min*minute)
		}
		p := intervalPart.FindStringSubmatch(s)
		if p == nil {
			return scalar{}
		}
		unit := strings.ToLower(p[2])
		length, ok := units[unit]
		if !ok {
			length, ok = units[strings.TrimSuffix(unit, "s")]
		}
		n, err := strconv.ParseFloat(p[1], 64)
		if !ok || err != nil || math.Abs(n) > 1e9 {
			return scalar{}
		}
		sum := sameSign(total, int64(n*float64(length)))
		if sum.kind == noScalar {
			return sum
		}
		total, s = sum.n, s[len(p[0]):]
	}
	return intervalOf(total)
}

func sameSign(a, b int64) scalar {
	if a > 0 && b < 0 || a < 0 && b > 0 || abs(a)+abs(b) > 1<<60 {
		return scalar{}
	}
	return intervalOf(a + b)
}

func abs(n int64) int64 { return max(n, -n) }

// lengths are the functions that make an interval out of a number.
var lengths = map[string]int64{
	"to_microseconds": 1, "to_milliseconds": 1000, "to_seconds": second, "to_minutes": minute, "to_hours": hour, "to_days": day, "to_weeks": 7 * day,
	"to_months": month, "to_quarters": 3 * month, "to_years": 12 * month, "to_decades": 120 * month, "to_centuries": 1200 * month, "to_millennia": 12000 * month,
}

func callValue(name string, kids []any, level int) scalar {
	if ownValues[name].kind == Clock && name != "ago" {
		return timeOf(time.Now().UnixMicro())
	}
	args := make([]scalar, len(kids))
	for i, k := range kids {
		if i > 2 {
			return scalar{}
		}
		if args[i] = value(k, level+1); args[i].kind == otherScalar {
			return args[i]
		}
	}
	switch {
	case len(args) == 1 && lengths[name] != 0 && args[0].kind == wholeScalar && abs(args[0].n) < 1e9:
		return intervalOf(args[0].n * lengths[name])
	case len(args) == 1 && (name == "trunc" || name == "+"):
		return args[0]
	case len(args) == 1 && name == "-":
		return scalar{args[0].kind, -args[0].n, args[0].slack}
	case len(args) == 1 && name == "last_day" && args[0].kind == timeScalar:
		return scalar{timeScalar, args[0].n, args[0].slack + 31*day}
	case len(args) == 1 && name == "epoch" && (args[0].kind == timeScalar || args[0].kind == intervalScalar):
		return scalar{wholeScalar, args[0].n / second, args[0].slack/second + 1}
	case len(args) == 3 && name == "make_date" && args[0].kind == wholeScalar && args[1].kind == wholeScalar && args[2].kind == wholeScalar && abs(args[0].n) < 1e6 && abs(args[1].n) < 100 && abs(args[2].n) < 100:
		return timeOf(time.Date(int(args[0].n), time.Month(args[1].n), int(args[2].n), 0, 0, 0, 0, time.UTC).UnixMicro())
	case len(args) == 2 && (name == "date_trunc" || name == "datetrunc") && args[1].kind == timeScalar:
		return truncated(kids[0], args[1])
	case len(args) == 2:
		return arithmetic(name, args[0], args[1])
	}
	return scalar{}
}

// truncated is an instant that is earlier by less than the named unit.
func truncated(unit any, t scalar) scalar {
	c, _ := unit.(*constant)
	if c == nil {
		return scalar{}
	}
	name, _ := c.value.(string)
	name = strings.ToLower(name)
	length, ok := units[name]
	if !ok {
		length, ok = units[strings.TrimSuffix(name, "s")]
	}
	if !ok {
		return scalar{}
	}
	return scalar{timeScalar, t.n, t.slack + longest(length)}
}

// arithmetic computes a op b; what could overflow is not told.
func arithmetic(op string, a, b scalar) scalar {
	if abs(a.n) > 1<<60 || abs(b.n) > 1<<60 {
		return scalar{}
	}
	slack := a.slack + b.slack
	sign := int64(1)
	switch op {
	case "-":
		sign = -1
		fallthrough
	case "+":
		switch {
		case a.kind == wholeScalar && b.kind == wholeScalar, a.kind == intervalScalar && b.kind == intervalScalar && a.n >= 0 == (sign*b.n >= 0):
			return scalar{a.kind, a.n + sign*b.n, slack}
		case a.kind == timeScalar && b.kind == intervalScalar:
			return scalar{timeScalar, a.n + sign*b.n, slack + longest(b.n) - abs(b.n)}
		case a.kind == intervalScalar && b.kind == timeScalar && op == "+":
			return scalar{timeScalar, a.n + b.n, slack + longest(a.n) - abs(a.n)}
		case a.kind == timeScalar && b.kind == wholeScalar && abs(b.n) < 1e7:
			return scalar{timeScalar, a.n + sign*b.n*day, slack}
		case a.kind == timeScalar && b.kind == timeScalar && op == "-":
			return scalar{wholeScalar, (a.n - b.n) / day, slack/day + 1}
		}
	case "*":
		if (a.kind == wholeScalar || a.kind == intervalScalar) && b.kind == wholeScalar || a.kind == wholeScalar && b.kind == intervalScalar {
			if f := float64(a.n) * float64(b.n); slack == 0 && math.Abs(f) < 1<<60 {
				return scalar{kind: max(a.kind, b.kind), n: a.n * b.n}
			}
		}
	case "//", "%":
		if a.kind == wholeScalar && b.kind == wholeScalar && b.n != 0 && slack == 0 {
			if op == "%" {
				return wholeOf(a.n % b.n)
			}
			return wholeOf(a.n / b.n)
		}
	}
	return scalar{}
}

// longest bounds an interval's length from above: a month has at most 31 days.
func longest(n int64) int64 { return abs(n) + abs(n)/8 }
