package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/lianji/lianji/internal/oracle"
)

const (
	scanOrders   = "SELECT * FROM %s.orders"
	scanLineitem = "SELECT l_orderkey, l_partkey, l_quantity, l_extendedprice, l_shipdate FROM %s.lineitem"
	groupBy      = "SELECT l_returnflag, l_linestatus, count(*) AS line_count, sum(l_quantity) AS quantity, sum(l_extendedprice) AS price FROM %s.lineitem GROUP BY l_returnflag, l_linestatus"
	topTen       = "SELECT l_orderkey, l_linenumber, l_extendedprice FROM %s.lineitem ORDER BY l_extendedprice DESC, l_orderkey, l_linenumber LIMIT 10"
	oneRow       = "SELECT * FROM %s.orders WHERE o_orderkey = $1"
	joined       = "SELECT c_name, o_orderkey, o_orderdate, o_totalprice FROM pg.customer JOIN my.orders ON o_custkey = c_custkey WHERE "
)

// works are the lines of the first table, with what each is to reach. A scan of
// PostgreSQL by ATTACH reads ranges of the table side by side; ours does not yet.
func works() []*work {
	list := oracle.Order{Total: true}
	line := func(name string, k kind, text, source string, order oracle.Order, needs bounds) *work {
		return &work{name: name, kind: k, sql: fmt.Sprintf(text, source), order: oracle.Statement{Order: order}, needs: needs}
	}
	var out []*work
	for _, s := range []struct{ id, name string }{{"pg", "PostgreSQL"}, {"my", "MariaDB"}} {
		scans, five := bounds{attach: 1}, bounds{}
		if s.id == "my" {
			scans, five = bounds{attach: 2}, bounds{attach: 2}
		}
		whole := bounds{attach: 2, source: 1.2}
		look := line(s.name+": one row by its key", point, oneRow, s.id, list, bounds{attach: 1, source: 5})
		look.keys = someKeys()
		out = append(out,
			line(s.name+": orders, all columns", scan, scanOrders, s.id, oracle.Order{}, scans),
			line(s.name+": lineitem, 5 columns", scan, scanLineitem, s.id, oracle.Order{}, five),
			line(s.name+": lineitem grouped by 2 columns", single, groupBy, s.id, oracle.Order{}, whole),
			line(s.name+": top 10 of lineitem", single, topTen, s.id, list, whole),
			look)
	}
	join := func(name, condition string) *work {
		return &work{name: name, kind: several, sql: joined + condition, needs: bounds{attach: 1}}
	}
	return append(out,
		join("customer (PostgreSQL) join orders (MariaDB), one customer by key", "c_custkey = 1234"),
		join("the same, one customer by name", "c_name = 'Customer#000001234'"))
}

// someKeys are keys of orders: in TPC-H the first 8 of each 32 numbers are used.
func someKeys() []int64 {
	var out []int64
	for i := range int64(50) {
		out = append(out, i*320*3%14_976+i%8)
	}
	return out[1:]
}

// splits says which tables PostgreSQL has; MariaDB has the others. The first leaves
// the large tables together, the second tears apart what is joined most.
var splits = []struct {
	name     string
	postgres []string
}{
	{"lineitem, orders and customer in PostgreSQL, the others in MariaDB", []string{"lineitem", "orders", "customer"}},
	{"lineitem, customer, part and region in PostgreSQL, the others in MariaDB", []string{"lineitem", "customer", "part", "region"}},
}

var inFrom = regexp.MustCompile(`(\bfrom|,|\bjoin)(\s+)(lineitem|orders|customer|partsupp|part|supplier|nation|region)\b`)

// tpch gives the 22 statements under a split.
func tpch(split int) ([]*work, error) {
	files, err := filepath.Glob("planner/testdata/tpch/q*.sql")
	if err != nil {
		return nil, err
	}
	if len(files) != 22 {
		return nil, fmt.Errorf("planner/testdata/tpch has %d statements: run this from the top folder", len(files))
	}
	slices.Sort(files)
	var out []*work
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sql := inFrom.ReplaceAllStringFunc(string(text), func(match string) string {
			m := inFrom.FindStringSubmatch(match)
			source := "my."
			if slices.Contains(splits[split].postgres, m[3]) {
				source = "pg."
			}
			return m[1] + m[2] + source + m[3]
		})
		out = append(out, &work{name: fmt.Sprintf("Q%d", i+1), kind: several, sql: sql, order: oracle.TPCHStatement(i+1, sql)})
	}
	return out, nil
}
