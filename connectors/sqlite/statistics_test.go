package sqlite

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
)

func TestStatistics(t *testing.T) {
	const numbers = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) "
	src, tables := described(t, scratch(t, `
		CREATE TABLE counted (id INTEGER PRIMARY KEY, class INTEGER, day DATE, name TEXT);
		INSERT INTO counted `+numbers+`SELECT n, n % 5, date('2024-01-01', (n % 100) || ' days'), 'x' || n FROM c;
		CREATE INDEX by_class ON counted (class, name); CREATE INDEX by_day ON counted (day);
		CREATE INDEX by_part ON counted (name) WHERE class = 1; CREATE INDEX by_length ON counted (length(name));
		ANALYZE counted;
		CREATE TABLE plain (a INTEGER, rowid TEXT);
		INSERT INTO plain `+numbers+`SELECT n, 'r' FROM c;
		CREATE TABLE sparse (id INTEGER PRIMARY KEY, note TEXT);
		INSERT INTO sparse VALUES (1, 'a'), (4611686018427387904, 'b');
		CREATE TABLE keyed (code TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
		INSERT INTO keyed VALUES ('a', 1);
		CREATE TABLE hidden (rowid, _rowid_, oid); INSERT INTO hidden VALUES (1, 2, 3);
		CREATE TABLE mixed (n INTEGER, m INTEGER); INSERT INTO mixed VALUES (1, 1), ('much', 2);
		CREATE INDEX of_mixed ON mixed (n);
		CREATE INDEX otherwise ON mixed (m COLLATE NOCASE);
		CREATE TABLE empty (id INTEGER PRIMARY KEY);
		CREATE VIEW seen AS SELECT * FROM counted`))
	var list []*catalog.Table
	for _, table := range tables {
		list = append(list, table)
	}
	all, err := src.Statistics(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		rows  int64
		never bool
	}{"counted": {1000, false}, "plain": {1000, true}, "sparse": {-1, true}, "keyed": {-1, true}, "hidden": {-1, true}, "mixed": {2, true}, "empty": {0, false}} {
		s := all[tables[name].ID]
		if s == nil || s.Rows != want.rows || s.Never != want.never {
			t.Errorf("%s: %d rows, never %t; want %+v", name, s.Rows, s.Never, want)
		}
	}
	if len(all) != 7 {
		t.Errorf("statistics of %d tables", len(all))
	}
	c := all[tables["counted"].ID]
	for column, want := range map[string][2]float64{"id": {1000, 999}, "class": {5, 4}, "day": {100, 99 * 86400e6}, "name": {0, -1}} {
		if got := c.Column(column); got.Distinct != want[0] || got.Extent() != want[1] {
			t.Errorf("%s: %g values, extent %g; want %v", column, got.Distinct, got.Extent(), want)
		}
	}
	if m := all[tables["mixed"].ID]; m.Column("n").Extent() != -1 || m.Column("m").Extent() != -1 {
		t.Error("a text is no end of numbers, and an index in another order has none")
	}
}

func TestExamine(t *testing.T) {
	src := openFile(t, scratch(t, "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a)"))
	x, err := src.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if x.Account.FileWritable != connectors.Yes || x.Encoding != "UTF-16le" || x.Binary != connectors.No || x.Account.Superuser != connectors.Unknown || x.Standby != connectors.Unknown {
		t.Errorf("%+v", x)
	}
}
