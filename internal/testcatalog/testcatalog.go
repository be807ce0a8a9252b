// Package testcatalog fills a configuration's catalogue for tests, each part written by
// whom it belongs to.
package testcatalog

import (
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/policy/document"
)

// Step is a part of a catalogue as YAML, by the login of its author.
type Step struct{ By, Text string }

// People of 公安 who catalogue and grant, and of 民政 who ask, with one purpose and the
// source ga: what a test begins with that shares one database with one agency.
func People() []Step {
	return []Step{
		{"secadmin", "principals: {bureau: {agency: 大数据局, roles: [bureau]}}"},
		{"bureau", "agencies: {公安: {code: GA, level: city}, 民政: {code: MZ, level: city}}\npurposes: {DB-HC: {name: 低保核查, basis: 社会救助暂行办法}}"},
		{"secadmin", "principals:\n  bm: {agency: 公安, roles: [cataloguer]}\n  ld: {agency: 公安, roles: [leader]}\n  wang: {agency: 民政, roles: [analyst]}"},
		{"sysadmin", "sources: {ga: 公安}"},
	}
}

// Catalogue is a store that is open for a test.
type Catalogue struct{ *store.Store }

// New makes the store of a configuration. It is closed with the test.
func New(tb testing.TB, cfg *config.Config) *Catalogue {
	tb.Helper()
	s, err := store.Open(tb.Context(), cfg.Store.Reveal())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	s.TokenKeys(app.TokenKeys(cfg).Newest)
	if _, err := s.Init(tb.Context(), "DSJ", "大数据局", time.Hour); err != nil {
		tb.Fatal(err)
	}
	return &Catalogue{s}
}

// Apply applies parts in their order.
func (c *Catalogue) Apply(tb testing.TB, steps ...Step) {
	tb.Helper()
	for _, step := range steps {
		if err := c.Try(tb, step); err != nil {
			tb.Fatalf("%v\n%s", err, step.Text)
		}
	}
}

// Try applies one part. It may be called by a goroutine of the test's.
func (c *Catalogue) Try(tb testing.TB, step Step) error {
	doc, err := document.Parse("test", []byte(step.Text))
	if err != nil {
		return err
	}
	state, err := c.Load(tb.Context(), nil)
	if err != nil {
		return err
	}
	changes, err := document.Diff(state, doc)
	if err != nil {
		return err
	}
	by, _ := state.Login(step.By)
	if by == nil {
		by = &catalog.Principal{}
	}
	return c.Change(tb.Context(), by.ID, func(tx *store.Tx) error { return document.Apply(tx, changes) })
}

// Token makes a token of somebody's that holds for a while.
func (c *Catalogue) Token(tb testing.TB, login string, holds time.Duration) (token string) {
	tb.Helper()
	state, err := c.Load(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	by, there := state.Login("secadmin")
	of, ok := state.Login(login)
	if !there || !ok {
		tb.Fatalf("no %s", login)
	}
	k := &catalog.Token{Principal: of.ID, Expires: time.Now().Add(holds)}
	if err := c.Change(tb.Context(), by.ID, func(tx *store.Tx) (err error) { token, err = tx.Token(k); return err }); err != nil {
		tb.Fatal(err)
	}
	return token
}
