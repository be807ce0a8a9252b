package pgwire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lianji/lianji/server/servertest"
)

// The door refuses bytes written in hex before it asks for anything, in every way of
// asking, and points at them.
func TestHexBytesAtTheDoor(t *testing.T) {
	q := &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 1})}
	c := open(t, q).connect(t, "")
	for _, sql := range []string{`SELECT '张' FROM t WHERE b = '\x6162'::bytea`, `COPY (SELECT '张' FROM t WHERE b = '\x6162'::bytea) TO STDOUT (FORMAT "binary")`} {
		_, err := run(t, c, sql)
		e := wantState(t, err, "0A000")
		if want := int32(utf8.RuneCountInString(sql[:strings.Index(sql, `'\x`)]) + 1); e.Position != want {
			t.Errorf("%s: the place %d, want %d", sql, e.Position, want)
		}
	}
	_, err := c.Prepare(t.Context(), "s", `SELECT '\x6162'::bytea`, nil)
	wantState(t, err, "0A000")
	mustRun(t, c, `BEGIN; COMMIT`, "BEGIN\nCOMMIT\n")
	if _, err := run(t, c, `SELECT '\x6162'::text`); err != nil {
		t.Error(err)
	}
}
