package duckdb

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
)

type (
	sample           = connectortest.Sample
	connectortestRow = connectortest.TypeRow
)

func of(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

const asStored = "as it is stored"

var typeRows = []connectortest.TypeRow{
	{Source: "BOOLEAN", Type: of(catalog.Bool), Rule: asStored, Samples: []sample{{SQL: "true", Want: true}, {SQL: "NULL"}}},
	{Source: "TINYINT", Type: of(catalog.Int8), Rule: asStored, Samples: []sample{{SQL: "-128", Want: int64(-128)}}},
	{Source: "SMALLINT", Type: of(catalog.Int16), Rule: asStored, Samples: []sample{{SQL: "32767", Want: int64(32767)}}},
	{Source: "INTEGER", Type: of(catalog.Int32), Rule: asStored, Samples: []sample{{SQL: "-2147483648", Want: int64(-2147483648)}}},
	{Source: "BIGINT", Type: of(catalog.Int64), Rule: asStored, Samples: []sample{{SQL: "9223372036854775807", Want: int64(9223372036854775807)}}},
	{Source: "UTINYINT", Type: of(catalog.Uint8), Rule: asStored, Samples: []sample{{SQL: "255", Want: uint64(255)}}},
	{Source: "USMALLINT", Type: of(catalog.Uint16), Rule: asStored, Samples: []sample{{SQL: "65535", Want: uint64(65535)}}},
	{Source: "UINTEGER", Type: of(catalog.Uint32), Rule: asStored, Samples: []sample{{SQL: "4294967295", Want: uint64(4294967295)}}},
	{Source: "UBIGINT", Type: of(catalog.Uint64), Rule: asStored, Samples: []sample{{SQL: "18446744073709551615", Want: uint64(18446744073709551615)}}},
	{Source: "HUGEINT", Type: of(catalog.HugeInt), Rule: "a value of more than 38 digits is an error", Samples: []sample{
		{SQL: "-99999999999999999999999999999999999999", Want: "-99999999999999999999999999999999999999"},
		{SQL: "100000000000000000000000000000000000000", Err: errs.ValueUnreadable},
		{SQL: "-170141183460469231731687303715884105728", Err: errs.ValueUnreadable}}},
	{Source: "UHUGEINT", Type: of(catalog.HugeInt), Rule: "a value of more than 38 digits is an error", Samples: []sample{
		{SQL: "99999999999999999999999999999999999999", Want: "99999999999999999999999999999999999999"},
		{SQL: "340282366920938463463374607431768211455", Err: errs.ValueUnreadable}}},
	{Source: "FLOAT", Type: of(catalog.Float32), Rule: asStored, Samples: []sample{{SQL: "0.1", Want: float64(float32(0.1))}, {SQL: "'-infinity'", Want: negativeInfinity}}},
	{Source: "DOUBLE", Type: of(catalog.Float64), Rule: asStored, Samples: []sample{{SQL: "0.1", Want: 0.1}, {SQL: "'nan'", Want: notANumber}}},
	{Source: "DECIMAL(p,s)", DDL: "DECIMAL(38,10)", Type: catalog.DecimalOf(38, 10), Shown: "DECIMAL(p,s)", Arrow: "decimal128(p, s)", Rule: asStored, Samples: []sample{{SQL: "-1234567890123456789012345678.0123456789", Want: "-1234567890123456789012345678.0123456789"}}},
	{Source: "a type of the user's", DDL: "money", Type: catalog.DecimalOf(12, 2), Shown: "what it stands for", Arrow: "as that type", Rule: "read as the type that it names", Samples: []sample{{SQL: "1.5", Want: "1.50"}}},
	{Source: "VARCHAR", Type: of(catalog.Text), Rule: "with a COLLATE it is read alike, and not compared there", Samples: []sample{{SQL: "'中 a '", Want: "中 a "}, {SQL: "''", Want: ""}, {SQL: "'a' || chr(0) || 'b'", Want: "a\x00b"}}},
	{Source: "BLOB", Type: of(catalog.Blob), Rule: asStored, Samples: []sample{{SQL: `'\x00\xFF'::BLOB`, Want: []byte{0, 0xff}}}},
	{Source: "BIT", Type: of(catalog.Text), Rule: "as text of 0 and 1", Samples: []sample{{SQL: "'010110101'", Want: "010110101"}, {SQL: "'1'", Want: "1"}}},
	{Source: "DATE", Type: of(catalog.Date), Rule: "an infinite date is an error", Samples: []sample{
		{SQL: "DATE '2000-02-29'", Want: int64(11016)}, {SQL: "DATE '0044-03-15 (BC)'", Want: int64(-735160)},
		{SQL: "'infinity'", Err: errs.ValueUnreadable}, {SQL: "'-infinity'", Err: errs.ValueUnreadable}}},
	{Source: "TIME", Type: of(catalog.Time), Rule: asStored, Samples: []sample{{SQL: "'23:59:59.999999'", Want: int64(86399999999)}}},
	{Source: "TIME_NS", Type: of(catalog.Text), Rule: "cast to text: nanoseconds are kept", Samples: []sample{{SQL: "'23:59:59.123456789'", Want: "23:59:59.123456789"}}},
	{Source: "TIME WITH TIME ZONE", Type: of(catalog.Text), Rule: "as text with its offset", Samples: []sample{{SQL: "'10:00:00.5+08:30'", Want: "10:00:00.5+08:30"}, {SQL: "'10:00:00-03'", Want: "10:00:00-03"}}},
	{Source: "TIMESTAMP_S", Type: of(catalog.TimestampS), Rule: "an infinite one is an error", Samples: []sample{{SQL: "'1970-01-01 00:01:00'", Want: int64(60)}, {SQL: "'infinity'", Err: errs.ValueUnreadable}}},
	{Source: "TIMESTAMP_MS", Type: of(catalog.TimestampMS), Rule: "an infinite one is an error", Samples: []sample{{SQL: "'1970-01-01 00:00:00.001'", Want: int64(1)}, {SQL: "'-infinity'", Err: errs.ValueUnreadable}}},
	{Source: "TIMESTAMP", Type: of(catalog.Timestamp), Rule: "an infinite one is an error", Samples: []sample{{SQL: "'1969-12-31 23:59:59.999999'", Want: int64(-1)}, {SQL: "'infinity'", Err: errs.ValueUnreadable}}},
	{Source: "TIMESTAMP_NS", Type: of(catalog.TimestampNS), Rule: "an infinite one is an error", Samples: []sample{{SQL: "'1970-01-01 00:00:00.000000001'", Want: int64(1)}, {SQL: "'infinity'", Err: errs.ValueUnreadable}}},
	{Source: "TIMESTAMP WITH TIME ZONE", Type: of(catalog.TimestampTZ), Rule: "the instant; an infinite one is an error", Samples: []sample{{SQL: "'1970-01-01 08:00:00+08'", Want: int64(0)}, {SQL: "'infinity'", Err: errs.ValueUnreadable}}},
	{Source: "INTERVAL", Type: of(catalog.Interval), Rule: "months, days and time apart; more than 292 years of microseconds are an error", Samples: []sample{
		{SQL: "to_months(14) + to_days(-3) + to_microseconds(1)", Want: arrow.MonthDayNanoInterval{Months: 14, Days: -3, Nanoseconds: 1000}},
		{SQL: "to_microseconds(9223372036854775807)", Err: errs.ValueUnreadable}}},
	{Source: "UUID", Type: of(catalog.UUID), Rule: "lower case", Samples: []sample{{SQL: "'FFFFFFFF-0000-4000-8000-0123456789AB'", Want: "ffffffff-0000-4000-8000-0123456789ab"}}},
	{Source: "JSON", Type: of(catalog.JSON), Rule: "as it is stored; not compared there", Samples: []sample{{SQL: `'{"a" :  1.0}'`, Want: `{"a" :  1.0}`}}},
	{Source: "ENUM", DDL: "mood", Type: of(catalog.Text), Rule: "as text; not compared there, because its order is its own", Samples: []sample{{SQL: "'中'", Want: "中"}, {SQL: "'a''b'", Want: "a'b"}}},
	{Source: "T[]", DDL: "SMALLINT[][]", Type: catalog.ListOf(catalog.ListOf(of(catalog.Int16))), Shown: "T[]", Arrow: "list of T", Rule: "each value as T", Samples: []sample{{SQL: "[[1, NULL], NULL, []]", Want: []any{[]any{int64(1), nil}, nil, []any{}}}}},
	{Source: "T[n]", DDL: "DATE[2]", Type: catalog.ListOf(of(catalog.Date)), Shown: "T[]", Arrow: "list of T", Rule: "a list; each value as T", Samples: []sample{{SQL: "[DATE '1970-01-02', NULL]", Want: []any{int64(1), nil}}, {SQL: "['infinity', NULL]", Err: errs.ValueUnreadable}}},
	{Source: "STRUCT(...)", DDL: `STRUCT("a b" BIGINT, e mood)`, Type: structOf("a b", of(catalog.Int64), "e", of(catalog.Text)), Shown: "STRUCT(...)", Arrow: "struct", Rule: "each field as its type", Samples: []sample{{SQL: "{'a b': 1, 'e': '中'}", Want: []any{int64(1), "中"}}}},
	{Source: "MAP(K, V)", DDL: "MAP(VARCHAR, DECIMAL(4,1))", Type: catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: of(catalog.Text)}, {Name: "value", Type: catalog.DecimalOf(4, 1)}}}, Shown: "MAP(K, V)", Arrow: "map", Rule: "keys and values as their types", Samples: []sample{{SQL: "map(['k', 'l'], [1.5, NULL])", Want: []any{[]any{"k", "1.5"}, []any{"l", nil}}}}},
	{Source: "UNION(...)", DDL: "UNION(n INTEGER, s VARCHAR)", Type: of(catalog.Text), Rule: "cast to text: the member's value without its tag; a member that is NULL reads NULL, the text", Samples: []sample{{SQL: "union_value(s := NULL::VARCHAR)", Want: "NULL"}, {SQL: "union_value(n := 3)", Want: "3"}, {SQL: "union_value(s := '中')", Want: "中"}, {SQL: "NULL"}}},
	{Source: "VARIANT", Type: of(catalog.Text), Rule: "cast to text", Samples: []sample{{SQL: "5::VARIANT", Want: "5"}, {SQL: "{'a': 1}::VARIANT", Want: "{'a': 1}"}}},
	{Source: "GEOMETRY", Type: of(catalog.Text), Rule: "cast to text (WKT)", Samples: []sample{{SQL: "'POINT(1 2)'", Want: "POINT (1 2)"}}},
	{Source: "BIGNUM", Type: of(catalog.Text), Rule: "cast to text, every digit", Samples: []sample{{SQL: "'123456789012345678901234567890123456789012345'", Want: "123456789012345678901234567890123456789012345"}}},
	{Source: "UNION(...)[] and the like", DDL: "STRUCT(u UNION(n INTEGER), b BIGNUM)[]", Type: catalog.ListOf(structOf("u", of(catalog.Text), "b", of(catalog.Text))), Shown: "with VARCHAR in its place", Arrow: "with utf8 in its place", Rule: "cast to text inside of lists, structs and maps", Samples: []sample{{SQL: "[{'u': union_value(n := 3), 'b': '1'::BIGNUM}]", Want: []any{[]any{"3", "1"}}}}},
}

var (
	notANumber       = math.NaN()
	negativeInfinity = math.Inf(-1)
)

func structOf(a string, at catalog.Type, b string, bt catalog.Type) catalog.Type {
	return catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: a, Type: at}, {Name: b, Type: bt}}}
}
