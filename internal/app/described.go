package app

import (
	"crypto/sha256"
	"path/filepath"
	"slices"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/keptfile"
	"github.com/lianji/lianji/policy"
)

// keeping is what is known of the file in which descriptions outlast a run. It belongs to
// Open, and to retry after it.
type keeping struct {
	on      bool  // not for an operator's own statement
	written bool  // what follows is in the file
	version int64 // of the store's state that was written for
	away    int   // how many sources were away then
	sum     [sha256.Size]byte
	failed  bool // the file could not be written, and that was said
}

func (a *App) keptFile() string { return filepath.Join(a.cfg.Dir, keptfile.FileName) }

// recall gives each source that is away what an earlier run described it as, where it is
// still the same database. A file that cannot be used is as good as none.
func (a *App) recall() {
	a.keeping.on = true
	sources, err := keptfile.Read(a.keptFile())
	if err != nil {
		a.log.Warn("the file of described sources is not used: of sources that are away nothing is shown", "file", a.keptFile(), "error", err)
		return
	}
	for _, s := range a.sources {
		at := slices.IndexFunc(sources, func(k keptfile.Source) bool { return k.Name == s.cfg.Name })
		if at < 0 || sources[at].Identity != s.cfg.Identity() {
			continue
		}
		if s.described.Err != nil {
			s.described.Kept = sources[at].Tables
			a.log.Info("source shown as it was described before", "source", s.cfg.Name, "tables", len(s.described.Kept))
		}
	}
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
	*k = keeping{on: true, written: err == nil, version: version, away: away, sum: sum, failed: err != nil}
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

// toKeep gives what the file is to hold. Of a source that is away it goes on holding what it held.
func (a *App) toKeep(described []policy.Described, wanted map[string][]catalog.TableID) []keptfile.Source {
	var out []keptfile.Source
	for i, s := range a.sources {
		k := keptfile.Source{Name: s.cfg.Name, Identity: s.cfg.Identity()}
		from := described[i].Tables
		if described[i].Err != nil {
			from = described[i].Kept
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
