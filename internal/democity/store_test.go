package democity

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
)

// The store of the small city has something of everything that a catalogue can say.
func TestStore(t *testing.T) {
	dir, _ := smallDB(t)
	state := readStore(t, dir)

	levels := map[catalog.Level]int{}
	for _, a := range state.Agencies() {
		levels[a.Level]++
	}
	if levels[catalog.LevelCity] != 9 || levels[catalog.LevelDistrict] != 2 {
		t.Errorf("agencies %v", levels)
	}
	roles := map[catalog.Role]bool{}
	for _, p := range state.Principals() {
		if !p.Demo {
			t.Errorf("%s is not marked", p.Login)
		}
		for _, r := range p.Roles {
			roles[r] = true
		}
	}
	for _, r := range catalog.Roles() {
		if !roles[r] {
			t.Errorf("nobody is %s", r)
		}
	}
	classes := map[catalog.Class]int{}
	for _, r := range state.Resources() {
		classes[r.Class]++
	}
	if classes[catalog.Unrestricted] != 1 || classes[catalog.Withheld] != 1 || classes[catalog.Restricted] != len(tables)-2 {
		t.Errorf("classes %v", classes)
	}
	kinds := map[string]bool{}
	for _, g := range state.Grants() {
		kinds["to "+string(g.Grantee.Kind)] = true
		kinds["filter"] = kinds["filter"] || g.RowFilter != ""
		kinds["hours"] = kinds["hours"] || g.Hours != catalog.Hours{}
		kinds["expired"] = kinds["expired"] || g.Until.Before(time.Now())
		for _, m := range g.Modes {
			kinds[string(m)] = true
		}
		for _, i := range g.Items {
			kinds[string(i.Use)+" "+i.Mask] = true
			kinds["keys"] = kinds["keys"] || slices.Contains(i.Keys, catalog.AnyAgency)
		}
		if r, ok := state.Resource(g.Resource); !ok || r.Class == catalog.Withheld {
			t.Errorf("grant %s is on %+v", g.ID, r)
		}
	}
	for _, kind := range []string{"to agency", "to principal", "filter", "hours", "expired", "keys", "interface", "download", "online", "clear ", "token ", "masked name", "masked id_no", "masked phone", "masked address", "masked year"} {
		if !kinds[kind] {
			t.Errorf("no grant shows %q", kind)
		}
	}
}

// Everybody has one token, told once; the file of them is the owner's alone.
func TestTokens(t *testing.T) {
	dir := t.TempDir()
	made, err := prepare(context.Background(), dir, smallScale, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, TokensFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	state := readStore(t, dir)
	written := read(t, path)
	var lines strings.Builder
	for _, k := range made.Tokens {
		lines.WriteString(k.Login + " " + k.Text + "\n")
		if _, p, ok := state.Bearer(store.Hash(k.Text), time.Now()); !ok || p.Login != k.Login {
			t.Errorf("the token of %s is %v's", k.Login, p)
		}
	}
	if written != lines.String() || len(made.Tokens) != len(state.Principals()) {
		t.Errorf("%d tokens of %d principals, in the file:\n%s", len(made.Tokens), len(state.Principals()), written)
	}
	if first := made.Tokens[0].Login; first != "hp.zhao" || made.Tokens[len(made.Tokens)-1].Login != "sysadmin" {
		t.Errorf("in another order, from %s", first)
	}

	for range 2 {
		again, err := prepare(context.Background(), dir, smallScale, func(string) {})
		if err != nil || !again.Reused || again.Tokens != nil || read(t, path) != written {
			t.Errorf("a second run: %+v, %v", again, err)
		}
	}
	// Registers are made anew; who there is stays.
	if err := os.Remove(filepath.Join(dir, factsFile)); err != nil {
		t.Fatal(err)
	}
	again, err := prepare(context.Background(), dir, smallScale, func(string) {})
	if err != nil || again.Reused || again.Tokens != nil || read(t, path) != written || len(readStore(t, dir).Principals()) != len(made.Tokens) {
		t.Errorf("registers made anew: %+v, %v", again, err)
	}
	// Another folder has other tokens.
	other, err := prepare(context.Background(), t.TempDir(), smallScale, func(string) {})
	if err != nil || other.Tokens[0].Text == made.Tokens[0].Text {
		t.Errorf("the same token in two folders, %v", err)
	}
}

// The store of another version does not stay, nor what SQLite keeps beside it.
func TestStoreOfAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	if err := writeMarker(dir, marker{Kind: markerKind, Version: version - 1, Seed: seed, Persons: smallScale.persons, Complete: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{storeFile, storeFile + "-wal", TokensFile} {
		write(t, filepath.Join(dir, name), "old")
	}
	made, err := prepare(context.Background(), dir, smallScale, func(string) {})
	if err != nil || len(made.Tokens) == 0 {
		t.Fatalf("%+v, %v", made, err)
	}
	for _, name := range []string{storeFile + ".old", storeFile + ".old-wal"} {
		if read(t, filepath.Join(dir, name)) != "old" {
			t.Errorf("%s was not kept", name)
		}
	}
	if strings.Contains(read(t, filepath.Join(dir, TokensFile)), "old") || len(readStore(t, dir).Principals()) != len(made.Tokens) {
		t.Error("the old store is still there")
	}
}
