package msg

import (
	"encoding/json"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var place = regexp.MustCompile(`\{\{\s*\.\w+\s*\}\}`)

// Every message stands in both languages with the same places to fill.
func TestLanguagesAgree(t *testing.T) {
	if loadErr != nil {
		t.Fatal(loadErr)
	}
	read := func(name string) map[string]string {
		raw, err := files.ReadFile(path.Join("text", name))
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]string
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return m
	}
	entries, err := files.ReadDir("text")
	if err != nil || len(entries) == 0 {
		t.Fatalf("no catalogue files: %v", err)
	}
	owner := map[string]string{}
	for _, e := range entries {
		area, ok := strings.CutSuffix(e.Name(), ".en.json")
		if !ok {
			continue
		}
		en, zh := read(e.Name()), read(area+".zh-CN.json")
		for id, text := range en {
			if other, dup := owner[id]; dup {
				t.Errorf("message %s stands in %s and %s", id, other, area)
			}
			owner[id] = area
			if zh[id] == "" {
				t.Errorf("%s: message %s has no zh-CN text", area, id)
				continue
			}
			if d := cmp.Diff(places(text), places(zh[id])); d != "" {
				t.Errorf("%s: places of %s differ (-en +zh): %s", area, id, d)
			}
		}
		for id := range zh {
			if _, ok := en[id]; !ok {
				t.Errorf("%s: message %s has no English text", area, id)
			}
		}
	}
}

func places(text string) map[string]bool {
	m := map[string]bool{}
	for _, p := range place.FindAllString(text, -1) {
		m[p] = true
	}
	return m
}

func TestText(t *testing.T) {
	args := Args{"Source": "户籍"}
	if got := Text("source_unreachable", args, "zh-CN"); !strings.Contains(got, "户籍") || !strings.Contains(got, "无法") {
		t.Errorf("zh-CN text: %q", got)
	}
	if got := Text("source_unreachable", args, "fr"); !strings.Contains(got, "cannot be reached") {
		t.Errorf("an unknown language must fall back to English: %q", got)
	}
	if got := Text("no_such_message", nil); got != "[no_such_message]" {
		t.Errorf("unknown id: %q", got)
	}
}
