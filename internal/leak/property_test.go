package leak

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/oracle"
	"github.com/lianji/lianji/internal/testmaria"
	"github.com/lianji/lianji/internal/testpg"
	"github.com/lianji/lianji/planner"
	"github.com/lianji/lianji/planner/rules"
	"github.com/lianji/lianji/policy"
	"github.com/lianji/lianji/server"
)

// Environment variables: a seed repeats a run, a count makes it longer.
const (
	seedVariable  = "LIANJI_LEAK_SEED"
	countVariable = "LIANJI_LEAK_STATEMENTS"
)

// A round is one set of grants, for a purpose of its own.
const (
	perRound  = 25 // statements
	perWindow = 12 // rounds whose grants are there at once
)

// flavours are the sources of the property test.
var flavours = map[string]oracle.Flavour{"pgx": oracle.PostgreSQL, "lite": oracle.SQLite, "quack": oracle.DuckDB, "maria": oracle.MySQL}

// kinds names the sources in order.
var kinds = []string{"pgx", "lite", "quack", "maria"}

// study is the property test at work.
type study struct {
	*place
	token     string
	reference *oracle.Reference
	schemas   map[string]string
	tables    []oracle.Table
	seed      uint64
	rounds    []round

	asked, failed map[string]int // by kind of sources and path; statements that failed on both sides
	hidden, rows  int            // rows of the granted tables, and of the whole ones
	lookups       int            // in row filters
	resources     int            // with grants
	closed        int            // of them, because their grants are too much together
	atSource      int            // statements whose policy went to the source

	// otherwise is set where columns of the statement have other types than those it was
	// made for: comparisons may have become casts that fail.
	otherwise bool
	inOrder   int // statements of that kind that only one side saw fail

	last struct { // what the reference was asked last
		purpose, sql string
		want         oracle.Result
		err          error
	}
}

// round is what is granted for a purpose.
type round struct {
	purpose   string
	resources []resource
	tables    []oracle.Table // as they are granted
}

// What somebody is answered, whatever was granted and whatever is asked, is what a
// DuckDB answers that holds what is granted and masked and nothing else.
func TestGrantedIsAllThereIs(t *testing.T) {
	otherwise := uint64(300)
	if long() {
		otherwise = 2000
	}
	seed, count := number(t, seedVariable, 20261123), number(t, countVariable, otherwise)
	t.Logf("seed %d, %d statements; %s and %s repeat and widen", seed, count, seedVariable, countVariable)
	s := newStudy(t, seed)
	failures := 0
	for n := range count {
		s.statement(t, n)
		if t.Failed() {
			if failures++; failures > 5 {
				t.FailNow()
			}
		}
	}
	t.Logf("statements by sources and path: %v; failed alike: %v", s.asked, s.failed)
	t.Logf("%d of %d rows were granted; of %d statements the policy went to the source", s.rows-s.hidden, s.rows, s.atSource)
	t.Logf("%d statements over columns of other types failed on one side alone, by the order of their conditions", s.inOrder)
	t.Logf("row filters look values up at %d places", s.lookups)
	t.Logf("of %d resources %d were closed because their grants are too much together", s.resources, s.closed)
	if s.closed > 1+s.resources/100 {
		t.Error("too much is closed")
	}
	if s.lookups < len(kinds) {
		t.Error("hardly any row filter looks values up")
	}
	if s.hidden < s.rows/4 || s.hidden > s.rows*3/4 {
		t.Error("hardly anything is hidden, or hardly anything is there: the grants prove too little")
	}
	if s.atSource < int(count)/40 {
		t.Error("hardly any policy goes to a source")
	}
}

func newStudy(t *testing.T, seed uint64) *study {
	t.Helper()
	s := &study{schemas: map[string]string{"pgx": "public", "lite": "main", "quack": "main"}, seed: seed, asked: map[string]int{}, failed: map[string]int{}}
	dir := t.TempDir()
	db, maria := testpg.Start(t).Database(t), testmaria.Start(t).Database(t)
	s.schemas["maria"] = maria.Name
	var err error
	if s.reference, err = oracle.NewReference(t.Context(), "SET threads = 1", "SET memory_limit = '512MiB'", "ATTACH ':memory:' AS whole"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.reference.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, kind := range kinds {
		f := flavours[kind]
		loaded := oracle.TestTables(seed+uint64(i), f, kind)
		s.tables = append(s.tables, loaded...)
		var text []string
		for _, table := range loaded {
			text = append(text, f.Statements(f.Ident(table.Name()), table)...)
			whole := table
			whole.Path = append([]string{"whole"}, table.Path...)
			if err := s.reference.Load(t.Context(), whole); err != nil {
				t.Fatal(err)
			}
		}
		switch kind {
		case "pgx":
			db.Exec(t, strings.Join(text, ";")+"; ANALYZE")
		case "maria":
			for _, x := range text {
				maria.Exec(t, x)
			}
		case "lite":
			fillSQLite(t, filepath.Join(dir, "lite.db"), strings.Join(text, ";")+"; ANALYZE;")
		case "quack":
			fillDuckDB(t, filepath.Join(dir, "quack.duckdb"), text...)
		}
	}
	s.place = newPlace(t, dir, fmt.Sprintf("  pgx: {kind: postgres, dsn: %q}\n  lite: {kind: sqlite, path: lite.db}\n  quack: {kind: duckdb, path: quack.duckdb}\n  maria: {kind: mysql, dsn: %q}\n", db.Admin, maria.Reader))
	s.keep(t)
	s.serve(t)
	return s
}

// keep fills the catalogue but for grants: each source is an agency's own.
func (s *study) keep(t *testing.T) {
	t.Helper()
	agencies, principals, of, resources := "agencies:\n  民政: {code: A, level: district, parent: 大数据局, district: 上海市}\n  教育: {code: EDU, level: city}\n", "principals:\n", "sources:\n", "resources:\n"
	for i, kind := range kinds {
		agencies += fmt.Sprintf("  %s: {code: S%d, level: city}\n", kind, i)
		principals += fmt.Sprintf("  ld.%s: {agency: %s, roles: [cataloguer, leader]}\n", kind, kind)
		of += fmt.Sprintf("  %s: %s\n", kind, kind)
	}
	principals += "  wang: {agency: 民政, roles: [analyst], attributes: {district: 张三, level: ab}}\n  li: {agency: 民政, roles: [analyst]}\n"
	s.apply(t, "bureau", agencies+"purposes: {OTHER: {name: x, basis: y}}")
	s.apply(t, "secadmin", principals)
	s.apply(t, "sysadmin", of)
	for _, kind := range kinds {
		text := resources
		for _, table := range s.tables {
			if table.Path[0] != kind {
				continue
			}
			var items []string
			for _, c := range table.Columns {
				items = append(items, fmt.Sprintf("%q: ''", c.Name))
			}
			text += fmt.Sprintf("  %s.%s: {class: restricted, source: %s, schema: %s, table: %s, items: {%s}}\n", kind, table.Name(), kind, s.schemas[kind], table.Name(), strings.Join(items, ", "))
		}
		s.apply(t, "ld."+kind, text)
	}
	s.token = s.tokenFor(t, "wang")
}

// open makes the rounds that follow, and waits until their grants are in force.
func (s *study) open(t *testing.T, first uint64) {
	t.Helper()
	var drop []string
	purposes, grants := "purposes:\n", map[string]string{}
	byTable := map[string]string{}
	for _, old := range s.rounds {
		drop = append(drop, "DETACH "+catalog.QuoteIdent(old.purpose))
	}
	if len(drop) > 0 {
		s.exec(t, append([]string{"USE memory"}, drop...)...)
	}
	s.rounds = nil
	for n := first; n < first+perWindow; n++ {
		r := rand.New(rand.NewPCG(s.seed, n<<32))
		o := round{purpose: fmt.Sprintf("R-%d", n)}
		purposes += fmt.Sprintf("  %s: {name: x, basis: y}\n", o.purpose)
		s.exec(t, "ATTACH ':memory:' AS "+catalog.QuoteIdent(o.purpose))
		for _, table := range s.tables {
			made := randomResource(r, table, slices.DeleteFunc(slices.Clone(s.tables), func(t oracle.Table) bool { return t.Path[0] != table.Path[0] }))
			if len(made.grants) == 0 {
				continue
			}
			o.resources = append(o.resources, made)
			for _, g := range made.grants {
				s.lookups += strings.Count(g.where, "(SELECT ")
			}
			o.tables = append(o.tables, made.granted())
			byTable[strings.Join(table.Path, ".")] += made.document(r, o.purpose)
			place := table
			place.Path = append([]string{o.purpose}, table.Path...)
			if err := s.reference.Place(t.Context(), place.Path...); err != nil {
				t.Fatal(err)
			}
			whole := table
			whole.Path = append([]string{"whole"}, table.Path...)
			s.exec(t, "CREATE TABLE "+place.SQLPath()+" AS "+made.sql(whole.SQLPath()))
			left, err := s.reference.Query(t.Context(), "SELECT count(*) FROM "+place.SQLPath())
			if err != nil {
				t.Fatal(err)
			}
			s.rows += len(table.Rows)
			s.hidden += len(table.Rows) - int(left.Rows[0][0].(int64))
		}
		s.rounds = append(s.rounds, o)
	}
	s.apply(t, "bureau", purposes)
	for _, table := range s.tables {
		path := strings.Join(table.Path, ".")
		grants[table.Path[0]] += "  " + path + ":"
		if byTable[path] == "" {
			grants[table.Path[0]] += " []\n"
		} else {
			grants[table.Path[0]] += "\n" + byTable[path]
		}
	}
	for _, kind := range kinds {
		s.apply(t, "ld."+kind, "grants:\n"+grants[kind])
	}
	s.inForce(t)
	for i := range s.rounds {
		s.rounds[i] = s.allThere(t, s.rounds[i])
	}
}

// allThere fails when a grant of the round opens nothing: none was made that cannot be
// applied. But grants that can be applied one by one can be too much together, and are
// closed then; what is left of the round has none of these.
func (s *study) allThere(t *testing.T, o round) (left round) {
	t.Helper()
	session := s.session(t, o.purpose)
	left.purpose = o.purpose
	for i, made := range o.resources {
		s.resources++
		found, ok := session.Snapshot.Resolve(made.table.Path)
		if !ok && len(made.grants) > 1 && tooMuch(session.Snapshot.(*policy.Granted).Broken, made.table.Path) {
			s.closed++
			continue
		}
		left.resources, left.tables = append(left.resources, made), append(left.tables, o.tables[i])
		if !ok {
			for _, g := range made.grants {
				t.Errorf("%s: %s is not there: %v WHERE %s", o.purpose, made.table.SQLPath(), g.items, g.where)
			}
			for _, b := range session.Snapshot.(*policy.Granted).Broken {
				t.Errorf("%s: %s: %v (%s)", o.purpose, b.Resource, b.Err, errs.From(b.Err).Detail)
			}
			continue
		}
		want := o.tables[i].Columns
		if !slices.EqualFunc(found.Columns, want, func(a, b catalog.Column) bool { return a.Name == b.Name && a.Type.Equal(b.Type) }) {
			t.Errorf("%s: %s has %v, want %v", o.purpose, made.table.Name(), found.Columns, want)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return left
}

// tooMuch reports whether the grants of a resource are closed because the policy that they
// make together is too complex to be looked at.
func tooMuch(broken []policy.Broken, path []string) bool {
	found := false
	for _, b := range broken {
		if b.Resource == strings.Join(path, ".") {
			if found = errs.CodeOf(b.Err) == errs.StatementTooComplex; !found {
				return false
			}
		}
	}
	return found
}

func (s *study) exec(t *testing.T, statements ...string) {
	t.Helper()
	if err := s.reference.Exec(t.Context(), statements...); err != nil {
		t.Fatal(err)
	}
}

func (s *study) session(t *testing.T, purpose string) server.Session {
	t.Helper()
	session, err := s.app.Session(t.Context(), server.Asker{Token: s.token, Purpose: purpose, Mode: catalog.Interface})
	if err != nil {
		t.Fatal(err)
	}
	session.Door, session.Mode = "http", catalog.Interface
	return session
}

// statement asks one statement in every way, for the purpose that it was made for, and
// now and then for another one too.
func (s *study) statement(t *testing.T, n uint64) {
	t.Helper()
	if n%(perRound*perWindow) == 0 {
		s.open(t, n/perRound)
	}
	coin := rand.New(rand.NewPCG(s.seed, n))
	at := int(n % (perRound * perWindow) % perWindow) // one statement after another is for another purpose
	o := s.rounds[at]
	tables, kind := o.tables, "all"
	if k := int(n/perWindow) % 6; k < len(kinds) {
		own := slices.DeleteFunc(slices.Clone(tables), func(t oracle.Table) bool { return t.Path[0] != kinds[k] })
		if len(own) > 0 {
			tables, kind = own, kinds[k]
		}
	}
	made := oracle.NewGenerator(s.seed+uint64(at)<<16, tables).Statement(n)
	off := someRules(coin)
	type path struct {
		name string
		plan func(*planner.Planner) *planner.Planner
		door bool
	}
	paths := []path{
		{"all rules", nil, false},
		{"rules off", func(p *planner.Planner) *planner.Planner {
			return p.Eager([]int{3, 10_000}[coin.IntN(2)]).Without(off...)
		}, false},
		{"by text", (*planner.Planner).ByText, false},
	}
	if !long() { // the two harder ways in turn
		paths = slices.Delete(paths, 1+int(n%2), 2+int(n%2))
	}
	if n%10 == 0 {
		paths = append(paths, path{"over HTTP", nil, true})
	}
	for _, p := range paths {
		s.engine.plan(p.plan)
		if !s.same(t, o, made, fmt.Sprintf("statement %d, %s, %s", n, kind, p.name), p.door) {
			s.failed[kind]++
		}
		s.asked[kind+" "+p.name]++
	}
	s.engine.plan(nil)
	if n%6 == 0 { // the same text, of which the planner knows the plan of another purpose
		other := s.rounds[(at+1)%len(s.rounds)]
		switch {
		case !other.has(named(made)): // DuckDB does not look at a CTE that nobody reads
			if _, err := s.answer(t, other, made.SQL, false); errs.CodeOf(err) != errs.UnknownName {
				t.Errorf("statement %d, for another purpose that has not all of %v: %v\n%s", n, named(made), err, made.SQL)
			}
		case certain(made, o, other):
			s.otherwise = !alike(made, o, other)
			s.same(t, other, made, fmt.Sprintf("statement %d, for another purpose", n), false)
			s.otherwise = false
		}
	}
	if n%8 == 0 {
		s.explain(t, o, made.SQL)
	}
}

// named lists the tables that stand in a statement's text.
func named(made oracle.Statement) (paths []string) {
	text := strings.ToLower(strings.ReplaceAll(made.SQL, `"`, ""))
	for _, path := range made.Tables {
		if strings.Contains(text, strings.ToLower(path)) {
			paths = append(paths, path)
		}
	}
	return paths
}

// has reports whether something is granted of each of some tables.
func (o round) has(paths []string) bool {
	for _, path := range paths {
		if !slices.ContainsFunc(o.tables, func(t oracle.Table) bool { return strings.Join(t.Path, ".") == path }) {
			return false
		}
	}
	return true
}

// certain reports whether the order of a statement's rows is as certain in another round
// as in its own, where it may rest on the keys of tables.
func certain(made oracle.Statement, own, other round) bool {
	return !slices.ContainsFunc(other.tables, func(there oracle.Table) bool {
		path := strings.Join(there.Path, ".")
		here := slices.IndexFunc(own.tables, func(t oracle.Table) bool { return strings.Join(t.Path, ".") == path })
		return slices.Contains(named(made), path) && there.Keyless && here >= 0 && !own.tables[here].Keyless
	})
}

// alike reports whether the columns of a statement's tables have the same types in two
// rounds, as far as both have them.
func alike(made oracle.Statement, own, other round) bool {
	types := map[string]catalog.Type{}
	for _, t := range own.tables {
		for _, c := range t.Columns {
			types[strings.Join(t.Path, ".")+" "+c.Name] = c.Type
		}
	}
	for _, t := range other.tables {
		path := strings.Join(t.Path, ".")
		for _, c := range t.Columns {
			if was, ok := types[path+" "+c.Name]; ok && !was.Equal(c.Type) && slices.Contains(named(made), path) {
				return false
			}
		}
	}
	return true
}

// inOrderFails reports whether the statement fails on what is granted when DuckDB asks
// its conditions as they are written: over tables of its own it puts others first, which
// can spare it a row on which the statement fails.
func (s *study) inOrderFails(t *testing.T, made oracle.Statement) bool {
	t.Helper()
	s.exec(t, "PRAGMA disable_optimizer")
	defer s.exec(t, "PRAGMA enable_optimizer")
	_, err := s.reference.Query(t.Context(), made.Unlimited)
	return err != nil && kindOf(err.Error()) == failsData
}

// explain notes whether the policy of a statement goes to a source.
func (s *study) explain(t *testing.T, o round, text string) {
	t.Helper()
	session := s.session(t, o.purpose)
	session.Operator = true
	answer, err := s.app.Query(t.Context(), session, server.Request{SQL: "EXPLAIN " + text})
	if err != nil {
		return
	}
	defer answer.Stream.Release()
	lines, err := oracle.Collect(answer.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines.Rows {
		if strings.Contains(line[0].(string), "policy") {
			s.atSource++
			return
		}
	}
}

// same compares an answer with the reference's; false when both failed.
func (s *study) same(t *testing.T, o round, made oracle.Statement, what string, door bool) bool {
	t.Helper()
	if s.last.purpose != o.purpose || s.last.sql != made.Unlimited {
		s.exec(t, "USE "+catalog.QuoteIdent(o.purpose))
		s.last.purpose, s.last.sql = o.purpose, made.Unlimited
		s.last.want, s.last.err = s.reference.Query(t.Context(), made.Unlimited)
	}
	want, wantErr := s.last.want, s.last.err
	got, err := s.answer(t, o, made.SQL, door)
	if err != nil && strings.Contains(errs.From(err).Detail, windowRace) {
		got, err = s.answer(t, o, made.SQL, door)
	}
	grants := func() string {
		var b strings.Builder
		for _, r := range o.resources {
			if slices.Contains(made.Tables, strings.Join(r.table.Path, ".")) {
				for _, g := range r.grants {
					fmt.Fprintf(&b, "\n%s: %v WHERE %s", strings.Join(r.table.Path, "."), g.items, g.where)
				}
			}
		}
		return b.String()
	}
	switch {
	case err != nil && wantErr != nil:
		if w, g := kindOf(wantErr.Error()), kindOfCode(errs.CodeOf(err)); w != g {
			t.Errorf("%s: fails with %s (%v), the reference with %s: %v\n%s%s", what, g, err, w, wantErr, made.SQL, grants())
		}
		return false
	case err != nil && s.otherwise && errs.CodeOf(err) == errs.DataError && s.inOrderFails(t, made),
		err == nil && s.otherwise && wantErr != nil && kindOf(wantErr.Error()) == failsData:
		s.inOrder++
		return false
	case err != nil:
		t.Errorf("%s: %v (%s)\n%s%s", what, err, errs.From(err).Detail, made.SQL, grants())
	case wantErr != nil:
		t.Errorf("%s: answered, the reference fails: %v\n%s%s", what, wantErr, made.SQL, grants())
	default:
		if err := oracle.Compare(want, got, made.Order); err != nil {
			t.Errorf("%s: %v\n%s%s", what, err, made.SQL, grants())
		}
	}
	return true
}

// windowRace is an error of DuckDB 1.5.5's own in windows, which comes and goes over
// one statement and one data.
const windowRace = "Attempted to access index 0 within vector of size 0"

// answer asks as wang, beside the door or through it.
func (s *study) answer(t *testing.T, o round, text string, door bool) (oracle.Result, error) {
	t.Helper()
	if door {
		return s.overHTTP(t, o, text)
	}
	answer, err := s.app.Query(t.Context(), s.session(t, o.purpose), server.Request{SQL: text})
	if err != nil {
		return oracle.Result{}, err
	}
	defer answer.Stream.Release()
	return oracle.Collect(answer.Stream)
}

func (s *study) overHTTP(t *testing.T, o round, text string) (oracle.Result, error) {
	t.Helper()
	res := s.send(t, s.token, text, o.purpose, "application/vnd.apache.arrow.stream")
	defer res.Body.Close()
	if res.StatusCode != 200 {
		return oracle.Result{}, problem(res.Body)
	}
	r, err := ipc.NewReader(res.Body)
	if err != nil {
		return oracle.Result{}, err
	}
	defer r.Release()
	out, err := oracle.Collect(r)
	if err != nil { // rows had left before the error came: the stream breaks off
		return out, errs.Wrap(errs.DataError, "data_error", nil, err)
	}
	return out, nil
}

// someRules picks rules to leave out: none, some or most of them. Without remote_scan no
// guard reads its table.
func someRules(coin *rand.Rand) []string {
	var off []string
	share := coin.Float64()
	for _, r := range rules.List() {
		if coin.Float64() < share && r.Name != "remote_scan" {
			off = append(off, r.Name)
		}
	}
	if coin.Float64() < share {
		off = append(off, planner.KeysRule)
	}
	return off
}

// Kinds of failures.
const (
	failsBinding = "binding"
	failsData    = "data"
)

// kindOf tells what kind a failure of DuckDB is.
func kindOf(message string) string {
	for _, name := range []string{"Conversion Error", "Out of Range Error", "Invalid Input Error"} {
		if strings.Contains(message, name) {
			return failsData
		}
	}
	for _, name := range []string{"Binder Error", "Catalog Error", "Parser Error"} {
		if strings.Contains(message, name) {
			return failsBinding
		}
	}
	return message
}

func kindOfCode(c errs.Code) string {
	switch c {
	case errs.DataError:
		return failsData
	case errs.UnknownName, errs.BindError, errs.TypeMismatch, errs.AmbiguousName:
		return failsBinding
	}
	return string(c)
}
