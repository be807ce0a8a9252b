package gate

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner/sqltext"
)

// TestParamsAgreeWithDuckDB: the lexer finds the parameters that DuckDB's parser
// finds, and with casts round them the statement passes and has the same ones.
func TestParamsAgreeWithDuckDB(t *testing.T) {
	p := newParser(t)
	for _, sql := range []string{
		"select $1, $2, '$3', \"$4\", $$ $5 $$ /* $6 */ from t where a$7 = $1 -- $8", "select ?, ? from t where '?' = ? and a in (?, ?) limit ? offset ?",
		"select ?2, ?1", "select $Name, $ 姓名, $\"n x\", $name", "select E'\\'$1', $1, b'01', x'ff'", "select $t$ $1 $t$, l[$2:$3], {k: $4} from t",
		"select 'a'\n'$1', $1", "select a+$1, a-?2 from t", "select $1a, $2\"b\"", "select case $1 when $2 then $3 end, $1 between $2 and $3, $1 is null or a = $1 from t",
		"select a\u3000=\u3000$1 from t where b = '\u3000$2'", "select /* ' */ $1, '/*', $2, '*/'", "values ($1, $2)", "with c as (select $1 x) select * from c, range($2::int) where x in ($3)",
	} {
		params, err := sqltext.Params(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var want []string
		for _, param := range params {
			name := param.Name
			if name == "" {
				name = strconv.Itoa(param.Number)
			}
			want = append(want, name)
		}
		casted, _ := sqltext.WithCasts(sql, func(sqltext.Param) (string, bool) { return "VARCHAR", true })
		for _, text := range []string{sql, casted} {
			tree, err := check(p, text)
			if err != nil {
				t.Errorf("%s: %v", text, verdict(err))
				continue
			}
			got := identifiers(tree.root)
			slices.Sort(got)
			slices.Sort(want)
			if got, want := slices.Compact(got), slices.Compact(slices.Clone(want)); !slices.Equal(got, want) {
				t.Errorf("%s: DuckDB sees %v, the lexer %v", text, got, want)
			}
		}
	}
}

// identifiers gives the parameters in a tree.
func identifiers(v any) []string {
	var all []string
	switch v := v.(type) {
	case object:
		if v.get("class") == "PARAMETER" {
			all = append(all, strings.ToLower(text(v, "identifier")))
		}
		for _, m := range v.members {
			all = append(all, identifiers(m.value)...)
		}
	case []any:
		for _, e := range v {
			all = append(all, identifiers(e)...)
		}
	}
	return all
}
