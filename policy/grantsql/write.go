package grantsql

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/policy/lex"
)

// Marks in the place of what a grantee does not see of a grant.
const (
	hiddenFilter = "‹row filter›"
	hiddenMask   = "‹mask›"
)

// Write gives the statement that makes a grant on a resource. Times are of zone's
// clock. Parsed again it says the same.
func Write(resource string, g document.Grant, zone *time.Location) string {
	var b strings.Builder
	b.WriteString("GRANT SELECT (")
	names := make([]string, 0, len(g.Items))
	for name := range g.Items {
		names = append(names, name)
	}
	slices.Sort(names)
	for n, name := range names {
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ident(name))
		switch use, how, _ := strings.Cut(g.Items[name], " "); catalog.Use(use) {
		case catalog.Masked:
			b.WriteString(" MASKED WITH " + mask(how))
		case catalog.Tokenized:
			b.WriteString(strings.TrimRight(" TOKEN "+how, " "))
		}
	}
	of, own, _ := strings.Cut(resource, ".")
	b.WriteString(") ON " + ident(of) + "." + ident(own) + " TO ")
	if g.Agency != "" {
		b.WriteString(toAgency + " " + ident(g.Agency))
	} else {
		b.WriteString(toPrincipal + " " + ident(g.Principal))
	}
	b.WriteString(" FOR PURPOSE " + texts(g.Purposes) + " IN MODE " + strings.Join(g.Modes, ", "))
	if g.Where != "" {
		b.WriteString(" WHERE " + apart(g.Where))
	}
	for _, at := range []struct{ word, text string }{{"FROM", g.From}, {"UNTIL", g.Until}} {
		if at.text != "" {
			b.WriteString(" " + at.word + " " + text(local(at.text, zone)))
		}
	}
	if g.Hours != "" {
		b.WriteString(" HOURS " + text(g.Hours))
	}
	if len(g.KeysTo) > 0 {
		to := make([]string, len(g.KeysTo))
		for i, k := range g.KeysTo {
			if to[i] = ident(k); k == catalog.AnyAgency {
				to[i] = anyWord
			}
		}
		b.WriteString(" KEYS TO " + strings.Join(to, ", "))
	}
	if q := quota(g.Quota); q != "" {
		b.WriteString(" QUOTA " + q)
	}
	return b.String()
}

// mask writes a mask: the name of one, or an expression in parentheses and its type.
func mask(how string) string {
	at := strings.LastIndex(how, " as ")
	if at < 0 {
		return how
	}
	return "(" + how[:at] + ")" + " AS " + how[at+len(" as "):]
}

func quota(q document.Quota) string {
	var parts []string
	if q.Rows > 0 {
		parts = append(parts, strconv.FormatInt(q.Rows, 10)+" ROWS")
	}
	if q.Queries > 0 {
		parts = append(parts, strconv.FormatInt(q.Queries, 10)+" QUERIES")
	}
	return strings.Join(parts, ", ")
}

// ident writes a name, in quotes where it needs them to be read as it is: without them an
// agency called ANY would be every one.
func ident(name string) string {
	if strings.EqualFold(name, anyWord) {
		return `"` + name + `"`
	}
	if tokens, err := lex.Tokens(name); err == nil && len(tokens) == 2 && tokens[0].Kind == lex.Word && tokens[0].Value == name {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func text(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

func texts(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = text(v)
	}
	return strings.Join(out, ", ")
}

// apart puts a row filter into parentheses where it would be read as ending before it
// does.
func apart(filter string) string {
	tokens, err := lex.Tokens(filter)
	if err != nil {
		return filter
	}
	p := &parser{text: filter, tokens: tokens, known: allClauses(), s: &Statement{places: map[string]int{}}}
	if p.where() != nil || p.peek().Kind != lex.End {
		return "(" + filter + ")"
	}
	return filter
}

// local writes a time by zone's clock, as short as it can be read again.
func local(instant string, zone *time.Location) string {
	t, err := time.Parse(time.RFC3339Nano, instant)
	if err != nil {
		return instant
	}
	t = t.In(zone)
	for _, form := range []string{time.DateOnly, "2006-01-02 15:04"} {
		if again, err := time.ParseInLocation(form, t.Format(form), zone); err == nil && again.Equal(t) {
			return t.Format(form)
		}
	}
	return t.Format(time.RFC3339Nano)
}
