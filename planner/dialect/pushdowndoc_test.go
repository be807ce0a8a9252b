package dialect_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner/dialect"
)

const pushdownFile = "../../docs/pushdown.md"

const pushdownIntro = `# What the sources are asked

What each kind of source does exactly as the one DuckDB would that held all the data, and is therefore asked to do; everything else is computed here. The tables below are what the planner looks things up in: this file is made of them (` + "`go test -tags duckdb_arrow ./planner/dialect -run TestPushdownDoc -rewrite`" + `), and a test fails when it is stale. Each exact entry is compared with the real engine over edge values by ` + "`planner/dialect/entries_diff_test.go`" + `.

A function, an operator or a cast stands under the name that DuckDB gives it when it binds a statement; parts of SQL are in capitals. What has no entry stays here.

- *exact*: the source gives what DuckDB gives, NULLs and errors too.
- *superset*: the source may keep more rows, which are looked at again here. No entry is one today.
- *none*: it stays here, for the reason given.

The column *fails* says when the source may end the statement with an error: *never*, where the result *does not fit* its type, as DuckDB does (which is never where the arguments' types leave room), or as *given*. A condition is sent only if it never fails: DuckDB and the source look at rows in orders of their own. What may fail is still sent as a key of groups or of an order, or as what an aggregate is given: that is computed of every row, here as there. Nothing that may fail is asked of rows that a row filter hides.

In the source's SQL ` + "`#1`" + ` and ` + "`#2`" + ` are the arguments, ` + "`#t`" + ` is the type of the result. Text is compared, grouped and sorted by code point whatever its collation.
`

var pushdownTitles = []struct{ dialect, title, note string }{
	{"postgres", "PostgreSQL", "Version 12 and later. A number that does not fit a decimal is cast to that decimal, which ends the statement."},
	{"mysql", "MySQL and MariaDB", "MySQL 8, MariaDB 10.5 and later. The server only warns of a number that does not fit, so that is looked for beside it and made an error."},
	{"sqlite", "SQLite", "A cell of another class than its column's type ends the statement wherever it is looked at, as reading it does."},
	{"duckdb", "DuckDB files and plain files", "The same engine on both sides. Plain files (CSV, JSON, Parquet) are read by it too. No condition goes below a row filter: a cell may fail to be read on a row that is hidden."},
}

// docs/pushdown.md shows the tables by which the dialects decide.
func TestPushdownDoc(t *testing.T) {
	var b strings.Builder
	b.WriteString(pushdownIntro)
	for _, d := range pushdownTitles {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", d.title, d.note)
		b.WriteString("| DuckDB | arguments | result | verdict | at the source | fails | asked beside, or why not |\n|---|---|---|---|---|---|---|\n")
		for _, e := range dialect.Entries(dialect.For(d.dialect)) {
			b.WriteString(pushdownRow(e))
		}
	}
	raw, err := os.ReadFile(pushdownFile)
	if err == nil && string(raw) == b.String() {
		return
	}
	if f := flag.Lookup("rewrite"); f == nil || f.Value.String() != "true" {
		t.Fatalf("%s is stale: run the test with -rewrite and read what changed", pushdownFile)
	}
	if err := os.WriteFile(pushdownFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func pushdownRow(e dialect.Entry) string {
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + strings.ReplaceAll(s, "|", `\|`) + "`"
	}
	var args []string
	for _, k := range e.Args {
		args = append(args, k.String())
	}
	text := strings.Join(args, "; ")
	if e.Any {
		text += "; ..."
	}
	fails, words := "given", e.Only
	switch {
	case e.Verdict == dialect.None:
		fails, words = "", e.Reason
	case e.NeverFails:
		fails = "never"
	case e.Overflows:
		fails = "does not fit"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", code(e.Names), text, e.To, e.Verdict, code(e.Text), fails, words)
}

// An entry says what its verdict asks of it.
func TestEntriesAreWhole(t *testing.T) {
	for _, d := range pushdownTitles {
		for _, e := range dialect.Entries(dialect.For(d.dialect)) {
			switch {
			case e.Names == "":
				t.Errorf("%s: an entry without a name", d.dialect)
			case e.Verdict != dialect.Exact && e.Reason == "":
				t.Errorf("%s: %s is %s without a reason", d.dialect, e.Names, e.Verdict)
			case e.Verdict == dialect.Exact && e.Reason != "", e.Verdict == dialect.None && (e.NeverFails || e.Overflows || e.Text != ""):
				t.Errorf("%s: %s says more than its verdict", d.dialect, e.Names)
			case e.NeverFails && e.Overflows:
				t.Errorf("%s: %s both never fails and overflows", d.dialect, e.Names)
			case e.Any && len(e.Args) != 1:
				t.Errorf("%s: %s takes any number of %d arguments", d.dialect, e.Names, len(e.Args))
			}
		}
	}
}
