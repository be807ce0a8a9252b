// Package config reads lianji.yaml. It is strict: whatever it does not know, or
// what this build cannot do, is an error that names the place in the file.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// Config is a configuration file that was read and checked. Nothing of it has
// been opened or connected yet.
type Config struct {
	File      string   // as it was given, for messages
	Dir       string   // the file's folder, absolute and without symbolic links
	HTTP      string   // listen.http, host:port
	Flight    string   // listen.flight; empty: this door stays shut
	Postgres  string   // listen.postgres; empty: this door stays shut
	Admin     string   // listen.admin, of metrics and profiles; empty: nobody gets them
	TLS       *TLS     // listen.tls; nil: the doors serve this machine alone
	Hosts     []string // listen.hosts: names that the HTTP door answers to
	Origins   []string // listen.origins: of web pages that may read the HTTP door's answers
	Issuers   []Issuer // in the file's order
	Tracing   *Tracing // nil: nothing is followed
	Engine    Engine
	Sources   []Source    // in the file's order
	Published []Published // in the file's order
	Direct    bool        // whether an operator may use direct mode
	TokenKey  string      // the file of the keys for tokens, absolute; it need not be there
	Store     Secret      // where the catalogue's store is, as catalog/store takes it; empty without one
	// FactorWaived says that nobody is asked for a second factor.
	FactorWaived bool
	Audit        Audit
	Limits       Limits
	secrets      []string
}

// TLS is what the doors show of the gateway: absolute paths of PEM files. They are not
// followed to where links lead, which is elsewhere after a renewal.
type TLS struct{ Cert, Key, ClientCA string }

// Engine is the section engine: with defaults filled in.
type Engine struct {
	MemoryBytes  int64
	Temp         string // absolute; empty means a new folder in the system's place for temporary files
	TempBytes    int64  // most bytes in Temp; 0 means the engine's own limit
	TimeZone     string // a name of the IANA time zone database
	MaxRunning   int    // statements that run at the same time
	MaxQueued    int    // statements that wait for their turn
	QueueTimeout time.Duration
	ClientWait   time.Duration // that a client may keep its statement waiting
}

// The defaults of Engine and of a source.
const (
	DefaultHTTP         = "127.0.0.1:8080"
	DefaultMemoryBytes  = 2 << 30
	DefaultMaxRunning   = 4
	DefaultMaxQueued    = 64
	DefaultQueueTimeout = 30 * time.Second
	DefaultClientWait   = 60 * time.Second
	DefaultConnections  = 16
	DefaultTokenKey     = "lianji-token.key" // beside the configuration
)

// Source is one entry of sources.
type Source struct {
	Name        string
	Kind        string
	DSN         Secret                       // network engines: variables are in it, percent-encoded
	Path        string                       // embedded engines: absolute, under an allowed root
	Connections int                          // at least 1
	Columns     map[string]map[string]string // files: table -> column -> DuckDB type
	Place       string                       // file:line:column, for messages
}

// Published is one line of publish: the name agency.resource for a table.
type Published struct {
	Agency, Resource      string
	Source, Schema, Table string
	Place                 string // file:line:column, for messages
}

// Secret is text that must not be shown. Reveal is the only way to read it.
type Secret struct{ text string }

const hidden = "‹hidden›"

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal gives the text, for the one who has to use it.
func (s Secret) Reveal() string { return s.text }

// IsEmpty reports whether there is no text.
func (s Secret) IsEmpty() bool { return s.text == "" }

// String hides the text.
func (Secret) String() string { return hidden }

// Format hides the text under every verb of fmt.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText hides the text from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the text from loggers.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Secrets lists every text that must not stand in a log, for a redacting handler.
func (c *Config) Secrets() []string { return c.secrets }

// Source finds a source by its name, ignoring case.
func (c *Config) Source(name string) (*Source, bool) {
	for i := range c.Sources {
		if sameName(c.Sources[i].Name, name) {
			return &c.Sources[i], true
		}
	}
	return nil, false
}

// maxFile is the largest configuration that is read.
const maxFile = 1 << 20

// Load reads and checks the file. Kinds are the kinds of sources that this build
// can open. Getenv finds variables, as os.LookupEnv does. The error is an
// *errs.Error with the code config_invalid; its text never holds a secret.
func Load(file string, kinds []string, getenv func(string) (string, bool)) (*Config, error) {
	abs, err := filepath.Abs(file)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, unreadable(file, err)
	}
	data, err := readLimited(abs, maxFile)
	if err != nil {
		return nil, unreadable(file, err)
	}
	l := &loader{
		reader: reader{file: file},
		kinds:  kinds,
		getenv: getenv,
		cfg:    &Config{File: file, Dir: filepath.Dir(abs), HTTP: DefaultHTTP, Direct: true},
	}
	if err := l.load(data); err != nil {
		return nil, err
	}
	return l.cfg, nil
}

func unreadable(file string, err error) *errs.Error {
	id := "config_unreadable"
	if errors.Is(err, fs.ErrNotExist) {
		id = "config_no_file"
	}
	return errs.Wrap(errs.ConfigInvalid, id, msg.Args{"File": file}, err)
}

// readLimited reads a file whole, but never more than limit bytes of it.
func readLimited(path string, limit int64) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}
