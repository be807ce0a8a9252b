package pgvalue_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

func joined(items []*string) string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = "NULL"
		if item != nil {
			out[i] = "<" + *item + ">"
		}
	}
	return strings.Join(out, " ")
}

// Lists are read from text and from PostgreSQL's own binary form of it alike.
func TestListParams(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, c := range []struct{ name, text, want string }{
		{"int4[]", "{1, NULL ,-3}", "<1> NULL <-3>"}, {"int8[]", "{}", ""}, {"bool[]", "{t,f,NULL}", "<true> <false> NULL"},
		{"text[]", `{"a,b", "null" ,沈阳,"","q\"\\ ", a b }`, `<a,b> <null> <沈阳> <> <q"\ > <a b>`}, {"varchar[]", `{ "x" }`, "<x>"},
		{"date[]", "{2024-02-29}", "<2024-02-29>"}, {"timestamp[]", `{"1999-12-31 23:59:59.000001"}`, "<1999-12-31 23:59:59.000001>"},
		{"uuid[]", "{123e4567e89b12d3a456426614174000}", "<123e4567-e89b-12d3-a456-426614174000>"}, {"float8[]", "{1.5}", "<1.5>"},
		{"numeric[]", "{0.10,-12345.6789,NULL}", "<0.10> <-12345.6789> NULL"},
	} {
		r := conn.ExecParams(t.Context(), "SELECT $1::text::"+c.name, [][]byte{[]byte(c.text)}, []uint32{25}, nil, []int16{1}).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		oid := r.FieldDescriptions[0].DataTypeOID
		typ, ok := pgvalue.Declared(oid)
		if !ok || !pgvalue.IsArray(oid) {
			t.Errorf("%s is no array", c.name)
		}
		if !typ.Readable() { // numeric's digits are those of the place
			typ = catalog.ListOf(catalog.DecimalOf(12, 4))
		}
		for _, binary := range []bool{false, true} {
			raw := []byte(c.text)
			if binary {
				raw = r.Rows[0][0]
			}
			if items, err := pgvalue.ListParam(raw, binary, oid, typ, time.UTC); err != nil || joined(items) != c.want {
				t.Errorf("%s %s, binary %v: %s %v, want %s", c.name, c.text, binary, joined(items), err, c.want)
			}
			for n := range raw[:max(len(raw)-1, 0)] { // and never read past the end
				if _, err := pgvalue.ListParam(raw[:n], binary, oid, typ, time.UTC); err == nil && binary {
					t.Errorf("%s: %d of %d bytes are a list", c.name, n, len(raw))
				}
			}
		}
		if _, err := pgvalue.ListParam(r.Rows[0][0], true, 1003, typ, time.UTC); c.name != "int8[]" && !errors.Is(err, pgvalue.ErrNoList) {
			t.Errorf("%s read as name[]: %v", c.name, err)
		}
	}
	r := conn.ExecParams(t.Context(), "SELECT '{{1,2},{3,4}}'::int4[]", nil, nil, nil, []int16{1}).Read()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	ints := catalog.ListOf(kind(catalog.Int32))
	if _, err := pgvalue.ListParam(r.Rows[0][0], true, 1007, ints, time.UTC); !errors.Is(err, pgvalue.ErrNested) {
		t.Errorf("nested, binary: %v", err)
	}
	for text, want := range map[string]error{
		"{{1,2},{3,4}}": pgvalue.ErrNested, " { {1}}": pgvalue.ErrNested, "[1:1][2:3]={{1,2}}": pgvalue.ErrNested,
		"[0:1]={1,2}": pgvalue.ErrNoList, "1": pgvalue.ErrNoList, "": pgvalue.ErrNoList, "{1,}": pgvalue.ErrNoList, `{a\}`: pgvalue.ErrNoList, "{1} x": pgvalue.ErrNoList, "{,1}": pgvalue.ErrNoList,
	} {
		if items, err := pgvalue.ListParam([]byte(text), false, 1007, ints, time.UTC); !errors.Is(err, want) {
			t.Errorf("%s: %s %v, want %v", text, joined(items), err, want)
		}
	}
	if _, err := pgvalue.ListParam([]byte("{maybe}"), false, 1000, catalog.ListOf(kind(catalog.Bool)), time.UTC); !errors.Is(err, pgvalue.ErrNoList) {
		t.Errorf("an element that is no value of the type: %v", err)
	}
}

// Numbers with exponents and UUIDs are written as the gateway reads them.
func TestSpellings(t *testing.T) {
	for _, c := range []struct {
		kind       catalog.Kind
		oid        uint32
		text, want string
	}{
		{catalog.Decimal, 0, "1E+3", "1000"}, {catalog.Decimal, 0, "-1.25e1", "-12.5"}, {catalog.Decimal, 0, "1E-3", "0.001"}, {catalog.Decimal, 0, "+1.5", "1.5"},
		{catalog.Int64, pgvalue.NumericOID, "12e1", "120"}, {catalog.Text, pgvalue.NumericOID, "1e2", "100"}, {catalog.Text, 0, "1e2", "1e2"},
		{catalog.Decimal, 0, "1e999999999", "1e999999999"}, {catalog.Decimal, 0, "NaN", "NaN"}, {catalog.Decimal, 0, "e5", "e5"}, {catalog.Decimal, 0, "1_0e1", "1_0e1"},
		{catalog.UUID, 0, "{123e4567-e89b-12d3-a456-426614174000}", "123e4567-e89b-12d3-a456-426614174000"}, {catalog.UUID, 0, "123E4567e89b12d3a456426614174000", "123E4567-e89b-12d3-a456-426614174000"}, {catalog.UUID, 0, "1", "1"},
	} {
		if got, ok := pgvalue.Param([]byte(c.text), false, c.oid, kind(c.kind), time.UTC); !ok || got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}
