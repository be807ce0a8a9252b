package gate

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Sizes of values that DuckDB computes while it binds: upper bounds of what each
// function makes of its arguments. A function that stands in no table here makes no
// more of them than their sum.

// amounts are the functions that make as much as an argument says, and which one.
var amounts = map[string]int{"repeat": 1, "lpad": 1, "rpad": 1, "list_resize": 1, "array_resize": 1, "bitstring": 1}

// grows are the functions whose result may be so many times their arguments' sum.
var grows = map[string]int64{
	"hex": 2, "to_hex": 2, "bin": 8, "to_binary": 8, "base64": 2, "to_base64": 2, "url_encode": 3, "regexp_escape": 2, "to_json": 8, "json_quote": 8,
	"json_array": 8, "json_object": 8, "row_to_json": 8, "array_to_json": 8, "json_merge_patch": 2, "strftime": 8, "translate": 4, "upper": 3, "ucase": 3, "lower": 3,
	"lcase": 3, "nfc_normalize": 3, "list_aggregate": 8, "list_aggr": 8, "array_aggr": 8, "array_aggregate": 8, "aggregate": 8, "map_entries": 2, "list_zip": 2, "array_zip": 2,
	"string_split": 17, "str_split": 17, "split": 17, "string_to_array": 17, "string_split_regex": 17, "str_split_regex": 17, "regexp_split_to_array": 17,
	"regexp_extract_all": 17, "split_part": 17, "json_transform": 8, "json_transform_strict": 8, "from_json": 8, "from_json_strict": 8, "json_keys": 17,
	"json_extract": 2, "json_structure": 2, "encode": 2, "decode": 2, "icu_sort_key": 8, "parse_path": 17,
}

// multiplies are the functions whose result may be the product of two arguments.
var multiplies = map[string][2]int{
	"replace": {0, 2}, "array_to_string": {0, 1}, "array_to_string_comma_default": {0, 1}, "concat_ws": {0, -1}, "json_pretty": {0, 0},
}

// compares are the functions that take as many steps as the product of the sizes of
// their two arguments.
var compares = set("levenshtein", "editdist3", "damerau_levenshtein", "jaccard", "jaro_similarity", "jaro_winkler_similarity", "mismatches", "hamming",
	"list_cosine_distance", "list_has_any", "list_has_all", "list_intersect", "array_has_any", "array_has_all", "array_intersect", "@>", "<@", "&&")

// maxSteps bounds what such functions, and patterns, may take over constants.
const maxSteps = 10_000_000

// matches are the functions with a pattern of % and *, whose matcher goes back at
// every one of them.
var matches = set("~~", "!~~", "~~*", "!~~*", "~~~", "like_escape", "not_like_escape", "ilike_escape", "not_ilike_escape")

// matchesPattern are the functions that compile a regular expression when they are
// bound, their second argument.
var matchesPattern = set("regexp_matches", "regexp_full_match", "regexp_replace", "regexp_extract", "regexp_extract_all", "regexp_split_to_array",
	"string_split_regex", "str_split_regex", "regexp_split_to_table")

// patternCost is what compiling a pattern costs, in parts: a repetition is written
// out, at most a thousand times.
func patternCost(pattern any) int64 {
	c, ok := pattern.(*constant)
	if !ok {
		return 1000
	}
	s, _ := c.value.(string)
	size := int64(len(s))
	for _, run := range digitRun.FindAllString(s, -1) {
		if n, err := strconv.ParseInt(run, 10, 32); err == nil {
			size += min(n, 1000) * 4
		}
	}
	return size / 8
}

// checkAmount refuses calls that would make too much, constant or not: the amount
// must be known if it is constant.
func (m *measurer) checkAmount(name string, o object, args []estimate) error {
	if name == "range" || name == "generate_series" {
		return m.checkSeries(name, o, args)
	}
	at, ok := amounts[name]
	if !ok || at >= len(args) || !args[at].constant {
		return nil
	}
	n, ok := m.whole(argument(o, at))
	if !ok {
		return m.fail(errs.StatementTooComplex, "gate_size_unknown", msg.Args{"Name": name})
	}
	if n > int64(m.limits.ValueBytes) {
		return m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	return nil
}

// checkSeries bounds the list that range(..) or generate_series(..) makes in one row.
func (m *measurer) checkSeries(name string, o object, args []estimate) error {
	for _, a := range args {
		if !a.constant {
			return nil
		}
	}
	rows, ok := m.rows(name, o, len(args))
	if !ok {
		return m.fail(errs.StatementTooComplex, "gate_bounds_unknown", msg.Args{"Name": name})
	}
	if rows > int64(m.limits.ValueBytes)/8 {
		return m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	return nil
}

// generator bounds the rows of a table function.
func (m *measurer) generator(name string, o object, args []estimate) error {
	for _, a := range args {
		if !a.constant {
			return nil
		}
	}
	var rows int64
	var ok bool
	switch name {
	case "range", "generate_series":
		rows, ok = m.rows(name, o, len(args))
	case "repeat":
		rows, ok = m.whole(argument(o, 1))
	default:
		return nil
	}
	if !ok {
		return m.fail(errs.StatementTooComplex, "gate_bounds_unknown", msg.Args{"Name": name})
	}
	if rows > int64(m.limits.Rows) {
		return m.fail(errs.StatementTooComplex, "gate_too_many_rows", msg.Args{"Name": name, "Max": m.limits.Rows})
	}
	return nil
}

// sizeOf gives the size of a constant call's value, and its elements.
func (m *measurer) sizeOf(name string, o object, e estimate) (bytes, elems int64, err error) {
	args := e.args
	sum := saturate(e.bytes + 64)
	arg := func(i int) estimate {
		if i >= 0 && i < len(args) {
			return args[i]
		}
		return estimate{bytes: 1}
	}
	if at, ok := amounts[name]; ok {
		n, _ := m.whole(argument(o, at))
		n = max(n, 0)
		if name == "repeat" {
			return product(n, max(arg(0).bytes, 1)), product(n, arg(0).elems), nil
		}
		// The filler is one character, bit or element at a time.
		if strings.HasSuffix(name, "_resize") {
			return saturate(sum + product(n, max(arg(2).bytes, 8))), n, nil
		}
		return saturate(sum + 4*n), 0, nil
	}
	if by, ok := grows[name]; ok {
		return product(sum, by), max(e.elems, arg(0).bytes), nil
	}
	if at, ok := multiplies[name]; ok {
		second := arg(at[1]).bytes
		if at[1] < 0 {
			second = int64(len(args))
		}
		return saturate(sum + product(arg(at[0]).bytes+1, second+1)), e.elems, nil
	}
	if compares[name] && product(arg(0).bytes, arg(1).bytes) > maxSteps {
		return 0, 0, m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	if matches[name] {
		return 8, 0, m.checkPattern(name, argument(o, 1), arg(0).bytes)
	}
	if functions[name].fixed || name == "+" && e.elems == 0 {
		return 16, 0, nil
	}
	switch name {
	case "range", "generate_series":
		rows, _ := m.rows(name, o, len(args))
		return product(rows, 8), rows, nil
	case "regexp_replace":
		return saturate(product(arg(0).bytes+1, arg(2).bytes+1) + product(arg(0).bytes, arg(2).bytes)), 0, nil
	case "format", "printf":
		return m.formatSize(argument(o, 0), o, args)
	}
	if lists[name] {
		return e.bytes, int64(len(args)), nil
	}
	if takesLambda[name] && len(args) > 1 {
		return max(args[1].bytes, 8), args[1].elems, nil
	}
	return sum, e.elems, nil
}

func product(a, b int64) int64 { return saturate(min(a, saturated>>20) * min(b, saturated>>20)) }

// checkPattern bounds the ways in which a pattern's wild cards may be tried. A LIKE
// without _ is searched part by part, without going back.
func (m *measurer) checkPattern(name string, pattern any, size int64) error {
	c, ok := pattern.(*constant)
	if !ok {
		if size < 256 {
			return nil
		}
		return m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	s, _ := c.value.(string)
	if (name == "~~" || name == "!~~") && !strings.Contains(s, "_") {
		return nil
	}
	steps := int64(1)
	for range strings.Count(s, "%") + strings.Count(s, "*") {
		steps = product(steps, max(size, 2))
	}
	if steps > maxSteps {
		return m.tooComplex("gate_value_too_large", m.limits.ValueBytes)
	}
	return nil
}

var digitRun = regexp.MustCompile(`[0-9]+`)

// formatSize bounds what format and printf make: their widths and precisions stand
// in the format, or in an argument where the format says so, and a place may name
// the same argument again and again.
func (m *measurer) formatSize(format any, o object, args []estimate) (int64, int64, error) {
	c, ok := format.(*constant)
	if !ok {
		return 0, 0, m.fail(errs.StatementTooComplex, "gate_size_unknown", msg.Args{"Name": text(o, "function_name")})
	}
	s, _ := c.value.(string)
	size := int64(len(s))
	for _, run := range digitRun.FindAllString(s, -1) {
		n, err := strconv.ParseInt(run, 10, 32)
		if err != nil {
			n = saturated
		}
		size = saturate(size + n*4)
	}
	largest := int64(64)
	for i := 1; i < len(args); i++ {
		largest = max(largest, args[i].bytes)
		if strings.Contains(s, "*") || strings.Contains(s, ":{") || strings.Contains(s, ".{") || nestedBraces.MatchString(s) {
			n, ok := m.whole(argument(o, i))
			if !ok {
				n = args[i].bytes
			}
			size = saturate(size + max(n, 0)*4)
		}
	}
	return saturate(size + product(int64(len(s))/2+1, largest)), 0, nil
}

var nestedBraces = regexp.MustCompile(`\{[^{}]*\{`)
