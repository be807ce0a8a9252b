package leak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/cli"
	"github.com/lianji/lianji/internal/errs"
)

// door is a way in to a place.
type door interface {
	// Ask asks a statement of whoever has the token, for a purpose; empty ones are not
	// sent at all.
	Ask(t *testing.T, statement, token, purpose string) answer
}

// preparer is a door at which a statement can be prepared, and asked later.
type preparer interface {
	Prepare(t *testing.T, statement, token, purpose string) (ask func() answer)
}

// answer is what comes back by a door.
type answer struct {
	Code string // of the error; empty for rows
	Rows int
	Said string // all that came, but for what differs between two runs of one statement
}

// doors are all ways in. A new one is an entry here; what every door must keep, it must
// keep too.
var doors = []struct {
	name   string
	listen string            // how lianji.yaml opens it; empty for one that goes through another one
	longs  bool              // takes a statement of any length
	own    map[string]string // what it answers in its own way: attack -> code
	code   func(errs.Code) string
	open   func(*place) door
}{
	{"http", "http: \"127.0.0.1:0\"", true, nil, ownCode, func(p *place) door { return httpDoor{p} }},
	{"statements", "", true, nil, ownCode, func(p *place) door { return statementsDoor{p} }},
	{"command", "", false, nil, ownCode, func(p *place) door { return commandDoor{p} }}, // an argument has a limit
	{"flight", "flight: \"127.0.0.1:0\"", true, nil, ownCode, func(p *place) door { return flightDoor{p} }},
	{"postgres", "postgres: \"127.0.0.1:0\"", true, ownOfPostgres, sqlState, func(p *place) door { return postgresDoor{p} }},
}

// ownOfPostgres are the attacks that mean something of their own to clients of PostgreSQL:
// its catalogue is made of what is granted, its types know no nanoseconds.
var ownOfPostgres = map[string]string{
	"settings": "", "information_schema": "", "pg_catalog": "",
	"SET": "42704", "COPY": "42501", "throwing 27 in the list": "22018",
}

func ownCode(c errs.Code) string { return string(c) }

// sqlState is what clients of PostgreSQL are told, for whom a login that fails has a code
// of its own.
func sqlState(c errs.Code) string {
	if c == errs.Unauthenticated {
		return "28P01"
	}
	return c.SQLState()
}

// listeners is the part of lianji.yaml that opens the doors.
func listeners() string {
	var all []string
	for _, d := range doors {
		if d.listen != "" {
			all = append(all, d.listen)
		}
	}
	return "{" + strings.Join(all, ", ") + "}"
}

type httpDoor struct{ *place }

func (d httpDoor) Ask(t *testing.T, statement, token, purpose string) answer {
	t.Helper()
	r, err := d.request(t.Context(), token, statement, purpose, "application/json")
	if err != nil {
		t.Fatal(err)
	}
	if token == "" {
		r.Header.Del("Authorization")
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	status, text := whole(res)
	var body struct {
		Code string
		Rows []any
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v: %d %s", err, status, text)
	}
	return answer{body.Code, len(body.Rows), repeated(status, text)}
}

// commandDoor is the program, as somebody with a token in a file runs it.
type commandDoor struct{ *place }

var (
	// queryNames are what differs in what the program says of one statement in two worlds.
	queryNames = regexp.MustCompile(`[a-z2-7]{16}|http://[0-9.:]+|[0-9-]+T[0-9:.]+Z|[0-9.]+ ?(ms|s)\b`)
	// failed is how the program says that something failed.
	failed = regexp.MustCompile(`(?m)^(?:error|错误)\[([a-z_]+)\]`)
)

func (d commandDoor) Ask(t *testing.T, statement, token, purpose string) answer {
	t.Helper()
	args := []string{"query", "--url", d.url, "--format", "ndjson"}
	if token != "" {
		file := filepath.Join(d.dir, "asks.t")
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--token-file", file)
	}
	if purpose != "" {
		args = append(args, "--purpose", purpose)
	}
	code, out, said := runs(t, append(args, statement)...)
	a := answer{Said: fmt.Sprintf("%d\n%s\n%s", code, out, said)}
	if m := failed.FindStringSubmatch(said); m != nil {
		a.Code = m[1]
	}
	if (code == 0) != (a.Code == "") {
		t.Fatalf("%s ends with %d and says %q", statement, code, said)
	}
	if a.Code == "" {
		a.Rows = strings.Count(out, "\n[")
	}
	return a
}

// runs runs the program, and gives what it says without what differs between two runs.
func runs(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var to, err bytes.Buffer
	code = cli.Program{App: app.Options{Openers: openers}}.Run(t.Context(), cli.Env{
		Args: args, Name: "lianji", Stdin: strings.NewReader(""), Stdout: &to, Stderr: &err, LookupEnv: func(string) (string, bool) { return "", false },
	})
	return code, ownWords.ReplaceAllString(to.String(), ""), queryNames.ReplaceAllString(err.String(), "")
}

// By every door the answers are those of the HTTP door, which is attacked with
// everything, and none depends on what was not granted.
func TestEveryDoorTellsNothing(t *testing.T) {
	one, other := newWorld(t, "one", false), newWorld(t, "other", false)
	all := attacks()
	first := doors[0].open(one.place)
	for _, d := range doors[1:] {
		here, there := d.open(one.place), d.open(other.place)
		answered, asked := 0, 0
		for i, name := range slices.Sorted(maps.Keys(all)) {
			if i%8 != 0 && !long() || len(all[name]) > 100_000 && !d.longs {
				continue
			}
			source := sources[i/8%len(sources)]
			sql := strings.NewReplacer("#t", "公安."+shapes[i/8%len(shapes)]+source, "#o", "公安.基本"+source).Replace(all[name])
			want, got := first.Ask(t, sql, one.token, "DB-HC"), here.Ask(t, sql, one.token, "DB-HC")
			asked++
			if got.Code == "" {
				answered++
			}
			same := got.Code == d.code(errs.Code(want.Code)) && got.Rows == want.Rows
			if code, own := d.own[name]; own {
				same = got.Code == code
			}
			if !same || tells(got.Said, sql) {
				t.Errorf("%s by %s: %.2000s\n%d rows, %q: %s\nby %s %d rows, %q: %s", name, d.name, sql, got.Rows, got.Code, got.Said, doors[0].name, want.Rows, want.Code, want.Said)
			}
			if far := there.Ask(t, sql, other.token, "DB-HC"); strings.ReplaceAll(far.Said, other.schemas["rs"], one.schemas["rs"]) != got.Said {
				t.Errorf("%s by %s: %.2000s\nworld one: %s\nworld other: %s", name, d.name, sql, got.Said, far.Said)
			}
		}
		t.Logf("%s: %d statements, %d of them answered", d.name, asked, answered)
		if answered < asked/4 {
			t.Errorf("%s: hardly anything was answered: the attacks say nothing", d.name)
		}
	}
}

// Who may ask, and what for, is asked at every door, and what is not granted reads
// there as what is not there. A grant that is taken back is gone at all of them.
func TestEveryDoorAsksWho(t *testing.T) {
	w := newWorld(t, "one", false)
	w.apply(t, "secadmin", "principals: {bian: {agency: 民政, roles: [cataloguer]}}")
	cataloguer := w.tokenFor(t, "bian")
	w.inForce(t)
	for _, d := range doors {
		way := d.open(w.place)
		for _, c := range []struct{ token, purpose, sql, want string }{
			{w.token, "DB-HC", "SELECT id FROM #t", ""}, {w.token, "JC", "SELECT id FROM #t", "unknown_name"}, {w.token, "", "SELECT id FROM #t", "unknown_name"},
			{w.token, "NOSUCH", "SELECT id FROM #t", "parameter_invalid"}, {cataloguer, "DB-HC", "SELECT id FROM #t", "unknown_name"},
			{"lianji_nobody", "DB-HC", "SELECT id FROM #t", "unauthenticated"}, {"", "DB-HC", "SELECT id FROM #t", "unauthenticated"},
			{w.token, "DB-HC", "SELECT mm FROM #t", "unknown_name"}, {w.token, "DB-HC", "SELECT 1; SELECT 2", "one_statement"},
			{w.token, "DB-HC", "SELECT * FROM duckdb_settings()", "unknown_name"}, {w.token, "DB-HC", "SELECT CAST(sfzh AS INTEGER) FROM #t", "data_error"},
		} {
			got := way.Ask(t, strings.ReplaceAll(c.sql, "#t", "公安.等于wj"), c.token, c.purpose)
			if want := d.code(errs.Code(c.want)); got.Code != want || want == "" && got.Rows != 4 {
				t.Errorf("%s for %q: %s\n%d rows, %q, want %q: %s", d.name, c.purpose, c.sql, got.Rows, got.Code, want, got.Said)
			}
		}
		if got := way.Ask(t, "DESCRIBE 公安.等于wj", w.token, "DB-HC"); got.Rows != 6 {
			t.Errorf("%s describes %d items: %s", d.name, got.Rows, got.Said)
		}
		unknown, denied := way.Ask(t, "SELECT mn FROM 公安.等于wx", w.token, "JC"), way.Ask(t, "SELECT mn FROM 公安.等于wj", w.token, "JC")
		if strings.ReplaceAll(denied.Said, "wj", "wx") != unknown.Said {
			t.Errorf("%s\nunknown: %s\ndenied:  %s", d.name, unknown.Said, denied.Said)
		}
	}
	w.apply(t, "ga", "grants: {公安.等于wj: []}")
	w.inForce(t)
	for _, d := range doors {
		if got := d.open(w.place).Ask(t, "SELECT id FROM 公安.等于wj", w.token, "DB-HC"); got.Code != d.code(errs.UnknownName) {
			t.Errorf("%s, after the end: %s", d.name, got.Said)
		}
	}
}

// A statement that was prepared before a change sees what is granted after it, or nothing.
func TestPreparedAcrossARevoke(t *testing.T) {
	w := newWorld(t, "one", false)
	tried := 0
	const text = "SELECT id, qx FROM 公安.等于wj"
	for _, d := range doors {
		way, ok := d.open(w.place).(preparer)
		if !ok {
			continue
		}
		tried++
		grant := func(where string) {
			w.apply(t, "ga", "grants: {公安.等于wj: [{agency: 民政, items: {id: clear, qx: clear}, purposes: [DB-HC], modes: [interface], where: \""+where+"\"}]}")
			w.inForce(t)
		}
		grant("qx = '和平区'")
		ask := way.Prepare(t, text, w.token, "DB-HC")
		if got := ask(); got.Rows != 4 {
			t.Errorf("%s: %s", d.name, got.Said)
		}
		grant("id = 1")
		if got := ask(); got.Rows > 1 || got.Rows == 0 && got.Code == "" {
			t.Errorf("%s, where less is granted: %d rows, %s", d.name, got.Rows, got.Said)
		}
		ask = way.Prepare(t, text, w.token, "DB-HC")
		w.apply(t, "ga", "grants: {公安.等于wj: []}")
		w.inForce(t)
		if got := ask(); got.Rows > 0 || got.Code == "" {
			t.Errorf("%s, where nothing is granted: %d rows, %s", d.name, got.Rows, got.Said)
		}
	}
	if tried < 2 {
		t.Errorf("at %d doors statements can be prepared", tried)
	}
}

// The program writes every format with what the door gave it and nothing else.
func TestTheCommandWritesWhatItGot(t *testing.T) {
	one, other := newWorld(t, "one", false), newWorld(t, "other", false)
	for _, format := range []string{"table", "csv", "json", "ndjson"} {
		for i, source := range sources {
			for _, sql := range []string{"SELECT * FROM #t ORDER BY id", "SUMMARIZE #t", "SELECT CAST(sfzh AS DECIMAL(38,0)) FROM #t", "SELECT mm FROM #t"} {
				sql = strings.ReplaceAll(sql, "#t", "公安."+shapes[i]+source)
				said := func(w *world) string {
					file := filepath.Join(w.dir, "wang.t")
					if err := os.WriteFile(file, []byte(w.token+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
					code, out, err := runs(t, "query", "--url", w.url, "--token-file", file, "--purpose", "DB-HC", "--format", format, sql)
					return fmt.Sprintf("%d\n%s\n%s", code, out, err)
				}
				if first, got := said(one), said(other); first != got || tells(first, sql) {
					t.Errorf("%s as %s\nworld one: %s\nworld other: %s", sql, format, first, got)
				}
			}
		}
	}
}
