package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/postgres"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testcatalog"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/server"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// rowsVariable says how many rows the large table has; the figures of README.md are of
// 6,000,000.
const rowsVariable = "LIANJI_BENCH_ROWS"

// guarded is a gateway with a store over one PostgreSQL, asked in this process.
type guarded struct {
	app      *app.App
	token    string
	rows     int
	operator server.Session
	dsn      string            // of the PostgreSQL
	url      string            // of the HTTP door
	others   map[string]string // host and port of the other doors, by their schemes
}

// newGuarded makes a large table, which one agency shares with another in five ways, and
// nineteen small ones, so that whoever asks has twenty grants and more.
func newGuarded(b *testing.B) *guarded {
	b.Helper()
	g := &guarded{rows: 300_000}
	if text := os.Getenv(rowsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		g.rows = n
	}
	db := testpg.StartOwn(b, "max_connections=300").Database(b) // 64 clients of each way in
	conn, err := pgx.Connect(b.Context(), db.Admin)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	exec := func(sql string) {
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
	exec(fmt.Sprintf(`CREATE TABLE renkou AS SELECT i::bigint AS id, '姓名' || i AS xm, '2101021990' || lpad((i %% 100000000)::text, 8, '0') AS sfzh,
		'区' || (i %% 10) AS qx, (i %% 1000)::int AS n FROM generate_series(1, %d) r(i)`, g.rows))
	exec("ALTER TABLE renkou ADD PRIMARY KEY (id)")
	exec("CREATE INDEX ON renkou (qx)")
	resources := "resources:\n"
	grants := "grants:\n"
	share := func(name, table, items, granted, where string) {
		resources += fmt.Sprintf("  公安.%s: {class: restricted, source: ga, schema: public, table: %s, items: {%s}}\n", name, table, items)
		grants += fmt.Sprintf("  公安.%s:\n    - {agency: 民政, items: {%s}, purposes: [DB-HC], modes: [interface]%s}\n", name, granted, where)
	}
	const all, clear = "id: 编号, xm: 姓名, sfzh: 身份证号, qx: 区, n: 数", "id: clear, xm: clear, sfzh: clear, qx: clear, n: clear"
	share("人口", "renkou", all, clear, "")
	share("本区", "renkou", all, clear, ", where: qx = '区3'")
	exec("CREATE VIEW renkou2 AS SELECT * FROM renkou")
	exec("CREATE VIEW renkou3 AS SELECT * FROM renkou")
	share("掩码", "renkou2", all, "id: clear, xm: masked name, sfzh: masked id_no, qx: clear, n: clear", "")
	share("标记", "renkou3", all, "id: clear, sfzh: token id_no, n: clear", "")
	for i := range 19 {
		exec(fmt.Sprintf("CREATE TABLE t%d (a int)", i))
		share(fmt.Sprintf("t%d", i), fmt.Sprintf("t%d", i), "a: 数", "a: clear", "")
	}
	exec("ANALYZE")
	exec("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")

	dir := b.TempDir()
	file := filepath.Join(dir, "lianji.yaml")
	text := "listen: {http: \"127.0.0.1:0\", flight: \"127.0.0.1:0\", postgres: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\", second_factor: waived}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 4GiB}\nsources:\n  ga: {kind: postgres, dsn: \"" + db.Reader + "\"}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"postgres"}, os.LookupEnv)
	if err != nil {
		b.Fatal(err)
	}
	kept := testcatalog.New(b, cfg)
	kept.Apply(b, append(testcatalog.People(), testcatalog.Step{By: "bm", Text: resources}, testcatalog.Step{By: "ld", Text: grants})...)
	g.token = kept.Token(b, "wang", time.Hour)
	g.app, err = app.Open(b.Context(), cfg, app.Options{Openers: map[string]connectors.Opener{"postgres": postgres.Open}, NewEngine: func(o app.EngineOptions) (app.Engine, error) {
		return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, Tokens: o.Tokens, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone})
	}})
	if err != nil {
		b.Fatal(err)
	}
	door, err := g.app.ListenHTTP(b.Context(), "") // which follows the store
	if err != nil {
		b.Fatal(err)
	}
	g.dsn, g.url, g.others = db.Reader, door.URL(), map[string]string{}
	for _, one := range door.Others() {
		scheme, address, _ := strings.Cut(one, "://")
		g.others[scheme] = address
	}
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	b.Cleanup(func() {
		end()
		if err := errors.Join(<-ran, g.app.Close()); err != nil {
			b.Error(err)
		}
	})
	if g.operator, err = g.app.Direct(); err != nil {
		b.Fatal(err)
	}
	return g
}

// side is one way to ask: a session that is made for every statement, and a text.
type side struct {
	name    string
	session func() (server.Session, error)
	sql     string
	took    []time.Duration
	rows    int64
}

func (g *guarded) direct(sql string) *side {
	return &side{name: "direct", sql: sql, session: func() (server.Session, error) { return g.operator, nil }}
}

func (g *guarded) granted(sql string) *side {
	return &side{name: "granted", sql: sql, session: func() (server.Session, error) {
		return g.app.Session(context.Background(), server.Asker{Token: g.token, Purpose: "DB-HC", Mode: catalog.Interface})
	}}
}

// ask runs the statement once and reads its rows.
func (g *guarded) ask(b *testing.B, s *side, params []server.Param) {
	b.Helper()
	begun := time.Now()
	session, err := s.session()
	if err != nil {
		b.Fatal(err)
	}
	answer, err := g.app.Query(b.Context(), session, server.Request{SQL: s.sql, Params: params})
	if err != nil {
		b.Fatalf("%s: %v", s.sql, err)
	}
	s.rows = 0
	for answer.Stream.Next() {
		s.rows += answer.Stream.RecordBatch().NumRows()
	}
	err = answer.Stream.Err()
	answer.Stream.Release()
	if err != nil {
		b.Fatalf("%s: %v", s.sql, err)
	}
	s.took = append(s.took, time.Since(begun))
}

func (s *side) at(quantile float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s.took))
	return sorted[int(quantile*float64(len(sorted)-1))]
}

// BenchmarkPolicy compares statements of somebody with grants with the same statements
// of the operator, who needs none: both in one process, in turns, with the audit log on.
// What is printed is how much longer the first take.
func BenchmarkPolicy(b *testing.B) {
	g := newGuarded(b)
	compare := func(name string, with, without *side, wantRows int64, params func(i int) []server.Param) {
		b.Run(name, func(b *testing.B) {
			with.took, without.took = nil, nil
			for i := 0; b.Loop(); i++ {
				pair := []*side{with, without}
				if i%2 == 1 {
					slices.Reverse(pair)
				}
				for _, s := range pair {
					g.ask(b, s, params(i))
					if s.rows != wantRows {
						b.Fatalf("%s: %d rows, want %d", s.sql, s.rows, wantRows)
					}
				}
			}
			for _, q := range []struct {
				at   float64
				unit string
			}{{0.5, "p50"}, {0.99, "p99"}} {
				b.ReportMetric(100*(with.at(q.at).Seconds()/without.at(q.at).Seconds()-1), "%more/"+q.unit)
				b.ReportMetric(float64(with.at(q.at).Microseconds()), "us/"+q.unit)
			}
			b.ReportMetric(float64(with.rows)/with.at(0.5).Seconds(), "rows/s")
		})
	}
	none := func(int) []server.Param { return nil }
	const all, tenth = "SELECT * FROM ", "SELECT id, xm, sfzh, qx, n FROM "
	compare("point", g.granted(all+"公安.人口 WHERE id = $1"), g.direct(all+"ga.public.renkou WHERE id = $1"), 1, func(i int) []server.Param {
		return []server.Param{{Text: strconv.Itoa(i%g.rows + 1), Number: true}}
	})
	compare("scan", g.granted(all+"公安.人口"), g.direct(all+"ga.public.renkou"), int64(g.rows), none)
	compare("row filter", g.granted(tenth+"公安.本区"), g.direct(tenth+"ga.public.renkou WHERE qx = '区3'"), int64(g.rows/10), none)
	compare("masks", g.granted(all+"公安.掩码"), g.direct(all+"ga.public.renkou2"), int64(g.rows), none)
	compare("tokens", g.granted(all+"公安.标记"), g.direct("SELECT id, sfzh, n FROM ga.public.renkou3"), int64(g.rows), none)
}
