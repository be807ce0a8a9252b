package gate

import (
	"strconv"
	"strings"
)

// from measures a FROM clause and puts its names in scope.
func (m *measurer) from(t object, s *scope) (int64, error) {
	m.visit(t)
	switch text(t, "type") {
	case "BASE_TABLE":
		return 1, m.baseTable(t, s)
	case "JOIN":
		return m.join(t, s)
	case "SUBQUERY":
		w, units, err := m.query(sub(sub(t, "subquery"), "node"), s.inner())
		s.relations = append(s.relations, relation{asciiLower(text(t, "alias")), w.renamed(list(t, "column_name_alias"))})
		return units + 1, err
	case "TABLE_FUNCTION":
		return m.tableFunction(t, s)
	case "EXPRESSION_LIST":
		return m.values(t, s)
	case "PIVOT":
		return m.pivot(t, s)
	case "SHOW_REF": // SUMMARIZE: some dozen aggregates for each column
		w, units, err := m.query(sub(t, "query"), s.inner())
		s.relations = append(s.relations, relation{"", width{columns: 12, leaves: 12, widest: 1, many: true}})
		return saturate(units + 40*w.columns), err
	}
	return 1, nil
}

// fileEnds are the endings by which DuckDB takes a table's name for a file's.
var fileEnds = []string{".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".txt", ".gz", ".zst", ".zstd", ".bz2", ".xlsx", ".xls", ".db",
	".duckdb", ".ddb", ".sqlite", ".sqlite3", ".avro", ".arrow", ".arrows", ".feather", ".orc", ".vortex", ".shp", ".gpkg", ".geojson", ".fgb"}

// isFile reports whether a table's name may mean a file or an address.
func isFile(name string) bool {
	lower := strings.ToLower(name)
	if strings.ContainsAny(lower, `/\*?`) {
		return true
	}
	for _, end := range fileEnds {
		if strings.HasSuffix(lower, end) {
			return true
		}
	}
	return false
}

func (m *measurer) baseTable(t object, s *scope) error {
	catalog, schema, name := text(t, "catalog_name"), text(t, "schema_name"), text(t, "table_name")
	alias := text(t, "alias")
	known := asciiLower(alias)
	if alias == "" {
		known = asciiLower(name)
	}
	if c := s.with.find(schema, name); c != nil {
		if c.body != nil {
			c.body.from = append(c.body.from, use{s.body, 1})
			c.body.uses = -1
		}
		m.refs = append(m.refs, s.body)
		s.relations = append(s.relations, relation{known, c.width.renamed(list(t, "column_name_alias"))})
		return nil
	}
	var path []string
	for _, part := range []string{catalog, schema, name} {
		if part != "" {
			path = append(path, part)
		}
	}
	if isFile(name) {
		return m.unknown("gate_unknown_table", strings.Join(path, "."))
	}
	m.refs = append(m.refs, s.body)
	m.table(TableRef{Path: path, Alias: alias, Offset: place(t), Nodes: []*Node{t}, bodies: []*body{s.body}})
	w := width{columns: 1, leaves: 1, widest: 1}
	if m.widths != nil {
		if n, ok := m.widths.Columns(path); ok {
			w = width{columns: int64(n), leaves: int64(n), widest: 1, names: 32 * int64(n)}
		}
		if nested, ok := m.widths.(Nested); ok {
			w.widest = max(1, int64(nested.Widest(path)))
			w.leaves = max(w.leaves, w.widest)
		}
	}
	w.many = true
	s.relations = append(s.relations, relation{known, w})
	return nil
}

// table takes note of a table, once for each place in the text.
func (m *measurer) table(r TableRef) {
	if i, twice := m.tableAt[r.Offset]; twice && r.Offset >= 0 {
		t := &m.tree.Tables[i]
		t.Nodes, t.bodies = append(t.Nodes, r.Nodes...), append(t.bodies, r.bodies...)
		return
	}
	m.tableAt[r.Offset] = len(m.tree.Tables)
	m.tree.Tables = append(m.tree.Tables, r)
}

func (m *measurer) join(t object, s *scope) (int64, error) {
	left, err := m.from(sub(t, "left"), s)
	if err != nil {
		return 0, err
	}
	if text(t, "ref_type") == "NATURAL" { // compares all names with all
		left += 2 * s.star("").columns
	}
	right, err := m.from(sub(t, "right"), s)
	if err != nil {
		return 0, err
	}
	units := saturate(left + right + 1)
	if on, ok := t.lookup("condition"); ok {
		e, err := m.root(on, s)
		if err != nil {
			return 0, err
		}
		units += e.units
	}
	return units, nil
}

func (m *measurer) tableFunction(t object, s *scope) (int64, error) {
	call := sub(t, "function")
	name := strings.ToLower(text(call, "function_name"))
	m.refs = append(m.refs, s.body)
	e, err := m.arguments(call, s)
	if err != nil {
		return 0, err
	}
	m.visit(t)
	if err := m.generator(name, call, e.args); err != nil {
		return 0, err
	}
	w := width{columns: 1, leaves: 1, widest: max(1, e.leaves)}
	switch name {
	case "json_each", "json_tree":
		w = width{columns: 12, leaves: 12, widest: 1}
	case "unnest":
		w = width{columns: max(1, e.leaves), leaves: max(1, e.leaves), widest: max(1, e.leaves)}
	case "repeat":
		w.leaves = w.widest
	}
	largest := int64(columnBytes)
	for _, a := range e.args {
		if largest = max(largest, a.bytes); name == "unnest" {
			largest = a.element()
		}
	}
	w = w.named("", largest)
	w.many = true
	alias := text(t, "alias")
	if alias == "" {
		alias = name
	}
	s.relations = append(s.relations, relation{asciiLower(alias), w})
	return saturate(e.units + 1), m.checkWidth(w)
}

func (m *measurer) values(t object, s *scope) (int64, error) {
	var w width
	var all []any
	units := int64(1)
	names := list(t, "expected_names")
	for _, row := range list(t, "values") {
		var r width
		cells, _ := row.([]any)
		for _, cell := range cells {
			e, err := m.root(cell, s)
			if err != nil {
				return 0, err
			}
			units = saturate(units + e.units)
			name := "col" + strconv.Itoa(int(r.columns))
			if r.columns < int64(len(names)) {
				name, _ = names[r.columns].(string)
			}
			r = r.plus(width{columns: 1, leaves: e.leaves, widest: e.leaves, names: 8}.named(name, e.bytes))
		}
		large := w.merge(r).large
		w = w.orWider(r)
		w.large = large
		all = append(all, cells...)
	}
	w.many = len(list(t, "values")) > fewRows
	s.relations = append(s.relations, relation{asciiLower(text(t, "alias")), w})
	return units - cheaper(all), m.checkWidth(w)
}

// pivot measures PIVOT and UNPIVOT. PIVOT writes every aggregate once for each
// combination of its values.
func (m *measurer) pivot(t object, s *scope) (int64, error) {
	in := s.inner()
	units, err := m.from(sub(t, "source"), in)
	if err != nil {
		return 0, err
	}
	source := in.star("")
	combinations := int64(1)
	for _, p := range list(t, "pivots") {
		pivot := asObject(p)
		entries := int64(0)
		for _, e := range list(pivot, "entries") {
			entry := asObject(e)
			entries++
			if star, ok := entry.lookup("star_expr"); ok {
				got, err := m.root(star, in)
				if err != nil {
					return 0, err
				}
				entries = saturate(entries + source.columns)
				units += got.units
			}
		}
		combinations = saturate(combinations * max(entries, 1))
		for _, e := range list(pivot, "pivot_expressions") {
			got, err := m.root(e, in)
			if err != nil {
				return 0, err
			}
			units = saturate(units + got.units*max(entries, 1))
		}
	}
	aggregates := list(t, "aggregates")
	for _, a := range aggregates {
		got, err := m.root(a, in)
		if err != nil {
			return 0, err
		}
		units = saturate(units + min(got.units, saturated>>20)*min(combinations, saturated>>20))
	}
	columns := saturate(min(combinations, saturated>>20)*int64(max(len(aggregates), 1)) + int64(len(list(t, "unpivot_names"))) + int64(len(list(t, "pivots"))))
	w := source.plus(width{columns: columns, leaves: saturate(columns * max(source.widest, 1)), widest: source.widest})
	if len(list(t, "unpivot_names")) > 0 { // its rows grow, its columns do not
		names := int64(len(list(t, "unpivot_names")) + len(list(t, "pivots")))
		w = source.plus(width{columns: names, leaves: names * max(source.widest, 1), widest: source.widest})
	}
	w.many = true
	s.relations = append(s.relations, relation{asciiLower(text(t, "alias")), w.renamed([]any{""})})
	return saturate(units + combinations), m.checkWidth(w)
}

// star gives the width of * or of name.*; of a struct's members if no relation has
// that name.
func (s *scope) star(name string) width {
	var w width
	found := false
	for _, r := range s.relations {
		if name == "" || r.name == asciiLower(name) {
			w, found = w.plus(r.width), true
		}
	}
	if !found && name != "" {
		widest := s.widest()
		return width{columns: widest, leaves: widest, widest: widest}
	}
	return w
}

// widest gives the members of the largest type that a column in sight may have.
func (s *scope) widest() int64 {
	w := int64(1)
	for ; s != nil; s = s.outer {
		for _, r := range s.relations {
			w = max(w, r.widest)
		}
		for _, a := range s.aliases {
			w = max(w, a.leaves)
		}
	}
	return w
}
