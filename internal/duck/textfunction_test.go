package duck

import (
	"strings"
	"testing"
)

func shout(dst []byte, text string) []byte { return append(append(dst, strings.ToUpper(text)...), '!') }

// The function makes what the instance was told that it may, NULL of NULL, and nothing
// at all before and after.
func TestTextFunction(t *testing.T) {
	db, c := open(t, Options{Scans: true, Threads: 2})
	ask := func(sql string) string {
		got, err := c.QueryText(t.Context(), sql)
		if err != nil {
			return "error"
		}
		return got
	}
	all := "SELECT CAST(list(lianji_text('shout', a) ORDER BY n) AS VARCHAR) FROM (VALUES (1, 'a'), (2, NULL), (3, 'a longer text of more than twelve bytes'), (4, '')) v(n, a)"
	if got := ask(all); got != "error" {
		t.Errorf("before: %s", got)
	}
	db.Texts(map[string]Appender{"shout": shout})
	if got, want := ask(all), "[A!, NULL, A LONGER TEXT OF MORE THAN TWELVE BYTES!, !]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// All rows of several chunks, some of them NULL, by several threads.
	many := "SELECT count(lianji_text('shout', b)) || ' ' || count(*) FILTER (lianji_text('shout', b) = upper(b) || '!') FROM (SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE 'x' || repeat('y', i % 40) END AS b FROM range(300000) r(i))"
	if got := ask(many); got != "200000 200000" {
		t.Errorf("many: %s", got)
	}
	for _, sql := range []string{
		"SELECT lianji_text('whisper', 'a')", "SELECT lianji_text(NULL, a) FROM (VALUES ('a')) v(a)", "SELECT lianji_text(a, a) FROM (VALUES ('x')) v(a)",
	} {
		if got := ask(sql); got != "error" && got != "" {
			t.Errorf("%s: %s", sql, got)
		}
	}
	if got := ask("SELECT lianji_text('shout', NULL)"); got != "" {
		t.Errorf("NULL: %s", got)
	}
	other, d := open(t, Options{Scans: true})
	other.Texts(map[string]Appender{"whisper": shout})
	if _, err := d.QueryText(t.Context(), "SELECT lianji_text('shout', 'a')"); err == nil {
		t.Error("one instance makes what another may")
	}
	if got := ask("SELECT lianji_text('shout', 'a')"); got != "A!" {
		t.Errorf("beside another instance: %s", got)
	}
	db.Texts(nil)
	if got := ask(all); got != "error" {
		t.Errorf("afterwards: %s", got)
	}
	if err := c.Exec(t.Context(), "CREATE TABLE here AS SELECT 1"); err != nil {
		t.Fatal(err)
	}
	_, without := open(t, Options{})
	if _, err := without.QueryText(t.Context(), "SELECT lianji_text('shout', 'a')"); err == nil {
		t.Error("an instance without scans has the function")
	}
}

// A text that panics fails its statement, not the process.
func TestTextFunctionPanics(t *testing.T) {
	db, c := open(t, Options{Scans: true})
	db.Texts(map[string]Appender{"bad": func(dst []byte, _ string) []byte { return dst[:cap(dst)+1] }})
	if _, err := c.QueryText(t.Context(), "SELECT lianji_text('bad', 'a')"); err == nil {
		t.Error("no error")
	}
	if got, err := c.QueryText(t.Context(), "SELECT 'alive'"); err != nil || got != "alive" {
		t.Error(got, err)
	}
}
