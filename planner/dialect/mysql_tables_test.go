package dialect_test

import (
	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/planner/ir"
)

func mysqlText(name, source, collation string) catalog.Column {
	return column(name, source, text, catalog.Collation{Name: collation, Binary: collation == "utf8mb4_nopad_bin"})
}

// mysqlTables are the tables of mariaSetup as the connector describes them, but for
// their keys; a test sees to it that it does.
var mysqlTables = withKeys(map[string]*catalog.Table{
	"person": {ID: catalog.TableID{Schema: "test", Name: "person"}, PrimaryKey: []string{"id"}, Columns: []catalog.Column{
		column("id", "int(11)", kind(catalog.Int32)),
		column("small", "smallint(6)", kind(catalog.Int16)),
		column("big", "bigint(20)", kind(catalog.Int64)),
		column("ok", "bit(1)", ir.Bool),
		column("born", "date", kind(catalog.Date)),
		column("seen", "datetime(6)", kind(catalog.Timestamp)),
		column("at", "timestamp(6)", kind(catalog.TimestampTZ)),
		column("price", "decimal(10,2)", catalog.DecimalOf(10, 2)),
		column("rate", "double", kind(catalog.Float64)),
		mysqlText("xm", "varchar(20)", "utf8mb4_general_ci"),
		mysqlText("mc", "varchar(20)", "latin1_swedish_ci"),
		mysqlText("ci", "varchar(20)", "utf8mb4_unicode_ci"),
		mysqlText("c", "varchar(20)", "utf8mb4_nopad_bin"),
		mysqlText("kh", "char(4)", "utf8mb4_general_ci"),
		mysqlText("zt", "enum('sad','ok','Happy')", "utf8mb4_general_ci"),
		mysqlText("free", "varchar(20)", "gbk_chinese_ci"),
		mysqlText("nm", "varchar(20)", "utf8mb4_bin"),
		mysqlText("kd", "char(4)", "gbk_bin"),
		column("sm", "decimal(6,2) unsigned", catalog.DecimalOf(6, 2)),
	}},
	"visit": {ID: catalog.TableID{Schema: "test", Name: "visit"}, Columns: []catalog.Column{
		column("vid", "bigint(20)", kind(catalog.Int64)),
		column("person", "int(11)", kind(catalog.Int32)),
		column("price", "decimal(12,4)", catalog.DecimalOf(12, 4)),
		mysqlText("xm", "varchar(20)", "utf8mb4_general_ci"),
		mysqlText("kh", "varchar(4)", "utf8mb4_general_ci"),
		column("day", "date", kind(catalog.Date)),
		mysqlText("zt", "enum('ok','a','sad')", "utf8mb4_general_ci"),
		column("ok", "bit(1)", ir.Bool),
	}},
	"odd": {ID: catalog.TableID{Schema: "test", Name: "odd"}, Columns: []catalog.Column{
		column("id", "int(11)", kind(catalog.Int32)),
		column("c1", "smallint(5) unsigned", kind(catalog.Uint16)),
		column("c2", "tinyint(4)", kind(catalog.Int8)),
		column("c3", "mediumint(9)", kind(catalog.Int32)),
		column("c4", "tinyint(3) unsigned", kind(catalog.Uint8)),
		column("c5", "bigint(20) unsigned", kind(catalog.Uint64)),
		column("y", "year(4)", kind(catalog.Int16)),
		column("b", "varbinary(10)", kind(catalog.Blob)),
		column("fb", "binary(3)", kind(catalog.Blob)),
		mysqlText("s", "set('b','a')", "utf8mb4_general_ci"),
		column("dt", "datetime", kind(catalog.Timestamp)),
		column("ts", "timestamp(3)", kind(catalog.TimestampTZ)),
		mysqlText("u3", "varchar(20)", "utf8mb3_general_ci"),
		mysqlText("nb", "varchar(20)", "latin1_nopad_bin"),
		mysqlText("tt", "tinytext", "utf8mb4_general_ci"),
		mysqlText("big5", "varchar(20)", "big5_chinese_ci"),
		column("wide", "decimal(38,10)", catalog.DecimalOf(38, 10)),
	}},
	"seen": {ID: catalog.TableID{Schema: "test", Name: "seen"}, View: true, Columns: []catalog.Column{
		column("id", "int(11)", kind(catalog.Int32)),
		mysqlText("xm", "varchar(20)", "utf8mb4_general_ci"),
	}},
})

// withKeys says of every column that it is a key: joins by all of them are tried so,
// which a dialect would not send for their cost.
func withKeys(tables map[string]*catalog.Table) map[string]*catalog.Table {
	for _, t := range tables {
		t.Unique = nil
		for _, c := range t.Columns {
			t.Unique = append(t.Unique, []string{c.Name})
		}
	}
	return tables
}
