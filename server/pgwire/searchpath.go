package pgwire

import (
	"slices"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy"
)

const (
	searchSetting = "search_path"
	anyUser       = `"$user", public`
	mostSearched  = 32 // schemas of a search path
)

// searchPath takes a list of schemas. As in PostgreSQL they need not be there.
func searchPath(v string) (string, bool) {
	names, ok := schemaNames(v)
	return v, ok && len(names) <= mostSearched && len(v) <= mostSetting
}

// schemaNames reads the schemas of a search path; false where it is no list of names.
func schemaNames(v string) (names []string, ok bool) {
	for rest := strings.TrimSpace(v); rest != ""; {
		var name string
		if quoted, is := strings.CutPrefix(rest, `"`); is {
			for {
				part, more, closed := strings.Cut(quoted, `"`)
				if name += part; !closed {
					return nil, false
				}
				if quoted = more; !strings.HasPrefix(quoted, `"`) {
					break
				}
				name, quoted = name+`"`, quoted[1:]
			}
			rest = strings.TrimSpace(quoted)
		} else {
			at := strings.IndexByte(rest, ',')
			if at < 0 {
				at = len(rest)
			}
			name, rest = strings.TrimSpace(rest[:at]), rest[at:]
		}
		names = append(names, name)
		if rest != "" && rest[0] != ',' {
			return nil, false
		}
		rest = strings.TrimSpace(strings.TrimPrefix(rest, ","))
	}
	return names, true
}

// searched gives the schemas in which names without one are looked for: those of the search
// path that hold resources of agencies.
func (s *settings) searched() []string {
	text := s.text(searchSetting)
	if text == anyUser {
		return nil
	}
	names, _ := schemaNames(text)
	return slices.DeleteFunc(names, func(name string) bool {
		switch strings.ToLower(name) {
		case "", "$user", "public", "pg_catalog", "pg_temp", "information_schema":
			return true
		}
		return false
	})
}

// there gives those of searched that hold something which the session may see; all, where
// none does: whoever asks sees that nothing is found there.
func (s *settings) there(in policy.Snapshot) []string {
	all := s.searched()
	if len(all) == 0 {
		return nil
	}
	var some []string
	for _, name := range all {
		for _, r := range policy.OrDenied(in).Resources() {
			if len(r.Path) == 2 && catalog.SameName(r.Path[0], name) {
				some = append(some, r.Path[0]) // as the catalogue spells it
				break
			}
		}
	}
	if len(some) == 0 {
		return all
	}
	return some
}

// onPath shows a snapshot to statements whose names may lack their schema: the first of the
// path that has such a resource is meant. What is not granted is in none of them.
type onPath struct {
	policy.Snapshot
	schemas []string
}

// searching gives a snapshot as a search path shows it.
func searching(schemas []string, in policy.Snapshot) policy.Snapshot {
	if len(schemas) == 0 {
		return in
	}
	return onPath{policy.OrDenied(in), schemas}
}

func (p onPath) Identity() string {
	quoted := make([]string, len(p.schemas))
	for i, s := range p.schemas {
		quoted[i] = catalog.QuoteIdent(s)
	}
	return p.Snapshot.Identity() + "\x00" + strings.Join(quoted, ",")
}

func (p onPath) Resolve(path []string) (*policy.Resource, bool) {
	if len(path) != 1 {
		return p.Snapshot.Resolve(path)
	}
	for _, schema := range p.schemas {
		named := []string{schema, path[0]}
		if r, ok := p.Snapshot.Resolve(named); ok {
			return r, true
		}
		if policy.Unavailable(p.Snapshot, named) != nil { // it is meant, and not another one further on
			return nil, false
		}
	}
	return nil, false
}

// Listed is for policy.Listed.
func (p onPath) Listed(path []string) (*policy.Resource, bool) {
	if len(path) > 1 {
		return policy.Listed(p.Snapshot, path)
	}
	for _, schema := range p.schemas {
		named := []string{schema, path[0]}
		if r, ok := policy.Listed(p.Snapshot, named); ok {
			return r, true
		}
		if policy.Unavailable(p.Snapshot, named) != nil {
			return nil, false
		}
	}
	return nil, false
}

// Unavailable is for policy.Unavailable.
func (p onPath) Unavailable(path []string) error {
	if len(path) > 1 {
		return policy.Unavailable(p.Snapshot, path)
	}
	for _, schema := range p.schemas {
		if err := policy.Unavailable(p.Snapshot, []string{schema, path[0]}); err != nil {
			return err
		}
	}
	return nil
}
