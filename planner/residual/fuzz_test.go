package residual_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/residual"
)

// outside gives a text without what is in quotes, and what each pair of quotes holds.
func outside(text string) (rest string, quoted []string, closed bool) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		q := text[i]
		out.WriteByte(q)
		if q != '\'' && q != '"' {
			continue
		}
		var in strings.Builder
		for i++; ; i++ {
			if i >= len(text) {
				return out.String(), quoted, false
			}
			if text[i] == q {
				if i+1 >= len(text) || text[i+1] != q {
					break
				}
				i++
			}
			in.WriteByte(text[i])
		}
		out.WriteByte(q)
		quoted = append(quoted, in.String())
	}
	return out.String(), quoted, true
}

// fuzzed holds a name or a value at each place where a tree can have one.
func fuzzed(name, value string, bytes []byte) (ir.Node, []string) {
	one := filter(scan("t", 1), eq(col(12), word(value)))
	grouped := &ir.Aggregate{Input: one, Groups: pass(12), Aggs: []ir.Assign{assign(100, &ir.Agg{Name: "string_agg", List: []ir.Expr{col(12), word(value)}, Typ: varchar})}}
	cols := []ir.Assign{assign(12, col(12)), assign(100, ref(100, varchar)), assign(101, word(value)),
		assign(102, &ir.Const{Value: catalog.Value{Type: kind(catalog.Blob), V: bytes}}),
		assign(103, &ir.Func{Name: "struct_pack", List: []ir.Expr{number(1)}, Typ: catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: name, Type: integer}}}})}
	return project(grouped, cols...), []string{name, "b", "c", "d", "e"}
}

// Whatever names and values hold, what stands outside of quotes is the same, and
// DuckDB reads back what was written.
func FuzzQuotes(f *testing.F) {
	for _, s := range []string{"a", "'", `"`, `''""`, `\'`, "--", "/*", "$1", "$$", "a\x00b", "字", ";DROP TABLE t", "t1", "c12", "\n", "E'x"} {
		f.Add(s, s, []byte(s))
	}
	plainNode, plainNames := fuzzed("n", "v", []byte("b"))
	plain, err := residual.Write(plainNode, plainNames, scans)
	if err != nil {
		f.Fatal(err)
	}
	want, _, _ := outside(plain)
	r, err := oracle.NewReference(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { r.Close() })
	if err := r.Exec(f.Context(), tables...); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, value string, bytes []byte) {
		root, names := fuzzed(name, value, bytes)
		text, err := residual.Write(root, names, scans)
		if err != nil {
			var u *residual.Unsupported
			if !errors.As(err, &u) {
				t.Fatal(err)
			}
			if name != "" && !strings.Contains(name, "\x00") && utf8.ValidString(name+value) {
				t.Fatalf("%q, %q: %v", name, value, err)
			}
			return
		}
		got, quoted, closed := outside(text)
		if strings.Contains(value, "\x00") {
			got = strings.ReplaceAll(got, `""(CAST('' AS BLOB))`, "CAST('' AS VARCHAR)")
		} else if !slices.Contains(quoted, value) {
			t.Errorf("%q is not in %s", value, text)
		}
		if !closed || got != want || !slices.Contains(quoted, name) {
			t.Fatalf("%q, %q change the text: %s", name, value, text)
		}
		if strings.ContainsRune(text, 0) {
			t.Fatalf("a NUL in %q", text)
		}
		if err := r.Exec(t.Context(), "DELETE FROM t", "INSERT INTO t (a) VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		rows := query(t, r, text).Rows
		if len(rows) != 0 {
			t.Errorf("%q equals NULL", value)
		}
		text, err = residual.Write(row(word(value), &ir.Const{Value: catalog.Value{Type: kind(catalog.Blob), V: bytes}}), []string{name, "b"}, scans)
		if err != nil {
			t.Fatal(err)
		}
		rows = query(t, r, text).Rows
		if rows[0][0] != value || rows[0][1] != string(bytes) {
			t.Errorf("%q, %q came back as %q: %s", value, bytes, rows, text)
		}
	})
}
