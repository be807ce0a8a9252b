//go:build duckdb_arrow

package dialect_test

import "testing"

// TestAtMariaDB: whatever is exact, MariaDB answers as DuckDB.
func TestAtMariaDB(t *testing.T) {
	w := mariaWorld(t)
	t.Run("trees", func(t *testing.T) { w.trees(t, mysqlTables) })
	t.Run("conditions", func(t *testing.T) { w.conditions(t, "person", 2500) })
	t.Run("conditions of other types", func(t *testing.T) { w.conditions(t, "odd", 1000) })
	t.Run("random trees", w.randomTrees)
}
