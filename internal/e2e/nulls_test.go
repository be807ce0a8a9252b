package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/internal/testpg"
)

// untyped are statements with a NULL of which nobody said the type, as last value, which
// takes the type of its neighbours.
var untyped = []struct {
	sql    string
	values string // the others
	want   string
}{
	{"SELECT max(x) FROM (SELECT $1 x UNION ALL SELECT $2 UNION ALL SELECT $3)", "9 10", "10"},
	{"SELECT x FROM (SELECT $1 x UNION SELECT $2 UNION SELECT $3) WHERE x IS NOT NULL ORDER BY x", "9 10", "9;10"},
	{"SELECT greatest($1, $2, $3)", "9 10", "10"},
	{"SELECT least($1, $2, $3)", "9 10", "9"},
	{"SELECT list_max([$1, $2, $3])", "9 10", "10"},
	{"SELECT ($2 > coalesce($3, $1))::VARCHAR", "9 10", "true"},
	{"SELECT ($1 BETWEEN $2 AND $3)::VARCHAR", "9 10", "false"},
	{"SELECT (CASE WHEN id = 1 THEN $1 ELSE $2 END) + 1 FROM 政务.户 WHERE id = 1", "9", "10"},
	{"SELECT max(x) FROM (SELECT id x FROM 政务.户 WHERE id < 11 UNION ALL SELECT $1)", "", "10"},
	{"SELECT typeof(id + $1), typeof($1) FROM 政务.户 WHERE id = 1", "", `INTEGER "NULL"`},
	{"SELECT id FROM 政务.户 WHERE id < 3 AND ($1 IS NULL OR id = 7) ORDER BY id", "", "1;2"},
	{"SELECT date_trunc('day', $2) IS NULL, $1 + 1", "9", "true 10"}, // which wants to know the type
}

// A NULL makes no text of its neighbours at the PostgreSQL door, whatever was bound before; a
// client that trusts what a statement was described as gets that.
func TestPostgresDoorNulls(t *testing.T) {
	s := newSite(t, testpg.Start(t), 4, "memory: 256MiB")
	conn, err := pgconn.Connect(t.Context(), doorDSN(s.postgresDoor(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	const bytea, int4, text, date, numeric, numerics = 17, 23, 25, 1082, 1700, 1231
	for _, c := range untyped {
		var values [][]byte
		var oids []uint32
		for _, v := range strings.Fields(c.values) {
			values, oids = append(values, []byte(v)), append(oids, int4)
		}
		for _, oid := range []uint32{0, 705} {
			r := conn.ExecParams(t.Context(), c.sql, append(values[:len(values):len(values)], nil), append(oids[:len(oids):len(oids)], oid), nil, nil).Read()
			if got := pgRows(r); r.Err != nil || got != c.want {
				t.Errorf("%s: %s %v, want %s", c.sql, got, r.Err, c.want)
			}
		}
	}
	for _, c := range []struct {
		sql    string
		values []string // NULL where empty
		oids   []uint32
		want   string // with the type that it has
	}{
		{"SELECT x FROM (VALUES ($1), ($2)) v(x)", []string{`\x61`, ""}, []uint32{bytea, 0}, `\x61;/17`},
		{"SELECT coalesce($1, $2)", []string{"", `\x61`}, []uint32{0, bytea}, `\x61/17`},
		{"SELECT x FROM (VALUES ($1), ($2)) v(x)", []string{"2024-02-29", ""}, []uint32{date, 0}, "2024-02-29;/1082"},
		{"SELECT x FROM (VALUES ($1), ($2)) v(x)", []string{"2.5", ""}, []uint32{numeric, 0}, "2.5;/1700"},
		{"SELECT coalesce($1, $2)", []string{"", "a"}, []uint32{0, 0}, "a/25"},
		{"SELECT coalesce($1, $2, 5)", []string{"", "7"}, []uint32{0, 0}, "7/23"},
		{"SELECT list_max($1)", []string{"{9,NULL,10}"}, []uint32{numerics}, "10/23"},
		{"SELECT list_sum($1)", []string{"{0.1,0.2}"}, []uint32{numerics}, "0.3/1700"},
		{"SELECT list_avg($1)", []string{"{1.5}"}, []uint32{numerics}, "1.5/701"},
		{"SELECT list_avg($1)", []string{"{NaN}"}, []uint32{numerics}, "NaN/701"},
		{"SELECT unnest($1) z ORDER BY 1", []string{"{9,10}"}, []uint32{numerics}, "9;10/23"},
		{"SELECT list_transform($1, x -> x)", []string{"{9,10.5}"}, []uint32{numerics}, "{9.0,10.5}/1231"},
		{"SELECT coalesce($1, $2)", []string{"{1.5}", ""}, []uint32{numerics, 0}, "{1.5}/1231"},
	} {
		r := conn.ExecParams(t.Context(), c.sql, pgValues(c.values), c.oids, nil, nil).Read()
		if got := pgRows(r); r.Err != nil || got+pgType(r) != c.want {
			t.Errorf("%s with %s: %s%s %v, want %s", c.sql, c.values, got, pgType(r), r.Err, c.want)
		}
	}
	// Nobody described these: each execution has the types of its own values.
	exec := func(sql, name string, oids []uint32, columns []int16, values ...string) *pgconn.Result {
		if name == "" {
			return conn.ExecParams(t.Context(), sql, pgValues(values), oids, nil, columns).Read()
		}
		return conn.ExecPrepared(t.Context(), name, pgValues(values), nil, columns).Read()
	}
	const again = "SELECT greatest($1, $2)"
	for range 3 {
		for _, c := range [][3]string{{"9", "", "9/23"}, {"", "", "/23"}, {"9", "10", "10/23"}} {
			if r := exec(again, "", []uint32{int4, 0}, nil, c[0], c[1]); r.Err != nil || pgRows(r)+pgType(r) != c[2] {
				t.Errorf("%s: %s%s %v", c, pgRows(r), pgType(r), r.Err)
			}
		}
	}
	// This one was described, as are those that are the same: the rows are of the types that
	// were told, in binary too, and what a NULL is besides is free.
	for i, c := range []struct {
		sql, want string
		told      uint32
	}{
		{"SELECT id x FROM 政务.户 WHERE id = 7 UNION SELECT $1 ORDER BY 1 LIMIT 1", "7/25", text},
		{"SELECT max(x) FROM (SELECT id x FROM 政务.户 WHERE id < 11 UNION ALL SELECT $1)", "9/25", text},
		{"SELECT $1 || 'x'", "/25", text},
		{"SELECT (coalesce($1, 10) > 9)::VARCHAR", "true/25", text},
		{"SELECT typeof($1)", `"NULL"/25`, text},
	} {
		name := fmt.Sprint("s", i)
		d, err := conn.Prepare(t.Context(), name, c.sql, nil)
		if err != nil || d.Fields[0].DataTypeOID != c.told {
			t.Errorf("%s: %+v %v", c.sql, d, err)
			continue
		}
		for _, name := range []string{name, ""} {
			if r := exec(c.sql, name, nil, []int16{1}, ""); r.Err != nil || pgRows(r)+pgType(r) != c.want {
				t.Errorf("%s, described: %s%s %v, want %s", c.sql, pgRows(r), pgType(r), r.Err, c.want)
			}
		}
	}
	// With other types of parameters it is another statement.
	const sum = "SELECT max(x) FROM (SELECT $1 x UNION ALL SELECT $2 UNION ALL SELECT $3)"
	if _, err := conn.Prepare(t.Context(), "sum", sum, nil); err != nil {
		t.Fatal(err)
	}
	if r := exec(sum, "", []uint32{int4, int4, 0}, nil, "9", "10", ""); r.Err != nil || pgRows(r)+pgType(r) != "10/23" {
		t.Errorf("with types: %s%s %v", pgRows(r), pgType(r), r.Err)
	}
	if r := exec("", "sum", nil, nil, "9", "10", ""); r.Err != nil || pgRows(r)+pgType(r) != "9/25" {
		t.Errorf("texts: %s%s %v", pgRows(r), pgType(r), r.Err)
	}
	// A value for what was described as text stays what it was beside a NULL.
	if _, err := conn.Prepare(t.Context(), "two", "SELECT coalesce($1, $2) || 'x'", nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{{"a", "", "ax"}, {"", "b", "bx"}, {"", "", ""}, {"a", "b", "ax"}} {
		if r := exec("", "two", nil, nil, c[0], c[1]); r.Err != nil || pgRows(r)+pgType(r) != c[2]+"/25" {
			t.Errorf("%s: %s%s %v", c, pgRows(r), pgType(r), r.Err)
		}
	}
	s.awaitGone(t)
}

// pgValues are values in text, NULL for the empty one.
func pgValues(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i, text := range texts {
		if text != "" {
			out[i] = []byte(text)
		}
	}
	return out
}

func pgRows(r *pgconn.Result) string {
	var lines []string
	for _, row := range r.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = string(v)
			if r.FieldDescriptions[i].DataTypeOID == 16 && cells[i] == "t" {
				cells[i] = "true"
			}
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return strings.Join(lines, ";")
}

func pgType(r *pgconn.Result) string {
	if len(r.FieldDescriptions) == 0 {
		return ""
	}
	return fmt.Sprintf("/%d", r.FieldDescriptions[0].DataTypeOID)
}

// A NULL makes no text of its neighbours over Flight SQL: neither one that came without a
// type, nor one that came with another than its place was thought to have.
func TestFlightNulls(t *testing.T) {
	s, client := flightSite(t, "memory: 256MiB")
	of := func(typ arrow.DataType, json string) arrow.Array {
		a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader("["+json+"]"))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ask := func(sql string, values ...arrow.Array) string {
		t.Helper()
		p, err := client.Prepare(t.Context(), sql)
		if err != nil {
			return err.Error()
		}
		fields := make([]arrow.Field, len(values))
		for i, v := range values {
			fields[i] = arrow.Field{Name: strconv.Itoa(i + 1), Type: v.DataType(), Nullable: true}
		}
		p.SetParameters(array.NewRecordBatch(arrow.NewSchema(fields, nil), values, 1))
		info, err := p.Execute(t.Context())
		if err != nil {
			return err.Error()
		}
		return strings.ReplaceAll(flightRows(t, client, info), "\n", ";")
	}
	for _, c := range untyped {
		for _, null := range []arrow.DataType{arrow.Null, arrow.PrimitiveTypes.Int64} {
			if strings.Contains(c.sql, "date_trunc") || null != arrow.Null && strings.Contains(c.sql, "typeof") {
				continue // which is not described, or not the same
			}
			var values []arrow.Array
			for _, v := range strings.Fields(c.values) {
				values = append(values, of(arrow.PrimitiveTypes.Int64, v))
			}
			if got := ask(c.sql, append(values, of(null, "null"))...); got != c.want {
				t.Errorf("%s with %s: %s, want %s", c.sql, null, got, c.want)
			}
		}
	}
	bytes := of(arrow.BinaryTypes.Binary, `"YQ=="`)
	for _, null := range []arrow.DataType{arrow.Null, arrow.BinaryTypes.Binary} {
		if got := ask("SELECT typeof(coalesce($1, $2))", bytes, of(null, "null")); got != "BLOB" {
			t.Errorf("bytes beside %s: %s", null, got)
		}
	}
	s.awaitGone(t)
}
