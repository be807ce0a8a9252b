package app

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/keptfile"
	"github.com/lianji/lianji/policy"
)

// keeping is what is known of the file in which descriptions outlast a run. It belongs to
// Open, and to retry after it.
type keeping struct {
	on     bool // not for an operator's own statement
	unread bool // at the start there was a file that could not be used
	// held is what the file had of the sources that were away, also as another database.
	held    map[string]keptfile.Source
	written bool  // what follows is in the file
	version int64 // of the store's state that was written for
	away    int   // how many sources were away then
	sum     [sha256.Size]byte
	failed  bool // the file cannot be written, and that was said
}

func (a *App) keptFile() string { return filepath.Join(a.cfg.Dir, keptfile.FileName) }

// recall gives each source that is away what an earlier run described it as, where it is
// still the same database. Of a file that cannot be used nothing is shown.
func (a *App) recall() {
	k := &a.keeping
	k.on, k.held = true, map[string]keptfile.Source{}
	sources, err := keptfile.Read(a.keptFile())
	if err != nil {
		stays := "until every source has been described"
		if k.unread, k.failed = true, errors.Is(err, keptfile.ErrKind); k.failed {
			stays = "until it is removed"
		}
		a.log.Warn("the file of described sources is not used: of sources that are away nothing is shown", "file", a.keptFile(), "error", err, "stays", stays)
		return
	}
	for _, s := range a.sources {
		at := slices.IndexFunc(sources, func(k keptfile.Source) bool { return k.Name == s.cfg.Name })
		if at < 0 || s.described.Err == nil {
			continue
		}
		k.held[s.cfg.Name] = sources[at]
		if sources[at].Identity != s.cfg.Identity() {
			a.log.Warn("source was described as another database: nothing of it is shown", "source", s.cfg.Name, "stays", "until the source has been described")
			continue
		}
		s.described.Kept = sources[at].Tables
		a.log.Info("source shown as it was described before", "source", s.cfg.Name, "tables", len(s.described.Kept))
	}
}

// mayBeMended tells whether a file lies there that could not be used at the start and may
// be at the next one, with descriptions that nobody else has.
func (a *App) mayBeMended(away int) bool {
	if !a.keeping.unread || away == 0 {
		return false
	}
	_, err := os.Lstat(a.keptFile())
	return !errors.Is(err, fs.ErrNotExist)
}

// keepDescribed writes for the next run what the sources are described as, where that may
// have changed: those of their tables that the catalogue or the configuration names.
func (a *App) keepDescribed() {
	k := &a.keeping
	if !k.on {
		return
	}
	var resources []*catalog.Resource
	version, away := int64(0), len(a.Unavailable())
	if a.mayBeMended(away) {
		return
	}
	if a.authority != nil {
		state, err := a.authority.State()
		if err != nil {
			return // what it names is not known now
		}
		resources, version = state.Resources(), state.Version
	}
	if k.written && k.version == version && k.away == away {
		return
	}
	text, err := keptfile.Encode(a.toKeep(a.state(), a.tablesNamed(resources)))
	sum := sha256.Sum256(text)
	if err == nil && !(k.written && k.sum == sum) {
		err = keptfile.Write(a.keptFile(), text)
	}
	if err != nil && !k.failed {
		a.log.Warn("descriptions of sources are not kept: the next run shows nothing of those that are away then", "file", a.keptFile(), "error", err)
	}
	k.written, k.version, k.away, k.sum, k.failed = err == nil, version, away, sum, err != nil
	k.unread = k.unread && err != nil
}

// tablesNamed gives the tables that resources of the catalogue or the configuration's name,
// by their sources.
func (a *App) tablesNamed(resources []*catalog.Resource) map[string][]catalog.TableID {
	tables := map[string][]catalog.TableID{}
	add := func(source string, id catalog.TableID) {
		source = catalog.Fold(source)
		tables[source] = append(tables[source], id)
	}
	for _, p := range a.cfg.Published {
		add(p.Source, catalog.TableID{Schema: p.Schema, Name: p.Table})
	}
	for _, r := range resources {
		add(r.Source, r.Table)
	}
	return tables
}

// toKeep gives what the file is to hold. Of a source that is away it goes on holding what
// it held, also when that was another database: its entry may be wrong in this run alone.
func (a *App) toKeep(described []policy.Described, wanted map[string][]catalog.TableID) []keptfile.Source {
	var out []keptfile.Source
	for i, s := range a.sources {
		k := keptfile.Source{Name: s.cfg.Name, Identity: s.cfg.Identity()}
		from := described[i].Tables
		if described[i].Err != nil {
			k.Identity, from = a.keeping.held[k.Name].Identity, a.keeping.held[k.Name].Tables
		} else {
			delete(a.keeping.held, k.Name)
		}
		named := map[*catalog.Table]bool{}
		for _, id := range wanted[catalog.Fold(k.Name)] {
			if t, missing := policy.FindTable(from, id); missing == policy.NotMissing {
				named[t] = true
			}
		}
		for _, t := range from {
			if named[t] {
				k.Tables = append(k.Tables, t)
			}
		}
		if len(k.Tables) > 0 {
			out = append(out, k)
		}
	}
	return out
}
