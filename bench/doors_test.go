package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/lianji/lianji/bench/oneconn"
	"github.com/lianji/lianji/internal/safego"
)

// lookUp asks for one row by its key, on a connection of its own.
type lookUp func(ctx context.Context, key int64) error

// wayIn is how a look-up reaches the row: straight, or by a door.
type wayIn struct {
	name string
	open func(b *testing.B, g *guarded) lookUp
	took []time.Duration
	all  time.Duration // of a round, by the clock
	n    int
}

// errRows tells of an answer that is not one row.
var errRows = errors.New("not one row")

const byKey = "SELECT id, xm, sfzh, qx, n FROM %s WHERE id = $1"

func ways() []*wayIn {
	return []*wayIn{
		{name: "pgx", open: func(b *testing.B, g *guarded) lookUp { return pgxLookUp(b, g.dsn, nil, "renkou") }},
		{name: "bare", open: bareLookUp},
		{name: "postgres", open: func(b *testing.B, g *guarded) lookUp {
			return pgxLookUp(b, "postgres://wang~token@"+g.others["postgres"]+"/lianji?sslmode=disable", func(c *pgx.ConnConfig) {
				c.Password, c.RuntimeParams["purpose"] = g.token, "DB-HC"
			}, "公安.人口")
		}},
		{name: "http", open: httpLookUp},
		{name: "flight", open: flightLookUp},
		{name: "bare-flight", open: bareFlight},
	}
}

func pgxLookUp(b *testing.B, dsn string, set func(*pgx.ConnConfig), table string) lookUp {
	b.Helper()
	look, sql := pgxRow(b, dsn, set), fmt.Sprintf(byKey, table)
	return func(ctx context.Context, key int64) error {
		_, err := look(ctx, sql, key)
		return err
	}
}

// pgxRow gives the cells of the one row of a statement with a key.
func pgxRow(b *testing.B, dsn string, set func(*pgx.ConnConfig)) func(ctx context.Context, sql string, key int64) ([]any, error) {
	b.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		b.Fatal(err)
	}
	if set != nil {
		set(config)
	}
	conn, err := pgx.ConnectConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	return func(ctx context.Context, sql string, key int64) ([]any, error) {
		var id int64
		var xm, sfzh, qx string
		var n int32
		err := conn.QueryRow(ctx, sql, key).Scan(&id, &xm, &sfzh, &qx, &n)
		return []any{id, xm, sfzh, qx, n}, err
	}
}

func httpLookUp(b *testing.B, g *guarded) lookUp {
	b.Helper()
	return askHTTP(b, g.url+"/v1/query", g.token, fmt.Sprintf(byKey, "公安.人口"))
}

// bareLookUp asks a server that does nothing but ask by pgx: what no gateway behind HTTP can
// go below.
func bareLookUp(b *testing.B, g *guarded) lookUp {
	b.Helper()
	look := pgxRow(b, g.dsn, nil)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			SQL    string  `json:"sql"`
			Params []int64 `json:"params"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		row, err := look(r.Context(), asked.SQL, asked.Params[0])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"rows": [][]any{row}, "row_count": 1})
	}))
	b.Cleanup(s.Close)
	return askHTTP(b, s.URL, g.token, fmt.Sprintf(byKey, "renkou"))
}

// askHTTP posts a statement with its key.
func askHTTP(b *testing.B, url, token, sql string) lookUp {
	b.Helper()
	transport := &oneconn.Transport{}
	b.Cleanup(func() { _ = transport.Close() })
	client := &http.Client{Transport: transport}
	return func(ctx context.Context, key int64) error {
		body := fmt.Appendf(nil, `{"sql": %q, "params": [%d], "purpose": "DB-HC"}`, sql, key)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil {
			return err
		}
		if !bytes.Contains(text, []byte(`"row_count":1`)) {
			return fmt.Errorf("%w: %s", errRows, text)
		}
		return nil
	}
}

func flightLookUp(b *testing.B, g *guarded) lookUp {
	b.Helper()
	return askFlight(b, g.others["grpc"], g.token, fmt.Sprintf(byKey, "公安.人口"))
}

// askFlight runs a prepared statement with its key.
func askFlight(b *testing.B, address, token, sql string) lookUp {
	b.Helper()
	client, err := fsql.NewClient(address, nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	with := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token, "purpose", "DB-HC")
	}
	prepared, err := client.Prepare(with(b.Context()), sql)
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context, key int64) error {
		ctx = with(ctx)
		builder := array.NewRecordBuilder(memory.DefaultAllocator, prepared.ParameterSchema())
		defer builder.Release()
		builder.Field(0).(*array.Int64Builder).Append(key)
		batch := builder.NewRecordBatch()
		defer batch.Release()
		prepared.SetParameters(batch)
		info, err := prepared.Execute(ctx)
		if err != nil {
			return err
		}
		r, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
		if err != nil {
			return err
		}
		defer r.Release()
		rows := int64(0)
		for r.Next() {
			rows += r.RecordBatch().NumRows()
		}
		if r.Err() != nil || rows != 1 {
			return errors.Join(errRows, r.Err())
		}
		return nil
	}
}

// BenchmarkDoors looks rows up by key through each door, with a store and its audit log,
// straight by pgx, and behind bare servers of HTTP and Flight SQL, in turns: the times at the client, and how
// often a second. Of Flight SQL it is a prepared statement, three calls a row.
func BenchmarkDoors(b *testing.B) {
	g := newGuarded(b)
	b.Logf("fsync of 4 KiB: %s", fsync(b))
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			all := ways()
			look := make([][]lookUp, len(all))
			for i, w := range all {
				for range clients {
					look[i] = append(look[i], w.open(b, g))
				}
			}
			for b.Loop() {
				for i, w := range all {
					w.round(b, look[i], int64(g.rows))
				}
			}
			straight := all[0].median()
			for _, w := range all {
				b.ReportMetric(float64(w.median().Microseconds()), w.name+"-us")
				b.ReportMetric(float64(w.n)/w.all.Seconds(), w.name+"/s")
				b.Logf("%d clients, %s: %s, %.1f times pgx; %.0f a second", clients, w.name, w.median(), float64(w.median())/float64(straight), float64(w.n)/w.all.Seconds())
			}
		})
	}
}

// BenchmarkDoor is BenchmarkDoors of 64 clients with one way alone: no other's connections
// are there.
func BenchmarkDoor(b *testing.B) {
	for _, w := range ways() {
		b.Run(w.name, func(b *testing.B) {
			w.took, w.all, w.n = nil, 0, 0 // of a shorter run before
			g := newGuarded(b)
			var look []lookUp
			for range 64 {
				look = append(look, w.open(b, g))
			}
			for b.Loop() {
				w.round(b, look, int64(g.rows))
			}
			b.ReportMetric(float64(w.median().Microseconds()), "median-us")
			b.ReportMetric(float64(w.n)/w.all.Seconds(), "rows/s")
		})
	}
}

// asksARound is how many look-ups all clients make together in a round.
const asksARound = 640

func (w *wayIn) round(b *testing.B, look []lookUp, rows int64) {
	b.Helper()
	took := make([][]time.Duration, len(look))
	var g safego.Group
	begun := time.Now()
	for c, ask := range look {
		g.Go(func() error {
			for k := range asksARound / len(look) {
				at := time.Now()
				if err := ask(b.Context(), 1+int64(c*7919+k*104729)%rows); err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				took[c] = append(took[c], time.Since(at))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
	w.all += time.Since(begun)
	for _, t := range took {
		w.took, w.n = append(w.took, t...), w.n+len(t)
	}
}

func (w *wayIn) median() time.Duration {
	slices.Sort(w.took)
	return w.took[len(w.took)/2]
}

// fsync gives the median time in which a small file is on disk.
func fsync(b *testing.B) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var took []time.Duration
	for range 100 {
		begun := time.Now()
		_, err := f.Write(make([]byte, 4096))
		if err = errors.Join(err, f.Sync()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took[len(took)/2]
}
