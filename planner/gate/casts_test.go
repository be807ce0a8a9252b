package gate

import (
	"encoding/json"
	"strings"
	"testing"
)

// castTypes are types as people write them behind a cast.
var castTypes = []string{
	"int", "INT ARRAY", "INT ARRAY[3]", "INT[][2][]", "INTERVAL", "INTERVAL DAY", "INTERVAL YEAR TO MONTH", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP(3) WITHOUT TIME ZONE",
	"TIME WITH TIME ZONE", "timetz", "TIME", "TIMESTAMP_S", "TIMESTAMP(3)", "TIMESTAMP_NS", "time_ns", "DATE", "DECIMAL", "DECIMAL(5)", "DECIMAL(5, 1)[3]", "numeric(38, 10)",
	"DOUBLE PRECISION", "REAL", "FLOAT(30)", "CHARACTER VARYING(10)", "CHARACTER", "NATIONAL CHARACTER VARYING", "VARCHAR", "TEXT", "\"VARCHAR\"", "bool", "bytea", "BIT(3)", "varint",
	"uhugeint", "hugeint", "utinyint", "uuid", "json", "JSON[]", "\"NULL\"", "STRUCT(\"a b\" INT, c STRUCT(d DECIMAL(3, 1)[]))", "ROW(a INT)", "MAP(INT, VARCHAR[])[]", "UNION(a INT, \"b\"\"c\" VARCHAR)",
	"ENUM('a', 'it''s')",
}

// A cast of a parameter is found wherever it stands and however it is written, and its
// type is spelled so that DuckDB reads the same one.
func TestCastsOfParams(t *testing.T) {
	p := newParser(t)
	typeOf := func(text string) string {
		tree, err := check(p, text)
		if err != nil {
			t.Errorf("%s: %v", text, verdict(err))
			return ""
		}
		item := asObject(list(sub(asObject(list(tree.root, "statements")[0]), "node"), "select_list")[0])
		b, err := json.Marshal(sub(item, "cast_type"))
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	for _, typ := range castTypes {
		want := typeOf("SELECT NULL::" + typ)
		tree, err := check(p, "SELECT ($1)::"+typ+", cast($2 AS "+typ+") IS NULL")
		if err != nil {
			t.Errorf("%s: %v", typ, verdict(err))
			continue
		}
		casts, err := tree.CastsOfParams()
		if err != nil || len(casts) != 2 {
			t.Errorf("%s: %v %v", typ, casts, err)
			continue
		}
		for _, c := range casts {
			if got := typeOf("SELECT CAST(NULL AS " + c.Type + ")"); got != want || c.Try {
				t.Errorf("%s is spelled %s: %s, want %s", typ, c.Type, got, want)
			}
		}
	}
	if tree, err := check(p, "SELECT coalesce(coalesce($1))::INT"); err != nil {
		t.Error(verdict(err))
	} else if casts, err := tree.CastsOfParams(); err != nil || len(casts) != 1 {
		t.Errorf("coalesce of one: %v %v", casts, err)
	}
	const cast = "($1)::INT"
	for _, form := range []string{
		"SELECT @", "SELECT 'a' GLOB @", "SELECT 'a' SIMILAR TO @", "SELECT 'a' LIKE 'b' ESCAPE @", "SELECT -@", "SELECT 1 + @", "SELECT a BETWEEN 1 AND @ FROM t", "SELECT NOT @",
		"SELECT sum(a) OVER (ORDER BY b ROWS @ PRECEDING) FROM t", "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b RANGE BETWEEN @ PRECEDING AND CURRENT ROW)", "SELECT CASE @ WHEN 1 THEN 2 END", "SELECT count(*) FILTER (@ > 1) FROM t",
		"SELECT * FROM t LIMIT @ OFFSET 1", "SELECT * FROM t LIMIT 1 OFFSET @", "SELECT x FROM range(@) r(x)", "SELECT * FROM t JOIN s ON t.a = @", "VALUES (@)", "SELECT EXISTS (SELECT @)", "SELECT [@]", "SELECT {'a': @}", "SELECT [1][@]",
		"SELECT list_transform([1], x -> x + @)", "SELECT [x + 1 FOR x IN [1] IF x > @]", "SELECT a COLLATE nocase = @ FROM t", "SELECT * FROM t QUALIFY @ > 1", "SELECT * FROM t ORDER BY @", "SELECT DISTINCT ON (@) a FROM t", "SELECT a FROM t GROUP BY GROUPING SETS ((a, @))",
		"WITH c AS (SELECT @) FROM c", "SELECT 1 UNION SELECT @", "SELECT * REPLACE (@ AS a) FROM t", "SELECT columns(c -> c > @) FROM t", "SELECT date '2024-01-01' + INTERVAL (@) DAY", "SELECT @ ->> 'a'", "SELECT 1 IS DISTINCT FROM @", "FROM t SELECT @", "SELECT a::VARCHAR || @ FROM t",
	} {
		text := strings.ReplaceAll(form, "@", cast)
		tree, err := check(p, text)
		if err != nil {
			t.Errorf("%s: %v", text, verdict(err))
			continue
		}
		if casts, err := tree.CastsOfParams(); err != nil || len(casts) != 1 || casts[0] != (CastOfParam{Param: "1", Type: "INTEGER"}) {
			t.Errorf("%s: %v %v", text, casts, err)
		}
	}
}
