package e2e

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/policy"
)

const mariaSource = "sql"

// openMaria runs statements at a fresh database of MariaDB and opens it as a source.
func (l *lab) openMaria(t testing.TB, statements ...string) {
	t.Helper()
	l.openMariaWith(t, func(db *testmaria.Database) {
		for _, s := range statements {
			db.Exec(t, s)
		}
	})
}

// openMariaWith opens a fresh database of MariaDB that fill has filled.
func (l *lab) openMariaWith(t testing.TB, fill func(db *testmaria.Database)) {
	t.Helper()
	db := testmaria.Start(t).Named(t, mariaSource)
	fill(db)
	s, err := mysql.Open(t.Context(), connectors.Config{Name: mariaSource, Kind: "mysql", DSN: db.Reader, Connections: 4, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	l.sources[mariaSource] = s
}

func (l *lab) publishMaria(table string) {
	l.published = append(l.published, policy.Published{Agency: mariaSource, Resource: table, Source: mariaSource, Table: catalog.TableID{Schema: mariaSource, Name: table}})
}

// fillMaria makes a table at MariaDB whose texts have collations that fold case and
// ignore blanks at the end, in three character sets, and gives it to the reference.
func (l *lab) fillMaria(t *testing.T, seed uint64) oracle.Table {
	t.Helper()
	kind := func(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }
	table := oracle.Table{Path: []string{mariaSource, "wide"}, Columns: []catalog.Column{
		{Name: "id", Type: kind(catalog.Int64)}, {Name: "k", Type: kind(catalog.Int32)}, {Name: "n64", Type: kind(catalog.Int64)},
		{Name: "amount", Type: catalog.DecimalOf(12, 2)}, {Name: "code", Type: kind(catalog.Text)}, {Name: "姓名", Type: kind(catalog.Text)},
		{Name: "Order", Type: kind(catalog.Text)}, {Name: "day", Type: kind(catalog.Date)}, {Name: "at", Type: kind(catalog.Timestamp)},
	}}
	ddl := "CREATE TABLE wide (id bigint PRIMARY KEY, k int, n64 bigint, amount decimal(12,2), code varchar(50) COLLATE utf8mb4_general_ci, " +
		"`姓名` varchar(50) CHARACTER SET gbk, `Order` varchar(50) CHARACTER SET latin1 COLLATE latin1_german1_ci, day date, at datetime(6))"
	coin := rand.New(rand.NewPCG(seed, 5))
	texts := [][]string{{"", " ", "a", "A", "a ", "é", "ss", "ß", "张三", "张三 ", "🙂"}, {"a", "A", "a ", "张三", "张三 ", "市"}, {"a", "A", "é", "ß", "ss", ""}}
	var rows []string
	for n := range int64(200) {
		row := []any{n * 2}
		cells := []string{fmt.Sprint(n * 2)}
		for i, c := range table.Columns[1:] {
			if coin.IntN(6) == 0 {
				row, cells = append(row, nil), append(cells, "NULL")
				continue
			}
			var v any
			cell := ""
			switch c.Type.Kind {
			case catalog.Int32, catalog.Int64:
				v = []int64{-7, 0, 1, 7, 42, 300}[coin.IntN(6)]
				cell = fmt.Sprint(v)
			case catalog.Decimal:
				v = []string{"-12.50", "0.00", "0.01", "12.50", "99.99"}[coin.IntN(5)]
				cell = fmt.Sprint(v)
			case catalog.Text:
				list := texts[i-3]
				text := list[coin.IntN(len(list))]
				v, cell = text, "CONVERT(X'"+hex.EncodeToString([]byte(text))+"' USING utf8mb4)"
			case catalog.Date:
				v, cell = int64(19782), "'2024-02-29'"
			case catalog.Timestamp:
				v, cell = int64(19782)*86400_000_000, "'2024-02-29 00:00:00'"
			}
			row, cells = append(row, v), append(cells, cell)
		}
		table.Rows, rows = append(table.Rows, row), append(rows, "("+strings.Join(cells, ", ")+")")
	}
	l.openMaria(t, ddl, "INSERT INTO wide VALUES "+strings.Join(rows, ", "))
	l.publishMaria("wide")
	if err := l.reference.Load(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	return table
}

// Keys go from every source to every other one, of every type that both compare:
// with NULLs and duplicates among them, in texts that a source's collation would take
// for others, as many as are sent and more, for every kind of join.
func TestKeysBetweenSources(t *testing.T) {
	const seed = 11
	l, tables := newLab(t), map[string]oracle.Table{}
	sources := []string{pgSource, liteSource, duckSource, mariaSource}
	for i, flavour := range []oracle.Flavour{oracle.PostgreSQL, oracle.SQLite, oracle.DuckDB} {
		table := oracle.TestTables(seed, flavour, sources[i])[0]
		tables[sources[i]] = table
		l.fill(t, load{sources[i], []oracle.Table{table}})
	}
	tables[mariaSource] = l.fillMaria(t, seed)
	l.start(t)
	statements := []string{
		"SELECT a.id, b.id FROM %[1]s a JOIN %[2]s b ON a.%[3]s = b.%[4]s WHERE a.id < 40 AND a.id + b.id < 300",
		"SELECT a.id, b.id FROM %[1]s a LEFT JOIN %[2]s b ON a.%[3]s = b.%[4]s WHERE a.id < 20",
		"SELECT b.id FROM %[2]s b WHERE b.%[4]s IN (SELECT a.%[3]s FROM %[1]s a WHERE a.id < 60)",
		"SELECT a.id FROM %[1]s a WHERE a.id < 60 AND NOT EXISTS (SELECT 1 FROM %[2]s b WHERE a.%[3]s = b.%[4]s)",
		"SELECT a.id, n FROM %[1]s a JOIN (SELECT %[4]s AS key, count(*) AS n FROM %[2]s GROUP BY 1) b ON a.%[3]s = key WHERE a.id < 60",
	}
	n := 0
	sent, over, kinds := map[string]int{}, 0, map[string]bool{}
	for _, from := range sources {
		for _, to := range sources {
			if from == to {
				continue
			}
			a, b := tables[from], tables[to]
			for _, pair := range comparable(a, b) {
				for range 2 {
					n++
					sql := fmt.Sprintf(statements[n%len(statements)], a.SQLPath(), b.SQLPath(), catalog.QuoteIdent(pair[0].Name), catalog.QuoteIdent(pair[1].Name))
					want, err := l.reference.Query(t.Context(), sql)
					if err != nil {
						t.Fatalf("%s: %v", sql, err)
					}
					for _, rows := range []int{3, 1000} {
						plan, err := l.planBy(t.Context(), l.planner.Eager(rows), sql)
						if err != nil {
							t.Fatalf("%s: %v", sql, err)
						}
						got, err := l.run(t.Context(), plan)
						if err == nil {
							err = oracle.Compare(want, got, oracle.Order{})
						}
						if err != nil {
							t.Errorf("%s, %d rows: %v (%s)\n%s", sql, rows, err, errs.From(err).Detail, plan.Explain().Text())
							continue
						}
						m, err := l.engine.Analyze(t.Context(), plan)
						if err != nil {
							t.Fatal(err)
						}
						e := plan.Explain()
						for i, s := range m.Streams {
							switch {
							case s.Keys == nil:
							case s.Keys.Without != "":
								over++
							default:
								sent[e.Streams[i].Keys.Source+" to "+e.Streams[i].Source]++
								kinds[pair[1].Type.DuckDB()] = true
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%v; %d times too many; of %v", sent, over, kinds)
	if len(sent) != 12 || over < 50 {
		t.Errorf("keys were sent %v; %d times there were too many", sent, over)
	}
	for _, kind := range []string{"BIGINT", "INTEGER", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "UUID", "DECIMAL(12,2)"} {
		if !kinds[kind] {
			t.Errorf("no key of type %s was sent", kind)
		}
	}
}

// comparable lists the pairs of columns of one name, and those of whole numbers of two
// lengths.
func comparable(a, b oracle.Table) [][2]catalog.Column {
	var out [][2]catalog.Column
	for _, c := range a.Columns {
		for _, d := range b.Columns {
			whole := []catalog.Kind{catalog.Int16, catalog.Int32, catalog.Int64}
			if c.Name == d.Name && c.Name != "id" && (c.Type.Equal(d.Type) || slices.Contains(whole, c.Type.Kind) && slices.Contains(whole, d.Type.Kind)) {
				out = append(out, [2]catalog.Column{c, d})
			}
		}
	}
	return out
}
