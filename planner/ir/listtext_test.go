package ir_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/ir"
)

// A text is taken apart only where DuckDB makes a list of the same elements of it.
func TestListItems(t *testing.T) {
	r, err := oracle.NewReference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	written := func(items []*string) string { // as JSON: NULL apart from "null"
		text, err := json.Marshal(append([]*string{}, items...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	same := func(text string) bool {
		t.Helper()
		items, ok := ir.ListItems(text, 1000)
		if !ok {
			return false
		}
		quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
		res, err := r.Query(t.Context(), "SELECT to_json(CAST("+quoted+" AS VARCHAR[]))::VARCHAR")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return true
		}
		var there []*string
		if err := json.Unmarshal([]byte(res.Rows[0][0].(string)), &there); err != nil {
			t.Fatal(err)
		}
		if got, want := written(items), written(there); got != want {
			t.Errorf("%s is %s, and in DuckDB %s", text, got, want)
		}
		return true
	}
	for text, read := range map[string]bool{
		`[]`: true, `[ ]`: true, `[1]`: true, `[1, 2,3 ]`: true, `[ -1.50 ,NULL]`: true, `[2024-01-02]`: true, `["a", "b,]", "\"\\", "NULL", ""]`: true,
		`["张 三", NULL]`: true, `["\n"]`: true,
		``: false, `{1,2}`: false, `[`: false, `[1`: false, `[1,]`: false, `[,1]`: false, `[1 2]`: false, `[a]`: false, `[null]`: false, `["a]`: false, `["a\`: false, `["a"b]`: false,
		`[1]x`: false, `[1] `: false, ` [1]`: false, `[[1]]`: false, `['a']`: false, `[NULLS]`: false,
	} {
		if same(text) != read {
			t.Errorf("%s: read %t", text, !read)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"[", "]", ",", " ", `"`, `\`, "NULL", "1", "-", ".", "a", "'", "\t", "中", "{", "}", "(", "="}
	read := 0
	for range 4000 {
		text := "["
		for range random.IntN(9) {
			text += pieces[random.IntN(len(pieces))]
		}
		if same(text + "]") {
			read++
		}
	}
	if read < 300 {
		t.Errorf("only %d texts are read", read)
	}
	if items, ok := ir.ListItems("[1, 2]", 2); !ok || len(items) != 2 {
		t.Error("as many as there may be are too many")
	}
	if _, ok := ir.ListItems("[1, 2, 3]", 2); ok {
		t.Error("more are read than there may be")
	}
}
