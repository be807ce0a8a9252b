package pgwire_test

import (
	"os"
	"slices"
	"testing"

	"github.com/lianji/lianji/server/servertest"
)

// What Npgsql sends when it connects, and before it hands a pooled connection out again,
// message by message: the program itself is in no registry that tests install from.
func TestNpgsqlMessages(t *testing.T) {
	c := open(t, &servertest.Querier{}).connect(t, "&client_encoding=UTF8&application_name=npgsql")
	batch, err := os.ReadFile("pgcatalog/testdata/npgsql.sql")
	if err != nil {
		t.Fatal(err)
	}
	results, err := c.Exec(t.Context(), string(batch)).ReadAll() // in one simple query
	if err != nil || len(results) != 4 {
		t.Fatalf("%d answers, %v", len(results), err)
	}
	if v := string(results[0].Rows[0][0]); v != "PostgreSQL 15.0 (lianji)" {
		t.Errorf("version %q", v)
	}
	place := map[string]int{}
	for i, row := range results[1].Rows {
		place[string(slices.Concat(row[0], []byte(" "), row[1], []byte(" "), row[2], []byte(" "), row[3], []byte(" "), row[4], []byte(" "), row[5]))] = i + 1
	}
	base, array := place["pg_catalog 23 int4 b f "], place["pg_catalog 1007 _int4 a f 23"]
	if base == 0 || array == 0 || base > array {
		t.Errorf("int4 is type %d and int4[] type %d of %d, where an array needs its element before it", base, array, len(place))
	}
	for _, name := range []string{"pg_catalog 16 bool b f ", "pg_catalog 25 text b f ", "pg_catalog 1700 numeric b f ", "pg_catalog 1184 timestamptz b f ", "pg_catalog 2950 uuid b f ", "pg_catalog 3802 jsonb b f ", "pg_catalog 1009 _text a f 25"} {
		if place[name] == 0 {
			t.Errorf("no type %q", name)
		}
	}
	if len(results[2].Rows) != 0 || len(results[3].Rows) != 0 {
		t.Errorf("%d fields of composites, %d enum labels, where there are none", len(results[2].Rows), len(results[3].Rows))
	}
	// Each has its answer: Npgsql counts them.
	mustRun(t, c, "SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP",
		"SET\nRESET\nCLOSE CURSOR ALL\nLISTEN\n\nSELECT 1\nDISCARD\nDISCARD\n")
	mustRun(t, c, "DISCARD ALL", "DISCARD ALL\n")
	mustRun(t, c, "select pg_is_in_recovery()", "f\nSELECT 1\n")
	mustRun(t, c, "SHOW default_transaction_read_only", "on\nSHOW\n")
	mustRun(t, c, "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN\n")
	mustRun(t, c, "ROLLBACK", "ROLLBACK\n")
}
