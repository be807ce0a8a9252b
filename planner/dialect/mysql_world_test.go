//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/testmaria"
)

// mariaSetup makes the tables of mysqlTables: text of every kind of collation and of
// four character sets, with indexes that an equality uses, and columns that bear the
// names under which a statement's own columns go. odd has the other types.
const mariaSetup = `
	CREATE TABLE person (id int PRIMARY KEY, small smallint, big bigint, ok bit(1), born date, seen datetime(6), at timestamp(6) NULL,
		price decimal(10,2), rate double, xm varchar(20) COLLATE utf8mb4_general_ci, mc varchar(20) CHARACTER SET latin1, ci varchar(20) COLLATE utf8mb4_unicode_ci,
		c varchar(20) COLLATE utf8mb4_nopad_bin, kh char(4) COLLATE utf8mb4_general_ci, zt enum('sad','ok','Happy'), free varchar(20) CHARACTER SET gbk,
		nm varchar(20) COLLATE utf8mb4_bin, kd char(4) CHARACTER SET gbk COLLATE gbk_bin, sm decimal(6,2) unsigned,
		KEY (xm), KEY (mc), KEY (ci), KEY (kh), KEY (zt), KEY (free), KEY (nm), KEY (kd), KEY (born), KEY (seen), KEY (at), KEY (price), KEY (small));
	CREATE TABLE visit (vid bigint, person int, price decimal(12,4), xm varchar(20) COLLATE utf8mb4_general_ci, kh varchar(4) COLLATE utf8mb4_general_ci,
		day date NOT NULL, zt enum('ok','a','sad'), ok bit(1), KEY (person), KEY (xm));
	CREATE TABLE odd (id int, c1 smallint unsigned, c2 tinyint, c3 mediumint, c4 tinyint unsigned, c5 bigint unsigned, y year, b varbinary(10), fb binary(3),
		s set('b','a'), dt datetime, ts timestamp(3) NULL, u3 varchar(20) CHARACTER SET utf8mb3, nb varchar(20) CHARACTER SET latin1 COLLATE latin1_nopad_bin, tt tinytext,
		big5 varchar(20) CHARACTER SET big5, wide decimal(38,10), KEY (c1), KEY (c5), KEY (y), KEY (b), KEY (dt), KEY (ts), KEY (u3));
	CREATE VIEW seen AS SELECT id, xm FROM person;
	SET sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES'`

// mariaPools hold what the columns' cells are drawn from, in MariaDB's SQL: words that
// a collation takes for one another, blanks and what is less than a blank, dates that
// are none.
var (
	mariaASCII = []string{"NULL", "''", "' '", "'a'", "'a '", "'a  '", "'A'", "'b'", "'B'", "'ab'", "'a-b'", "'a\t'", "'a\x01'", "'a%b'", "'a\\b'", "'10'", "'9'", "'1e1'"}
	mariaLatin = append([]string{"'ä'", "'Ä'", "'é'", "'ß'", "'ss'"}, mariaASCII...)
	mariaHan   = append([]string{"'中'", "'阿'", "'张三'", "'张'"}, mariaASCII...)
	mariaWords = append([]string{"'😀'", "'\uffff'", "'ﬀ'", "'e\u0301'", "'\u3000'", "'\u200b'"}, append(mariaLatin, mariaHan...)...)
	mariaDates = []string{"NULL", "'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'1970-01-01'", "'0000-00-00'", "'2023-00-10'", "'2023-10-00'", "'2023-02-30'", "'0000-01-01'"}
	mariaPools = map[string][]string{
		"small": {"NULL", "0", "1", "-32768", "32767"}, "big": {"NULL", "0", "1", "9223372036854775807", "9223372036854775806", "-9223372036854775808"},
		"ok": {"NULL", "b'1'", "b'0'"}, "born": mariaDates, "day": {"'0000-00-00'", "'2024-02-29'", "'1970-01-01'", "'2024-00-00'"},
		"seen":  append([]string{"'2024-02-29 12:00:00.123456'", "'9999-12-31 23:59:59.999999'", "'2023-02-31 01:00:00'"}, mariaDates...),
		"at":    {"NULL", "'2024-03-31 01:30:00'", "'2024-03-31 00:30:00.5'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", "'0000-00-00'"},
		"price": {"NULL", "0", "-0.01", "99999999.99", "99999999.98", "1.5"}, "rate": {"NULL", "0", "1.5"},
		"kh": {"NULL", "''", "'a'", "'a  '", "'A'", "'ab'", "'中'", "'张三'", "'B'", "'a\t'"}, "zt": {"NULL", "'sad'", "'ok'"},
		"mc": mariaLatin, "free": mariaHan, "kd": {"NULL", "''", "'a'", "'A'", "'B'", "'张三'", "'阿'"}, "sm": {"NULL", "0", "9999.99", "0.5"},
		"vid": {"NULL", "1", "2", "3", "9223372036854775807"}, "person": {"NULL", "1", "2", "3", "5", "8", "13", "99"},
		"c1": {"NULL", "0", "65535", "1"}, "c2": {"NULL", "-128", "127", "1", "0"}, "c3": {"NULL", "-8388608", "8388607", "1"}, "c4": {"NULL", "0", "255", "1"},
		"c5": {"NULL", "0", "1", "9223372036854775807", "9223372036854775808", "18446744073709551615"}, "y": {"NULL", "0", "1901", "1970", "2070", "2155", "2001"},
		"b": {"NULL", "x''", "x'00'", "x'61'", "x'6100'", "x'ff'", "x'41'", "x'6120'"}, "fb": {"NULL", "x''", "x'61'", "x'610000'", "x'ffffff'"},
		"s": {"NULL", "''", "'a'", "'b'", "'b,a'"}, "dt": mariaDates, "ts": {"NULL", "'2024-03-31 01:30:00'", "'2024-03-31 00:30:00.5'", "'0000-00-00'"},
		"u3": append([]string{"'\uffff'"}, append(mariaLatin, mariaHan...)...), "nb": mariaLatin, "big5": {"NULL", "'a'", "'A'", "'中'", "'張'", "'a '"},
		"wide": {"NULL", "0", "9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999", "0.0000000001"},
	}
)

func mariaRows(table string, columns []string, n int) string {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	var rows []string
	for i := range n {
		var cells []string
		for _, c := range columns {
			pool := mariaPools[c]
			switch {
			case c == "id":
				cells = append(cells, fmt.Sprint(i+1))
			case table == "visit" && c == "price":
				cells = append(cells, []string{"NULL", "1.5", "1.5000", "0.0001", "99999999.9900"}[r.IntN(5)])
			case pool == nil:
				cells = append(cells, mariaWords[r.IntN(len(mariaWords))])
			default:
				cells = append(cells, pool[r.IntN(len(pool))])
			}
		}
		rows = append(rows, "("+strings.Join(cells, ", ")+")")
	}
	return "INSERT INTO " + table + " VALUES " + strings.Join(rows, ", ")
}

// mariaWorld makes the source and, in a DuckDB, the rows as the source is read.
func mariaWorld(t *testing.T) *world {
	t.Helper()
	db := testmaria.Start(t).Named(t, "test")
	statements := []string{mariaSetup}
	for table, n := range map[string]int{"person": 80, "visit": 80, "odd": 60} {
		var columns []string
		for _, c := range mysqlTables[table].Columns {
			columns = append(columns, c.Name)
		}
		statements = append(statements, mariaRows(table, columns, n))
	}
	db.Exec(t, strings.Join(statements, "; "))
	w := open(t, "mysql", mysql.Open, connectors.Config{Name: "sj", Kind: "mysql", DSN: db.Reader, Connections: 1})
	withKeys(w.tables)
	local := filepath.Join(t.TempDir(), "local.duckdb")
	write(t, local, copyOf(t, w, "person", "visit", "odd"))
	in, err := duck.Open(t.Context(), duck.Options{Path: local, MemoryBytes: 500 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.Close)
	if w.local, err = in.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.local.Close)
	return w
}
