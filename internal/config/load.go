package config

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// loader reads one file.
type loader struct {
	reader
	kinds  []string
	getenv func(string) (string, bool)
	cfg    *Config
	roots  []string // folders, real paths, under which every path must lie
}

var sections = []string{"listen", "catalog", "engine", "roots", "sources", "publish", "policy", "direct", "audit", "limits", "issuers", "tracing"}

func (l *loader) load(data []byte) error {
	top, err := l.parse(data)
	if err != nil {
		return err
	}
	if top == nil {
		return errs.New(errs.ConfigInvalid, "config_empty", msg.Args{"File": l.file})
	}
	found := map[string]value{}
	err = l.section(value{node: top}, sections, func(e entry) error {
		found[e.key] = e.value
		return nil
	})
	if err != nil {
		return err
	}
	l.roots = []string{l.cfg.Dir}
	l.cfg.TokenKey = filepath.Join(l.cfg.Dir, DefaultTokenKey)
	l.cfg.Engine = Engine{
		MemoryBytes: DefaultMemoryBytes, MaxRunning: DefaultMaxRunning,
		MaxQueued: DefaultMaxQueued, QueueTimeout: DefaultQueueTimeout, ClientWait: DefaultClientWait,
	}
	// Roots come before what they allow, sources before what publishes their tables.
	for _, step := range []struct {
		key  string
		read func(value) error
	}{
		{"roots", l.readRoots}, {"listen", l.readListen}, {"catalog", l.readCatalog}, {"engine", l.readEngine},
		{"sources", l.readSources}, {"publish", l.readPublish}, {"policy", l.readPolicy}, {"direct", l.readDirect}, {"audit", l.readAudit}, {"issuers", l.readIssuers}, {"limits", l.readLimits}, {"tracing", l.readTracing},
	} {
		if v, ok := found[step.key]; ok {
			if err := step.read(v); err != nil {
				return err
			}
		}
	}
	if l.cfg.Engine.TimeZone == "" {
		zone, ok := machineZone(l.getenv)
		if !ok {
			return errs.New(errs.ConfigInvalid, "config_no_zone", msg.Args{"File": l.file})
		}
		l.cfg.Engine.TimeZone = zone
	}
	return nil
}

func (l *loader) readListen(v value) error {
	return l.section(v, []string{"http", "flight", "postgres", "admin", "tls", "hosts", "origins"}, func(e entry) error {
		switch e.key {
		case "tls":
			return l.readTLS(e.value)
		case "hosts":
			return l.readHosts(e.value)
		case "origins":
			return l.readOrigins(e.value)
		}
		address, err := l.address(e.value)
		if err != nil {
			return err
		}
		switch e.key {
		case "http":
			l.cfg.HTTP = address
		case "flight":
			l.cfg.Flight = address
		case "postgres":
			l.cfg.Postgres = address
		case "admin":
			l.cfg.Admin = address
		}
		return nil
	})
}

func (l *loader) readTLS(v value) error {
	t := &TLS{}
	err := l.section(v, []string{"cert", "key", "client_ca"}, func(e entry) error {
		text, err := l.rawText(e.value)
		if err != nil {
			return err
		}
		if _, err := l.allowed(e.value, text, false); err != nil {
			return err
		}
		*map[string]*string{"cert": &t.Cert, "key": &t.Key, "client_ca": &t.ClientCA}[e.key] = l.absolute(text)
		return nil
	})
	if err == nil && (t.Cert == "" || t.Key == "") {
		err = l.failValue(v, "config_tls_pair")
	}
	l.cfg.TLS = t
	return err
}

func (l *loader) readHosts(v value) error {
	items, err := l.list(v)
	if err != nil {
		return err
	}
	for _, item := range items {
		host, err := l.text(item)
		if err != nil {
			return err
		}
		if _, _, ok := SplitAddress(net.JoinHostPort(host, "1")); !ok || strings.Contains(host, ":") {
			return l.failValue(item, "config_hosts")
		}
		l.cfg.Hosts = append(l.cfg.Hosts, host)
	}
	return nil
}

// sqliteStore stands before the file of a store in SQLite.
const sqliteStore = "sqlite://"

func (l *loader) readCatalog(v value) error {
	return l.section(v, []string{"store", "second_factor"}, func(e entry) error {
		if e.key == "second_factor" {
			return l.readFactor(e.value)
		}
		text, err := l.rawText(e.value)
		if err != nil {
			return err
		}
		file, ok := strings.CutPrefix(text, sqliteStore)
		if !ok && !strings.HasPrefix(text, "postgres://") && !strings.HasPrefix(text, "postgresql://") {
			return l.failValue(e.value, "config_store")
		}
		if !ok {
			l.cfg.Store, err = l.urlDSN(e.value, "catalog", []string{"postgres", "postgresql"})
			return err
		}
		if file == "" || strings.ContainsAny(file, "?#") {
			return l.failValue(e.value, "config_store")
		}
		path, err := l.allowed(e.value, file, false)
		if err != nil {
			return err
		}
		l.cfg.Store = NewSecret("sqlite:" + path)
		return nil
	})
}

// readFactor reads whether second factors are asked for.
func (l *loader) readFactor(v value) error {
	text, err := l.text(v)
	switch {
	case err != nil:
		return err
	case text == "waived":
		l.cfg.FactorWaived = true
	case text != "demanded":
		return l.failValue(v, "config_second_factor")
	}
	return nil
}

func (l *loader) readPolicy(v value) error {
	return l.section(v, []string{"tokens"}, func(e entry) error {
		return l.section(e.value, []string{"key"}, func(e entry) error {
			text, err := l.rawText(e.value)
			if err != nil {
				return err
			}
			l.cfg.TokenKey, err = l.allowed(e.value, text, false)
			return err
		})
	})
}

func (l *loader) readDirect(v value) (err error) {
	l.cfg.Direct, err = l.onOff(v)
	return err
}

func (l *loader) readEngine(v value) error {
	known := []string{"memory", "temp", "temp_limit", "timezone", "max_running", "max_queued", "queue_timeout", "client_wait"}
	return l.section(v, known, func(e entry) (err error) {
		g := &l.cfg.Engine
		switch e.key {
		case "memory":
			g.MemoryBytes, err = l.size(e.value, minMemoryBytes)
		case "temp":
			g.Temp, err = l.path(e.value, false)
		case "temp_limit":
			g.TempBytes, err = l.size(e.value, minTempBytes)
		case "timezone":
			g.TimeZone, err = l.zone(e.value)
		case "max_running":
			g.MaxRunning, err = l.count(e.value, 1, 1000)
		case "max_queued":
			g.MaxQueued, err = l.count(e.value, 0, 100_000)
		case "queue_timeout":
			g.QueueTimeout, err = l.duration(e.value)
		case "client_wait":
			g.ClientWait, err = l.duration(e.value)
		}
		return err
	})
}

func (l *loader) zone(v value) (string, error) {
	s, err := l.text(v)
	if err != nil {
		return "", err
	}
	if !knownZone(s) {
		return "", l.fail(v.node, "config_zone", msg.Args{"Key": v.path, "Zone": s})
	}
	return s, nil
}

// checkName checks the name of a source or an agency against those before it.
func (l *loader) checkName(e entry, taken []string) error {
	switch {
	case !catalog.IsIdentifier(e.key):
		return l.fail(e.at, "config_name", msg.Args{"Name": e.key})
	case catalog.IsReserved(e.key):
		return l.fail(e.at, "config_name_reserved", msg.Args{"Name": e.key})
	case slices.ContainsFunc(taken, func(t string) bool { return sameName(t, e.key) }):
		return l.fail(e.at, "config_name_twice", msg.Args{"Name": e.key})
	}
	return nil
}

func (l *loader) readPublish(v value) error {
	agencies, err := l.entries(v)
	if err != nil {
		return err
	}
	var taken []string
	for _, a := range agencies {
		if err := l.checkName(a, taken); err != nil {
			return err
		}
		taken = append(taken, a.key)
		resources, err := l.entries(a.value)
		if err != nil {
			return err
		}
		for _, r := range resources {
			p, err := l.published(a.key, r)
			if err != nil {
				return err
			}
			l.cfg.Published = append(l.cfg.Published, p)
		}
	}
	return nil
}

func (l *loader) published(agency string, r entry) (Published, error) {
	if !catalog.IsPrintable(r.key) {
		return Published{}, l.fail(r.at, "config_resource_name", nil)
	}
	target, err := l.text(r.value)
	if err != nil {
		return Published{}, err
	}
	parts, ok := splitDotted(target)
	if !ok || len(parts) != 3 {
		return Published{}, l.failValue(r.value, "config_publish_target")
	}
	source, ok := l.cfg.Source(parts[0])
	if !ok {
		err := l.fail(r.value.node, "config_publish_source", msg.Args{"Key": r.value.path, "Source": parts[0]})
		err.Nearest = nearest(parts[0], l.sourceNames())
		return Published{}, err
	}
	return Published{
		Agency: agency, Resource: r.key,
		Source: source.Name, Schema: parts[1], Table: parts[2],
		Place: l.place(r.value.node),
	}, nil
}

func (l *loader) sourceNames() []string {
	names := make([]string, len(l.cfg.Sources))
	for i, s := range l.cfg.Sources {
		names[i] = s.Name
	}
	return names
}

// knownZone accepts names of the time zone database alone: "Local" and the empty
// name mean something to Go, but not to DuckDB.
func knownZone(name string) bool {
	if name == "" || strings.EqualFold(name, "local") {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
