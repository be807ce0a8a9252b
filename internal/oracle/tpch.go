package oracle

import (
	"context"
	"testing"

	"github.com/lianji/lianji/catalog"
)

// TPCHTables names the eight tables, small ones first.
var TPCHTables = []string{"region", "nation", "supplier", "part", "customer", "partsupp", "orders", "lineitem"}

var tpch = dataset{
	name:   "tpch",
	call:   "dbgen",
	tables: TPCHTables,
	sums: map[string]string{
		"linux/amd64":  "3da16edae72039b20afccf092f49b9e17ebbcf56c93f89a9fcb54a39a027e088",
		"linux/arm64":  "a7a919c6e272442efccbb1cf9ce2724206d6355a6ecb95d499228913d292afc9",
		"darwin/arm64": "2ea825d6f14ab0bb3c4a04d136e60528655910a2892ca090331813f1e9ca929f",
		"darwin/amd64": "a7325244ab7c7f08c5441e0c5128f8ce456b58f49303d51580daf7c17e95c1ed",
	},
	columns: map[string]datasetColumns{
		"region":   {1, "r_regionkey:i r_name:t r_comment:t"},
		"nation":   {1, "n_nationkey:i n_name:t n_regionkey:i n_comment:t"},
		"supplier": {1, "s_suppkey:I s_name:t s_address:t s_nationkey:i s_phone:t s_acctbal:d s_comment:t"},
		"part":     {1, "p_partkey:I p_name:t p_mfgr:t p_brand:t p_type:t p_size:i p_container:t p_retailprice:d p_comment:t"},
		"customer": {1, "c_custkey:I c_name:t c_address:t c_nationkey:i c_phone:t c_acctbal:d c_mktsegment:t c_comment:t"},
		"partsupp": {2, "ps_partkey:I ps_suppkey:I ps_availqty:I ps_supplycost:d ps_comment:t"},
		"orders":   {1, "o_orderkey:I o_custkey:I o_orderstatus:t o_totalprice:d o_orderdate:D o_orderpriority:t o_clerk:t o_shippriority:i o_comment:t"},
		"lineitem": {0, "l_orderkey:I l_partkey:I l_suppkey:I l_linenumber:I l_quantity:d l_extendedprice:d l_discount:d l_tax:d l_returnflag:t l_linestatus:t l_shipdate:D l_commitdate:D l_receiptdate:D l_shipinstruct:t l_shipmode:t l_comment:t"},
	},
}

// TPCH gives a folder with the tables of TPC-H at a scale factor, each a Parquet
// file named for it. The folder lies in the tests' cache and is made once; one
// whose checksums are wrong is made anew. Without the generator the test is
// skipped with that reason.
func TPCH(tb testing.TB, sf float64) string {
	tb.Helper()
	return tpch.folder(tb, sf)
}

// TPCHColumns gives a table's columns as a source of that flavour publishes them:
// SQLite has one integer type.
func TPCHColumns(table string, f Flavour) []catalog.Column { return tpch.columnsOf(table, f) }

// LoadTPCH loads a table into the reference with the types that a source of the
// flavour publishes.
func (r *Reference) LoadTPCH(ctx context.Context, dir, table string, f Flavour, path ...string) error {
	return r.loadDataset(ctx, tpch, dir, table, f, path)
}

// CreateTPCH writes the statement that makes a table at a source of that flavour.
func CreateTPCH(table string, f Flavour) string { return tpch.createTable(table, f) }

// EachTPCH gives the rows of a table one after the other, each cell as text or nil: for
// sources that FillTPCH cannot reach.
func EachTPCH(ctx context.Context, dir, table string, row func([]any) error) error {
	return tpch.eachText(ctx, dir, table, row)
}

// FillTPCH makes tables of TPC-H in a source: target is a URL for PostgreSQL (its
// schema public), a file for SQLite and DuckDB (schema main), made when it is not there.
func FillTPCH(ctx context.Context, f Flavour, target, dir string, tables ...string) error {
	return tpch.fill(ctx, f, target, dir, tables)
}
