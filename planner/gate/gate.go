// Package gate decides from a statement's parse tree whether it may be bound at
// all. Binding is not harmless: DuckDB computes constants, expands names and copies
// expressions while it binds, and cannot be stopped. So everything is counted and
// every node, function and type is looked up on a list before that; what is on no
// list is refused.
package gate

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/planner/sqltext"
)

// Parser turns SQL text into DuckDB's parse tree: the text of
// json_serialize_sql(.., skip_null := true, skip_empty := false), which binds
// nothing. sql is handed over as a value, never as part of a statement.
type Parser interface {
	ParseTree(ctx context.Context, sql string) (string, error)
}

// Widths knows how many columns a table has. ok is false for a table that is not
// there for this person.
type Widths interface {
	Columns(path []string) (n int, ok bool)
}

// Nested is what Widths may implement too: how many members the type of a table's
// widest column has, 1 for a plain type.
type Nested interface {
	Widest(path []string) int
}

// Limits bound what a statement may ask for. A zero field takes its default.
type Limits struct {
	Text       int // bytes of the text
	Nodes      int // parts of the parse tree: queries, tables, expressions; lists of plain constants left out
	Depth      int // levels on which they stand
	Constants  int // values written out
	Tables     int // table references, those in WITH clauses times the references to these
	Columns    int // width of a select list, of a result's types, of PIVOT
	Expanded   int // parts after *, COLUMNS, aliases and WITH clauses are written out
	ValueBytes int // size of a constant expression's value
	RowBytes   int // size of what constants let an expression make of one row
	Rows       int // rows of a generator such as range()
}

// DefaultLimits are the limits that a zero Limits stands for.
func DefaultLimits() Limits {
	return Limits{Text: 1 << 20, Nodes: 20_000, Depth: 200, Constants: 100_000, Tables: 10_000, Columns: 5_000, Expanded: 100_000, ValueBytes: 1 << 20, RowBytes: 32 << 10, Rows: 10_000_000}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ field, value *int }{
		{&l.Text, &d.Text}, {&l.Nodes, &d.Nodes}, {&l.Depth, &d.Depth}, {&l.Constants, &d.Constants}, {&l.Tables, &d.Tables},
		{&l.Columns, &d.Columns}, {&l.Expanded, &d.Expanded}, {&l.ValueBytes, &d.ValueBytes}, {&l.RowBytes, &d.RowBytes}, {&l.Rows, &d.Rows},
	} {
		if *f.field <= 0 {
			*f.field = *f.value
		}
	}
	return l
}

// Check passes sql through the gate. The tree that comes back belongs to the
// caller. Every error is an *errs.Error whose position points into sql and whose
// text holds no literal. Check may be called by many goroutines at once if the
// parser may.
func Check(ctx context.Context, p Parser, sql string, limits Limits, widths Widths) (*Tree, error) {
	limits = limits.withDefaults()
	if len(sql) > limits.Text {
		return nil, errs.New(errs.StatementTooComplex, "gate_text_too_long", msg.Args{"Max": limits.Text})
	}
	if !utf8.ValidString(sql) || strings.IndexByte(sql, 0) >= 0 {
		return nil, errs.New(errs.SyntaxError, "gate_not_text", nil)
	}
	normal, err := sqltext.Normalize(sql)
	if err != nil {
		return nil, errs.From(err)
	}
	if err := preCheck(normal, limits); err != nil {
		return nil, errs.From(err)
	}
	raw, err := p.ParseTree(ctx, normal)
	if err != nil {
		return nil, errs.From(err)
	}
	tree, err := readTree(raw, normal, limits)
	if err != nil {
		return nil, errs.From(err)
	}
	if err := measureTree(tree, limits, widths); err != nil {
		return nil, errs.From(err)
	}
	return tree, nil
}

// maxTreeBytes bounds the parse tree's JSON: a hundred thousand constants take
// fifteen megabytes.
const maxTreeBytes = 48 << 20

// readTree decodes and walks the parser's answer.
func readTree(raw, sql string, limits Limits) (*Tree, error) {
	if len(raw) > maxTreeBytes {
		return nil, errs.New(errs.StatementTooComplex, "gate_too_many_nodes", msg.Args{"Max": limits.Nodes})
	}
	v, err := decodeTree(raw)
	w := &walk{limits: limits, tree: &Tree{SQL: sql}, columnAt: map[int]int{}, replaceAt: map[int]int{}}
	switch err {
	case nil:
	case errNotFinite:
		return nil, errs.New(errs.NotSupported, "gate_number_not_supported", nil)
	case errTreeDeep:
		return nil, w.tooComplex("gate_too_deep", limits.Depth)
	default:
		return nil, errs.Wrap(errs.NotSupported, "gate_not_supported", nil, err)
	}
	answer, ok := v.(object)
	if !ok {
		return nil, errs.Internalf("the parser's answer is no object")
	}
	if answer.get("error") != false {
		return nil, parseError(answer, sql)
	}
	statements := list(answer, "statements")
	if len(answer.members) != 2 || statements == nil {
		return nil, errs.Internalf("the parser's answer has unknown members")
	}
	switch {
	case len(statements) == 0:
		return nil, errs.New(errs.SyntaxError, "gate_empty", nil).At(sql, 0)
	case len(statements) > 1:
		if _, err := sqltext.Statement(sql); errs.CodeOf(err) == errs.OneStatement {
			return nil, err
		}
		return nil, errs.New(errs.OneStatement, "gate_one_statement", nil)
	}
	w.tree.root = answer
	if err := aStatement(w, statements[0]); err != nil {
		if err == errUnknownShape {
			err = w.refuse("gate_not_supported")
		}
		return nil, err
	}
	return w.tree, nil
}

// parseError makes the person's error of the parser's: its place and kind are kept,
// its words are ours.
func parseError(answer object, sql string) error {
	message := text(answer, "error_message")
	at, hasPlace := 0, false
	if s, ok := answer.get("position").(string); ok {
		at, hasPlace = byteOffset(sql, location(json.Number(s)))
	}
	for _, known := range parserMessages {
		if strings.Contains(message, known.part) {
			e := errs.New(known.code, known.id, msg.Args{"Max": known.max})
			e.Detail = message
			return e
		}
	}
	switch {
	case strings.HasPrefix(message, "Only SELECT statements"):
		return notReading(sql)
	case text(answer, "error_type") == "not implemented", text(answer, "error_type") == "serialization",
		strings.Contains(message, "not supported"):
		e := errs.New(errs.NotSupported, "gate_not_supported", nil)
		e.Detail = message
		return e
	case strings.HasPrefix(message, "syntax error"), hasPlace:
		if !hasPlace {
			at = len(sql)
		}
		return syntaxError(sql, at)
	}
	e := errs.New(errs.SyntaxError, "gate_syntax", nil)
	e.Detail = message
	return e
}

// byteOffset turns the place of a syntax error, which the parser counts in
// characters, into bytes.
func byteOffset(sql string, characters int) (int, bool) {
	if characters < 0 {
		return 0, false
	}
	for i := range sql {
		if characters == 0 {
			return i, true
		}
		characters--
	}
	return len(sql), characters == 0
}

// parserMessages are mistakes that the parser tells apart only in its words, by a
// part of these.
var parserMessages = []struct {
	part string
	code errs.Code
	id   string
	max  int
}{
	{"expression depth", errs.StatementTooComplex, "gate_too_deep", 200},
	{"memory exhausted", errs.StatementTooComplex, "gate_too_deep", 200},
	{"grouping set count", errs.StatementTooComplex, "gate_too_many_nodes", 20_000},
	{"VALUES lists must all be the same length", errs.SyntaxError, "gate_values_length", 0},
	{"Duplicate CTE name", errs.SyntaxError, "gate_duplicate_with", 0},
	{"without selection list", errs.SyntaxError, "gate_empty_select", 0},
	{"cannot occur in both", errs.SyntaxError, "gate_duplicate_column", 0},
	{"Duplicate entry", errs.SyntaxError, "gate_duplicate_column", 0},
	{"number of parameters for function", errs.SyntaxError, "gate_argument_count", 0},
	{"number of arguments", errs.SyntaxError, "gate_argument_count", 0},
	{"Mixing named and positional", errs.ParameterInvalid, "gate_params_mixed", 0},
}

// notReading names what the text does instead of reading.
func notReading(sql string) error {
	s, err := sqltext.Statement(sql)
	if err != nil {
		return err
	}
	if up := strings.ToUpper(s.SQL); s.Kind == sqltext.Query && (strings.HasPrefix(up, "PIVOT") || strings.HasPrefix(up, "UNPIVOT") || strings.Contains(up, "PIVOT")) {
		return errs.New(errs.NotSupported, "gate_pivot_needs_list", nil).At(sql, s.Offset)
	}
	return errs.New(errs.ReadOnly, "gate_read_only", nil).At(sql, s.Offset)
}

// fullWidth are the signs that a Chinese keyboard writes where SQL wants its own.
const fullWidth = "，；：（）‘’“”＝＞＜＋－＊／。、％！"

// syntaxError points at the token that DuckDB could not read.
func syntaxError(sql string, at int) error {
	tokens, err := sqltext.Tokens(sql)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.End <= at {
			continue
		}
		e := sqltext.SyntaxErrorAt(sql, t)
		if t.Kind == sqltext.Word && strings.ContainsAny(t.Text(sql), fullWidth) {
			e.ID = "gate_syntax_full_width"
		}
		return e
	}
	return sqltext.SyntaxErrorAt(sql, sqltext.Token{Kind: sqltext.End, Start: len(sql), End: len(sql)})
}
