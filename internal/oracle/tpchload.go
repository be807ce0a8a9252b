package oracle

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/catalog"
)

// tpchColumns gives each table's columns as DuckDB's generator types them:
// i INTEGER, I BIGINT, t VARCHAR, d DECIMAL(15,2), D DATE. The key comes first,
// as many columns as the number says.
var tpchColumns = map[string]struct {
	key     int
	columns string
}{
	"region":   {1, "r_regionkey:i r_name:t r_comment:t"},
	"nation":   {1, "n_nationkey:i n_name:t n_regionkey:i n_comment:t"},
	"supplier": {1, "s_suppkey:I s_name:t s_address:t s_nationkey:i s_phone:t s_acctbal:d s_comment:t"},
	"part":     {1, "p_partkey:I p_name:t p_mfgr:t p_brand:t p_type:t p_size:i p_container:t p_retailprice:d p_comment:t"},
	"customer": {1, "c_custkey:I c_name:t c_address:t c_nationkey:i c_phone:t c_acctbal:d c_mktsegment:t c_comment:t"},
	"partsupp": {2, "ps_partkey:I ps_suppkey:I ps_availqty:I ps_supplycost:d ps_comment:t"},
	"orders":   {1, "o_orderkey:I o_custkey:I o_orderstatus:t o_totalprice:d o_orderdate:D o_orderpriority:t o_clerk:t o_shippriority:i o_comment:t"},
	"lineitem": {0, "l_orderkey:I l_partkey:I l_suppkey:I l_linenumber:I l_quantity:d l_extendedprice:d l_discount:d l_tax:d l_returnflag:t l_linestatus:t l_shipdate:D l_commitdate:D l_receiptdate:D l_shipinstruct:t l_shipmode:t l_comment:t"},
}

var tpchTypes = map[string]catalog.Type{
	"i": {Kind: catalog.Int32}, "I": {Kind: catalog.Int64}, "t": {Kind: catalog.Text}, "d": catalog.DecimalOf(15, 2), "D": {Kind: catalog.Date},
}

// TPCHColumns gives a table's columns as a source of that flavour publishes them:
// SQLite has one integer type.
func TPCHColumns(table string, f Flavour) []catalog.Column {
	var out []catalog.Column
	for _, word := range strings.Fields(tpchColumns[table].columns) {
		name, letter, _ := strings.Cut(word, ":")
		t := tpchTypes[letter]
		if f == SQLite && t.Kind == catalog.Int32 {
			t = tpchTypes["I"]
		}
		out = append(out, catalog.Column{Name: name, Type: t})
	}
	return out
}

// LoadTPCH loads a table into the reference with the types that a source of the
// flavour publishes.
func (r *Reference) LoadTPCH(ctx context.Context, dir, table string, f Flavour, path ...string) error {
	if err := r.Place(ctx, path...); err != nil {
		return err
	}
	return r.Exec(ctx, "CREATE TABLE "+Table{Path: path}.SQLPath()+" AS "+selectTPCH(dir, table, f))
}

func selectTPCH(dir, table string, f Flavour) string {
	var items []string
	for _, c := range TPCHColumns(table, f) {
		items = append(items, "CAST("+c.Name+" AS "+c.Type.DuckDB()+") AS "+c.Name)
	}
	return "SELECT " + strings.Join(items, ", ") + " FROM " + quote(filepath.Join(dir, table+".parquet"))
}

// createTPCH writes the CREATE TABLE of a source.
func createTPCH(table string, f Flavour) string {
	columns := TPCHColumns(table, f)
	var items, key []string
	for i, c := range columns {
		items = append(items, c.Name+" "+f.TypeName(c.Type))
		if i < tpchColumns[table].key {
			key = append(key, c.Name)
		}
	}
	if len(key) > 0 {
		items = append(items, "PRIMARY KEY ("+strings.Join(key, ", ")+")")
	}
	return "CREATE TABLE " + table + " (" + strings.Join(items, ", ") + ")"
}

// FillTPCH makes tables of TPC-H in a source: target is a URL for PostgreSQL (its
// schema public), a file for SQLite and DuckDB (schema main), made when it is not there.
func FillTPCH(ctx context.Context, f Flavour, target, dir string, tables ...string) error {
	r, err := openReference(ctx, "")
	if err != nil {
		return err
	}
	switch f {
	case PostgreSQL:
		err = r.fillPostgres(ctx, target, dir, tables)
	case SQLite:
		err = r.fillSQLite(ctx, target, dir, tables)
	default:
		err = r.fillDuckDB(ctx, target, dir, tables)
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return err
}

func (r *Reference) fillDuckDB(ctx context.Context, file, dir string, tables []string) error {
	if err := r.Exec(ctx, "ATTACH "+quote(file)+" AS target"); err != nil {
		return err
	}
	for _, t := range tables {
		if err := r.Exec(ctx, "CREATE TABLE target.main."+t+" AS "+selectTPCH(dir, t, DuckDB)); err != nil {
			return err
		}
	}
	return r.Exec(ctx, "DETACH target")
}

// fillPostgres goes through CSV files: DuckDB writes and PostgreSQL reads them
// much faster than rows of Go values.
func (r *Reference) fillPostgres(ctx context.Context, url, dir string, tables []string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	temp, err := os.MkdirTemp("", "tpch-csv-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	for _, t := range tables {
		file := filepath.Join(temp, t+".csv")
		if err := r.Exec(ctx, "COPY ("+selectTPCH(dir, t, PostgreSQL)+") TO "+quote(file)+" (FORMAT csv, HEADER false)"); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, createTPCH(t, PostgreSQL)); err != nil {
			return err
		}
		if err := copyFile(ctx, conn, file, t); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, "ANALYZE")
	return err
}

func copyFile(ctx context.Context, conn *pgx.Conn, file, table string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = conn.PgConn().CopyFrom(ctx, in, "COPY "+table+" FROM STDIN (FORMAT csv)")
	return err
}
