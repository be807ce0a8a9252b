package planjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainValue gives a value as encoding/json does.
func plainValue(v *Value) any {
	switch v.Kind {
	case Boolean:
		return v.Flag
	case Number:
		return json.Number(v.Text)
	case Text:
		return v.Text
	case Array:
		out := []any{}
		for i := range v.List {
			out = append(out, plainValue(&v.List[i]))
		}
		return out
	case Object:
		out := map[string]any{}
		for i := range v.List {
			out[v.List[i].Key] = plainValue(&v.List[i])
		}
		return out
	}
	return nil
}

// What is parsed is what encoding/json reads, but for a key that stands twice.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`null`, `true`, ` [1, -2.5e3, 18446744073709551615]`, `{"a": {"b": []}, "c": "\u5b57\"\n"}`, `"\ud83d\ude00字"`, "\"\xff\"",
		`{"a":1,"a":2}`, `[1,]`, `{"a"}`, `01`, `-`, `1.`, `"`, `"\x"`, `nul`, `tru`, `{}x`, `{"a":1 "b":2}`, `[1 2]`, "\"\n\"", `1e400`, `NaN`, ``,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		dec := json.NewDecoder(bytes.NewReader([]byte(s)))
		dec.UseNumber()
		var want any
		valid := json.Valid([]byte(s)) && dec.Decode(&want) == nil
		switch {
		case err != nil && valid && !errors.Is(err, errTwice) && !(errors.Is(err, ErrNesting) && nesting(s) > maxNesting):
			t.Errorf("%q: %v", s, err)
		case err == nil && !valid:
			t.Errorf("%q is no JSON", s)
		case err == nil:
			if diff := cmp.Diff(want, plainValue(got)); diff != "" {
				t.Errorf("%q: %s", s, diff)
			}
		}
	})
}

// Which of two values a reader takes is a matter of taste, so a plan has no key twice.
func TestTwice(t *testing.T) {
	if _, err := Parse(`{"a": 1, "b": {"c": 1, "c": 1}}`); !errors.Is(err, errTwice) {
		t.Errorf("a key that stands twice: %v", err)
	}
}

func nesting(s string) int { return strings.Count(s, "[") + strings.Count(s, "{") }
