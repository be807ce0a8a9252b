package pgvalue_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server/pgwire/pgvalue"
)

// Binary parameters are read as PostgreSQL's own binary form of a text says.
func TestBinaryParams(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, c := range []struct{ name, text, want string }{
		{"bool", "t", "true"}, {"bool", "f", "false"}, {"int2", "-5", "-5"}, {"int4", "2147483647", "2147483647"}, {"int8", "-9223372036854775808", "-9223372036854775808"},
		{"oid", "4294967295", "4294967295"}, {"float4", "0.1", "0.1"}, {"float8", "-1.5e300", "-1.5e+300"},
		{"numeric", "0", "0"}, {"numeric", "-12345.6789", "-12345.6789"}, {"numeric", "0.0001", "0.0001"}, {"numeric", "10000", "10000"}, {"numeric", "0.10", "0.10"},
		{"numeric", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
		{"date", "2024-02-29", "2024-02-29"}, {"date", "0001-01-01", "0001-01-01"}, {"time", "23:59:59.5", "23:59:59.5"},
		{"timestamp", "1999-12-31 23:59:59.000001", "1999-12-31 23:59:59.000001"}, {"timestamptz", "2024-01-01 08:00:00+08", "2024-01-01 00:00:00.000000+00"},
		{"date", "infinity", "infinity"}, {"date", "-infinity", "-infinity"}, {"date", "0044-03-15 BC", "0044-03-15 (BC)"}, {"date", "12024-12-25", "12024-12-25"}, {"time", "24:00:00", "24:00:00"},
		{"timestamp", "-infinity", "-infinity"}, {"timestamptz", "infinity", "infinity"}, {"timestamp", "0044-03-15 01:02:03 BC", "0044-03-15 (BC) 01:02:03.000000"},
		{"uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"}, {"text", "沈阳", "沈阳"}, {"varchar", "", ""},
		{"int4[]", "{1,NULL,-3}", "{1,NULL,-3}"}, {"oid[]", "{}", "{}"}, {"text[]", `{"a,b","null",沈阳}`, `{"a,b","null",沈阳}`},
		{"json", `{"a":1}`, `{"a":1}`}, {"jsonb", `{"a": 1}`, `{"a": 1}`},
		{"bytea", `\x00ff41`, `\x00\xff\x41`}, {"bytea", "", ""}, {"bytea[]", `{"\\x00ff",NULL,""}`, `{"\\x00\\xff",NULL,""}`},
	} {
		r := conn.ExecParams(t.Context(), "SELECT $1::text::"+c.name, [][]byte{[]byte(c.text)}, []uint32{25}, nil, []int16{1}).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		oid := r.FieldDescriptions[0].DataTypeOID
		if got, ok := pgvalue.Param(r.Rows[0][0], true, oid, catalog.Type{}, time.UTC); !ok || got != c.want {
			t.Errorf("%s %s: %q %v, want %q", c.name, c.text, got, ok, c.want)
		}
		if _, ok := pgvalue.Declared(oid); !ok {
			t.Errorf("%s cannot be declared", c.name)
		}
		// One byte less or more is refused where the length is fixed, and never read past.
		for _, b := range [][]byte{r.Rows[0][0][:max(len(r.Rows[0][0])-1, 0)], append([]byte{}, r.Rows[0][0]...)} {
			pgvalue.Param(b, true, oid, catalog.Type{}, time.UTC)
		}
	}
	for _, c := range []struct{ name, text string }{{"numeric", "NaN"}, {"numeric", "Infinity"}} {
		r := conn.ExecParams(t.Context(), "SELECT $1::text::"+c.name, [][]byte{[]byte(c.text)}, []uint32{25}, nil, []int16{1}).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if got, ok := pgvalue.Param(r.Rows[0][0], true, r.FieldDescriptions[0].DataTypeOID, catalog.Type{}, time.UTC); ok {
			t.Errorf("%s %s: read as %q", c.name, c.text, got)
		}
	}
}

func TestTextParams(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind       catalog.Kind
		text, want string
	}{
		{catalog.Bool, "on", "true"}, {catalog.Bool, "F", "false"}, {catalog.Int32, " +5 ", "5"}, {catalog.Decimal, "+1.5", "1.5"}, {catalog.Text, " +5 ", " +5 "},
		{catalog.TimestampTZ, "2024-01-01 08:00:00+08", "2024-01-01 00:00:00.000000+00"}, {catalog.TimestampTZ, "2024-01-01 08:00:00-0530", "2024-01-01 13:30:00.000000+00"},
		{catalog.TimestampTZ, "2024-01-01T08:00:00.25+05:30", "2024-01-01 02:30:00.250000+00"}, {catalog.TimestampTZ, "2024-01-01", "2023-12-31 16:00:00.000000+00"}, {catalog.TimestampTZ, "2024-01-01T00:00:00Z", "2024-01-01 00:00:00.000000+00"},
		{catalog.TimestampTZ, "1900-01-01 08:05:43+08:05:43", "1900-01-01 00:00:00.000000+00"}, {catalog.TimestampTZ, " 2024-01-01 08:00:00 ", "2024-01-01 00:00:00.000000+00"}, {catalog.TimestampTZ, "2024-01-01 08:00", "2024-01-01 00:00:00.000000+00"},
		{catalog.TimestampTZ, "0044-03-15 08:05:43 BC", "0044-03-15 (BC) 00:00:00.000000+00"}, {catalog.TimestampTZ, "0044-03-15T08:05:43+08:05:43 bc", "0044-03-15 (BC) 00:00:00.000000+00"}, {catalog.TimestampTZ, "-infinity", "-infinity"},
		{catalog.Timestamp, "0044-03-15 08:00:00+08 BC", "0044-03-15 (BC) 08:00:00"}, {catalog.Date, "0044-03-15 BC", "0044-03-15 (BC)"}, {catalog.Date, "-infinity", "-infinity"},
		{catalog.Timestamp, "2024-01-01 08:00:00.5+08", "2024-01-01 08:00:00.5"}, {catalog.Timestamp, "2024-01-01 08:00:00-05:30", "2024-01-01 08:00:00"}, {catalog.Timestamp, "2024-01-01 08:00:00", "2024-01-01 08:00:00"}, {catalog.Timestamp, "2024-01-01", "2024-01-01"},
		{catalog.Date, "2024-02-29 +08", "2024-02-29"}, {catalog.Date, "2024-02-29", "2024-02-29"}, {catalog.Date, "2024-02-29 +08:05:43", "2024-02-29"}, {catalog.Date, "10000-01-01", "10000-01-01"}, {catalog.Date, "0044-03-15 +08 BC", "0044-03-15 (BC)"},
		{catalog.Time, "08:00:00.5+08", "08:00:00.5"}, {catalog.Time, "08:00-0530", "08:00"}, {catalog.Time, "08:00:00", "08:00:00"},
	} {
		if got, ok := pgvalue.Param([]byte(c.text), false, 0, kind(c.kind), shanghai); !ok || got != c.want {
			t.Errorf("%q: %q %v, want %q", c.text, got, ok, c.want)
		}
	}
	for _, c := range []struct {
		kind catalog.Kind
		text string
	}{{catalog.TimestampTZ, "2024-01-01 08:00:00.123456789"}, {catalog.TimestampTZ, "2024-01-01 08:00:00+99"}, {catalog.TimestampTZ, "Jan 1 2024"}, {catalog.Bool, "maybe"}, {catalog.Text, "a\x00"}, {catalog.Text, "\xff"}} {
		if got, ok := pgvalue.Param([]byte(c.text), false, 0, kind(c.kind), shanghai); ok {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}

// An instant without an offset is the one that PostgreSQL reads in the session's zone,
// also where its clocks change, alone and in an array.
func TestInstantsInZones(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	texts := []string{"2024-01-01", "2024-01-01 00:00", "2024-01-01 00:00:00", "2024-07-01 12:00:00.5", "2024-01-01 24:00:00", "10000-01-01", "12024-07-01 12:00", "0044-03-15 BC", "0044-03-15 12:00 BC", "0001-01-01",
		"1883-11-18 12:03:57", "1800-01-01 00:00", "1900-12-31 23:54", "1900-12-31 23:59:00", "1901-01-01 00:00", "1940-06-01 00:30", "1949-05-27 23:30:00", "1986-05-04 02:30", "1986-09-14 01:30", "1847-12-01 00:00:30",
		"2024-03-10 01:59:59", "2024-03-10 02:00", "2024-03-10 02:30:00", "2024-03-10 03:00", "2024-11-03 00:59:59", "2024-11-03 01:00", "2024-11-03 01:30:00", "2024-11-03 02:00", "2024-03-31 01:30", "2024-10-27 01:30:00",
		"2024-10-06 02:15", "2024-04-07 01:45", "2011-12-30 12:00:00", "2011-12-31 00:00", "infinity", "-infinity", "2024-03-10 02:30:00-05", "2024-01-01 00:00+08"}
	for _, name := range []string{"America/New_York", "Asia/Shanghai", "UTC", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "SET TimeZone = '"+name+"'").ReadAll(); err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			r := conn.ExecParams(t.Context(), "SELECT $1", [][]byte{[]byte(text)}, []uint32{pgvalue.TimestamptzOID}, nil, []int16{1}).Read()
			if r.Err != nil {
				t.Fatal(text, r.Err)
			}
			want, ok := pgvalue.Param(r.Rows[0][0], true, pgvalue.TimestamptzOID, kind(catalog.TimestampTZ), zone)
			if !ok {
				t.Fatalf("PostgreSQL's own %q is refused", text)
			}
			for _, oid := range []uint32{0, pgvalue.TextOID, pgvalue.TimestamptzOID} {
				if got, ok := pgvalue.Param([]byte(text), false, oid, kind(catalog.TimestampTZ), zone); !ok || got != want {
					t.Errorf("%s in %s, type %d: %s %v, want %s", text, name, oid, got, ok, want)
				}
			}
			items, err := pgvalue.ListParam([]byte(`{"`+text+`"}`), false, pgvalue.ArrayOf(pgvalue.TimestamptzOID), catalog.ListOf(kind(catalog.TimestampTZ)), zone)
			if err != nil || *items[0] != want {
				t.Errorf("%s in %s, in an array: %v %v, want %s", text, name, items, err, want)
			}
		}
	}
}

// Bytes in text are the bytes that PostgreSQL reads there, in both of its forms, whether
// the client calls the text bytea, text or nothing, and within an array.
func TestBytesInText(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), testpg.Start(t).Database(t).Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	blob := kind(catalog.Blob)
	for text, taken := range map[string]bool{
		"": true, `\x`: true, `\x6162`: true, `\xDEadBEef`: true, "\\x61 62\n63 ": true, `\x 61`: true, `abc`: true, `a\\b`: true, `\000\377\101`: true, `沈阳`: true, ` a `: true, `a\x61`: false,
		`\x616`: false, `\x6 1`: false, `\xzz`: false, `\`: false, `\12`: false, `\400`: false, `\128`: false, `\a`: false, `\X61`: false,
	} {
		got, ok := pgvalue.Param([]byte(text), false, pgvalue.ByteaOID, blob, time.UTC)
		r := conn.ExecParams(t.Context(), "SELECT $1", [][]byte{[]byte(text)}, []uint32{pgvalue.ByteaOID}, nil, []int16{1}).Read()
		if ok != taken || (r.Err == nil) != taken {
			t.Errorf("%q: taken %t, and by PostgreSQL %t", text, ok, r.Err == nil)
			continue
		}
		if taken && got != catalog.BlobText(r.Rows[0][0]) {
			t.Errorf("%q: %s, and in PostgreSQL %s", text, got, catalog.BlobText(r.Rows[0][0]))
		}
		for _, isBinary := range []bool{true, false} {
			if again, as := pgvalue.Param([]byte(text), isBinary, pgvalue.TextOID, blob, time.UTC); again != got || as != ok {
				t.Errorf("%q: %s as text", text, again)
			}
		}
	}
	for _, c := range []struct {
		array  string
		oid    uint32
		binary bool
	}{{`{"\\x00ff",NULL,a}`, 1001, false}, {`{"\\x00ff",NULL,a}`, 1009, false}, {"", 1009, true}, {"", 1001, true}} {
		raw := []byte(c.array)
		if c.binary {
			r := conn.ExecParams(t.Context(), `SELECT $1`, [][]byte{[]byte(`{"\\x00ff",NULL,a}`)}, []uint32{c.oid}, nil, []int16{1}).Read()
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			raw = r.Rows[0][0]
		}
		items, err := pgvalue.ListParam(raw, c.binary, c.oid, catalog.ListOf(blob), time.UTC)
		if err != nil || len(items) != 3 || *items[0] != `\x00\xff` || items[1] != nil || *items[2] != `\x61` {
			t.Errorf("%d, binary %t: %v %v", c.oid, c.binary, items, err)
		}
	}
}

// FuzzParam: no bytes of a client's make a parameter's value crash or hold what is no text.
func FuzzParam(f *testing.F) {
	oids := []uint32{0, pgvalue.BoolOID, pgvalue.Int2OID, pgvalue.Int8OID, pgvalue.NumericOID, pgvalue.DateOID, pgvalue.TimeOID, pgvalue.TimestampOID, pgvalue.TimestamptzOID, pgvalue.UUIDOID, pgvalue.JSONBOID, pgvalue.ByteaOID, 99999}
	for i, oid := range oids {
		f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 2, 0, 1}, oid, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, raw []byte, oid uint32, isBinary bool) {
		typ, _ := pgvalue.Declared(oid)
		if text, ok := pgvalue.Param(raw, isBinary, oid, typ, time.UTC); ok && len(text) > 8*len(raw)+900 {
			t.Errorf("%d bytes became %d", len(raw), len(text))
		}
	})
}

func TestItems(t *testing.T) {
	null := "\x00"
	for text, want := range map[string][]string{
		"{}": {}, "{1,NULL,-3}": {"1", null, "-3"}, `{"a,b","null","q\"\\",c d}`: {"a,b", "null", `q"\`, "c d"},
	} {
		items, ok := pgvalue.Items(text)
		var got []string
		for _, i := range items {
			if i == nil {
				i = &null
			}
			got = append(got, *i)
		}
		if !ok || strings.Join(got, "|") != strings.Join(want, "|") || len(got) != len(want) {
			t.Errorf("%s: %q %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "{", "1", "{{1}}", "{1,}", `{"a}`, `{"a"b}`} {
		if items, ok := pgvalue.Items(text); ok {
			t.Errorf("%s: %d items", text, len(items))
		}
	}
}
