package planner

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// members lists the paths of all that a value of t has as JSON.
func members(t reflect.Type, path string) []string {
	switch t.Kind() {
	case reflect.Pointer:
		return members(t.Elem(), path)
	case reflect.Slice:
		return members(t.Elem(), path+"[]")
	case reflect.Struct:
	default:
		return nil
	}
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, members(f.Type, path)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := strings.TrimPrefix(path+"."+name, ".")
		out = append(append(out, at), members(f.Type, at)...)
	}
	return out
}

var docRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// Every member of the JSON form stands in its document, and nothing else does.
func TestExplanationIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range docRow.FindAllStringSubmatch(string(raw), -1) {
		documented = append(documented, m[1])
	}
	has := members(reflect.TypeFor[Explanation](), "")
	slices.Sort(documented)
	slices.Sort(has)
	if d := cmp.Diff(has, documented); d != "" {
		t.Errorf("docs/explain.md (+) and the types (-) differ: %s", d)
	}
}
