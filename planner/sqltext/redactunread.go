package sqltext

// RedactUnread is Redact for a text that was refused as none of SQL. Where its values begin
// and end nobody knows: a quote in the middle of a name, another language's quotes or
// comments, a value without any. So the first quote or comparison begins one literal, which
// is the rest.
func RedactUnread(text string, limit int, literal func(value []byte) string) string {
	return redact(text, limit, literal, beginsAValue)
}

// Lexes reports whether a text is made of tokens to its end.
func Lexes(text string) bool {
	l := NewLexer(text)
	for {
		if t, err := l.Next(); err != nil || t.Kind == End {
			return err == nil
		}
	}
}

func beginsAValue(t Token, text string) bool {
	switch t.Kind {
	case String, Quoted, Other:
		return true
	case Operator:
		return !t.Is(text, "*")
	}
	switch t.Keyword(text) {
	case "BETWEEN", "GLOB", "ILIKE", "IN", "LIKE", "REGEXP", "RLIKE", "SIMILAR", "VALUES":
		return true
	}
	return false
}
