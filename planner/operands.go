package planner

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
)

// anyNumber is told where any number may stand that is exact: it has DuckDB's own digits
// of a DECIMAL without any.
var anyNumber = catalog.DecimalOf(18, 3)

// operands gives open parameters that stand in arithmetic the types that fit the other
// operand, and gives their numbers. Whoever is told of BIGINT cuts 1.5 to 1 for it.
//
// Each open parameter is tried as a STRUCT of its own, with which nothing is computed: the
// refusal says which parameter it is, and what it met.
func (b *binding) operands(ctx context.Context) []int {
	open := map[int]bool{}
	for n := range b.names {
		if _, set := b.types[n+1]; !set && b.used(n+1) {
			open[n+1] = true
			b.types[n+1] = cast{viaText: "STRUCT(" + marker + strconv.Itoa(n+1) + " BLOB)", probe: true}
		}
	}
	var found []int
	for len(open) > 0 {
		_, _, err := b.try(ctx, false)
		var be *BindError
		if !errors.As(err, &be) {
			break
		}
		met := map[int]bool{} // those that the refusal names
		for _, m := range markers.FindAllStringSubmatch(be.Message, -1) {
			if n, _ := strconv.Atoi(m[1]); open[n] {
				met[n] = true
			}
		}
		if len(met) == 0 {
			break
		}
		name, args := callOf(be.Message)
		for n := range met {
			delete(open, n)
			delete(b.types, n)
			if c, ok := b.operand(name, args, n); ok {
				b.types[n] = c
				found = append(found, n)
			}
		}
	}
	for n := range open {
		delete(b.types, n)
	}
	return found
}

const marker = "lianji_parameter_"

var (
	markers = regexp.MustCompile(`STRUCT\(` + marker + `([0-9]+) BLOB\)`)
	noCall  = regexp.MustCompile(`No function matches the given name and argument types '(.*?)\((.*)\)'\. You might`)
)

// callOf takes the name of a function that there is not, and the types of its arguments, out
// of a refusal.
func callOf(message string) (name string, args []string) {
	m := noCall.FindStringSubmatch(message)
	if m == nil {
		return "", nil
	}
	depth, from := 0, 0
	for i, c := range m[2] {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				args, from = append(args, strings.TrimSpace(m[2][from:i])), i+1
			}
		}
	}
	return m[1], append(args, strings.TrimSpace(m[2][from:]))
}

// arithmetic are the functions of two numbers, or of times, and what DuckDB calls them
// otherwise.
var arithmetic = map[string]string{
	"+": "+", "add": "+", "-": "-", "subtract": "-", "*": "*", "multiply": "*", "/": "/", "//": "//", "divide": "//", "%": "%", "mod": "%",
}

// operand gives the type of a parameter that stands in a call with arguments of these types.
func (b *binding) operand(name string, args []string, n int) (cast, bool) {
	op := arithmetic[name]
	if op == "" || len(args) == 0 || len(args) > 2 {
		return cast{}, false
	}
	b.sampled = append(b.sampled, n)
	number := b.options.number(n)
	kind := func(k catalog.Kind) (cast, bool) { return cast{typ: catalog.Type{Kind: k}}, true }
	place := 0
	if args[0] != "STRUCT("+marker+strconv.Itoa(n)+" BLOB)" {
		place = len(args) - 1
	}
	if len(args) == 1 || markers.MatchString(args[1-place]) {
		return cast{typ: number.typ}, true
	}
	t := typeNamed(args[1-place])
	switch {
	case isNumber(t) && op == "/", t.Kind == catalog.Decimal && op == "//", t.Kind == catalog.Interval && (op == "*" || op == "/"):
		return kind(catalog.Float64)
	case t.Kind == catalog.Decimal && !number.sampled:
		return cast{typ: anyNumber}, true
	case t.Kind == catalog.Float32, t.Kind == catalog.Float64:
		return cast{typ: t}, true
	case isNumber(t):
		return cast{typ: number.typ}, true
	case t.Kind == catalog.Date && (op == "+" || op == "-" && place == 1):
		return kind(catalog.Int32)
	case t.Kind == catalog.Date && op == "-":
		return kind(catalog.Date)
	case t.Kind == catalog.Timestamp || t.Kind == catalog.TimestampTZ:
		if op == "-" {
			return cast{typ: t}, true
		}
		return cast{viaText: "INTERVAL"}, op == "+"
	case t.Kind == catalog.Interval && (op == "+" || op == "-" && place == 0):
		return kind(catalog.Timestamp) // of which a day is one
	}
	return cast{}, false
}

func isNumber(t catalog.Type) bool {
	switch t.Kind {
	case catalog.Int64, catalog.Uint64, catalog.HugeInt, catalog.Decimal, catalog.Float32, catalog.Float64:
		return true
	}
	return false
}
