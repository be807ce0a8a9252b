package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// queries draws statements over tables a, b, c, main's and those of schema s, whose
// WITH clauses use the same names again and again.
type queries struct{ t *rapid.T }

func (q queries) oneOf(choices ...string) string {
	return rapid.SampledFrom(choices).Draw(q.t, "choice")
}

func (q queries) chance(percent int) bool {
	return rapid.IntRange(1, 100).Draw(q.t, "chance") <= percent
}

func (q queries) name() string { return q.oneOf("a", "b", "c", "A", `"b"`) }

func (q queries) query(depth int) string {
	var b strings.Builder
	if depth > 0 && q.chance(60) {
		recursive := q.chance(50)
		b.WriteString("with ")
		if recursive {
			b.WriteString("recursive ")
		}
		used := map[string]bool{}
		for i := range rapid.IntRange(1, 3).Draw(q.t, "clauses") {
			name := q.name()
			if key := strings.ToLower(strings.Trim(name, `"`)); used[key] {
				continue
			} else {
				used[key] = true
			}
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(name + " as (" + q.body(depth-1, recursive) + ")")
		}
		b.WriteString(" ")
	}
	b.WriteString(q.selects(depth))
	if depth > 0 && q.chance(20) {
		b.WriteString(q.oneOf(" union all ", " union ", " except ", " intersect ") + q.selects(depth-1))
	}
	return b.String()
}

func (q queries) body(depth int, recursive bool) string {
	if recursive && q.chance(70) {
		return q.selects(depth) + q.oneOf(" union all ", " union ") + q.selects(depth)
	}
	return q.query(depth)
}

func (q queries) selects(depth int) string {
	s := "select 1 as x"
	if depth > 0 && q.chance(15) {
		s += ", exists (" + q.query(depth-1) + ") or true as y"
		s = "select x from (" + s + " from " + q.from(depth-1) + ") z"
	} else {
		s += " from " + q.from(depth)
	}
	if depth > 0 && q.chance(30) {
		s += " where " + q.oneOf("1 in (", "not exists (", "exists (") + q.query(depth-1) + ")"
	}
	return s
}

func (q queries) from(depth int) string {
	n := q.name()
	switch pick := rapid.IntRange(0, 9).Draw(q.t, "from"); {
	case depth > 0 && pick == 0:
		return "(" + q.query(depth-1) + ") q"
	case depth > 0 && pick == 1:
		return q.from(depth-1) + " , lateral (" + q.query(depth-1) + ") l"
	case depth > 0 && pick == 2:
		return "(select 1 from " + q.from(depth-1) + ") j1 join (select 1 from " + q.from(depth-1) + ") j2 on true"
	case pick == 3:
		return "s." + n
	case pick == 4:
		return "recurring." + n + " r"
	case pick == 5:
		return "main." + n
	case pick == 6:
		return "memory.s." + n
	}
	return n + q.oneOf("", " t", " as b")
}

// scans counts the tables that a bound plan reads.
func scans(t *rapid.T, plan string) map[string]int {
	var v any
	if err := json.Unmarshal([]byte(plan), &v); err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if v["type"] == "LOGICAL_GET" && v["name"] == "seq_scan" {
				data, _ := v["function_data"].(map[string]any)
				found[fmt.Sprint(data["schema"], ".", data["table"])]++
			}
			for _, e := range v {
				visit(e)
			}
		case []any:
			for _, e := range v {
				visit(e)
			}
		}
	}
	visit(v)
	return found
}

// TestTablesAgreeWithDuckDB draws statements and compares the tables that the gate
// finds with those that DuckDB binds: the same names, the same number of places.
func TestTablesAgreeWithDuckDB(t *testing.T) {
	p := newParser(t)
	for _, schema := range []string{"main", "s", "recurring"} {
		if _, err := p.db.Exec("create schema if not exists " + schema); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"a", "b", "c"} {
			if _, err := p.db.Exec(fmt.Sprintf("create table %s.%s (x integer)", schema, table)); err != nil {
				t.Fatal(err)
			}
		}
	}
	bound, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		sql := queries{rt}.query(2)
		tree, err := Check(t.Context(), p, sql, Limits{Nodes: 1 << 20, Tables: 1 << 30, Expanded: 1 << 30}, tenWide{})
		if err != nil {
			rt.Fatalf("%v: %s", verdict(err), sql)
		}
		var plan string
		if err := p.db.QueryRow("SELECT CAST(json_serialize_plan(CAST($1 AS VARCHAR), skip_null := true, skip_empty := false, optimize := false) AS VARCHAR)", sql).Scan(&plan); err != nil {
			rt.Fatalf("%v: %s", err, sql)
		}
		if strings.HasPrefix(plan, `{"error":true`) {
			refused++ // such as a recursion that DuckDB does not support
			return
		}
		bound++
		want, got := scans(rt, plan), map[string]int{}
		for _, table := range tree.Tables {
			if table.Uses == 0 {
				continue
			}
			path := slices.Clone(table.Path)
			if len(path) == 1 {
				path = append([]string{"main"}, path...)
			}
			got[strings.ToLower(strings.Join(path[len(path)-2:], "."))]++
			if !strings.HasPrefix(strings.ToLower(sql[table.Offset:]), strings.ToLower(table.Path[0])) && sql[table.Offset] != '"' {
				rt.Errorf("offset %d of %q is not where %v stands", table.Offset, sql, table.Path)
			}
		}
		if !maps.Equal(got, want) {
			rt.Errorf("gate %v, DuckDB %v: %s", got, want, sql)
		}
	})
	t.Logf("%d statements compared, %d refused by DuckDB", bound, refused)
	if bound <= refused {
		t.Error("too few statements were compared")
	}
}
