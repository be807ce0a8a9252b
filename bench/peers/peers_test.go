package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/internal/oracle"
)

var twoColumns = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "t", Type: arrow.BinaryTypes.String}}, nil)

func tallyOf(t *testing.T, large bool, rows ...[]any) *tally {
	t.Helper()
	out := &tally{large: large}
	if err := out.add(twoColumns, rows); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLargeAnswersAreCompared(t *testing.T) {
	a, b, c := []any{int64(1), "x"}, []any{int64(2), "y"}, []any{int64(2), "x"}
	want := tallyOf(t, true, a, b, a)
	for name, x := range map[string]struct {
		got  [][]any
		same bool
	}{
		"another order":       {[][]any{b, a, a}, true},
		"another cell":        {[][]any{c, a, a}, false},
		"a row too few":       {[][]any{a, b}, false},
		"another row twice":   {[][]any{a, b, b}, false},
		"cells run together":  {[][]any{{int64(11), ""}, b, a}, false},
		"NULL for a text":     {[][]any{{int64(1), nil}, b, a}, false},
		"a text for a number": {[][]any{{"1", "x"}, b, a}, false},
	} {
		if err := want.differs(tallyOf(t, true, x.got...), oracle.Order{}, false); (err == nil) != x.same {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := tallyOf(t, true, a, b, a)
	other.result.Schema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int32}, {Name: "t", Type: arrow.BinaryTypes.String}}, nil)
	if want.differs(other, oracle.Order{}, false) == nil {
		t.Error("another type is not seen")
	}
}

func TestLooseComparison(t *testing.T) {
	want := [][]any{{"1.2345", "a"}, {"2", "b"}, {"2", "c"}}
	total, keys := oracle.Order{Total: true}, oracle.Order{Keys: []int{0}, Limited: true, Limit: 2}
	for name, x := range map[string]struct {
		got   [][]any
		order oracle.Order
		same  bool
	}{
		"fewer digits":        {[][]any{{"1.23", "a"}, {"2.00", "b"}, {"2.00", "c"}}, total, true},
		"another number":      {[][]any{{"1.25", "a"}, {"2", "b"}, {"2", "c"}}, total, false},
		"another text":        {[][]any{{"1.2345", "a"}, {"2", "c"}, {"2", "c"}}, total, false},
		"a row too few":       {want[:2], total, false},
		"another of a tie":    {[][]any{want[0], want[2]}, keys, true},
		"another key":         {[][]any{want[0], {"3", "b"}}, keys, false},
		"more than the limit": {want, keys, false},
	} {
		if err := loose(want, x.got, x.order); (err == nil) != x.same {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every table of a statement is named with its source, and no column that is called
// like a table.
func TestSplit(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	for split := range splits {
		all, err := tpch(split)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range all {
			seen := map[string]string{}
			for _, m := range tableName.FindAllStringSubmatch(w.sql, -1) {
				seen[m[2]] = m[1]
				if in := slices.Contains(splits[split].postgres, m[2]); in != (m[1] == "pg") {
					t.Errorf("Q%d: %s stands in %s", i+1, m[2], m[1])
				}
			}
			// Each table's columns have its letter.
			for letters, table := range map[string]string{"l_": "lineitem", "o_": "orders", "c_": "customer", "p_": "part", "ps_": "partsupp", "s_": "supplier", "n_": "nation", "r_": "region"} {
				used := false
				for _, word := range strings.FieldsFunc(w.sql, func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_') }) {
					used = used || strings.HasPrefix(word, letters) && word != "c_count" && word != "c_orders" && word != "o_year" && word != "l_year"
				}
				if _, named := seen[table]; named != used {
					t.Errorf("Q%d: %s is read: %v; is named with its source: %v", i+1, table, used, named)
				}
			}
		}
	}
}

func TestReport(t *testing.T) {
	took := func(all ...time.Duration) *entry { return &entry{times: all} }
	l := &line{work: &work{name: "w", needs: bounds{attach: 2, source: 1.2}}, cells: map[string]*entry{
		ours: took(3*time.Second, time.Second, 2*time.Second), attach: took(5 * time.Second), itself: took(time.Second), "ADBC": {err: errors.New("a wrong\nanswer")},
	}}
	text := (&report{lines: []*line{l}}).markdown()
	for _, want := range []string{"| w | 2.00 s | 5.00 s |  |  |  | fails (1) | 1.00 s | 2.50 | 2.00 | ATTACH ≥ 2, **source ≤ 1.2** |", "1. `a wrong answer`"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	mean, n := geometricMean([]*line{l, {work: l.work, cells: map[string]*entry{ours: took(4 * time.Second), attach: took(time.Second)}}, {work: l.work, cells: map[string]*entry{ours: took(time.Second)}}}, attach)
	if n != 2 || mean < 0.790 || mean > 0.791 { // the root of 2.5 * 0.25
		t.Errorf("geometric mean %f of %d", mean, n)
	}
	wrong := &report{lines: []*line{{work: l.work, cells: map[string]*entry{ours: took(time.Second), byFlight: {err: errors.New("a wrong answer")}, attach: {err: errors.New("theirs")}}}}}
	if got := wrong.failed(); len(got) != 1 || got[0] != "w, lianji, Flight SQL: a wrong answer" {
		t.Errorf("failed: %q", got)
	}
	file := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(file, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(file, "new\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "before\n"+begin+"new\n"+end+"after\n" {
		t.Errorf("%s, %v", got, err)
	}
	if err := write(filepath.Join("..", "doc.go"), "new"); err == nil {
		t.Error("written into a file without marks")
	}
}
