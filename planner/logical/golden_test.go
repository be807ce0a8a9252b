package logical_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/logical"
	"github.com/lianji/lianji/planner/plantest"
)

// Each case shows what of DuckDB's plan is new in it, by kind of object, and the tree
// or why there is none. Commands: plan, and refused for a statement that the gate
// stops. A new version of DuckDB shows here what it writes otherwise.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		seen := map[string]bool{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			raw, tables, err := plantest.Fixed(t).Raw(t, d.Input)
			switch {
			case d.Cmd == "refused":
				if raw != nil {
					d.Fatalf(t, "it is bound")
				}
				return "refused: " + err.Error() + "\n"
			case raw == nil:
				d.Fatalf(t, "%v", err)
			}
			out := news(t, raw, seen)
			plan, err := logical.Decode(raw, tables)
			var unsupported *logical.Unsupported
			switch {
			case err == nil:
				return out + "--\n" + ir.Text(plan.Root, ir.Exactly)
			case errors.As(err, &unsupported):
				return out + "--\nunsupported: " + unsupported.What + "\n"
			}
			d.Fatalf(t, "%v", err)
			return ""
		})
	})
}

// telling are the keys whose texts are of a closed list.
var telling = map[string]bool{
	"type": true, "expression_class": true, "join_type": true, "comparison": true, "distinct_type": true, "materialize": true, "start": true, "end": true,
	"exclude_clause": true, "null_order": true, "aggregate_type": true, "distinct_validity": true, "index_type": true, "id": true,
}

// news lists, for each kind of object in a plan, the keys and values that seen does
// not have yet.
func news(t *testing.T, raw []byte, seen map[string]bool) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	collect(v, "", func(kind, key string) {
		if line := kind + ": " + key; !seen[line] {
			seen[line] = true
			found[kind] = append(found[kind], key)
		}
	})
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(found)) {
		slices.Sort(found[kind])
		fmt.Fprintf(&b, "%s: %s\n", kind, strings.Join(found[kind], " "))
	}
	return b.String()
}

func collect(v any, kind string, f func(kind, key string)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			collect(x, kind, f)
		}
	case map[string]any:
		kind = kindOf(v, kind)
		for key, x := range v {
			f(kind, key+shape(key, x))
			collect(x, kind+"."+key, f)
		}
	}
}

// shape writes a value without what differs from one statement to the next.
func shape(key string, v any) string {
	switch v := v.(type) {
	case string:
		if telling[key] {
			return "=" + v
		}
		return ":text"
	case json.Number:
		return ":number"
	case bool:
		return fmt.Sprintf("=%t", v)
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[..]"
	case map[string]any:
		return "{}"
	}
	return fmt.Sprintf(":%v", v)
}

// kindOf names an object: by its class, its operator, or the way to it.
func kindOf(v map[string]any, way string) string {
	if class, ok := v["expression_class"].(string); ok {
		return class
	}
	if op, ok := v["type"].(string); ok && strings.HasPrefix(op, "LOGICAL_") {
		return op
	}
	if _, ok := v["id"]; ok {
		return "type"
	}
	return way
}
