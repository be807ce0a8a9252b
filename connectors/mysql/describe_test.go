package mysql_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/testmaria"
)

func TestDescribeEveryKindOfTable(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, `
		CREATE TABLE plain (id int PRIMARY KEY, a varchar(50), b varchar(50), c int, d date, UNIQUE first (b, a), UNIQUE half (a(5)), UNIQUE whole (c), KEY (d));
		INSERT INTO plain SELECT seq, seq, seq, seq, NULL FROM seq_1_to_1000; ANALYZE TABLE plain;
		CREATE TABLE dated (id int, at date, PRIMARY KEY (id, at));
		CREATE TABLE isam (id int) ENGINE = MyISAM; INSERT INTO isam VALUES (1), (2);
		CREATE TABLE parted (k int) PARTITION BY RANGE (k) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
		CREATE TABLE versioned (x int) WITH SYSTEM VERSIONING;
		CREATE TABLE hidden (x int, y int INVISIBLE);
		CREATE VIEW seen AS SELECT id, a FROM plain; CREATE SEQUENCE numbers; CREATE TABLE gone (n int); CREATE VIEW broken AS SELECT n FROM gone; DROP TABLE gone`)
	other := testmaria.Start(t).Database(t) // not this reader's
	other.Exec(t, "CREATE TABLE elsewhere (n int)")
	s := open(t, db.Reader, 1)
	tables, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(detail(err))
	}
	got := map[string]string{}
	for _, table := range tables {
		if table.ID.Schema != db.Name {
			t.Errorf("%s lies in another database", table.ID)
		}
		got[table.ID.Name] = fmt.Sprintf("view %t, %d columns, rows %d, key %v, unique %v", table.View, len(table.Columns), table.Rows, table.PrimaryKey, table.Unique)
	}
	want := map[string]string{
		"plain": "view false, 5 columns, rows 1000, key [id], unique [[b a] [c]]", "dated": "view false, 2 columns, rows 0, key [], unique [[id at]]",
		"isam": "view false, 1 columns, rows 2, key [], unique []", "parted": "view false, 1 columns, rows 2, key [], unique []",
		"versioned": "view false, 1 columns, rows 0, key [], unique []", "hidden": "view false, 2 columns, rows 0, key [], unique []",
		"seen": "view true, 2 columns, rows -1, key [], unique []", "broken": "view true, 0 columns, rows -1, key [], unique []",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
	hidden := s.table("hidden")
	if rows, err := s.rows(s.acquire(), s.fragment(hidden, hidden.Columns)); err != nil || len(rows) != 0 {
		t.Errorf("a column that * leaves out: %s", detail(err))
	}
}

func TestDescribeCollations(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, `CREATE TABLE t (plain text, bin text COLLATE utf8mb4_bin, exact text COLLATE utf8mb4_nopad_bin, latin varchar(9) CHARACTER SET latin1,
		cp1252 varchar(9) CHARACTER SET latin1 COLLATE latin1_nopad_bin, gbk text CHARACTER SET gbk, label enum('a') COLLATE utf8mb4_nopad_bin,
		size int, bits bit(9), amount decimal(60,1), exact_amount decimal(38,1), raw blob, j json, ascii text CHARACTER SET ascii COLLATE ascii_nopad_bin)`)
	named := func(name string) catalog.Collation { return catalog.Collation{Name: name} }
	want := map[string]catalog.Collation{
		"plain": named("utf8mb4_general_ci"), "bin": named("utf8mb4_bin"), "exact": {Name: "utf8mb4_nopad_bin", Binary: true},
		"latin": named("latin1_swedish_ci"), "cp1252": named("latin1_nopad_bin"), "gbk": named("gbk_chinese_ci"), "label": named("utf8mb4_nopad_bin"),
		"size": {}, "bits": {}, "amount": {}, "exact_amount": {}, "raw": {}, "j": {}, "ascii": {Name: "ascii_nopad_bin", Binary: true},
	}
	got := map[string]catalog.Collation{}
	for _, c := range open(t, db.Reader, 1).table("t").Columns {
		got[c.Name] = c.Collation
		if c.NumberAsText != (c.Name == "amount") {
			t.Errorf("%s: a number that is text here: %t", c.Name, c.NumberAsText)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("collations (-want +got):\n%s", d)
	}
}

// Dates that are none are NULL, also where the column is NOT NULL, and each column
// that has some is named with their number once the rows were read.
func TestZeroDatesWarn(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, `SET SESSION sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE t (born date NOT NULL, at datetime NOT NULL, good date);
		INSERT INTO t VALUES ('0000-00-00', '2024-01-01', NULL), ('2200-00-08', '0000-00-00', '2024-01-01'), ('2024-01-01', '2024-01-01', NULL), ('2023-02-30', '2024-01-01', NULL);
		SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'`)
	s := open(t, db.Reader, 1)
	table := s.table("t")
	conn := s.acquire()
	for range 2 { // a cached statement counts anew
		stream, err := conn.Scan(t.Context(), s.fragment(table, table.Columns))
		if err != nil {
			t.Fatal(detail(err))
		}
		warner := stream.(connectors.Warner)
		nulls := 0
		for stream.Next() {
			nulls += stream.RecordBatch().Column(0).NullN()
		}
		if stream.Err() != nil || nulls != 3 {
			t.Errorf("%d dates are NULL, want 3: %s", nulls, detail(stream.Err()))
		}
		const want = "[{zero_dates mysql_zero_dates map[Column:born Count:3 Source:sj Table:t]} {zero_dates mysql_zero_dates map[Column:at Count:1 Source:sj Table:t]}]"
		if got := fmt.Sprint(warner.Warnings()); got != want {
			t.Errorf("warnings %s, want %s", got, want)
		}
		stream.Release()
	}
}

// A statement sees one moment, however slowly it is read.
func TestScansSeeOneMoment(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE t (n bigint PRIMARY KEY, v bigint) ENGINE = InnoDB; INSERT INTO t SELECT seq, 1 FROM seq_1_to_400000")
	s := open(t, db.Reader, 1)
	table := s.table("t")
	f := s.fragment(table, table.Columns)
	f.Rows = 1000
	stream, err := s.acquire().Scan(t.Context(), f)
	if err != nil || !stream.Next() {
		t.Fatal(detail(err))
	}
	defer stream.Release()
	db.Exec(t, "UPDATE t SET v = 2; DELETE FROM t WHERE n > 399000; INSERT INTO t SELECT seq, 3 FROM seq_500001_to_501000")
	rows := int64(0)
	for more := true; more; more = stream.Next() {
		b := stream.RecordBatch()
		rows += b.NumRows()
		for i := range int(b.NumRows()) {
			if v := b.Column(1).ValueStr(i); v != "1" {
				t.Fatalf("row %s is of another moment: %s", b.Column(0).ValueStr(i), v)
			}
		}
	}
	if rows != 400_000 || stream.Err() != nil {
		t.Errorf("%d rows, %s", rows, detail(stream.Err()))
	}
}

func TestExamine(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	db.Exec(t, "CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE VIEW v AS SELECT n FROM a")
	look := func(dsn string) connectors.Examination {
		t.Helper()
		x, err := open(t, dsn, 1).Examine(t.Context())
		if err != nil {
			t.Fatal(detail(err))
		}
		return *x
	}
	want := connectors.Examination{
		Account: connectors.Account{Superuser: connectors.No, Denied: -1}, Standby: connectors.No,
		Zone: "+00:00", Encoding: "utf8mb4", Collation: "utf8mb4_general_ci", Binary: connectors.No,
	}
	if d := cmp.Diff(want, look(db.Reader)); d != "" {
		t.Errorf("a reader (-want +got):\n%s", d)
	}
	db.Exec(t, "GRANT UPDATE (n) ON b TO '"+db.ReaderName+"'@'%'")
	want.Account.Writes = 1
	if d := cmp.Diff(want, look(db.Reader)); d != "" {
		t.Errorf("one who may write a column (-want +got):\n%s", d)
	}
	db.Exec(t, "GRANT CREATE, INSERT ON "+db.Name+".* TO '"+db.ReaderName+"'@'%'; REVOKE UPDATE (n) ON b FROM '"+db.ReaderName+"'@'%'")
	want.Account.Writes, want.Account.Creates = 2, 1
	if d := cmp.Diff(want, look(db.Reader)); d != "" {
		t.Errorf("one who may create (-want +got):\n%s", d)
	}
	if x := look(db.Admin); x.Account.Superuser != connectors.Yes || x.Account.Writes != 2 || x.Account.Creates != 1 {
		t.Errorf("an administrator: %+v", x)
	}
}

func TestUnknownDatabase(t *testing.T) {
	db := testmaria.Start(t).Database(t)
	u, err := url.Parse(db.Admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/no_such"
	if _, err := open(t, u.String(), 1).Ping(t.Context()); errs.From(err) == nil || errs.From(err).ID != "mysql_no_database" {
		t.Errorf("an unknown database: %s", detail(err))
	}
}
