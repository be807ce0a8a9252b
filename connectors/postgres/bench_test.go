package postgres_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner/dialect"
)

// LIANJI_BENCH_POSTGRES may name a database that has the tables already.
const benchVariable = "LIANJI_BENCH_POSTGRES"

// benchTables are shaped like TPC-H's orders and lineitem.
const benchTables = `
CREATE TABLE orders AS SELECT i::bigint AS o_orderkey, i * 7919 % 150000 AS o_custkey,
	(array['O', 'F', 'P'])[1 + i % 3]::char(1) AS o_orderstatus, (i * 104729 % 50000000 / 100.0)::numeric(15,2) AS o_totalprice,
	date '1992-01-01' + (i % 2400)::integer AS o_orderdate,
	(array['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'])[1 + i % 5]::char(15) AS o_orderpriority,
	('Clerk#' || lpad((i % 1000)::text, 9, '0'))::char(15) AS o_clerk, 0 AS o_shippriority,
	substr('furiously special packages wake blithely after the ironic foxes ' || i || ' carefully final pinto beans',
		1 + (i % 20)::integer, 19 + (i % 58)::integer)::varchar(79) AS o_comment
	FROM generate_series(1, 1500000::bigint) i;
CREATE TABLE lineitem AS SELECT i / 4 AS l_orderkey, (1 + i % 50)::numeric(15,2) AS l_quantity,
	(i * 104729 % 10000000 / 100.0)::numeric(15,2) AS l_extendedprice, (i % 11 / 100.0)::numeric(15,2) AS l_discount,
	date '1992-01-01' + (i % 2500)::integer AS l_shipdate FROM generate_series(1, 6000000::bigint) i;
VACUUM ANALYZE`

// BenchmarkScan reads whole tables; the baseline is psql's COPY BINARY into wc.
func BenchmarkScan(b *testing.B) {
	dsn := os.Getenv(benchVariable)
	if dsn == "" {
		db := testpg.StartOwn(b, "shared_buffers=1GB", "max_wal_size=4GB").Database(b)
		for _, statement := range bytes.Split([]byte(benchTables), []byte(";\n")) {
			db.Exec(b, string(statement))
		}
		dsn = db.Reader
	}
	src, err := postgres.Open(b.Context(), connectors.Config{Name: "mz", DSN: dsn, Connections: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	tables, err := src.Describe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range tables {
		if t.ID.Name != "orders" && t.ID.Name != "lineitem" {
			continue
		}
		b.Run(t.ID.Name, func(b *testing.B) {
			for b.Loop() {
				benchScan(b, src, t)
			}
			b.ReportMetric(float64(t.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run(t.ID.Name+"/psql", func(b *testing.B) {
			for b.Loop() {
				psql(b, dsn, t)
			}
			b.ReportMetric(float64(t.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("point", func(b *testing.B) {
		for b.Loop() {
			benchScan(b, src, nil)
		}
	})
}

// benchScan reads a table, or one row of constants.
func benchScan(b *testing.B, src connectors.Source, t *catalog.Table) {
	conns, err := src.Acquire(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer conns[0].Release()
	f := connectors.Fragment{SQL: "SELECT 1::bigint AS n", Alloc: memory.NewGoAllocator(),
		Columns: []catalog.Column{{Name: "n", Type: catalog.Type{Kind: catalog.Int64}}}}
	want := int64(1)
	if t != nil {
		f.SQL, f.Values = dialect.For("postgres").Scan(t, t.Columns, nil)
		f.Columns, want = t.Columns, t.Rows
	}
	s, err := conns[0].Scan(b.Context(), f)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Release()
	rows := int64(0)
	for s.Next() {
		rows += s.RecordBatch().NumRows()
	}
	if s.Err() != nil || rows < want*99/100 {
		b.Fatalf("%d rows of %d: %v", rows, want, s.Err())
	}
}

func psql(b *testing.B, dsn string, t *catalog.Table) {
	u, err := url.Parse(dsn)
	if err != nil {
		b.Fatal(err)
	}
	password, _ := u.User.Password()
	cmd := exec.Command("sh", "-c", `psql -h "$1" -p "$2" -U "$3" -d "$4" -c "$5" | wc -c`, "sh",
		u.Hostname(), u.Port(), u.User.Username(), u.Path[1:], fmt.Sprintf("COPY %s TO STDOUT (FORMAT BINARY)", t.ID))
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	start := time.Now()
	if out, err := cmd.Output(); err != nil || len(bytes.TrimSpace(out)) < 8 {
		b.Skipf("psql is not here or failed after %s: %q, %v", time.Since(start), out, err)
	}
}
