package pgwire

import (
	"context"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/planner/sqltext"
	"github.com/lianji/lianji/server"
)

// hexRefused refuses bytes that are written as PostgreSQL's clients write them,
// '\x6162'::bytea, or without the cast. Statements are in DuckDB's language, where that is
// one byte and the characters 62: rows would be found, or missed, by bytes that nobody
// meant. With another type than bytea behind it, such a string says what it is.
type hexRefused struct{ server.Querier }

func (h hexRefused) Query(ctx context.Context, s server.Session, r server.Request) (*server.Answer, error) {
	if err := refuseHex(r.SQL); err != nil {
		return nil, err
	}
	return h.Querier.Query(ctx, s, r)
}

func (h hexRefused) Describe(ctx context.Context, s server.Session, r server.Request) (*server.Described, error) {
	if err := refuseHex(r.SQL); err != nil {
		return nil, err
	}
	return h.Querier.Describe(ctx, s, r)
}

// Place implements server.Queue.
func (h hexRefused) Place(s server.Session, id string) (place int, waits bool) {
	if q, ok := h.Querier.(server.Queue); ok {
		return q.Place(s, id)
	}
	return 0, false
}

func refuseHex(sql string) error {
	if !strings.Contains(sql, `\x`) {
		return nil
	}
	tokens, err := sqltext.Tokens(sql)
	if err != nil {
		return nil // whoever reads the statement says what is wrong
	}
	for i, t := range tokens {
		if t.Kind == sqltext.String && hexForm(t.Text(sql)) && !called(sql, tokens, i) {
			return errs.New(errs.NotSupported, "pgwire_hex_bytes", nil).At(sql, t.Start)
		}
	}
	return nil
}

// hexForm tells whether a string has PostgreSQL's hexadecimal form of several bytes. One
// byte is the same in both languages.
func hexForm(text string) bool {
	if text[0] == 'E' || text[0] == 'e' {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	open := strings.IndexByte(text, '\'')
	digits, ok := strings.CutPrefix(strings.TrimSuffix(text[open+1:], "'"), `\x`)
	if strings.HasPrefix(text, "$") {
		_, digits, ok = strings.Cut(strings.Trim(text, "$"), `\x`)
	}
	n := 0
	for _, c := range []byte(digits) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'f':
			n++
		case c != ' ' && (c < '\t' || c > '\r'): // space stands between bytes
			return false
		}
	}
	return ok && n > 2
}

// called tells whether the string at i is made a type of DuckDB's own, by ::, by CAST or in
// front of it.
func called(sql string, tokens []sqltext.Token, i int) bool {
	name := func(at int) string {
		if at < 0 || at >= len(tokens) {
			return ""
		}
		n, _ := tokens[at].Name(sql)
		return strings.ToLower(n)
	}
	is := func(at int, word string) bool { return at >= 0 && at < len(tokens) && tokens[at].Is(sql, word) }
	cast := is(i-1, "(") && (name(i-2) == "cast" || name(i-2) == "try_cast") && is(i+1, "AS")
	if is(i+1, "::") || cast {
		to := name(i + 2)
		return to != "" && to != "bytea" && !is(i+3, ".") // pg_catalog.bytea
	}
	return ownTypes[name(i-1)]
}

// ownTypes are those that may stand in front of a string.
var ownTypes = map[string]bool{"blob": true, "text": true, "varchar": true}
