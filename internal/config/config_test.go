package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
)

var kinds = []string{"postgres", "mysql", "sqlite", "duckdb", "files"}

type env map[string]string

func (e env) get(name string) (string, bool) { v, ok := e[name]; return v, ok }

// load writes text as lianji.yaml into a new folder, beside the given files, and
// reads it. The machine of these tests lives in UTC.
func load(t *testing.T, text string, vars env, files ...string) (*config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		write(t, filepath.Join(dir, name), "x")
	}
	return loadIn(t, dir, text, vars)
}

func loadIn(t *testing.T, dir, text string, vars env) (*config.Config, error) {
	t.Helper()
	file := filepath.Join(dir, "lianji.yaml")
	write(t, file, text)
	t.Chdir(dir)
	all := env{"TZ": "UTC"}
	for k, v := range vars {
		all[k] = v
	}
	return config.Load("lianji.yaml", kinds, all.get)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWholeFile(t *testing.T) {
	cfg, err := load(t, `
listen: {http: localhost:9090}
engine:
  memory: 512MiB
  temp: ./tmp
  temp_limit: 3TiB
  timezone: Asia/Shanghai
  max_running: 2
  max_queued: 0
  queue_timeout: 1500ms
  client_wait: 2m
sources:
  mz: {kind: postgres, dsn: "postgres://reader:${MZ_PASSWORD}@127.0.0.1:5432/mz", connections: 3}
  户籍: {kind: sqlite, path: ./data/hj.db}
  sj: {kind: mysql, dsn: "mysql://reader:${MZ_PASSWORD}@127.0.0.1/sj"}
  bb:
    kind: files
    path: ./reports/*.csv
    columns: {t1: {年度: INTEGER}}
publish:
  公安:
    人口: 户籍.main.renkou
    "年报 2025": bb.main."a.b"
  民政: {低保: MZ.public.db}
direct: off
`, env{"MZ_PASSWORD": "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	dir := cfg.Dir
	if real, _ := filepath.EvalSymlinks(dir); real != dir || !filepath.IsAbs(dir) {
		t.Errorf("Dir %s is not a real absolute path", dir)
	}
	if d := cmp.Diff(config.Engine{
		MemoryBytes: 512 << 20, Temp: filepath.Join(dir, "tmp"), TempBytes: 3 << 40, TimeZone: "Asia/Shanghai",
		MaxRunning: 2, MaxQueued: 0, QueueTimeout: 1500 * time.Millisecond, ClientWait: 2 * time.Minute,
	}, cfg.Engine); d != "" {
		t.Error(d)
	}
	if cfg.HTTP != "localhost:9090" || cfg.Direct {
		t.Errorf("HTTP %q, Direct %v", cfg.HTTP, cfg.Direct)
	}
	want := []config.Source{
		{Name: "mz", Kind: "postgres", DSN: config.NewSecret("postgres://reader:s3cret@127.0.0.1:5432/mz"), Connections: 3, Place: "lianji.yaml:13:3"},
		{Name: "户籍", Kind: "sqlite", Path: filepath.Join(dir, "data/hj.db"), Connections: config.DefaultConnections, Place: "lianji.yaml:14:3"},
		{Name: "sj", Kind: "mysql", DSN: config.NewSecret("mysql://reader:s3cret@127.0.0.1/sj"), Connections: config.DefaultConnections, Place: "lianji.yaml:15:3"},
		{Name: "bb", Kind: "files", Path: filepath.Join(dir, "reports/*.csv"), Connections: config.DefaultConnections,
			Columns: map[string]map[string]string{"t1": {"年度": "INTEGER"}}, Place: "lianji.yaml:16:3"},
	}
	if d := cmp.Diff(want, cfg.Sources, cmp.Transformer("secret", config.Secret.Reveal)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]config.Published{
		{Agency: "公安", Resource: "人口", Source: "户籍", Schema: "main", Table: "renkou", Place: "lianji.yaml:22:9"},
		{Agency: "公安", Resource: "年报 2025", Source: "bb", Schema: "main", Table: "a.b", Place: "lianji.yaml:23:16"},
		{Agency: "民政", Resource: "低保", Source: "mz", Schema: "public", Table: "db", Place: "lianji.yaml:24:12"},
	}, cfg.Published); d != "" {
		t.Error(d)
	}
}

func TestDefaults(t *testing.T) {
	cfg, err := load(t, "sources: {a: {kind: sqlite, path: a.db}}\n", env{"TZ": ":Asia/Tokyo"})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Engine{MemoryBytes: 2 << 30, TimeZone: "Asia/Tokyo", MaxRunning: 4, MaxQueued: 64, QueueTimeout: 30 * time.Second, ClientWait: 60 * time.Second}
	if d := cmp.Diff(want, cfg.Engine); d != "" {
		t.Error(d)
	}
	if cfg.HTTP != "127.0.0.1:8080" || !cfg.Direct || len(cfg.Published) != 0 {
		t.Errorf("HTTP %q, Direct %v, Published %v", cfg.HTTP, cfg.Direct, cfg.Published)
	}
}

// Each wrong file: the message, where it points, and what must be in its text.
func TestErrors(t *testing.T) {
	const pg = "sources: {mz: {kind: postgres, dsn: %q}}"
	dsn := func(s string) string { return fmt.Sprintf(pg, s) }
	for name, c := range map[string]struct {
		text    string
		id      string
		place   string // line:column
		in      string // part of the English text
		nearest string
	}{
		"empty":                 {"", "config_empty", "", "lianji.yaml is empty", ""},
		"not a mapping":         {"- a\n", "config_not_map", "1:1", "lianji.yaml must be a mapping", ""},
		"broken YAML":           {"a: [1\n", "config_syntax", "1:4", "not found", ""},
		"tab":                   {"sources:\n\ta: 1\n", "config_syntax", "2:1", "", ""},
		"two documents":         {"direct: on\n---\ndirect: off\n", "config_two_documents", "3:7", "", ""},
		"key twice":             {"direct: on\ndirect: off\n", "config_syntax", "2:1", "already defined", ""},
		"unknown key":           {"direct: on\nlisen: {http: 127.0.0.1:1}\n", "config_unknown_key", "2:1", "unknown key lisen. Known here: listen, catalog", "listen"},
		"unknown key within":    {"engine: {memroy: 2GiB}\n", "config_unknown_key", "1:10", "engine.memroy", "memory"},
		"unknown, nothing near": {"colour: red\n", "config_unknown_key", "1:1", "colour", ""},
		"key of another kind":   {"sources:\n  a: {kind: sqlite, path: a.db, dsn: x}\n", "config_unknown_key", "2:33", "sources.a.dsn", ""},
		"anchor":                {"listen: &x {http: 127.0.0.1:1}\n", "config_yaml_feature", "1:9", "", ""},
		"alias":                 {"engine: {temp: &x ./t}\n", "config_yaml_feature", "1:16", "", ""},
		"tag":                   {"engine: {memory: !!str 2GiB}\n", "config_yaml_feature", "1:18", "", ""},
		"merge":                 {"engine: {<<: {memory: 2GiB}}\n", "config_key", "1:10", "", ""},
		"number as key":         {"sources: {1: {kind: sqlite}}\n", "config_key", "1:11", "", ""},
		"nothing after a key":   {"sources:\n", "config_no_value", "1:1", "sources has no value", ""},
		"text for a section":    {"engine: fast\n", "config_not_map", "1:9", "engine must be a mapping", ""},
		"number for a text":     {"engine: {timezone: 8}\n", "config_not_text", "1:20", "", ""},
		"empty text":            {"engine: {temp: \"\"}\n", "config_not_text", "1:16", "", ""},
		"two lines":             {"engine: {temp: \"a\\nb\"}\n", "config_not_text", "1:16", "", ""},
		"size without unit":     {"engine: {memory: 2147483648}\n", "config_not_size", "1:18", "512MiB", ""},
		"size in GB":            {"engine: {memory: 2GB}\n", "config_not_size", "1:18", "", ""},
		"size with a fraction":  {"engine: {memory: 1.5GiB}\n", "config_not_size", "1:18", "", ""},
		"size too small":        {"engine: {memory: 63MiB}\n", "config_size_range", "1:18", "at least 64MiB", ""},
		"size overflow":         {"engine: {memory: 99999999TiB}\n", "config_size_range", "1:18", "", ""},
		"duration without unit": {"engine: {queue_timeout: 30}\n", "config_not_duration", "1:25", "", ""},
		"duration two units":    {"engine: {queue_timeout: 1m30s}\n", "config_not_duration", "1:25", "", ""},
		"duration negative":     {"engine: {queue_timeout: -1s}\n", "config_not_duration", "1:25", "", ""},
		"count as text":         {"engine: {max_running: \"4\"}\n", "config_not_whole", "1:23", "", ""},
		"count zero":            {"engine: {max_running: 0}\n", "config_count_range", "1:23", "from 1 to 1000", ""},
		"count hex":             {"engine: {max_running: 0x4}\n", "config_count_range", "1:23", "", ""},
		"switch":                {"direct: maybe\n", "config_not_switch", "1:9", "", ""},
		"zone":                  {"engine: {timezone: Asia/Shangai}\n", "config_zone", "1:20", "Asia/Shangai", ""},
		"zone Local":            {"engine: {timezone: Local}\n", "config_zone", "1:20", "", ""},
		"address without host":  {"listen: {http: \":8080\"}\n", "config_not_address", "1:16", "", ""},
		"TLS without a key":     {"listen: {tls: {cert: c.pem}}\n", "config_tls_pair", "1:15", "", ""},
		"TLS from elsewhere":    {"listen: {tls: {cert: /etc/c.pem, key: k.pem}}\n", "config_path_outside", "1:22", "", ""},
		"a host with its port":  {"listen: {hosts: [\"a:1\"]}\n", "config_hosts", "1:18", "", ""},
		"every origin":          {"listen: {origins: [\"*\"]}\n", "config_origins", "1:20", "", ""},
		"origin with a path":    {"listen: {origins: [\"https://a.example/\"]}\n", "config_origins", "1:20", "", ""},
		"origin in capitals":    {"listen: {origins: [\"https://A.example\"]}\n", "config_origins", "1:20", "", ""},
		"origin without scheme": {"listen: {origins: [a.example]}\n", "config_origins", "1:20", "", ""},
		"issuer without aud":    {"issuers: [{issuer: \"https://a\", algorithms: [RS256]}]\n", "config_missing_key", "1:11", "", ""},
		"issuer in plain":       {"issuers: [{issuer: \"http://a.example\"}]\n", "config_https", "1:20", "", ""},
		"issuer with a secret":  {"issuers: [{issuer: \"https://u:p@a\"}]\n", "config_https", "1:20", "", ""},
		"shared secrets":        {"issuers: [{issuer: \"https://a\", audience: b, algorithms: [HS256]}]\n", "config_algorithm", "1:59", "", ""},
		"address without port":  {"listen: {http: 127.0.0.1}\n", "config_not_address", "1:16", "", ""},
		"address, port too big": {"listen: {http: 127.0.0.1:70000}\n", "config_not_address", "1:16", "", ""},
		"token key outside":     {"policy: {tokens: {key: ../k}}\n", "config_path_outside", "1:24", "policy.tokens.key", ""},
		"token key unknown":     {"policy: {tokens: {file: k}}\n", "config_unknown_key", "1:19", "policy.tokens.file", ""},
		"store without a file":  {"catalog: {store: \"sqlite://\"}\n", "config_store", "1:18", "catalog.store", ""},
		"store with options":    {"catalog: {store: \"sqlite://x.db?mode=ro\"}\n", "config_store", "1:18", "catalog.store", ""},
		"store outside":         {"catalog: {store: \"sqlite://../x.db\"}\n", "config_path_outside", "1:18", "catalog.store", ""},
		"store elsewhere":       {"catalog: {store: \"mysql://h/d\"}\n", "config_store", "1:18", "catalog.store", ""},
		"store's variable":      {"catalog: {store: \"postgres://u:${NONE}@h/d\"}\n", "config_variable_missing", "1:18", "NONE", ""},
		"second factor":         {"catalog: {second_factor: no}\n", "config_second_factor", "1:26", "catalog.second_factor", ""},
		"second factor, a list": {"catalog: {second_factor: [waived]}\n", "config_not_text", "1:26", "catalog.second_factor", ""},
		"roots not a list":      {"roots: /data\n", "config_not_list", "1:8", "", ""},
		"root not there":        {"roots: [./nowhere]\n", "config_root", "1:9", "./nowhere", ""},
		"source name dotted":    {"sources: {a.b: {kind: sqlite, path: a.db}}\n", "config_name", "1:11", "a.b", ""},
		"source name path":      {"sources: {\"../a\": {kind: sqlite, path: a.db}}\n", "config_name", "1:11", "", ""},
		"source name digit":     {"sources: {9a: {kind: sqlite, path: a.db}}\n", "config_name", "1:11", "", ""},
		"source reserved":       {"sources: {MAIN: {kind: sqlite, path: a.db}}\n", "config_name_reserved", "1:11", "MAIN", ""},
		"source reserved 2":     {"sources: {pg_catalog: {kind: sqlite, path: a.db}}\n", "config_name_reserved", "1:11", "", ""},
		"source twice":          {"sources:\n  mz: {kind: sqlite, path: a.db}\n  MZ: {kind: sqlite, path: b.db}\n", "config_name_twice", "3:3", "MZ", ""},
		"agency reserved":       {"publish: {temp: {}}\n", "config_name_reserved", "1:11", "temp", ""},
		"agency twice":          {"publish: {Ga: {}, ga: {}}\n", "config_name_twice", "1:19", "ga", ""},
		"no kind":               {"sources: {a: {path: a.db}}\n", "config_missing_key", "1:11", "sources.a.kind", ""},
		"kind misspelt":         {"sources: {a: {knd: sqlite, path: a.db}}\n", "config_unknown_key", "1:15", "sources.a.knd", "kind"},
		"unknown kind":          {"sources: {a: {kind: postgers, dsn: x}}\n", "config_kind", "1:21", "It has: duckdb, files, mysql, postgres, sqlite", "postgres"},
		"kind of later":         {"sources: {a: {kind: oracle, dsn: x}}\n", "config_kind", "1:21", "no kind of source oracle", ""},
		"no path":               {"sources: {a: {kind: sqlite}}\n", "config_missing_key", "1:11", "sources.a.path", ""},
		"no dsn":                {"sources: {a: {kind: postgres}}\n", "config_missing_key", "1:11", "sources.a.dsn", ""},
		"connections 0":         {"sources: {a: {kind: sqlite, path: a.db, connections: 0}}\n", "config_count_range", "1:54", "", ""},
		"publish two parts":     {"sources: {a: {kind: sqlite, path: a.db}}\npublish: {x: {y: a.t}}\n", "config_publish_target", "2:18", "publish.x.y", ""},
		"publish quote open":    {"sources: {a: {kind: sqlite, path: a.db}}\npublish: {x: {y: 'a.main.\"t'}}\n", "config_publish_target", "2:18", "", ""},
		"publish empty part":    {"sources: {a: {kind: sqlite, path: a.db}}\npublish: {x: {y: a..t}}\n", "config_publish_target", "2:18", "", ""},
		"publish no source":     {"sources: {huji: {kind: sqlite, path: a.db}}\npublish: {x: {y: huij.main.t}}\n", "config_publish_source", "2:18", "no source huij", "huji"},
		"resource name blank":   {"sources: {a: {kind: sqlite, path: a.db}}\npublish: {x: {\" y\": a.main.t}}\n", "config_resource_name", "2:15", "", ""},
		"dsn not a URL":         {dsn("host=127.0.0.1 password=hunter2"), "config_dsn", "1:37", "postgres://user:password@host:port/database", ""},
		"dsn other scheme":      {dsn("mysql://u:hunter2@h/d"), "config_dsn", "1:37", "", ""},
		"dsn opaque":            {dsn("postgres:hunter2"), "config_dsn", "1:37", "", ""},
		"dsn with #":            {dsn("postgres://u:hunter2#x@h/d"), "config_dsn", "1:37", "%23", ""},
		"dsn bad escape":        {dsn("postgres://u:hunter2%zz@h/d"), "config_dsn", "1:37", "", ""},
		"dsn bad options":       {dsn("postgres://u:p@h/d?a=%zz"), "config_dsn", "1:37", "", ""},
		"variable missing":      {dsn("postgres://u:${NOPE}@h/d"), "config_variable_missing", "1:37", "source mz: the variable NOPE is not set", ""},
		"variable empty":        {dsn("postgres://u:${EMPTY}@h/d"), "config_variable_missing", "1:37", "EMPTY", ""},
		"variable with NUL":     {dsn("postgres://u:${NUL}@h/d"), "config_variable_text", "1:37", "NUL", ""},
		"variable as host":      {dsn("postgres://u:p@${EVIL}/d"), "config_variable_host", "1:37", "", ""},
		"variable as port":      {dsn("postgres://u:p@h:${PORT}/d"), "config_dsn", "1:37", "", ""},
		"variable as option":    {dsn("postgres://u:p@h/d?${OPT}=1"), "config_variable_place", "1:37", "", ""},
		"dsn of another kind":   {"sources: {sj: {kind: mysql, dsn: \"postgres://u:hunter2@h/d\"}}", "config_dsn", "1:34", "", ""},
		"variable as scheme":    {dsn("${OPT}://u:p@h/d"), "config_dsn", "1:37", "", ""},
		"variable open":         {dsn("postgres://u:${PW@h/d"), "config_variable_open", "1:37", "", ""},
		"variable name":         {dsn("postgres://u:${P W}@h/d"), "config_variable_name", "1:37", "", ""},
		"variable default":      {dsn("postgres://u:${PW:-x}@h/d"), "config_variable_name", "1:37", "", ""},
		"variable in a path":    {"sources: {a: {kind: sqlite, path: \"${HOME}/a.db\"}}\n", "config_variable_here", "1:35", "sources.a.path", ""},
		"secret file missing":   {dsn("postgres://u:${file:nope}@h/d"), "config_secret_file", "1:37", "nope", ""},
		"secret file outside":   {dsn("postgres://u:${file:/etc/hostname}@h/d"), "config_path_outside", "1:37", "/etc/hostname", ""},
		"path outside":          {"sources: {a: {kind: sqlite, path: ../a.db}}\n", "config_path_outside", "1:35", "sources.a.path: ../a.db", ""},
		"path absolute outside": {"sources: {a: {kind: sqlite, path: /etc/passwd}}\n", "config_path_outside", "1:35", "", ""},
		"path out and in":       {"sources: {a: {kind: files, path: \"*/../../x\"}}\n", "config_path_outside", "1:34", "", ""},
		"temp outside":          {"engine: {temp: /var/tmp}\n", "config_path_outside", "1:16", "engine.temp", ""},
	} {
		t.Run(name, func(t *testing.T) {
			vars := env{"EMPTY": "", "NUL": "a\x00b", "EVIL": "h:1/x@y", "PORT": "5432", "OPT": "postgres", "PW": "hunter2", "HOME": "/home/x"}
			_, err := load(t, c.text, vars)
			var e *errs.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an error %s", err, c.id)
			}
			if e.Code != errs.ConfigInvalid || e.ID != c.id {
				t.Fatalf("got %s %s (%s), want config_invalid %s", e.Code, e.ID, e, c.id)
			}
			if c.place != "" && e.Args["Place"] != "lianji.yaml:"+c.place {
				t.Errorf("place %v, want lianji.yaml:%s", e.Args["Place"], c.place)
			}
			if !strings.Contains(e.Error(), c.in) {
				t.Errorf("text %q, want %q in it", e, c.in)
			}
			if got := strings.Join(e.Nearest, ","); got != c.nearest {
				t.Errorf("nearest %q, want %q", got, c.nearest)
			}
			for _, text := range []string{e.Error(), e.Text("zh-CN"), e.Detail} {
				if strings.Contains(text, "hunter2") || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
					t.Errorf("text %q", text)
				}
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "x.yaml"), kinds, env{}.get)
	if e := errs.From(err); e.ID != "config_no_file" || e.Code != errs.ConfigInvalid {
		t.Errorf("got %s %s", e.Code, e.ID)
	}
	_, err = config.Load(t.TempDir(), kinds, env{}.get)
	if e := errs.From(err); e.ID != "config_unreadable" || e.Code != errs.ConfigInvalid {
		t.Errorf("a folder: got %s %s", e.Code, e.ID)
	}
}

// A value that goes into a DSN stays in the part that it was meant for.
func TestVariablesStayInTheirPart(t *testing.T) {
	for _, c := range []struct{ dsn, value, want string }{
		{"postgres://u:${V}@h:5432/d", "p@evil:1/x?host=evil#", "postgres://u:p%40evil%3A1%2Fx%3Fhost=evil%23@h:5432/d"},
		{"postgres://u:${V}@h/d?sslmode=require", "a%20b&sslmode=disable", "postgres://u:a%2520b&sslmode=disable@h/d?sslmode=require"},
		{"postgres://u:a${V}b@h/d", "${V}", "postgres://u:a$%7BV%7Db@h/d"},
		{"postgres://${V}:p@h/d", "u:x@evil", "postgres://u%3Ax%40evil:p@h/d"},
		{"postgres://u:p@${V}:5433/d", "db.example.org", "postgres://u:p@db.example.org:5433/d"},
		{"postgres://Reader:${V}@DB.Example.org/Main?search_path=A", "Pw", "postgres://Reader:Pw@DB.Example.org/Main?search_path=A"},
		{"postgres://u:p@h/${V}", "d?host=evil", "postgres://u:p@h/d%3Fhost=evil"},
		{"postgres://u:p@h/d?application_name=${V}", "x&host=evil", "postgres://u:p@h/d?application_name=x%26host%3Devil"},
		{"postgres://u:lianjivariable0x0z${V}@h/d", "v", "postgres://u:lianjivariable0x0zv@h/d"},
		{"postgres://u:${V}@h/d", "lianjivariable0x0z", "postgres://u:lianjivariable0x0z@h/d"},
	} {
		cfg, err := load(t, fmt.Sprintf("sources: {mz: {kind: postgres, dsn: %q}}", c.dsn), env{"V": c.value})
		if err != nil {
			t.Errorf("%s with %q: %v", c.dsn, c.value, err)
			continue
		}
		if got := cfg.Sources[0].DSN.Reveal(); got != c.want {
			t.Errorf("%s with %q:\n got %s\nwant %s", c.dsn, c.value, got, c.want)
		}
	}
}

// The form that MySQL's drivers know is read as the URL that means the same.
func TestDriverForm(t *testing.T) {
	for _, c := range []struct{ dsn, value, want string }{
		{"reader:${V}@tcp(127.0.0.1:3306)/sj", "p@evil:1/x?tls=false#", "mysql://reader:p%40evil%3A1%2Fx%3Ftls=false%23@127.0.0.1:3306/sj"},
		{"reader:${V}@tcp(h)/sj", ")@tcp(evil)/x", "mysql://reader:%29%40tcp%28evil%29%2Fx@h/sj"},
		{"reader:a@tcp(b)/c@tcp(h)/sj?tls=true", "v", "mysql://reader:a%40tcp%28b%29%2Fc@h/sj?tls=true"},
		{"reader:50%#@tcp(h:1)/${V}", "d?tls=false", "mysql://reader:50%25%23@h:1/d%3Ftls=false"},
		{"${V}@tcp(h:1)/", "u:x", "mysql://u%3Ax@h:1/"},
		{"r:@tcp([::1]:3306)/%E4%BA%BA", "v", "mysql://r:@[::1]:3306/%E4%BA%BA"},
		{"r:p@tcp(${V}:3306)/d", "db.example.org", "mysql://r:p@db.example.org:3306/d"},
		{"r:p@unix(/run/my sql.sock)/d?timeout=${V}", "3s", "mysql://r:p@/d?socket=%2Frun%2Fmy+sql.sock&timeout=3s"},
		{"mysql://r:${V}@h/d", "p@tcp(x)/", "mysql://r:p%40tcp%28x%29%2F@h/d"},
	} {
		cfg, err := load(t, fmt.Sprintf("sources: {sj: {kind: mysql, dsn: %q}}", c.dsn), env{"V": c.value})
		if err != nil {
			t.Errorf("%s with %q: %v", c.dsn, c.value, err)
			continue
		}
		if got := cfg.Sources[0].DSN.Reveal(); got != c.want {
			t.Errorf("%s with %q:\n got %s\nwant %s", c.dsn, c.value, got, c.want)
		}
	}
	for _, dsn := range []string{"r:hunter2@tcp(h", "r:hunter2@tcp(h)", "r:hunter2@udp(h)/d", "r:hunter2@tcp(h)/%zz", "hunter2"} {
		_, err := load(t, fmt.Sprintf("sources: {sj: {kind: mysql, dsn: %q}}", dsn), nil)
		if e := errs.From(err); e == nil || e.ID != "config_dsn" || strings.Contains(e.Error()+e.Detail, "hunter2") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	// No other kind has this form.
	if _, err := load(t, `sources: {mz: {kind: postgres, dsn: "r:p@tcp(h)/d"}}`, nil); errs.From(err) == nil || errs.From(err).ID != "config_dsn" {
		t.Errorf("a PostgreSQL source: %v", err)
	}
}

func TestSecretFromFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "secrets/mz"), "p@ss word\r\n")
	cfg, err := loadIn(t, dir, `sources: {mz: {kind: postgres, dsn: "postgres://u:${file:./secrets/mz}@h/d"}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cfg.Sources[0].DSN.Reveal(), "postgres://u:p%40ss%20word@h/d"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d := cmp.Diff([]string{"p@ss word", "p%40ss%20word"}, cfg.Secrets()); d != "" {
		t.Error(d)
	}
}

// No common way of printing shows a secret.
func TestSecretIsNeverPrinted(t *testing.T) {
	cfg, err := load(t, `sources: {mz: {kind: postgres, dsn: "postgres://u:hunter2@h/d"}}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	coded, err := json.Marshal(cfg.Sources)
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Sources[0].DSN
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%+v", cfg.Sources), fmt.Sprintf("%#v", cfg.Sources), string(coded),
		s.LogValue().String(),
	} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Errorf("shown: %s", text)
		}
	}
}

func TestPathsAndLinks(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "a.db"), "x")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "data/a.db"), "x")
	for from, to := range map[string]string{
		"out.db": filepath.Join(outside, "a.db"), "outdir": outside, "in.db": "data/a.db", "dangling.db": filepath.Join(outside, "later.db"),
	} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"data/a.db", "data/a.db"},
		{"in.db", "data/a.db"},
		{"not/there/yet.db", "not/there/yet.db"},
		{"data/../data/a.db", "data/a.db"},
		{".", "."},
		{"..data/x", "..data/x"},
		{"out.db", ""},
		{"outdir/a.db", ""},
		{"outdir/not-there.db", ""},
		{"dangling.db", ""},
		{"dangling.db/x", ""},
	} {
		cfg, err := loadIn(t, dir, fmt.Sprintf("sources: {a: {kind: files, path: %q}}", c.path), nil)
		switch {
		case c.want == "":
			if e := errs.From(err); e == nil || e.ID != "config_path_outside" {
				t.Errorf("%s: got %v, want config_path_outside", c.path, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.path, err)
		case cfg.Sources[0].Path != filepath.Join(real, c.want):
			t.Errorf("%s: got %s, want %s", c.path, cfg.Sources[0].Path, filepath.Join(real, c.want))
		}
	}
	// With the folder among the roots the same paths are allowed.
	for _, path := range []string{"out.db", "outdir/a.db", filepath.Join(outside, "b", "*.csv")} {
		if _, err := loadIn(t, dir, fmt.Sprintf("roots: [%q]\nsources: {a: {kind: files, path: %q}}", outside, path), nil); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSourceIgnoresCase(t *testing.T) {
	cfg := config.Config{Sources: []config.Source{{Name: "Ga"}}}
	if s, ok := cfg.Source("gA"); !ok || s.Name != "Ga" {
		t.Errorf("got %v %v", s, ok)
	}
	if _, ok := cfg.Source("x"); ok {
		t.Error("found a source that is not there")
	}
}

// An identity changes with what a source is, and not with how it is reached or read.
func TestIdentityOfASource(t *testing.T) {
	of := func(entry string) string {
		t.Helper()
		c, err := load(t, "sources:\n  a: "+entry+"\n", env{"PW": "geheim"})
		if err != nil {
			t.Fatal(err)
		}
		return c.Sources[0].Identity()
	}
	const first = `{kind: postgres, dsn: "postgres://u:${PW}@db:5432/x?sslmode=require"}`
	for entry, same := range map[string]bool{
		first: true,
		`{kind: postgres, dsn: "postgres://u:other@DB:5432/x?sslmode=disable&connect_timeout=3", connections: 2}`: true,
		`{kind: postgres, dsn: "postgres://u:${PW}@db2:5432/x?sslmode=require"}`:                                  false,
		`{kind: postgres, dsn: "postgres://u:${PW}@db:5433/x?sslmode=require"}`:                                   false,
		`{kind: postgres, dsn: "postgres://u:${PW}@db:5432/y?sslmode=require"}`:                                   false,
		`{kind: postgres, dsn: "postgres://v:${PW}@db:5432/x?sslmode=require"}`:                                   false,
		`{kind: mysql, dsn: "mysql://u:${PW}@db:5432/x"}`:                                                         false,
	} {
		if (of(entry) == of(first)) != same {
			t.Errorf("%s is another source: %v", entry, same)
		}
	}
	for _, other := range [][2]string{
		{`{kind: postgres, dsn: "postgres://u@/x?host=/run/a"}`, `{kind: postgres, dsn: "postgres://u@/x?host=/run/b"}`},
		{`{kind: mysql, dsn: "u@unix(/run/a)/x"}`, `{kind: mysql, dsn: "u@unix(/run/b)/x"}`},
		{`{kind: sqlite, path: a.db}`, `{kind: sqlite, path: b.db}`},
	} {
		if of(other[0]) == of(other[1]) {
			t.Errorf("%s is %s", other[0], other[1])
		}
	}
	typed := config.Source{Kind: "files", Path: "/d", Columns: map[string]map[string]string{"t": {"a": "DATE"}}}
	if plain := (config.Source{Kind: "files", Path: "/d"}); plain.Identity() == typed.Identity() {
		t.Error("other types are the same source")
	}
}
