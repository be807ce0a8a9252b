package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// SQLite refuses an expression of more than 1,000 levels: a statement with more
// comparisons than that has some of them sent and all of them asked.
func TestManyComparisonsOverSQLite(t *testing.T) {
	const columns = 1200
	var names, cells, where []string
	for i := range columns {
		names, cells = append(names, fmt.Sprintf("c%d INTEGER", i)), append(cells, fmt.Sprint(i))
		where = append(where, fmt.Sprintf("c%d = %d", i, i))
	}
	l := newLab(t)
	row := "INSERT INTO wide VALUES (" + strings.Join(cells, ", ") + ")"
	last := fmt.Sprintf("UPDATE wide SET c%d = -1 WHERE rowid = 2", columns-1)
	l.open(t, liteSource, []string{"CREATE TABLE wide (" + strings.Join(names, ", ") + ")", row, row, last})
	l.publish(liteSource, "l", "wide")
	l.start(t)
	text := "SELECT count(*) FROM l.wide WHERE " + strings.Join(where, " AND ")
	begun := time.Now()
	_, err := l.plan(t.Context(), text)
	t.Logf("planned in %s, %v", time.Since(begun), err)
	l.everyWay(t, text, "[[1]]")
}

// A cell that is none of its column's type ends a join at SQLite with an error that
// does not blame one of the tables for the other's column.
func TestCellOfAJoinedTable(t *testing.T) {
	l := newLab(t)
	l.open(t, liteSource, []string{
		"CREATE TABLE refs (id INTEGER PRIMARY KEY, g INTEGER)", "INSERT INTO refs VALUES (1, 1), (2, 2)",
		"CREATE TABLE odd (id INTEGER PRIMARY KEY, n INTEGER)", "INSERT INTO odd VALUES (1, 1), (2, 'x')",
	})
	l.publish(liteSource, "l", "refs")
	l.publish(liteSource, "l", "odd")
	l.start(t)
	const text = "SELECT a.id FROM l.refs a JOIN l.odd b ON a.id = b.id AND a.g = b.n"
	plan, err := l.plan(t.Context(), text)
	if err != nil || len(plan.Streams) != 1 {
		t.Fatalf("the tables are not joined at the source: %v", err)
	}
	_, err = l.run(t.Context(), plan)
	if err == nil || errs.CodeOf(err) != errs.ValueUnreadable || !strings.Contains(err.Error(), "odd") || !strings.Contains(err.Error(), "column n") {
		t.Errorf("%v (%s)", err, errs.CodeOf(err))
	}
}
