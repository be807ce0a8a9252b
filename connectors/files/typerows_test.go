package files

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
)

type sample = connectortest.Sample

const asStored = "as it is stored"

var parquetRows = []connectortest.TypeRow{
	{Source: "Parquet: BOOLEAN", DDL: "BOOLEAN", Type: of(catalog.Bool), Rule: asStored, Samples: []sample{{SQL: "true", Want: true}, {SQL: "NULL"}}},
	{Source: "Parquet: INT(8), INT(16), INT32, INT64", DDL: "INTEGER", Type: of(catalog.Int32), Shown: "TINYINT to BIGINT", Arrow: "int8 to int64", Rule: asStored, Samples: []sample{{SQL: "-2147483648", Want: int64(-2147483648)}}},
	{Source: "Parquet: UINT(8) to UINT(64)", DDL: "UBIGINT", Type: of(catalog.Uint64), Shown: "UTINYINT to UBIGINT", Arrow: "uint8 to uint64", Rule: asStored, Samples: []sample{{SQL: "18446744073709551615", Want: uint64(18446744073709551615)}}},
	{Source: "Parquet: FLOAT", DDL: "FLOAT", Type: of(catalog.Float32), Rule: "FLOAT16 too; not compared there", Samples: []sample{{SQL: "0.1", Want: float64(float32(0.1))}}},
	{Source: "Parquet: DOUBLE", DDL: "DOUBLE", Type: of(catalog.Float64), Rule: "not compared there: the files' statistics leave NaN out", Samples: []sample{{SQL: "0.1", Want: 0.1}}},
	{Source: "Parquet: DECIMAL(p,s), p up to 38", DDL: "DECIMAL(38,10)", Type: catalog.DecimalOf(38, 10), Shown: "DECIMAL(p,s)", Arrow: "decimal128(p, s)", Rule: asStored, Samples: []sample{{SQL: "-1.5", Want: "-1.5000000000"}}},
	{Source: "Parquet: DECIMAL beyond 38 digits", DDL: "wide decimal", Rule: "DuckDB's reader would make it a DOUBLE"},
	{Source: "Parquet: STRING, ENUM", DDL: "VARCHAR", Type: of(catalog.Text), Rule: asStored, Samples: []sample{{SQL: "'中 '", Want: "中 "}, {SQL: "''", Want: ""}}},
	{Source: "Parquet: JSON", DDL: "JSON", Type: of(catalog.JSON), Rule: "as it is stored; not compared there", Samples: []sample{{SQL: `'{"a" : 1}'`, Want: `{"a" : 1}`}}},
	{Source: "Parquet: BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, BSON", DDL: "BLOB", Type: of(catalog.Blob), Rule: "without a logical type: bytes; not compared there", Samples: []sample{{SQL: `'\x00\xFF'::BLOB`, Want: []byte{0, 0xff}}}},
	{Source: "Parquet: UUID", DDL: "UUID", Type: of(catalog.UUID), Rule: "lower case", Samples: []sample{{SQL: "'FFFFFFFF-0000-4000-8000-0123456789AB'", Want: "ffffffff-0000-4000-8000-0123456789ab"}}},
	{Source: "Parquet: DATE", DDL: "DATE", Type: of(catalog.Date), Rule: "an infinite date is an error", Samples: []sample{{SQL: "DATE '2000-02-29'", Want: int64(11016)}, {SQL: "DATE 'infinity'", Err: errs.ValueUnreadable}}},
	{Source: "Parquet: TIME(MILLIS or MICROS)", DDL: "TIME", Type: of(catalog.Time), Rule: asStored, Samples: []sample{{SQL: "'23:59:59.999999'", Want: int64(86399999999)}}},
	{Source: "Parquet: TIME(UTC)", DDL: "TIMETZ", Type: of(catalog.Text), Rule: "as text with its offset, which is +00", Samples: []sample{{SQL: "'10:00:00.5+08'", Want: "02:00:00.5+00"}}},
	{Source: "Parquet: TIME(NANOS)", DDL: "time of nanoseconds", Rule: "DuckDB's reader would cut it to microseconds"},
	{Source: "Parquet: TIMESTAMP(MILLIS or MICROS)", DDL: "TIMESTAMP", Type: of(catalog.Timestamp), Rule: "a wall clock; one beyond DuckDB's range is an error", Samples: []sample{{SQL: "'1969-12-31 23:59:59.999999'", Want: int64(-1)}, {SQL: "TIMESTAMP 'infinity'", Err: errs.ValueUnreadable}}},
	{Source: "Parquet: TIMESTAMP(NANOS)", DDL: "TIMESTAMP_NS", Type: of(catalog.TimestampNS), Rule: "a wall clock", Samples: []sample{{SQL: "'1970-01-01 00:00:00.000000001'", Want: int64(1)}}},
	{Source: "Parquet: TIMESTAMP(MILLIS or MICROS, UTC)", DDL: "TIMESTAMPTZ", Type: of(catalog.TimestampTZ), Rule: "the instant", Samples: []sample{{SQL: "'1970-01-01 08:00:00+08'", Want: int64(0)}}},
	{Source: "Parquet: TIMESTAMP(NANOS, UTC)", DDL: "instant of nanoseconds", Rule: "DuckDB's reader would cut it to microseconds"},
	{Source: "Parquet: INT96", DDL: "INT96", Rule: "nanoseconds, as old Hive and Spark write them: DuckDB's reader would cut them to microseconds"},
	{Source: "Parquet: INTERVAL", DDL: "INTERVAL", Type: of(catalog.Interval), Rule: "months, days and milliseconds", Samples: []sample{{SQL: "to_months(14) + to_days(3)", Want: interval(14, 3, 0)}}},
	{Source: "Parquet: LIST", DDL: "SMALLINT[][]", Type: catalog.ListOf(catalog.ListOf(of(catalog.Int16))), Shown: "T[]", Arrow: "list of T", Rule: "each value as T", Samples: []sample{{SQL: "[[1, NULL], NULL, []]", Want: []any{[]any{int64(1), nil}, nil, []any{}}}}},
	{Source: "Parquet: group", DDL: `STRUCT("a b" BIGINT, d DATE)`, Type: catalog.Type{Kind: catalog.Struct, Fields: []catalog.Field{{Name: "a b", Type: of(catalog.Int64)}, {Name: "d", Type: of(catalog.Date)}}}, Shown: "STRUCT(...)", Arrow: "struct", Rule: "each field as its type", Samples: []sample{{SQL: "{'a b': 1, 'd': DATE '1970-01-02'}", Want: []any{int64(1), int64(1)}}}},
	{Source: "Parquet: MAP", DDL: "MAP(VARCHAR, INTEGER)", Type: catalog.Type{Kind: catalog.Map, Fields: []catalog.Field{{Name: "key", Type: of(catalog.Text)}, {Name: "value", Type: of(catalog.Int32)}}}, Shown: "MAP(K, V)", Arrow: "map", Rule: "keys and values as their types", Samples: []sample{{SQL: "map(['k'], [NULL])", Want: []any{[]any{"k", nil}}}}},
	{Source: "Parquet: a group with one of the above", DDL: "list of wide decimals", Rule: "the whole column, when any part of it would change"},
}

const cellRule = "a cell of another form is an error with file, line and column"

// textRows are what CSV and JSON have in common: declared types and their texts.
func textRows(format, quote string) []connectortest.TypeRow {
	row := func(ddl string, t catalog.Type, rule string, good map[string]any, bad ...string) connectortest.TypeRow {
		r := connectortest.TypeRow{Source: format + ": declared " + ddl, DDL: ddl, Type: t, Rule: rule}
		if t.Kind == catalog.Decimal {
			r.Source, r.Shown, r.Arrow = format+": declared DECIMAL(p,s)", "DECIMAL(p,s)", "decimal128(p, s)"
		}
		for _, text := range sortedKeys(good) {
			r.Samples = append(r.Samples, sample{SQL: quote + text + quote, Want: good[text]})
		}
		for _, text := range bad {
			r.Samples = append(r.Samples, sample{SQL: quote + text + quote, Err: errs.ValueUnreadable})
		}
		return r
	}
	return []connectortest.TypeRow{
		row("BOOLEAN", of(catalog.Bool), "true or false in any case; "+cellRule, map[string]any{"true": true, "FALSE": false}, "yes", "1", "t"),
		row("TINYINT", of(catalog.Int8), "digits without leading zeros or plus, and the like for all integers; "+cellRule, map[string]any{"-128": int64(-128), "0": int64(0)}, "128", "007", "+5", "1.0", "1e1", "-0", " 5", "12x"),
		row("BIGINT", of(catalog.Int64), cellRule, map[string]any{"9223372036854775807": int64(9223372036854775807)}, "9223372036854775808", "210102199001011234X", "1_000", "12.5"),
		row("UBIGINT", of(catalog.Uint64), cellRule, map[string]any{"18446744073709551615": uint64(18446744073709551615)}, "-1", "18446744073709551616"),
		row("FLOAT", of(catalog.Float32), "no more digits than it keeps; "+cellRule, map[string]any{"0.1": float64(float32(0.1)), "16777216": 16777216.0}, "16777217", "1e39", "0.123456789"),
		row("DOUBLE", of(catalog.Float64), "no more digits than it keeps; NaN and infinities by name; "+cellRule, map[string]any{"0.1": 0.1, "12.50": 12.5, ".5": 0.5, "1E5": 100000.0, "0.30000000000000004": 0.30000000000000004, "nan": notANumber, "-inf": negativeInfinity}, "9007199254740993", "0.1234567890123456789", "1e400", "007.5", "1,5", "$1"),
		row("DECIMAL(6,2)", catalog.DecimalOf(6, 2), "no digit is rounded away; "+cellRule, map[string]any{"12.5": "12.50", "-.5": "-0.50", "1": "1.00", "1.500": "1.50"}, "12.505", "10000", "1e2", "007", "-", "."),
		row("DATE", of(catalog.Date), "2024-01-05 or 2024/1/5; "+cellRule, map[string]any{"1970-01-02": int64(1), "1970/1/2": int64(1), "0001-01-01": int64(-719162)}, "2024-02-30", "0000-00-00", "20240105", "2024-01-05x", "infinity", "05.01.2024"),
		row("TIME", of(catalog.Time), "10:00, 10:00:00 or with up to 6 decimal places; "+cellRule, map[string]any{"10:00": int64(36_000_000_000), "00:00:00.000001": int64(1)}, "24:00:00", "10:00:00.1234567", "10:60"),
		row("TIMESTAMP", of(catalog.Timestamp), "a date, or a date and a time without an offset; "+cellRule, map[string]any{"1970-01-01 00:00:00.000001": int64(1), "1970-01-01T00:00": int64(0), "1970-01-02": int64(86_400_000_000)}, "1970-01-01 00:00:00+08", "1970-01-01 00:00:00.0000001", "1970-01-01 25:00"),
		row("TIMESTAMPTZ", of(catalog.TimestampTZ), "a date and a time with Z or an offset; "+cellRule, map[string]any{"1970-01-01 08:00:00+08:00": int64(0), "1970-01-01T00:00:00Z": int64(0), "1970-01-01 08:00:00.000001+08": int64(1)}, "1970-01-01 00:00:00", "1970-01-01"),
		row("UUID", of(catalog.UUID), "lower case; "+cellRule, map[string]any{"FFFFFFFF-0000-4000-8000-0123456789AB": "ffffffff-0000-4000-8000-0123456789ab"}, "ffffffff00004000800001234567abcd", "x"),
	}
}

var csvRows = append([]connectortest.TypeRow{
	{Source: "CSV: declared VARCHAR", DDL: "VARCHAR", Type: of(catalog.Text), Rule: `an empty field is NULL, "" is the empty text`, Samples: []sample{{SQL: "中 文 ", Want: "中 文 "}, {SQL: `""`, Want: ""}, {SQL: ""}, {SQL: `"a""b"`, Want: `a"b`}, {SQL: "NULL", Want: "NULL"}, {SQL: "007", Want: "007"}}},
	{Source: "CSV: other than VARCHAR, empty", DDL: "BIGINT", Type: of(catalog.Int64), Shown: "NULL", Arrow: "null", Rule: "NULL, quoted or not", Samples: []sample{{SQL: ""}, {SQL: `""`}, {SQL: `"5"`, Want: int64(5)}}},
	{Source: "CSV: declared JSON", DDL: "JSON", Type: of(catalog.JSON), Rule: "a JSON value as it is written; " + cellRule, Samples: []sample{{SQL: `"{""a"" : 1}"`, Want: `{"a" : 1}`}, {SQL: "{a}", Err: errs.ValueUnreadable}}},
	sniffed("CSV", "whole numbers of up to 14 digits", of(catalog.Int64), "as for BIGINT", sample{SQL: "-12", Want: int64(-12)}, sample{SQL: "99999999999999", Want: int64(99999999999999)}, sample{SQL: ""}),
	sniffed("CSV", "whole numbers of 15 digits and more", of(catalog.Text), "identifiers stay text: 身份证号 may end in X", sample{SQL: "210102199001011234", Want: "210102199001011234"}, sample{SQL: "1", Want: "1"}),
	sniffed("CSV", "numbers of which one has a leading zero or a plus", of(catalog.Text), "codes stay text", sample{SQL: "007", Want: "007"}, sample{SQL: "12", Want: "12"}),
	sniffed("CSV", "numbers with a point", of(catalog.Float64), "as for DOUBLE; declare DECIMAL where amounts must add up", sample{SQL: "12.50", Want: 12.5}, sample{SQL: "3", Want: 3.0}, sample{SQL: "1.5e-7", Want: 1.5e-7}),
	sniffed("CSV", "numbers with more digits than DOUBLE keeps", of(catalog.Text), "nothing is rounded", sample{SQL: "0.1234567890123456789", Want: "0.1234567890123456789"}),
	sniffed("CSV", "such as 1E5", of(catalog.Text), "may be a code", sample{SQL: "1E5", Want: "1E5"}, sample{SQL: "3.5", Want: "3.5"}),
	sniffed("CSV", "true and false", of(catalog.Bool), "as for BOOLEAN", sample{SQL: "true", Want: true}, sample{SQL: "False", Want: false}),
	sniffed("CSV", "dates", of(catalog.Date), "as for DATE", sample{SQL: "1970-01-02", Want: int64(1)}, sample{SQL: "1970/1/3", Want: int64(2)}),
	sniffed("CSV", "dates and timestamps", of(catalog.Timestamp), "as for TIMESTAMP", sample{SQL: "1970-01-02", Want: int64(86_400_000_000)}, sample{SQL: "1970-01-01 00:00:01", Want: int64(1_000_000)}),
	sniffed("CSV", "timestamps with an offset", of(catalog.TimestampTZ), "as for TIMESTAMPTZ", sample{SQL: "1970-01-01 08:00:00+08", Want: int64(0)}),
	sniffed("CSV", "times", of(catalog.Time), "as for TIME", sample{SQL: "10:00:00", Want: int64(36_000_000_000)}),
	sniffed("CSV", "nothing", of(catalog.Text), "a column without a value", sample{SQL: ""}),
	sniffed("CSV", "anything else", of(catalog.Text), "as it is written", sample{SQL: "1", Want: "1"}, sample{SQL: "true", Want: "true"}, sample{SQL: "张三", Want: "张三"}),
}, textRows("CSV", `"`)...)

var jsonRows = append([]connectortest.TypeRow{
	{Source: "JSON: declared VARCHAR", DDL: "VARCHAR", Type: of(catalog.Text), Rule: "a text; a whole number or boolean as it is written; null and a missing key are NULL; " + cellRule, Samples: []sample{{SQL: `"中"`, Want: "中"}, {SQL: `""`, Want: ""}, {SQL: "null"}, {SQL: "210102199001011234", Want: "210102199001011234"}, {SQL: "true", Want: "true"}, {SQL: "1.50", Err: errs.ValueUnreadable}, {SQL: `{"a":1}`, Err: errs.ValueUnreadable}}},
	{Source: "JSON: declared JSON", DDL: "JSON", Type: of(catalog.JSON), Rule: "any value, written without spaces", Samples: []sample{{SQL: `{"a" : [1, null]}`, Want: `{"a":[1,null]}`}, {SQL: `"x"`, Want: `"x"`}, {SQL: "null"}}},
	{Source: "JSON: a number in a declared type", DDL: "DECIMAL(6,2)", Type: catalog.DecimalOf(6, 2), Shown: "that type", Arrow: "as that type", Rule: "as its text is", Samples: []sample{{SQL: "12.5", Want: "12.50"}, {SQL: "12.505", Err: errs.ValueUnreadable}, {SQL: "[1]", Err: errs.ValueUnreadable}, {SQL: `""`, Err: errs.ValueUnreadable}}},
	sniffed("JSON", "whole numbers", of(catalog.Int64), "as for BIGINT", sample{SQL: "9223372036854775807", Want: int64(9223372036854775807)}, sample{SQL: "null"}),
	sniffed("JSON", "numbers", of(catalog.Float64), "as for DOUBLE: JSON has no other", sample{SQL: "12.50", Want: 12.5}, sample{SQL: "3", Want: 3.0}),
	sniffed("JSON", "whole numbers beyond BIGINT", of(catalog.JSON), "as they are written", sample{SQL: "18446744073709551615", Want: "18446744073709551615"}, sample{SQL: "1", Want: "1"}),
	sniffed("JSON", "booleans", of(catalog.Bool), "as for BOOLEAN", sample{SQL: "true", Want: true}),
	sniffed("JSON", "texts", of(catalog.Text), "texts of digits stay text", sample{SQL: `"007"`, Want: "007"}, sample{SQL: `"12"`, Want: "12"}),
	sniffed("JSON", "texts that are dates", of(catalog.Date), "as for DATE", sample{SQL: `"1970-01-02"`, Want: int64(1)}),
	sniffed("JSON", "texts that are timestamps", of(catalog.Timestamp), "as for TIMESTAMP", sample{SQL: `"1970-01-01T00:00:01"`, Want: int64(1_000_000)}),
	sniffed("JSON", "texts that are timestamps with an offset", of(catalog.TimestampTZ), "as for TIMESTAMPTZ", sample{SQL: `"1970-01-01T00:00:01Z"`, Want: int64(1_000_000)}),
	sniffed("JSON", "objects, arrays, several kinds, nothing", of(catalog.JSON), "any value, written without spaces", sample{SQL: `{"a": 1}`, Want: `{"a":1}`}, sample{SQL: "[1, 2]", Want: "[1,2]"}, sample{SQL: `"x"`, Want: `"x"`}, sample{SQL: "1", Want: "1"}),
}, textRows("JSON", `"`)...)

func sniffed(format, what string, t catalog.Type, rule string, samples ...sample) connectortest.TypeRow {
	return connectortest.TypeRow{Source: format + ": " + what, DDL: "sniffed", Type: t, Rule: rule, Samples: samples}
}
