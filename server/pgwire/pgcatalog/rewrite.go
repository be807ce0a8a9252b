package pgcatalog

import (
	"context"
	"strings"

	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server/pgwire/command"
)

// Facts are what a statement can ask of its own connection.
type Facts struct {
	User     string
	Database string
	Version  string
	Number   uint32 // of the connection
	// Path are the schemas in which names without one are looked for; empty where nobody said.
	Path []string
	// Setting gives a setting's value; false for one that there is not.
	Setting func(name string) (string, bool)
	// Set changes a setting, for the transaction alone or for good; nil stands for what it
	// is without being set.
	Set func(ctx context.Context, name string, value *string, local bool) error
}

// assignment is a call of set_config.
type assignment struct {
	name  string
	value *string // nil for NULL
	local bool
}

// rewriter writes a statement of PostgreSQL's catalogue so that DuckDB reads it: token by
// token, what is spelt otherwise there.
type rewriter struct {
	text   string
	tokens []sqltext.Token
	facts  Facts
	alone  bool // only what asks of the connection is written otherwise
	out    strings.Builder
	done   int            // bytes of text that were written or left out
	before map[int]string // what is written in front of a token
	behind map[int]string // what is written behind one
	cast   map[int]cast   // what is written in the place of some
	shown  []bool         // which stand in the outermost list
	clause []string       // the word that begins the clause in which each stands
	pair   []int          // of each parenthesis and bracket the other one
	reads  bool           // there is a FROM or a WHERE
	rewritten
}

// rewritten is a statement as DuckDB reads it.
type rewritten struct {
	sql       string
	ours      bool   // it says something that is the catalogue's alone
	asks      bool   // it asks something of its connection
	collation string // one that there is not
	sets      []assignment
}

// rewrite writes a statement as DuckDB reads it; alone: as if it were none about the
// catalogue, so that only what it asks of its connection is written otherwise.
func rewrite(text string, facts Facts, alone bool) rewritten {
	tokens, err := sqltext.Tokens(text)
	if err != nil || len(tokens) == 0 {
		return rewritten{}
	}
	switch tokens[0].Keyword(text) {
	case "SELECT", "WITH", "VALUES", "TABLE", "":
	default:
		return rewritten{}
	}
	r := &rewriter{text: text, tokens: tokens, facts: facts, alone: alone, behind: map[int]string{}}
	r.findPairs()
	if end := r.ofItself(); end > 0 {
		r.text, r.tokens = text[:tokens[end].Start], tokens[:end]
		text, tokens = r.text, r.tokens
		r.findPairs()
	}
	r.findShown()
	switch {
	case alone:
	case len(text) > mostText: // it will be refused; to go back from each cast could take minutes
		r.ours = r.registers()
	default:
		r.casts()
		r.scalars()
		r.findVectors()
	}
	for i := 0; i < len(tokens); {
		i = r.step(i)
	}
	r.out.WriteString(text[r.done:])
	r.sql = strings.TrimRight(r.out.String(), "; \t\r\n")
	return r.rewritten
}

func (r *rewriter) is(i int, word string) bool {
	return i >= 0 && i < len(r.tokens) && r.tokens[i].Is(r.text, word)
}

// name gives an identifier as PostgreSQL reads it; empty for another token.
func (r *rewriter) name(i int) string {
	if i < 0 || i >= len(r.tokens) {
		return ""
	}
	name, _ := r.tokens[i].Name(r.text)
	if r.tokens[i].Kind == sqltext.Word {
		name = strings.ToLower(name)
	}
	return name
}

func (r *rewriter) kind(i int) sqltext.Kind {
	if i < 0 || i >= len(r.tokens) {
		return sqltext.End
	}
	return r.tokens[i].Kind
}

// put writes something in the place of the tokens from i up to next, and goes on there.
func (r *rewriter) put(i, next int, text string) int {
	r.out.WriteString(r.text[r.done:r.tokens[i].Start])
	r.out.WriteString(text)
	r.done = r.tokens[next-1].End
	return next
}

func literal(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }

// step looks at one token, and gives the next one to be looked at.
func (r *rewriter) step(i int) int {
	t := r.tokens[i]
	if r.alone {
		if name := r.name(i); common[name] && builtin[name] && r.is(i+1, "(") && !r.is(i-1, ".") {
			return r.put(i, i+1, "main."+name) // DuckDB's own, and not PostgreSQL's
		}
		return r.ofConnection(i)
	}
	if text := r.before[i]; text != "" {
		r.out.WriteString(r.text[r.done:t.Start] + text)
		r.done = t.Start
	}
	if c, ok := r.cast[i]; ok {
		return r.put(i, c.next, c.as)
	}
	if more, ok := r.behind[i]; ok {
		return r.put(i, i+1, t.Text(r.text)+more)
	}
	switch {
	case t.Kind == sqltext.Operator:
		return r.operator(i)
	case t.Kind != sqltext.Word && t.Kind != sqltext.Quoted:
		return i + 1
	case r.is(i, "COLLATE") && r.name(i+1) != "":
		return r.collate(i)
	case r.is(i, "OPERATOR") && r.is(i+1, "(") && r.name(i+2) == "pg_catalog" && r.is(i+3, ".") && r.is(i+5, ")"):
		r.ours = true
		return r.match(i, i+6, r.tokens[i+4].Text(r.text))
	case (r.is(i, "ANY") || r.is(i, "ALL")) && r.is(i+1, "("):
		return r.ofAll(i)
	case r.name(i) == "generate_subscripts" && r.is(i+1, "("):
		r.behind[r.closing(i+1)] = ")" + r.behind[r.closing(i+1)]
		return r.put(i, i+1, "unnest(pgc.lianji_subscripts")
	case r.name(i) == "generate_series" && r.selected(i):
		return r.unnested(i)
	case r.name(i) == "pg_get_keywords" && r.is(i+1, "(") && r.is(i+2, ")") && !r.is(i-1, "."):
		r.ours = true
		return r.put(i, i+3, "pg_keywords")
	case spelt[r.name(i)] != "" && r.is(i+1, "("):
		return r.put(i, i+1, spelt[r.name(i)])
	case r.name(i) == "format" && r.is(i+1, "("):
		return r.format(i)
	}
	if r.is(i-1, ".") {
		return i + 1 // a column, or what was looked at with its schema
	}
	switch name := r.name(i); {
	case name == "oid" && (r.is(i-1, "::") || r.is(i-1, "AS") && r.is(i+1, ")")):
		return r.put(i, i+1, "UINTEGER") // DuckDB's own is wider
	case name == "pg_catalog" && r.is(i+1, "."):
		if next := r.ofConnection(i); next > i+1 {
			return next
		}
		r.ours = true
		return r.inCatalog(i)
	case name == "information_schema" && r.is(i+1, "."):
		r.ours = true
		return r.put(i, i+1, "isc")
	case relations[name] || r.is(i+1, "(") && functions[name] && !common[name]:
		r.ours = true
		if end := r.closing(i + 1); relations[name] && r.is(i+1, "(") && end < len(r.tokens) {
			return r.put(i, end+1, "pgc."+name)
		}
		if next := r.onPath(i, i); next > i {
			return next
		}
	}
	return r.ofConnection(i)
}

// ofConnection writes the value of what asks of the connection.
func (r *rewriter) ofConnection(i int) int {
	at := i
	if r.name(i) == "pg_catalog" && r.is(i+1, ".") {
		at += 2
	}
	value, next := r.sessions(at)
	if next == at || r.is(i-1, ".") {
		return i + 1
	}
	r.asks = true
	if r.is(i-1, "SELECT") || r.is(i-1, ",") {
		value += r.alias(i, next, r.name(at))
	}
	return r.put(i, next, value+r.behind[next-1])
}

// spelt are functions that have another name in DuckDB.
var spelt = map[string]string{
	"json_build_object": "json_object", "json_build_array": "json_array", "json_agg": "json_group_array", "json_object_agg": "json_group_object",
	"jsonb_build_object": "json_object", "jsonb_build_array": "json_array", "jsonb_agg": "json_group_array", "jsonb_object_agg": "json_group_object",
	"to_jsonb": "to_json", "octet_length": "strlen", "btrim": "trim", "every": "bool_and",
}

// sorted are the collations in which DuckDB orders texts anyway: by their bytes.
var sorted = set("default c posix ucs_basic c.utf8 c.utf-8")

// collate leaves out a collation that says what is so anyway.
func (r *rewriter) collate(i int) int {
	last := i + 1
	if r.is(i+2, ".") {
		last = i + 3
	}
	if name := r.name(last); !sorted[strings.ToLower(name)] {
		r.collation = name
	}
	return r.put(i, last+1, "")
}

// reserved are the words that can stand where an alias does.
var reserved = set("WHERE JOIN LEFT RIGHT FULL INNER CROSS ON GROUP ORDER HAVING LIMIT OFFSET UNION INTERSECT EXCEPT WINDOW WITH FETCH NATURAL USING")

// inCatalog writes pg_catalog.x: a function of ours, a relation, else DuckDB's own.
func (r *rewriter) inCatalog(i int) int {
	if next := r.onPath(i, i+2); next > i {
		return next
	}
	name := r.name(i + 2)
	switch {
	case name == "pg_get_keywords" && r.is(i+3, "(") && r.is(i+4, ")"):
		return r.put(i, i+5, "pgc.pg_keywords")
	case name == "oid" && (r.is(i-1, "::") || r.is(i-1, "AS")):
		return r.put(i, i+3, "UINTEGER")
	case relations[name] && r.is(i+3, "(") && r.closing(i+3) < len(r.tokens): // a function that gives its rows, whatever it is asked
		return r.put(i, r.closing(i+3)+1, "pgc."+name)
	case r.is(i+3, "(") && functions[name], relations[name]:
		return r.put(i, i+3, "pgc."+name)
	case r.is(i+3, "("), r.is(i-1, "::"), r.is(i-1, "AS"):
		return r.put(i, i+2, "")
	}
	return r.put(i, i+1, "pgc")
}

// sessions gives the value of what asks of the connection, and the token behind it.
func (r *rewriter) sessions(i int) (string, int) {
	call := r.is(i+1, "(") && r.is(i+2, ")")
	switch name := r.name(i); name {
	case "current_user", "session_user", "current_role":
		if r.kind(i) == sqltext.Word && !r.is(i+1, "(") && !r.is(i-1, "AS") {
			return literal(r.facts.User), i + 1
		}
	case "current_catalog":
		if r.kind(i) == sqltext.Word && !r.is(i-1, "AS") {
			return literal(r.facts.Database), i + 1
		}
	case "current_schema":
		if call {
			return r.facts.schema(), i + 3
		}
		if r.kind(i) == sqltext.Word && !r.is(i+1, "(") && !r.is(i-1, "AS") {
			return r.facts.schema(), i + 1
		}
	case "current_database":
		if call {
			return literal(r.facts.Database), i + 3
		}
	case "pg_backend_pid":
		if call {
			return number(r.facts.Number), i + 3
		}
	case "current_setting":
		return r.setting(i)
	case "set_config":
		return r.config(i)
	}
	return "", i
}

// ofItself gives the token FROM of SELECT set_config(..) FROM pg_settings WHERE name = 'x',
// by which pgAdmin sets what there is and nothing else; 0 where it is no such statement, or
// there is no such setting.
func (r *rewriter) ofItself() int {
	at := 1
	if r.name(at) == "pg_catalog" && r.is(at+1, ".") {
		at += 2
	}
	if !r.is(0, "SELECT") || r.name(at) != "set_config" {
		return 0
	}
	from := r.closing(at+1) + 1
	at = from + 1
	if r.name(at) == "pg_catalog" && r.is(at+1, ".") {
		at += 2
	}
	switch {
	case !r.is(from, "FROM"):
		return 0
	case r.name(at) == "pg_settings":
		at++
	case r.name(at) == "pg_show_all_settings" && r.is(at+1, "(") && r.is(at+2, ")"):
		at += 3
	default:
		return 0
	}
	if !r.is(at, "WHERE") || r.name(at+1) != "name" || !r.is(at+2, "=") || r.kind(at+3) != sqltext.String || r.kind(at+4) != sqltext.End && !r.is(at+4, ";") {
		return 0
	}
	name, err := command.Literal(r.tokens[at+3].Text(r.text))
	if err != nil {
		return 0
	}
	if _, ok := r.facts.Setting(strings.ToLower(name)); !ok {
		return 0
	}
	return from
}

// config takes set_config('name', value, local) for an assignment, in a statement that
// does nothing else.
func (r *rewriter) config(i int) (string, int) {
	if r.reads || !r.is(i+1, "(") || !r.is(i+3, ",") {
		return "", i
	}
	end := i + 5
	for r.is(end, "::") && r.textual(end) > 0 {
		end = r.textual(end)
	}
	local := r.is(end+1, "TRUE")
	if !r.is(end, ",") || !local && !r.is(end+1, "FALSE") || !r.is(end+2, ")") {
		return "", i
	}
	name, err := command.Literal(r.tokens[i+2].Text(r.text))
	if err != nil {
		return "", i
	}
	text, a := r.tokens[i+4].Text(r.text), assignment{name: strings.ToLower(name), local: local}
	switch {
	case r.kind(i+4) == sqltext.Placeholder: // its value comes later
		return "CAST(" + text + " AS VARCHAR)", end + 3
	case r.is(i+4, "NULL"):
		r.sets = append(r.sets, a)
		return "NULL::VARCHAR", end + 3
	}
	value, err := command.Literal(text)
	if err != nil {
		return "", i
	}
	a.value = &value
	r.sets = append(r.sets, a)
	return literal(value), end + 3
}

// schema is the one in which a name without one is looked for first.
func (f Facts) schema() string {
	if len(f.Path) > 0 {
		return literal(f.Path[0])
	}
	return "'public'"
}

// onPath writes a call of a function that asks of the search path, at a place with or
// without its schema in front of it.
func (r *rewriter) onPath(i, at int) int {
	to, ok := map[string]string{"pg_table_is_visible": "lianji_visible", "current_schemas": "lianji_path"}[r.name(at)]
	if !ok || len(r.facts.Path) == 0 || !r.is(at+1, "(") {
		return i
	}
	return r.put(i, at+2, "pgc."+to+"("+r.facts.path()+", ")
}

// path gives the search path as a list.
func (f Facts) path() string {
	list := make([]string, len(f.Path))
	for k, name := range f.Path {
		list[k] = literal(name)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// setting gives current_setting('name') or current_setting('name', true). The name of one
// that is still a parameter is read when it has its value; one that is computed is looked
// for among pg_settings.
func (r *rewriter) setting(i int) (string, int) {
	if !r.is(i+1, "(") {
		return "", i
	}
	end := i + 3
	for r.is(end, "::") && r.textual(end) > 0 {
		end = r.textual(end)
	}
	if r.is(end, ",") {
		end += 2
	}
	name, err := command.Literal(r.tokens[min(i+2, len(r.tokens)-1)].Text(r.text))
	switch {
	case r.kind(i+2) == sqltext.Placeholder, r.is(i+2, "NULL"), !r.alone && (err != nil || !r.is(end, ")")):
		return "pgc.lianji_setting", i + 1
	case err != nil, !r.is(end, ")"):
		return "", i
	}
	v, ok := r.facts.Setting(strings.ToLower(name))
	if !ok {
		return "NULL::VARCHAR", end + 1
	}
	return literal(v), end + 1
}

func (r *rewriter) operator(i int) int {
	op := r.tokens[i].Text(r.text)
	if op == "*" && r.star(i) {
		return r.put(i, i+1, "* NOT SIMILAR TO 'tableoid|xmin'")
	}
	if op == "/" {
		return r.put(i, i+1, "//") // DuckDB's own gives fractions of whole numbers
	}
	return r.match(i, i+1, op)
}

// match writes PostgreSQL's match of a pattern, anywhere in the text and with or without
// case, as DuckDB's, which is of the whole text.
func (r *rewriter) match(i, next int, op string) int {
	flags := "(?s)"
	switch op {
	case "~", "!~":
	case "~*", "!~*":
		flags, op = "(?is)", strings.TrimSuffix(op, "*")
	default:
		if next == i+1 {
			return next
		}
		return r.put(i, next, op)
	}
	if r.kind(next) != sqltext.String {
		return r.put(i, next, op)
	}
	pattern, err := command.Literal(r.tokens[next].Text(r.text))
	if err != nil {
		return r.put(i, next, op)
	}
	return r.put(i, next+1, op+" "+literal(flags+".*(?:"+pattern+").*"))
}
