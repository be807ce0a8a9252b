package planner

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/planjson"
)

var planKinds = map[string]catalog.Kind{
	"BOOLEAN": catalog.Bool, "TINYINT": catalog.Int8, "SMALLINT": catalog.Int16, "INTEGER": catalog.Int32, "BIGINT": catalog.Int64,
	"UTINYINT": catalog.Uint8, "USMALLINT": catalog.Uint16, "UINTEGER": catalog.Uint32, "UBIGINT": catalog.Uint64, "FLOAT": catalog.Float32,
	"DOUBLE": catalog.Float64, "VARCHAR": catalog.Text, "BLOB": catalog.Blob, "DATE": catalog.Date, "TIME": catalog.Time, "TIMESTAMP": catalog.Timestamp,
	"TIMESTAMP_S": catalog.TimestampS, "TIMESTAMP_MS": catalog.TimestampMS, "TIMESTAMP_NS": catalog.TimestampNS,
	"TIMESTAMP WITH TIME ZONE": catalog.TimestampTZ, "INTERVAL": catalog.Interval, "UUID": catalog.UUID, "HUGEINT": catalog.HugeInt,
}

// decodeType reads a plan's type as far as predicates need it; Invalid for nested
// types, collated text and whatever else is not compared at sources.
func decodeType(o object) catalog.Type {
	id, info := str(o, "id"), sub(o, "type_info")
	if id == "DECIMAL" {
		w, s := number(info, "width"), number(info, "scale")
		if w == noIndex || w > 38 {
			return catalog.Type{}
		}
		if s == noIndex {
			s = 0
		}
		return catalog.DecimalOf(int32(w), int32(s))
	}
	if info != nil { // an alias such as JSON, a collation, members
		return catalog.Type{}
	}
	return catalog.Type{Kind: planKinds[id]}
}

// constant reads a constant, a parameter, or casts of one.
func constant(e object, depth int) (operand, bool) {
	if depth > 8 {
		return operand{}, false
	}
	switch str(e, "expression_class") {
	case "BOUND_CONSTANT":
		v, ok := constantValue(sub(e, "value"))
		return operand{value: v}, ok
	case "BOUND_PARAMETER":
		n, err := strconv.Atoi(str(e, "identifier"))
		t := decodeType(sub(e, "return_type"))
		return operand{param: n, casts: []catalog.Type{t}}, err == nil && n > 0 && t.Kind != catalog.Invalid
	case "BOUND_OPERATOR": // COALESCE(x, NULL), which the planner writes round casts of parameters
		if children := list(e, "children"); str(e, "type") == "OPERATOR_COALESCE" && len(children) == 2 && isNull(asObject(&children[1])) {
			return constant(asObject(&children[0]), depth+1)
		}
	case "BOUND_CAST":
		if isTrue(e, "try_cast") {
			return operand{}, false
		}
		inner, ok := constant(sub(e, "child"), depth+1)
		t := decodeType(sub(e, "return_type"))
		if !ok || t.Kind == catalog.Invalid {
			return operand{}, false
		}
		inner.casts = append(inner.casts, t)
		return inner, true
	}
	return operand{}, false
}

// isNull reports a NULL, also one that was given a type.
func isNull(e object) bool {
	if str(e, "expression_class") == "BOUND_CAST" {
		e = sub(e, "child")
	}
	return str(e, "expression_class") == "BOUND_CONSTANT" && isTrue(sub(e, "value"), "is_null")
}

// constantValue reads a value as a plan writes it. NULL is no constant to push.
func constantValue(o object) (catalog.Value, bool) {
	if isTrue(o, "is_null") {
		return catalog.Value{}, false
	}
	t, value := decodeType(sub(o, "type")), o.Member("value")
	if value == nil {
		return catalog.Value{}, false
	}
	switch t.Kind {
	case catalog.Bool:
		return catalog.Value{Type: t, V: value.Flag}, value.Kind == planjson.Boolean
	case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
		n, ok := integer(value)
		return catalog.Value{Type: t, V: n}, ok
	case catalog.Text:
		return catalog.Value{Type: t, V: value.Text}, value.Kind == planjson.Text
	case catalog.Decimal:
		n, ok := bigInteger(value)
		if !ok {
			return catalog.Value{}, false
		}
		return catalog.Value{Type: t, V: decimalText(n, t.Scale)}, true
	case catalog.Float64:
		f, err := strconv.ParseFloat(value.Text, 64)
		return catalog.Value{Type: t, V: f}, value.Kind == planjson.Number && err == nil
	}
	return catalog.Value{}, false
}

func isTrue(o object, key string) bool {
	v := o.Member(key)
	return v != nil && v.Kind == planjson.Boolean && v.Flag
}

func integer(v *planjson.Value) (int64, bool) {
	if v == nil || v.Kind != planjson.Number {
		return 0, false
	}
	i, err := strconv.ParseInt(v.Text, 10, 64)
	return i, err == nil
}

// bigInteger reads a number, or {"upper", "lower"} beyond 64 bits.
func bigInteger(v *planjson.Value) (*big.Int, bool) {
	if v.Kind == planjson.Object {
		upper, okUpper := integer(v.Member("upper"))
		lower := v.Member("lower")
		if !okUpper || lower == nil || lower.Kind != planjson.Number {
			return nil, false
		}
		low, ok := new(big.Int).SetString(lower.Text, 10)
		if !ok {
			return nil, false
		}
		return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(upper), 64), low), true
	}
	if v.Kind != planjson.Number {
		return nil, false
	}
	return new(big.Int).SetString(v.Text, 10)
}

// decimalText writes an unscaled integer as plain digits.
func decimalText(n *big.Int, scale int32) string {
	s := new(big.Int).Abs(n).String()
	if scale > 0 {
		if pad := int(scale) + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		s = s[:len(s)-int(scale)] + "." + s[len(s)-int(scale):]
	}
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// resolve gives the operand's value for a predicate on a column of type t.
func (o operand) resolve(params []catalog.Value, t catalog.Type) (catalog.Value, bool) {
	v := o.value
	if o.param > 0 {
		if o.param > len(params) {
			return v, false
		}
		v = params[o.param-1]
	}
	if v.IsNull() { // what a comparison with NULL gives is DuckDB's to say
		return v, false
	}
	for _, c := range slices.Concat(o.casts, []catalog.Type{t}) { // o is shared by executions
		var ok bool
		if v, ok = ir.CastValue(v, c); !ok {
			return v, false
		}
	}
	return v, true
}
