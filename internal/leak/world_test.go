// Package leak attacks a gateway over its doors: whatever is asked, the answer must not
// depend on what was not granted. Each attack is asked of worlds that differ in hidden
// rows and columns alone, and their answers must be the same, errors included. And
// statements made at random, over grants made at random, must be answered as a DuckDB
// answers that holds nothing but what is granted.
package leak

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
)

// rows of a world: what is visible is the same in every one.
const visible = `INSERT INTO renkou (id, xm, sfzh, qx, nl, gz) VALUES
	(1, '张三', '210102199001011234', '和平区', 36, 100.50),
	(2, '李四', '210102198505052345', '和平区', 41, 0.00),
	(3, '王五', NULL, '和平区', NULL, 7000.25),
	(4, '赵六', '210102197003033456', '和平区', 56, 12.00);
	INSERT INTO jiben (id, qx) VALUES (1, '和平区'), (2, '沈河区'), (3, NULL);`

// hidden is what worlds differ in: rows that no row filter keeps, the columns that are
// granted to nobody, and a table that is no resource.
var hidden = map[string]string{
	"one": `UPDATE renkou SET mm = 'SECRET-1', xz = id; UPDATE jiben SET mm = 'SECRET-1';
		INSERT INTO renkou (id, xm, sfzh, qx, nl, gz, mm, xz) VALUES (100, 'HIDDEN', 'HIDDEN-1', '沈河区', 0, -1.00, 'SECRET-1', 1), (101, 'HIDDEN', 'x', '沈河区', 2147483647, 99999999.99, 'a', 2);
		INSERT INTO bumimi VALUES ('SECRET-1');`,
	"other": `UPDATE renkou SET mm = NULL, xz = 1000 - id;
		INSERT INTO renkou (id, xm, sfzh, qx, nl, gz, mm, xz) VALUES (100, 'HIDDEN', 'HIDDEN-2', '沈河区', 1, 5.00, 'SECRET-2', 9);
		INSERT INTO renkou (id, xm, sfzh, qx, nl, gz, mm, xz) SELECT 200 + id, '', '', '大东区', -5, 1.00, 'SECRET', 3 FROM renkou;`,
	"none": ``,
}

// tables of a world. The one without hidden things has not even their names.
func tables(world string) string {
	text := `CREATE TABLE renkou (id INTEGER PRIMARY KEY, xm TEXT, sfzh TEXT, qx TEXT, nl INTEGER, gz DECIMAL(10,2), mm TEXT, xz INTEGER); CREATE TABLE jiben (id INTEGER PRIMARY KEY, qx TEXT, mm TEXT); CREATE TABLE bumimi (mm TEXT);` + visible + hidden[world]
	if world == "none" {
		text += `ALTER TABLE renkou DROP COLUMN mm; ALTER TABLE renkou DROP COLUMN xz; ALTER TABLE jiben DROP COLUMN mm; DROP TABLE bumimi;`
	}
	return text + shares
}

// shares is a view whose column fails on a row of which only one world knows, at a source
// that divides as PostgreSQL does.
const shares = `CREATE VIEW kaohe AS SELECT id, qx, 1000 / nl AS bi FROM renkou;`

// filters are the shapes of row filters, by the resource that has one; #s is the source.
// Each keeps the visible rows alone.
var filters = map[string]string{
	"等于": "qx = principal_attribute('district')",
	"列表": "qx IN ('和平区', '皇姑区')",
	"或者": "qx = '和平区' OR nl = -77 OR sfzh = 'nobody'",
	"情形": "CASE WHEN qx = '和平区' THEN true WHEN nl IS NULL THEN false ELSE nl = -77 END",
	"前缀": "qx LIKE '和平%' AND NOT (id IS NULL)",
	"函数": dear,
	"查表": "qx IN (SELECT qx FROM 公安.基本#s WHERE id = 1)",
}

// dear is a row filter that DuckDB takes to cost more than most conditions of a statement.
// Where both stand in one text it asks the cheaper ones first, and not all that can fail
// are known to it as such.
const dear = "upper(trim(qx)) = '和平区' OR lower(trim(xm)) = 'nobody'"

// places where the same tables are: a PostgreSQL, a SQLite file, a MariaDB and a
// DuckDB file.
var sources = []string{"zfw", "wj", "rs", "kf"}

// world is a place with the same tables at each of its sources, and wang who may see
// some of them.
type world struct {
	*place
	name    string
	token   string            // of wang
	schemas map[string]string // by source
}

// newWorld serves a world. An open one grants everything to everybody: it shows that
// the attacks would find something.
func newWorld(t *testing.T, name string, open bool) *world {
	t.Helper()
	return newWrappedWorld(t, name, open, nil)
}

func newWrappedWorld(t *testing.T, name string, open bool, wrap func(string, connectors.Source) connectors.Source) *world {
	t.Helper()
	dir := t.TempDir()
	db := testpg.Start(t).Database(t)
	db.Exec(t, tables(name)+"ANALYZE;")
	maria := testmaria.Start(t).Database(t)
	maria.Exec(t, strings.ReplaceAll(tables(name), " TEXT", " VARCHAR(200)")+"ANALYZE TABLE renkou")
	fillSQLite(t, filepath.Join(dir, "wj.db"), tables(name)+"ANALYZE;")
	fillDuckDB(t, filepath.Join(dir, "kf.duckdb"), tables(name))
	w := &world{place: newPlace(t, dir, fmt.Sprintf("  zfw: {kind: postgres, dsn: %q}\n  wj: {kind: sqlite, path: wj.db}\n  rs: {kind: mysql, dsn: %q}\n  kf: {kind: duckdb, path: kf.duckdb}\n", db.Admin, maria.Reader)), name: name}
	w.wrap, w.schemas = wrap, map[string]string{"zfw": "public", "wj": "main", "rs": maria.Name, "kf": "main"}
	w.keep(t, open)
	w.serve(t)
	return w
}

func fillSQLite(t *testing.T, file, text string) {
	t.Helper()
	conn, err := sqlite.OpenConn(file, sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, text, nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func fillDuckDB(t *testing.T, file string, statements ...string) {
	t.Helper()
	db, err := sql.Open("duckdb", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append([]string{"SET memory_limit = '256MiB'"}, statements...) {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%.200s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// keep fills the catalogue: a resource for each source and row filter, and 基本, which
// has none but hides a column.
func (w *world) keep(t *testing.T, open bool) {
	t.Helper()
	w.apply(t, "bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 低保核查, basis: 办法}, JC: {name: 稽查, basis: 办法}}")
	w.apply(t, "secadmin", `principals:
  ga: {agency: 公安, roles: [cataloguer, leader]}
  wang: {agency: 民政, roles: [analyst], attributes: {district: 和平区}}
  li: {agency: 民政, roles: [analyst], attributes: {district: 大东区}}`)
	w.apply(t, "sysadmin", "sources: {zfw: 公安, wj: 公安, rs: 公安, kf: 公安}")
	items, of := "id: '', xm: '', sfzh: '', qx: '', nl: '', gz: ''", "id: '', qx: ''"
	granted, ofGranted := "id: clear, xm: masked name, sfzh: clear, qx: clear, nl: clear, gz: clear", "id: clear, qx: clear"
	if open {
		items += ", mm: '', xz: ''"
		granted += ", mm: clear, xz: clear"
		of += ", mm: ''"
		ofGranted += ", mm: clear"
	}
	resources, grants := "resources:\n", "grants:\n"
	for _, source := range sources {
		add := func(name, table, items, granted, filter string) {
			resources += fmt.Sprintf("  公安.%s: {class: restricted, source: %s, schema: %s, table: %s, items: {%s}}\n", name+source, source, w.schemas[source], table, items)
			grants += fmt.Sprintf("  公安.%s: [{agency: 民政, items: {%s}, purposes: [DB-HC], modes: [interface], where: %q}]\n", name+source, granted, filter)
		}
		for name, filter := range filters {
			if open {
				filter = ""
			}
			add(name, "renkou", items, granted, strings.ReplaceAll(filter, "#s", source))
		}
		add("基本", "jiben", of, ofGranted, "")
	}
	w.apply(t, "ga", resources)
	w.apply(t, "ga", grants)
	w.token = w.tokenFor(t, "wang")
}

// ask gives the answer to a statement of wang's. Worlds whose sources are on one server
// differ in the names of their databases, which EXPLAIN tells.
func (w *world) ask(t *testing.T, sql, purpose string) string {
	t.Helper()
	return strings.ReplaceAll(w.asks(t, w.token, sql, purpose), w.schemas["rs"], "schema")
}
