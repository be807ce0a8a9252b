package e2e

import (
	"fmt"
	"testing"

	"github.com/lianji/lianji/planner"
)

// Customers in one source and 1.5 million orders in another, of the shape of TPC-H at
// scale factor 1: the orders of some customers, with their keys sent and without.
func BenchmarkKeys(b *testing.B) {
	const customers, orders = 150_000, 1_500_000
	text := "repeat('x', 40)"
	made := func(series string) []string {
		return []string{
			"CREATE TABLE customer (id BIGINT PRIMARY KEY, name TEXT, rank BIGINT)",
			fmt.Sprintf("INSERT INTO customer SELECT i, 'c' || i, i * 7919 %% %d FROM %s", customers, fmt.Sprintf(series, customers)),
			"CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT, name TEXT, price BIGINT, note TEXT)",
			fmt.Sprintf("INSERT INTO orders SELECT i, i * 31 %% %d, 'c' || (i * 31 %% %d), i * 17 %% 1000, %s FROM %s", customers, customers, text, fmt.Sprintf(series, orders)),
		}
	}
	l := newLab(b)
	pg := append(made("generate_series(0, %d - 1) AS g(i)"), "CREATE INDEX ON orders (customer)", "CREATE TABLE plain AS SELECT * FROM orders", "ANALYZE")
	l.open(b, pgSource, pg)
	l.open(b, duckSource, made("range(%d) AS g(i)"))
	text = "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
	lite := made("(WITH RECURSIVE g(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM g WHERE i + 1 < %d) SELECT i FROM g)")
	l.open(b, liteSource, append(lite, "CREATE INDEX by_customer ON orders (customer)", "ANALYZE"))
	for _, source := range []string{pgSource, duckSource, liteSource} {
		l.publish(source, source, "customer")
		l.publish(source, source, "orders")
	}
	l.publish(pgSource, pgSource, "plain")
	l.start(b)
	for _, c := range []struct{ from, to string }{{liteSource, "pgx.orders"}, {liteSource, "pgx.plain"}, {pgSource, "lite.orders"}, {pgSource, "quack.orders"}} {
		for _, keys := range []int{1, 10, 100, 1000, 10_000} {
			for _, key := range []string{"customer = c.id", "name = c.name"} {
				sql := fmt.Sprintf("SELECT sum(o.price), max(o.note) FROM %s.customer c JOIN %s o ON o.%s WHERE c.rank < %d", c.from, c.to, key, keys)
				for _, way := range []string{"keys", "all"} {
					p := l.planner.Eager(1_000_000)
					if way == "all" {
						p = p.Without(planner.KeysRule)
					}
					b.Run(fmt.Sprintf("%s/%.4s/%d/%s", c.to, key, keys, way), func(b *testing.B) {
						plan, err := l.planBy(b.Context(), p, sql)
						if err != nil {
							b.Fatal(err)
						}
						for b.Loop() {
							if _, err := l.run(b.Context(), plan); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
			}
		}
	}
}
