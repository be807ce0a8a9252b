package lex

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
)

// The pieces of a text are what DuckDB takes for them; what could be read in two ways is
// refused where it stands.
func TestTokens(t *testing.T) {
	text := `区 >= 'it''s' AND "a""b"!=1.5(x::y)`
	tokens, err := Tokens(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tok := range tokens {
		got = append(got, tok.Value)
		if tok.Kind != Text && tok.Kind != Quoted && text[tok.From:tok.To] != tok.Value {
			t.Errorf("%+v is %q", tok, text[tok.From:tok.To])
		}
	}
	if d := cmp.Diff([]string{"区", ">=", "it's", "AND", `a"b`, "!=", "1.5", "(", "x", "::", "y", ")", ""}, got); d != "" {
		t.Error(d)
	}
	for _, text := range []string{"a ^-- b", "a ^/* b", "^$1", "^$$a$$", "x = ^'a", `^"a`, "^e'a'", "x = ^１", "^٣", "^\x00", "^\xff"} {
		at := strings.Index(text, "^")
		_, err := Tokens(strings.Replace(text, "^", "", 1))
		if e := errs.From(err); e == nil || e.Code != errs.SyntaxError || e.Pos == nil || e.Pos.Offset != at {
			t.Errorf("%q: %v, want a mistake at %d", text, err, at)
		}
	}
}
