package exec

import "testing"

func TestAnswersAreDuckDBs(t *testing.T) {
	w := newWorld(t, 4, Options{TempDir: t.TempDir()})
	for _, sql := range []string{
		"SELECT * FROM 公安.人口 ORDER BY id",
		"SELECT 姓名, id FROM 公安.人口 WHERE id < 10 AND 区 = 3",
		"SELECT count(*) FROM 公安.人口",
		"SELECT count(*), sum(分), round(avg(f), 6) FROM 公安.人口 WHERE 出生 >= DATE '1960-05-05' AND 分 > 1.5",
		"SELECT a.id, b.id FROM 公安.人口 a JOIN 公安.人口 b ON a.id = b.区 WHERE a.id < 40 ORDER BY 1, 2",
		"SELECT 公安.人口.姓名, 民政.低保.金额 FROM 公安.人口, 民政.低保 WHERE 公安.人口.id = 民政.低保.id ORDER BY 低保.id LIMIT 20",
		"WITH t AS (SELECT id, 区 FROM 公安.人口 WHERE id < 100) SELECT x.id, y.id FROM t x JOIN t y ON x.区 = y.id ORDER BY 1, 2",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT h.id FROM r JOIN 公安.户 h ON h.id = r.n * 2) SELECT * FROM r ORDER BY 1",
		"SELECT id, (SELECT max(金额) FROM 民政.低保 d WHERE d.id = p.id) AS m FROM 公安.人口 p WHERE p.id < 50 ORDER BY 1",
		"SELECT 姓名, count(*) c FROM 公安.人口 WHERE id IN (SELECT id FROM 民政.低保 WHERE 金额 BETWEEN 100 AND 200) GROUP BY 姓名 HAVING c > 3 ORDER BY 2 DESC, 1 LIMIT 10 OFFSET 2",
		"SELECT id FROM 公安.人口 WHERE NOT EXISTS (FROM 民政.低保 d WHERE d.id = 人口.id) AND 区 IS NULL ORDER BY 1",
		"SELECT id, row_number() OVER (PARTITION BY 区 ORDER BY id) FROM 公安.人口 WHERE id < 500 ORDER BY 1",
		"SELECT id FROM 公安.人口 WHERE u = '00000000-0000-0000-0000-000000000042'",
		"SELECT st.a, l FROM 公安.户 WHERE id < 5 ORDER BY id",
		"SELECT 时::DATE, tz::DATE, count(*) FROM 民政.低保 GROUP BY 1, 2 ORDER BY 1, 2",
		"FROM 民政.低保 WHERE 时 = TIMESTAMP '2020-01-05 07:00:00'",
		"SELECT p.id, d.id FROM 公安.人口 p LEFT JOIN 民政.低保 d ON p.id = d.id AND d.金额 > 500 WHERE p.id < 30 ORDER BY 1",
		"SELECT p.id, d.id FROM 公安.户 p FULL JOIN 民政.低保 d ON p.id = d.id WHERE d.id IS NULL OR d.id < 30 ORDER BY 1, 2",
		"SELECT id FROM 公安.人口 WHERE id < 5 UNION ALL SELECT id FROM 民政.低保 WHERE id < 10 ORDER BY 1",
		"SELECT id FROM (SELECT id FROM 公安.人口 ORDER BY id LIMIT 10) WHERE id > 5 ORDER BY id",
		"SELECT sum(id) FROM 公安.人口 WHERE 5 >= id",
		"PIVOT (SELECT 区, id FROM 公安.人口 WHERE id < 40) ON 区 IN (1, 2, 3) USING count(*) ORDER BY id",
		"SELECT * EXCLUDE (u) FROM 公安.人口 WHERE f = 1 OR 姓名 = 'n7' ORDER BY id",
		"SELECT 1 AS x, 'y' AS y, NULL AS z",
		"SELECT rollup_.* FROM (SELECT 区, 姓名, count(*) FROM 公安.人口 WHERE id < 200 GROUP BY ROLLUP (区, 姓名)) rollup_ ORDER BY ALL",
	} {
		w.same(sql)
	}
	w.same("SELECT id FROM 公安.人口 WHERE id = $1", "17")
}

// Where a source's rows are the answer, each result column is the one that was asked for.
func TestStraightColumns(t *testing.T) {
	w := newWorld(t, 1, Options{})
	for _, sql := range []string{
		"SELECT 姓名, id, 姓名 AS n FROM 公安.人口 WHERE id < 9",
		"SELECT id AS a, id AS b, 区 FROM 公安.人口 WHERE 区 IS NULL",
		"SELECT b, a FROM (SELECT id AS a, 分 AS b, 出生 FROM 公安.人口 WHERE id IN (3, 5)) WHERE 出生 > DATE '1950-01-01'",
		"SELECT * FROM 民政.低保 WHERE id < 0",
	} {
		if p := w.same(sql); p != nil && !p.Straight {
			t.Errorf("%s: not straight", sql)
		}
	}
}
