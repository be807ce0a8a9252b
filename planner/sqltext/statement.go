package sqltext

import (
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// StmtKind says what a text asks for.
type StmtKind uint8

// Kinds of statement that the gateway answers.
const (
	Query       StmtKind = iota + 1 // rows: SELECT, WITH, FROM, VALUES, TABLE, PIVOT, UNPIVOT, SUMMARIZE or one in parentheses
	Explain                         // how SQL would run
	Describe                        // the columns of Path, or of the query SQL
	ShowTables                      // the tables, those of schema Path when there is one
	ShowSchemas                     // the schemas
	Grants                          // GRANT, REVOKE or SHOW GRANTS, whole in SQL: they are read elsewhere
)

// Stmt is what the statement parser found: SQL or Path or neither.
type Stmt struct {
	Kind    StmtKind
	SQL     string   // Query, Explain, Describe of a query: the query without closing semicolons; Grants: the statement without them
	Path    []string // Describe, ShowTables: a name in its parts, without quotes
	Offset  int      // byte offset of SQL or Path in the text
	Show    bool     // Describe: written as SHOW, so Path may be a setting's name
	Analyze bool     // Explain: run it
	JSON    bool     // Explain: answer in JSON
}

// queryWords begin a query.
var queryWords = map[string]bool{
	"SELECT": true, "WITH": true, "FROM": true, "VALUES": true, "TABLE": true, "SUMMARIZE": true,
	"PIVOT": true, "UNPIVOT": true, "PIVOT_WIDER": true, "PIVOT_LONGER": true,
}

// otherWords begin statements that do something else than read.
var otherWords = map[string]bool{
	"ABORT": true, "ALTER": true, "ANALYSE": true, "ANALYZE": true, "ATTACH": true, "BEGIN": true, "CALL": true,
	"CHECKPOINT": true, "CLOSE": true, "COMMENT": true, "COMMIT": true, "COPY": true, "CREATE": true,
	"DEALLOCATE": true, "DECLARE": true, "DELETE": true, "DETACH": true, "DISCARD": true, "DO": true, "DROP": true, "END": true,
	"EXECUTE": true, "EXPORT": true, "FETCH": true, "FORCE": true, "GRANT": true, "IMPORT": true, "INSERT": true,
	"INSTALL": true, "LISTEN": true, "LOAD": true, "LOCK": true, "MERGE": true, "NOTIFY": true, "PRAGMA": true,
	"PREPARE": true, "REFRESH": true, "REINDEX": true, "RELEASE": true, "REPLACE": true, "RESET": true, "REVOKE": true,
	"ROLLBACK": true, "SAVEPOINT": true, "SET": true, "START": true, "TRUNCATE": true, "UPDATE": true, "UPSERT": true,
	"USE": true, "VACUUM": true,
}

// Statement says which statement text is. It knows the few that the gateway
// answers itself and hands on the rest as a Query unread. Errors: OneStatement for
// a second statement, ReadOnly for one that does something, SyntaxError.
func Statement(text string) (Stmt, error) {
	tokens, err := Tokens(text)
	if err != nil {
		return Stmt{}, err
	}
	p := &statementParser{text: text, tokens: tokens}
	if err := p.single(); err != nil {
		return Stmt{}, err
	}
	return p.statement()
}

type statementParser struct {
	text   string
	tokens []Token // after single: without semicolons at the end
	pos    int
}

// single drops semicolons at the end and refuses anything behind one.
func (p *statementParser) single() error {
	n := len(p.tokens)
	for n > 0 && p.tokens[n-1].Is(p.text, ";") {
		n--
	}
	p.tokens = p.tokens[:n]
	first := 0
	for first < n && p.tokens[first].Is(p.text, ";") {
		first++
	}
	p.tokens = p.tokens[first:]
	ended := false
	for _, t := range p.tokens {
		switch {
		case t.Is(p.text, ";"):
			ended = true
		case ended:
			return errs.New(errs.OneStatement, "gate_one_statement", nil).At(p.text, t.Start)
		}
	}
	if len(p.tokens) == 0 {
		return errs.New(errs.SyntaxError, "gate_empty", nil).At(p.text, 0)
	}
	return nil
}

// peek gives the next token; behind the last one an End token.
func (p *statementParser) peek() Token {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	end := 0
	if len(p.tokens) > 0 {
		end = p.tokens[len(p.tokens)-1].End
	}
	return Token{Kind: End, Start: end, End: end}
}

// take moves over the next token if it is one of words.
func (p *statementParser) take(words ...string) bool {
	for _, w := range words {
		if p.peek().Is(p.text, w) {
			p.pos++
			return true
		}
	}
	return false
}

func (p *statementParser) done() bool { return p.pos >= len(p.tokens) }

// unexpected is the syntax error at the next token. It names words and signs but
// never a literal.
func (p *statementParser) unexpected() error {
	return SyntaxErrorAt(p.text, p.peek())
}

// SyntaxErrorAt is the syntax error at token t. It names words and signs, never a
// literal.
func SyntaxErrorAt(text string, t Token) *errs.Error {
	switch t.Kind {
	case End:
		return errs.New(errs.SyntaxError, "gate_syntax_end", nil).At(text, t.Start)
	case Word, Operator, Punct, Placeholder:
		return errs.New(errs.SyntaxError, "gate_syntax_near", msg.Args{"Token": t.Text(text)}).At(text, t.Start)
	}
	return errs.New(errs.SyntaxError, "gate_syntax", nil).At(text, t.Start)
}

func (p *statementParser) statement() (Stmt, error) {
	switch {
	case p.grants():
		first, last := p.tokens[0], p.tokens[len(p.tokens)-1]
		return Stmt{Kind: Grants, SQL: p.text[first.Start:last.End], Offset: first.Start}, nil
	case p.take("EXPLAIN"):
		return p.explain()
	case p.take("SHOW"):
		return p.show()
	case p.take("DESCRIBE", "DESC"):
		return p.describe()
	}
	return p.query(Query)
}

// grants reports whether the text is a statement about grants. SHOW GRANTS is one, and
// DESCRIBE asks for the columns of a table of that name.
func (p *statementParser) grants() bool {
	first := p.tokens[0]
	show := first.Is(p.text, "SHOW") && len(p.tokens) > 1 && p.tokens[1].Is(p.text, "GRANTS")
	return first.Is(p.text, "GRANT") || first.Is(p.text, "REVOKE") || show
}

// query takes the rest of the text for a query.
func (p *statementParser) query(kind StmtKind) (Stmt, error) {
	t := p.peek()
	word := t.Keyword(p.text)
	switch {
	case queryWords[word], t.Is(p.text, "("):
		end := p.tokens[len(p.tokens)-1].End
		return Stmt{Kind: kind, SQL: p.text[t.Start:end], Offset: t.Start}, nil
	case otherWords[word]:
		return Stmt{}, errs.New(errs.ReadOnly, "gate_read_only_word", msg.Args{"Keyword": word}).At(p.text, t.Start)
	}
	return Stmt{}, p.unexpected()
}

func (p *statementParser) explain() (Stmt, error) {
	s := Stmt{Kind: Explain}
	if p.take("ANALYZE", "ANALYSE") {
		s.Analyze = true
	} else if p.peek().Is(p.text, "(") && !p.queryInParens() {
		if err := p.explainOptions(&s); err != nil {
			return Stmt{}, err
		}
	}
	if t := p.peek(); t.Is(p.text, "SHOW") || t.Is(p.text, "DESCRIBE") || t.Is(p.text, "EXPLAIN") {
		return Stmt{}, errs.New(errs.NotSupported, "gate_explain_query_only", nil).At(p.text, t.Start)
	}
	q, err := p.query(Explain)
	q.Analyze, q.JSON = s.Analyze, s.JSON
	return q, err
}

// queryInParens reports whether the parenthesis at hand opens a query, not options.
func (p *statementParser) queryInParens() bool {
	for _, t := range p.tokens[p.pos:] {
		if !t.Is(p.text, "(") {
			return queryWords[t.Keyword(p.text)]
		}
	}
	return false
}

func (p *statementParser) explainOptions(s *Stmt) error {
	p.take("(")
	for {
		t := p.peek()
		switch {
		case p.take("ANALYZE", "ANALYSE"):
			s.Analyze = !p.take("FALSE", "OFF")
			if s.Analyze {
				p.take("TRUE", "ON")
			}
		case p.take("FORMAT"):
			format := p.peek()
			value := strings.ToUpper(strings.Trim(format.Text(p.text), `'"`))
			if value != "TEXT" && value != "JSON" {
				return errs.New(errs.NotSupported, "gate_explain_format", nil).At(p.text, format.Start)
			}
			s.JSON = value == "JSON"
			p.pos++
		default:
			if t.Kind == Word {
				return errs.New(errs.NotSupported, "gate_explain_option", msg.Args{"Option": t.Keyword(p.text)}).At(p.text, t.Start)
			}
			return p.unexpected()
		}
		if p.take(")") {
			return nil
		}
		if !p.take(",") {
			return p.unexpected()
		}
	}
}

// show reads what stands behind SHOW.
func (p *statementParser) show() (Stmt, error) {
	switch t := p.peek(); {
	case p.done():
		return Stmt{Kind: ShowTables}, nil
	case queryWords[t.Keyword(p.text)] || t.Is(p.text, "("):
		return p.query(Describe)
	}
	back := p.pos
	switch {
	case p.take("ALL") && p.take("TABLES") && p.done():
		return Stmt{Kind: ShowTables}, nil
	case p.back(back) && p.take("SCHEMAS") && p.done():
		return Stmt{Kind: ShowSchemas}, nil
	case p.back(back) && p.take("TABLES") && p.done():
		return Stmt{Kind: ShowTables}, nil
	case p.back(back) && p.take("TABLES") && p.take("FROM", "IN"):
		return p.named(ShowTables)
	case p.back(back) && p.take("TIME") && p.take("ZONE") && p.done():
		return Stmt{Kind: Describe, Show: true, Path: []string{"timezone"}, Offset: p.tokens[back].Start}, nil
	case p.back(back) && p.take("TRANSACTION") && p.take("ISOLATION") && p.take("LEVEL") && p.done():
		return Stmt{Kind: Describe, Show: true, Path: []string{"transaction_isolation"}, Offset: p.tokens[back].Start}, nil
	}
	p.pos = back
	s, err := p.named(Describe)
	s.Show = err == nil
	return s, err
}

func (p *statementParser) back(pos int) bool {
	p.pos = pos
	return true
}

func (p *statementParser) describe() (Stmt, error) {
	switch t := p.peek(); {
	case p.done():
		return Stmt{Kind: ShowTables}, nil
	case queryWords[t.Keyword(p.text)] || t.Is(p.text, "("):
		return p.query(Describe)
	}
	return p.named(Describe)
}

// named reads a name of at most three parts as the rest of the text.
func (p *statementParser) named(kind StmtKind) (Stmt, error) {
	s := Stmt{Kind: kind, Offset: p.peek().Start}
	for {
		name, ok := p.peek().Name(p.text)
		if !ok || len(s.Path) == 3 {
			return Stmt{}, p.unexpected()
		}
		s.Path = append(s.Path, name)
		p.pos++
		if p.done() {
			return s, nil
		}
		if !p.take(".") {
			return Stmt{}, p.unexpected()
		}
	}
}
