package postgres_test

import (
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/internal/waitfor"
)

func TestStatisticsOfEveryKindOfTable(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `
		CREATE TABLE fresh (id integer) WITH (autovacuum_enabled = false);
		CREATE TABLE empty (id integer) WITH (autovacuum_enabled = false);
		CREATE TABLE counted (id integer PRIMARY KEY, "姓 名" text, code character(6), amount numeric(10,2), day date, at timestamptz, long text, wide jsonb) WITH (autovacuum_enabled = false);
		INSERT INTO fresh SELECT i FROM generate_series(1, 500) i;
		INSERT INTO counted SELECT i, CASE WHEN i % 4 = 0 THEN '张三' ELSE '李四' END, CASE WHEN i % 5 = 0 THEN 'ab' ELSE 'cd' END, i % 2 + 0.5,
			date '2024-01-01' + i % 366, timestamptz '2024-01-01 00:00+00' + i * interval '1 minute', repeat('x', 500), '{"a": 1}' FROM generate_series(1, 1000) i;
		CREATE TABLE parent (id integer) WITH (autovacuum_enabled = false);
		CREATE TABLE child () INHERITS (parent) WITH (autovacuum_enabled = false);
		INSERT INTO parent SELECT 1 FROM generate_series(1, 100);
		INSERT INTO child SELECT i FROM generate_series(1, 900) i;
		CREATE TABLE denied (secret integer) WITH (autovacuum_enabled = false);
		INSERT INTO denied SELECT i FROM generate_series(1, 1000) i;
		ANALYZE counted; ANALYZE parent, child; ANALYZE denied;
		REVOKE ALL ON denied FROM PUBLIC, reader;
		CREATE VIEW seen AS SELECT * FROM counted`)
	s := open(t, db.Reader, 2)
	s.table("fresh")
	// A session of the server tells its counts to others at most once a second.
	var all map[catalog.TableID]*catalog.Statistics
	waitfor.True(t, 2*time.Second, "the count of rows that were just written", func() bool {
		var err error
		if all, err = s.Statistics(t.Context(), s.tables); err != nil {
			t.Fatal(err)
		}
		fresh := all[s.table("fresh").ID]
		return fresh != nil && fresh.Rows >= 0
	})
	get := func(name string) *catalog.Statistics {
		got := all[s.table(name).ID]
		if got == nil {
			t.Fatalf("nothing is known of %s", name)
		}
		return got
	}
	if f := get("fresh"); !f.Never || f.Rows != 500 || !f.Analyzed.IsZero() || len(f.Columns) != 0 {
		t.Errorf("fresh: never %t, %d rows", f.Never, f.Rows)
	}
	if e := get("empty"); e.Rows > 0 {
		t.Errorf("empty: %d rows", e.Rows)
	}
	if d := get("denied"); d.Rows != 1000 || len(d.Columns) != 0 {
		t.Errorf("denied: %d rows, %d columns", d.Rows, len(d.Columns))
	}
	if all[s.table("seen").ID] != nil {
		t.Error("a view has statistics")
	}
	// pg_stats has parent twice: without its child there is one value.
	if id := get("parent").Columns["id"]; id.Distinct < 700 || id.Distinct > 1000 || id.Extent() != 899 {
		t.Errorf("parent: %g values over %g", id.Distinct, id.Extent())
	}
	c := get("counted")
	if c.Never || c.Rows != 1000 || time.Since(c.Analyzed) > time.Hour || time.Since(c.Read) > time.Minute {
		t.Errorf("counted: never %t, %d rows, analyzed %s", c.Never, c.Rows, c.Analyzed)
	}
	share := func(column, value string, want float64) {
		t.Helper()
		at, _ := s.table("counted").Column(column)
		v, ok := catalog.ParseValue(s.table("counted").Columns[at].Type, value)
		if got := c.Columns[column].Equal(v); !ok || got < want*0.99 || got > want*1.01 {
			t.Errorf("%s = %s: %g, want %g", column, value, got, want)
		}
	}
	share("姓 名", "张三", 0.25)
	share("code", "ab", 0.2) // not 'ab    '
	share("amount", "1.50", 0.5)
	share("id", "7", 0.001)
	if x := c.Columns["at"].Extent(); x != 999*60e6 {
		t.Errorf("at: %g microseconds", x)
	}
	if x := c.Columns["day"].Extent(); x != 365*86400e6 {
		t.Errorf("day: %g microseconds", x)
	}
	if n, _ := c.Columns["long"].Top(); n != 0 || c.Columns["long"].Width < 400 {
		t.Errorf("long texts were fetched: %d values, %g bytes", n, c.Columns["long"].Width)
	}
}

func TestExamine(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `
		CREATE TABLE a (id integer, note text); CREATE TABLE b (id integer); CREATE TABLE c (id integer); CREATE TABLE d (id integer);
		CREATE SCHEMA open; GRANT CREATE ON SCHEMA open TO reader;
		CREATE SCHEMA shut; CREATE TABLE shut.e (id integer); REVOKE ALL ON SCHEMA shut FROM PUBLIC, reader;
		GRANT DELETE ON b TO reader; GRANT UPDATE (note) ON a TO reader;
		REVOKE ALL ON c FROM PUBLIC, reader`)
	examine := func(dsn string) *connectors.Examination {
		x, err := open(t, dsn, 1).Examine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	got := examine(db.Reader)
	want := connectors.Account{Superuser: connectors.No, Writes: 2, Creates: 1, Denied: 2}
	if got.Account != want {
		t.Errorf("reader: %+v, want %+v", got.Account, want)
	}
	if got.Standby != connectors.No || got.Zone != "UTC" || got.Encoding != "UTF8" || got.Collation != "C" || got.Binary != connectors.Yes {
		t.Errorf("%+v", got)
	}
	owner := examine(db.Admin).Account
	if owner.Superuser != connectors.Yes || owner.Writes != 5 || owner.Creates < 3 || owner.Denied != 0 {
		t.Errorf("owner: %+v", owner)
	}
	pinyin := testpg.Start(t).Database(t, testpg.ChineseICU)
	if x := examine(pinyin.Reader); x.Binary != connectors.No || x.Collation != "zh-u-co-pinyin" {
		t.Errorf("%+v", x)
	}
}
