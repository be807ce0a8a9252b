package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// shape says what the entry of a kind of source consists of.
type shape struct {
	keys    []string
	schemes []string // of a DSN that is a URL; nil for kinds that have a path
	glob    bool     // the path may be a pattern
}

// shapes has every kind that the configuration language knows in this version. A
// build may be able to open fewer.
var shapes = map[string]shape{
	"postgres": {keys: []string{"kind", "dsn", "connections"}, schemes: []string{"postgres", "postgresql"}},
	"mysql":    {keys: []string{"kind", "dsn", "connections"}, schemes: []string{"mysql"}},
	"sqlite":   {keys: []string{"kind", "path", "connections"}},
	"duckdb":   {keys: []string{"kind", "path", "connections"}},
	"files":    {keys: []string{"kind", "path", "connections", "columns"}, glob: true},
}

const maxConnections = 1000

// addressOptions are those options of a DSN that say where the server is.
var addressOptions = []string{"host", "socket"}

// Identity tells two databases apart, and one that is read as somebody else or with other
// types: it is a digest of the kind, the address, the database and the account, or of the
// path and the types of its columns. No password and no other option has a part in it.
func (s Source) Identity() string {
	parts := []any{s.Kind, s.Path, s.Columns}
	if u, err := url.Parse(s.DSN.Reveal()); err == nil && !s.DSN.IsEmpty() {
		parts = append(parts, strings.ToLower(u.Host), u.Path, u.User.Username())
		for _, option := range addressOptions {
			parts = append(parts, u.Query().Get(option))
		}
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return "" // as of no database
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// spoken are other names of databases, with the kind that reads them.
var spoken = map[string]string{
	"mariadb": "mysql", "tidb": "mysql", "pg": "postgres", "postgresql": "postgres", "sqlite3": "sqlite",
	"csv": "files", "parquet": "files", "json": "files", "file": "files",
}

func (l *loader) readSources(v value) error {
	all, err := l.entries(v)
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := l.checkName(e, l.sourceNames()); err != nil {
			return err
		}
		s, err := l.source(e)
		if err != nil {
			return err
		}
		l.cfg.Sources = append(l.cfg.Sources, s)
	}
	return nil
}

func (l *loader) source(e entry) (Source, error) {
	s := Source{Name: e.key, Connections: DefaultConnections, Place: l.place(e.at)}
	parts, err := l.entries(e.value)
	if err != nil {
		return s, err
	}
	kind, err := l.kind(e, parts)
	if err != nil {
		return s, err
	}
	s.Kind = kind
	form := shapes[kind]
	err = l.section(e.value, form.keys, func(e entry) (err error) {
		switch e.key {
		case "dsn":
			s.DSN, err = l.urlDSN(e.value, s.Name, form.schemes)
		case "path":
			s.Path, err = l.path(e.value, form.glob)
		case "connections":
			s.Connections, err = l.count(e.value, 1, maxConnections)
		case "columns":
			s.Columns, err = l.columns(e.value)
		}
		return err
	})
	if err != nil {
		return s, err
	}
	for _, needed := range []string{"dsn", "path"} {
		if slices.Contains(form.keys, needed) && !slices.ContainsFunc(parts, func(p entry) bool { return p.key == needed }) {
			return s, l.fail(e.at, "config_missing_key", msg.Args{"Key": e.value.path + "." + needed})
		}
	}
	return s, nil
}

// kind finds the source's kind first: the other keys depend on it.
func (l *loader) kind(e entry, parts []entry) (string, error) {
	at := slices.IndexFunc(parts, func(p entry) bool { return p.key == "kind" })
	if at < 0 {
		err := l.fail(e.at, "config_missing_key", msg.Args{"Key": e.value.path + ".kind"})
		return "", l.misspelt(err, parts)
	}
	v := parts[at].value
	kind, err := l.text(v)
	if err != nil {
		return "", err
	}
	if _, ok := shapes[kind]; !ok || !slices.Contains(l.kinds, kind) {
		known := slices.DeleteFunc(slices.Clone(l.kinds), func(k string) bool { _, ok := shapes[k]; return !ok })
		slices.Sort(known)
		err := l.fail(v.node, "config_kind", msg.Args{"Key": v.path, "Kind": kind, "Known": strings.Join(known, ", ")})
		err.Nearest = nearest(kind, known)
		if as := spoken[strings.ToLower(kind)]; slices.Contains(known, as) {
			err.Nearest = []string{as}
		}
		return "", err
	}
	return kind, nil
}

// misspelt adds the key that was written where kind is missing and may have been
// meant by it.
func (l *loader) misspelt(err *errs.Error, parts []entry) *errs.Error {
	for _, p := range parts {
		if len(nearest(p.key, []string{"kind"})) > 0 {
			known := []string{"kind"}
			err := l.fail(p.at, "config_unknown_key", msg.Args{"Key": p.value.path, "Known": strings.Join(known, ", ")})
			err.Nearest = known
			return err
		}
	}
	return err
}

// columns reads table -> column -> type.
func (l *loader) columns(v value) (map[string]map[string]string, error) {
	tables, err := l.entries(v)
	if err != nil {
		return nil, err
	}
	out := make(map[string]map[string]string, len(tables))
	for _, t := range tables {
		columns, err := l.entries(t.value)
		if err != nil {
			return nil, err
		}
		types := make(map[string]string, len(columns))
		for _, c := range columns {
			if types[c.key], err = l.text(c.value); err != nil {
				return nil, err
			}
		}
		out[t.key] = types
	}
	return out, nil
}
