package sqltext

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"
)

// redactLines shows the redacted text with literals numbered, then their values.
func redactLines(t *testing.T, text string, d *datadriven.TestData) string {
	limit := 1000
	d.MaybeScanArgs(t, "limit", &limit)
	var values [][]byte
	out := Redact(text, limit, func(value []byte) string {
		values = append(values, bytes.Clone(value))
		return fmt.Sprint(len(values))
	})
	var b strings.Builder
	fmt.Fprintln(&b, out)
	for i, v := range values {
		fmt.Fprintf(&b, "%d %q\n", i+1, v)
	}
	return b.String()
}

// Wherever and however a value is written as a literal, or in a comment, it does not
// get through.
func TestRedactHidesLiterals(t *testing.T) {
	const secret = "5e5ecre7"
	forms := []string{
		"'%s'", "'it''s %s'", `E'\'%s\\'`, "e'%s'", "$$%s$$", "$a$ ' $$ %s $a$", "X'%s'", "b'%s'", "U&'%s'", `'{"a": "%s", "b": [1, "%s"]}'`,
		"'a'\n'%s'", "'a' -- %s\n 'b'", "/* %s */ 1", "/* /* %s */ */ 1", "-- %s\n1", "-- it's %s\n1", "0x%s", "%s", "1_0%s", "1.%s", ".%s", "1e%s",
		"DATE '%s'", "[1, '%s']", "{'a': '%s'}", "$ /* %s */ name", "$ -- %s\n name", "x -- %s", "-%s", "::'%s'",
		"‘%s’", "“%s”", "’%s’", "＂%s＂", "「a %s」", "a＝‘b %s’", "\xff‘%s’", "‘ ' ’ %s '", "‘a’，‘b %s’", "‘a %s",
		// These end the text: nothing closes them.
		"'%s", "E'%s\\'", "$$%s", "$a$%s$$", "/* %s", "/* /* %s */", "\"%s", "1 $ %s", "x /* %s",
	}
	around := []string{"select ", "a", "\"n'm\"", ", ", "(", ")", " = ", "x.y", "$1", "?2", " -- c\n", "\u3000", "\x01", "\xff", ";", "'", "/*", "*/", "$", "E", "\n"}
	rapid.Check(t, func(t *rapid.T) {
		before := strings.Join(rapid.SliceOfN(rapid.SampledFrom(around[:15]), 0, 8).Draw(t, "before"), "")
		after := strings.Join(rapid.SliceOfN(rapid.SampledFrom(around), 0, 8).Draw(t, "after"), "")
		limit := rapid.SampledFrom([]int{1000, 10, 0}).Draw(t, "limit")
		for _, form := range forms {
			behind := after
			if form == `"%s` {
				behind = "" // a quote would close it, and it would be a name
			}
			// Behind a letter or a digit the literal could be the rest of a name.
			text := before + " " + strings.ReplaceAll(form, "%s", secret) + behind
			if out := Redact(text, limit, func([]byte) string { return "?" }); strings.Contains(out, secret) {
				t.Fatalf("%q\nbecame %q", text, out)
			}
		}
	})
}

// What MySQL reads as a value with a quote in it does not get through in parts.
func TestRedactHidesEscapes(t *testing.T) {
	const secret = "5e5ecre7"
	for _, form := range []string{
		`'O\'x%s'`, `'O\'x%s''`, `'O\' x%s'`, `'a\', x%s, 'b\'s'`, `'x\'' and a = 'x%s'`, `'x\'' and a = ' x%s' and b = 'y\''`,
		`'O\' x%s' , 'b\' c'`, `'O\' x%s' and a = "b`, `'a\' x%s' , 'b\' c' /* ' */ , 'd'`, "'a\\' x%s' , 'b\\' c' -- '\n , 'd'",
	} {
		for _, around := range []string{"%s", "select a from b where c = %s", "a = %s and d in ('e', 'f')", "%s group by \"g\" -- h", "(%s);"} {
			text := strings.ReplaceAll(strings.Replace(around, "%s", form, 1), "%s", secret)
			if out := Redact(text, 1000, func([]byte) string { return "?" }); strings.Contains(out, secret) {
				t.Errorf("%s\nbecame %s", text, out)
			}
		}
	}
}

// A backslash before a quote costs nothing of a text in which it is one.
func TestRedactKeepsBackslashes(t *testing.T) {
	for text, want := range map[string]string{
		`select a like '50\%' escape '\' and b = 'x' group by c`:     `select a like ‹?› escape ‹?› and b = ‹?› group by c`,
		`a like 'x' escape '\' and b like 'y' escape '\' order by c`: `a like ‹?› escape ‹?› and b like ‹?› escape ‹?› order by c`,
		`p = 'C:\' and q = 'it\''s' and r in ('D:\', 'e') limit n`:   `p = ‹?› and q = ‹?› and r in (‹?›, ‹?›) limit n`,
		`p = 'C:\\' and "n'm" = 'x' -- it's\n and c`:                 `p = ‹?› and "n'm" = ‹?›`,
		`p = 'C:\' and o = 'O\'Brien' and "a" is null`:               `p = … ‹?›`,
		`p = 'O\'Brien'`:         `p = … ‹?›`,
		`p = 'O\\''Brien' and q`: `p = ‹?› and q`,
	} {
		if got := Redact(text, 1000, func([]byte) string { return "?" }); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", text, got, want)
		}
	}
}

// Of a text that is no SQL nothing is kept from where a value could begin.
func TestRedactUnread(t *testing.T) {
	const secret = "s5e5ecre7" // no number
	for _, form := range []string{
		"= 'O'%s'", "= 'O' %s', 'b' c'", `= "%s"`, `= "O\"%s"`, `= "O"%s"`, "= `%s`", "= %s", "like %%s%", "like %s", "similar to %s", "like ‘O'%s’", "rlike %s", "in (%s)", "# %s", "between %s", "\\%s",
		`"%s"`, "`%s`", "'O'%s'", "values (%s)", "<> %s", "@%s", "/* ' */ 'O' %s", "E'\\'' %s", "〈> '%s", "$a$ %s", "q'[it's %s]'",
	} {
		for _, around := range []string{"select * from b where c %s", "select count(*), 1 from b where c %s and d = 'e' group by", "c %s x 'y'"} {
			text := strings.Replace(around, "%s", strings.Replace(form, "%s", secret, 1), 1)
			out := RedactUnread(text, 1000, func([]byte) string { return "?" })
			if strings.Contains(out, secret) {
				t.Errorf("%s\nbecame %s", text, out)
			}
		}
	}
	want := "select *, count(*) from 公安.人口 where xm … ‹?›"
	if got := RedactUnread(`select *, count(*) from 公安.人口 where xm = "x" and y`, 1000, func([]byte) string { return "?" }); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A value that was sent is found again by the same function, however it was quoted.
func TestRedactGivesValues(t *testing.T) {
	for _, text := range []string{"'O''Brien'", "$$O'Brien$$", "$q$O'Brien$q$"} {
		var got string
		Redact(text, 100, func(v []byte) string { got = string(v); return "" })
		if got != "O'Brien" {
			t.Errorf("%s is the value %q", text, got)
		}
	}
}
