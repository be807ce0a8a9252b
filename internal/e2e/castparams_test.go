package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/internal/testpg"
)

// A cast of a parameter is made, whatever is made of its result.
func TestCastsOfParameters(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	conn, err := pgx.Connect(t.Context(), doorDSN(s.postgresDoor(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	const open, int4, text, timestamp, refused = 0, 23, 25, 1114, "refused"
	const times = "(VALUES (TIMESTAMP '2024-01-02 03:00:00'), (TIMESTAMP '2024-01-02 13:00:00'), (TIMESTAMP '2024-01-01 23:00:00')) v(ts)"
	for _, c := range []struct {
		sql, value string
		declared   uint32
		want       string // as of the value written into the statement, or refused where it is none of the type
	}{
		{"SELECT $1::INTEGER::VARCHAR", "007", open, "7"},
		{"SELECT $1::INTEGER::VARCHAR", "007", text, "7"},
		{"SELECT $1::INTEGER::VARCHAR", "abc", open, refused},
		{"SELECT $1::INTEGER::VARCHAR", "abc", text, refused},
		{"SELECT CAST(CAST($1 AS INTEGER) AS VARCHAR)", "007", open, "7"},
		{"SELECT ( $1 ) :: INTEGER :: VARCHAR", "007", open, "7"},
		{"SELECT CAST($1 AS INTEGER)::VARCHAR::DOUBLE::VARCHAR", "007", text, "7.0"},
		{"SELECT coalesce(TRY_CAST($1 AS INTEGER)::VARCHAR, 'none')", "abc", open, "none"},
		{"SELECT coalesce(TRY_CAST($1 AS INTEGER)::VARCHAR, 'none')", "012", text, "12"},
		{"SELECT ('a' GLOB ($1)::TINYINT::VARCHAR)::VARCHAR", "*", open, refused},
		{"SELECT ('7' SIMILAR TO ($1)::TINYINT::VARCHAR)::VARCHAR", "007", text, "true"},
		{"SELECT string_agg(s, ',') FROM (SELECT sum(x) OVER (ORDER BY x ROWS ($1)::INT PRECEDING)::INT::VARCHAR s FROM range(3) r(x))", "1", open, "0,1,3"},
		{"SELECT coalesce($1)::INT::VARCHAR", "007", text, "7"},
		{"SELECT typeof($1::INT ARRAY)", "{1}", text, "INTEGER[]"},
		{"SELECT (TRY_CAST($1 AS INT ARRAY) IS NULL)::VARCHAR", "inf", text, "true"},
		{"SELECT $1::INTERVAL DAY::VARCHAR", "1", text, "00:00:01"},
		{"SELECT $1::TIMESTAMP WITH TIME ZONE::DATE::VARCHAR", "2024-01-02 12:00:00+08", text, "2024-01-02"},
		{"SELECT $1::TINYINT::INTEGER", "300", open, refused},
		{"SELECT $1::TINYINT::INTEGER", "300", text, refused},
		{"SELECT $1::INTEGER / 4", "2", open, "0.5"},
		{"SELECT $1::INTEGER / 4", "1.6", text, refused},
		{"SELECT coalesce($1::INTEGER, 0.5)", "2", text, "2.0"},
		{"SELECT count(*) FROM " + times + " WHERE ts >= $1::DATE", "2024-01-02 12:00:00", timestamp, "2"},
		{"SELECT count(*) FROM " + times + " WHERE ts >= $1::DATE", "2024-01-02", open, "2"},
		{"SELECT $1::DECIMAL(5, 1)::VARCHAR", "1.2", text, "1.2"},
		{"SELECT $1::DOUBLE PRECISION::VARCHAR", "1", text, "1.0"},
		{"SELECT $1::TIMESTAMP WITHOUT TIME ZONE::DATE::VARCHAR", "2024-01-02 12:00:00", text, "2024-01-02"},
		{"SELECT abs($1)::VARCHAR", "-7.5", open, "7.5"},
		{"SELECT count(*) FROM 政务.户 WHERE id <= $1::INTEGER::DOUBLE", "3", open, "3"},
		{"SELECT count(*) FROM 政务.户 WHERE id <= $1::INTEGER", "3", text, "3"},
		{"SELECT count(*) FROM (SELECT id FROM 政务.户 LIMIT $1::INT)", "2", open, "2"},
		{"SELECT count(*) FROM (SELECT id FROM 政务.户 LIMIT $1::INT)", "2", int4, "2"},
		{"SELECT count(*) FROM 政务.户 WHERE id <= $1::BIGINT", "3", int4, "3"},
		{"SELECT count(*) FROM 政务.户 WHERE name = $1::INTEGER::VARCHAR", "7", open, "0"},
	} {
		r := conn.PgConn().ExecParams(t.Context(), c.sql, [][]byte{[]byte(c.value)}, []uint32{c.declared}, nil, nil).Read()
		got := refused
		if r.Err == nil && len(r.Rows) == 1 {
			got = string(r.Rows[0][0])
		}
		if got != c.want || c.want == refused && strings.Contains(r.Err.Error(), c.value) {
			t.Errorf("%s with %s of type %d: %s %v, want %s", c.sql, c.value, c.declared, got, r.Err, c.want)
		}
	}
}
