package sqlite

import (
	"math"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/connectortest"
	"github.com/lianji/lianji/internal/errs"
)

// sample builds the lists below: a literal and what it is read as.
func sample(sql string, want any) connectortest.Sample {
	return connectortest.Sample{SQL: sql, Want: want}
}

// bad is a literal that must be an error in its column.
func bad(sql string) connectortest.Sample {
	return connectortest.Sample{SQL: sql, Err: errs.ValueUnreadable}
}

// proof is what shows one rule of typeRules: a declared type of it with samples,
// and further declared types that fall under it, each with a sample.
type proof struct {
	ddl     string
	typ     catalog.Type
	samples []connectortest.Sample
	also    map[string]connectortest.Sample
}

const micro = int64(1_000_000)

// proofs has an entry for each rule, by the rule's name in the documentation.
var proofs = map[string]proof{
	"BOOLEAN, BOOL": {"BOOLEAN", catalog.Type{Kind: catalog.Bool},
		[]connectortest.Sample{sample("0", false), sample("1", true), sample("TRUE", true), sample("1.0", true), sample("'1'", true), sample("NULL", nil),
			bad("2"), bad("-1"), bad("'true'"), bad("0.5"), bad("x'01'")},
		map[string]connectortest.Sample{"bool": sample("1", true)}},
	"DECIMAL(p,s), NUMERIC(p,s), NUMBER(p,s), DEC(p,s)": {"DECIMAL(10,2)", catalog.DecimalOf(10, 2),
		[]connectortest.Sample{sample("0", "0.00"), sample("7", "7.00"), sample("-7", "-7.00"), sample("0.1", "0.10"), sample("'12.50'", "12.50"), sample("-0.01", "-0.01"),
			sample("99999999.99", "99999999.99"), sample("-99999999.99", "-99999999.99"), sample("NULL", nil),
			bad("0.125"), bad("0.1+0.2"), bad("100000000"), bad("100000000.5"), bad("9e999"), bad("-9e999"), bad("'zwölf'"), bad("x'00'"), bad("9223372036854775807"), bad("1e300")},
		map[string]connectortest.Sample{"NUMERIC(10, 2)": sample("1.5", "1.50"), "dec ( 10 , 2 )": sample("1.5", "1.50"), "NUMBER(10,2)": sample("0.29", "0.29")}},
	"DATE": {"DATE", catalog.Type{Kind: catalog.Date},
		[]connectortest.Sample{sample("'1970-01-01'", int64(0)), sample("'2024-02-29'", int64(19782)), sample("'0001-01-01'", int64(-719162)), sample("'0000-01-01'", int64(-719528)),
			sample("'1900-03-01'", int64(-25508)), sample("'9999-12-31'", int64(2932896)), sample("NULL", nil),
			bad("'2023-02-29'"), bad("'1900-02-29'"), bad("'2024-13-01'"), bad("'2024-00-10'"), bad("'2024-04-31'"), bad("'2024-01-00'"), bad("'2024-1-1'"), bad("'2024-01-01 '"),
			bad("'2024-01-01 00:00:00'"), bad("'20240101'"), bad("20240101"), bad("2460000.5"), bad("'now'"), bad("''"), bad("'2024/01/01'"), bad("'+024-01-01'"), bad("x'323032342d30312d3031'")},
		map[string]connectortest.Sample{"date": sample("'1970-01-02'", int64(1))}},
	"TIMESTAMP, DATETIME": {"TIMESTAMP", catalog.Type{Kind: catalog.Timestamp},
		[]connectortest.Sample{sample("'1970-01-01'", int64(0)), sample("'1970-01-01 00:00'", int64(0)), sample("'1970-01-01T00:00:01'", micro), sample("'1969-12-31 23:59:59.999999'", int64(-1)),
			sample("'2000-02-29 01:02:03.1'", 951_786_123*micro+100_000), sample("'2000-02-29 01:02:03.100000000'", 951_786_123*micro+100_000), sample("NULL", nil),
			bad("'2000-02-29 01:02:03.1234567'"), bad("'2000-02-29 01:02:03Z'"), bad("'2000-02-29 01:02:03+08:00'"), bad("'2000-02-29 24:00:00'"), bad("'2000-02-29 23:59:60'"),
			bad("'2000-02-30 00:00:00'"), bad("'2000-02-29  01:02'"), bad("'2000-02-29t01:02'"), bad("'2000-02-29 01:02:03.'"), bad("'2000-02-29 1:02'"), bad("951786123"), bad("2451603.5"), bad("''")},
		map[string]connectortest.Sample{"DATETIME": sample("'1970-01-01 00:00:00'", int64(0)), "timestamp(6)": sample("'1970-01-01 00:00:00'", int64(0)),
			"TIMESTAMP WITHOUT TIME ZONE": sample("'1970-01-01 00:00:00'", int64(0))}},
	"TIME": {"TIME", catalog.Type{Kind: catalog.Time},
		[]connectortest.Sample{sample("'00:00'", int64(0)), sample("'23:59:59.999999'", 86_400*micro-1), sample("'12:00:00.5'", 43_200*micro+500_000), sample("NULL", nil),
			bad("'24:00:00'"), bad("'12:60'"), bad("'12:00:60'"), bad("'12'"), bad("12"), bad("'12:00:00Z'"), bad("'1:00'"), bad("'12:0000'")},
		nil},
	"BINARY(n), VARBINARY(n)": {"VARBINARY(16)", catalog.Type{Kind: catalog.Blob},
		[]connectortest.Sample{sample("x''", []byte{}), sample("x'00ff'", []byte{0, 0xff}), sample("NULL", nil), bad("'text'"), bad("1")},
		map[string]connectortest.Sample{"BINARY(2)": sample("x'0000'", []byte{0, 0})}},
	"JSON, UUID": {"JSON", catalog.Type{Kind: catalog.Text},
		[]connectortest.Sample{sample(`'{"a": 1}'`, `{"a": 1}`), sample("'[]'", "[]"), sample("NULL", nil), bad("'1'"), bad("1.5"), bad("x'00'")},
		map[string]connectortest.Sample{"UUID": sample("'550E8400-e29b-41d4-a716-446655440000'", "550E8400-e29b-41d4-a716-446655440000")}},
	"none, ANY": {"", catalog.Type{Kind: catalog.Text},
		[]connectortest.Sample{sample("'a'", "a"), sample("''", ""), sample("NULL", nil), bad("1"), bad("1.5"), bad("x'61'")},
		map[string]connectortest.Sample{"ANY (STRICT)": sample("'1'", "1"), "any": sample("'a'", "a")}},
	"INTEGER, INT, BIGINT, SMALLINT, TINYINT and every type with INT in it": {"INTEGER", catalog.Type{Kind: catalog.Int64},
		[]connectortest.Sample{sample("0", int64(0)), sample("-9223372036854775808", int64(math.MinInt64)), sample("9223372036854775807", int64(math.MaxInt64)), sample("'12'", int64(12)), sample("3.0", int64(3)), sample("NULL", nil),
			bad("1.5"), bad("'twelve'"), bad("9223372036854775808"), bad("x'01'"), bad("''")},
		map[string]connectortest.Sample{"INT(11)": sample("1", int64(1)), "UNSIGNED BIG INT": sample("1", int64(1)), "smallint": sample("1", int64(1)), "TINYINT(1)": sample("2", int64(2)), "INT (STRICT)": sample("1", int64(1))}},
	"TEXT, VARCHAR(n), CHAR(n), NVARCHAR(n), CLOB and every type with CHAR, CLOB or TEXT in it": {"VARCHAR(20)", catalog.Type{Kind: catalog.Text},
		[]connectortest.Sample{sample("'a  '", "a  "), sample("''", ""), sample("'联机😀'", "联机😀"), sample("12", "12"), sample("'longer than twenty characters'", "longer than twenty characters"), sample("'a' || char(0) || 'b'", "a\x00b"), sample("NULL", nil),
			bad("x'61'"), bad("CAST(x'ff61' AS TEXT)"), bad("CAST(x'eda080' AS TEXT)"), bad("CAST(x'c080' AS TEXT)")},
		map[string]connectortest.Sample{"CHAR(10)": sample("'a '", "a "), "NATIVE CHARACTER(70)": sample("'a'", "a"), "clob": sample("'a'", "a"), "TEXT": sample("'a'", "a"), "TEXT (STRICT)": sample("'a'", "a")}},
	"BLOB and every type with BLOB in it": {"BLOB", catalog.Type{Kind: catalog.Blob},
		[]connectortest.Sample{sample("x'00'", []byte{0}), sample("x''", []byte{}), sample("NULL", nil), bad("'text'"), bad("1"), bad("1.5")},
		map[string]connectortest.Sample{"LONGBLOB": sample("x'01'", []byte{1}), "BLOB (STRICT)": sample("x'01'", []byte{1})}},
	"REAL, DOUBLE PRECISION, FLOAT and every type with REAL, FLOA or DOUB in it": {"DOUBLE PRECISION", catalog.Type{Kind: catalog.Float64},
		[]connectortest.Sample{sample("0.1", 0.1), sample("0.1+0.2", 0.30000000000000004), sample("7", 7.0), sample("-9e999", math.Inf(-1)), sample("5e-324", 5e-324), sample("NULL", nil),
			bad("'many'"), bad("x'00'")},
		map[string]connectortest.Sample{"REAL": sample("1.5", 1.5), "float(10)": sample("1.5", 1.5), "REAL (STRICT)": sample("1", 1.0)}},
	"DECIMAL, NUMERIC, NUMBER, NUM without digits, or with more than 38": {"NUMERIC", catalog.Type{Kind: catalog.Float64},
		[]connectortest.Sample{sample("0.1", 0.1), sample("7", 7.0), sample("9007199254740992", 9007199254740992.0), sample("-9223372036854775808", float64(math.MinInt64)), sample("NULL", nil),
			bad("9007199254740993"), bad("9223372036854775807"), bad("'many'"), bad("x'00'")},
		map[string]connectortest.Sample{"DECIMAL": sample("1.5", 1.5), "DECIMAL(39,2)": sample("1.5", 1.5), "DECIMAL(2,3)": sample("1.5", 1.5), "DECIMAL(0)": sample("1.5", 1.5),
			"DECIMAL(99999999999999999999,1)": sample("1.5", 1.5), "num": sample("1.5", 1.5)}},
	"every other type": {"GEOMETRY", catalog.Type{Kind: catalog.Text},
		[]connectortest.Sample{sample("'POINT (1 2)'", "POINT (1 2)"), sample("NULL", nil), bad("x'00'"), bad("7"), bad("'7'")},
		map[string]connectortest.Sample{"TIMESTAMP WITH TIME ZONE": sample("'2000-01-01 00:00:00+08'", "2000-01-01 00:00:00+08"), "MONEY": sample("'12 €'", "12 €"), "STRING": sample("'a'", "a")}},
}

// typeRows joins typeRules with their proofs. A rule without one gives a row
// without samples, which the suite refuses.
func typeRows() []connectortest.TypeRow {
	var out []connectortest.TypeRow
	for _, r := range typeRules {
		p := proofs[r.shown]
		row := connectortest.TypeRow{Source: r.shown, DDL: p.ddl, Type: p.typ, Rule: r.rule, Samples: p.samples}
		if p.typ.Kind == catalog.Decimal {
			row.Shown, row.Arrow = "DECIMAL(p,s)", "decimal(p, s)"
		}
		if p.ddl == "" {
			row.DDL = " " // no declared type at all, not the documentation's words
		}
		out = append(out, row)
	}
	return out
}

// alsoRows are the further declared types of each rule.
func alsoRows() []connectortest.TypeRow {
	var out []connectortest.TypeRow
	for _, r := range typeRules {
		for declared, s := range proofs[r.shown].also {
			row := connectortest.TypeRow{Source: declared, Type: proofs[r.shown].typ, Rule: strings.ToLower(r.rule), Samples: []connectortest.Sample{s}}
			out = append(out, row)
		}
	}
	return out
}
