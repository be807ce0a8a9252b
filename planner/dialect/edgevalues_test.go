//go:build duckdb_arrow

package dialect_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	duckfile "github.com/lianji/lianji/connectors/duckdb"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/duck"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
)

// edge is a type of a source, with values at its edges in the source's SQL.
type edge struct {
	name, source string
	kind         catalog.Kind
	values       []string
}

var (
	edgeTexts = []string{"NULL", "''", "' '", "'a'", "'A'", "'a  '", "'  a'", "'ab'", "'中'", "'中文字符'", "'😀'", "'😀a👍'", "'张三 '", "'ä'", "'ß'",
		"'\u3000中\u3000'", "'\u00a0a\u2003'", "'\u200ba'", "'a\tb'", "'100%_x'", "'o''b'", "'e\u0301'", "'a\\b'", "'aXbXc'"}
	edgeShorts   = []string{"NULL", "0", "1", "-1", "7", "-7", "182", "32767", "-32768"}
	edgeInts     = []string{"NULL", "0", "1", "-1", "7", "-7", "46341", "2147483647", "-2147483648"}
	edgeLongs    = []string{"NULL", "0", "1", "-1", "7", "-7", "3037000500", "9223372036854775807", "-9223372036854775808", "9223372036854775806"}
	edgePrices   = []string{"NULL", "0", "0.01", "-0.01", "0.05", "-0.05", "1.00", "-2.50", "2.50", "123.45", "99999999.99", "9999999999999.99", "-9999999999999.99"}
	edgeShares   = []string{"NULL", "0", "0.0001", "-0.0005", "1.5", "-1.4999", "99999999999999.9999", "-99999999999999.9999"}
	edgeTotals   = []string{"NULL", "0", "1.00", "-0.01", strings.Repeat("9", 36) + ".99", "-" + strings.Repeat("9", 36) + ".99", "9999999999999999.99"}
	edgeDates    = []string{"NULL", "'2024-02-29'", "'2023-02-28'", "'2000-12-31'", "'2021-01-01'", "'2020-12-31'", "'2024-03-31'", "'1970-01-01'", "'1969-12-31'", "'1900-02-28'", "'0001-01-01'", "'9999-12-31'"}
	farDates     = []string{"NULL", "'294247-01-10'", "'294247-01-11'", "'294276-12-31'", "'294277-01-01'", "'5874897-12-31'", "'2024-02-29'"}
	edgeMoments  = []string{"NULL", "'2024-02-29 23:59:59.999999'", "'1969-12-31 23:59:59.5'", "'1970-01-01 00:00:00'", "'2021-01-01 00:00:00'", "'2024-12-30 12:34:56'", "'0001-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'"}
	oldPgDates   = []string{"'4713-02-01 BC'", "'0044-03-15 BC'", "'0001-12-31 BC'", "'10000-01-01'", "'294246-12-31'"}
	oldPgMoments = []string{"'4712-02-01 01:02:03 BC'", "'0044-03-15 12:00:00 BC'", "'0001-12-31 23:59:59.999999 BC'", "'10000-01-01 00:00:00'", "'294246-12-31 23:59:59'"}
)

// edgesOf has the types of each engine of which entries take arguments.
var edgesOf = map[string][]edge{
	"postgres": {
		{"s", "smallint", catalog.Int16, edgeShorts}, {"i", "integer", catalog.Int32, edgeInts}, {"l", "bigint", catalog.Int64, edgeLongs},
		{"price", "numeric(15,2)", catalog.Decimal, edgePrices}, {"share", "numeric(18,4)", catalog.Decimal, edgeShares}, {"total", "numeric(38,2)", catalog.Decimal, edgeTotals},
		{"t", "text", catalog.Text, edgeTexts}, {"f", "text COLLATE folded", catalog.Text, edgeTexts}, {"kh", "char(6)", catalog.Text, edgeTexts}, {"zt", "mood", catalog.Text, []string{"NULL", "'sad'", "'ok'", "'好'"}},
		{"d", "date", catalog.Date, append(oldPgDates, edgeDates...)}, {"far", "date", catalog.Date, farDates}, {"m", "timestamp", catalog.Timestamp, append(oldPgMoments, edgeMoments...)},
	},
	"mysql": {
		{"x", "tinyint", catalog.Int8, []string{"NULL", "0", "1", "-1", "127", "-128"}},
		{"s", "smallint", catalog.Int16, edgeShorts}, {"i", "int", catalog.Int32, edgeInts}, {"l", "bigint", catalog.Int64, edgeLongs},
		{"price", "decimal(15,2)", catalog.Decimal, edgePrices}, {"share", "decimal(18,4)", catalog.Decimal, edgeShares}, {"total", "decimal(38,2)", catalog.Decimal, edgeTotals},
		{"t", "varchar(20) COLLATE utf8mb4_general_ci", catalog.Text, append([]string{"'a\x00b'"}, edgeTexts...)}, {"f", "char(20) COLLATE utf8mb4_unicode_ci", catalog.Text, edgeTexts},
		{"gb", "varchar(20) CHARACTER SET gbk", catalog.Text, []string{"NULL", "''", "' '", "'a'", "'A '", "'中'", "'中文字符'", "'张三 '", "'\u3000中'"}},
		{"latin", "varchar(20) CHARACTER SET latin1", catalog.Text, []string{"NULL", "''", "'a'", "'ä'", "'ß '", "'\u00a0a'"}}, {"zt", "enum('sad','ok','好')", catalog.Text, []string{"NULL", "'sad'", "'ok'", "'好'"}},
		{"d", "date", catalog.Date, append([]string{"'0000-00-00'", "'2023-00-10'", "'2023-02-30'", "'0000-01-01'"}, edgeDates...)},
		{"m", "datetime(6)", catalog.Timestamp, append([]string{"'0000-00-00'", "'2023-02-31 01:00:00'"}, edgeMoments...)}, {"whole", "datetime", catalog.Timestamp, []string{"NULL", "'2024-02-29 23:59:59'", "'0001-01-01'"}},
	},
	"sqlite": {
		{"l", "INTEGER", catalog.Int64, edgeLongs}, {"t", "TEXT COLLATE NOCASE", catalog.Text, append([]string{"'a' || char(0) || 'b'"}, edgeTexts...)}, {"f", "VARCHAR(9)", catalog.Text, edgeTexts},
		{"d", "DATE", catalog.Date, append([]string{"'0000-01-01'", "'0000-12-31'"}, edgeDates...)},
	},
	"duckdb": {
		{"x", "TINYINT", catalog.Int8, []string{"NULL", "0", "1", "-1", "127", "-128"}},
		{"s", "SMALLINT", catalog.Int16, edgeShorts}, {"i", "INTEGER", catalog.Int32, edgeInts}, {"l", "BIGINT", catalog.Int64, edgeLongs},
		{"price", "DECIMAL(15,2)", catalog.Decimal, edgePrices}, {"share", "DECIMAL(18,4)", catalog.Decimal, edgeShares}, {"total", "DECIMAL(38,2)", catalog.Decimal, edgeTotals},
		{"t", "VARCHAR", catalog.Text, append([]string{"'a' || chr(0) || 'b'"}, edgeTexts...)},
		{"d", "DATE", catalog.Date, append([]string{"'0044-03-15 (BC)'", "'294246-12-31'"}, edgeDates...)}, {"far", "DATE", catalog.Date, farDates}, {"m", "TIMESTAMP", catalog.Timestamp, append([]string{"'0044-03-15 (BC) 01:02:03'"}, edgeMoments...)},
	},
}

// edgeTable makes edges: of each type two columns, a and b, whose rows are all pairs.
func edgeTable(engine string) []string {
	edges, rows := edgesOf[engine], 0
	columns := []string{"id integer PRIMARY KEY"}
	for _, e := range edges {
		rows = max(rows, len(e.values)*len(e.values))
		columns = append(columns, "a_"+e.name+" "+e.source, "b_"+e.name+" "+e.source)
	}
	var made []string
	for i := range rows {
		cells := []string{fmt.Sprint(i + 1)}
		for _, e := range edges {
			n := len(e.values)
			cells = append(cells, e.values[i/n%n], e.values[i%n])
		}
		made = append(made, "("+strings.Join(cells, ", ")+")")
	}
	return []string{"CREATE TABLE edges (" + strings.Join(columns, ", ") + ")", "INSERT INTO edges VALUES " + strings.Join(made, ", ")}
}

// edgeWorld opens a source with that table, and a DuckDB with a copy as it is read.
func edgeWorld(t *testing.T, engine string) *world {
	t.Helper()
	var w *world
	statements := edgeTable(engine)
	switch engine {
	case "postgres":
		db := testpg.Start(t).Database(t, testpg.ChineseICU)
		db.Exec(t, "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level1', deterministic = false); CREATE TYPE mood AS ENUM ('sad', 'ok', '好')")
		db.Exec(t, statements[0])
		db.Exec(t, statements[1])
		w = open(t, engine, postgres.Open, connectors.Config{Name: "mz", Kind: engine, DSN: db.Reader, Connections: 1})
	case "mysql":
		db := testmaria.Start(t).Database(t)
		db.Exec(t, strings.Join(append([]string{"SET sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES'"}, statements...), "; "))
		w = open(t, engine, mysql.Open, connectors.Config{Name: "sj", Kind: engine, DSN: db.Reader, Connections: 1})
	case "sqlite":
		w = openLite(t, liteFile(t, "UTF-8", statements...))
	case "duckdb":
		path := filepath.Join(t.TempDir(), "edges.duckdb")
		write(t, path, statements)
		w = open(t, engine, duckfile.Open, connectors.Config{Name: "wj", Kind: engine, Path: path, Connections: 1})
	}
	local := filepath.Join(t.TempDir(), "local.duckdb")
	write(t, local, copyOf(t, w, "edges"))
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
