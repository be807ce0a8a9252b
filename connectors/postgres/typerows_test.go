package postgres_test

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
)

const typesIntro = `
What is not listed by name falls under one of the last rows: no type is left out, and none is hidden. A domain is read as
the type below it. A column that was altered after it was described is an error at the next scan, never another value.
The session's time zone is UTC.`

// typesSetup makes what a new database does not have.
const typesSetup = `
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE SCHEMA "my types";
CREATE TYPE "my types".mood AS ENUM ('sad', 'ok', '高兴', 'with "quotes"', '');
CREATE TYPE public.pair AS (a integer, "B c" text);
CREATE DOMAIN public.positive AS integer CHECK (value > 0);
CREATE DOMAIN public.small_positive AS public.positive CHECK (value < 100);
CREATE DOMAIN public.code AS char(5);
CREATE DOMAIN public.amount AS numeric(10,2);
CREATE DOMAIN public.any_amount AS numeric;
CREATE DOMAIN public.numbers AS integer[];
CREATE DOMAIN public.object AS oid;
CREATE TYPE public.textrange AS RANGE (subtype = text);`

type (
	row    = connectortest.TypeRow
	sample = connectortest.Sample
)

func of(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func good(sql string, want any) sample { return sample{SQL: sql, Want: want} }

func bad(sql string) sample { return sample{SQL: sql, Err: errs.ValueUnreadable} }

var null = good("NULL", nil)

// asText is the row of a type that PostgreSQL casts to text.
func asText(source, rule string, samples ...sample) row {
	return row{Source: source, Type: of(catalog.Text), Rule: rule, Samples: append(samples, null)}
}

// typeRows is the whole table of docs/types/postgres.md. TestEveryTypeHasARow
// goes through pg_type of the server and looks each type up by Source.
func typeRows() []row {
	rows := []row{
		{Source: "boolean", Type: of(catalog.Bool), Rule: "As it is.", Samples: []sample{good("true", true), good("false", false), null}},
		{Source: "smallint", Type: of(catalog.Int16), Rule: "As it is.", Samples: []sample{good("-32768", int64(-32768)), good("32767", int64(32767)), null}},
		{Source: "integer", Type: of(catalog.Int32), Rule: "As it is.", Samples: []sample{good("-2147483648", int64(-2147483648)), good("2147483647", int64(2147483647)), null}},
		{Source: "bigint", Type: of(catalog.Int64), Rule: "As it is.", Samples: []sample{good("-9223372036854775808", int64(-9223372036854775808)), good("9223372036854775807", int64(9223372036854775807)), null}},
		{Source: "real", Type: of(catalog.Float32), Rule: "As it is, bit for bit; NaN and the infinities too.", Samples: []sample{good("1.17549435e-38", float64(float32(1.17549435e-38))), good("0.1", float64(float32(0.1))), null}},
		{Source: "double precision", Type: of(catalog.Float64), Rule: "As it is, bit for bit; NaN and the infinities too.", Samples: []sample{good("5e-324", 5e-324), good("0.1", 0.1), null}},
		{Source: "numeric(p,s)", DDL: "numeric(12,3)", Type: catalog.DecimalOf(12, 3), Shown: "DECIMAL(p,s)",
			Rule:    "With p up to 38, exactly. NaN is an error. A scale below 0 or above p, which PostgreSQL 15 allows, gives the DECIMAL that holds all its values.",
			Samples: []sample{good("123456789.123", "123456789.123"), good("-0.001", "-0.001"), good("0", "0.000"), null, bad("'NaN'")}},
		{Source: "numeric(p,s), s < 0", DDL: "numeric(5,-3)", Type: catalog.DecimalOf(8, 0), Shown: "DECIMAL(p-s,0)", Rule: "Exactly.", Samples: []sample{good("99999000", "99999000"), good("-1000", "-1000")}},
		{Source: "numeric(p,s), s > p", DDL: "numeric(3,5)", Type: catalog.DecimalOf(5, 5), Shown: "DECIMAL(s,s)", Rule: "Exactly.", Samples: []sample{good("0.00999", "0.00999"), good("-0.00001", "-0.00001")}},
		asText("numeric", "Without a precision there is no scale that holds every value: PostgreSQL's own plain form, NaN and infinities too.",
			good("1.10", "1.10"), good("-0", "0"), good("1e40", "1"+zeros(40)), good("'NaN'", "NaN"), good("'-Infinity'", "-Infinity")),
		{Source: "numeric(p,s), p > 38", DDL: "numeric(39,1)", Type: of(catalog.Text), Rule: "More digits than a DECIMAL holds: as numeric without a precision.", Samples: []sample{good("12345678901234567890123456789012345678.5", "12345678901234567890123456789012345678.5"), null}},
		{Source: "text", Type: of(catalog.Text), Rule: "As it is, spaces at the end too. Text that is not UTF-8, which only the encoding SQL_ASCII lets in, is an error.",
			Samples: []sample{good("''", ""), good("'a '", "a "), good("E'\\U0001F600'", "\U0001F600"), null}},
		{Source: "character varying(n)", DDL: "character varying(5)", Type: of(catalog.Text), Rule: "As it is, spaces at the end too.", Samples: []sample{good("'ab  '", "ab  "), good("'人口'", "人口"), null}},
		{Source: "character(n)", DDL: "character(5)", Type: of(catalog.Text), Rule: "Without the spaces at the end, which PostgreSQL pads and does not compare.", Samples: []sample{good("'ab'", "ab"), good("'  a '", "  a"), good("''", ""), good("E'a\\t'", "a\t"), null}},
		{Source: "bpchar", Type: of(catalog.Text), Rule: "As character(n).", Samples: []sample{good("'ab   '", "ab")}},
		{Source: "name", Type: of(catalog.Text), Rule: "As it is.", Samples: []sample{good("'relname'", "relname"), null}},
		asText(`"char"`, "The one character, or PostgreSQL's escape of a byte beyond ASCII.", good("'a'", "a"), good("''", "")),
		{Source: "bytea", Type: of(catalog.Blob), Rule: "As it is.", Samples: []sample{good(`'\x00ff'`, []byte{0, 0xff}), good("''", []byte{}), null}},
		{Source: "date", Type: of(catalog.Date), Rule: "As it is, from 4713 BC on. infinity and -infinity are errors.",
			Samples: []sample{good("'2000-02-29'", int64(11016)), good("'0001-12-31 BC'", int64(-719163)), good("'4713-01-01 BC'", int64(-2440550)), good("'5874897-12-31'", int64(2145042905)), null, bad("'infinity'::date"), bad("'-infinity'::date")}},
		{Source: "time", Type: of(catalog.Time), Rule: "As it is, in microseconds. 24:00:00, which is no time of day, is an error.", Samples: []sample{good("'23:59:59.999999'", int64(86399999999)), good("'00:00'", int64(0)), null, bad("'24:00'::time")}},
		asText("time with time zone", "The time with its offset.", good("'12:34:56.5+08'", "12:34:56.5+08")),
		{Source: "timestamp", Type: of(catalog.Timestamp), Rule: "The wall clock as it is. infinity, -infinity and what lies after the year 294246 are errors.",
			Samples: []sample{good("'2024-02-29 12:00:00.123456'", int64(1709208000123456)), good("'4713-01-01 00:00 BC'", int64(-210863520000000000)), null, bad("'infinity'::timestamp"), bad("'-infinity'::timestamp"), bad("'294276-12-31'::timestamp")}},
		{Source: "timestamp with time zone", Type: of(catalog.TimestampTZ), Rule: "The instant as it is. infinity, -infinity and what lies after the year 294246 are errors.",
			Samples: []sample{good("'1986-05-04 03:00:00+09'", int64(515527200000000)), good("'2024-03-31 02:30:00 Europe/Berlin'", int64(1711848600000000)), null, bad("'infinity'::timestamptz"), bad("'294276-12-31'::timestamptz")}},
		{Source: "interval", Type: of(catalog.Interval), Rule: "Months, days and microseconds, each as it is. More than 292 years of hours are an error.",
			Samples: []sample{good("'1 year -3 days 04:05:06.000007'", arrow.MonthDayNanoInterval{Months: 12, Days: -3, Nanoseconds: 14706000007000}), good("'2562047 hours'", arrow.MonthDayNanoInterval{Nanoseconds: 2562047 * 3600 * 1e9}), null, bad("'2562048 hours'"), bad("'-2562048 hours'")}},
		{Source: "uuid", Type: of(catalog.UUID), Rule: "In lower case with hyphens.", Samples: []sample{good("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), null}},
		{Source: "json", Type: of(catalog.JSON), Rule: "The text as it was written.", Samples: []sample{good(`'{"b" : 1, "a":[]}'`, `{"b" : 1, "a":[]}`), null}},
		{Source: "jsonb", Type: of(catalog.JSON), Rule: "PostgreSQL's own text of the value.", Samples: []sample{good(`'{"b" : 1.0, "a":[]}'`, `{"a": [], "b": 1.0}`), good(`'"é"'`, `"é"`), null}},
		{Source: "oid", Type: of(catalog.Uint32), Rule: "The number.", Samples: []sample{good("4294967295", uint64(4294967295)), null}},
		{Source: "xid", Type: of(catalog.Uint32), Rule: "The number.", Samples: []sample{good("'7'", uint64(7)), null}},
		{Source: "cid", Type: of(catalog.Uint32), Rule: "The number.", Samples: []sample{good("'7'", uint64(7)), null}},
		{Source: "xid8", Type: of(catalog.Uint64), Rule: "The number.", Samples: []sample{good("'18446744073709551615'", uint64(18446744073709551615)), null}},
	}
	rows = append(rows, textRows()...)
	return append(rows, madeRows()...)
}

// textRows are PostgreSQL's own types that travel as text.
func textRows() []row {
	const own = "PostgreSQL's own text."
	return []row{
		asText("money", "PostgreSQL's own text, in the currency form of the server's lc_monetary.", good("12.34::numeric", "$12.34")),
		{Source: "bit(n)", DDL: "bit(3)", Type: of(catalog.Text), Rule: own, Samples: []sample{good("B'101'", "101"), null}},
		asText("bit varying", own, good("B''", ""), good("B'0110'", "0110")),
		asText("inet", "PostgreSQL's own text, always with the length of the network.", good("'10.0.0.1/8'", "10.0.0.1/8"), good("'10.0.0.1'", "10.0.0.1/32"), good("'::1'", "::1/128")),
		asText("cidr", own, good("'10.0.0.0/8'", "10.0.0.0/8")),
		asText("macaddr", own, good("'08-00-2B-01-02-03'", "08:00:2b:01:02:03")),
		asText("macaddr8", own, good("'08002b0102030405'", "08:00:2b:01:02:03:04:05")),
		asText("xml", own, good("'<a>é</a>'", "<a>é</a>")),
		asText("tsvector", own, good("'b a'", "'a' 'b'")),
		asText("tsquery", own, good("'a & b'", "'a' & 'b'")),
		asText("jsonpath", own, good("'$.a'", `$."a"`)),
		asText("point", own, good("'(0.1,2)'", "(0.1,2)")),
		asText("line", own, good("'{1,2,3}'", "{1,2,3}")),
		asText("lseg", own, good("'[(0,0),(1,1)]'", "[(0,0),(1,1)]")),
		asText("box", own, good("'(1,1),(0,0)'", "(1,1),(0,0)")),
		asText("path", own, good("'[(0,0),(1,1)]'", "[(0,0),(1,1)]")),
		asText("polygon", own, good("'((0,0),(1,1))'", "((0,0),(1,1))")),
		asText("circle", own, good("'<(0,0),1>'", "<(0,0),1>")),
		asText("pg_lsn", own, good("'16/B374D848'", "16/B374D848")),
		asText("tid", own, good("'(1,2)'", "(1,2)")),
		asText("int2vector", own, good("'1 2'", "1 2")),
		asText("oidvector", own, good("'1 2'", "1 2")),
		asText("refcursor", own, good("'c'", "c")),
		asText("aclitem", own, good("'reader=r/lianji_admin'", "reader=r/lianji_admin")),
		asText("txid_snapshot", own, good("'1:2:'", "1:2:")),
		asText("pg_snapshot", own, good("'1:2:'", "1:2:")),
		asText("regproc", "The name that the number stands for.", good("'now'", "now")),
		asText("regprocedure", "The name that the number stands for.", good("'now()'", "now()")),
		asText("regoper", "The name that the number stands for.", good("'||/'", "||/")),
		asText("regoperator", "The name that the number stands for.", good("'+(integer,integer)'", "+(integer,integer)")),
		asText("regclass", "The name that the number stands for.", good("'pg_class'", "pg_class")),
		asText("regtype", "The name that the number stands for.", good("'int4'", "integer")),
		asText("regrole", "The name that the number stands for.", good("'reader'", "reader")),
		asText("regnamespace", "The name that the number stands for.", good("'public'", "public")),
		asText("regconfig", "The name that the number stands for.", good("'simple'", "simple")),
		asText("regdictionary", "The name that the number stands for.", good("'simple'", "simple")),
		asText("regcollation", "The name that the number stands for.", good(`'"C"'`, `"C"`)),
		// Nobody can write values of these.
		asText("gtsvector", own),
		asText("pg_node_tree", own),
		asText("pg_ndistinct", own),
		asText("pg_dependencies", own),
		asText("pg_mcv_list", own),
		asText("pg_brin_bloom_summary", own),
		asText("pg_brin_minmax_multi_summary", own),
	}
}

// madeRows are types that are made of others, or by users.
func madeRows() []row {
	list := catalog.ListOf
	const shape = " An array of more dimensions, or one that does not begin at index 1, is an error."
	return []row{
		{Source: "a domain", DDL: "small_positive", Type: of(catalog.Int32), Shown: "as the type below it", Rule: "As the type below it.", Samples: []sample{good("7", int64(7)), null}},
		{Source: "a domain over character(n)", DDL: "code", Type: of(catalog.Text), Rule: "As the type below it.", Samples: []sample{good("'ab'", "ab"), null}},
		{Source: "a domain over numeric(p,s)", DDL: "amount", Type: catalog.DecimalOf(10, 2), Shown: "DECIMAL(p,s)", Rule: "As the type below it.", Samples: []sample{good("1.5", "1.50"), null}},
		{Source: "a domain over numeric", DDL: "any_amount", Type: of(catalog.Text), Rule: "As the type below it.", Samples: []sample{good("1.50", "1.50"), null}},
		{Source: "a domain over an array", DDL: "numbers", Type: list(of(catalog.Int32)), Shown: "as the array", Rule: "As the type below it.", Samples: []sample{good("'{1,NULL}'", []any{int64(1), nil}), null}},
		{Source: "an enum", DDL: `"my types".mood`, Type: of(catalog.Text), Rule: "The label.", Samples: []sample{good("'高兴'", "高兴"), good(`'with "quotes"'`, `with "quotes"`), good("''", ""), null}},
		{Source: "a range", DDL: "int4range", Type: of(catalog.Text), Rule: "PostgreSQL's own text.", Samples: []sample{good("'(1,5]'", "[2,6)"), good("'empty'", "empty"), null}},
		{Source: "a range over time", DDL: "tstzrange", Type: of(catalog.Text), Rule: "PostgreSQL's own text, with ISO dates in UTC.", Samples: []sample{good("'[2024-01-01 08:00+08,)'", `["2024-01-01 00:00:00+00",)`)}},
		{Source: "a user's range", DDL: "textrange", Type: of(catalog.Text), Rule: "PostgreSQL's own text.", Samples: []sample{good("'[a,b)'", "[a,b)")}},
		{Source: "a multirange", DDL: "nummultirange", Type: of(catalog.Text), Rule: "PostgreSQL's own text.", Samples: []sample{good("'{[1,2),[3,4)}'", "{[1,2),[3,4)}"), null}},
		{Source: "a composite", DDL: "pair", Type: of(catalog.Text), Rule: "PostgreSQL's own text. A row of NULLs is not NULL.", Samples: []sample{good(`ROW(1, 'a "b"')`, `(1,"a ""b""")`), good("ROW(NULL, NULL)", "(,)"), null}},
		{Source: "an extension's type", DDL: "hstore", Type: of(catalog.Text), Rule: "PostgreSQL's own text.", Samples: []sample{good("'a=>1'", `"a"=>"1"`), null}},
		{Source: "citext", Type: of(catalog.Text), Rule: "As it is; compared here by bytes as all text.", Samples: []sample{good("'aB '", "aB "), null}},
		{Source: "an array", DDL: "integer[]", Type: list(of(catalog.Int32)), Shown: "a list of the element's type", Rule: "A list, NULL elements too." + shape,
			Samples: []sample{good("'{}'", []any{}), good("'{1,NULL,3}'", []any{int64(1), nil, int64(3)}), null, bad("'{{1,2},{3,4}}'"), bad("'[0:1]={1,2}'")}},
		{Source: "an array of numeric(p,s)", DDL: "numeric(20,2)[]", Type: list(catalog.DecimalOf(20, 2)), Shown: "a list of DECIMAL(p,s)", Rule: "As an array." + shape, Samples: []sample{good("'{1.5,NULL,-123456789012345678.90}'", []any{"1.50", nil, "-123456789012345678.90"}), bad("'{NaN}'")}},
		{Source: "an array of numeric", DDL: "numeric[]", Type: list(of(catalog.Text)), Rule: "A list of PostgreSQL's plain forms." + shape, Samples: []sample{good("'{1.50,NaN}'", []any{"1.50", "NaN"})}},
		{Source: "an array of character(n)", DDL: "character(3)[]", Type: list(of(catalog.Text)), Rule: "A list; without the spaces at the end of each element." + shape, Samples: []sample{good("'{a,NULL,\"b \"}'", []any{"a", nil, "b"})}},
		{Source: "an array of jsonb", DDL: "jsonb[]", Type: list(of(catalog.JSON)), Rule: "A list." + shape, Samples: []sample{good(`array['{"a" : 1}'::jsonb, NULL]`, []any{`{"a": 1}`, nil})}},
		{Source: "an array of an enum", DDL: `"my types".mood[]`, Type: list(of(catalog.Text)), Rule: "A list of labels." + shape, Samples: []sample{good("'{sad,高兴}'", []any{"sad", "高兴"})}},
		{Source: "an array of a type read as text", DDL: "inet[]", Type: list(of(catalog.Text)), Rule: "A list of PostgreSQL's own texts." + shape, Samples: []sample{good("'{10.0.0.1}'", []any{"10.0.0.1/32"}), bad("'{{10.0.0.1}}'")}},
		{Source: "an array of a domain", DDL: "small_positive[]", Type: list(of(catalog.Int32)), Shown: "a list of the type below", Rule: "A list of the type below the domain." + shape, Samples: []sample{good("'{1,2}'", []any{int64(1), int64(2)})}},
		{Source: "an array of a composite", DDL: "pair[]", Type: list(of(catalog.Text)), Rule: "A list of PostgreSQL's own texts." + shape, Samples: []sample{good("array[ROW(1,'x')::pair]", []any{"(1,x)"})}},
		{Source: "an array of a domain over an array", DDL: "numbers[]", Type: of(catalog.Text), Rule: "PostgreSQL's own text of the whole.", Samples: []sample{good(`array['{1,2}'::numbers]`, `{"{1,2}"}`)}},
		{Source: "an array of a domain over oid", DDL: "object[]", Type: of(catalog.Text), Rule: "PostgreSQL's own text of the whole.", Samples: []sample{good("'{1,2}'", "{1,2}")}},
	}
}

func zeros(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0'
	}
	return string(b)
}
