package sqltext

import "testing"

func TestNoRows(t *testing.T) {
	for _, text := range []string{
		"SELECT * FROM t LIMIT 0", "select a, count(*) from t group by a limit 0;", "SELECT TRUE AS _ FROM t WHERE 1 <> 1 LIMIT 0",
		"WITH x AS (SELECT 1) SELECT * FROM x LIMIT 0", "SELECT 1 UNION ALL SELECT 2 LIMIT 0", "SELECT * FROM (SELECT a FROM t LIMIT 5) q LIMIT 0 -- columns",
		"SELECT * FROM t WHERE 1=0", "SELECT * FROM (SELECT a FROM t UNION SELECT b FROM t) q WHERE false", "SELECT * FROM t WHERE 0 = 1", "SELECT * FROM t WHERE 1 != 1",
	} {
		if !NoRows(text) {
			t.Errorf("%s may have rows", text)
		}
	}
	for _, text := range []string{
		"SELECT * FROM t", "SELECT * FROM t LIMIT 10", "SELECT * FROM t LIMIT 0.5", "SELECT * FROM t LIMIT 0 + 1", "SELECT * FROM t LIMIT 0 OFFSET 1", "SELECT * FROM t LIMIT 0 %",
		"SELECT * FROM (SELECT * FROM t LIMIT 0) q", "(SELECT * FROM t LIMIT 0) UNION ALL SELECT * FROM t", "SELECT a, (SELECT 1 LIMIT 0) FROM t",
		"SELECT count(*) FROM t WHERE 1=0", "SELECT *, count(*) FROM t WHERE 1=0", "SELECT * FROM t UNION ALL SELECT * FROM t WHERE 1=0", "SELECT * FROM t EXCEPT SELECT * FROM t WHERE false",
		"SELECT * FROM t WHERE a = 1 OR 1=0", "SELECT * FROM t WHERE NOT false", "SELECT * FROM t WHERE 11=0", `SELECT * FROM t WHERE "false"`, "SELECT * FROM t WHERE 'false'",
		"VALUES (1) LIMIT 0", "SELECT 'LIMIT', 0", "SELECT * FROM t WHERE x -- LIMIT 0", "", "SELECT * FROM t WHERE 'x LIMIT 0",
	} {
		if NoRows(text) {
			t.Errorf("%s: no rows", text)
		}
	}
}
