package planner_test

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/ir"
	"github.com/lianji/lianji/planner/planjson"
	"github.com/lianji/lianji/planner/plantest"
	"github.com/lianji/lianji/planner/rules"
)

const docFile = "../docs/planner.md"

const docStatement = `SELECT n_name, count(*) AS orders, avg(o_totalprice) AS average
FROM tpch.customer
JOIN tpch.orders ON o_custkey = c_custkey
JOIN tpch.nation ON n_nationkey = c_nationkey
WHERE o_orderdate >= DATE '1995-01-01'
  AND length(c_name) > 10
  AND EXISTS (SELECT * FROM tpch.lineitem WHERE l_orderkey = o_orderkey AND l_quantity > 30)
GROUP BY n_name
ORDER BY orders DESC, n_name
LIMIT 3`

var docBlock = regexp.MustCompile("(?s)<!-- block: ([a-z]+) -->\n```\n(.*?)```\n")

var docTable = regexp.MustCompile(`(?s)<!-- table: rules -->\n(.*?)<!-- end -->`)

// docs/planner.md shows what the planner really does.
func TestPlannerDoc(t *testing.T) {
	raw, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	blocks := docBlocks(t)
	made := docBlock.ReplaceAllStringFunc(string(raw), func(old string) string {
		name := docBlock.FindStringSubmatch(old)[1]
		text, ok := blocks[name]
		if !ok {
			t.Errorf("there is no block %s", name)
		}
		delete(blocks, name)
		return "<!-- block: " + name + " -->\n```\n" + strings.TrimRight(text, "\n") + "\n```\n"
	})
	for name := range blocks {
		t.Errorf("%s has no block %s", docFile, name)
	}
	made = docTable.ReplaceAllLiteralString(made, "<!-- table: rules -->\n"+rulesTable(t)+"<!-- end -->")
	if made == string(raw) {
		return
	}
	if f := flag.Lookup("rewrite"); f == nil || f.Value.String() != "true" {
		t.Fatalf("%s is stale: run the test with -rewrite and read what changed", docFile)
	}
	if err := os.WriteFile(docFile, []byte(made), 0o644); err != nil {
		t.Fatal(err)
	}
}

func docBlocks(t *testing.T) map[string]string {
	t.Helper()
	s := plantest.Prepare(t, docStatement)
	plan, err := s.Plan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	bound, why := s.Logical()
	if bound == nil || plan.Tree() == nil {
		t.Fatalf("the statement runs by the fallback: %s %s", why, plan.Fallback)
	}
	early := bound.Clone()
	if _, err := rules.RunEarly(&rules.Context{Plan: early}, rules.List(), nil); err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for i, stream := range plan.Streams {
		fmt.Fprintf(&sources, "f%d, at %s:\n%s\nvalues: %v\n\n", i+1, stream.Source, stream.SQL, valuesOf(stream.Values))
	}
	parsed, planned := docJSON(t)
	return map[string]string{
		"text": docStatement, "spliced": s.Spliced(), "bound": ir.Text(bound.Root, ir.Exactly), "rules": rulesInOrder(),
		"parsed": parsed, "planned": planned,
		"early": ir.Text(early.Root, ir.Exactly), "late": ir.Text(plan.Tree(), ir.Exactly), "sources": sources.String(),
		"residual": plan.Text, "explain": plan.Explain().Text(),
	}
}

// rulesInOrder lists the rules as they run, with the borders of their kinds.
func rulesInOrder() string {
	var b strings.Builder
	kind := ""
	for _, r := range rules.List() {
		of := "early"
		switch {
		case r.Last:
			of = "last"
		case r.Late:
			of = "late"
		}
		if of != kind {
			fmt.Fprintf(&b, "-- %s\n", of)
			kind = of
		}
		b.WriteString(r.Name + "\n")
	}
	return b.String()
}

// docJSON gives what DuckDB answers: the parse tree's query with the left side of FROM and
// the parts of WHERE, and the bound plan down to its first table, without what lies deeper.
func docJSON(t *testing.T) (parsed, planned string) {
	t.Helper()
	b := planner.NewInProcess(plantest.Zone)
	defer b.Close()
	tree, err := b.ParseTree(t.Context(), docStatement)
	if err != nil {
		t.Fatal(err)
	}
	read, err := planjson.Parse(tree)
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := plantest.Fixed(t).Raw(t, docStatement)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := planjson.Parse(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	query := read.Member("statements").List[0].Member("node")
	var p, s strings.Builder
	p.WriteString(compactJSON(query, 0) + "\n")
	for at, indent := query.Member("from_table"), "  "; at != nil; at, indent = at.Member("left"), indent+"  " {
		p.WriteString(indent + compactJSON(at, 0) + "\n")
	}
	for i := range query.Member("where_clause").Member("children").List {
		p.WriteString("  " + compactJSON(&query.Member("where_clause").Member("children").List[i], 0) + "\n")
	}
	for at, indent := plan, ""; ; indent += "  " {
		children := at.Member("children").List
		if len(children) == 0 {
			s.WriteString(indent + compactJSON(at, 1) + "\n")
			return p.String(), s.String()
		}
		s.WriteString(indent + compactJSON(at, 0) + "\n")
		at = &children[0]
	}
}

// compactJSON writes a value on one line, with so many levels of what its members hold,
// and without empty members.
func compactJSON(v *planjson.Value, levels int) string {
	switch v.Kind {
	case planjson.Text:
		return strconv.Quote(v.Text)
	case planjson.Number:
		return v.Text
	case planjson.Boolean:
		return strconv.FormatBool(v.Flag)
	case planjson.Null:
		return "null"
	}
	open, shut := "[", "]"
	if v.Kind == planjson.Object {
		open, shut = "{", "}"
	}
	if levels < 0 {
		return open + "…" + shut
	}
	var parts []string
	for i := range v.List {
		m := &v.List[i]
		if m.Text == "" && len(m.List) == 0 && m.Kind != planjson.Boolean {
			continue
		}
		part := compactJSON(m, levels-1)
		if v.Kind == planjson.Object {
			part = strconv.Quote(m.Key) + ": " + part
		}
		parts = append(parts, part)
	}
	return open + strings.Join(parts, ", ") + shut
}

// rulesTable lists every rule with the first sentence of its comment.
func rulesTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| rule | what it does | golden |\n|---|---|---|\n")
	seen := map[string]bool{}
	for _, r := range rules.List() {
		if seen[r.Name] {
			continue
		}
		seen[r.Name] = true
		source := "rules/" + r.Name + ".go"
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		first := ""
		for _, c := range file.Comments {
			text := strings.Join(strings.Fields(c.Text()), " ")
			name, rest, _ := strings.Cut(text, " ")
			if strings.EqualFold(strings.ReplaceAll(r.Name, "_", ""), name) && first == "" {
				first, _, _ = strings.Cut(rest, ". ")
				first = strings.TrimRight(first, ".:")
			}
		}
		if first == "" {
			t.Errorf("%s has no comment that begins with the rule's name", source)
		}
		fmt.Fprintf(&b, "| `planner/%s` | %s | `planner/rules/testdata/%s` |\n", source, first, r.Name)
	}
	return b.String()
}
