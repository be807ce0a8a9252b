package policy_test

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

// What cannot be a row filter of any table is refused when it is saved.
func TestCheckFilter(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "qx = '和平区'": true, "zzz(qx) > 1": true, "(a = 1 OR b IN (1, 2))": true, "a = 'select ('": true, `"select" = 1`: true,
		"a IN (SELECT b FROM 公安.名单)": true, "NOT (a IN (SELECT b FROM 公安.名单 WHERE c = 'x'))": true, "a IN (SELECT b FROM 公安.名单 WHERE c IN (SELECT d FROM 公安.名单))": false,
		"a IN (SELECT b FROM 公安.名单 UNION SELECT 1)": false, "a IN (SELECT b FROM 公安.名单": false, "a IN (WITH x AS (SELECT 1) SELECT b FROM 公安.名单)": false,
		"a IN (SELECT b FROM t)": false, "EXISTS (FROM t)": false, "a = 1 UNION SELECT 1": false, "(a = 1": false, "a = 1)": false, "a = 1; b": false, "a = ?": false,
	} {
		if err := policy.CheckFilter(text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCheckExpression(t *testing.T) {
	r := &catalog.Resource{Items: []catalog.Item{{No: 1, Name: "xm"}, {No: 2, Name: "出生"}, {No: 3, Name: `a"b`}, {No: 4}}}
	for _, text := range []string{
		"left(xm, 1) || '**'", "LEFT(XM, 1)", `"xm"`, `"a""b"`, "CASE WHEN length(xm) > 1 THEN 'long' ELSE NULL END", "year(出生)", "'constant'", "CAST(出生 AS VARCHAR)",
		"CASE WHEN agency_code() = 'MZ' THEN xm END", "CASE WHEN principal_attribute('level') = '2' THEN xm END", "coalesce(xm, '')", "xm IN ('a', 'b')", "length(xm)",
	} {
		if err := policy.CheckExpression(text, r); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"", " ", "sfzh", "left(sfzh, 1)", "t.xm", "xm -- x", "xm /* */", "(xm", "xm)", "xm) AS a, (xm", "(SELECT xm FROM t)", "random()", "lianji_text('a', xm)", `"lianji_text"('a', xm)`,
		"now()", "current_user", "xm; xm", "?", "$1", "getvariable('a')", "error('a')", "e'a'", `""`, `"xm"('a')`, "sha256(xm)", "agency_code(1)",
	} {
		if err := policy.CheckExpression(text, r); err == nil {
			t.Errorf("%s passes", text)
		}
	}
}
