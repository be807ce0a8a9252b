package logical_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/plantest"
)

// goldenStatements gives the statements of the goldens.
func goldenStatements(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"nodes", "expressions"} {
		file, err := os.ReadFile("testdata/golden/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(string(file), "\nplan\n") {
			if sql, _, ok := strings.Cut(part, "\n----\n"); ok && strings.Contains(sql, "SELECT") && !strings.HasPrefix(sql, "#") {
				out = append(out, sql)
			}
		}
	}
	if len(out) < 100 {
		t.Fatalf("%d statements", len(out))
	}
	return out
}

// change is one change of a plan, made in place and taken back.
type change struct {
	what     string // of the kind of place, for messages and so as not to repeat it
	make     func()
	back     func()
	mustFail bool // else it must fail or give another tree
}

// meaningless are flags and numbers on which nothing may depend: what they say
// follows from the rest, or they are places in the text and names of positions.
var meaningless = map[string]string{
	"is_operator":        "how a call was written",
	"check_overflow":     "follows from the types",
	"allow_out_of_order": "a set operation has no order",
	"query_location":     "a place in the text",
	"table_index":        "references are by position; of CTEs see cte_index",
	"group_index":        "references are by position", "aggregate_index": "references are by position", "groupings_index": "references are by position",
	"window_index": "references are by position", "unnest_index": "references are by position", "mark_index": "references are by position",
	"constant_integer":    "counts only where the kind says so",
	"constant_percentage": "counts only where the kind says so, and then is not supported",
	"column_count":        "of a CTE: not its width",
	"cast_score":          "how DuckDB chose an overload",
	"order":               "the order of quantiles follows from them",
}

// changes lists what may be changed in a plan: a key more, one less, another enum
// value, a value of another kind, a flag or a number the other way.
func changes(v any, kind string, set func(any), f func(change)) {
	for name, other := range map[string]any{"null": nil, "object": map[string]any{"zzz": json.Number("1")}, "text": "zzz", "number": json.Number("77777"), "list": []any{json.Number("5"), json.Number("5")}, "flag": true} {
		if fmt.Sprintf("%T", other) != fmt.Sprintf("%T", v) {
			f(change{what: kind + " becomes " + name, make: func() { set(other) }, back: func() { set(v) }, mustFail: true})
		}
	}
	key := kind[strings.LastIndexByte(kind, '.')+1:]
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			changes(x, kind, func(y any) { v[i] = y }, f)
		}
	case map[string]any:
		kind = kindOf(v, kind)
		f(change{what: kind + " with a key more", make: func() { v["zzz"] = json.Number("0") }, back: func() { delete(v, "zzz") }, mustFail: true})
		for _, k := range slices.Sorted(maps.Keys(v)) {
			x := v[k]
			f(change{what: kind + " without " + k, make: func() { delete(v, k) }, back: func() { v[k] = x }})
			changes(x, kind+"."+k, func(y any) { v[k] = y }, f)
		}
	case string:
		if telling[key] {
			f(change{what: kind + " of another value", make: func() { set("ZZZ") }, back: func() { set(v) }, mustFail: true})
		}
	case bool:
		if meaningless[key] == "" {
			f(change{what: fmt.Sprintf("%s not %t", kind, v), make: func() { set(!v) }, back: func() { set(v) }})
		}
	case json.Number:
		if meaningless[key] == "" {
			f(change{what: kind + " another number", make: func() { set(json.Number("77777")) }, back: func() { set(v) }})
		}
	}
}

// Whatever is changed in a plan is noticed: it fails, or another tree comes out.
func TestStrict(t *testing.T) {
	times := map[string]int{}
	tried := 0
	for _, sql := range append(goldenStatements(t), plantest.TPCH(t)...) {
		raw, tables, err := plantest.Fixed(t).Raw(t, sql)
		if raw == nil {
			t.Fatalf("%s: %v", sql, err)
		}
		plan, err := logical.Decode(raw, tables)
		if err != nil {
			continue // the goldens say why
		}
		want := ir.Text(plan.Root, ir.Exactly)
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		changes(v, "", func(y any) { v = y }, func(c change) {
			if times[c.what]++; times[c.what] > 3 {
				return
			}
			tried++
			c.make()
			changed, err := json.Marshal(v)
			c.back()
			if err != nil {
				t.Fatal(err)
			}
			plan, err := logical.Decode(changed, tables)
			if err == nil && (c.mustFail || ir.Text(plan.Root, ir.Exactly) == want) {
				t.Errorf("%s: nobody notices\n%s", c.what, sql)
			}
		})
	}
	t.Logf("%d changes of %d kinds", tried, len(times))
	if tried < 3000 {
		t.Errorf("only %d changes", tried)
	}
}

// A plan of too many levels is not supported, however it is nested.
func TestDepth(t *testing.T) {
	raw, tables, err := plantest.Fixed(t).Raw(t, "SELECT a::BIGINT FROM s.t")
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(raw, []byte(`{"expression_class":"BOUND_CAST"`))
	if i < 0 {
		t.Fatalf("%s", raw)
	}
	var whole json.RawMessage
	var cast map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(raw[i:])).Decode(&whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(whole, &cast); err != nil {
		t.Fatal(err)
	}
	end := i + len(whole)
	cast["child"] = json.RawMessage(`"here"`)
	around, err := json.Marshal(cast)
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := bytes.Cut(around, []byte(`"here"`))
	for levels, want := range map[int]bool{10: true, 300: true, 450: false, 5000: false} {
		nested := bytes.Join([][]byte{bytes.Repeat(before, levels), whole, bytes.Repeat(after, levels)}, nil)
		_, err := logical.Decode(slices.Concat(raw[:i], nested, raw[end:]), tables)
		var unsupported *logical.Unsupported
		if (err == nil) != want || (err != nil && !errors.As(err, &unsupported)) {
			t.Errorf("%d levels: %v", levels, err)
		}
	}
	if _, err := logical.Decode(bytes.Repeat([]byte("["), 1<<20), nil); err == nil {
		t.Error("a million brackets")
	}
}

// A row's number can be counted by and not read, and every table must be there as
// the plan has it.
func TestContradictions(t *testing.T) {
	raw, tables, err := plantest.Fixed(t).Raw(t, "SELECT a, count(*) FROM s.t GROUP BY a")
	if err != nil {
		t.Fatal(err)
	}
	var unsupported *logical.Unsupported
	rowid := bytes.Replace(raw, []byte(`"column_indexes":[{"index":0,`), []byte(`"column_indexes":[{"index":18446744073709551615,`), 1)
	if _, err := logical.Decode(rowid, tables); err == nil || errors.As(err, &unsupported) || bytes.Equal(rowid, raw) {
		t.Errorf("a row's number is read: %v", err)
	}
	if _, err := logical.Decode(raw, nil); err == nil || errors.As(err, &unsupported) {
		t.Errorf("no table: %v", err)
	}
	other := slices.Clone(tables)
	other[0].Columns = slices.Clone(other[0].Columns)
	other[0].Columns[5].Type = other[0].Columns[0].Type
	if _, err := logical.Decode(raw, other); err == nil || errors.As(err, &unsupported) {
		t.Errorf("a table of other types: %v", err)
	}
	for _, text := range []string{"", "{", "null", "[]", "{}", `{"type":"LOGICAL_GET"}`, string(raw) + "x", `{"type":1}`} {
		if _, err := logical.Decode([]byte(text), tables); err == nil {
			t.Errorf("%q is a plan", text)
		}
	}
}

// Every key of an object is asked for, however many there are.
func TestManyKeys(t *testing.T) {
	raw, tables, err := plantest.Fixed(t).Raw(t, "SELECT a FROM s.t")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 60, 64, 65, 128, 1000} {
		more := []byte{'{'}
		for i := range n {
			more = fmt.Appendf(more, `"zzz%d":0,`, i)
		}
		var unsupported *logical.Unsupported
		for _, text := range [][]byte{slices.Concat(more, raw[1:]), slices.Concat(raw[:len(raw)-1], []byte(","), more[1:len(more)-1], []byte("}"))} {
			if _, err := logical.Decode(text, tables); !errors.As(err, &unsupported) {
				t.Errorf("%d keys more: %v", n, err)
			}
		}
	}
}
