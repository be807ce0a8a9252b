package output_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
	"pgregory.net/rapid"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/output"
)

// grid makes a stream; each batch is a list of rows, and nil is NULL. Columns of
// int64 and of text by what their first value is.
func grid(t testing.TB, names []string, batches ...[][]any) (*fakeStream, []catalog.Type) {
	t.Helper()
	columns := make([]catalog.Column, len(names))
	types := make([]catalog.Type, len(names))
	for i, name := range names {
		types[i] = kind(catalog.Text)
		if _, number := batches[0][0][i].(int); number {
			types[i] = kind(catalog.Int64)
		}
		columns[i] = catalog.Column{Name: name, Type: types[i]}
	}
	s := &fakeStream{schema: catalog.ArrowSchema(columns)}
	for _, rows := range batches {
		b := array.NewRecordBuilder(memory.NewGoAllocator(), s.schema)
		for _, row := range rows {
			for i, v := range row {
				switch v := v.(type) {
				case nil:
					b.Field(i).AppendNull()
				case int:
					b.Field(i).(*array.Int64Builder).Append(int64(v))
				case string:
					b.Field(i).(*array.StringBuilder).Append(v)
				}
			}
		}
		batch := b.NewRecordBatch()
		b.Release()
		t.Cleanup(batch.Release)
		s.batches = append(s.batches, batch)
	}
	return s, types
}

func shown(t testing.TB, s *fakeStream, types []catalog.Type, columns int) (text, notes string) {
	t.Helper()
	var out, below bytes.Buffer
	if _, err := output.Write(t.Context(), &out, output.Table, s, output.Options{Types: types, Width: columns, Notes: &below, Langs: []string{"en"}}); err != nil {
		t.Fatal(err)
	}
	return out.String(), below.String()
}

// What a terminal of a given width shows.
func TestTableOnATerminal(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns int
		names   []string
		batches [][][]any
		want    string
		cut     int
	}{
		{"it fits: nothing is shortened", 24, []string{"id", "姓名", "地址"}, [][][]any{{{1, "张三", "铁西区"}, {20, nil, ""}}}, "" +
			" id | 姓名 | 地址\n" +
			"----+------+--------\n" +
			"  1 | 张三 | 铁西区\n" +
			" 20 | NULL | \n", 0},
		{"the widest text gives way, a Chinese character as a whole", 24, []string{"id", "姓名", "地址"}, [][][]any{{{1, "张三", "沈阳市铁西区建设大路"}, {20, "李四", "ab沈阳市铁西区"}}}, "" +
			" id | 姓名 | 地址\n" +
			"----+------+------------\n" +
			"  1 | 张三 | 沈阳市铁…\n" +
			" 20 | 李四 | ab沈阳市…\n", 2},
		{"emoji of several characters and marks upon a letter stay whole", 16, []string{"n", "text"}, [][][]any{{{1, "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧"}, {2, "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"}, {3, "👍👍👍👍👍"}}}, "" +
			" n | text\n" +
			"---+------------\n" +
			" 1 | 👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧…\n" +
			" 2 | e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301…\n" +
			" 3 | 👍👍👍👍👍\n", 2},
		{"a long name gives way too, and numbers never do", 30, []string{"a_very_long_name_of_a_number", "t"}, [][][]any{{{1234567890, strings.Repeat("x", 40)}}}, "" +
			" a_very_long… | t\n" +
			"--------------+---------------\n" +
			"   1234567890 | xxxxxxxxxxxx…\n", 1},
		{"wider numbers of a later batch get a head of their own", 20, []string{"n", "t"}, [][][]any{{{1, "a long text that is cut"}}, {{2, "b"}}, {{123456, "another long text"}}}, "" +
			" n | t\n" +
			"---+----------------\n" +
			" 1 | a long text t…\n" +
			" 2 | b\n" +
			"\n" +
			"      n | t\n" +
			"--------+-----------\n" +
			" 123456 | another …\n", 2},
		{"too many columns: records", 20, []string{"id", "姓名", "a_long_name", "x"}, [][][]any{{{1, "张三", nil, "沈阳市铁西区建设大路"}, {2, "李四", "", "y"}}, {{3, "NULL", "z", "1234567890123"}}}, "" +
			"-[ 1 ]--------------\n" +
			"id     | 1\n" +
			"姓名   | 张三\n" +
			"a_lon… | NULL\n" +
			"x      | 沈阳市铁西…\n" +
			"-[ 2 ]--------------\n" +
			"id     | 2\n" +
			"姓名   | 李四\n" +
			"a_lon… | \n" +
			"x      | y\n" +
			"-[ 3 ]--------------\n" +
			"id     | 3\n" +
			"姓名   | \"NULL\"\n" +
			"a_lon… | z\n" +
			"x      | 1234567890…\n", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, types := grid(t, c.names, c.batches...)
			got, notes := shown(t, s, types, c.columns)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			for line := range strings.SplitSeq(got, "\n") {
				if w := runewidth.StringWidth(line); w > c.columns {
					t.Errorf("%d columns: %s", w, line)
				}
			}
			mark := fmt.Sprintf("\n%d value(s) shortened to the terminal's width (…)", c.cut)
			if strings.Contains(notes, mark) != (c.cut > 0) || strings.Contains(notes, "shortened") != (c.cut > 0) {
				t.Errorf("notes %q, want %d values shortened", notes, c.cut)
			}
		})
	}
}

// A terminal too narrow for a number gets it whole all the same.
func TestNumbersInRecordsStayWhole(t *testing.T) {
	s, types := grid(t, []string{"id", "number", "x", "y"}, [][]any{{1, 1234567890123456789, "a", "b"}})
	got, notes := shown(t, s, types, 24)
	if !strings.Contains(got, "number | 1234567890123456789\n") || strings.Contains(notes, "shortened") {
		t.Errorf("%s%s", got, notes)
	}
}

// NULL, the text NULL and the empty text differ, and so do texts that look like what
// stands for them.
func TestNullIsNoText(t *testing.T) {
	texts := []any{nil, "", "NULL", `"NULL"`, `""NULL""`, `"NULL`, `NULL"`, "null", `""`, `"`}
	var rows [][]any
	for _, v := range texts {
		rows = append(rows, []any{"x", v})
	}
	s, types := grid(t, []string{"x", "v"}, rows)
	got, _ := shown(t, s, types, 0)
	seen := map[string]bool{}
	for line := range strings.SplitSeq(got, "\n") {
		seen[line] = true
	}
	for _, want := range []string{" x | NULL", " x | ", ` x | "NULL"`, ` x | ""NULL""`, ` x | """NULL"""`, ` x | "NULL`, ` x | NULL"`, " x | null", ` x | ""`, ` x | "`} {
		if !seen[want] {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
	if len(seen) != len(texts)+3 { // name, rule, and the empty text behind the end
		t.Errorf("%d different lines\n%s", len(seen), got)
	}
}

// Whatever a database holds or calls its columns, a terminal gets printable
// characters and ends of lines alone.
func TestNothingSteersTheTerminal(t *testing.T) {
	attacks := []string{
		"\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]52;c;aGk=\x07", "\x9b31m", "\u009b31m", "\u0090q\u009c", "\r\n", "\b\b\b", "\x7f", "\x00", "\u202egnp.exe", "\u2066x\u2069",
		"\u200e\u200f", "a\u200bb", "\ufeff", "\u2028\u2029", "\u061c", "\u00ad", "\ufff9a\ufffab\ufffb", "\u180e", "\xff\xfe", "\xc2", "\x1b",
	}
	check := func(t *testing.T, text string) {
		t.Helper()
		for _, r := range text {
			if r != '\n' && (r < ' ' || (r >= 0x7f && r < 0xa0) || strings.ContainsRune("\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufff9\ufffa\ufffb", r)) {
				t.Fatalf("%U in %q", r, text)
			}
		}
	}
	for _, columns := range []int{0, 20, 80, 400} {
		for _, a := range attacks {
			s, types := grid(t, []string{"id", a, "x" + a}, [][]any{{1, a, a + a}, {2, a + "x", strings.Repeat(a, 30)}})
			got, _ := shown(t, s, types, columns)
			check(t, got)
			if strings.Count(got, "\n") < 4 {
				t.Errorf("%q: %q", a, got)
			}
		}
	}
	nested := catalog.ListOf(catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "\u009b\u202e", Type: kind(catalog.Text)}}})
	batch, types := column(memory.NewGoAllocator(), kindCase{typ: nested, fill: func(b array.Builder) {
		l := b.(*array.ListBuilder)
		l.Append(true)
		l.ValueBuilder().(*array.StructBuilder).Append(true)
		l.ValueBuilder().(*array.StructBuilder).FieldBuilder(0).(*array.StringBuilder).Append("\x1b[2J\u009b\u2028")
	}})
	defer batch.Release()
	check(t, written(t, output.Table, batch, types))
	if got := output.Printable("a\x1b[2J\nb\u202e\n\n"); got != "a\\x1b[2J\nb\\u202e\n\n" {
		t.Errorf("Printable gives %q", got)
	}
}

// A text of any length costs little, and marks without number upon one letter do not
// make a line of any length.
func TestHugeTextsOnATerminal(t *testing.T) {
	s, types := grid(t, []string{"n", "t"}, [][]any{{1, strings.Repeat("沈", 1<<20)}, {2, "e" + strings.Repeat("\u0301", 1<<20)}})
	got, notes := shown(t, s, types, 80)
	if len(got) > 6000 || !strings.Contains(got, "沈…\n") || !strings.Contains(notes, "2 value(s) shortened") {
		t.Errorf("%d bytes, %q", len(got), notes)
	}
}

// No line is wider than the terminal, unless numbers alone need more.
func TestTablesKeepToAnyWidth(t *testing.T) {
	alphabet := rapid.SampledFrom([]string{"a", "沈", "👍", "e\u0301", "\t", "👨‍👩‍👧", "\u202e", " ", "…", "\""})
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(r, "columns of the result")
		word := func(most int) string { return strings.Join(rapid.SliceOfN(alphabet, 0, most).Draw(r, "text"), "") }
		names, batches := make([]string, n), make([][][]any, rapid.IntRange(1, 3).Draw(r, "batches"))
		numbers := make([]bool, n)
		for i := range names {
			names[i], numbers[i] = word(12), rapid.Bool().Draw(r, "number")
		}
		for b := range batches {
			for range rapid.IntRange(1, 3).Draw(r, "rows") {
				row := make([]any, n)
				for i := range row {
					if row[i] = any(word(40)); numbers[i] {
						row[i] = rapid.IntRange(-99, 99_999_999).Draw(r, "value")
					}
				}
				batches[b] = append(batches[b], row)
			}
		}
		columns := rapid.IntRange(24, 120).Draw(r, "columns of the terminal")
		s, types := grid(t, names, batches...)
		got, _ := shown(t, s, types, columns)
		condition := &runewidth.Condition{StrictEmojiNeutral: true}
		for line := range strings.SplitSeq(got, "\n") {
			if w := condition.StringWidth(line); w > columns {
				r.Errorf("%d of %d columns: %q", w, columns, line)
			}
		}
	})
}

// A table that breaks off has no line with its number of rows.
func TestABrokenTableHasNoFooter(t *testing.T) {
	s, types := grid(t, []string{"t"}, [][]any{{"x"}}, [][]any{{"y"}})
	s.err = errors.New("gone")
	var out, notes bytes.Buffer
	_, err := output.Write(t.Context(), &out, output.Table, s, output.Options{Types: types, Width: 40, Notes: &notes})
	if err == nil || notes.Len() > 0 || out.String() != " t\n---\n x\n y\n" {
		t.Errorf("%v, %q, %q", err, out.String(), notes.String())
	}
}
