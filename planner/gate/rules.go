package gate

import (
	"encoding/json"
	"strings"
)

// Rules for single values.

func aText(_ *walk, v any) error { return known(is[string](v)) }

func aFlag(_ *walk, v any) error { return known(is[bool](v)) }

func aNumber(_ *walk, v any) error { return known(is[json.Number](v)) }

// never is a flag that no statement sets.
func never(_ *walk, v any) error { return known(v == false) }

// empty is a list in which no statement puts anything.
func empty(_ *walk, v any) error {
	l, ok := v.([]any)
	return known(ok && len(l) == 0)
}

func is[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

// known turns false into the refusal of an unknown shape.
func known(ok bool) error {
	if !ok {
		return errUnknownShape
	}
	return nil
}

func enum(names ...string) rule {
	allowed := set(names...)
	return func(_ *walk, v any) error {
		s, ok := v.(string)
		return known(ok && allowed[s])
	}
}

// aPlace remembers where in the text the walk is, for errors.
func aPlace(w *walk, v any) error {
	n, ok := v.(json.Number)
	if !ok {
		return errUnknownShape
	}
	if at := location(n); at >= 0 {
		w.at = at
	}
	return nil
}

func listOf(check rule) rule {
	return func(w *walk, v any) error {
		l, ok := v.([]any)
		if !ok {
			return errUnknownShape
		}
		for _, e := range l {
			if err := check(w, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// pair is an object of exactly two members.
func pair(k1 string, c1 rule, k2 string, c2 rule) rule {
	s := shape{must(k1, c1), must(k2, c2)}
	return func(w *walk, v any) error { return w.object(v, s) }
}

// aQualifiedColumn is a column in EXCLUDE or RENAME.
func aQualifiedColumn(w *walk, v any) error {
	return w.object(v, shape{must("catalog", aText), must("schema", aText), must("table", aText), must("column", aText)})
}

// columnNames are names that DuckDB makes columns of: USING, PIVOT's groups.
func columnNames(w *walk, v any) error {
	return listOf(func(w *walk, v any) error {
		s, ok := v.(string)
		if ok && isRowID(s) {
			return w.refuseColumn(s)
		}
		if !ok {
			return errUnknownShape
		}
		return w.count(1)
	})(w, v)
}

func isRowID(name string) bool { return strings.EqualFold(name, "rowid") }

// groupSets are lists of indexes; each list and each index counts as a part of the
// statement, for CUBE makes many of them out of few.
func groupSets(w *walk, v any) error {
	return listOf(func(w *walk, v any) error {
		l, ok := v.([]any)
		if !ok {
			return errUnknownShape
		}
		for _, n := range l {
			if !is[json.Number](n) {
				return errUnknownShape
			}
		}
		return w.count(len(l) + 1)
	})(w, v)
}

// timeTravel refuses AT (VERSION => ..).
func timeTravel(w *walk, _ any) error { return w.refuse("gate_time_travel") }

// noOrdinality refuses WITH ORDINALITY, which DuckDB cannot serialise once bound.
func noOrdinality(w *walk, v any) error {
	if v == "WITH_ORDINALITY" {
		return w.refuse("gate_ordinality")
	}
	return known(v == "WITHOUT_ORDINALITY")
}

// summaryOnly lets SUMMARIZE through; DESCRIBE and SHOW are answered elsewhere.
func summaryOnly(w *walk, v any) error {
	if v != "SUMMARY" {
		return w.refuse("gate_describe_inside")
	}
	return nil
}

// aSample is USING SAMPLE or TABLESAMPLE: let through, but the answer is another
// one each time.
func aSample(w *walk, v any) error {
	w.tree.NonDeterministic = true
	return w.object(v, shape{must("sample_size", aValue), must("is_percentage", aFlag), must("method", enum("System", "Bernoulli", "Reservoir")), must("seed", aNumber)})
}

// aValue is a bare value: a sample's size, one of PIVOT's.
func aValue(w *walk, v any) error {
	o, ok := v.(object)
	c := &constant{}
	if !ok || !c.setValue(o) {
		return errUnknownShape
	}
	return w.constant(c)
}

// aPivot is one ON of a PIVOT or UNPIVOT.
func aPivot(w *walk, v any) error {
	o, ok := v.(object)
	if !ok {
		return errUnknownShape
	}
	if text(o, "pivot_enum") != "" {
		return w.refuse("gate_pivot_needs_list")
	}
	unpivot := len(list(o, "unpivot_names")) > 0
	entry := func(w *walk, v any) error {
		e, _ := v.(object)
		for _, value := range list(e, "values") {
			if name, ok := nameOf(value); unpivot && ok && isRowID(name) {
				return w.refuseColumn(name)
			}
		}
		return w.object(v, shape{must("values", listOf(aValue)), maybe("star_expr", anExpression), must("alias", aText)})
	}
	return w.object(v, shape{must("pivot_expressions", expressions), must("unpivot_names", listOf(aText)), must("entries", listOf(entry)), must("pivot_enum", aText)})
}

// nameOf gives the text of a bare value: UNPIVOT names its columns so.
func nameOf(v any) (string, bool) {
	o, _ := v.(object)
	s, ok := o.get("value").(string)
	return s, ok
}

func aCollation(w *walk, v any) error {
	s, ok := v.(string)
	if !ok {
		return errUnknownShape
	}
	for _, part := range strings.Split(strings.ToLower(s), ".") {
		if !collations[part] {
			return w.refuseName("gate_unknown_collation", s, nil)
		}
	}
	return nil
}
