package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lianji/lianji/planner"
)

// Customers in one source and 1.5 million orders in another, of the shape of TPC-H at
// scale factor 1: the orders of some customers, with their keys sent and without.
func BenchmarkKeys(b *testing.B) {
	const customers, orders = 150_000, 1_500_000
	text := "repeat('x', 40)"
	made := func(series, to string) []string {
		return []string{
			"CREATE TABLE customer (id BIGINT PRIMARY KEY, rank BIGINT)",
			fmt.Sprintf("INSERT INTO customer SELECT i, i * 7919 %% %d FROM %s", customers, fmt.Sprintf(series, customers)),
			"CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT, price BIGINT, note " + to + ")",
			fmt.Sprintf("INSERT INTO orders SELECT i, i * 31 %% %d, i * 17 %% 1000, %s FROM %s", customers, text, fmt.Sprintf(series, orders)),
		}
	}
	l := newLab(b)
	l.open(b, pgSource, append(made("generate_series(0, %d - 1) AS g(i)", "TEXT"), "CREATE INDEX ON orders (customer)", "CREATE TABLE plain AS SELECT * FROM orders", "ANALYZE"))
	l.open(b, duckSource, made("range(%d) AS g(i)", "TEXT"))
	maria := strings.Join(made("(SELECT seq AS i FROM seq_0_to_1499999 WHERE seq < %d) AS g", "VARCHAR(40)"), "; ")
	l.openMaria(b, strings.ReplaceAll(maria, "rank", "`rank`")+"; CREATE INDEX by_customer ON orders (customer)")
	text = "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
	l.open(b, liteSource, append(made("(WITH RECURSIVE g(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM g WHERE i + 1 < %d) SELECT i FROM g)", "TEXT"), "ANALYZE"))
	for _, source := range []string{pgSource, duckSource, liteSource} {
		l.publish(source, source, "customer")
		l.publish(source, source, "orders")
	}
	l.publish(pgSource, pgSource, "plain")
	l.publishMaria("orders")
	l.start(b)
	for _, c := range []struct{ from, to string }{
		{duckSource, "pgx.orders"}, {duckSource, "pgx.plain"}, {duckSource, mariaSource + ".orders"}, {pgSource, "quack.orders"}, {pgSource, "lite.orders"},
	} {
		for _, keys := range []int{1, 1000, 10_000} {
			sql := fmt.Sprintf("SELECT sum(o.price), max(o.note) FROM %s.customer c JOIN %s o ON o.customer = c.id WHERE c.rank < %d", c.from, c.to, keys)
			for _, way := range []string{"keys", "all"} {
				p := l.planner.Eager(10_000)
				if way == "all" {
					p = p.Without(planner.KeysRule)
				}
				b.Run(fmt.Sprintf("%s/%d/%s", c.to, keys, way), func(b *testing.B) {
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
