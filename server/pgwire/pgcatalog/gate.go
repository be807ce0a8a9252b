package pgcatalog

import (
	"encoding/json"
	"maps"
	"strings"
)

// builtin are the functions of DuckDB that a statement over the catalogue may call, beside
// those of names.sql. What is on no list is refused: among DuckDB's own are some that read
// files and settings, or make texts of any size.
var builtin = set(`
	coalesce nullif concat concat_ws lower upper length char_length character_length bit_length strlen substring substr left right trim ltrim rtrim replace translate lpad rpad repeat
	split_part strpos position starts_with prefix suffix contains reverse ascii chr to_hex regexp_replace regexp_matches regexp_full_match regexp_split_to_array like_escape not_like_escape ilike_escape not_ilike_escape
	string_to_array string_split
	~ !~ ~~ !~~ ~~* !~~* ~~~ + - * / // % ^ & | # << >> || ^@ @> <@ && not -> ->>
	abs sign round floor ceil ceiling trunc greatest least mod gcd lcm factorial power pow sqrt cbrt exp ln log log10 pi degrees radians random bit_count
	sin cos tan cot asin acos atan atan2 sinh cosh tanh asinh acosh atanh
	array_to_string array_length array_position array_contains array_cat array_append array_prepend list_contains list_value list_transform list_filter list_extract array_extract list_slice array_slice list_concat len list_has cardinality generate_subscripts unnest row struct_pack struct_extract
	count count_star sum min max avg first any_value string_agg array_agg list bool_and bool_or bit_and bit_or bit_xor stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
	pg_typeof typeof md5 hash gen_random_uuid generate_series current_schema json_object json_array json_array_length json_group_array json_group_object to_json row_to_json array_to_json json_extract_path json_extract_path_text
	age date_part date_trunc extract now timezone transaction_timestamp get_current_timestamp current_date current_localtimestamp to_timestamp make_date make_time make_timestamp isfinite
`)

// tables are the kinds of what may stand in FROM. A function may only be unnest and its kin.
var tables = set("BASE_TABLE SUBQUERY JOIN EMPTY TABLE_FUNCTION EXPRESSION_LIST CROSS_PRODUCT")

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// verdict is what the gate says of a statement.
type verdict uint8

const (
	denied  verdict = iota
	foreign         // it reads what is not the catalogue's
	allowed
)

// judge reads the parse tree of a statement, as json_serialize_sql gives it, and tells
// whether it reads anything of the catalogue.
func judge(tree string) (_ verdict, reads bool) {
	var parsed struct {
		Error      bool
		Statements []any
	}
	if json.Unmarshal([]byte(tree), &parsed) != nil || parsed.Error || len(parsed.Statements) != 1 {
		return denied, true
	}
	g := &gate{verdict: allowed}
	g.walk(parsed.Statements[0], place{})
	if g.bounds.over {
		g.deny(denied)
	}
	return g.verdict, g.reads
}

type gate struct {
	verdict verdict
	reads   bool // something of the catalogue
	nodes   int
	bounds  bounds
}

// place is where a node stands.
type place struct {
	depth     int
	expanding int             // functions of names.sql round it
	derived   *bool           // of the query in FROM or WITH that it stands in: whether something grows there; nil in none
	withs     map[string]bool // names of the WITH clauses that it can see
}

func (p place) below() place {
	p.depth++
	return p
}

const (
	mostNodes = 50_000
	mostDepth = 400
)

func str(v any) string {
	s, _ := v.(string)
	return s
}

func (g *gate) deny(v verdict) {
	if v < g.verdict {
		g.verdict = v
	}
}

func (g *gate) walk(node any, at place) {
	if g.nodes++; g.nodes > mostNodes || at.depth > mostDepth {
		g.deny(denied)
		return
	}
	switch n := node.(type) {
	case []any:
		for _, one := range n {
			g.walk(one, at.below())
		}
	case map[string]any:
		at = g.object(n, at)
		for _, one := range n {
			g.walk(one, at.below())
		}
	}
}

// object looks at a part of the tree, and gives the place of what hangs below it.
func (g *gate) object(n map[string]any, at place) place {
	at = g.with(n, at)
	if _, expression := n["class"]; str(n["type"]) == "SUBQUERY" && !expression {
		at.derived = new(bool)
	}
	if str(n["type"]) == "SELECT_NODE" && at.derived != nil {
		at.derived = new(bool) // each clause of WITH is one
	}
	if name, ok := n["function_name"]; ok {
		called := strings.ToLower(str(name))
		g.function(strings.ToLower(str(n["schema"])), called, str(n["catalog"]))
		children, _ := n["children"].([]any)
		g.bounds.function(called, children, at)
		if functions[called] {
			at.expanding++
		}
	}
	if list, ok := n["select_list"].([]any); ok {
		g.bounds.selected(list)
	}
	if from, ok := n["from_table"].(map[string]any); ok {
		g.table(from, at)
	}
	for _, side := range []string{"left", "right"} {
		if t, ok := n[side].(map[string]any); ok && str(n["type"]) == "JOIN" {
			g.table(t, at)
		}
	}
	switch str(n["type"]) {
	case "BASE_TABLE", "SHOW_REF", "TABLE_FUNCTION", "COLUMN_DATA", "PIVOT", "DELIM_GET", "BOUND_TABLE_REF":
		g.table(n, at)
	}
	return at
}

// with adds the names of a query's WITH clauses to those that it can see.
func (g *gate) with(n map[string]any, at place) place {
	ctes, ok := n["cte_map"].(map[string]any)
	if !ok {
		return at
	}
	entries, _ := ctes["map"].([]any)
	if len(entries) == 0 {
		return at
	}
	seen := maps.Clone(at.withs)
	if seen == nil {
		seen = map[string]bool{}
	}
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok {
			g.bounds.count(&g.bounds.withs, mostWiths)
			seen[strings.ToLower(str(entry["key"]))] = true
		}
	}
	at.withs, at.derived = seen, new(bool)
	return at
}

// table looks at a part of FROM.
func (g *gate) table(n map[string]any, at place) {
	kind := str(n["type"])
	if !tables[kind] {
		g.deny(denied)
		return
	}
	if kind != "BASE_TABLE" {
		return
	}
	schema, name := strings.ToLower(str(n["schema_name"])), strings.ToLower(str(n["table_name"]))
	switch {
	case str(n["catalog_name"]) != "" || n["at_clause"] != nil:
		g.deny(foreign)
	case schema == "" && at.withs[name]:
	case schema == "pgc" && relations[name], schema == "isc" && standard[name], schema == "" && relations[name]:
		g.reads = true
	default:
		g.deny(foreign)
	}
}

func (g *gate) function(schema, name, catalog string) {
	switch {
	case catalog == "" && (schema == "" || schema == "pgc" || schema == "isc") && functions[name]:
		g.reads = g.reads || schema != "" || !common[name]
	case catalog == "" && (schema == "" || schema == "main") && builtin[name]:
	default:
		g.deny(denied)
	}
}
