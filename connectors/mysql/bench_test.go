package mysql_test

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	gomysql "github.com/go-sql-driver/mysql"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/planner/dialect"
)

// benchTables are shaped like TPC-H's orders and lineitem.
const benchTables = `
CREATE TABLE orders (o_orderkey bigint NOT NULL PRIMARY KEY, o_custkey bigint NOT NULL, o_orderstatus char(1) NOT NULL, o_totalprice decimal(15,2) NOT NULL,
	o_orderdate date NOT NULL, o_orderpriority char(15) NOT NULL, o_clerk char(15) NOT NULL, o_shippriority int NOT NULL, o_comment varchar(79) NOT NULL);
INSERT INTO orders SELECT seq, seq * 7919 % 150000, ELT(1 + seq % 3, 'O', 'F', 'P'), seq * 104729 % 50000000 / 100.0, date '1992-01-01' + INTERVAL seq % 2400 DAY,
	ELT(1 + seq % 5, '1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'), CONCAT('Clerk#', LPAD(seq % 1000, 9, '0')), 0,
	SUBSTR(CONCAT('furiously special packages wake blithely after the ironic foxes ', seq, ' carefully final pinto beans'), 1 + seq % 20, 19 + seq % 58)
	FROM seq_1_to_1500000;
CREATE TABLE lineitem (l_orderkey bigint NOT NULL, l_quantity decimal(15,2) NOT NULL, l_extendedprice decimal(15,2) NOT NULL, l_discount decimal(15,2) NOT NULL, l_shipdate date NOT NULL);
INSERT INTO lineitem SELECT seq DIV 4, 1 + seq % 50, seq * 104729 % 10000000 / 100.0, seq % 11 / 100.0, date '1992-01-01' + INTERVAL seq % 2500 DAY FROM seq_1_to_6000000;
ANALYZE TABLE orders, lineitem`

// BenchmarkScan reads whole tables. Beside it stand the server's own client into wc,
// and the Go driver by rows, in the text and the binary protocol, with each value
// thrown away.
func BenchmarkScan(b *testing.B) {
	db := testmaria.StartOwn(b, "innodb-buffer-pool-size=1500M").Database(b)
	db.Exec(b, benchTables)
	src, err := mysql.Open(b.Context(), connectors.Config{Name: "sj", DSN: db.Reader, Connections: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	tables, err := src.Describe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range tables {
		sql, _ := dialect.For("mysql").Scan(t, t.Columns, nil)
		run := func(name string, fn func(b *testing.B)) {
			b.Run(t.ID.Name+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					fn(b)
				}
			})
		}
		run("", func(b *testing.B) { benchScan(b, src, t, sql) })
		run("/client", func(b *testing.B) { client(b, db, sql) })
		run("/driver-text", func(b *testing.B) { throughDriver(b, db, sql, false) })
		run("/driver-binary", func(b *testing.B) { throughDriver(b, db, sql, true) })
	}
	b.Run("point", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchScan(b, src, nil, "SELECT 1 AS n")
		}
	})
}

// benchScan reads a table, or one row of a constant.
func benchScan(b *testing.B, src connectors.Source, t *catalog.Table, sql string) {
	conns, err := src.Acquire(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer conns[0].Release()
	f := connectors.Fragment{SQL: sql, Alloc: memory.NewGoAllocator(), Columns: []catalog.Column{{Name: "n", Type: catalog.Type{Kind: catalog.Int64}}}}
	want := int64(1)
	if t != nil {
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
	if s.Err() != nil || rows < want*9/10 {
		b.Fatalf("%d rows of %d: %v", rows, want, s.Err())
	}
}

func throughDriver(b *testing.B, db *testmaria.Database, sql string, binary bool) {
	u, err := url.Parse(db.Reader)
	if err != nil {
		b.Fatal(err)
	}
	c := gomysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = "tcp", u.Host, db.ReaderName, db.ReaderPassword, db.Name
	connector, err := gomysql.NewConnector(c)
	if err != nil {
		b.Fatal(err)
	}
	conn, err := connector.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var rows driver.Rows
	if binary {
		st, err := conn.Prepare(sql)
		if err != nil {
			b.Fatal(err)
		}
		defer st.Close()
		rows, err = st.(driver.StmtQueryContext).QueryContext(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
	} else if rows, err = conn.(driver.QueryerContext).QueryContext(b.Context(), sql, nil); err != nil {
		b.Fatal(err)
	}
	values := make([]driver.Value, len(rows.Columns()))
	for err == nil {
		err = rows.Next(values)
	}
	if !errors.Is(err, io.EOF) || rows.Close() != nil {
		b.Fatal(err)
	}
}

func client(b *testing.B, db *testmaria.Database, sql string) {
	u, err := url.Parse(db.Reader)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `mariadb --no-defaults --quick --batch --protocol=tcp -h "$1" -P "$2" -u "$3" -e "$4" | wc -c`, "sh",
		u.Hostname(), u.Port(), db.ReaderName, sql)
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+db.ReaderPassword)
	if out, err := cmd.Output(); err != nil || len(bytes.TrimSpace(out)) < 8 {
		b.Skipf("the client is not here or failed: %q, %v", out, err)
	}
}
