package mysql_test

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors/connectortest"
)

const typesIntro = `
A type that is not listed cannot be read: its column is named in metadata and refused when it is asked for. A column that
was altered after it was described is an error at the next scan, never another value. Text comes in UTF-8 whatever its
character set: the server converts it, and writes ? for bytes that are no character of that set. The session's time zone is
UTC. Dates without a day or month, and those that no calendar has, are read as NULL, whatever the column says of NULL, and
the stream warns of them, once for each column.`

type (
	row    = connectortest.TypeRow
	sample = connectortest.Sample
)

func of(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

func good(sql string, want any) sample { return sample{SQL: sql, Want: want} }

var null = good("NULL", nil)

func duration(micros int64) arrow.MonthDayNanoInterval {
	return arrow.MonthDayNanoInterval{Nanoseconds: micros * 1000}
}

// typeRows is the whole table of docs/types/mysql.md.
func typeRows() []row {
	rows := []row{
		{Source: "tinyint", Type: of(catalog.Int8), Rule: "As it is; tinyint(1) and boolean too, which hold more than two values.", Samples: []sample{good("-128", int64(-128)), good("127", int64(127)), null}},
		{Source: "boolean", Type: of(catalog.Int8), Rule: "It is a tinyint(1).", Samples: []sample{good("TRUE", int64(1)), good("2", int64(2))}},
		{Source: "tinyint unsigned", Type: of(catalog.Uint8), Rule: "As it is.", Samples: []sample{good("255", uint64(255)), null}},
		{Source: "smallint", Type: of(catalog.Int16), Rule: "As it is.", Samples: []sample{good("-32768", int64(-32768)), good("32767", int64(32767)), null}},
		{Source: "smallint unsigned", Type: of(catalog.Uint16), Rule: "As it is.", Samples: []sample{good("65535", uint64(65535)), null}},
		{Source: "mediumint", Type: of(catalog.Int32), Rule: "As it is.", Samples: []sample{good("-8388608", int64(-8388608)), good("8388607", int64(8388607)), null}},
		{Source: "mediumint unsigned", Type: of(catalog.Uint32), Rule: "As it is.", Samples: []sample{good("16777215", uint64(16777215)), null}},
		{Source: "int", Type: of(catalog.Int32), Rule: "As it is.", Samples: []sample{good("-2147483648", int64(-2147483648)), good("2147483647", int64(2147483647)), null}},
		{Source: "int unsigned", Type: of(catalog.Uint32), Rule: "As it is.", Samples: []sample{good("4294967295", uint64(4294967295)), null}},
		{Source: "int zerofill", Type: of(catalog.Uint32), Rule: "The number. zerofill makes it unsigned.", Samples: []sample{good("7", uint64(7))}},
		{Source: "bigint", Type: of(catalog.Int64), Rule: "As it is.", Samples: []sample{good("-9223372036854775808", int64(-9223372036854775808)), good("9223372036854775807", int64(9223372036854775807)), null}},
		{Source: "bigint unsigned", Type: of(catalog.Uint64), Rule: "As it is.", Samples: []sample{good("18446744073709551615", uint64(18446744073709551615)), null}},
		{Source: "float", Type: of(catalog.Float32), Rule: "As it is, bit for bit.", Samples: []sample{good("0.1", float64(float32(0.1))), good("16777217", float64(16777216)), null}},
		{Source: "double", Type: of(catalog.Float64), Rule: "As it is, bit for bit.", Samples: []sample{good("0.1", 0.1), good("1.7976931348623157e308", 1.7976931348623157e308), good("9007199254740993", 9007199254740992.0), null}},
		{Source: "decimal(p,s)", DDL: "decimal(12,3)", Type: catalog.DecimalOf(12, 3), Shown: "DECIMAL(p,s)", Rule: "With p up to 38, exactly.", Samples: []sample{good("123456789.123", "123456789.123"), good("-0.001", "-0.001"), good("0", "0.000"), null}},
		{Source: "decimal(p,s) unsigned", DDL: "decimal(38,38) unsigned", Type: catalog.DecimalOf(38, 38), Shown: "DECIMAL(p,s)", Rule: "As decimal(p,s).", Samples: []sample{good("0."+strings.Repeat("9", 38), "0."+strings.Repeat("9", 38)), good("0", "0")}},
		{Source: "decimal(p,s), p > 38", DDL: "decimal(65,2)", Type: of(catalog.Text), Rule: "More digits than a DECIMAL holds: the server's own plain form, with s places.", Samples: []sample{good(strings.Repeat("9", 63)+".99", strings.Repeat("9", 63)+".99"), good("-1", "-1.00"), null}},
		{Source: "bit(1)", Type: of(catalog.Bool), Rule: "1 is true.", Samples: []sample{good("b'1'", true), good("b'0'", false), null}},
		{Source: "bit(n)", DDL: "bit(11)", Type: of(catalog.Text), Rule: "Its n digits.", Samples: []sample{good("b'101'", "00000000101"), good("b'11111111111'", "11111111111"), null}},
		{Source: "bit(64)", Type: of(catalog.Text), Rule: "As bit(n).", Samples: []sample{good("b'1000000000000000000000000000000000000000000000000000000000000010'", "1000000000000000000000000000000000000000000000000000000000000010")}},
		{Source: "year", Type: of(catalog.Int16), Rule: "The number; the year 0000 is 0.", Samples: []sample{good("2155", int64(2155)), good("1901", int64(1901)), good("'0000'", int64(0)), null}},
		{Source: "date", Type: of(catalog.Date), Rule: "As it is. 0000-00-00, a date without a day or month, and 2023-02-30 are read as NULL.",
			Samples: []sample{good("'2000-02-29'", int64(11016)), good("'9999-12-31'", int64(2932896)), good("'0001-01-01'", int64(-719162)), good("'0000-01-01'", int64(-719528)), null,
				good("'0000-00-00'", nil), good("'2200-00-08'", nil), good("'2024-05-00'", nil), good("'2023-02-30'", nil)}},
		{Source: "datetime", DDL: "datetime(6)", Type: of(catalog.Timestamp), Rule: "The wall clock as it is, to the microsecond. Of a date that is none, as date.",
			Samples: []sample{good("'2024-02-29 12:00:00.123456'", int64(1709208000123456)), good("'1969-12-31 23:59:59.999999'", int64(-1)), good("'9999-12-31 23:59:59'", int64(253402300799000000)), good("'2024-03-31 02:30:00'", int64(1711852200000000)), null,
				good("'0000-00-00 00:00:00'", nil), good("'2024-00-10 12:00:00'", nil), good("'2023-02-29 01:02:03'", nil)}},
		{Source: "datetime of whole seconds", DDL: "datetime", Type: of(catalog.Timestamp), Rule: "As datetime.", Samples: []sample{good("'2024-02-29'", int64(1709164800000000)), good("'0000-00-00'", nil)}},
		{Source: "timestamp", DDL: "timestamp(6) NULL", Type: of(catalog.TimestampTZ), Rule: "The instant as it is. 0000-00-00 00:00:00 is read as NULL.",
			Samples: []sample{good("'2024-03-31 02:30:00.000001'", int64(1711852200000001)), good("'2038-01-19 03:14:07.999999'", int64(2147483647999999)), good("'0000-00-00 00:00:00'", nil), null}},
		{Source: "timestamp that is NOT NULL", DDL: "timestamp NOT NULL", Type: of(catalog.TimestampTZ), Rule: "As timestamp: NULL all the same.", Samples: []sample{good("'2024-03-31 02:30:00'", int64(1711852200000000)), good("'0000-00-00 00:00:00'", nil)}},
		{Source: "time", DDL: "time(6)", Type: of(catalog.Interval), Rule: "A length of time, from -838:59:59 to 838:59:59.999999 (in MySQL 838:59:59), as an interval of nothing but microseconds: a time of day could not hold it.",
			Samples: []sample{good("'08:30:00'", duration(30600000000)), good("'838:59:59.999999'", duration(3020399999999)), good("'-838:59:59'", duration(-3020399000000)), good("'-00:00:00.000001'", duration(-1)), good("'24:00:00'", duration(86400000000)), good("0", duration(0)), null}},
	}
	return append(append(rows, textRows()...), otherRows()...)
}

// rowsOfMySQL are the rows that MySQL has, with what differs there.
func rowsOfMySQL() []row {
	var out []row
	for _, r := range typeRows() {
		switch r.Source {
		case "uuid", "inet4", "inet6":
			continue
		case "decimal(p,s) unsigned": // 30 places are the most
			r.DDL, r.Type = "decimal(38,30) unsigned", catalog.DecimalOf(38, 30)
			r.Samples = []sample{good("0."+strings.Repeat("9", 30), "0."+strings.Repeat("9", 30))}
		case "time":
			r.Samples = append(r.Samples, good("'838:59:59.000000'", duration(3020399000000)))
			r.Samples = append(r.Samples[:1:1], r.Samples[2:]...)
		case "json":
			r.Samples = []sample{good(`'{"b" : 1, "a":"文"}'`, `{"a": "文", "b": 1}`), null}
		}
		out = append(out, r)
	}
	return out
}

func textRows() []row {
	const own = "As it is, blanks at the end too."
	return []row{
		{Source: "varchar(n)", DDL: "varchar(20)", Type: of(catalog.Text), Rule: own, Samples: []sample{good("''", ""), good("'a  '", "a  "), good("'人口\U0001F600'", "人口\U0001F600"), null}},
		{Source: "char(n)", DDL: "char(5)", Type: of(catalog.Text), Rule: "Without the blanks at the end, which the server pads and does not give.", Samples: []sample{good("'ab'", "ab"), good("'  a '", "  a"), good("''", ""), null}},
		{Source: "tinytext", Type: of(catalog.Text), Rule: own, Samples: []sample{good("'文 '", "文 "), null}},
		{Source: "text", Type: of(catalog.Text), Rule: own, Samples: []sample{good("'文 '", "文 "), null}},
		{Source: "mediumtext", Type: of(catalog.Text), Rule: own, Samples: []sample{good("'文 '", "文 "), null}},
		{Source: "longtext", Type: of(catalog.Text), Rule: own, Samples: []sample{good("'文 '", "文 "), null}},
		{Source: "text in latin1", DDL: "varchar(20) CHARACTER SET latin1", Type: of(catalog.Text), Rule: "As text. latin1 is Windows-1252.", Samples: []sample{good("'é€ÿ'", "é€ÿ"), null}},
		{Source: "text in gbk", DDL: "text CHARACTER SET gbk", Type: of(catalog.Text), Rule: "As text.", Samples: []sample{good("'沈阳市联机 '", "沈阳市联机 "), null}},
		{Source: "text in utf8mb3", DDL: "text CHARACTER SET utf8mb3", Type: of(catalog.Text), Rule: "As text.", Samples: []sample{good("'人口'", "人口")}},
		{Source: "text in ucs2", DDL: "text CHARACTER SET ucs2", Type: of(catalog.Text), Rule: "As text.", Samples: []sample{good("'人口'", "人口")}},
		{Source: "enum", DDL: "enum('男','女','')", Type: of(catalog.Text), Rule: "The label.", Samples: []sample{good("'女'", "女"), good("''", ""), null}},
		{Source: "set", DDL: "set('a','b','c')", Type: of(catalog.Text), Rule: "The labels, with commas between.", Samples: []sample{good("'c,a'", "a,c"), good("''", ""), null}},
		{Source: "json", Type: of(catalog.JSON), Rule: "MariaDB's text as it was written (its json is a longtext with the check json_valid); MySQL's own text of the value.", Samples: []sample{good(`'{"b" : 1, "a":"文"}'`, `{"b" : 1, "a":"文"}`), null}},
		{Source: "uuid", Type: of(catalog.UUID), Rule: "In lower case with hyphens (MariaDB).", Samples: []sample{good("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), null}},
		{Source: "inet4", Type: of(catalog.Text), Rule: "The server's own text (MariaDB).", Samples: []sample{good("'10.0.0.1'", "10.0.0.1"), null}},
		{Source: "inet6", Type: of(catalog.Text), Rule: "The server's own text (MariaDB).", Samples: []sample{good("'2001:DB8::1'", "2001:db8::1"), null}},
	}
}

func otherRows() []row {
	const own = "As it is."
	point := []byte{0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40} // 0, little endian, point, 1, 2
	return []row{
		{Source: "binary(n)", DDL: "binary(4)", Type: of(catalog.Blob), Rule: "All n bytes, with the zeros that the server pads.", Samples: []sample{good("'ab'", []byte{'a', 'b', 0, 0}), null}},
		{Source: "varbinary(n)", DDL: "varbinary(20)", Type: of(catalog.Blob), Rule: own, Samples: []sample{good("X'00FF20'", []byte{0, 0xff, ' '}), good("''", []byte{}), null}},
		{Source: "text in binary", DDL: "varchar(20) CHARACTER SET binary", Type: of(catalog.Blob), Rule: "It is a varbinary.", Samples: []sample{good("X'00FF20'", []byte{0, 0xff, ' '})}},
		{Source: "tinyblob", Type: of(catalog.Blob), Rule: own, Samples: []sample{good("X'00FF'", []byte{0, 0xff}), null}},
		{Source: "blob", Type: of(catalog.Blob), Rule: own, Samples: []sample{good("X'00FF'", []byte{0, 0xff}), null}},
		{Source: "mediumblob", Type: of(catalog.Blob), Rule: own, Samples: []sample{good("X'00FF'", []byte{0, 0xff}), null}},
		{Source: "longblob", Type: of(catalog.Blob), Rule: own, Samples: []sample{good("X'00FF'", []byte{0, 0xff}), null}},
		{Source: "geometry", Type: of(catalog.Blob), Rule: "The server's own bytes: four of the reference system, then WKB. point, polygon and the like too.", Samples: []sample{good("POINT(1, 2)", point), null}},
		{Source: "point", Type: of(catalog.Blob), Rule: "As geometry.", Samples: []sample{good("POINT(1, 2)", point)}},
	}
}
