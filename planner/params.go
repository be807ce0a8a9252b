package planner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/datetime"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/planner/ir"
)

// infer finds a type for every parameter. DuckDB's plan needs all of them and
// answers an internal error where one is open, so each open one gets, in this
// order, the declared type, what preparing can tell, the first candidate that binds.
func (b *binding) infer(ctx context.Context) (*Bound, *attempt, error) {
	if bound, a := b.prepared(ctx); bound != nil {
		return bound, a, nil
	}
	bound, a, err := b.try(ctx, true)
	if err == nil && b.settle(bound) {
		if len(b.types) == len(b.names) {
			return bound, a, nil
		}
		// Written out, so that the executor, which knows the values, cannot choose others.
		for n, t := range bound.Params {
			if _, set := b.types[n]; !set {
				b.types[n] = castOf(t)
			}
		}
		if again, written, err := b.try(ctx, true); err == nil {
			return again, written, nil
		}
		b.types = map[int]cast{}
		return nil, nil, errs.New(errs.TypeMismatch, "parameter_type_unknown", msg.Args{"Name": b.names[0]}).At(b.user, b.place(1))
	}
	if err != nil && (len(b.names) == 0 || !openTypes(err)) {
		if a != nil {
			err = b.bindError(ctx, err, a)
		}
		return nil, nil, err
	}
	b.inferred(ctx)
	known := maps.Clone(b.types)
	if len(b.operands(ctx)) > 0 {
		b.inferred(ctx)
		if bound, a, err := b.search(ctx); err == nil {
			return bound, a, nil
		}
		b.types = known
	}
	return b.search(ctx)
}

// inferred takes over what preparing tells of open parameters.
func (b *binding) inferred(ctx context.Context) {
	prepared, _, err := b.try(ctx, false)
	if err != nil {
		return
	}
	for n, t := range prepared.Params {
		if _, set := b.types[n]; !set && t.Readable() && t.Kind != catalog.Null {
			b.types[n] = castOf(t)
		}
	}
}

// search tries each open parameter with types until one binds.
func (b *binding) search(ctx context.Context) (*Bound, *attempt, error) {
	for n := 1; n <= len(b.names); n++ {
		if _, set := b.types[n]; set || !b.used(n) {
			continue
		}
		candidates := b.candidates(n)
		for i := 0; i < len(candidates); i++ {
			b.types[n] = candidates[i]
			_, tried, err := b.try(ctx, false)
			if err == nil && !candidates[i].probe {
				break
			}
			delete(b.types, n)
			if tried == nil {
				return nil, nil, err
			}
			if err == nil || wantsList(err) { // no name is wrong
				continue
			}
			if candidates[i].probe {
				if t, ok := comparedType(err); ok {
					candidates = slices.Insert(candidates, i+1, castOf(catalog.ListOf(t)))
				}
			}
			if e := errs.From(b.bindError(ctx, err, tried)); e.Code == errs.UnknownName && e.ID != "unknown_function" {
				return nil, nil, e // no type makes a name right that is not there
			}
		}
	}
	bound, a, err := b.try(ctx, true)
	if err != nil {
		if a != nil {
			err = b.bindError(ctx, err, a)
		}
		return nil, nil, err
	}
	for n := range b.names {
		_, set := b.types[n+1]
		if t := bound.Params[n+1]; !set && b.used(n+1) && !t.Readable() {
			return nil, nil, errs.New(errs.TypeMismatch, "parameter_type_unknown", msg.Args{"Name": b.names[n]}).At(b.user, b.place(n+1))
		}
	}
	return bound, a, nil
}

// prepared is the short way for a text with open parameters of which preparing tells
// every type: those are written out, and the plan is made once. It gives nil where
// that does not do, and then leaves no trace.
func (b *binding) prepared(ctx context.Context) (*Bound, *attempt) {
	open := false
	for n := range b.names {
		_, set := b.types[n+1]
		open = open || (!set && b.used(n+1))
	}
	if !open {
		return nil, nil
	}
	told, _, err := b.try(ctx, false)
	if err != nil || !b.settle(told) {
		return nil, nil
	}
	before := maps.Clone(b.types)
	for n, t := range told.Params {
		if _, set := b.types[n]; !set {
			b.types[n] = castOf(t)
		}
	}
	bound, a, err := b.try(ctx, true)
	if err != nil {
		b.types = before
		return nil, nil
	}
	return bound, a
}

// try binds the text with the casts chosen so far. The attempt is nil when the
// error is the gate's, which is the person's already. A text without parameters,
// which is tried once, may still have to be Described.
func (b *binding) try(ctx context.Context, plan bool) (*Bound, *attempt, error) {
	a, err := b.gated(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, span := tracing.Start(ctx, tracing.Bind)
	defer span.End()
	bound, err := b.planner.binder.Bind(ctx, b.request(a, plan))
	return bound, a, err
}

// settle reports whether every parameter has a type whose values can be handed
// over as they are.
func (b *binding) settle(bound *Bound) bool {
	for n, t := range bound.Params {
		if _, set := b.types[n]; set {
			continue
		}
		if !bindable(t.Kind) {
			return false
		}
	}
	return true
}

// openTypes reports whether a refusal may come from a parameter without a type.
func openTypes(err error) bool {
	var be *BindError
	return errors.As(err, &be) && (strings.EqualFold(be.Type, "internal") || strings.Contains(strings.ToLower(be.Type), "parameter"))
}

func (b *binding) used(n int) bool {
	for _, t := range b.tokens {
		if t.Number == n {
			return true
		}
	}
	return false
}

func (b *binding) place(n int) int {
	for _, t := range b.tokens {
		if t.Number == n {
			return t.Start
		}
	}
	return -1
}

func bindable(k catalog.Kind) bool {
	switch k {
	case catalog.Bool, catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64, catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64,
		catalog.Float32, catalog.Float64, catalog.Decimal, catalog.Text, catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ, catalog.UUID, catalog.JSON:
		return true
	}
	return false
}

func castOf(t catalog.Type) cast {
	if bindable(t.Kind) {
		return cast{typ: t}
	}
	return cast{typ: t, viaText: t.DuckDB()}
}

// candidates are the types that an open parameter is tried with.
func (b *binding) candidates(n int) []cast {
	kind := func(k catalog.Kind) cast { return cast{typ: catalog.Type{Kind: k}} }
	list := func(k catalog.Kind) cast { return castOf(catalog.ListOf(catalog.Type{Kind: k})) }
	b.sampled = append(b.sampled, n)
	// A list of whole numbers or dates could be compared with decimals or times as well, and
	// a driver that is told of it would cut its values to that: what a list is compared with
	// is asked for. Those behind it are compared with nothing but their like.
	// So is a number cut to a whole one, and a time to its day: those that can be more stand before them.
	number := b.options.number(n)
	numbers := []cast{kind(catalog.Float64), {typ: number.typ}, kind(catalog.Int32)}
	if number.sampled {
		numbers = []cast{{typ: number.typ}, kind(catalog.Int32), kind(catalog.Float64)}
	}
	return slices.Concat([]cast{kind(catalog.Text)}, numbers, []cast{kind(catalog.Timestamp), kind(catalog.Date), kind(catalog.TimestampTZ),
		kind(catalog.Bool), {viaText: "INTERVAL"}, list(catalog.Text), {viaText: "INTERVAL[]", probe: true}, list(catalog.UUID), list(catalog.Float64), list(catalog.Bool), list(catalog.Blob)})
}

// wantsList reports whether a lambda's parameter has no meaning for want of a list.
func wantsList(err error) bool {
	var be *BindError
	return errors.As(err, &be) && strings.Contains(be.Message, "Invalid LIST argument during lambda function binding")
}

// inAnyClause is how DuckDB refuses to compare with the elements of a list of INTERVAL.
var inAnyClause = regexp.MustCompile(`Cannot compare values of type (.+) and INTERVAL in IN/ANY/ALL clause`)

// comparedType takes out of such a refusal the type that a list's elements should have.
func comparedType(err error) (t catalog.Type, ok bool) {
	var be *BindError
	if !errors.As(err, &be) {
		return t, false
	}
	m := inAnyClause.FindStringSubmatch(be.Message)
	if m == nil {
		return t, false
	}
	switch t = typeNamed(m[1]); t.Kind {
	case catalog.HugeInt, catalog.Interval:
		return t, false
	}
	return t, t.Kind != catalog.Invalid
}

// typeNamed reads a type as DuckDB's refusals name it; every smaller whole number is a
// BIGINT, whose values a parameter may have as well.
func typeNamed(name string) (t catalog.Type) {
	if n, _ := fmt.Sscanf(name, "DECIMAL(%d,%d)", &t.Precision, &t.Scale); n == 2 {
		return catalog.DecimalOf(t.Precision, t.Scale)
	}
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "INTEGER_LITERAL":
		return catalog.Type{Kind: catalog.Int64}
	}
	for _, k := range []catalog.Kind{catalog.Uint64, catalog.HugeInt, catalog.Float32, catalog.Float64, catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ,
		catalog.Interval, catalog.UUID, catalog.Bool, catalog.Blob} {
		if t := (catalog.Type{Kind: k}); t.DuckDB() == name {
			return t
		}
	}
	return catalog.Type{}
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// written is a text as a constant.
func written(text string) catalog.Value {
	return catalog.Value{Type: catalog.Type{Kind: catalog.Text}, V: text}
}

// moment reads a date, a time or an instant.
func (p Param) moment(text string) (int64, bool) {
	switch p.Type.Kind {
	case catalog.Date:
		return datetime.ReadDay(text)
	case catalog.Time:
		return datetime.ReadClock(text)
	case catalog.Timestamp:
		return datetime.ReadStamp(text)
	}
	return datetime.ReadInstant(text, p.zone)
}

// decimalIn reads a number of a decimal type, in plain digits. One with an exponent has to
// fit the type without it too, as DuckDB has it; nothing is rounded.
func decimalIn(text string, t catalog.Type) (string, bool) {
	whole, frac, point := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if digits(whole) && (!point || digits(frac)) && ir.FitsDecimal(text, t) {
		return text, true
	}
	m := numberText.FindStringSubmatch(text)
	if m == nil || m[2]+m[3] == "" {
		return "", false
	}
	exponent := 0
	if m[4] != "" {
		var err error
		if exponent, err = strconv.Atoi(m[4]); err != nil || exponent > 100 || exponent < -100 || !ir.FitsDecimal(m[2], t) {
			return "", false
		}
	}
	all, at := m[2]+m[3], len(m[2])+exponent // of the point
	if at < 0 {
		all, at = strings.Repeat("0", -at)+all, 0
	}
	all += strings.Repeat("0", max(0, at-len(all)))
	whole, frac = strings.TrimLeft(all[:at], "0"), strings.TrimRight(all[at:], "0")
	if whole == "" {
		whole = "0"
	}
	if frac != "" {
		frac = "." + frac
	}
	if m[1] == "-" {
		whole = "-" + whole
	}
	return whole + frac, ir.FitsDecimal(whole+frac, t)
}

var numberText = regexp.MustCompile(`^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*$`)

// Value reads a parameter's value from its text. The text is never repeated in an error.
func (p Param) Value(text string) (catalog.Value, error) {
	v := catalog.Value{Type: p.Type}
	refuse := func() (catalog.Value, error) {
		return v, errs.New(errs.ParameterInvalid, "parameter_value", msg.Args{"Name": p.Name, "Type": p.Told().DuckDB()})
	}
	switch k := p.Type.Kind; k {
	case catalog.Text, catalog.JSON:
		if p.Told().Kind == catalog.Blob {
			if _, ok := ir.CastValue(written(text), bytes); !ok {
				return refuse()
			}
		}
		v.V = text
	case catalog.UUID, catalog.Blob:
		d, ok := ir.CastValue(written(text), p.Type)
		if !ok {
			return refuse()
		}
		v.V = d.V
	case catalog.Bool:
		switch strings.ToLower(text) {
		case "true", "t", "1":
			v.V = true
		case "false", "f", "0":
			v.V = false
		default:
			return refuse()
		}
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		d, ok := ir.CastValue(catalog.Value{Type: catalog.Type{Kind: catalog.Int64}, V: n}, p.Type)
		if err != nil || !ok {
			return refuse()
		}
		v.V = d.V
	case catalog.Uint8, catalog.Uint16, catalog.Uint32, catalog.Uint64:
		n, err := strconv.ParseUint(text, 10, map[catalog.Kind]int{catalog.Uint8: 8, catalog.Uint16: 16, catalog.Uint32: 32, catalog.Uint64: 64}[k])
		if err != nil {
			return refuse()
		}
		v.V = n
	case catalog.Float32, catalog.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.ContainsAny(text, "xX") { // no number of DuckDB's
			return refuse()
		}
		v.V = f
	case catalog.Decimal:
		plain, ok := decimalIn(text, p.Type)
		if !ok {
			return refuse()
		}
		v.V = plain
	case catalog.Date, catalog.Time, catalog.Timestamp, catalog.TimestampTZ:
		at, ok := p.moment(text)
		if !ok {
			return refuse()
		}
		v.V = at
	default:
		return refuse()
	}
	return v, nil
}
