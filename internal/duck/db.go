package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// Options are the settings of an instance. The zero value opens an instance in
// memory that may spill nothing and read no file.
type Options struct {
	Path        string // a database file, opened read-only; empty means in memory
	Threads     int    // 0 means 1
	MemoryBytes int64  // 0 means 256 MiB
	TempDir     string // where it may spill, mode 0700, made when missing; empty means no spilling
	TempBytes   int64  // the most it may spill; 0 means nothing
	TimeZone    string // the session zone; empty means UTC
	// ReadPaths are files and folders that the instance may read although external
	// access is off. Only the files connector has some.
	ReadPaths []string
	// Scans registers the table function that reads Arrow streams, and TextFunction.
	Scans bool
	// Profile opens the connection of DB.Profiled.
	Profile bool
	// Prepare runs before the configuration is locked, e.g. to make views over
	// ReadPaths. It may be nil.
	Prepare func(ctx context.Context, c *Conn) error
}

// DB is an open, locked instance.
type DB struct {
	db       duckdb.Database
	tmp      string
	texts    *textFunctions // nil without Options.Scans
	profiled *Conn
	closed   sync.Once
}

// Profiled gives the one connection whose statements note what their operators do,
// or nil without Options.Profile. Close closes it too; it may be closed before.
func (d *DB) Profiled() *Conn { return d.profiled }

// DefaultMemoryBytes is the memory cap of an instance that names none.
const DefaultMemoryBytes = 256 << 20

// neverLoad is given at open, before anything else could look for an extension.
var neverLoad = [][2]string{
	{"autoinstall_known_extensions", "false"},
	{"autoload_known_extensions", "false"},
	{"allow_community_extensions", "false"},
	{"allow_unsigned_extensions", "false"},
	{"allow_persistent_secrets", "false"},
}

// offOptimizers are the ones that no instance may use. The first three may run one
// scan of the text twice, and a stream can be read once; the others give wrong answers
// in DuckDB 1.5.5. join_filter_pushdown moves a join's range of keys below ORDER BY ...
// LIMIT. top_n_window_elimination makes a grouping of row_number() OVER (ORDER BY x) <= 1,
// which gives a row of NULLs where there was none.
var offOptimizers = []string{"cte_inlining", "window_self_join", "late_materialization", "join_filter_pushdown", "top_n_window_elimination"}

// Open opens and locks an instance. Everything in Options is read back; a
// difference is an error, and nothing stays open then.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	var config duckdb.Config
	if duckdb.CreateConfig(&config) == duckdb.StateError {
		return nil, &Error{Kind: KindInternal, Message: "no configuration"}
	}
	defer duckdb.DestroyConfig(&config)
	at := neverLoad
	path := ":memory:"
	if o.Path != "" {
		path = o.Path
		at = append(slices.Clone(at), [2]string{"access_mode", "READ_ONLY"})
	}
	for _, s := range at {
		if duckdb.SetConfig(config, s[0], s[1]) == duckdb.StateError {
			return nil, &Error{Kind: KindInternal, Message: "setting " + s[0] + " refused"}
		}
	}
	d := &DB{}
	var message string
	if duckdb.OpenExt(path, &d.db, config, &message) == duckdb.StateError {
		return nil, parseError(message)
	}
	if err := d.lock(ctx, o); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (o Options) withDefaults() Options {
	if o.Threads <= 0 {
		o.Threads = 1
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = DefaultMemoryBytes
	}
	if o.TimeZone == "" {
		o.TimeZone = "UTC"
	}
	return o
}

// lock makes every setting in the order that DuckDB needs, then locks them.
func (d *DB) lock(ctx context.Context, o Options) error {
	c, err := d.Connect()
	if err != nil {
		return err
	}
	defer c.Close()
	home := ""
	if o.TempDir != "" && o.TempBytes > 0 {
		if err := os.MkdirAll(o.TempDir, 0o700); err != nil {
			return &Error{Kind: KindIO, Message: err.Error()}
		}
		if d.tmp, err = os.MkdirTemp(o.TempDir, "spill-"); err != nil {
			return &Error{Kind: KindIO, Message: err.Error()}
		}
		home = filepath.Join(d.tmp, "home")
		if err := os.Mkdir(home, 0o700); err != nil {
			return &Error{Kind: KindIO, Message: err.Error()}
		}
	}
	// An empty home and extension folder: a default instance loads what lies in the user's own.
	settings := []setting{
		{"threads", strconv.Itoa(o.Threads)},
		{"memory_limit", fmt.Sprintf("%dB", o.MemoryBytes)},
		{"temp_directory", d.tmp},
		{"max_temp_directory_size", fmt.Sprintf("%dB", o.TempBytes)},
		{"TimeZone", o.TimeZone},
		{"default_collation", ""},
		{"default_null_order", "NULLS_LAST"},
		{"default_order", "ASC"},
		{"integer_division", "false"},
		{"old_implicit_casting", "false"},
		{"ieee_floating_point_ops", "true"},
		{"scalar_subquery_error_on_multiple_rows", "true"},
		{"home_directory", home},
		{"extension_directory", home},
		{"secret_directory", home},
		{"enable_external_file_cache", "false"},
		{"disabled_optimizers", strings.Join(offOptimizers, ",")},
	}
	var all strings.Builder
	for _, s := range settings {
		all.WriteString("SET GLOBAL " + s.name + " = " + quote(s.value) + ";")
	}
	if err := c.Exec(ctx, all.String()); err != nil {
		return err
	}
	if len(o.ReadPaths) > 0 {
		if err := c.Exec(ctx, "SET allowed_paths = "+list(files(o.ReadPaths))); err != nil {
			return err
		}
		if err := c.Exec(ctx, "SET allowed_directories = "+list(folders(o.ReadPaths))); err != nil {
			return err
		}
	}
	if o.Scans {
		if err := errors.Join(c.registerScan(), d.registerText(c)); err != nil {
			return err
		}
	}
	if err := c.Exec(ctx, "SET enable_external_access = false"); err != nil {
		return err
	}
	if o.Prepare != nil {
		if err := o.Prepare(ctx, c); err != nil {
			return err
		}
	}
	if o.Profile {
		if d.profiled, err = d.Connect(); err != nil {
			return err
		}
		if err := d.profiled.profile(ctx); err != nil {
			return err
		}
	}
	if err := c.Exec(ctx, "SET lock_configuration = true"); err != nil {
		return err
	}
	fresh, err := d.Connect() // what later connections will see, not this one's session
	if err != nil {
		return err
	}
	defer fresh.Close()
	return fresh.verify(ctx, settings)
}

type setting struct{ name, value string }

// verify reads the settings back: what is not in force as asked is an error.
func (c *Conn) verify(ctx context.Context, settings []setting) error {
	settings = append(slices.Clone(settings), setting{"enable_external_access", "false"}, setting{"lock_configuration", "true"})
	for _, s := range neverLoad {
		settings = append(settings, setting{s[0], s[1]})
	}
	const between = "\x1f"
	exprs := make([]string, len(settings))
	for i, s := range settings {
		exprs[i] = "CAST(current_setting(" + quote(strings.ToLower(s.name)) + ") AS VARCHAR)"
	}
	text, err := c.QueryText(ctx, "SELECT concat_ws("+quote(between)+", "+strings.Join(exprs, ", ")+")")
	if err != nil {
		return err
	}
	read := strings.Split(text, between)
	if len(read) != len(settings) {
		return &Error{Kind: KindInternal, Message: "settings cannot be read back"}
	}
	for i, s := range settings {
		got := read[i]
		if sizes := s.name == "memory_limit" || s.name == "max_temp_directory_size"; sizes {
			continue // shown rounded; that it was accepted is all that can be read
		}
		if s.name == "disabled_optimizers" {
			want, have := strings.Split(s.value, ","), strings.Split(got, ",")
			slices.Sort(want)
			slices.Sort(have)
			s.value, got = strings.Join(want, ","), strings.Join(have, ",")
		}
		if !strings.EqualFold(got, s.value) {
			return &Error{Kind: KindInternal, Message: fmt.Sprintf("setting %s is %q, not %q", s.name, got, s.value)}
		}
	}
	return nil
}

func files(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), isDir)
}

func folders(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return !isDir(p) })
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes s as a string literal of DuckDB: no backslash escapes there.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Close closes the instance and removes its spill folder. Connections must be
// closed before. It may be repeated.
func (d *DB) Close() {
	d.closed.Do(func() {
		if d.profiled != nil {
			d.profiled.Close()
		}
		duckdb.Close(&d.db)
		d.forgetText()
		if d.tmp != "" {
			_ = os.RemoveAll(d.tmp) // a folder that stays is emptied at the next start
		}
	})
}
