package leak

import (
	"strings"
	"testing"
)

// What PostgreSQL's catalogue tells of schemas, tables and columns is the same whether what
// is not granted is there or not.
func TestPostgresMetadataTellsNothing(t *testing.T) {
	one, none := newWorld(t, "one", false), newWorld(t, "none", false)
	rows := map[string]int{}
	for _, purpose := range []string{"DB-HC", "JC", ""} {
		for _, sql := range []string{
			"SELECT * FROM pg_catalog.pg_class ORDER BY oid", "SELECT * FROM pg_attribute ORDER BY attrelid, attnum", "SELECT * FROM pg_namespace ORDER BY oid", "SELECT * FROM pg_description ORDER BY objoid, objsubid",
			"SELECT * FROM pg_index", "SELECT * FROM pg_indexes", "SELECT * FROM pg_depend", "SELECT * FROM pg_constraint", "SELECT * FROM pg_stats", "SELECT * FROM pg_stat_user_tables", "SELECT * FROM pg_views", "SELECT * FROM pg_tables ORDER BY 1, 2", "SELECT * FROM pg_proc", "SELECT * FROM pg_policies",
			"SELECT * FROM information_schema.columns ORDER BY table_schema, table_name, ordinal_position", "SELECT * FROM information_schema.tables ORDER BY table_schema, table_name", "SELECT * FROM information_schema.schemata ORDER BY schema_name",
			"SELECT * FROM information_schema.key_column_usage", "SELECT to_regclass('公安.基本wj'), to_regclass('renkou'), to_regclass('公安.bumimi')", "SELECT attname FROM pg_attribute WHERE attname IN ('mm', 'xz', 'id') ORDER BY attrelid, 1",
		} {
			here, there := postgresDoor{one.place}.Ask(t, sql, one.token, purpose), postgresDoor{none.place}.Ask(t, sql, none.token, purpose)
			if here != there {
				t.Errorf("for %q: %s\none:  %+v\nnone: %+v", purpose, sql, here, there)
			}
			if !strings.Contains(sql, "renkou") && (strings.Contains(here.Said, "renkou") || strings.Contains(here.Said, "bumimi")) {
				t.Errorf("for %q: %s tells of the source: %s", purpose, sql, here.Said)
			}
			rows[purpose] += here.Rows
		}
	}
	if rows["DB-HC"] < 2*rows["JC"] || rows["JC"] != rows[""] {
		t.Errorf("little is told where much is open: %v", rows)
	}
}
