package planner

import (
	"math"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/datetime"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// ListValue reads a list out of its elements' texts, nil for NULL, each as Value does. What
// comes out is the text from which DuckDB makes a list of exactly these elements. The texts
// are never repeated in an error.
func (p Param) ListValue(items []*string) (catalog.Value, error) {
	refused := errs.New(errs.ParameterInvalid, "parameter_value", msg.Args{"Name": p.Name, "Type": p.Told().DuckDB()})
	if p.List.Kind != catalog.List {
		return catalog.Value{}, refused
	}
	switch element := *p.List.Elem; element.Kind {
	case catalog.List, catalog.Struct, catalog.Map:
		return catalog.Value{}, errs.New(errs.NotSupported, "parameter_list_nested", msg.Args{"Name": p.Name})
	case catalog.JSON: // which DuckDB takes out of such a text as it is written there
		return catalog.Value{}, errs.New(errs.NotSupported, "parameter_list_json", msg.Args{"Name": p.Name})
	}
	one := Param{Name: p.Name, Type: *p.List.Elem, zone: p.zone}
	var out strings.Builder
	out.WriteString("[")
	for i, item := range items {
		if i > 0 {
			out.WriteString(", ")
		}
		if item == nil {
			out.WriteString("NULL")
			continue
		}
		v, err := one.Value(*item)
		if err != nil {
			return catalog.Value{}, refused
		}
		out.WriteString(`"` + inQuotes.Replace(elementText(v, *item)) + `"`)
	}
	out.WriteString("]")
	return written(out.String()), nil
}

// inQuotes writes what stands between the quotes of an element.
var inQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// elementText writes an element so that DuckDB reads the value that it has here.
func elementText(v catalog.Value, text string) string {
	switch x := v.V.(type) {
	case bool:
		return strconv.FormatBool(x)
	case float64:
		switch {
		case math.IsNaN(x):
			return "nan"
		case math.IsInf(x, 0):
			return strings.TrimPrefix(strconv.FormatFloat(x, 'g', -1, 64), "+")
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	case int64:
		switch v.Type.Kind {
		case catalog.Int8, catalog.Int16, catalog.Int32, catalog.Int64:
			return strconv.FormatInt(x, 10)
		case catalog.Date:
			return datetime.Day(x)
		case catalog.Time:
			return datetime.Clock(x)
		case catalog.Timestamp:
			return datetime.Stamp(x)
		case catalog.TimestampTZ:
			text, finite := strings.CutSuffix(datetime.Instant(x), "+00")
			if finite {
				text += "Z" // in which form the elements are taken out for sources
			}
			return text
		}
	case uint64:
		return strconv.FormatUint(x, 10)
	case string:
		if v.Type.Kind == catalog.Decimal {
			return x
		}
	}
	return text
}

// Told gives the type that whoever sends the value knows the parameter by.
func (p Param) Told() catalog.Type {
	switch {
	case p.List.Kind == catalog.List:
		return p.List
	case p.Cast == bytes.DuckDB():
		return bytes
	case p.Cast == noType.DuckDB():
		return noType
	}
	return p.Type
}

// bytes go to DuckDB as text, in its own form of them.
var bytes = catalog.Type{Kind: catalog.Blob}

// noType is that of the word NULL: no value but NULL has it.
var noType = catalog.Type{Kind: catalog.Null}
