package sqltext

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
)

var kindNames = [...]string{End: "end", Word: "word", Quoted: "quoted", String: "string", Number: "number", Placeholder: "param", Operator: "op", Punct: "punct", Other: "other"}

// show gives an error as code, message id and place.
func show(err error) string {
	e := errs.From(err)
	at := -1
	if e.Pos != nil {
		at = e.Pos.Offset
	}
	return fmt.Sprintf("%s %s at %d: %s", e.Code, e.ID, at, e.Text())
}

var escape = regexp.MustCompile(`\\n|\\t|\\u[0-9a-f]{4}`)

// input turns \n, \t and \uXXXX into the characters, so that the golden files show them.
func input(t *testing.T, s string) string {
	return escape.ReplaceAllStringFunc(strings.TrimSuffix(s, "\n"), func(e string) string {
		c, _, _, err := strconv.UnquoteChar(e, 0)
		if err != nil {
			t.Fatalf("%q: %v", e, err)
		}
		return string(c)
	})
}

func TestGoldens(t *testing.T) {
	for _, file := range []string{"tokens", "params", "statements", "normalize", "redact"} {
		datadriven.RunTest(t, "testdata/"+file, func(t *testing.T, d *datadriven.TestData) string {
			text := input(t, d.Input)
			switch d.Cmd {
			case "tokens":
				return tokenLines(text)
			case "params":
				return paramLines(text)
			case "casts":
				return castLines(t, text, d)
			case "statement":
				return statementLines(text)
			case "normalize":
				out, err := Normalize(text)
				if err != nil {
					return show(err)
				}
				if len(out) != len(text) {
					t.Errorf("%d bytes became %d", len(text), len(out))
				}
				return strconv.Quote(out)
			case "redact":
				return redactLines(t, text, d)
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	}
}

func tokenLines(text string) string {
	tokens, err := Tokens(text)
	if err != nil {
		return show(err)
	}
	var b strings.Builder
	for _, tok := range tokens {
		fmt.Fprintf(&b, "%s %d-%d %q\n", kindNames[tok.Kind], tok.Start, tok.End, tok.Text(text))
	}
	return b.String()
}

func paramLines(text string) string {
	refs, err := Params(text)
	if err != nil {
		return show(err)
	}
	var b strings.Builder
	for _, p := range refs {
		fmt.Fprintf(&b, "%q %d at %d-%d\n", p.Name, p.Number, p.Start, p.End)
	}
	return b.String()
}

func castLines(t *testing.T, text string, d *datadriven.TestData) string {
	out, back := WithCasts(text, func(p Param) (string, bool) {
		return "DATE", p.Number != 2
	})
	for i := 0; i <= len(out); i++ {
		if at := back(i); at < 0 || at > len(text) {
			t.Errorf("offset %d maps to %d", i, at)
		}
	}
	// What stands unchanged in both texts must map onto itself.
	for _, word := range strings.Fields(text) {
		if strings.ContainsAny(word, "$?") || strings.Count(text, word) != 1 || strings.Count(out, word) != 1 {
			continue
		}
		if at := back(strings.Index(out, word)); at != strings.Index(text, word) {
			t.Errorf("%q maps to %d, stands at %d", word, at, strings.Index(text, word))
		}
	}
	return out
}

func statementLines(text string) string {
	s, err := Statement(text)
	if err != nil {
		return show(err)
	}
	kinds := [...]string{Query: "query", Explain: "explain", Describe: "describe", ShowTables: "show tables", ShowSchemas: "show schemas"}
	out := kinds[s.Kind]
	for name, set := range map[string]bool{" show": s.Show, " analyze": s.Analyze} {
		if set {
			out += name
		}
	}
	if s.JSON {
		out += " json"
	}
	if s.Path != nil {
		out += fmt.Sprintf(" path %q at %d", s.Path, s.Offset)
	}
	if s.SQL != "" {
		out += fmt.Sprintf(" sql %q at %d", s.SQL, s.Offset)
	}
	return out
}

func TestReadOnlyNamesTheStatement(t *testing.T) {
	for word := range otherWords {
		if word == "GRANT" || word == "REVOKE" {
			continue // TestGrantsAreKnown
		}
		_, err := Statement(strings.ToLower(word) + " x")
		e := errs.From(err)
		if e == nil || e.Code != errs.ReadOnly || !strings.Contains(e.Text("zh-CN"), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// GRANT, REVOKE and SHOW GRANTS are found whole, whatever stands in them; nothing else
// is taken for one of them.
func TestGrantsAreKnown(t *testing.T) {
	for text, want := range map[string]Stmt{
		"GRANT x;":                      {Kind: Grants, SQL: "GRANT x"},
		"; /* a */ revoke 'b;c' -- d\n": {Kind: Grants, SQL: "revoke 'b;c'", Offset: 10},
		"show  Grants":                  {Kind: Grants, SQL: "show  Grants"},
		"SHOW GRANTS ON a.b":            {Kind: Grants, SQL: "SHOW GRANTS ON a.b"},
		"DESCRIBE grants":               {Kind: Describe, Path: []string{"grants"}, Offset: 9},
		"SHOW \"grants\"":               {Kind: Describe, Path: []string{"grants"}, Offset: 5, Show: true},
		"SHOW grants_x":                 {Kind: Describe, Path: []string{"grants_x"}, Offset: 5, Show: true},
	} {
		got, err := Statement(text)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%q: %v %s", text, err, d)
		}
	}
	for text, want := range map[string]errs.Code{"EXPLAIN GRANT x": errs.ReadOnly, "GRANT a; GRANT b": errs.OneStatement, "SELECT 1; REVOKE x": errs.OneStatement} {
		if _, err := Statement(text); errs.CodeOf(err) != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestIdentifier(t *testing.T) {
	text := `from 公安 . "人""口" t`
	for _, c := range []struct {
		offset, end int
		ok          bool
	}{{5, 11, true}, {14, 24, true}, {11, 0, false}, {12, 0, false}, {len(text), 0, false}, {-1, 0, false}, {99, 0, false}} {
		if end, ok := Identifier(text, c.offset); end != c.end || ok != c.ok {
			t.Errorf("at %d: %d %v, want %d %v", c.offset, end, ok, c.end, c.ok)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{
		"select $1, ?, $name from t -- x", `E'a\'b' $a$ $b$ $a$`, "/* /* */ */ \"a\"\"b\"", "'a'\n'b'", "1..2 .5 1e5 $ x", "\u3000select\u00a0x\xff", "$\u3000$$", "E'\\", "U&'\\'' b'' x'", "a$b$c$d", "-- $1\r'", "+-/*x*/-", "::=",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := Tokens(text)
		end := 0
		for _, tok := range tokens {
			if tok.Start < end || tok.End <= tok.Start || tok.End > len(text) {
				t.Fatalf("token %+v behind offset %d of %q", tok, end, text)
			}
			end = tok.End
		}
		if out, nerr := Normalize(text); nerr == nil {
			if err != nil || len(out) != len(text) {
				t.Fatalf("normalised %q to %q although the lexer says %v", text, out, err)
			}
			again, err := Tokens(out)
			if err != nil || len(again) != len(tokens) {
				t.Fatalf("%q has %d tokens, normalised %d (%v)", text, len(tokens), len(again), err)
			}
			for i := range again {
				if again[i] != tokens[i] {
					t.Fatalf("token %d of %q moved: %+v, %+v", i, text, tokens[i], again[i])
				}
			}
		}
		refs, _ := Params(text)
		out, back := WithCasts(text, func(Param) (string, bool) { return "INTEGER", true })
		for i := 0; i <= len(out); i++ {
			if at := back(i); at < 0 || at > len(text) {
				t.Fatalf("offset %d maps to %d", i, at)
			}
		}
		if after, err := Params(out); err == nil && len(after) != len(refs) {
			t.Fatalf("%d parameters became %d in %q", len(refs), len(after), out)
		}
		if s, err := Statement(text); err == nil && s.SQL != text[s.Offset:s.Offset+len(s.SQL)] {
			t.Fatalf("%q does not stand at %d of %q", s.SQL, s.Offset, text)
		}
	})
}
