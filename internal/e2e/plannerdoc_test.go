package e2e

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const plannerDoc = "../../docs/planner.md"

var (
	docText = regexp.MustCompile("(?s)<!-- block: text -->\n```\n(.*?)```\n")
	docRun  = regexp.MustCompile("(?s)<!-- run: ([a-z]+) -->\n```\n(.*?)```\n")
	docCost = regexp.MustCompile(`[0-9.]+ ms|[0-9]+ bytes`)
)

// checkPlannerDoc holds docs/planner.md against a run of its statement, whose first part
// planner/doc_test.go holds against the planner.
func checkPlannerDoc(t *testing.T, l *lab) {
	raw, err := os.ReadFile(plannerDoc)
	if err != nil {
		t.Fatal(err)
	}
	text := docText.FindStringSubmatch(string(raw))
	if text == nil {
		t.Fatalf("%s has no statement", plannerDoc)
	}
	blocks := map[string]string{"measured": l.docMeasured(t, text[1]), "batches": l.docBatches(t, text[1])}
	made := docRun.ReplaceAllStringFunc(string(raw), func(old string) string {
		name := docRun.FindStringSubmatch(old)[1]
		block, ok := blocks[name]
		if !ok {
			t.Errorf("there is no block %s", name)
		}
		delete(blocks, name)
		return "<!-- run: " + name + " -->\n```\n" + block + "```\n"
	})
	for name := range blocks {
		t.Errorf("%s has no block %s", plannerDoc, name)
	}
	if made == string(raw) {
		return
	}
	if f := flag.Lookup("rewrite"); f == nil || f.Value.String() != "true" {
		t.Fatalf("%s is stale: run the test with -rewrite and read what changed: %q", plannerDoc, docRun.FindAllString(made, -1))
	}
	if err := os.WriteFile(plannerDoc, []byte(made), 0o644); err != nil {
		t.Fatal(err)
	}
}

// docMeasured gives what EXPLAIN ANALYZE adds to EXPLAIN, without times and sizes, which
// differ from run to run.
func (l *lab) docMeasured(t *testing.T, text string) string {
	t.Helper()
	plan, err := l.plan(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	before := strings.Split(plan.Explain().Text(), "\n")
	measured, err := l.engine.Analyze(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	explained := plan.Explain()
	explained.AddRun(measured)
	var b strings.Builder
	for _, line := range strings.Split(explained.Text(), "\n") {
		switch {
		case len(before) > 0 && line == before[0]:
			if before = before[1:]; !strings.HasPrefix(line, "[") || !strings.Contains(line, "] source ") {
				continue
			}
			line, _, _ = strings.Cut(line, " reads ") // the estimate follows
		case line == "":
			continue
		}
		line = docCost.ReplaceAllStringFunc(line, func(cost string) string { return "… " + cost[strings.Index(cost, " ")+1:] })
		b.WriteString(strings.ReplaceAll(line, pgSource, "pg") + "\n")
	}
	return b.String()
}

// docBatches gives the answer's schema and its batches, a row a line.
func (l *lab) docBatches(t *testing.T, text string) string {
	t.Helper()
	plan, err := l.plan(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := l.engine.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Release()
	var b strings.Builder
	for _, f := range rows.Schema().Fields() {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Type)
	}
	for rows.Next() {
		batch := rows.RecordBatch()
		fmt.Fprintf(&b, "batch of %d rows\n", batch.NumRows())
		for i := range int(batch.NumRows()) {
			var cells []string
			for _, c := range batch.Columns() {
				cells = append(cells, c.ValueStr(i))
			}
			b.WriteString(strings.Join(cells, ", ") + "\n")
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
