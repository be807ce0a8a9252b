package gate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/sqltext"
)

// liveKinds turns duckdb_functions()' kinds into those of the lists. Pragmas are
// statements, not functions.
var liveKinds = map[string]string{"scalar": "scalar", "aggregate": "aggregate", "macro": "macro", "table": "table", "table_macro": "table"}

// fixedTypes are types whose values have a fixed size; the others are nested or text.
var fixedTypes = regexp.MustCompile(`^(U?(BIG|HUGE|SMALL|TINY)INT|U?INTEGER|DOUBLE|FLOAT|BOOLEAN|DATE|TIME|TIME_NS|TIMESTAMP(_S|_MS|_NS)?|TIME(STAMP)? WITH TIME ZONE|INTERVAL|UUID|DECIMAL(\(.*\))?|"NULL")$`)
var plainTypes = regexp.MustCompile(`^(VARCHAR|BLOB|BIT|BIGNUM|JSON)$`)

// TestEveryFunctionIsJudged fails on a function of this DuckDB that stands in
// neither list, on one that stands in both, on a line for a function that is not
// there, and on a note that is not true.
func TestEveryFunctionIsJudged(t *testing.T) {
	db := openDuck(t)
	rows, err := db.Query(`SELECT function_type, lower(function_name), coalesce(return_type, ''), coalesce(stability, ''), coalesce(macro_definition, ''), array_to_string(parameters, ',')
		FROM duckdb_functions()`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	type found struct {
		nested, sized, volatile bool
		copies                  int
	}
	live := map[string]found{}
	for rows.Next() {
		var kind, name, returns, stability, macro, params string
		if err := rows.Scan(&kind, &name, &returns, &stability, &macro, &params); err != nil {
			t.Fatal(err)
		}
		if liveKinds[kind] == "" {
			continue
		}
		key := liveKinds[kind] + " " + name
		f := live[key]
		f.nested = f.nested || !fixedTypes.MatchString(returns) && !plainTypes.MatchString(returns)
		f.sized = f.sized || !fixedTypes.MatchString(returns)
		f.volatile = f.volatile || stability == "VOLATILE"
		f.copies = max(f.copies, 1, copiesIn(t, macro, strings.Split(params, ",")))
		live[key] = f
	}
	if err := rows.Err(); err != nil || len(live) < 500 {
		t.Fatalf("%d functions: %v", len(live), err)
	}
	judged := map[string][]string{}
	for list, text := range map[string]string{"allow.txt": allowText, "deny.txt": denyText} {
		for _, fields := range lines(text) {
			kinds := []string{fields[0]}
			if fields[0] == "own" {
				kinds = []string{"scalar", "macro"}
			}
			for _, kind := range kinds {
				key := kind + " " + fields[1]
				if _, there := live[key]; fields[0] == "own" && !there {
					continue
				}
				judged[key] = append(judged[key], list)
				f, there := live[key]
				if !there && fields[0] != "binder" && fields[0] != "plan" {
					t.Errorf("%s: this DuckDB has no %s", list, key)
				}
				if list == "allow.txt" && fields[0] != "own" && there {
					notes := fields[2:]
					for note, want := range map[string]bool{
						"nested": f.nested && kind != "macro" && kind != "table", "fixed": !f.sized && kind == "scalar", "volatile": f.volatile,
						fmt.Sprintf("x%d", f.copies): f.copies > 1,
					} {
						if slices.Contains(notes, note) != want {
							t.Errorf("%s: note %s of %s should be %v", list, note, key, want)
						}
					}
				}
			}
		}
	}
	for key := range live {
		switch in := judged[key]; {
		case len(in) == 0:
			t.Errorf("%s stands in neither list: judge it", key)
		case len(in) > 1:
			t.Errorf("%s stands in %v", key, in)
		}
	}
}

// copiesIn counts how often a macro writes its most written argument.
func copiesIn(t *testing.T, macro string, params []string) int {
	tokens, err := sqltext.Tokens(macro)
	if err != nil {
		t.Fatalf("%s: %v", macro, err)
	}
	most := 0
	for _, p := range params {
		n := 0
		for i, tok := range tokens {
			if name, ok := tok.Name(macro); ok && name == p && (i+1 == len(tokens) || !tokens[i+1].Is(macro, "(")) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// TestListsAreRead fails on a line of a list that the reader skips: it would deny
// a function silently, or leave its reason unknown.
func TestListsAreRead(t *testing.T) {
	for _, f := range lines(allowText) {
		if _, ok := functions[f[1]]; !ok {
			t.Errorf("allow.txt: %v is not read", f)
		}
	}
	for _, f := range lines(denyText) {
		if g, ok := DeniedReason(strings.ToUpper(f[1])); !ok || g != f[2] {
			t.Errorf("deny.txt: %v is read as %q", f, g)
		}
		if !strings.Contains(denyText, "#   "+f[2]+" ") {
			t.Errorf("deny.txt does not say what group %s means", f[2])
		}
	}
	if AllowedScalar("no_such_function") || AllowedAggregate("") || AllowedTable("read_csv") || AllowedScalar("range ") {
		t.Error("a name that is not on the list is allowed")
	}
	if !AllowedScalar("Upper") || !AllowedAggregate("SUM") || !AllowedTable("range") || !AllowedScalar("error") {
		t.Error("a name on the list, or one that stands in plans, is not allowed")
	}
}

// places are all the places where an expression can stand; F is the expression.
var places = map[string]string{
	"select list":           "select F from t",
	"alias":                 "select F as x from t",
	"where":                 "select 1 from t where F is not null",
	"having":                "select a from t group by a having F is not null",
	"group by":              "select 1 from t group by F",
	"grouping sets":         "select 1 from t group by grouping sets ((F), ())",
	"order by":              "select a from t order by F",
	"limit":                 "select a from t limit F",
	"limit percent":         "select a from t limit (F)%",
	"offset":                "select a from t limit 1 offset F",
	"qualify":               "select a from t qualify F is not null",
	"join on":               "select 1 from t join u on F = 1",
	"asof join":             "select 1 from t asof join u on t.a >= F",
	"values":                "values (F)",
	"values in from":        "select * from (values (1, F)) v",
	"case operand":          "select case F when 1 then 2 end from t",
	"case when":             "select case when F then 2 end from t",
	"case then":             "select case when a then F end from t",
	"case else":             "select case when a then 1 else F end from t",
	"lambda body":           "select list_transform(l, x -> F) from t",
	"lambda keyword body":   "select list_filter(l, lambda x: F) from t",
	"reduce start":          "select list_reduce(l, lambda x, y: x, F) from t",
	"list comprehension":    "select [F for x in l] from t",
	"comprehension filter":  "select [x for x in l if F] from t",
	"window argument":       "select sum(F) over () from t",
	"window partition":      "select sum(a) over (partition by F) from t",
	"window order":          "select sum(a) over (order by F) from t",
	"window frame start":    "select sum(a) over (order by a rows between F preceding and current row) from t",
	"window frame end":      "select sum(a) over (order by a rows between current row and F following) from t",
	"window filter":         "select sum(a) filter (where F) over () from t",
	"window offset":         "select lag(a, F) over (order by a) from t",
	"window default":        "select lag(a, 1, F) over (order by a) from t",
	"window argument order": "select first_value(a order by F) over () from t",
	"named window":          "select sum(a) over w from t window w as (order by F)",
	"filter clause":         "select sum(a) filter (where F) from t",
	"aggregate argument":    "select sum(F) from t",
	"aggregate order by":    "select list(a order by F) from t",
	"within group":          "select mode() within group (order by F) from t",
	"in list":               "select a in (1, F) from t",
	"in operand":            "select F in (1, 2) from t",
	"not in":                "select a not in (F) from t",
	"scalar subquery":       "select (select F) from t",
	"in subquery":           "select a in (select F) from t",
	"exists":                "select exists (select F) from t",
	"any subquery operand":  "select F = any (select a from t) from t",
	"array subquery":        "select array(select F) from t",
	"correlated subquery":   "select 1 from t where a = (select max(b) from u where u.a = F)",
	"derived table":         "select * from (select F) d",
	"lateral":               "select * from t, lateral (select F) l",
	"table function":        "select * from json_each(F)",
	"table function arg":    "select * from repeat(F, 1)",
	"unnest in from":        "select * from unnest([F])",
	"with":                  "with c as (select F) select * from c",
	"recursive with":        "with recursive c as (select 1 x union all select F from c) select * from c",
	"using key":             "with recursive c(x) using key (x) as (select 1 union select F from c) select * from c",
	"union arm":             "select 1 union all select F",
	"except arm":            "select F except select 1",
	"distinct on":           "select distinct on (F) a from t",
	"pivot aggregate":       "select * from t pivot (sum(F) for a in (1, 2))",
	"pivot statement":       "pivot t on a in (1) using sum(F)",
	"pivot source":          "select * from (select F as a) pivot (sum(a) for a in (1))",
	"unpivot":               "unpivot (select F as a) on a",
	"unpivot expression":    "unpivot t on (F) as z",
	"struct":                "select {'k': F} from t",
	"row":                   "select (1, F) from t",
	"list":                  "select [1, F] from t",
	"map":                   "select map {'k': F} from t",
	"index":                 "select l[F] from t",
	"slice":                 "select l[1:F] from t",
	"struct member":         "select (F).x from t",
	"cast":                  "select F::int from t",
	"try_cast":              "select try_cast(F as int) from t",
	"try":                   "select try(F) from t",
	"collate":               "select F collate nocase from t",
	"interval":              "select interval (F) day",
	"between input":         "select F between 1 and 2 from t",
	"between bound":         "select a between 1 and F from t",
	"is null":               "select F is null from t",
	"not":                   "select not F from t",
	"and":                   "select a and F from t",
	"coalesce":              "select coalesce(a, F) from t",
	"operator":              "select a + F from t",
	"like":                  "select a like F from t",
	"json arrow":            "select F -> 'a' from t",
	"json arrow right":      "select j ->> F from t",
	"at time zone":          "select F at time zone 'UTC' from t",
	"function argument":     "select upper(F) from t",
	"method":                "select (F).upper() from t",
	"named argument":        "select struct_pack(x := F) from t",
	"columns":               "select columns(F) from t",
	"columns lambda":        "select columns(c -> F) from t",
	"columns arithmetic":    "select columns(*) + F from t",
	"replace":               "select * replace (F as a) from t",
	"summarize":             "summarize select F",
	"from first":            "from t select F",
	"explain body":          "(select F)",
	"tuple comparison":      "select (a, F) = (1, 2) from t",
	"grouping":              "select grouping(F) from t group by a",
}

func TestDeniedEverywhere(t *testing.T) {
	p := newParser(t)
	legal := 0
	for place, text := range places {
		if _, err := check(p, strings.ReplaceAll(text, "F", "upper('x')")); err != nil {
			t.Errorf("%s: an allowed function is refused there: %v %v", place, verdict(err), err)
			continue
		}
		legal++
	}
	var names []string
	for _, f := range lines(denyText) {
		if f[0] != "table" {
			names = append(names, f[1])
		}
	}
	if len(names) < 90 || legal < 90 {
		t.Fatalf("%d denied functions, %d places", len(names), legal)
	}
	sql := func(text, call string) string { return strings.ReplaceAll(text, "F", call) }
	unknown := func(name string) string {
		return errs.New(errs.UnknownName, "gate_unknown_function", map[string]any{"Name": name}).Text("zh-CN")
	}
	for place, text := range places {
		for i, name := range names {
			// Every function in one place, every place with some functions: the same code sees to all.
			if place != "select list" && i%9 != len(place)%9 {
				continue
			}
			calls := []string{`"` + name + `"(a)`}
			if place == "select list" {
				calls = append(calls, `"`+strings.ToUpper(name)+`"()`, `main."`+name+`"(a, b)`, `system.main."`+name+`"()`, `(a)."`+name+`"()`, `a."`+name+`"()`, `"`+name+`"(distinct a order by b)`)
			}
			for _, call := range calls {
				_, err := check(p, sql(text, call))
				e := errs.From(err)
				if e == nil || e.Code != errs.UnknownName || !strings.EqualFold(e.Text("zh-CN"), unknown(name)) {
					t.Errorf("%s: %s: %s, %v", place, call, verdict(err), err)
				}
			}
		}
	}
	// Each place as a window function where it can be one, and one that DuckDB does not have.
	for _, sql := range []string{`select "error"(a) over () from t`, "select current_setting(a) over (order by b) from t", "select no_such_function(a) from t", "select no_such_window(a) over () from t"} {
		if _, err := check(p, sql); errs.CodeOf(err) != errs.UnknownName || errs.From(err).ID != "gate_unknown_function" {
			t.Errorf("%s: %s", sql, verdict(err))
		}
	}
}

// tablePlaces are the places where a table function can stand.
var tablePlaces = []string{
	"select * from F", "from F", "select * from t, F", "select * from F join t on true", "select * from t left join F on true", "select * from t, lateral (select * from F) l",
	"select (select max(x) from F) from t", "select 1 where exists (from F)", "select 1 in (from F)", "select array(from F)", "with c as (from F) from c",
	"with recursive c as (select 1 x union all select x from F, c) from c", "select 1 union all from F", "select * from F pivot (sum(a) for b in (1))", "pivot F on a in (1) using sum(b)",
	"unpivot F on a", "summarize from F", "select * from F using sample 1%", "select * from F f(a, b)", "values ((select 1 from F))", "select * from (F)",
	"select a from t order by (select 1 from F)", "select a from t limit (select 1 from F)", "from t semi join F using (a)", "from t positional join F", "from t asof join F f on t.a >= f.a",
	"table t union from F", "select list_transform([1], x -> (select 1 from F))",
}

func TestDeniedTableFunctions(t *testing.T) {
	p := newParser(t)
	n := 0
	var reachable []string
	for _, place := range tablePlaces {
		if _, err := check(p, strings.ReplaceAll(place, "F", "range(3)")); err == nil {
			reachable = append(reachable, place)
		} else if errs.From(err).Code != errs.SyntaxError {
			t.Errorf("%s: range is refused there: %v", place, err)
		}
	}
	if len(reachable) < 20 {
		t.Fatalf("only %d places take a table function", len(reachable))
	}
	for _, f := range lines(denyText) {
		if f[0] != "table" {
			continue
		}
		for i, place := range reachable {
			if i > 0 && i%7 != n%7 {
				continue
			}
			for _, call := range []string{f[1] + "('x')", `main."` + strings.ToUpper(f[1]) + `"()`, "system.main." + f[1] + "(a := 1)"} {
				_, err := check(p, strings.ReplaceAll(place, "F", call))
				if e := errs.From(err); e == nil || e.Code != errs.UnknownName || e.ID != "gate_unknown_table_function" {
					t.Errorf("%s with %s: %s", place, call, verdict(err))
				}
			}
		}
		n++
	}
	if n < 80 {
		t.Errorf("only %d table functions are denied", n)
	}
	// Functions that are allowed elsewhere are no table functions, and the other way round.
	for _, sql := range []string{"from upper('x')", "from sum(1)", "from pandas_scan(1)", "from python_map_function(1)", "from current_user()"} {
		if _, err := check(p, sql); errs.From(err).ID != "gate_unknown_table_function" {
			t.Errorf("%s: %s", sql, verdict(err))
		}
	}
	if _, err := check(p, "select json_each('{}')"); errs.From(err).ID != "gate_unknown_function" {
		t.Errorf("a table function as an expression: %s", verdict(err))
	}
}

// TestNoTextTellsDeniedFromUnknown: what is not granted does not exist.
func TestNoTextTellsDeniedFromUnknown(t *testing.T) {
	p := newParser(t)
	for _, pair := range [][2]string{{"select getvariable('x')", "select getvariablo('x')"}, {"from read_csv('x')", "from read_cvs('x')"}, {"select a::variant from t", "select a::variond from t"}} {
		_, a := check(p, pair[0])
		_, b := check(p, pair[1])
		ea, eb := errs.From(a), errs.From(b)
		if ea == nil || eb == nil || ea.Code != eb.Code || ea.ID != eb.ID || len(ea.Nearest) != len(eb.Nearest) {
			t.Errorf("%s: %v %v; %s: %v %v", pair[0], verdict(a), ea, pair[1], verdict(b), eb)
		}
	}
}
