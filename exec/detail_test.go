package exec

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// What a log gets of an error that comes out of data holds no value of a row and no
// literal, in whatever way DuckDB quotes them, or does not.
func TestNoValueInDetail(t *testing.T) {
	w := newWorld(t, 4, Options{TempDir: t.TempDir()})
	for _, sql := range []string{
		"SELECT strptime('LEAK ' || 姓名, '%d') FROM 公安.人口",
		"SELECT regexp_matches('a', 姓名 || '(LEAK') FROM 公安.人口",
		"SELECT CAST(姓名 || ' '' LEAK ''' AS INTEGER) FROM 公安.人口",
		"SELECT json_extract('{\"LEAK\"' || 姓名, '$.a') FROM 公安.人口",
		"SELECT CAST(id + 77769 AS UTINYINT) FROM 公安.人口",
		"SELECT strptime(姓名, '%Q LEAK') FROM 公安.人口",
		"SELECT CAST('ab'' LEAK ''cd' AS INTEGER) FROM 公安.人口",
		"SELECT CAST('''LEAK''' AS DOUBLE)",
	} {
		plan, err := w.plan(sql)
		if err == nil {
			var rows *Rows
			if rows, err = w.engine.Run(t.Context(), plan); err == nil {
				for rows.Next() {
				}
				err = rows.Err()
				rows.Release()
			}
		}
		if err == nil {
			t.Errorf("%s: no error", sql)
			continue
		}
		e := errs.From(err)
		if e.Detail == "" || strings.Contains(e.Detail, "LEAK") || strings.Contains(e.Detail, "777") || strings.Contains(e.Detail, "n1") {
			t.Errorf("%s: %s, detail %q", sql, e.Code, e.Detail)
		}
	}
}
