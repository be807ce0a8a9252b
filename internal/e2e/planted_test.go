package e2e

import (
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/planner/dialect"
)

// planted is SQLite's dialect with one mistake in what it calls exact, in the
// predicates that the fallback sends alone: trees do not reach it.
type planted struct {
	dialect.Dialect
	// exact says of which predicates the dialect claims too much.
	exact func(p dialect.Predicate) bool
	// spoil makes of the statement what a source would run that works like the mistake.
	spoil func(sql string, columns []catalog.Column, preds []dialect.Predicate) string
}

func (d planted) Verdict(p dialect.Predicate) (dialect.Verdict, string) {
	if d.exact(p) {
		return dialect.Exact, ""
	}
	return d.Dialect.Verdict(p)
}

func (d planted) Scan(t *catalog.Table, columns []catalog.Column, preds []dialect.Predicate) (string, []catalog.Value) {
	sql, values := d.Dialect.Scan(t, columns, preds)
	return d.spoil(sql, columns, preds), values
}

// The oracle finds a verdict that is too generous, of each kind that sources are
// known for: a folding collation, another place of NULLs, a limit below a filter.
func TestPlantedVerdictsAreFound(t *testing.T) {
	const enough = 600
	none := func(dialect.Predicate) bool { return false }
	for name, mistake := range map[string]planted{
		"collation": {
			exact: func(p dialect.Predicate) bool { return p.Column.Type.Kind == catalog.Text },
			spoil: func(sql string, _ []catalog.Column, _ []dialect.Predicate) string {
				return strings.ReplaceAll(sql, "COLLATE BINARY", "COLLATE NOCASE")
			},
		},
		"NULL order": { // the first rows in the source's own order, where NULLs come first
			exact: none,
			spoil: func(sql string, columns []catalog.Column, _ []dialect.Predicate) string {
				return sql + " ORDER BY t." + catalog.QuoteIdent(columns[len(columns)-1].SourceName) + " LIMIT 45"
			},
		},
		"limit below a filter": {
			exact: none,
			spoil: func(sql string, _ []catalog.Column, preds []dialect.Predicate) string {
				from, where, filtered := strings.Cut(sql, " WHERE ")
				if !filtered {
					return sql
				}
				head, table, _ := strings.Cut(from, " FROM ")
				return head + " FROM (SELECT * FROM " + strings.TrimSuffix(table, " AS t") + " LIMIT 30) AS t WHERE " + where
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			tables := oracle.TestTables(7, oracle.SQLite, liteSource)
			l.fill(t, load{liteSource, tables})
			l.dialects[liteSource] = func(d dialect.Dialect) dialect.Dialect {
				mistake.Dialect = d
				return mistake
			}
			l.start(t)
			g := oracle.NewGenerator(7, tables)
			for n := range uint64(enough) {
				s := g.Statement(n)
				want, err := l.reference.Query(t.Context(), s.Unlimited)
				if err != nil {
					continue
				}
				got, err := l.queryBy(t.Context(), l.planner.ByText(), s.SQL)
				if err != nil {
					t.Fatalf("statement %d: the mistake shows as an error, not as an answer: %v\n%s", n, err, s.SQL)
				}
				if err := oracle.Compare(want, got, s.Order); err != nil {
					t.Logf("found by statement %d: %v", n, err)
					return
				}
			}
			t.Errorf("%d statements did not find it", enough)
		})
	}
}
