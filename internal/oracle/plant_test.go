package oracle

import (
	"context"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// plant is an engine that is wrong in one way.
type plant struct {
	*Reference
	rewrite func(string) string
}

func (p plant) Query(ctx context.Context, sql string) (Result, error) {
	if p.rewrite != nil {
		sql = p.rewrite(sql)
	}
	return p.Reference.Query(ctx, sql)
}

// An engine that is wrong in one of the ways in which pushing work to a source
// goes wrong is found out within a few hundred statements.
func TestWrongEnginesAreFound(t *testing.T) {
	tables := testTables(*seedFlag)
	reference := loadedReference(t, tables)
	wrong := func(change func(*Reference, Table) []string) Engine {
		r := loadedReference(t, tables)
		for _, table := range tables {
			if err := r.Exec(t.Context(), change(r, table)...); err != nil {
				t.Fatal(err)
			}
		}
		return plant{Reference: r}
	}
	each := func(table Table, kind catalog.Kind, write func(column string) string) (out []string) {
		for _, c := range table.Columns[1:] {
			if c.Type.Kind == kind {
				out = append(out, write(catalog.QuoteIdent(c.Name)))
			}
		}
		return out
	}
	for name, engine := range map[string]Engine{
		"collation": wrong(func(_ *Reference, table Table) []string {
			return each(table, catalog.Text, func(c string) string {
				return "ALTER TABLE " + table.SQLPath() + " ALTER " + c + " TYPE VARCHAR COLLATE NOCASE"
			})
		}),
		"order of NULLs": plant{loadedReference(t, tables, "SET default_null_order = 'nulls_first'"), nil},
		"limit below a filter": wrong(func(_ *Reference, table Table) []string {
			return []string{"DELETE FROM " + table.SQLPath() + " WHERE id NOT IN (SELECT id FROM " + table.SQLPath() + " ORDER BY id LIMIT 40)"}
		}),
		"session zone": plant{loadedReference(t, tables, "SET TimeZone = 'UTC'"), nil},
		"empty text is NULL": wrong(func(_ *Reference, table Table) []string {
			return each(table, catalog.Text, func(c string) string {
				return "UPDATE " + table.SQLPath() + " SET " + c + " = NULL WHERE " + c + " = ''"
			})
		}),
		"blanks at the end are cut": wrong(func(_ *Reference, table Table) []string {
			return each(table, catalog.Text, func(c string) string {
				return "UPDATE " + table.SQLPath() + " SET " + c + " = rtrim(" + c + ") WHERE " + c + " LIKE '_% '"
			})
		}),
		"fractions of a second are cut": wrong(func(_ *Reference, table Table) []string {
			return each(table, catalog.Timestamp, func(c string) string {
				return "UPDATE " + table.SQLPath() + " SET " + c + " = date_trunc('second', " + c + ")"
			})
		}),
		"UNION keeps duplicates": plant{reference, func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, " UNION ALL ", " UNION "), " UNION ", " UNION ALL ")
		}},
		"LEFT JOIN is INNER": plant{reference, func(s string) string { return strings.ReplaceAll(s, " LEFT JOIN ", " INNER JOIN ") }},
		"OFFSET is lost": plant{reference, func(s string) string {
			before, _, _ := strings.Cut(s, " OFFSET ")
			return before
		}},
		"DESC is lost": plant{reference, func(s string) string { return strings.ReplaceAll(s, " DESC", "") }},
	} {
		g := NewGenerator(*seedFlag, tables)
		found := false
		for n := uint64(0); n < 400 && !found; n++ {
			if _, err := Check(t.Context(), reference, engine, g.Statement(n)); err != nil {
				found = true
				t.Logf("%s: found by statement %d: %.100v", name, n, err)
			}
		}
		if !found {
			t.Errorf("%s: not found in 400 statements", name)
		}
	}
}
