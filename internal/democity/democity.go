// Package democity makes a believable small city for people to try the gateway
// on: six agencies' registers in SQLite, DuckDB, Parquet and CSV files. All of
// it is invented, the same on every machine, and holds planted inconsistencies
// whose numbers facts.json states.
package democity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lianji/lianji/internal/config"
)

// version changes with whatever the generator writes.
const version = 3

const (
	configFile = "lianji.yaml"
	// markerFile says whose the folder is from the first step on, and that
	// the city is complete after the last one.
	markerFile = "democity.json"
	markerKind = "lianji demo city"
	// workPrefix starts the name of the folder in which a city is made.
	workPrefix = ".democity-"
)

// ErrForeign is returned when the folder holds files under the city's names
// that the generator has not written; nothing has been touched then.
var ErrForeign = errors.New("democity: the folder holds files that are not a sample city")

type marker struct {
	Kind     string `json:"kind"`
	Version  int    `json:"version"`
	Seed     uint64 `json:"seed"`
	Persons  int    `json:"persons"`
	Complete bool   `json:"complete"`
}

// Made says what Prepare did.
type Made struct {
	Reused bool    // a complete city of this version was there
	Tokens []Token // those that it made; nil when the store was there already
}

// Prepare makes the city under dir, or leaves it alone when a complete one of
// this version is there. It writes lianji.yaml, facts.json, democity.json, the
// folder data, and the catalogue's store with a token for each of its
// principals in tokens.txt and the key of its keyed tokens; relative paths in lianji.yaml start at dir. A
// configuration that somebody changed is kept as lianji.yaml.old when the city
// has to be made anew; a store of this version stays as it is, one of another
// becomes lianji.db.old. A run that was cut off leaves nothing that looks
// complete, and the next one clears it away.
//
// progress, which may be nil, is called with the name of each agency before
// its registers are written. Two runs at the same time must not share dir.
func Prepare(ctx context.Context, dir string, progress func(stage string)) (Made, error) {
	if progress == nil {
		progress = func(string) {}
	}
	return prepare(ctx, dir, fullScale, progress)
}

func prepare(ctx context.Context, dir string, size scale, progress func(string)) (Made, error) {
	want := marker{Kind: markerKind, Version: version, Seed: seed, Persons: size.persons, Complete: true}
	found, err := readMarker(dir)
	if err != nil {
		return Made{}, err
	}
	if found == want && allThere(dir) {
		return Made{Reused: true}, nil
	}
	if found.Kind == "" {
		if err := refuseForeign(dir); err != nil {
			return Made{}, err
		}
	}
	unfinished := want
	unfinished.Complete = false
	if err := writeMarker(dir, unfinished); err != nil {
		return Made{}, err
	}
	if err := clearWork(dir); err != nil {
		return Made{}, err
	}
	if found.Version != version {
		if err := setStoreAside(dir); err != nil {
			return Made{}, err
		}
	}
	work, err := os.MkdirTemp(dir, workPrefix)
	if err != nil {
		return Made{}, fmt.Errorf("democity: make a working folder: %w", err)
	}
	err = generate(ctx, work, size, progress)
	var made Made
	if err == nil && !hasStore(dir) {
		made.Tokens, err = makeStore(ctx, work, filepath.Join(dir, config.DefaultTokenKey))
	}
	if err == nil {
		err = moveIn(work, dir)
	}
	if e := os.RemoveAll(work); err == nil && e != nil {
		err = fmt.Errorf("democity: remove the working folder: %w", e)
	}
	if ctx.Err() != nil { // whatever the storage made of it
		err = fmt.Errorf("democity: cut off: %w", ctx.Err())
	}
	if err != nil {
		return Made{}, err
	}
	return made, writeMarker(dir, want)
}

// generate writes a whole city under work.
func generate(ctx context.Context, work string, size scale, progress func(string)) error {
	c, err := build(size)
	if err != nil {
		return err
	}
	folder := filepath.Join(work, dataFolder)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return fmt.Errorf("democity: %w", err)
	}
	rows := map[string]int{}
	for _, s := range sources {
		progress(s.agency())
		counts, err := c.write(ctx, s, folder)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if t.source == s.name {
				rows[t.agency+"."+t.resource] = counts[t.resource]
			}
		}
	}
	facts, err := encode(c.facts(rows))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, factsFile), facts, 0o644); err != nil {
		return fmt.Errorf("democity: %w", err)
	}
	if err := os.WriteFile(filepath.Join(work, configFile), []byte(configuration()), 0o644); err != nil {
		return fmt.Errorf("democity: %w", err)
	}
	return ctx.Err()
}

// moveIn puts a finished city in the place of whatever of an earlier one is
// left.
func moveIn(work, dir string) error {
	old, err := os.ReadFile(filepath.Join(dir, configFile))
	if err == nil && string(old) != configuration() {
		err = os.Rename(filepath.Join(dir, configFile), filepath.Join(dir, configFile+".old"))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("democity: keep the configuration: %w", err)
	}
	// The tokens first: without them a store is of no use.
	for _, name := range []string{dataFolder, factsFile, configFile, TokensFile, storeFile} {
		if _, err := os.Lstat(filepath.Join(work, name)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("democity: %w", err)
		}
		if err := os.Rename(filepath.Join(work, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("democity: %w", err)
		}
	}
	return nil
}

// allThere tells whether nobody has removed a file since the city was made.
func allThere(dir string) bool {
	names := []string{configFile, factsFile, storeFile}
	for _, s := range sources {
		for _, part := range sections[s.name] {
			names = append(names, filepath.Join(dataFolder, s.file(part)))
		}
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// refuseForeign fails when something stands where the city would be written,
// in a folder without a marker.
func refuseForeign(dir string) error {
	for _, name := range []string{dataFolder, factsFile, configFile, storeFile, TokensFile} {
		_, err := os.Lstat(filepath.Join(dir, name))
		if err == nil {
			return fmt.Errorf("%w: %s", ErrForeign, filepath.Join(dir, name))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("democity: %w", err)
		}
	}
	return nil
}

// clearWork removes the working folders of runs that were cut off.
func clearWork(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("democity: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), workPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("democity: %w", err)
			}
		}
	}
	return nil
}

// readMarker returns the zero marker where there is none, and ErrForeign for a
// file of the marker's name that is something else.
func readMarker(dir string) (marker, error) {
	var m marker
	path := filepath.Join(dir, markerFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("democity: %w", err)
	}
	if err := json.Unmarshal(data, &m); err != nil || m.Kind != markerKind {
		return marker{}, fmt.Errorf("%w: %s", ErrForeign, path)
	}
	return m, nil
}

// writeMarker replaces the marker in one step, after its content is on disk.
func writeMarker(dir string, m marker) error {
	data, err := encode(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("democity: %w", err)
	}
	file, err := os.CreateTemp(dir, markerFile+".*")
	if err != nil {
		return fmt.Errorf("democity: write the marker: %w", err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, markerFile))
	}
	if err != nil {
		return fmt.Errorf("democity: write the marker: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

func encode(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("democity: %w", err)
	}
	return []byte(b.String()), nil
}
