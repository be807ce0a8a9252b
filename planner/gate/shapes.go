package gate

// The parse tree's nodes and what may stand in them. A member that is not written
// here, a missing one that is not optional, another kind of value or another enum
// value than listed makes the statement refused: what the gate does not know, it
// does not let through.

// rule checks one member's value.
type rule func(w *walk, v any) error

// member is what an object may hold under one name.
type member struct {
	name     string
	check    rule
	optional bool
}

// shape is the list of an object's members, its own type among them.
type shape []member

func must(name string, check rule) member  { return member{name: name, check: check} }
func maybe(name string, check rule) member { return member{name: name, check: check, optional: true} }

func with(base shape, more ...member) shape { return append(base[:len(base):len(base)], more...) }

// The rules are filled in by init because shapes and rules refer to each other.
var (
	queryShapes, modifierShapes, tableShapes, expressionShapes map[string]shape
	statementShape, orderShape, caseShape, cteShape            shape
)

// expressionTypes lists the types that an expression class may have.
var expressionTypes = map[string]map[string]bool{
	"BETWEEN":    set("COMPARE_BETWEEN"),
	"CASE":       set("CASE_EXPR"),
	"CAST":       set("OPERATOR_CAST"),
	"COLLATE":    set("COLLATE"),
	"COLUMN_REF": set("COLUMN_REF"),
	"COMPARISON": set("COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO", "COMPARE_GREATERTHAN",
		"COMPARE_GREATERTHANOREQUALTO", "COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM"),
	"CONJUNCTION": set("CONJUNCTION_AND", "CONJUNCTION_OR"),
	"FUNCTION":    set("FUNCTION"),
	"LAMBDA":      set("LAMBDA"),
	"OPERATOR": set("OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE", "OPERATOR_TRY", "OPERATOR_UNPACK",
		"COMPARE_IN", "COMPARE_NOT_IN", "ARRAY_EXTRACT", "ARRAY_SLICE", "ARRAY_CONSTRUCTOR", "STRUCT_EXTRACT", "GROUPING_FUNCTION"),
	"PARAMETER":            set("VALUE_PARAMETER"),
	"POSITIONAL_REFERENCE": set("POSITIONAL_REFERENCE"),
	"STAR":                 set("STAR"),
	"SUBQUERY":             set("SUBQUERY"),
	"WINDOW": set("WINDOW_AGGREGATE", "WINDOW_ROW_NUMBER", "WINDOW_RANK", "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_CUME_DIST",
		"WINDOW_NTILE", "WINDOW_FIRST_VALUE", "WINDOW_LAST_VALUE", "WINDOW_NTH_VALUE", "WINDOW_LEAD", "WINDOW_LAG", "WINDOW_FILL"),
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

func init() {
	boundary := enum("UNBOUNDED_PRECEDING", "UNBOUNDED_FOLLOWING", "CURRENT_ROW_RANGE", "CURRENT_ROW_ROWS", "CURRENT_ROW_GROUPS",
		"EXPR_PRECEDING_ROWS", "EXPR_FOLLOWING_ROWS", "EXPR_PRECEDING_RANGE", "EXPR_FOLLOWING_RANGE", "EXPR_PRECEDING_GROUPS", "EXPR_FOLLOWING_GROUPS")
	comparison := enum("INVALID", "COMPARE_EQUAL", "COMPARE_NOTEQUAL", "COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO",
		"COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO")

	statementShape = shape{must("node", aQuery), must("named_param_map", listOf(pair("key", aText, "value", aNumber)))}

	query := shape{must("type", aText), must("modifiers", listOf(aModifier)), must("cte_map", aCTEMap)}
	queryShapes = map[string]shape{
		"SELECT_NODE": with(query,
			must("select_list", expressions), must("from_table", aTable), maybe("where_clause", anExpression),
			must("group_expressions", expressions), must("group_sets", groupSets), must("aggregate_handling", enum("STANDARD_HANDLING", "FORCE_AGGREGATES")),
			maybe("having", anExpression), maybe("sample", aSample), maybe("qualify", anExpression)),
		"SET_OPERATION_NODE": with(query,
			must("setop_type", enum("UNION", "EXCEPT", "INTERSECT", "UNION_BY_NAME")), must("left", aQuery), must("right", aQuery), must("setop_all", aFlag)),
		"RECURSIVE_CTE_NODE": with(query,
			must("cte_name", aText), must("union_all", aFlag), must("left", aQuery), must("right", aQuery), must("aliases", listOf(aText)), must("key_targets", expressions)),
	}
	cteShape = shape{must("aliases", listOf(aText)), must("query", aStatement), must("materialized", enum("CTE_MATERIALIZE_DEFAULT")), must("key_targets", expressions)}

	orderShape = shape{
		must("type", enum("ORDER_DEFAULT", "ASCENDING", "DESCENDING")), must("null_order", enum("ORDER_DEFAULT", "NULLS FIRST", "NULLS LAST")),
		must("expression", anExpression)}
	modifierShapes = map[string]shape{
		"LIMIT_MODIFIER":         {must("type", aText), maybe("limit", anExpression), maybe("offset", anExpression)},
		"LIMIT_PERCENT_MODIFIER": {must("type", aText), maybe("limit", anExpression), maybe("offset", anExpression)},
		"DISTINCT_MODIFIER":      {must("type", aText), must("distinct_on_targets", expressions)},
		"ORDER_MODIFIER":         {must("type", aText), must("orders", orders)},
	}

	table := shape{must("type", aText), must("alias", aText), must("query_location", aPlace), maybe("sample", aSample)}
	tableShapes = map[string]shape{
		"BASE_TABLE": with(table,
			must("schema_name", aText), must("table_name", aText), must("column_name_alias", listOf(aText)), must("catalog_name", aText), maybe("at_clause", timeTravel)),
		"JOIN": with(table,
			must("left", aTable), must("right", aTable), maybe("condition", anExpression), must("join_type", enum("INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI")),
			must("ref_type", enum("REGULAR", "NATURAL", "CROSS", "POSITIONAL", "ASOF")), must("using_columns", columnNames), must("delim_flipped", never),
			must("duplicate_eliminated_columns", empty)),
		"SUBQUERY": with(table, must("subquery", aStatement), must("column_name_alias", listOf(aText))),
		"TABLE_FUNCTION": with(table,
			must("function", aTableFunction), must("column_name_alias", listOf(aText)), must("with_ordinality", noOrdinality)),
		"EMPTY":           table,
		"EXPRESSION_LIST": with(table, must("expected_names", listOf(aText)), must("expected_types", listOf(aType)), must("values", listOf(expressions))),
		"PIVOT": with(table,
			must("source", aTable), must("aggregates", expressions), must("unpivot_names", listOf(aText)), must("pivots", listOf(aPivot)), must("groups", columnNames),
			must("column_name_alias", listOf(aText)), must("include_nulls", aFlag)),
		"SHOW_REF": with(table,
			must("table_name", aText), must("query", aQuery), must("show_type", summaryOnly), must("catalog_name", aText), must("schema_name", aText)),
	}

	expression := shape{must("class", aText), must("type", aText), must("alias", aText), must("query_location", aPlace)}
	caseShape = shape{must("when_expr", anExpression), must("then_expr", anExpression)}
	expressionShapes = map[string]shape{
		"BETWEEN":     with(expression, must("input", anExpression), must("lower", anExpression), must("upper", anExpression)),
		"CASE":        with(expression, must("case_checks", listOf(func(w *walk, v any) error { return w.object(v, caseShape) })), must("else_expr", anExpression)),
		"CAST":        with(expression, must("child", anExpression), must("cast_type", aType), must("try_cast", aFlag)),
		"COLLATE":     with(expression, must("child", anExpression), must("collation", aCollation)),
		"COLUMN_REF":  with(expression, must("column_names", listOf(aText))),
		"COMPARISON":  with(expression, must("left", anExpression), must("right", anExpression)),
		"CONJUNCTION": with(expression, must("children", expressions)),
		"FUNCTION": with(expression,
			must("function_name", aText), must("schema", aText), must("children", expressions), maybe("filter", anExpression), must("order_bys", aModifier),
			must("distinct", aFlag), must("is_operator", aFlag), must("export_state", never), must("catalog", aText)),
		"LAMBDA":               with(expression, must("lhs", anExpression), must("expr", anExpression)),
		"OPERATOR":             with(expression, must("children", expressions)),
		"PARAMETER":            with(expression, must("identifier", aText)),
		"POSITIONAL_REFERENCE": with(expression, must("index", aNumber)),
		"STAR": with(expression,
			must("relation_name", aText), must("exclude_list", listOf(aText)), must("replace_list", listOf(pair("key", aText, "value", anExpression))),
			must("columns", aFlag), maybe("expr", anExpression), must("qualified_exclude_list", listOf(aQualifiedColumn)),
			must("rename_list", listOf(pair("key", aQualifiedColumn, "value", aText)))),
		"SUBQUERY": with(expression,
			must("subquery_type", enum("SCALAR", "EXISTS", "NOT_EXISTS", "ANY")), must("subquery", aStatement), maybe("child", anExpression), must("comparison_type", comparison)),
		"WINDOW": with(expression,
			must("function_name", aText), must("schema", aText), must("catalog", aText), must("children", expressions), must("partitions", expressions),
			must("orders", orders), must("start", boundary), must("end", boundary), maybe("start_expr", anExpression), maybe("end_expr", anExpression),
			maybe("offset_expr", anExpression), maybe("default_expr", anExpression), must("ignore_nulls", aFlag), maybe("filter_expr", anExpression),
			must("exclude_clause", enum("NO_OTHER", "CURRENT_ROW", "GROUP", "TIES")), must("distinct", aFlag), must("arg_orders", orders)),
	}
}
