package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/internal/testpg"
)

// Lists and numerics of any digits are parameters as they are values in a statement.
func TestPostgresDoorParameters(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	conn, err := pgx.Connect(t.Context(), doorDSN(s.postgresDoor(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	text, one := func(v string) *string { return &v }, int32(1)
	bytes := []byte{0, 255, '\\', 'x'}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec} {
		for _, c := range []struct {
			sql  string
			arg  any
			want string
		}{
			{"SELECT id FROM 政务.户 WHERE id = ANY($1) ORDER BY id", []int32{3, 1, 3}, "1;3"},
			{"SELECT id FROM 政务.户 WHERE id = ANY($1::INT[]) ORDER BY id", []*int32{&one, nil}, "1"},
			{"SELECT count(*) FROM 政务.户 WHERE NOT id = ANY($1::INT[])", []*int32{&one, nil}, "0"},
			{"SELECT count(*) FROM 政务.户 WHERE id <> ALL($1::INT[])", []int32{1, 2}, "19998"},
			{"SELECT count(*) FROM 政务.户 WHERE id = ANY($1::INT[])", []int32{}, "0"},
			{"SELECT count(*) FROM 政务.户 WHERE id = ANY($1::INT[])", []int32(nil), "0"}, // NULL
			{"SELECT id FROM 政务.户 WHERE name = ANY($1)", []string{"n7", `x"y{,}\`}, "7"},
			{"SELECT $1::VARCHAR[]", []*string{text(""), nil, text("NULL"), text(` "a,b\'`)}, fmt.Sprint([]any{"", nil, "NULL", ` "a,b\'`})},
			{"SELECT list_contains($1::DATE[], DATE '2024-02-29')", []string{"2024-02-29"}, "true"},
			{"SELECT id FROM 政务.户 WHERE name::BLOB = $1", []byte("n7"), "7"},
			{"SELECT id FROM 政务.户 WHERE name::BLOB = ANY($1::BLOB[]) ORDER BY id", [][]byte{[]byte("n9"), nil, []byte("n7")}, "7;9"},
			{"SELECT $1::BYTEA", bytes, fmt.Sprint(bytes)},
			{"SELECT $1::BLOB[]", [][]byte{bytes, {}, nil}, fmt.Sprint([]any{bytes, []byte{}, nil})},
			{"SELECT $1::BLOB IS NULL", []byte(nil), "true"},
		} {
			rows, err := conn.Query(t.Context(), c.sql, mode, c.arg)
			if err != nil {
				t.Errorf("%s: %v", c.sql, err)
				continue
			}
			got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
				values, err := row.Values()
				return fmt.Sprint(values...), err
			})
			if g := strings.Join(got, ";"); err != nil || g != c.want {
				t.Errorf("%s, mode %v: %s %v, want %s", c.sql, mode, g, err, c.want)
			}
		}
	}
	wantCode(t, func() error {
		_, err := conn.Exec(t.Context(), "SELECT $1::INT[]", [][]int32{{1, 2}, {3, 4}})
		return err
	}(), "0A000")

	const bytea, anyText, numeric, numerics = 17, 25, 1700, 1231
	for _, c := range []struct {
		sql, value string
		declared   uint32
		want       string // with the types that it has
	}{
		{"SELECT $1", "1.50", numeric, "1.50/1700"},
		{"SELECT $1", "1E+3", numeric, "1000/23"},
		{"SELECT $1", "12345678901234567890.5", numeric, "12345678901234567890.5/1700"},
		{"SELECT id FROM 政务.户 WHERE id > $1 AND id < 4 ORDER BY id", "1.5", numeric, "2/23;3/23"},
		{"SELECT id FROM 政务.户 WHERE id = $1", "2", numeric, "2/23"},
		{"SELECT id FROM 政务.户 WHERE id = $1", "2.0", numeric, "2/23"},
		{"SELECT id FROM 政务.户 WHERE id = ANY($1) ORDER BY id", "{1,2.5,3.00,NULL}", numerics, "1/23;3/23"},
		{"SELECT $1", "{1,2.5,NULL}", numerics, "{1.0,2.5,NULL}/1231"},
		{"SELECT $1", "{1,-2}", numerics, "{1,-2}/1007"},
		{"SELECT $1", `\x00FF`, bytea, `\x00ff/17`},
		{"SELECT $1", `a\\\377`, bytea, `\x615cff/17`},
		{"SELECT id FROM 政务.户 WHERE name::BLOB = $1", `\x6e37`, bytea, "7/23"},
		{"SELECT id FROM 政务.户 WHERE name::BLOB = $1", `\x6e37`, anyText, "7/23"},
		{"SELECT id FROM 政务.户 WHERE name::BLOB = $1", `n7`, 0, "7/23"},
		{"SELECT id FROM 政务.户 WHERE name = $1", `\x6e37`, bytea, "7/23"},
	} {
		r := conn.PgConn().ExecParams(t.Context(), c.sql, [][]byte{[]byte(c.value)}, []uint32{c.declared}, nil, nil).Read()
		var got []string
		for _, row := range r.Rows {
			got = append(got, fmt.Sprintf("%s/%d", row[0], r.FieldDescriptions[0].DataTypeOID))
		}
		if g := strings.Join(got, ";"); r.Err != nil || g != c.want {
			t.Errorf("%s with %s: %s %v, want %s", c.sql, c.value, g, r.Err, c.want)
		}
	}
	for _, value := range []string{"NaN", "secret", strings.Repeat("9", 39)} {
		r := conn.PgConn().ExecParams(t.Context(), "SELECT $1", [][]byte{[]byte(value)}, []uint32{numeric}, nil, nil).Read()
		if wantCode(t, r.Err, "22023"); r.Err != nil && strings.Contains(r.Err.Error(), value) {
			t.Errorf("the error repeats the value: %v", r.Err)
		}
	}
	// Bytes are no text, and the other way round only where they are well formed.
	for _, c := range []struct{ sql, value string }{
		{"SELECT upper($1)", `\x6e37`}, {"SELECT upper($1)", `secret`}, {"SELECT $1::BLOB", `\xsecret`}, {"SELECT $1::BLOB", `\x0`},
	} {
		for _, format := range []int16{0, 1} {
			r := conn.PgConn().ExecParams(t.Context(), c.sql, [][]byte{[]byte(c.value)}, []uint32{bytea}, []int16{format}, nil).Read()
			if format == 1 && strings.Contains(c.sql, "BLOB") {
				if r.Err != nil {
					t.Errorf("%s: any bytes are bytes: %v", c.sql, r.Err)
				}
			} else if wantCode(t, r.Err, "22023"); r.Err != nil && strings.Contains(r.Err.Error(), "secret") {
				t.Errorf("the error repeats the value: %v", r.Err)
			}
		}
	}
	// A client that was told of int4 gets nothing else.
	if _, err := conn.PgConn().Prepare(t.Context(), "sum", "SELECT id + $1 FROM 政务.户 WHERE id = 1", []uint32{numeric}); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"2": "3", "1.5": ""} {
		r := conn.PgConn().ExecPrepared(t.Context(), "sum", [][]byte{[]byte(value)}, nil, nil).Read()
		if want == "" {
			wantCode(t, r.Err, "0A000")
		} else if r.Err != nil || string(r.Rows[0][0]) != want {
			t.Errorf("%s: %v", value, r.Err)
		}
	}
	// Where nothing is declared, a client is told of a type that does not cut its values, and
	// a numeric has its own digits.
	const float4, float8, int8, timestamp, timestamptz = 700, 701, 20, 1114, 1184
	for i, c := range []struct {
		sql, value string
		told       uint32
		want       string
	}{
		{"SELECT id::DECIMAL(12,2) * $1 FROM 政务.户 WHERE id = 7", "1.5", numeric, "10.500/1700"},
		{"SELECT id::DECIMAL(12,2) * $1 FROM 政务.户 WHERE id = 7", "2", numeric, "14.00/1700"},
		{"SELECT id::DECIMAL(12,2) + $1 FROM 政务.户 WHERE id = 7", "0.00001", numeric, "7.00001/1700"},
		{"SELECT id::DECIMAL(12,2) / $1 FROM 政务.户 WHERE id = 7", "0.5", float8, "14/701"},
		{"SELECT id::DOUBLE * $1 FROM 政务.户 WHERE id = 7", "1.5", float8, "10.5/701"},
		{"SELECT id::FLOAT * $1 FROM 政务.户 WHERE id = 7", "1.5", float4, "10.5/700"},
		{"SELECT id / $1 FROM 政务.户 WHERE id = 7", "0.5", float8, "14/701"},
		{"SELECT id * $1 FROM 政务.户 WHERE id = 7", "2", int8, "14/20"},
		{"SELECT round($1, 1)", "1.55", float8, "1.6/701"},
		{"SELECT (TIMESTAMP '2024-01-02 12:00:00' - $1)::VARCHAR", "2024-01-01 10:00:00", timestamp, "1 day 02:00:00/25"},
		{"SELECT (TIMESTAMPTZ '2024-01-02 12:00:00+00' - $1)::VARCHAR", "2024-01-01 10:00:00+00", timestamptz, "1 day 02:00:00/25"},
		{"SELECT date_trunc('hour', $1)::VARCHAR", "2024-01-01 10:30:00", timestamp, "2024-01-01 10:00:00/25"},
	} {
		name := fmt.Sprint("open", i)
		d, err := conn.PgConn().Prepare(t.Context(), name, c.sql, nil)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		r := conn.PgConn().ExecPrepared(t.Context(), name, [][]byte{[]byte(c.value)}, nil, nil).Read()
		got := ""
		for _, row := range r.Rows {
			got += fmt.Sprintf("%s/%d", row[0], r.FieldDescriptions[0].DataTypeOID)
		}
		if got != c.want || r.Err != nil || d.ParamOIDs[0] != c.told {
			t.Errorf("%s with %s: told of %d, %s %v", c.sql, c.value, d.ParamOIDs[0], got, r.Err)
		}
	}
	s.awaitGone(t)
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got %v, want SQLSTATE %s", err, code)
	}
}

// The search path says in which schema names without one are looked for, for each statement
// as it is then.
func TestPostgresDoorSearchPath(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	address := s.postgresDoor(t)
	conn, err := pgconn.Connect(t.Context(), doorDSN(address))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	ask := func(c *pgconn.PgConn, sql, want string) {
		t.Helper()
		results, err := c.Exec(t.Context(), sql).ReadAll()
		if len(want) == 5 && err != nil {
			wantCode(t, err, want)
			return
		}
		got := ""
		for _, r := range results {
			for _, row := range r.Rows {
				for _, v := range row {
					got += string(v) + " "
				}
			}
		}
		if got != want || err != nil {
			t.Errorf("%s: %q %v, want %q", sql, got, err, want)
		}
	}
	const both = "SELECT (SELECT count(*) FROM 册), max(户.id) FROM 户"
	ask(conn, both, "42P01")
	ask(conn, `SET search_path = 不在, "$user", "档案", 政务`, "")
	ask(conn, both, "3 20000 ")
	ask(conn, "SELECT max(政务.户.id), (WITH 户 AS (SELECT 7 AS id) SELECT id FROM 户) FROM 政务.户", "20000 7 ")
	ask(conn, "SELECT id FROM 不在.户", "42P01")
	ask(conn, "SELECT current_schema(), current_user", "档案 analyst ")
	if _, err := conn.Prepare(t.Context(), "p", "SELECT count(*) FROM 册", nil); err != nil {
		t.Fatal(err)
	}
	ask(conn, `SET search_path TO 政务`, "")
	ask(conn, "SELECT max(id) FROM 户", "20000 ")
	wantCode(t, conn.ExecPrepared(t.Context(), "p", nil, nil, nil).Read().Err, "42P01")
	ask(conn, `SELECT set_config('search_path', '', false)`, " ")
	ask(conn, "SELECT max(id) FROM 户", "42P01")
	ask(conn, `SET search_path = '"政务'`, "22023")
	ask(conn, "BEGIN; SET LOCAL search_path = 政务; SELECT max(id) FROM 户; ROLLBACK", "20000 ")
	ask(conn, "SELECT max(id) FROM 户", "42P01")
	began, err := pgconn.Connect(t.Context(), doorDSN(address)+"&search_path=%E6%A1%A3%E6%A1%88")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = began.Close(context.Background()) }()
	ask(began, "SELECT count(*) FROM 册", "3 ")
	ask(began, "SELECT relname FROM pg_class WHERE pg_table_is_visible(oid)", "册 ")
	s.awaitGone(t)
}
