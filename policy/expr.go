package policy

import (
	"cmp"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/lex"
)

// Subject is who asks: what the session functions of policy expressions speak of.
type Subject struct {
	Principal *catalog.Principal
	Agency    *catalog.Agency
	Purpose   string
	Mode      catalog.Mode
	Only      []string // IDs of resources: no others exist; empty means no such limit
	sample    string   // what session functions give when it is not known who will ask
}

// sessionFunctions are what a policy expression may ask of the session. One without
// a value for somebody is NULL, and a row filter that compares with it keeps no row.
var sessionFunctions = map[string]func(s Subject) string{
	"agency_code":     func(s Subject) string { return s.Agency.Code },
	"agency_name":     func(s Subject) string { return s.Agency.Name },
	"agency_district": func(s Subject) string { return s.Agency.District },
	"principal_login": func(s Subject) string { return s.Principal.Login },
	"purpose_code":    func(s Subject) string { return s.Purpose },
}

// attributeFunction gives an attribute of the principal by its name.
const attributeFunction = "principal_attribute"

// expand writes a policy expression for a subject: each session function becomes a
// constant, and each lookup table gets the name that it has in guards. The text that it
// gives holds nothing else of the subject's.
func expand(text string, s Subject, lookups *lookups) (string, error) {
	tokens, err := lex.Tokens(text)
	if err != nil {
		return "", err
	}
	queries, err := queriesIn(text, tokens)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	at := 0
	for i := 0; i < len(tokens); i++ {
		if len(queries) > 0 && queries[0].table == i {
			name, err := lookups.use(text, queries[0])
			if err != nil {
				return "", err
			}
			b.WriteString(text[at:tokens[i].From])
			b.WriteString(name)
			i += tableTokens - 1
			at, queries = tokens[i].To, queries[1:]
			continue
		}
		if tokens[i].Is(".") { // names of columns stand alone: where the guard is applied its table has another name
			return "", lex.Syntax(text, tokens[i].From)
		}
		value, more, found, err := sessionCall(text, tokens[i:], s)
		if err != nil {
			return "", err
		}
		if !found {
			continue
		}
		b.WriteString(text[at:tokens[i].From])
		b.WriteString(constant(value))
		i += more
		at = tokens[i].To
	}
	b.WriteString(text[at:])
	return b.String(), nil
}

// CheckText tells whether the text of a row filter can be taken apart. Whether it can
// be applied shows only over the resource's table.
func CheckText(text string) error {
	nobody := Subject{Principal: &catalog.Principal{}, Agency: &catalog.Agency{}}
	_, err := expand(text, nobody, &lookups{any: true})
	return err
}

// sessionCall reads a call of a session function at the start of tokens, and tells
// how many further tokens it takes.
func sessionCall(text string, tokens []lex.Token, s Subject) (value string, more int, found bool, err error) {
	t := tokens[0]
	if t.Kind != lex.Word || len(tokens) < 3 || !tokens[1].Is("(") {
		return "", 0, false, nil
	}
	name := strings.ToLower(t.Value)
	if name == attributeFunction {
		if len(tokens) < 4 || tokens[2].Kind != lex.Text || !tokens[3].Is(")") {
			return "", 0, false, errs.New(errs.SyntaxError, "policy_session_function", msg.Args{"Name": name}).At(text, t.From)
		}
		return cmp.Or(s.Principal.Attributes[tokens[2].Value], s.sample), 3, true, nil
	}
	f, ok := sessionFunctions[name]
	if !ok {
		return "", 0, false, nil
	}
	if !tokens[2].Is(")") {
		return "", 0, false, errs.New(errs.SyntaxError, "policy_session_function", msg.Args{"Name": name}).At(text, t.From)
	}
	return cmp.Or(f(s), s.sample), 2, true, nil
}

// constant writes a value of the session into an expression; an empty one is none.
func constant(value string) string {
	if value == "" {
		return "CAST(NULL AS VARCHAR)"
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'"
}
