package pgcatalog

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// What a PostgreSQL that holds the same tables answers is what the gateway does.
func TestSameAsPostgreSQL(t *testing.T) {
	db := testpg.Start(t).Database(t)
	db.Exec(t, `CREATE SCHEMA "公安"; CREATE SCHEMA "民政";
		CREATE TABLE "公安"."人口" ("身份证号" TEXT, amount NUMERIC(12,2), born DATE, tags TEXT[], seen TIMESTAMPTZ, n BIGINT, PRIMARY KEY (n, "身份证号"));
		CREATE TABLE "民政"."低保" (amount NUMERIC(12,2));
		COMMENT ON TABLE "公安"."人口" IS '常住人口'; COMMENT ON COLUMN "公安"."人口"."身份证号" IS '18 位';
		GRANT USAGE ON SCHEMA "公安", "民政" TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA "公安", "民政" TO reader`)
	conn, err := pgx.Connect(t.Context(), db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		for _, s := range saidIn(t, file) {
			if !s.same {
				continue
			}
			compared++
			got := askPostgreSQL(t, conn, s)
			if s.mixed {
				got, s.rows = inOrder(got), inOrder(s.rows)
			}
			if got != s.rows {
				t.Errorf("%s: PostgreSQL answers\n%.2000s\nwith\n%s\nand not\n%s", file, s.sql, got, s.rows)
			}
		}
	}
	if compared < 36 {
		t.Errorf("%d statements were compared", compared)
	}
}

// askPostgreSQL gives the rows as lines does.
func askPostgreSQL(t *testing.T, conn *pgx.Conn, s said) string {
	t.Helper()
	args := []any{pgx.QueryExecModeSimpleProtocol}
	for _, p := range s.params {
		args = append(args, p.Text)
	}
	rows, err := conn.Query(t.Context(), s.sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if i > 0 {
				b.WriteString("|")
			}
			if list, ok := v.([]any); ok { // as lines writes one
				v = "[" + strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", ",") + "]"
			}
			if oid := rows.FieldDescriptions()[i].DataTypeOID; oid == pgvalue.Int2vectorOID || oid == pgvalue.OidvectorOID {
				v = "[" + strings.ReplaceAll(fmt.Sprint(v), " ", ",") + "]"
			}
			if v != nil {
				fmt.Fprint(&b, v)
			}
		}
		b.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Errorf("%v: %.2000s", err, s.sql)
	}
	return b.String()
}
