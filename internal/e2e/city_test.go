package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/connectors/mysql"
	"github.com/lianji/lianji/connectors/postgres"
	sqliteconn "github.com/lianji/lianji/connectors/sqlite"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/gateway"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
)

// city is a gateway over three agencies' databases, asked over its HTTP door by those
// to whom grants open something: GA has a PostgreSQL, MZ a SQLite, SB a MariaDB.
type city struct {
	dir, url string
	app      *app.App
	store    *store.Store
	agencies map[string]string // IDs by code
	people   map[string]string // IDs by login
	tokens   map[string]string // by login
	grants   map[string][]string

	mu   sync.Mutex
	sent map[string][]string // statements with their values, by source
	log  bytes.Buffer
}

// newCity makes the databases and a catalogue without grants. People of two agencies
// may ask, for two purposes.
func newCity(t *testing.T, ga, mz, sb string) *city {
	t.Helper()
	c := &city{dir: t.TempDir(), agencies: map[string]string{}, people: map[string]string{}, tokens: map[string]string{}, grants: map[string][]string{}, sent: map[string][]string{}}
	pg := testpg.Start(t).Database(t)
	pg.Exec(t, ga)
	maria := testmaria.Start(t).Database(t)
	maria.Exec(t, sb)
	conn, err := sqlite.OpenConn(filepath.Join(c.dir, "mz.db"), sqlite.OpenCreate|sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sqlitex.ExecuteScript(conn, mz, nil), conn.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.dir, "lianji.yaml")
	text := fmt.Sprintf("listen: {http: \"127.0.0.1:0\"}\ncatalog: {store: \"sqlite://c.db\"}\nengine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 256MiB}\nsources:\n  ga: {kind: postgres, dsn: %q}\n  mz: {kind: sqlite, path: mz.db}\n  sb: {kind: mysql, dsn: %q}\n", pg.Admin, maria.Reader)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, []string{"postgres", "sqlite", "mysql"}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	c.keep(t, cfg, maria.Name)
	openers := map[string]connectors.Opener{}
	for kind, open := range map[string]connectors.Opener{"postgres": postgres.Open, "sqlite": sqliteconn.Open, "mysql": mysql.Open} {
		openers[kind] = func(ctx context.Context, of connectors.Config) (connectors.Source, error) {
			s, err := open(ctx, of)
			if err != nil {
				return nil, err
			}
			return &watchedSource{s, of.Name, c}, nil
		}
	}
	if c.app, err = app.Open(t.Context(), cfg, app.Options{
		Openers: openers, Logger: slog.New(slog.NewTextHandler(&c.log, nil)),
		NewEngine: func(o app.EngineOptions) (app.Engine, error) {
			return gateway.New(gateway.Options{Sources: o.Sources, Audit: o.Audit, Tokens: o.Tokens, MemoryBytes: o.MemoryBytes, TempDir: o.TempDir, TimeZone: o.TimeZone, Logger: slog.New(slog.NewTextHandler(&c.log, nil))})
		},
	}); err != nil {
		t.Fatal(err)
	}
	door, err := c.app.ListenHTTP(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	c.url = door.URL()
	ctx, end := context.WithCancel(context.Background())
	ran := safego.Run(func() error { return door.Run(ctx) })
	t.Cleanup(func() {
		end()
		if err := errors.Join(<-ran, c.app.Close(), c.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *city) keep(t *testing.T, cfg *config.Config, mariaSchema string) {
	t.Helper()
	var err error
	if c.store, err = store.Open(t.Context(), cfg.Store.Reveal()); err != nil {
		t.Fatal(err)
	}
	c.store.TokenKeys(app.TokenKeys(cfg).Newest)
	if _, err := c.store.Init(t.Context(), "DSJ", "大数据局", time.Hour); err != nil {
		t.Fatal(err)
	}
	state, err := c.store.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range state.Principals() {
		c.people[p.Login] = p.ID
	}
	principal := func(login, agency string, roles ...catalog.Role) {
		c.change(t, "secadmin", func(tx *store.Tx) error {
			p := &catalog.Principal{Login: login, Agency: agency, Roles: roles}
			err := tx.Principal(p)
			c.people[login] = p.ID
			return err
		})
	}
	principal("bureau", state.Agencies()[0].ID, catalog.Bureau)
	c.change(t, "bureau", func(tx *store.Tx) error {
		var all []error
		for code, name := range map[string]string{"GA": "公安", "MZ": "民政", "SB": "社保", "WJ": "卫健", "SW": "税务"} {
			a := &catalog.Agency{Code: code, Name: name, Level: catalog.LevelCity}
			all = append(all, tx.Agency(a))
			c.agencies[code] = a.ID
		}
		for _, code := range []string{"DB-HC", "JC"} {
			all = append(all, tx.Purpose(&catalog.Purpose{Code: code, Name: code, Basis: "办法"}))
		}
		return errors.Join(all...)
	})
	for _, s := range []struct{ source, code, schema, resource, table string }{
		{"ga", "GA", "public", "人口", "renkou"}, {"mz", "MZ", "main", "低保", "dibao"}, {"sb", "SB", mariaSchema, "参保", "canbao"},
	} {
		principal(s.source, c.agencies[s.code], catalog.Cataloguer, catalog.Leader)
		c.change(t, "sysadmin", func(tx *store.Tx) error {
			return tx.Source(&catalog.Source{Name: s.source, Agency: c.agencies[s.code]})
		})
		c.change(t, s.source, func(tx *store.Tx) error {
			return tx.Resource(&catalog.Resource{Agency: c.agencies[s.code], Name: s.resource, Class: catalog.Restricted, Source: s.source,
				Table: catalog.TableID{Schema: s.schema, Name: s.table}, Items: []catalog.Item{{Name: "sfzh"}, {Name: "xm"}, {Name: "je"}}})
		})
	}
	for login, code := range map[string]string{"wang": "WJ", "li": "SW"} {
		principal(login, c.agencies[code], catalog.Analyst)
		k := &catalog.Token{Principal: c.people[login], Expires: time.Now().Add(time.Hour)}
		c.change(t, "secadmin", func(tx *store.Tx) (err error) { c.tokens[login], err = tx.Token(k); return err })
	}
}

func (c *city) change(t *testing.T, by string, do func(*store.Tx) error) {
	t.Helper()
	if err := c.store.Change(t.Context(), c.people[by], do); err != nil {
		t.Fatal(err)
	}
}

// grant grants items of a source's resource to an agency, by their names.
func (c *city) grant(t *testing.T, source, to, purpose, filter string, items map[string]catalog.GrantedItem) {
	t.Helper()
	if err := c.tryGrant(t, source, to, purpose, filter, items); err != nil {
		t.Fatal(err)
	}
}

func (c *city) tryGrant(t *testing.T, source, to, purpose, filter string, items map[string]catalog.GrantedItem) error {
	t.Helper()
	state, err := c.store.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Resources() {
		if r.Source != source {
			continue
		}
		g := &catalog.Grant{Resource: r.ID, Grantee: catalog.Grantee{Kind: catalog.ToAgency, ID: c.agencies[to]}, Purposes: []string{purpose}, Modes: []catalog.Mode{catalog.Interface}, RowFilter: filter}
		for name, i := range items {
			of, _ := r.Item(name)
			i.No = of.No
			g.Items = append(g.Items, i)
		}
		err := c.store.Change(t.Context(), c.people[source], func(tx *store.Tx) error { return tx.Grant(g) })
		if err == nil {
			c.grants[source] = append(c.grants[source], g.ID)
		}
		return errors.Join(err, c.seen(t))
	}
	t.Fatalf("no resource of %s", source)
	return nil
}

// revoke takes back all grants of a source's resource.
func (c *city) revoke(t *testing.T, source string) {
	t.Helper()
	c.change(t, source, func(tx *store.Tx) error {
		for _, id := range c.grants[source] {
			if err := tx.Revoke(id); err != nil {
				return err
			}
		}
		c.grants[source] = nil
		return nil
	})
	if err := c.seen(t); err != nil {
		t.Fatal(err)
	}
}

// seen waits until the gateway has the store's state.
func (c *city) seen(t *testing.T) error {
	state, err := c.store.Load(t.Context(), nil)
	for err == nil {
		var now *catalog.State
		if now, err = c.app.Catalogue(); err == nil && now.Version >= state.Version {
			return nil
		}
		select {
		case <-t.Context().Done():
			return t.Context().Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return err
}

// ask asks over the door: the rows as text, or the error's code.
func (c *city) ask(t *testing.T, login, purpose, sql string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"sql": sql, "purpose": purpose})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/v1/query", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.tokens[login])
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Code  string  `json:"code"`
		Rows  [][]any `json:"rows"`
		Error *struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	switch {
	case answer.Error != nil:
		return answer.Error.Code
	case answer.Code != "":
		return answer.Code
	}
	return fmt.Sprint(answer.Rows)
}

// statements gives what a source was sent since it was last asked, and forgets it.
func (c *city) statements(source string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := strings.Join(c.sent[source], "\n")
	c.sent[source] = nil
	return out
}

// watchedSource notes the statements that a source is sent.
type watchedSource struct {
	connectors.Source
	name string
	city *city
}

func (s *watchedSource) Acquire(ctx context.Context, n int) ([]connectors.Conn, error) {
	conns, err := s.Source.Acquire(ctx, n)
	for i := range conns {
		conns[i] = &watchedConn{conns[i], s}
	}
	return conns, err
}

type watchedConn struct {
	connectors.Conn
	source *watchedSource
}

func (c *watchedConn) Scan(ctx context.Context, f connectors.Fragment) (connectors.Stream, error) {
	text := f.SQL
	for _, v := range f.Values {
		text += fmt.Sprintf(" [%v]", v.V)
	}
	c.source.city.mu.Lock()
	c.source.city.sent[c.source.name] = append(c.source.city.sent[c.source.name], text)
	c.source.city.mu.Unlock()
	return c.Conn.Scan(ctx, f)
}
