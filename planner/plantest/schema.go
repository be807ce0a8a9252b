package plantest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

// The sources of the fixed schema: one like PostgreSQL, one like SQLite.
const (
	PG   = "pg"
	Lite = "lite"
)

// fixedTable is a table of the fixed schema. Columns are written name:letter.
type fixedTable struct {
	agency, name, source string
	key                  int // so many columns, from the first, are the primary key
	columns              string
	rows                 string // of VALUES; empty for TPC-H's, which are computed
	estimate             int64
}

var letters = map[string]catalog.Type{
	"i": {Kind: catalog.Int32}, "I": {Kind: catalog.Int64}, "t": {Kind: catalog.Text}, "d": catalog.DecimalOf(15, 2), "D": {Kind: catalog.Date},
	"e": catalog.DecimalOf(10, 2), "f": {Kind: catalog.Float64}, "b": {Kind: catalog.Bool},
}

const small = "a:i b:I c:t d:D e:e f:f g:b"

// fixedTables are the tables of TPC-H in the agency tpch, and four small ones in the
// agency s, of which t and u have the key a.
var fixedTables = []fixedTable{
	{"tpch", "region", Lite, 1, "r_regionkey:i r_name:t r_comment:t", "", 5},
	{"tpch", "nation", Lite, 1, "n_nationkey:i n_name:t n_regionkey:i n_comment:t", "", 25},
	{"tpch", "supplier", Lite, 1, "s_suppkey:I s_name:t s_address:t s_nationkey:i s_phone:t s_acctbal:d s_comment:t", "", 10_000},
	{"tpch", "part", Lite, 1, "p_partkey:I p_name:t p_mfgr:t p_brand:t p_type:t p_size:i p_container:t p_retailprice:d p_comment:t", "", 200_000},
	{"tpch", "partsupp", Lite, 2, "ps_partkey:I ps_suppkey:I ps_availqty:I ps_supplycost:d ps_comment:t", "", 800_000},
	{"tpch", "customer", PG, 1, "c_custkey:I c_name:t c_address:t c_nationkey:i c_phone:t c_acctbal:d c_mktsegment:t c_comment:t", "", 150_000},
	{"tpch", "orders", PG, 1, "o_orderkey:I o_custkey:I o_orderstatus:t o_totalprice:d o_orderdate:D o_orderpriority:t o_clerk:t o_shippriority:i o_comment:t", "", 1_500_000},
	{"tpch", "lineitem", PG, 0, "l_orderkey:I l_partkey:I l_suppkey:I l_linenumber:I l_quantity:d l_extendedprice:d l_discount:d l_tax:d l_returnflag:t l_linestatus:t l_shipdate:D l_commitdate:D l_receiptdate:D l_shipinstruct:t l_shipmode:t l_comment:t", "", 6_000_000},
	{"s", "t", PG, 1, small, `
		(1, 10, 'x', '2024-01-01', 1.00, 1.5, true), (2, 20, 'y', '2024-02-29', 2.50, -2.0, false),
		(3, NULL, NULL, NULL, NULL, NULL, NULL), (4, 10, 'x', '2024-01-01', 1.00, 1.5, true),
		(5, 30, '', '1999-12-31', -3.25, 0.0, NULL), (6, 20, 'Y', '2024-02-29', 2.50, 1e300, false)`, 1000},
	{"s", "u", PG, 1, small, `
		(1, 10, 'x', '2024-01-01', 1.00, 1.5, true), (2, NULL, 'z', NULL, 0.00, NULL, NULL),
		(4, 40, NULL, '2024-01-01', NULL, 2.5, false), (7, 10, 'y', '2024-02-29', 2.50, -2.0, true)`, 100_000},
	{"s", "v", PG, 0, small, `
		(1, 10, 'x', '2024-01-01', 1.00, 1.5, true), (1, 10, 'x', '2024-01-01', 1.00, 1.5, true),
		(NULL, 20, 'y', '2024-02-29', 2.50, NULL, NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		(3, 50, '字', '2000-01-01', 99999999.99, -0.5, false)`, -1},
	{"s", "w", Lite, 0, small, `
		(1, 10, 'x', '2024-01-01', 1.00, 1.5, true), (2, 10, 'y', NULL, 2.50, NULL, false),
		(2, 10, 'y', NULL, 2.50, NULL, false), (NULL, NULL, 'X', '2024-02-29', NULL, 3.0, NULL),
		(8, 80, '', '1970-01-01', 0.01, -1.0, true)`, 10},
}

func (f fixedTable) table() *catalog.Table {
	t := &catalog.Table{ID: catalog.TableID{Schema: "public", Name: f.name}, Rows: f.estimate}
	if f.source == Lite {
		t.ID.Schema = "main"
	}
	if f.agency == "s" {
		t.ID.Schema = "s"
	}
	for i, word := range strings.Fields(f.columns) {
		name, letter, _ := strings.Cut(word, ":")
		c := Column(name, letters[letter])
		if i < f.key {
			c.NotNull = true
			t.PrimaryKey = append(t.PrimaryKey, name)
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}

// published lists the fixed schema for policy.NewPublished.
func published() ([]policy.Published, []policy.Described) {
	var names []policy.Published
	sources := []policy.Described{{Source: PG}, {Source: Lite}}
	for _, f := range fixedTables {
		t := f.table()
		names = append(names, policy.Published{Agency: f.agency, Resource: f.name, Source: f.source, Table: t.ID})
		i := slices.IndexFunc(sources, func(d policy.Described) bool { return d.Source == f.source })
		sources[i].Tables = append(sources[i].Tables, t)
	}
	return names, sources
}

// Tables gives the tables of an agency of the fixed schema.
func Tables(agency string) []*catalog.Table {
	var out []*catalog.Table
	for _, f := range fixedTables {
		if f.agency == agency {
			out = append(out, f.table())
		}
	}
	return out
}

// DDL gives the statements that make and fill the fixed schema in a DuckDB, under
// the names that statements use here: a text runs there as it is bound here. The
// rows hold NULLs, and doubles where there is no key.
func DDL() []string {
	out := []string{"CREATE SCHEMA tpch", "CREATE SCHEMA s"}
	for _, f := range fixedTables {
		place := catalog.QuoteIdent(f.agency) + "." + catalog.QuoteIdent(f.name)
		var columns []string
		for _, c := range f.table().Columns {
			columns = append(columns, catalog.QuoteIdent(c.Name)+" "+c.Type.DuckDB())
		}
		if f.key > 0 {
			columns = append(columns, "PRIMARY KEY ("+strings.Join(f.table().PrimaryKey, ", ")+")")
		}
		out = append(out, "CREATE TABLE "+place+" ("+strings.Join(columns, ", ")+")")
		if f.rows != "" {
			out = append(out, "INSERT INTO "+place+" VALUES"+f.rows)
		} else {
			out = append(out, "INSERT INTO "+place+" SELECT "+f.computed()+" FROM range(60) AS r(n)")
		}
	}
	return out
}

// computed gives a row for each n: keys that meet the other tables', few values and
// a NULL here and there elsewhere.
func (f fixedTable) computed() string {
	var items []string
	for i, c := range f.table().Columns {
		item := ""
		switch {
		case i == 0 && f.key == 1:
			item = "n + 1"
		case i == 1 && f.key == 2: // 0 to 39 and 40 to 59 give the first column the same values
			item = "(n * 3 + n // 40) % 40 + 1"
		case strings.HasSuffix(c.Name, "key"):
			item = fmt.Sprintf("(n * %d) %% 40 + 1", 2*i+1)
		case c.Type.Kind == catalog.Text:
			item = fmt.Sprintf("CASE WHEN (n + %d) %% 7 = 0 THEN NULL ELSE chr(65 + CAST((n * %d) %% 3 AS INTEGER)) END", i, i+1)
		case c.Type.Kind == catalog.Date:
			item = fmt.Sprintf("DATE '1994-01-01' + CAST((n * 37 + %d) %% 900 AS INTEGER)", 11*i)
		default:
			item = fmt.Sprintf("CASE WHEN (n + %d) %% 11 = 0 THEN NULL ELSE (n * %d) %% 50 END", i, i+3)
		}
		items = append(items, "CAST("+item+" AS "+c.Type.DuckDB()+")")
	}
	return strings.Join(items, ", ")
}
