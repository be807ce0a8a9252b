package gate

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// DuckDB computes an expression for 2,048 rows at once. What it makes of them counts
// in no limit of its own, and a chunk that was begun is not interrupted. So the text
// or list that constants let one row grow to is bounded, and the sum of those of a
// statement. What the rows hold themselves is not known here: a column is taken for
// a short text. References, comparisons, and a choice between constants copy nothing.

const (
	columnBytes  = 8  // of a column's value
	matchedBytes = 64 // of the same where a constant may be put in at each character
	columnElems  = 64 // of a list that a column holds
	freeBytes    = 64 // a value up to this is not counted
	rowsTogether = 6  // times Limits.RowBytes, that all expressions of a statement may make
	fewRows      = 16 // rows of VALUES that are no table yet
)

// gives are the functions whose result is no larger than their first argument.
var gives = set("nullif", "left", "right", "left_grapheme", "right_grapheme", "substr", "substring", "substring_grapheme", "trim", "ltrim", "rtrim", "reverse", "lower",
	"lcase", "upper", "ucase", "strip_accents", "nfc_normalize", "regexp_extract", "->>", "->", "json_extract", "json_extract_path", "json_extract_path_text",
	"json_extract_string", "json_value", "json", "split_part", "parse_dirname", "parse_dirpath", "parse_filename", "decode", "from_base64", "from_hex", "unhex",
	"from_binary", "unbin", "url_decode", "list_slice", "array_slice", "list_sort", "array_sort", "list_reverse_sort", "array_reverse_sort", "list_reverse",
	"array_reverse", "list_distinct", "array_distinct", "list_select", "array_select", "list_where", "array_where", "map_keys", "map_values", "struct_extract",
	"struct_extract_at", "union_extract")

// cuts are those of them whose result is as long as an argument says at most, and which.
var cuts = map[string]int{"left": 1, "right": 1, "left_grapheme": 1, "right_grapheme": 1, "substr": 2, "substring": 2, "substring_grapheme": 2}

// refers are the functions that copy nothing: their result is one of their arguments,
// or stands in it.
var refers = set("nullif", "greatest", "least", "struct_extract", "struct_extract_at", "union_extract")

// picks are those whose result is one element of their first argument.
var picks = set("list_extract", "list_element", "array_extract", "element_at", "map_extract", "map_extract_value", "unnest", "unlist", "list_first", "list_last",
	"list_any_value", "list_min", "list_max", "list_mode")

// counts are those that make numbers of numbers, and texts or lists of such.
var counts = set("+", "-", "&", "|", "<<", ">>", "~", "xor", "add", "subtract", "date_part", "datepart", "set_bit")

// longer are the functions that write each byte as so many at most.
var longer = map[string]int64{
	"hex": 2, "to_hex": 2, "bin": 8, "to_binary": 8, "base64": 2, "to_base64": 2, "url_encode": 3, "regexp_escape": 2, "to_json": 2, "json_quote": 2, "json_array": 2,
	"json_object": 2, "row_to_json": 2, "array_to_json": 2, "json_pretty": 4, "strftime": 8, "encode": 4,
}

// joins are the functions that put their second argument between the elements of a
// list, or between rows.
var joins = set("array_to_string", "array_to_string_comma_default", "list_string_agg", "string_agg", "group_concat", "listagg")

var splits = set("string_split", "str_split", "split", "string_to_array", "string_split_regex", "str_split_regex", "regexp_split_to_array", "regexp_extract_all",
	"json_keys", "parse_path")

// replaced is what is known of a value that replace(..) made: whether the next one
// finds anything in what was put in.
type replaced struct {
	of     int64  // bytes, before
	factor int64  // to which each of them may have grown
	put    string // all that was put in
}

// grow counts a value that is made anew for each row.
func (m *measurer) grow(e *estimate, s *scope) error {
	if e.constant || e.bytes <= freeBytes {
		return nil
	}
	most, share := int64(m.limits.RowBytes), e.bytes
	if e.once || !s.many() { // one value, not thousands
		most = max(most, int64(m.limits.ValueBytes))
		share = share / (most / int64(m.limits.RowBytes))
	}
	if e.bytes > most {
		return m.tooComplex("gate_row_too_large", int(most))
	}
	e.made = saturate(e.made + share)
	return nil
}

// many reports whether an expression is computed for many rows here.
func (s *scope) many() bool {
	for ; s != nil; s = s.outer {
		if s.lambda != nil || s.manyRows() {
			return true
		}
	}
	return false
}

func (s *scope) manyRows() bool {
	for _, r := range s.relations {
		if r.many {
			return true
		}
	}
	return false
}

// add counts what a part of the statement makes for each row.
func (m *measurer) add(e estimate) error {
	if m.made = saturate(m.made + product(e.made, max(e.columns, 1))); m.made > rowsTogether*int64(m.limits.RowBytes) {
		return m.tooComplex("gate_rows_too_large", rowsTogether*m.limits.RowBytes)
	}
	return nil
}

// elements gives how many elements a list has.
func (e estimate) elements() int64 {
	if e.elems == 0 && !e.constant {
		return columnElems
	}
	return e.elems
}

// element bounds the largest one: all but the least that the others take.
func (e estimate) element() int64 { return max(e.bytes-8*e.sure, 0) + 16 }

// sureElems gives how many elements a call's list has, where that is known for certain.
func sureElems(name string, args []estimate, elems int64) int64 {
	switch {
	case lists[name]:
		return int64(len(args))
	case name == "map" && len(args) > 0:
		return args[0].sure
	case name == "range" && elems > 0 && allConstant(args):
		return elems
	}
	return 0
}

func allConstant(parts []estimate) bool {
	for _, p := range parts {
		if !p.constant {
			return false
		}
	}
	return true
}

// largestOf gives the size of the largest of several values, one of which is the result.
func largestOf(parts []estimate) (bytes, elems int64) {
	for _, p := range parts {
		bytes, elems = max(bytes, p.bytes), max(elems, p.elems)
	}
	return bytes, elems
}

// rowSize gives the size of what a call makes of one row, and its elements.
func (m *measurer) rowSize(name string, o object, args []estimate) (bytes, elems int64, err error) {
	sum := int64(0)
	for _, a := range args {
		sum = saturate(sum + a.bytes)
	}
	largest, most := largestOf(args)
	arg := func(i int) estimate {
		if i < len(args) {
			return args[i]
		}
		return estimate{constant: true, bytes: 1}
	}
	first := arg(0)
	if at, ok := amounts[name]; ok {
		n, _ := m.whole(argument(o, at))
		switch n = max(n, 0); {
		case name == "repeat":
			return product(n, max(first.bytes, 16)), product(n, first.elems), nil
		case strings.HasSuffix(name, "_resize"):
			return saturate(sum + product(n, max(arg(2).bytes, 16))), n, nil
		}
		return saturate(sum + 4*n), 0, nil
	}
	if at, ok := cuts[name]; ok && at < len(args) {
		if n, known := m.whole(argument(o, at)); known {
			return min(first.bytes, 4*max(n, -n)), 0, nil
		}
	}
	switch f := functions[name]; {
	case f.aggregate && !f.scalar && !joins[name]: // max, list: rows are counted elsewhere
		if strings.Contains(name, "count") {
			return 16, 0, nil
		}
		return largest, most, nil
	case name == "range" || name == "generate_series": // from a column to a column
		return 8 * columnElems, columnElems, nil
	case name == "format" || name == "printf":
		return m.formatted(name, argument(o, 0), args)
	case name == "replace":
		return sum, 0, nil // see replace
	case name == "regexp_replace":
		return replacedAll(args), 0, nil
	case name == "translate" && arg(2).bytes > arg(1).bytes:
		return product(first.bytes, 4), 0, nil
	case joins[name]:
		return saturate(first.bytes + product(first.elements(), arg(1).bytes+1)), 0, nil
	case takesAggregate[name]:
		return saturate(first.bytes + product(first.elements(), arg(2).bytes+1)), 0, nil
	case name == "concat_ws":
		return saturate(sum + product(first.bytes, int64(len(args)))), 0, nil
	case takesLambda[name] && len(args) > 1: // see lambda
		return max(arg(1).bytes, 16), arg(1).elems, nil
	case splits[name]:
		return product(max(first.bytes, columnBytes), 17), first.bytes, nil
	case lists[name]:
		return saturate(sum + 16*int64(len(args))), int64(len(args)), nil
	case gives[name] || name == "translate":
		return first.bytes, first.elems, nil
	case picks[name]:
		return first.element(), 0, nil
	case name == "greatest" || name == "least":
		return largest, most, nil
	case f.fixed, counts[name] && largest <= freeBytes:
		return 16, 0, nil
	}
	if by, ok := longer[name]; ok {
		return product(saturate(sum+8*most), by), most, nil
	}
	return sum, most, nil
}

// replace bounds replace(value, from, to). Where from has no character of what was
// put in before, it finds characters of the value itself only, each of them once.
func (e *estimate) replace(o object) {
	if len(e.args) != 3 {
		return
	}
	of, find, put := e.args[0], int64(1), e.args[2].bytes
	from, known := argument(o, 1).(*constant)
	text, _ := argument(o, 2).(*constant)
	if known {
		find = max(e.args[1].bytes, 1)
	}
	factor := max((put+find-1)/find, 1)
	r := &replaced{of: of.bytes, factor: factor}
	if text != nil {
		r.put, _ = text.value.(string)
	}
	if before := of.replaced; before != nil && known && text != nil && len(before.put) < 1<<12 {
		r.put += before.put
		if chars, _ := from.value.(string); !strings.ContainsAny(before.put, chars) {
			r.of, r.factor = before.of, max(before.factor, factor)
		}
	}
	e.bytes = product(r.of, r.factor)
	if put > freeBytes {
		e.bytes = max(e.bytes, product(matchedBytes/min(find, matchedBytes), put))
	}
	e.replaced = r
}

// replacedAll bounds regexp_replace(value, pattern, to, options): the pattern may match
// between any two characters, and to may hold what was matched.
func replacedAll(args []estimate) int64 {
	if len(args) < 3 {
		return columnBytes
	}
	of, put := args[0].bytes, args[2].bytes
	if len(args) < 4 { // the first match alone
		return saturate(of + product(put/2+1, of) + put)
	}
	if put == 0 {
		return of
	}
	size := product(of+1, put+1)
	if put > freeBytes {
		size = max(size, product(matchedBytes, put))
	}
	return size
}

var (
	printfPlace = regexp.MustCompile(`%[^a-zA-Z%]*[a-zA-Z%]?`)
	formatPlace = regexp.MustCompile(`\{[^{}]*\}?`)
)

// formatted bounds what format and printf make of a row. Widths that come from an
// argument are refused: a column's may be any number.
func (m *measurer) formatted(name string, format any, args []estimate) (int64, int64, error) {
	c, ok := format.(*constant)
	s, isText := "", false
	if ok {
		s, isText = c.value.(string)
	}
	place, open := printfPlace, "*"
	if name == "format" {
		place, open = formatPlace, "{"
	}
	size := int64(len(s))
	largest, _ := largestOf(args[min(1, len(args)):])
	for _, p := range place.FindAllString(s, -1) {
		if name == "printf" && strings.Contains(p, open) {
			isText = false
		}
		for _, run := range digitRun.FindAllString(p, -1) {
			n, err := strconv.ParseInt(run, 10, 32)
			if err != nil {
				n = saturated
			}
			size = saturate(size + n*4)
		}
		size = saturate(size + max(largest, 16))
	}
	if name == "format" && nestedBraces.MatchString(strings.ReplaceAll(s, "{{", "")) {
		isText = false
	}
	if !isText && ok && c.value == nil { // NULL
		return 8, 0, nil
	}
	if !isText {
		return 0, 0, m.fail(errs.StatementTooComplex, "gate_size_unknown", msg.Args{"Name": name})
	}
	return size, 0, nil
}

// reduced bounds a reduction that is not constant: two of its steps tell whether it
// adds to what it has, or multiplies that.
func (m *measurer) reduced(o object, in *scope, names []string, n int64, element, acc estimate) (int64, error) {
	sizes := [3]int64{acc.bytes}
	for i := 1; i < len(sizes); i++ {
		in.lambda = map[string]estimate{}
		for _, name := range names {
			in.lambda[asciiLower(name)] = element
		}
		acc.bytes = sizes[i-1]
		in.lambda[asciiLower(names[0])] = acc
		got, err := m.expr(o.get("expr"), in)
		if err != nil {
			return 0, err
		}
		sizes[i] = got.bytes
	}
	by := sizes[2] - sizes[1]
	if by > max(sizes[1]-sizes[0], freeBytes) {
		return product(sizes[2], 1<<min(n, 20)), nil
	}
	return saturate(sizes[2] + product(n, max(by, 0))), nil
}

// sizes of a relation's columns: the largest, and by their names those that are large.

func (a width) merge(b width) width {
	a.bytes, a.many = max(a.bytes, b.bytes), a.many || b.many
	if len(b.large) == 0 {
		return a
	}
	large := make(map[string]int64, len(a.large)+len(b.large))
	for _, from := range []map[string]int64{a.large, b.large} {
		for name, bytes := range from {
			large[name] = max(large[name], bytes)
		}
	}
	a.large = large
	return a
}

// named takes note of the size of one column; any of them may be meant without a name.
func (a width) named(name string, bytes int64) width {
	a.bytes = bytes
	if bytes > columnBytes {
		a.large = map[string]int64{asciiLower(name): bytes}
	}
	return a
}

// renamed is a relation whose columns have got other names.
func (a width) renamed(names []any) width {
	if len(names) == 0 {
		return a
	}
	a.large = nil
	return a.named("", a.bytes)
}

// sizeOf bounds the value of a name's column.
func (r relation) sizeOf(names []string) int64 {
	if len(r.large) == 0 {
		return columnBytes
	}
	size := max(columnBytes, r.large[""])
	for _, n := range names {
		size = max(size, r.large[asciiLower(n)])
	}
	if r.name == asciiLower(names[len(names)-1]) {
		size = max(size, r.bytes)
	}
	return size
}

// parameter measures one; how long its text may be is found out by trying.
func (m *measurer) parameter(id string) estimate {
	e := plain(1)
	e.bytes, e.once = columnBytes, true
	if m.params == nil {
		m.params = map[string]bool{}
	}
	m.params[id] = true
	if n, ok := m.lengths[id]; ok {
		e.bytes = n
	}
	return e
}

// maxTried is how many parameters are looked at one by one.
const maxTried = 8

// longestParams finds the parameters of which rows make something, and how many bytes
// of text each of them may have.
func longestParams(tree *Tree, limits Limits, widths Widths, params map[string]bool) map[string]int {
	fits := func(bytes int64, some map[string]bool) bool {
		lengths := make(map[string]int64, len(some))
		for id := range some {
			lengths[id] = bytes
		}
		return (&measurer{limits: limits, widths: widths, tree: &Tree{SQL: tree.SQL, root: tree.root}, tableAt: map[int]int{}, lengths: lengths}).run() == nil
	}
	const huge = 1 << 30
	if len(params) == 0 || fits(huge, params) {
		return nil
	}
	grown := map[string]bool{}
	for id := range params {
		if len(params) > maxTried || !fits(huge, map[string]bool{id: true}) {
			grown[id] = true
		}
	}
	if len(grown) == 0 {
		grown = params
	}
	most := int64(limits.ValueBytes)
	for most > columnBytes && !fits(most, grown) {
		most /= 2
	}
	longest := make(map[string]int, len(grown))
	for id := range grown {
		longest[id] = int(most)
	}
	return longest
}
