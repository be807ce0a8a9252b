package gateway

import (
	"testing"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// A sign of a Chinese keyboard is told with its place and with what to type instead.
func TestFullWidthSigns(t *testing.T) {
	g := newGateway(t, Options{})
	s := server.Session{Snapshot: oneTable{}}
	for _, c := range []struct {
		sql   string
		sign  string // empty: the mistake is another one
		plain string
	}{
		{"SELECT 姓名，姓名 FROM 公安.人口", "，", ","},
		{"SELECT count（*） FROM 公安.人口", "（", "("},
		{"SELECT 姓名 FROM 公安.人口 WHERE 姓名 = ‘张三’", "‘", "'"},
		{"SELECT 姓名 FROM 公安.人口 WHERE 姓名 = '张三’", "’", "'"},
		{"SELECT 姓名 FROM 公安.人口 WHERE （姓名 = 'a')", "（", "("},
		{"SELECT 姓名 FROM 公安．人口", "．", "."},
		{"SELECT 姓名 FROM 公安.人口；", "；", ";"},
		{"EXPLAIN SELECT 姓名 FROM 公安.人口 ORDER BY 姓名，1", "，", ","},
		{"SELECT '，' FROM 公安.人 口 X", "", ""},
		{"SELECT 性别 FROM 公安.人口 WHERE 姓名 = '（'", "", ""},
	} {
		a, err := g.Query(t.Context(), s, server.Request{SQL: c.sql})
		if err == nil {
			a.Stream.Release()
			t.Errorf("%s: answered", c.sql)
			continue
		}
		e := errs.From(err)
		if (e.ID == "full_width_sign") != (c.sign != "") {
			t.Errorf("%s: %s %v", c.sql, e.ID, e)
			continue
		}
		if c.sign != "" && (e.Code != errs.SyntaxError || e.Args["Sign"] != c.sign || e.Args["Plain"] != c.plain || e.Pos == nil || string([]rune(c.sql)[e.Pos.Column-1]) != c.sign) {
			t.Errorf("%s: %+v %+v", c.sql, e.Args, e.Pos)
		}
	}
}
